// The matching of expected and actual rows against one that tries every way.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { JsonValue } from "../../model/answers.ts";
import { type Cells, isEqual, matchRows, type MatchInput } from "./match.ts";

const cells = (row: Readonly<Record<number, JsonValue>>): Cells => new Map(Object.entries(row).map(([at, value]) => [Number(at), value]));

function match(input: Partial<MatchInput> & Pick<MatchInput, "expected" | "actual">) {
  return matchRows({ tolerances: new Map(), keys: [], ordered: false, ...input });
}

/** The most expected rows that can have a row of their own, by trying every way. */
function most(expected: readonly Cells[], actual: readonly (readonly JsonValue[])[]): number {
  const best = (row: number, taken: ReadonlySet<number>): number => {
    if (row === expected.length) return 0;
    let found = best(row + 1, taken);
    for (const [at, values] of actual.entries())
      if (!taken.has(at) && [...expected[row]!].every(([column, value]) => values[column] === value))
        found = Math.max(found, 1 + best(row + 1, new Set([...taken, at])));
    return found;
  };
  return best(0, new Set());
}

describe("rows are put together", () => {
  it("so that as many expected rows as possible find one, whichever columns they leave out", () => {
    const value = fc.integer({ min: 0, max: 2 });
    const actual = fc.array(fc.tuple(value, value, value), { maxLength: 5 });
    const expected = fc.array(
      fc.record({ 0: value, 1: value, 2: value }, { requiredKeys: [] }).filter((row) => Object.keys(row).length > 0),
      { maxLength: 5 },
    );
    fc.assert(
      fc.property(expected, actual, fc.boolean(), (rows, table, ordered) => {
        const wanted = rows.map(cells);
        const { pairs, alike, missing, unexpected } = match({ expected: wanted, actual: table, ordered });
        expect(pairs.size).toBe(most(wanted, table));
        expect(new Set(pairs.values()).size).toBe(pairs.size);
        for (const [row, at] of pairs) for (const [column, each] of wanted[row]!) expect(table[at]![column]).toBe(each);
        // Every row is told of exactly once.
        expect([...pairs.keys(), ...alike.map(([row]) => row), ...missing].toSorted((a, b) => a - b)).toEqual([...rows.keys()]);
        expect([...pairs.values(), ...alike.map(([, at]) => at), ...unexpected].toSorted((a, b) => a - b)).toEqual([...table.keys()]);
      }),
      { numRuns: 500, seed: 8901 },
    );
  });

  it("a row that only one row fits gets it, although a row before it fits that one too", () => {
    const actual = [
      [1, 5],
      [1, 7],
    ];
    expect([...match({ expected: [cells({ 0: 1 }), cells({ 0: 1, 1: 5 })], actual }).pairs]).toEqual([
      [0, 1],
      [1, 0],
    ]);
  });

  it("thousands of equal rows are matched at once", () => {
    const rows = Array.from({ length: 5_000 }, () => [1, "a"]);
    const { pairs } = match({ expected: rows.map((row) => cells(row as unknown as Record<number, JsonValue>)), actual: rows });
    expect(pairs.size).toBe(5_000);
  });

  it("what is left over goes with the row of the same key, then with the most alike", () => {
    const actual = [
      [2, "b", 20],
      [1, "x", 11],
    ];
    const expected = [cells({ 0: 1, 1: "b", 2: 20 }), cells({ 0: 2, 1: "c", 2: 21 })];
    expect(match({ expected, actual, keys: [0] }).alike).toEqual([
      [0, 1],
      [1, 0],
    ]);
    expect(match({ expected, actual }).alike).toEqual([[0, 0]]);
  });

  it("order counts only when it is asked for; rows that are equal are in order whichever of them is meant", () => {
    const actual = [[1], [2], [1]];
    const expected = [cells({ 0: 1 }), cells({ 0: 1 }), cells({ 0: 2 })];
    expect(match({ expected, actual }).misplaced).toBeNull();
    expect(match({ expected, actual, ordered: true }).misplaced).toEqual({ expected: 1, actual: 2 });
    expect(match({ expected: actual.map(([value]) => cells({ 0: value! })), actual, ordered: true }).misplaced).toBeNull();
  });
});

describe("values are the same", () => {
  it("exactly, but for negative zero and the order of a map's keys", () => {
    expect(isEqual(0.1 + 0.2, 0.3, 0)).toBe(false);
    expect(isEqual(0, -0, 0)).toBe(true);
    expect(isEqual({ a: 1, b: [2] }, { b: [2], a: 1 }, 0)).toBe(true);
    expect(isEqual("1", 1, 0)).toBe(false);
    expect(isEqual("100.00", "100.0", 0)).toBe(false);
  });

  it("within a tolerance where there is one, decimals and lists too", () => {
    expect(isEqual(0.1 + 0.2, 0.3, 1e-9)).toBe(true);
    expect(isEqual("1.00", "1.01", 0.02)).toBe(true);
    expect(isEqual([1, 2], [1, 2.001], 0.01)).toBe(true);
    expect(isEqual("NaN", "NaN", 0.1)).toBe(true);
    expect(isEqual(null, 0, 1)).toBe(false);
  });
});
