// Where the columns of an asset come from, as values. A path names a column, or a field inside one: `attrs`, `attrs.plan`.
import type { NodeId } from "./graph.ts";

/** How a source takes part: unchanged, computed, aggregated, or only as a condition (partition, order, filter). */
export type LineageKind = "identity" | "transform" | "aggregate" | "condition";

export interface LineageSource {
  /** The asset, or the file or function that is read directly. */
  readonly asset: NodeId;
  readonly path: string;
  readonly kind: LineageKind;
}

export interface AssetLineage {
  /** Per column of the asset, in its order, what its values are made from. */
  readonly columns: Readonly<Record<string, readonly LineageSource[]>>;
  /** What decides which rows there are: filters, joins, groups. */
  readonly influences: readonly LineageSource[];
  /** Another engine runs its SQL, and it was read as if DuckDB did: what only that engine knows (its functions, its rules) is not seen. */
  readonly readAs?: "duckdb";
}
