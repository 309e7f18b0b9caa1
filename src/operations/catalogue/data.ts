// What the files of a catalogue hold, and its page reads. Names of users' things are always values, never keys: a column may be called `__proto__`.
export interface CatalogueIndex {
  readonly project: string;
  readonly builtAt: string;
  readonly environment: string;
  /** Sorted by name; others name an asset by its place here. */
  readonly assets: readonly IndexAsset[];
}

export interface IndexAsset {
  readonly id: string;
  readonly kind: string;
  readonly materialize: string | null;
  readonly status: string;
  readonly description: string | null;
  readonly owner: string | null;
  readonly tags: readonly string[];
  readonly columns: number;
  readonly rows: number | null;
  readonly updatedAt: string | null;
  readonly checks: CheckCounts;
  /** Places of what it reads. */
  readonly reads: readonly number[];
}

export interface CheckCounts {
  readonly passed: number;
  readonly warned: number;
  readonly failed: number;
  /** Never carried out. */
  readonly unknown: number;
}

/** Per asset its columns with their descriptions, for the search: loaded when somebody searches. */
export type CatalogueColumns = readonly (readonly (readonly [name: string, description: string])[])[];

/** Another column: the place of its asset (-1: outside of the project), its name, how it takes part. */
export interface PageSource {
  readonly asset: number;
  /** Name of what is outside of the project. */
  readonly outside?: string;
  readonly column: string;
  readonly kind: "identity" | "transform" | "aggregate" | "condition";
}

export interface PageColumn {
  readonly name: string;
  readonly type: string;
  readonly description: string | null;
  /** `asset.column` that the description was written at, where that is another. */
  readonly descriptionFrom: string | null;
  /** Its name where it comes from, where that is another. */
  readonly origin: string | null;
  readonly isKey: boolean;
  /** How it is kept from people: `mask`, `hash`, `drop`. */
  readonly personal: string | null;
  readonly sources: readonly PageSource[];
  readonly users: readonly PageSource[];
}

export interface PageCheck {
  readonly name: string;
  readonly severity: string;
  readonly onFail: string;
  readonly columns: readonly string[];
  readonly status: string | null;
  readonly failing: number | null;
}

export interface PageAsset {
  readonly id: string;
  readonly file: string;
  readonly descriptionFrom: string | null;
  readonly components: readonly string[];
  readonly connector: string | null;
  readonly columns: readonly PageColumn[];
  /** What decides which rows there are. */
  readonly influences: readonly PageSource[];
  /** Places of assets whose rows it decides about. */
  readonly decides: readonly number[];
  readonly checks: readonly PageCheck[];
  readonly tests: readonly { readonly name: string; readonly file: string }[];
  readonly code: string | null;
  readonly lastRun: {
    readonly run: string;
    readonly status: string;
    readonly at: string;
    readonly seconds: number | null;
    readonly error: string | null;
  } | null;
  readonly version: string | null;
  readonly quarantined: number;
}
