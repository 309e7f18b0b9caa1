// What pages show of one asset besides its description, and what a search finds: the JSON of `assets.source`, `assets.rows`, `assets.profile`, `checks.list`, `search.find`.
import type { JsonValue } from "./json.ts";

export interface AssetSourceAnswer {
  readonly asset: string;
  readonly file: string;
  readonly language: "sql" | "yaml" | "typescript" | "text";
  /** The file as it stands now, without secrets; null where it is gone or too large. */
  readonly text: string | null;
  /** The query that is run, of a model or an export that has one. */
  readonly sql: string | null;
  readonly tests: readonly { readonly test: string; readonly file: string }[];
  readonly components: readonly string[];
}

export interface AssetRowsAnswer {
  readonly asset: string;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: readonly (readonly JsonValue[])[];
  readonly offset: number;
  /** Rows of the asset that fit the condition; null where they are not counted. */
  readonly total: number | null;
  /** There are more rows behind these. */
  readonly more: boolean;
  /** Values were cut because they are long; they end in `…`. */
  readonly cut: number;
}

export interface ProfileColumn {
  readonly name: string;
  readonly type: string;
  readonly min: string | null;
  readonly max: string | null;
  readonly mean: string | null;
  readonly deviation: string | null;
  readonly quarter: string | null;
  readonly median: string | null;
  readonly threeQuarters: string | null;
  /** An estimate. */
  readonly distinct: number;
  readonly nulls: number;
  /** The most frequent values, of the rows that were looked at; an estimate. */
  readonly frequent: readonly { readonly value: string; readonly rows: number }[];
}

export interface AssetProfileAnswer {
  readonly asset: string;
  /** Rows of the asset. */
  readonly rows: number;
  /** Rows that were looked at; fewer than `rows`: a sample of them. */
  readonly sampled: number;
  readonly columns: readonly ProfileColumn[];
  /** Columns beyond the limit of one profile. */
  readonly passedOver: number;
  readonly seconds: number;
}

export interface ListedCheck {
  readonly asset: string;
  readonly check: string;
  readonly columns: readonly string[];
  readonly severity: "error" | "warn";
  readonly onFail: string;
  /** When it was carried out last, whether or not that was published; null: never. */
  readonly status: "passed" | "warned" | "failed" | null;
  readonly failing: number | null;
  /** When that was. */
  readonly at: string | null;
  /** Since when it has been failing or warning without a pause, as far as results are kept. */
  readonly since: string | null;
  /** Outcomes of the last times, oldest first. */
  readonly recent: readonly { readonly at: string; readonly status: string; readonly failing: number }[];
}

export interface CheckListAnswer {
  readonly checks: readonly ListedCheck[];
  /** Assets that hold rows and have no check at all. */
  readonly unchecked: readonly string[];
  readonly totals: {
    readonly checks: number;
    readonly passed: number;
    readonly warned: number;
    readonly failed: number;
    readonly unknown: number;
    readonly assets: number;
    readonly checkedAssets: number;
  };
}

export interface DriftAnswer {
  /** How columns changed, newest first; what an asset began with is no change. */
  readonly changes: readonly { readonly asset: string; readonly at: string; readonly run: string | null; readonly what: string }[];
}

export type FoundKind = "asset" | "column" | "check" | "job" | "run" | "tag" | "owner" | "code" | "test";

export interface Found {
  readonly kind: FoundKind;
  /** What to show; of a column `asset.column`. */
  readonly name: string;
  /** The asset it belongs to, where it belongs to one. */
  readonly asset: string | null;
  readonly detail: string | null;
}

export interface SearchAnswer {
  readonly found: readonly Found[];
  /** All that fit, also those beyond the limit. */
  readonly total: number;
}
