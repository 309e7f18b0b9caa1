// Regular expressions that others wrote: some of them take longer than the world is old for one line, and nothing else is done meanwhile.
//   P1. What may go back over a text again and again runs under a clock that stops it; the rest is quick for texts of a bounded length.
//   P2. All slow lines together have PATTERN_MS_MAX.
import { createContext, Script } from "node:vm";
import { MillraceError } from "../../model/errors.ts";

const PATTERN_MS_MAX = 1_000;
/** Lines that take longer than this count. */
const SLOW_MS = 5;
const TEXT_CHARS_MAX = 10_000;
const REPEATS = /(?<!\\)(?:[*+]|\{\d+,\d*\})/g;

/** Whether a text has the pattern within its first TEXT_CHARS_MAX characters. @throws MR7001 when it takes too long */
export function searchWithin(pattern: RegExp): (text: string) => boolean {
  const isQuick = (pattern.source.match(REPEATS) ?? []).length <= 1 && !/\)(?:[*+{]|\\\d)/.test(pattern.source);
  const clocked = isQuick ? undefined : clockedTest(pattern);
  let leftMs = PATTERN_MS_MAX;
  return (text) => {
    const short = text.length > TEXT_CHARS_MAX ? text.slice(0, TEXT_CHARS_MAX) : text;
    const beganMs = performance.now();
    const isThere = clocked === undefined ? pattern.test(short) : clocked(short, Math.max(1, Math.ceil(leftMs)));
    const tookMs = performance.now() - beganMs;
    if (tookMs > SLOW_MS) leftMs -= tookMs;
    if (isThere === undefined || leftMs <= 0)
      throw new MillraceError({
        code: "MR7001",
        message: `the regular expression ${String(pattern)} takes too long`,
        hint: "repeat nothing that is repeated already: (a+)+; text without slashes is searched as it is",
      });
    return isThere;
  };
}

/** Undefined when the time was over. */
function clockedTest(pattern: RegExp): (text: string, timeoutMs: number) => boolean | undefined {
  const script = new Script("test()");
  const held = { test: (): boolean => false };
  const context = createContext(held);
  return (text, timeout) => {
    held.test = () => pattern.test(text);
    try {
      return script.runInContext(context, { timeout }) as boolean;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ERR_SCRIPT_EXECUTION_TIMEOUT") return undefined;
      throw error;
    }
  };
}
