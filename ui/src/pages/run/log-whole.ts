// More of a log than is on the page, from the server, window by window: to copy, to save, to find the next line of a kind.
import type { LogWindowAnswer } from "../../../../src/model/live-answers.ts";
import type { Api } from "../../../../src/server/api.ts";
import type { askIn } from "../../data/ask.ts";
import { lineText } from "./log-line.tsx";
import type { LogWish } from "./use-log.ts";

type Ask = ReturnType<typeof askIn>;
type Wish = Omit<LogWish, "line">;

const WINDOW = 5_000;
/** A clipboard of more lines helps nobody. */
const COPIED_MAX = 200_000;
const SAVED_MAX = 2_000_000;

function inputOf({ run, node, attempt, level, grep }: Wish): Api["runs.logs"]["input"] {
  return {
    run,
    limit: WINDOW,
    ...(node === undefined ? {} : { node }),
    ...(attempt === undefined ? {} : { attempt }),
    ...(level === undefined ? {} : { level }),
    ...(grep === undefined ? {} : { grep }),
  };
}

/** Lines `from` to `to` that fit, as text; both included. */
async function* textOf(
  ask: Ask,
  wish: Wish,
  { from = 0, to = Infinity, most }: { readonly from?: number; readonly to?: number; readonly most: number },
): AsyncGenerator<string> {
  let count = 0;
  for (let after: string | undefined; count < most;) {
    const answer: LogWindowAnswer = await ask("runs.logs", { ...inputOf(wish), ...(after === undefined ? { line: from } : { after }) });
    const lines = answer.lines.filter(({ line }) => line <= to).slice(0, most - count);
    count += lines.length;
    yield lines.map((each) => `${lineText(each)}\n`).join("");
    if (!answer.hasNext || lines.length < answer.lines.length) return;
    after = answer.next;
  }
}

/** @returns how many lines */
export async function copyLines(ask: Ask, wish: Wish, range: { readonly from?: number; readonly to?: number } = {}): Promise<number> {
  const parts: string[] = [];
  for await (const part of textOf(ask, wish, { ...range, most: COPIED_MAX })) parts.push(part);
  const text = parts.join("");
  await navigator.clipboard.writeText(text);
  return text.split("\n").length - 1;
}

export async function saveLines(ask: Ask, wish: Wish): Promise<void> {
  const parts: string[] = [];
  for await (const part of textOf(ask, wish, { most: SAVED_MAX })) parts.push(part);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(parts, { type: "text/plain" }));
  link.download = `${wish.run}.log`;
  link.click();
  URL.revokeObjectURL(link.href);
}

/** The number of the next line of this kind behind `line`, or before it; null: there is none. The server looks through a part of a long log at a time. */
export async function findLine(ask: Ask, wish: Wish, line: number, direction: "next" | "previous"): Promise<number | null> {
  if (direction === "next") {
    let found = await ask("runs.logs", { ...inputOf(wish), line: line + 1, limit: 1 });
    while (found.lines.length === 0 && found.hasNext) found = await ask("runs.logs", { ...inputOf(wish), after: found.next, limit: 1 });
    return found.lines[0]?.line ?? null;
  }
  const { run, node, attempt } = wish;
  const here = await ask("runs.logs", { ...inputOf({ run, node, attempt, level: undefined, grep: undefined }), line, limit: 1 });
  for (let before = here.previous; before !== null;) {
    const found: LogWindowAnswer = await ask("runs.logs", { ...inputOf(wish), before, limit: 1 });
    const last = found.lines.at(-1);
    if (last !== undefined) return last.line;
    before = found.previous;
  }
  return null;
}
