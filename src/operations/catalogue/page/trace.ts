// The way of one column's values through the project, from the assets' own data, which is loaded as the way leads there.
import type { PageAsset, PageSource } from "../data.ts";

export interface TracedColumn {
  /** Place of the asset; -1: outside of the project. */
  readonly asset: number;
  readonly outside: string | null;
  readonly column: string;
}

export interface Trace {
  readonly columns: readonly TracedColumn[];
  readonly edges: readonly { readonly from: string; readonly to: string; readonly kind: PageSource["kind"] }[];
  /** There is more than is shown. */
  readonly isCut: boolean;
}

export const ASSETS_MAX = 60;

export function traceKey({ asset, outside, column }: Omit<TracedColumn, "outside"> & { readonly outside?: string | null }): string {
  return JSON.stringify([asset, outside ?? null, column]);
}

/** Values are followed to their ends; what only decides about a column is shown and not followed. */
export async function traceColumn(load: (place: number) => Promise<PageAsset>, asset: number, column: string): Promise<Trace> {
  const columns = new Map<string, TracedColumn>();
  const edges = new Map<string, { readonly from: string; readonly to: string; readonly kind: PageSource["kind"] }>();
  const assets = new Set([asset]);
  let isCut = false;
  const start: TracedColumn = { asset, outside: null, column };
  columns.set(traceKey(start), start);
  for (const direction of ["sources", "users"] as const) {
    const queue: TracedColumn[] = [start];
    const done = new Set<string>();
    for (let at = 0; at < queue.length; at++) {
      const here = queue[at]!;
      if (here.asset < 0 || done.has(traceKey(here))) continue;
      done.add(traceKey(here));
      for (const next of stepsFrom(await load(here.asset), here.column, direction)) {
        const there: TracedColumn = { asset: next.asset, outside: next.outside ?? null, column: next.column };
        if (!assets.has(there.asset) && assets.size >= ASSETS_MAX) {
          isCut = true;
          continue;
        }
        assets.add(there.asset);
        columns.set(traceKey(there), there);
        const [from, to] = direction === "sources" ? [there, here] : [here, there];
        edges.set(`${traceKey(from)} ${traceKey(to)}`, { from: traceKey(from), to: traceKey(to), kind: next.kind });
        if (next.kind !== "condition") queue.push(there);
      }
    }
  }
  return { columns: [...columns.values()], edges: [...edges.values()], isCut };
}

/** One hop; a field of a struct that is passed on whole is the same field there. */
function stepsFrom(asset: PageAsset, path: string, direction: "sources" | "users"): readonly PageSource[] {
  const column = asset.columns.find(({ name }) => path === name || path.startsWith(`${name}.`));
  if (column === undefined) return [];
  const rest = path.slice(column.name.length);
  return column[direction].map((step) => (rest !== "" && step.kind === "identity" ? { ...step, column: step.column + rest } : step));
}
