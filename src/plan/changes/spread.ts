// How a change goes on: which columns and rows of an asset may differ because of what it reads.
import type { NodeId } from "../../model/graph.ts";
import { useOf } from "./readers.ts";
import type { AssetSnapshot } from "./snapshot.ts";

/** What of an asset may differ. */
export interface Affected {
  /** All of it: which rows there are. */
  readonly rows: boolean;
  /** In which order they stand. */
  readonly order: boolean;
  /** In lower case → as it is written. */
  readonly columns: ReadonlyMap<string, string>;
  /** Where that came from, when it is not its own. */
  readonly because: readonly string[];
}

export const nothingAffected: Affected = { rows: false, order: false, columns: new Map(), because: [] };

export interface Spread {
  /** Why its rows may differ: assets and columns that it reads; empty: they are as they were. */
  readonly rows: readonly string[];
  /** Per column, in lower case, why its values may. */
  readonly columns: ReadonlyMap<string, readonly string[]>;
  /** The columns, or whole assets, that it reads and that differ. */
  readonly origins: readonly { readonly asset: NodeId; readonly column: string | null }[];
}

/** `affected` holds everything that the asset reads. */
export function spreadTo(asset: AssetSnapshot, affected: ReadonlyMap<NodeId, Affected>): Spread {
  const rows = new Set<string>();
  const columns = new Map<string, Set<string>>();
  const origins: { readonly asset: NodeId; readonly column: string | null }[] = [];
  for (const need of asset.needs) {
    const reached = affected.get(need);
    if (reached === undefined) continue;
    if (reached.rows || (reached.order && standsOnOrder(asset, need))) {
      rows.add(need);
      origins.push({ asset: need, column: null });
      continue;
    }
    for (const column of reached.columns.values()) {
      const name = `${need}.${column}`;
      const use = useOf(asset, need, column);
      if (use !== "unknown" && use.columns.length === 0 && !use.rows) continue;
      if (use === "unknown" || use.rows) rows.add(name);
      if (use !== "unknown") for (const own of use.columns) add(columns, own.toLowerCase(), name);
      origins.push({ asset: need, column });
    }
  }
  return { rows: [...rows], columns: new Map([...columns].map(([name, because]) => [name, [...because]])), origins };
}

function standsOnOrder({ fingerprint }: AssetSnapshot, need: NodeId): boolean {
  return fingerprint === null || fingerprint.leaves.some((leaf) => leaf.asset === need && leaf.part === "order");
}

function add(map: Map<string, Set<string>>, key: string, value: string): void {
  const list = map.get(key) ?? new Set<string>();
  map.set(key, list);
  list.add(value);
}
