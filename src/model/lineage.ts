// Where the columns of an asset come from, as values. A path names a column, or a field inside one: `attrs`, `attrs.plan`.
import type { NodeId } from "./graph.ts";

/** How a source takes part: unchanged, computed, aggregated, or only as a condition (partition, order, filter). */
export type LineageKind = "identity" | "transform" | "aggregate" | "condition";

/** The same in detail: values (also where a CASE only asks for it), and what a condition is one of. */
export type LineageWay = Exclude<LineageKind, "condition"> | "case" | "join" | "group" | "filter" | "sort" | "window";

export interface LineageSource {
  /** The asset, or the file or function that is read directly. */
  readonly asset: NodeId;
  readonly path: string;
  readonly kind: LineageKind;
  /** All ways in which it takes part, where `kind` does not say all. */
  readonly ways?: readonly LineageWay[];
  /** Nothing of its value is left: only how many there are, or whether there is one. */
  readonly hides?: true;
}

export interface AssetLineage {
  /** Per column of the asset what its values are made from. Columns called by numbers come first: an object does not keep their order. */
  readonly columns: Readonly<Record<string, readonly LineageSource[]>>;
  /** What decides which rows there are: filters, joins, groups. */
  readonly influences: readonly LineageSource[];
  /** Another engine runs its SQL, and it was read as if DuckDB did: what only that engine knows (its functions, its rules) is not seen. */
  readonly readAs?: "duckdb";
}
