// What the console is answered: rows of a query within its caps, its plan, a profile of its columns; exports; names for completion.
import type { JsonValue } from "./json.ts";

export interface QueryColumnAnswer {
  readonly name: string;
  readonly type: string;
}

/** One column of all rows of a query. Values are texts, as the warehouse writes them; counts of distinct values are estimates. */
export interface ColumnProfileAnswer {
  readonly name: string;
  readonly type: string;
  readonly rows: number;
  readonly nullPercent: number;
  readonly distinct: number;
  readonly min: string | null;
  readonly max: string | null;
  readonly mean: string | null;
  readonly median: string | null;
}

export interface QueryRunAnswer {
  readonly query: string;
  readonly columns: readonly QueryColumnAnswer[];
  readonly rows: readonly (readonly JsonValue[])[];
  /** Why not all rows are here; null: all are. */
  readonly cutBy: "rows" | "bytes" | null;
  /** Values that were shortened because they are long. */
  readonly cellsCut: number;
  readonly seconds: number;
  /** The plan as text, where it was asked for. */
  readonly plan: string | null;
  /** Where a profile was asked for. */
  readonly profile: readonly ColumnProfileAnswer[] | null;
}

export interface QueryCancelAnswer {
  readonly query: string;
  readonly canceled: boolean;
}

export type ExportFormat = "csv" | "json" | "ndjson" | "parquet";

export interface QueryExportAnswer {
  readonly export: string;
  readonly format: ExportFormat;
  readonly rows: number | null;
  readonly bytes: number;
  /** Name of the file for whoever keeps it. */
  readonly name: string;
  /** When it is removed here. */
  readonly expiresAt: string;
}

export interface CompletionsAnswer {
  readonly tables: readonly {
    readonly name: string;
    readonly isAsset: boolean;
    readonly columns: readonly QueryColumnAnswer[];
  }[];
  readonly functions: readonly string[];
}

/** Which columns of a query's answer are personal, as far as their origins tell. */
export interface PersonalAnswer {
  /** Null where the origins cannot be read. */
  readonly columns: readonly { readonly name: string; readonly isPersonal: boolean }[] | null;
  /** All are to be taken for personal: the origins cannot be read, and the project has personal columns. */
  readonly isAll: boolean;
}
