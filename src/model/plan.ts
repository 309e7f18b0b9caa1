// A plan: what a request would do, as plain values. The same object is printed by the command line and carried out by the engine.
import type { JsonValue } from "./json.ts";
import type { NodeId, ProjectNode } from "./graph.ts";

/** Why a try failed, as a retry policy tells failures apart. `rateLimited`: the other side said when to come again. `terminal`: trying again cannot help. */
export type FailureClass = "retryable" | "rateLimited" | "timeout" | "lost" | "terminal";

/** How the needs of a node must have ended for it to start. A need that was skipped by its own condition is neither good nor bad. */
export type When = "succeeded" | "noneFailed" | "failed" | "always";

export interface RetryPolicy {
  /** All tries, the first included. */
  readonly attempts: number;
  readonly delayMs: number;
  readonly factor: number;
  readonly maxDelayMs: number;
  readonly jitter: boolean;
  /** Failures that are followed by another try; default: all but terminal ones. */
  readonly on?: readonly FailureClass[];
}

export interface PlanNode {
  readonly id: NodeId;
  readonly kind: ProjectNode["kind"];
  /** Nodes of this plan that must be settled first. */
  readonly needs: readonly NodeId[];
  /** `reuse` settles at the start of the run without an attempt. `build` may still turn out to be a reuse when the attempt finds its inputs unchanged. */
  readonly action: "build" | "reuse";
  /** A sentence for people: why it is built or reused. */
  readonly reason: string;
  readonly change: "breaking" | "nonBreaking" | "indirect" | "none";
  /** Every run looks at it, so that building it tells nothing of a change. */
  readonly asked?: true;
  readonly retry: RetryPolicy;
  /** Of one attempt; of the whole wait for a node that waits (an approval, a condition). */
  readonly timeoutMs: number | null;
  /** Default: `succeeded`. */
  readonly when?: When;
  /** What it counts against while it runs: name of a pool → weight. */
  readonly pools?: Readonly<Record<string, number>>;
  /** The connection whose circuit breaker it heeds. */
  readonly connection?: string;
  /** Higher starts first; default 0. */
  readonly priority?: number;
  /** Fails when it was ready for so long and found no place. */
  readonly queueTimeoutMs?: number;
  /** An attempt that gives no sign for so long is ended as timed out. */
  readonly silenceMs?: number;
  /** Key of the partition, or of the first and last of a batch, that it builds. */
  readonly partition?: string;
  /** Beginning of the code hash that it was planned with: an attempt with other code fails (backfills). */
  readonly code?: string;
  /** Its attempt answers a list; one node per item is made from it and it succeeds when they have. */
  readonly mapped?: true;
  /** Undoes that node: starts only when it succeeded and the run has failed. */
  readonly compensates?: NodeId;
  /** What it answers when its last try has failed. */
  readonly fallback?: { readonly output: JsonValue };
}

/** Nodes stand in an order in which they could run one after the other. */
export interface RunPlan {
  readonly job: string | null;
  readonly nodes: readonly PlanNode[];
  /** Attempts in flight at once. */
  readonly concurrency: number;
  readonly timeoutMs: number | null;
  readonly params: Readonly<Record<string, string>>;
  /** Where it is carried out; absent: prod. */
  readonly environment?: string;
  /** Places of pools that are this run's own. */
  readonly limits?: Readonly<Record<string, number>>;
  readonly onFailure?: "compensate";
  /** Against other runs; higher first, default 0. */
  readonly priority?: number;
  /** Runs with the same key share places fairly with those of other keys. */
  readonly key?: string;
}

/** Rows of one node: read = loaded + quarantined + filtered for a source. */
export type RowCounts = {
  readonly read: number;
  readonly loaded: number;
  readonly quarantined: number;
  readonly filtered: number;
};
