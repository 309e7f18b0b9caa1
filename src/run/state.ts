// The state of a run: a fold of its events. Everything is immutable; indexes (ready, retries, running) stand beside the nodes so that no step has
// to look at all of them. Payloads are not kept here: views read them from the events.
import type { Graph } from "./graph.ts";
import type { Heap } from "./heap.ts";
import type { Vector } from "./vector.ts";

export type NodeState =
  /** Waits for `unmet` of its needs. */
  | { readonly kind: "pending"; readonly unmet: number }
  /** All needs are settled; waits for a place. */
  | { readonly kind: "ready" }
  | Running
  /** Attempt `attempt` has ended; the next one may start at `retryAt`. */
  | { readonly kind: "backoff"; readonly attempt: number; readonly interruptions: number; readonly retryAt: number }
  | { readonly kind: FinalNodeKind };

export type FinalNodeKind = "succeeded" | "reused" | "failed" | "skipped" | "canceled";

export interface Running {
  readonly kind: "running";
  readonly attempt: number;
  /** Earlier attempts that do not count as tries. */
  readonly interruptions: number;
  readonly owner: string;
  readonly startedAt: number;
  /** The attempt's time-out. */
  readonly deadlineAt: number | null;
  readonly leaseUntil: number | null;
  /** Its place in `running`. */
  readonly slot: number;
}

export interface Retry {
  readonly retryAt: number;
  readonly node: number;
  readonly attempt: number;
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
  readonly seed: number;
  readonly concurrency: number;
  readonly leaseMs: number | null;
  readonly timeoutAt: number | null;
  readonly graph: Graph;
  readonly nodes: Vector<NodeState>;
  /** Indexes of nodes that are ready, first in the plan first; may hold settled ones below its top. */
  readonly ready: Heap<number>;
  /** Nodes in backoff, soonest first; may hold outdated entries below its top. */
  readonly retries: Heap<Retry>;
  /** Indexes of running nodes in places 0 … runningCount − 1. */
  readonly running: Vector<number>;
  readonly runningCount: number;
  readonly settled: Readonly<Record<FinalNodeKind, number>>;
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

export function readyBefore(a: number, b: number): boolean {
  return a < b;
}

export function retryBefore(a: Retry, b: Retry): boolean {
  if (a.retryAt !== b.retryAt) return a.retryAt < b.retryAt;
  if (a.node !== b.node) return a.node < b.node;
  return a.attempt < b.attempt;
}
