// Answers about lineage: what stands above and below, a graph for pictures, what a change would reach, and inherited descriptions.
import type { LineageKind } from "./lineage.ts";

export interface LineageAnswer {
  readonly asset: string;
  readonly columns: Readonly<
    Record<string, { readonly upstream: readonly string[]; readonly downstream: readonly string[]; readonly influences: readonly string[] }>
  >;
  readonly upstream: readonly string[];
  readonly downstream: readonly string[];
  /** Another engine runs its SQL; its columns are those that DuckDB reads in it. */
  readonly readAs?: "duckdb";
}

export interface LineageColumn {
  readonly asset: string;
  /** A column, or a field inside one: `attrs.plan`. */
  readonly column: string;
}

export interface LineageGraphAnswer {
  readonly asset: string;
  /** What was asked for; null: the whole asset. */
  readonly column: string | null;
  readonly assets: readonly LineageGraphAsset[];
  /** Which asset reads which; `from` is read. */
  readonly reads: readonly { readonly from: string; readonly to: string }[];
  /** Values and conditions between columns. */
  readonly edges: readonly LineageEdge[];
  /** What decides which rows an asset has. */
  readonly influences: readonly { readonly from: LineageColumn; readonly to: string }[];
}

export interface LineageGraphAsset {
  readonly asset: string;
  readonly kind: string;
  /** Those that take part. */
  readonly columns: readonly string[];
  /** Hops from what was asked for: below 0 upstream, above 0 downstream. */
  readonly hops: number;
  /** Another engine runs its SQL; its columns are those that DuckDB reads in it. */
  readonly readAs?: "duckdb";
}

export interface LineageEdge {
  readonly from: LineageColumn;
  readonly to: LineageColumn;
  readonly kind: LineageKind;
}

/** `breaks`: it names what was asked for, and fails without it. `values`: columns are computed from it. `rows`: it decides which rows there are. `reads`: only the tables are known. */
export type ImpactEffect = "breaks" | "values" | "rows" | "reads";

export interface ImpactAnswer {
  readonly asset: string;
  readonly column: string | null;
  /** Nearest first. */
  readonly assets: readonly ImpactAsset[];
  /** Checks of the asset itself that read what was asked for. */
  readonly checks: readonly ImpactCheck[];
  readonly tests: readonly ImpactTest[];
  readonly totals: {
    readonly assets: number;
    readonly breaks: number;
    readonly exports: number;
    readonly checks: number;
    readonly tests: number;
    readonly owners: readonly string[];
  };
}

export interface ImpactAsset {
  readonly asset: string;
  readonly kind: string;
  readonly hops: number;
  readonly effect: ImpactEffect;
  readonly rows: boolean;
  readonly columns: readonly { readonly column: string; readonly kind: LineageKind; readonly from: LineageColumn }[];
  readonly checks: readonly ImpactCheck[];
  readonly owner: string | null;
  readonly file: string;
}

export interface ImpactCheck {
  readonly check: string;
  readonly severity: string;
}

export interface ImpactTest {
  readonly test: string;
  readonly model: string;
  readonly file: string;
  /** It writes rows of what was asked for itself, so it is to be changed. */
  readonly names: boolean;
}
