// What the attempts of the executor suite do, by the name of their node. An executor under test carries out these, wherever it runs them.
import type { Attempt, AttemptResult } from "../model/attempt.ts";
import { MillraceError } from "../model/errors.ts";

/** An attempt that nobody aborts and whose log nobody reads. */
export function attemptLike(node: string): Attempt {
  return {
    run: "r_1",
    node,
    attempt: 2,
    token: `r_1/${node}#2`,
    signal: new AbortController().signal,
    log: () => {},
    waits: 0,
    firstStartedAt: 0,
    signaled: null,
    now: () => 0,
    earlier: () => undefined,
    beat: () => {},
  };
}

export async function suiteAttempt({
  run,
  node,
  attempt,
  token,
  signal,
  log,
}: Pick<Attempt, "run" | "node" | "attempt" | "token" | "signal" | "log">): Promise<AttemptResult> {
  switch (node) {
    case "succeeds":
      return { rows: { read: 4, loaded: 3, quarantined: 1, filtered: 0 }, output: { run, node, attempt, token } };
    case "reuses":
      return { reused: true };
    case "fails":
      throw new MillraceError({
        code: "MR6004",
        message: "try again",
        hint: "later",
        retryable: true,
        retryAfterMs: 250,
        cause: new Error("busy"),
      });
    case "throws":
      throw new TypeError("x is not a function");
    case "logs":
      log("info", "one");
      log("warn", "two");
      log("error", "three");
      return {};
    case "waits":
      return new Promise((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
      });
    case "heeds":
      return new Promise((resolve) => {
        signal.addEventListener("abort", () => resolve({ output: "done all the same" }), { once: true });
      });
    default:
      throw new Error(`no attempt is named ${node}`);
  }
}
