// What failed first in a run, and what changed between it and the last one before it that went well (`runs.changes`).

/** A type, not an interface, so that it is JSON. */
export type RunErrorAnswer = {
  readonly code: string;
  /** Its first line. */
  readonly message: string;
  /** The asset or task; null: the run as a whole. */
  readonly node: string | null;
  /** The same for errors that differ only in numbers, times, ids and partitions: `MR3301-1f3a9c20`. */
  readonly fingerprint: string;
};

export interface RunChangesAnswer {
  readonly run: string;
  /** The newest run before it of the same job that succeeded; without a job, that did what failed in this one. Null: none is kept. */
  readonly since: { readonly run: string; readonly startedAt: string } | null;
  /** Assets and tasks of the run whose code is another. */
  readonly code: readonly {
    readonly node: string;
    readonly change: "breaking" | "nonBreaking";
    readonly why: string;
    readonly run: string;
  }[];
  /** Columns of its assets that changed. */
  readonly schema: readonly { readonly asset: string; readonly at: string; readonly what: string }[];
  readonly params: readonly { readonly name: string; readonly before: string | null; readonly after: string | null }[];
  /** Rows that a node loaded then and now; null: it did not get that far. */
  readonly rows: readonly { readonly node: string; readonly before: number; readonly after: number | null }[];
  /** Nodes that only one of the two has. */
  readonly steps: { readonly added: readonly string[]; readonly removed: readonly string[] };
}
