// A plan: what a request would do, as plain values. The same object is printed by the command line and carried out by the engine.
import type { NodeId, ProjectNode } from "./graph.ts";

export interface RetryPolicy {
  /** All tries, the first included. */
  readonly attempts: number;
  readonly delayMs: number;
  readonly factor: number;
  readonly maxDelayMs: number;
  readonly jitter: boolean;
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
  readonly retry: RetryPolicy;
  readonly timeoutMs: number | null;
}

/** Nodes stand in an order in which they could run one after the other. */
export interface RunPlan {
  readonly job: string | null;
  readonly nodes: readonly PlanNode[];
  /** Attempts in flight at once. */
  readonly concurrency: number;
  readonly timeoutMs: number | null;
  readonly params: Readonly<Record<string, string>>;
}

/** Rows of one node: read = loaded + quarantined + filtered for a source. */
export type RowCounts = {
  readonly read: number;
  readonly loaded: number;
  readonly quarantined: number;
  readonly filtered: number;
};
