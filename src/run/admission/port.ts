// What may start now as the engine sees it over all runs: an immutable value that comes with an input. Absent: everything may.
import type { NodeId } from "../../model/graph.ts";

export interface Admission {
  /** Places left by pool; a pool that is not named has no limit. Reserved: `*` all attempts, `job:NAME`, `asset:ID`. */
  readonly places: Readonly<Record<string, number>>;
  /** Pools that let nothing start before a time (run time, ms): a rate that is used up, a breaker (`connection:NAME`) that is open. */
  readonly closedUntil: Readonly<Record<string, number>>;
  /** Of the nodes that count against a pool named in `places` only these start, in this order, whatever places there are. */
  readonly only?: ReadonlySet<NodeId>;
}

/** The pool of a connection's circuit breaker. */
export function breakerPool(connection: string): string {
  return `connection:${connection}`;
}
