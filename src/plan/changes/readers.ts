// Who reads a column: in either state of the project, since what is removed is read by the one before.
import type { QueryFingerprint } from "../../model/fingerprint.ts";
import type { NodeId } from "../../model/graph.ts";
import type { LineageSource } from "../../model/lineage.ts";
import type { AssetSnapshot, ProjectSnapshot } from "./snapshot.ts";

export interface ReaderIndex {
  /** Names as answers show them: `asset.column`, `asset`, `export out.x`, `test clean_sales`. */
  of(this: void, asset: NodeId, column: string): readonly string[];
  /** Somebody in the project reads anything of it. */
  isRead(this: void, asset: NodeId): boolean;
}

export function indexReaders(projects: readonly ProjectSnapshot[]): ReaderIndex {
  const below = new Map<NodeId, Map<string, AssetSnapshot[]>>();
  const others = new Map<NodeId, { readonly name: string; readonly columns: readonly string[] | "all" }[]>();
  for (const { assets, readers } of projects) {
    for (const asset of assets.values())
      for (const need of asset.needs) {
        const list = below.get(need) ?? new Map<string, AssetSnapshot[]>();
        below.set(need, list);
        list.set(asset.id, [...(list.get(asset.id) ?? []), asset]);
      }
    for (const { kind, name, reads } of readers)
      for (const [asset, columns] of Object.entries(reads)) {
        const list = others.get(asset) ?? [];
        others.set(asset, list);
        list.push({ name: `${kind} ${name}`, columns });
      }
  }
  return {
    isRead: (asset) => (below.get(asset)?.size ?? 0) > 0 || others.has(asset),
    of(asset, column) {
      const found = new Set<string>();
      for (const snapshots of below.get(asset)?.values() ?? [])
        for (const snapshot of snapshots) for (const name of readersIn(snapshot, asset, column)) found.add(name);
      for (const { name, columns } of others.get(asset) ?? [])
        if (columns === "all" || columns.some((each) => isSame(each, column))) found.add(name);
      return [...found].toSorted();
    },
  };
}

/** What of an asset reads a column of another: its columns, or only itself. */
function readersIn(snapshot: AssetSnapshot, asset: NodeId, column: string): readonly string[] {
  const use = useOf(snapshot, asset, column);
  if (use === "unknown") return [snapshot.id];
  if (use.columns.length > 0) return use.columns.map((name) => `${snapshot.id}.${name}`);
  return use.rows ? [snapshot.id] : [];
}

/** Columns of an asset whose values stand on a column of another, and whether its rows do. `unknown`: anything may. */
export type Use = { readonly columns: readonly string[]; readonly rows: boolean } | "unknown";

export function useOf({ fingerprint, lineage }: AssetSnapshot, asset: NodeId, column: string): Use {
  if (fingerprint !== null) return useInFingerprint(fingerprint, asset, column);
  if (lineage === null) return "unknown";
  const isFrom = (source: LineageSource): boolean =>
    source.asset === asset && (source.path === "" || isSame(source.path.split(".")[0]!, column));
  const columns = Object.entries(lineage.columns).flatMap(([name, sources]) => (sources.some(isFrom) ? [name] : []));
  return { columns, rows: lineage.influences.some(isFrom) };
}

function useInFingerprint({ leaves, rests, reads }: QueryFingerprint, asset: NodeId, column: string): Use {
  const at = leaves.findIndex((leaf) => leaf.asset === asset && leaf.part === "column" && isSame(leaf.column, column));
  if (at < 0) return (reads[asset] ?? []).some((each) => isSame(each, column)) ? "unknown" : { columns: [], rows: false };
  const columns = Object.entries(rests.columns).flatMap(([name, positions]) => (positions.includes(at) ? [name] : []));
  return { columns, rows: rests.rows.includes(at) };
}

function isSame(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
