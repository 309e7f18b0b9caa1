// The graph of all assets with how each stands: what pictures, lists and searches of the page are made from. Names stand once; nodes name each other by place.
export interface AssetGraphAnswer {
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
  /** Results of the checks of the version that readers see; `unknown` ones were never carried out. */
  readonly checks: { readonly passed: number; readonly warned: number; readonly failed: number; readonly unknown: number };
  /** Records that wait in quarantine. */
  readonly quarantined: number;
  readonly columns: number;
  readonly description: string | null;
}
