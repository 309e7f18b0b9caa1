// Sets of sources that flow through a plan: which column (or field) of which table takes part, and in which ways.
//   S1. Ways are bits of one number: sets are merged for every column of every operator.
//   S2. A source that gives values somewhere stays a source of values; among those the farther kind counts.
import type { LineageKind, LineageWay } from "../../model/lineage.ts";

/** Key of a source → ways in which it takes part. */
export type Sources = ReadonlyMap<string, number>;

/** Ways in which a source only decides. */
export type ConditionWay = "join" | "group" | "filter" | "sort" | "window";

const BITS: Readonly<Record<LineageWay, number>> = {
  identity: 1,
  transform: 2,
  aggregate: 4,
  case: 8,
  join: 32,
  group: 64,
  filter: 128,
  sort: 256,
  window: 512,
};
const WAYS = Object.entries(BITS) as readonly (readonly [LineageWay, number])[];
/** A CASE inside an aggregate asks for it. */
const CASE_AGGREGATED = 16;
/** An aggregate that only counts, and a test for null: nothing of the value is left. */
const COUNTED = 1_024;
const TESTED = 2_048;
const DIRECT = BITS.identity | BITS.transform | BITS.aggregate;
const VALUES = DIRECT | BITS.case | CASE_AGGREGATED | COUNTED | TESTED;
const SEPARATOR = "\u0000";

export const NO_SOURCES: Sources = new Map();

export function sourceKey(table: string, path: string): string {
  return `${table}${SEPARATOR}${path}`;
}

export function splitKey(key: string): { readonly table: string; readonly path: string } {
  const at = key.indexOf(SEPARATOR);
  return { table: key.slice(0, at), path: key.slice(at + 1) };
}

export function oneSource(table: string, path: string, way: "identity" | "transform"): Sources {
  return new Map([[sourceKey(table, path), BITS[way]]]);
}

export function kindOf(ways: number): LineageKind {
  if ((ways & (BITS.aggregate | CASE_AGGREGATED | COUNTED)) !== 0) return "aggregate";
  if ((ways & (BITS.transform | BITS.case | TESTED)) !== 0) return "transform";
  return (ways & BITS.identity) === 0 ? "condition" : "identity";
}

/** In the order of their strength. */
export function waysOf(bits: number): readonly LineageWay[] {
  const ways = bits | ((bits & COUNTED) === 0 ? 0 : BITS.aggregate) | ((bits & TESTED) === 0 ? 0 : BITS.transform);
  return WAYS.flatMap(([way, bit]) => ((ways & bit) === 0 ? [] : [way]));
}

/** It takes part, and nothing of its value is left: only how many there are, or whether there is one. */
export function isHidden(ways: number): boolean {
  return (ways & (COUNTED | TESTED)) !== 0 && (ways & VALUES & ~COUNTED & ~TESTED) === 0;
}

export function mergeSources(sets: readonly Sources[]): Sources {
  const full = sets.filter(({ size }) => size > 0);
  if (full.length <= 1) return full[0] ?? NO_SOURCES;
  const merged = new Map<string, number>();
  for (const set of full) for (const [key, ways] of set) addSource(merged, key, ways);
  return merged;
}

export function addSource(into: Map<string, number>, key: string, ways: number): void {
  into.set(key, (into.get(key) ?? 0) | ways);
}

/** The same sources, their values computed from. */
export function computed(set: Sources, kind: "transform" | "aggregate"): Sources {
  const changed = kind === "transform" ? BITS.identity : DIRECT;
  return each(set, (ways) => {
    const direct = (ways & changed) === 0 ? ways : (ways & ~changed) | BITS[kind];
    const whole = kind === "aggregate" && (ways & TESTED) !== 0 ? (direct & ~TESTED) | COUNTED : direct;
    return kind === "aggregate" && (ways & BITS.case) !== 0 ? whole | CASE_AGGREGATED : whole;
  });
}

/** The same sources, of which only is left how many there are (`aggregate`), or whether there is one (`transform`). */
export function hidden(set: Sources, kind: "transform" | "aggregate"): Sources {
  return each(set, (ways) => ((ways & VALUES) === 0 ? ways : (ways & ~VALUES) | (kind === "aggregate" ? COUNTED : TESTED)));
}

/** The same sources: which of several values there is hangs on theirs. */
export function asking(set: Sources): Sources {
  return each(set, (ways) => {
    if ((ways & VALUES) === 0) return ways;
    return (ways & ~VALUES) | BITS.case | (kindOf(ways) === "aggregate" ? CASE_AGGREGATED : 0);
  });
}

/** The same sources, none of them as a value. */
export function deciding(set: Sources, way: ConditionWay): Sources {
  return each(set, (ways) => (ways & ~VALUES) | BITS[way]);
}

/** The field `name` of a value: where the value is passed on unchanged, the field of its source. */
export function fieldOf(set: Sources, name: string): Sources {
  const fields = new Map<string, number>();
  for (const [key, ways] of set) {
    if (kindOf(ways) !== "identity") addSource(fields, key, ways);
    else {
      addSource(fields, `${key}.${name}`, ways & VALUES);
      if ((ways & ~VALUES) !== 0) addSource(fields, key, ways & ~VALUES);
    }
  }
  return fields;
}

export function isSame(one: Sources, other: Sources): boolean {
  return one.size === other.size && [...one].every(([key, ways]) => other.get(key) === ways);
}

function each(set: Sources, change: (ways: number) => number): Sources {
  let changed: Map<string, number> | undefined;
  for (const [key, ways] of set) {
    const next = change(ways);
    if (next !== ways) changed = (changed ?? new Map(set)).set(key, next);
  }
  return changed ?? set;
}
