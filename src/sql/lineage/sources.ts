// Sets of sources that flow through a plan: which column (or field) of which table takes part, and in the strongest sense how.
import type { LineageKind } from "../../model/lineage.ts";

/** Key of a source → how it takes part. */
export type Sources = ReadonlyMap<string, LineageKind>;

const RANK: Readonly<Record<LineageKind, number>> = { identity: 0, transform: 1, aggregate: 2, condition: 3 };
const SEPARATOR = "\u0000";

export const NO_SOURCES: Sources = new Map();

export function sourceKey(table: string, path: string): string {
  return `${table}${SEPARATOR}${path}`;
}

export function splitKey(key: string): { readonly table: string; readonly path: string } {
  const at = key.indexOf(SEPARATOR);
  return { table: key.slice(0, at), path: key.slice(at + 1) };
}

/** All sources of all sets. A source that gives values somewhere stays a source of values; among those the farther kind counts. */
export function mergeSources(sets: Iterable<Sources>): Sources {
  const merged = new Map<string, LineageKind>();
  for (const set of sets) for (const [key, kind] of set) addSource(merged, key, kind);
  return merged;
}

export function addSource(into: Map<string, LineageKind>, key: string, kind: LineageKind): void {
  const before = into.get(key);
  if (before === undefined || (before === "condition" && kind !== "condition")) into.set(key, kind);
  else if (kind !== "condition" && RANK[kind] > RANK[before]) into.set(key, kind);
}

/** The same sources, each at least of `kind`. */
export function atLeast(set: Sources, kind: LineageKind): Sources {
  if (kind === "identity" || set.size === 0) return set;
  return new Map([...set].map(([key, before]) => [key, RANK[before] > RANK[kind] ? before : kind]));
}

/** The field `name` of a value: where the value is passed on unchanged, the field of its source. */
export function fieldOf(set: Sources, name: string): Sources {
  return new Map([...set].map(([key, kind]) => (kind === "identity" ? [`${key}.${name}`, kind] : [key, kind])));
}
