// What an observer of a run is told while it goes on.
import type { NodeEventAnswer, RunStartedAnswer, RunSummaryAnswer } from "./answers.ts";
import type { ErrorRecord } from "./errors.ts";

export type RunProgress =
  | RunStartedAnswer
  /** The request is kept, and the run waits for its turn. */
  | { readonly type: "queued"; readonly run: string; readonly why: string }
  /** The request led to no run. */
  | { readonly type: "notRun"; readonly why: string }
  /** Whoever followed the run went away; it goes on. */
  | { readonly type: "left"; readonly run: string }
  | NodeEventAnswer
  /** `expectedSeconds`: the median of its last successes; null when it never succeeded. */
  | { readonly type: "started"; readonly node: string; readonly attempt: number; readonly expectedSeconds: number | null }
  /** Something a person should know although the attempt went on: columns that appeared or are missing, for instance. */
  | { readonly type: "warning"; readonly node: string; readonly message: string }
  | { readonly type: "retrying"; readonly node: string; readonly attempt: number; readonly retryAt: string; readonly message: string };

/** What an observer of `serve` is told. */
export type ServeProgress =
  /** It listens, its triggers are armed. */
  | {
      readonly type: "serving";
      readonly url: string;
      readonly pid: number;
      readonly jobs: number;
      readonly triggers: number;
      readonly seconds: number;
    }
  /** A link to the page that opens one session. */
  | { readonly type: "page"; readonly link: string }
  /** The project was read again after its files changed. */
  | { readonly type: "reloaded"; readonly jobs: number; readonly triggers: number }
  /** Another process holds the warehouse; runs wait. */
  | { readonly type: "waiting"; readonly why: string }
  | { readonly type: "runStarted"; readonly run: string; readonly job: string | null; readonly trigger: string; readonly resumed: boolean }
  | ({ readonly type: "runFinished"; readonly job: string | null } & Pick<
      RunSummaryAnswer,
      "run" | "status" | "seconds" | "nodes" | "error"
    >)
  /** A push was carried out. `kept`: the branch is gone, and had no environment that goes with it. */
  | {
      readonly type: "deployed";
      readonly branch: string;
      readonly environment: string | null;
      readonly commit: string | null;
      readonly status: "deployed" | "current" | "failed" | "dropped" | "kept";
      readonly seconds: number;
    }
  /** Something went wrong that a person should know of; the engine goes on. */
  | { readonly type: "problem"; readonly what: string; readonly error: ErrorRecord };
