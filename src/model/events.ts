// Facts about a run, in the past tense: the only thing that the control plane stores. Times (`at`, `retryAt`, `leaseUntil`) are run time: milliseconds
// since 1970 that never decrease within one run, whatever the machine's clock does. Payloads never enter an event; what may be long is cut to
// EVENT_LIMITS before it is stored, so that a step costs at most `bytesMax` (typically 150 bytes started, 200–600 bytes succeeded).
import type { CheckAnswer, JsonValue, RunStatus } from "./answers.ts";
import type { ErrorRecord } from "./errors.ts";
import type { NodeId } from "./graph.ts";
import type { RowCounts, RunPlan } from "./plan.ts";
import type { Signal, Wait } from "./wait.ts";

/**
 * What an event may hold. `run_started` carries the plan and grows with it (about 250 bytes per node, checked by nobody but the planner);
 * every other event stays below `bytesMax`.
 */
export const EVENT_LIMITS = {
  messageChars: 4_000,
  hintChars: 1_000,
  causeChars: 2_000,
  checks: 200,
  sampleRows: 5,
  /** Bytes of all samples of one event; beyond it samples are left out, counts stay. */
  samplesBytes: 16_000,
  /** Bytes of a task's output; beyond it the attempt fails with MR6006. */
  outputBytes: 16_000,
  bytesMax: 128_000,
  /** Items of one mapped node, and their bytes as JSON: the one event that may be longer than bytesMax. Beyond it the attempt fails with MR6012. */
  items: 100_000,
  itemsBytes: 8_000_000,
} as const;

export type CheckFact = Omit<CheckAnswer, "asset">;

/** Small facts of a node that was carried out or taken over. */
export interface NodeFacts {
  readonly rows?: RowCounts;
  readonly checks?: readonly CheckFact[];
  readonly output?: JsonValue;
}

/** Why an attempt ended without success. `interrupted`: the engine that carried it out stopped or died; it does not count as a try. */
export type FailureReason = "error" | "timeout" | "lost" | "interrupted";

export type FinalRunStatus = Exclude<RunStatus, "running">;

interface NodeEvent {
  readonly at: number;
  readonly node: NodeId;
}

export interface RunStarted {
  readonly type: "run_started";
  /** EVENT_FORMAT of the engine that wrote it; 1 where it is missing. */
  readonly format?: number;
  readonly at: number;
  readonly run: string;
  /** What asked for the run: `manual`, later a schedule, a webhook … */
  readonly trigger: string;
  readonly plan: RunPlan;
  /** Seed of the jitter of this run's retries. */
  readonly seed: number;
  /** The earlier run whose succeeded nodes this one takes over. */
  readonly fromRun: string | null;
  /** How long an attempt lives without a sign of its engine; null where engines are told dead by the registry or there is one only. */
  readonly leaseMs: number | null;
  /** The node of another run whose sub-job this is. */
  readonly parent?: { readonly run: string; readonly node: NodeId };
}

export interface AttemptStarted extends NodeEvent {
  readonly type: "attempt_started";
  /** Counts from 1 and is the fencing token of the node. */
  readonly attempt: number;
  /** The engine that carries it out. */
  readonly owner: string;
  readonly leaseUntil: number | null;
}

export interface LeaseExtended extends NodeEvent {
  readonly type: "lease_extended";
  readonly attempt: number;
  readonly leaseUntil: number;
}

export interface AttemptFailed extends NodeEvent {
  readonly type: "attempt_failed";
  readonly attempt: number;
  readonly reason: FailureReason;
  readonly error: ErrorRecord;
  /** What checks found, where they are why. */
  readonly checks?: readonly CheckFact[];
  /** When the next attempt may start; null: the node has failed. */
  readonly retryAt: number | null;
  /** There is no next attempt, and the node counts as succeeded with this output. */
  readonly fallback?: { readonly output: JsonValue };
}

/** The attempt has ended and let its place go; the node goes on at `until`, or when signaled. */
export interface NodeWaiting extends NodeEvent {
  readonly type: "node_waiting";
  readonly attempt: number;
  readonly wait: Wait;
}

/** Someone decided an approval, or something woke a waiting node. */
export interface NodeSignaled extends NodeEvent {
  readonly type: "node_signaled";
  readonly signal: Signal;
}

/** One node per item has been made, named `node[0]`, `node[1]` … */
export interface NodeMapped extends NodeEvent {
  readonly type: "node_mapped";
  readonly attempt: number;
  readonly items: readonly JsonValue[];
}

/** Failed while no attempt of it was running: it waited too long, was rejected, or items of it failed. */
export interface NodeFailed extends NodeEvent {
  readonly type: "node_failed";
  readonly error: ErrorRecord;
}

export interface NodeSucceeded extends NodeEvent, NodeFacts {
  readonly type: "node_succeeded";
  readonly attempt: number;
  /** From the start of the attempt to its end. */
  readonly tookMs: number;
  /** The attempt found that nothing had changed. */
  readonly reused?: true;
}

/** Settled without an attempt: by the plan, or taken over from `from`. */
export interface NodeReused extends NodeEvent, NodeFacts {
  readonly type: "node_reused";
  readonly from: string | null;
}

export interface NodeSkipped extends NodeEvent {
  readonly type: "node_skipped";
  /** The node that keeps it from running: it failed, was canceled, or its condition did not hold. Null: its own condition does not hold. */
  readonly because: NodeId | null;
  /** What its condition saw. */
  readonly why?: string;
}

export interface NodeCanceled extends NodeEvent {
  readonly type: "node_canceled";
  /** Who canceled this node alone. */
  readonly by?: string;
  readonly why?: string;
}

/** Nothing starts until the run is resumed; what runs goes on. */
export interface RunPaused {
  readonly type: "run_paused";
  readonly at: number;
  readonly by: string;
  readonly why: string;
}

export interface RunResumed {
  readonly type: "run_resumed";
  readonly at: number;
  readonly by: string;
}

export interface ConcurrencyChanged {
  readonly type: "concurrency_changed";
  readonly at: number;
  readonly concurrency: number;
  readonly by: string;
}

/** The run has failed, and these nodes undo what it did, one after the other. */
export interface CompensationStarted {
  readonly type: "compensation_started";
  readonly at: number;
  readonly nodes: readonly NodeId[];
}

export interface CancelRequested {
  readonly type: "cancel_requested";
  readonly at: number;
  readonly by: string;
  readonly why: string;
  /** A run that ran out of time is canceled too, and ends as failed. */
  readonly cause: "request" | "timeout";
}

export interface RunFinished {
  readonly type: "run_finished";
  readonly at: number;
  readonly status: FinalRunStatus;
}

export type RunEvent =
  | RunStarted
  | AttemptStarted
  | LeaseExtended
  | AttemptFailed
  | NodeSucceeded
  | NodeReused
  | NodeSkipped
  | NodeCanceled
  | NodeWaiting
  | NodeSignaled
  | NodeMapped
  | NodeFailed
  | RunPaused
  | RunResumed
  | ConcurrencyChanged
  | CompensationStarted
  | CancelRequested
  | RunFinished;
