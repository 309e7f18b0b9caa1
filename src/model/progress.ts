// What an observer of a run is told while it goes on.
import type { NodeEventAnswer, RunStartedAnswer } from "./answers.ts";

export type RunProgress =
  | RunStartedAnswer
  | NodeEventAnswer
  /** `expectedSeconds`: the median of its last successes; null when it never succeeded. */
  | { readonly type: "started"; readonly node: string; readonly attempt: number; readonly expectedSeconds: number | null }
  /** Something a person should know although the attempt went on: columns that appeared or are missing, for instance. */
  | { readonly type: "warning"; readonly node: string; readonly message: string }
  | { readonly type: "retrying"; readonly node: string; readonly attempt: number; readonly retryAt: string; readonly message: string };
