// The state of a run: a fold of its events. Everything is immutable; indexes (lanes, deadlines, running) stand beside the nodes so that no step has
// to look at all of them. Payloads are not kept here: views read them from the events.
import type { Wait } from "../model/wait.ts";
import type { Graph } from "./graph.ts";
import type { Heap } from "./heap.ts";
import type { Vector } from "./vector.ts";

export type NodeState =
  /** Undoes a node if that should ever be needed. */
  | { readonly kind: "dormant" }
  /** Waits for `unmet` of its needs. Of the others `bad` failed, were canceled or never started because of such; `passed` were skipped by a condition. */
  | { readonly kind: "pending"; readonly unmet: number; readonly bad: number; readonly passed: number }
  /** All needs are settled as it wants them; waits for a place since `since`. */
  | { readonly kind: "ready"; readonly since: number }
  | Running
  /** Attempt `attempt` has failed; the next one may start at `retryAt`. */
  | (Past & { readonly kind: "backoff"; readonly retryAt: number })
  /** Attempt `attempt` let its place go; the next one may start at `until`, never if it is null. */
  | (Past & { readonly kind: "waiting"; readonly wait: Wait["kind"]; readonly until: number | null; readonly deadlineAt: number | null })
  /** Made its items; `unmet` of them are not settled, `bad` have failed or were canceled. */
  | (Past & { readonly kind: "mapped"; readonly unmet: number; readonly bad: number })
  /** `passed`: a condition did not hold, its own or that of a node that it stands on; nothing failed. */
  | { readonly kind: "skipped"; readonly passed: boolean }
  | { readonly kind: Exclude<FinalNodeKind, "skipped"> };

export type FinalNodeKind = "succeeded" | "reused" | "failed" | "skipped" | "canceled";

/** What is known of the attempts of a node so far. */
interface Past {
  readonly attempt: number;
  /** Attempts so far that do not count as tries: interrupted ones, and all up to the newest wait. */
  readonly uncounted: number;
  readonly interruptions: number;
  readonly waits: number;
  /** Start of the newest attempt. */
  readonly startedAt: number;
  /** Start of the first attempt that let its place go; the time-out of the whole wait counts from here. */
  readonly waitsSince: number | null;
}

export interface Running extends Past {
  readonly kind: "running";
  readonly owner: string;
  /** The attempt's time-out. */
  readonly deadlineAt: number | null;
  readonly leaseUntil: number | null;
  /** Its place in `running`. */
  readonly slot: number;
}

/** A node in its lane: first the one with the highest priority, then the one that stands first in the plan. */
export interface Ready {
  readonly priority: number;
  readonly node: number;
}

export interface Retry {
  readonly retryAt: number;
  readonly node: number;
  readonly attempt: number;
}

/** Nodes that count against the same pools. Both heaps may hold outdated entries below their tops. */
export interface Lane {
  readonly ready: Heap<Ready>;
  /** Nodes in backoff or waiting for a time, soonest first. */
  readonly retries: Heap<Retry>;
}

/** A node that is ready or waiting fails at `at`. */
export interface Deadline {
  readonly at: number;
  readonly node: number;
}

export interface Cancel {
  readonly at: number;
  readonly cause: "request" | "timeout";
}

export interface GoingRun {
  readonly phase: "going";
  /** Events folded so far: the version of the stream. */
  readonly version: number;
  /** Time of the newest event. */
  readonly at: number;
  readonly run: string;
  readonly job: string | null;
  readonly seed: number;
  readonly concurrency: number;
  readonly limits: Readonly<Record<string, number>>;
  readonly compensates: boolean;
  readonly leaseMs: number | null;
  readonly timeoutAt: number | null;
  readonly graph: Graph;
  readonly nodes: Vector<NodeState>;
  /** By lane of the graph. */
  readonly lanes: readonly Lane[];
  /** Soonest first; may hold outdated entries below its top. */
  readonly deadlines: Heap<Deadline>;
  /** Indexes of running nodes in places 0 … runningCount − 1. */
  readonly running: Vector<number>;
  readonly runningCount: number;
  /** Weights of running nodes by pool: derived, so nothing can leak. */
  readonly inUse: Readonly<Record<string, number>>;
  readonly settled: Readonly<Record<FinalNodeKind, number>>;
  /** Undos of what has succeeded, oldest success first. */
  readonly undos: readonly number[];
  /** Undos in the order in which they run; null before the run has failed. */
  readonly compensation: readonly number[] | null;
  readonly paused: boolean;
  readonly cancel: Cancel | null;
}

export type RunState =
  | { readonly phase: "new"; readonly version: number; readonly at: number }
  | GoingRun
  | { readonly phase: "finished"; readonly version: number; readonly at: number };

export const newRun: RunState = { phase: "new", version: 0, at: 0 };

export function settledCount(state: GoingRun): number {
  const { succeeded, reused, failed, skipped, canceled } = state.settled;
  return succeeded + reused + failed + skipped + canceled;
}

export function readyBefore(a: Ready, b: Ready): boolean {
  return a.priority === b.priority ? a.node < b.node : a.priority > b.priority;
}

export function retryBefore(a: Retry, b: Retry): boolean {
  if (a.retryAt !== b.retryAt) return a.retryAt < b.retryAt;
  if (a.node !== b.node) return a.node < b.node;
  return a.attempt < b.attempt;
}

export function deadlineBefore(a: Deadline, b: Deadline): boolean {
  return a.at === b.at ? a.node < b.node : a.at < b.at;
}
