// The port between the engine and what carries out attempts: what an attempt is given, what it answers. An executor runs attempts somewhere
// (inline, worker thread, later processes and remote workers); it knows nothing of runs.
import type { JsonValue } from "./answers.ts";
import type { MillraceError } from "./errors.ts";
import type { CheckFact } from "./events.ts";
import type { NodeId } from "./graph.ts";
import type { RowCounts } from "./plan.ts";

export type LogLevel = "info" | "warn" | "error";

/** Writes a line to the log of the attempt. Never throws. */
export type AttemptLog = (level: LogLevel, message: string) => void;

export interface Attempt {
  readonly run: string;
  readonly node: NodeId;
  /** Counts from 1; a commit with a lower number than one that began later is stale. */
  readonly attempt: number;
  /** `run/node#attempt`, for whoever stores it beside what it commits. */
  readonly token: string;
  /** Aborted when the run is canceled, the attempt's time is over or the engine stops; its `reason` is a MillraceError. */
  readonly signal: AbortSignal;
  readonly log: AttemptLog;
}

export interface AttemptResult {
  readonly rows?: RowCounts;
  readonly checks?: readonly CheckFact[];
  /** Small JSON; larger than EVENT_LIMITS.outputBytes fails the attempt. */
  readonly output?: JsonValue;
  /** The attempt failed all the same; what its checks found is kept with it. */
  readonly error?: MillraceError;
  /** Nothing had changed: the node counts as reused. */
  readonly reused?: boolean;
}

/** Carries out one attempt. What it throws as a MillraceError decides by `retryable` and `retryAfterMs`; anything else is MR9001. */
export type AttemptHandler = (attempt: Attempt) => Promise<AttemptResult>;

export interface Executor {
  readonly name: string;
  /**
   * Settles when the attempt has ended. Rejects with what the handler threw; with MR6004 when its worker died. After `signal` is aborted it
   * settles soon, at the latest when it has given the attempt up.
   */
  run: AttemptHandler;
  close(): Promise<void>;
}
