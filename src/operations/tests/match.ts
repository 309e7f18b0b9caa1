// Which expected row is which row of the result. Pure.
//   C1. A row that leaves columns out fits any row that has its cells; rows are put together so that as many as possible find one, whatever their order.
//   C2. Numbers are equal exactly, or within the column's tolerance where the test says one.
//   C3. What is left over is put together by likeness, for people to read.
import type { JsonValue } from "../../model/answers.ts";

/** Cells by the position of their column. Of an expected row only those that it says. */
export type Cells = ReadonlyMap<number, JsonValue>;

export interface MatchInput {
  readonly expected: readonly Cells[];
  readonly actual: readonly (readonly JsonValue[])[];
  /** By position of the column; 0 where values are compared exactly. */
  readonly tolerances: ReadonlyMap<number, number>;
  /** Columns that tell rows apart, if the model says such. */
  readonly keys: readonly number[];
  readonly ordered: boolean;
}

export interface Matched {
  /** Per expected row the row that it fits. */
  readonly pairs: ReadonlyMap<number, number>;
  /** Rows left over that are like each other: expected, actual. */
  readonly alike: readonly (readonly [number, number])[];
  readonly missing: readonly number[];
  readonly unexpected: readonly number[];
  /** All rows fit, and stand in another order: the first expected row that is not at its place. */
  readonly misplaced: { readonly expected: number; readonly actual: number } | null;
}

/** Leftover rows beyond these are not compared with each other. */
const ALIKE_MAX = 400;

export function matchRows(input: MatchInput): Matched {
  const candidates = candidatesOf(input);
  const pairs = assign(candidates, input);
  const missing = [...input.expected.keys()].filter((row) => !pairs.has(row));
  const taken = new Set(pairs.values());
  const unexpected = [...input.actual.keys()].filter((row) => !taken.has(row));
  const left = { missing, unexpected };
  const alike = likeness(input, left);
  const [likeExpected, likeActual] = [new Set(alike.map(([row]) => row)), new Set(alike.map(([, row]) => row))];
  const isComplete = left.missing.length === 0 && left.unexpected.length === 0;
  return {
    pairs,
    alike,
    missing: left.missing.filter((row) => !likeExpected.has(row)),
    unexpected: left.unexpected.filter((row) => !likeActual.has(row)),
    misplaced: input.ordered && isComplete ? firstMisplaced(candidates, pairs) : null,
  };
}

/** In order every row fits the one at its own place; which of several equal ones it was given does not matter. */
function firstMisplaced(candidates: Candidates, pairs: ReadonlyMap<number, number>): Matched["misplaced"] {
  for (const expected of [...pairs.keys()].toSorted((a, b) => a - b))
    if (!candidates(expected).includes(expected)) return { expected, actual: pairs.get(expected)! };
  return null;
}

type Candidates = (expected: number) => readonly number[];

/** The rows that an expected row fits, found by the hash of its exact cells. */
function candidatesOf({ expected, actual, tolerances }: MatchInput): Candidates {
  const indexes = new Map<string, ReadonlyMap<string, readonly number[]>>();
  const known = new Map<number, readonly number[]>();
  return (row) => {
    const found = known.get(row);
    if (found !== undefined) return found;
    const cells = expected[row]!;
    const exact = [...cells.keys()].filter((column) => !tolerances.has(column)).toSorted((a, b) => a - b);
    const signature = exact.join();
    let index = indexes.get(signature);
    if (index === undefined) indexes.set(signature, (index = indexBy(actual, exact)));
    const hash = JSON.stringify(exact.map((column) => canonical(cells.get(column)!)));
    const same = index.get(hash) ?? [];
    const near = [...cells].filter(([column]) => tolerances.has(column));
    const isNear = (at: number): boolean => near.every(([column, value]) => isEqual(value, actual[at]![column]!, tolerances.get(column)!));
    const fitting = near.length === 0 ? same : same.filter(isNear);
    known.set(row, fitting);
    return fitting;
  };
}

function indexBy(rows: readonly (readonly JsonValue[])[], columns: readonly number[]): ReadonlyMap<string, readonly number[]> {
  const index = new Map<string, number[]>();
  for (const [at, row] of rows.entries()) {
    const hash = JSON.stringify(columns.map((column) => canonical(row[column]!)));
    const list = index.get(hash);
    if (list === undefined) index.set(hash, [at]);
    else list.push(at);
  }
  return index;
}

/** C1: each row that finds none takes one from a row that can take another (augmenting paths). */
function assign(candidates: Candidates, { expected, ordered }: MatchInput): ReadonlyMap<number, number> {
  const byActual = new Map<number, number>();
  const pairs = new Map<number, number>();
  const take = (row: number, actual: number): void => {
    byActual.set(actual, row);
    pairs.set(row, actual);
  };
  // Its own place first, where order counts: equal rows then stand where they belong.
  if (ordered) for (const row of expected.keys()) if (candidates(row).includes(row)) take(row, row);
  const cursors = new Map<readonly number[], number>();
  const rest: number[] = [];
  for (const row of expected.keys()) {
    if (pairs.has(row)) continue;
    const list = candidates(row);
    let at = cursors.get(list) ?? 0;
    while (at < list.length && byActual.has(list[at]!)) at++;
    cursors.set(list, at);
    if (at < list.length) take(row, list[at]!);
    else if (list.length > 0) rest.push(row);
  }
  for (const start of rest) augment(start, candidates, byActual, take);
  return pairs;
}

function augment(
  start: number,
  candidates: Candidates,
  byActual: ReadonlyMap<number, number>,
  take: (row: number, actual: number) => void,
): void {
  const from = new Map<number, number>();
  const queue = [start];
  for (let row = queue.shift(); row !== undefined; row = queue.shift()) {
    for (const actual of candidates(row)) {
      if (from.has(actual)) continue;
      from.set(actual, row);
      const holder = byActual.get(actual);
      if (holder !== undefined) {
        queue.push(holder);
        continue;
      }
      // Back along the path: each row takes the one that it reached.
      const before = new Map([...byActual].map(([held, by]) => [by, held]));
      for (let free: number | undefined = actual; free !== undefined;) {
        const by: number = from.get(free)!;
        const next: number | undefined = by === start ? undefined : before.get(by);
        take(by, free);
        free = next;
      }
      return;
    }
  }
}

/** C3: keys count most, then the share of equal cells; rows that share nothing stay apart. */
function likeness(
  { expected, actual, tolerances, keys }: MatchInput,
  { missing, unexpected }: { readonly missing: readonly number[]; readonly unexpected: readonly number[] },
): readonly (readonly [number, number])[] {
  const scores: { readonly score: number; readonly expected: number; readonly actual: number }[] = [];
  for (const one of missing.slice(0, ALIKE_MAX))
    for (const other of unexpected.slice(0, ALIKE_MAX)) {
      const cells = [...expected[one]!];
      const equal = cells
        .filter(([column, value]) => isEqual(value, actual[other]![column]!, tolerances.get(column) ?? 0))
        .map(([column]) => column);
      const said = keys.filter((column) => expected[one]!.has(column));
      const isSameKey = said.length > 0 && said.every((column) => equal.includes(column));
      const score = (isSameKey ? 1_000 : 0) + equal.length / cells.length;
      // A single column that differs is still the same row where nothing else could tell.
      if (equal.length > 0 || (missing.length === 1 && unexpected.length === 1)) scores.push({ score, expected: one, actual: other });
    }
  const pairs: (readonly [number, number])[] = [];
  const [usedExpected, usedActual] = [new Set<number>(), new Set<number>()];
  for (const { expected: one, actual: other } of scores.toSorted(
    (a, b) => b.score - a.score || a.expected - b.expected || a.actual - b.actual,
  )) {
    if (usedExpected.has(one) || usedActual.has(other)) continue;
    usedExpected.add(one);
    usedActual.add(other);
    pairs.push([one, other]);
  }
  return pairs.toSorted(([a], [b]) => a - b);
}

/** Are two values the same, numbers within a tolerance? Inside lists and structs too. */
export function isEqual(expected: JsonValue, actual: JsonValue, tolerance: number): boolean {
  if (tolerance === 0) return JSON.stringify(canonical(expected)) === JSON.stringify(canonical(actual));
  if (Array.isArray(expected) && Array.isArray(actual))
    return (
      expected.length === actual.length &&
      expected.every((item, index) => isEqual(item as JsonValue, actual[index] as JsonValue, tolerance))
    );
  const [left, right] = [numberOf(expected), numberOf(actual)];
  if (left === undefined || right === undefined) return isEqual(expected, actual, 0);
  return left === right || Math.abs(left - right) <= tolerance;
}

function numberOf(value: JsonValue): number | undefined {
  if (typeof value === "number") return value;
  return typeof value === "string" && /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value) ? Number(value) : undefined;
}

/** Negative zero is zero; fields of a map in any order are the same map. */
function canonical(value: JsonValue): JsonValue {
  if (typeof value !== "object" || value === null) return value === 0 ? 0 : value;
  if (Array.isArray(value)) return (value as readonly JsonValue[]).map(canonical);
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, each]) => [key, canonical(each)] as const)
      .toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)),
  );
}
