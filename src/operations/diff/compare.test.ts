// How two relations differ, held against a comparison row by row in JavaScript.
import { DuckDBInstance } from "@duckdb/node-api";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Session } from "../../sql/session.ts";
import { literal } from "../../sql/text.ts";
import { type Comparison, compareRelations, type Relation } from "./compare.ts";

let session: Session;
beforeAll(async () => {
  const instance = await DuckDBInstance.create(":memory:");
  session = new Session(await instance.connect());
});
afterAll(() => session.close());

interface Row {
  readonly id: number | null;
  readonly part: string;
  readonly a: number | null;
  readonly b: string | null;
}

const COLUMNS = [
  { name: "id", type: "INTEGER" },
  { name: "part", type: "VARCHAR" },
  { name: "a", type: "DOUBLE" },
  { name: "b", type: "VARCHAR" },
] as const;

async function relation(name: string, rows: readonly Row[]): Promise<Relation> {
  const values = rows.map(({ id, part, a, b }) => `(${id}, ${literal(part)}, ${a}, ${b === null ? "null" : literal(b)})`);
  await session.run(`create or replace table ${name} (${COLUMNS.map((column) => `${column.name} ${column.type}`).join(", ")})`);
  if (rows.length > 0) await session.run(`insert into ${name} values ${values.join(", ")}`);
  return { from: name, columns: COLUMNS };
}

/** Counted by hand: multisets of rows as text. */
function expectedRows(before: readonly Row[], after: readonly Row[]): { readonly added: number; readonly removed: number } {
  const counts = new Map<string, number>();
  for (const row of after) counts.set(JSON.stringify(row), (counts.get(JSON.stringify(row)) ?? 0) + 1);
  for (const row of before) counts.set(JSON.stringify(row), (counts.get(JSON.stringify(row)) ?? 0) - 1);
  const sum = (sign: 1 | -1): number => [...counts.values()].reduce((total, n) => total + Math.max(0, n * sign), 0);
  return { added: sum(1), removed: sum(-1) };
}

function expectedByKey(
  before: readonly Row[],
  after: readonly Row[],
): Comparison["rows"] & { readonly cells: Readonly<Record<string, number>> } {
  const keyOf = ({ id, part }: Row): string => JSON.stringify([id, part]);
  const [old, now] = [new Map(before.map((row) => [keyOf(row), row])), new Map(after.map((row) => [keyOf(row), row]))];
  const cells: Record<string, number> = {};
  let [changed, same] = [0, 0];
  for (const [key, row] of now) {
    const was = old.get(key);
    if (was === undefined) continue;
    const differing = (["a", "b"] as const).filter((name) => was[name] !== row[name]);
    for (const name of differing) cells[name] = (cells[name] ?? 0) + 1;
    if (differing.length > 0) changed++;
    else same++;
  }
  const missing = (from: ReadonlyMap<string, Row>, other: ReadonlyMap<string, Row>): number =>
    [...from.keys()].filter((key) => !other.has(key)).length;
  return { added: missing(now, old), removed: missing(old, now), changed, same, cells };
}

const row: fc.Arbitrary<Row> = fc.record({
  id: fc.option(fc.integer({ min: 0, max: 6 })),
  part: fc.constantFrom("x", "y"),
  a: fc.option(fc.constantFrom(0, 1, 2.5)),
  b: fc.option(fc.constantFrom("", "ä", "it's")),
});
const rows = fc.array(row, { maxLength: 10 });
const keyed = fc.uniqueArray(row, { maxLength: 10, selector: ({ id, part }) => JSON.stringify([id, part]) });

describe("two relations", () => {
  it("differ by key as counted by hand, NULLs in the key included", async () => {
    await fc.assert(
      fc.asyncProperty(keyed, keyed, async (old, now) => {
        const request = { before: await relation("old", old), after: await relation("now", now), key: ["id", "part"], samples: 100 };
        const found = await compareRelations(session, request);
        const { cells, ...counts } = expectedByKey(old, now);
        expect(found.rows).toEqual(counts);
        expect(Object.fromEntries(found.columns.map(({ column, changed }) => [column, changed]))).toEqual(cells);
        expect(found.isSame).toBe((counts.changed ?? 0) + counts.added + counts.removed === 0);
        expect(found.samples.changed).toHaveLength(counts.changed!);
        expect(found.samples.changed.flatMap(({ cells: own }) => own)).toHaveLength(Object.values(cells).reduce((sum, n) => sum + n, 0));
        expect([found.samples.added.length, found.samples.removed.length]).toEqual([counts.added, counts.removed]);
      }),
      { numRuns: 60, seed: 7 },
    );
  });

  it("differ without a key as their rows counted by hand, doubles included", async () => {
    await fc.assert(
      fc.asyncProperty(rows, rows, async (old, now) => {
        const request = { before: await relation("old", old), after: await relation("now", now), key: null, samples: 3 };
        const { added, removed } = expectedRows(old, now);
        const found = await compareRelations(session, request);
        expect([found.rows.added, found.rows.removed]).toEqual([added, removed]);
        expect(found.isSame).toBe(added + removed === 0);
        expect(found.by).toBe(added + removed === 0 ? "hash" : "rows");
      }),
      { numRuns: 60, seed: 7 },
    );
  });

  it("are counted row by row where the key is not unique, and that is said", async () => {
    const one = { id: 1, part: "x", a: 1, b: null };
    const found = await compareRelations(session, {
      before: await relation("old", [one, one]),
      after: await relation("now", [one]),
      key: ["id"],
      samples: 5,
    });
    expect(found).toMatchObject({ by: "rows", rows: { added: 0, removed: 1 }, notes: [expect.stringContaining("not unique")] });
  });

  it("of many rows are joined in those parts alone that differ", async () => {
    await session.run("create or replace table old as select i as id, i % 7 as v, i::varchar as w from range(300000) r(i)");
    await session.run(
      "create or replace table now as select id, case when id in (5, 250000) then -1 else v end as v, w from old where id <> 77",
    );
    await session.run("insert into now values (1000000, 1, 'new')");
    const columns = [
      { name: "id", type: "BIGINT" },
      { name: "v", type: "BIGINT" },
      { name: "w", type: "VARCHAR" },
    ];
    const found = await compareRelations(session, {
      before: { from: "old", columns },
      after: { from: "now", columns },
      key: ["id"],
      samples: 5,
    });
    expect(found).toMatchObject({
      by: "key",
      rows: { added: 1, removed: 1, changed: 2, same: 299_997 },
      columns: [{ column: "v", changed: 2 }],
    });
    expect(found.samples.changed.map(({ key }) => key["id"])).toEqual([5, 250000]);
  });

  it("of other types are compared by value, and the types are told", async () => {
    await session.run(
      "create or replace table old as select 1::integer as id, 2::decimal(18,2) as price, '2026-01-01'::date as day, 'x' as gone",
    );
    await session.run(
      "create or replace table now as select 1::bigint as id, 2.000::decimal(20,3) as price, '2026-01-01'::timestamp as day, 1 as come",
    );
    const of = (columns: Readonly<Record<string, string>>): Relation["columns"] =>
      Object.entries(columns).map(([name, type]) => ({ name, type }));
    const found = await compareRelations(session, {
      before: { from: "old", columns: of({ id: "INTEGER", price: "DECIMAL(18,2)", day: "DATE", gone: "VARCHAR" }) },
      after: { from: "now", columns: of({ id: "BIGINT", price: "DECIMAL(20,3)", day: "TIMESTAMP", come: "INTEGER" }) },
      key: ["id"],
      samples: 5,
    });
    expect(found).toMatchObject({
      isSame: false,
      by: "hash",
      rows: { added: 0, removed: 0, changed: 0, same: 1 },
      schema: {
        added: [{ name: "come" }],
        removed: [{ name: "gone" }],
        retyped: [{ name: "id" }, { name: "price" }, { name: "day" }],
        isReordered: false,
      },
    });
  });

  it("hold nested values, NaN and negative zero as DuckDB does", async () => {
    await session.run("create or replace table old as select 1 as id, [1, null] as l, {'a': 1} as s, 'nan'::double as n, 0.0::double as z");
    await session.run("create or replace table now as select 1 as id, [1, 2] as l, {'a': 1} as s, 'nan'::double as n, -0.0::double as z");
    const columns = [
      { name: "id", type: "INTEGER" },
      { name: "l", type: "INTEGER[]" },
      { name: "s", type: "STRUCT(a INTEGER)" },
      { name: "n", type: "DOUBLE" },
      { name: "z", type: "DOUBLE" },
    ];
    const found = await compareRelations(session, {
      before: { from: "old", columns },
      after: { from: "now", columns },
      key: ["id"],
      samples: 5,
    });
    expect(found.columns).toEqual([{ column: "l", changed: 1 }]);
    expect(found.samples.changed[0]!.cells).toEqual([{ column: "l", before: [1, null], after: [1, 2] }]);
  });
});
