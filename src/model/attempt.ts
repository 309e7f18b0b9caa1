// The port between the engine and what carries out attempts: what an attempt is given, what it answers. An executor runs attempts somewhere
// (inline, worker thread, later processes and remote workers); it knows nothing of runs.
import type { JsonValue, NodeStatus } from "./answers.ts";
import type { MillraceError } from "./errors.ts";
import type { CheckFact } from "./events.ts";
import type { NodeId } from "./graph.ts";
import type { RowCounts } from "./plan.ts";
import type { Signal, Wait } from "./wait.ts";

export type LogLevel = "debug" | "info" | "warn" | "error";

/** What a log line says beside its message. */
export type LogFields = Readonly<Record<string, JsonValue>>;

/** Writes a line to the log of the attempt. Never throws. */
export type AttemptLog = (level: LogLevel, message: string, fields?: LogFields) => void;

/** How a node that came earlier in the run ended. */
export interface EarlierNode {
  readonly status: NodeStatus;
  readonly output: JsonValue | undefined;
}

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
  /** Of a mapped node: what it is carried out for. */
  readonly item?: JsonValue | undefined;
  readonly partition?: string | undefined;
  /** The code that it was planned with, where it may be no other. */
  readonly code?: string | undefined;
  /** How often the node has waited before; each time was followed by a new attempt. */
  readonly waits: number;
  /** Run time in ms of the node's first attempt. */
  readonly firstStartedAt: number;
  /** The newest signal, if there was one since the last attempt. */
  readonly signaled: Signal | null;
  /** Run time in ms. */
  now(): number;
  /** A node of the run that has settled; undefined when it has not or is not there. */
  earlier(node: NodeId): EarlierNode | undefined;
  /** Tells that the attempt is alive; log lines do, too. */
  beat(): void;
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
  /** Its condition does not hold: why. The node is skipped. */
  readonly skip?: string;
  /** Not done yet: the node lets its place go. Does not count as a try. */
  readonly wait?: Wait;
  /** What a mapped node is to be carried out for: at most EVENT_LIMITS.items of EVENT_LIMITS.itemsBytes in all. */
  readonly items?: readonly JsonValue[];
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
