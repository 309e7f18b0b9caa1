// The graph of all assets with how each stands: what pictures, lists and searches of the page are made from. Names stand once; nodes name each other by place.

/**
 * Why an answer is not all that a plan would tell. `planning`: one is being made; `broken`: files of the project have an error, this is what was published; `unplanned`:
 * none can be made now. Till then things stand as the last plan and the runs since then left them.
 */
export type Unsure = "planning" | "broken" | "unplanned";

export interface AssetGraphAnswer {
  /** Absent: all is as a plan tells it. */
  readonly partial?: Unsure;
  /** Sorted by name; `needs` and `groups` of other answers name them by their place here. */
  readonly nodes: readonly GraphNodeAnswer[];
}

export interface GraphNodeAnswer {
  readonly asset: string;
  /** `source`, `extract`, `model`, `transform`, `export`, `task`. */
  readonly kind: string;
  /** Of a model: how it is kept. */
  readonly materialize: string | null;
  /** What it is shown under when groups are folded: its schema; of a task its job. */
  readonly group: string;
  /** As `assets.list` tells it, or `running` while an attempt goes on. */
  readonly status: string;
  /** Places of what it reads or waits for. */
  readonly needs: readonly number[];
  readonly owner: string | null;
  readonly tags: readonly string[];
  readonly rows: number | null;
  readonly updatedAt: string | null;
  /** How long its last finished attempt took. */
  readonly seconds: number | null;
  /** Results of the checks of the version that readers see; `unknown` ones were never carried out. Null: not known yet. */
  readonly checks: { readonly passed: number; readonly warned: number; readonly failed: number; readonly unknown: number } | null;
  /** Records that wait in quarantine; null: not known yet. */
  readonly quarantined: number | null;
  /** Null: not known yet. */
  readonly columns: number | null;
  readonly description: string | null;
}
