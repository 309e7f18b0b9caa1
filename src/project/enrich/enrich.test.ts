// Models in YAML: the rows that lookups, matches and clusters make, held against what plain SQL or a few lines say.
import { DuckDBInstance, type DuckDBConnection } from "@duckdb/node-api";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import type { LookupSpec, MatchSpec } from "../../model/definitions/enrich.ts";
import { clusterSql } from "./cluster-sql.ts";
import { decisionsIn } from "./decisions.ts";
import { lookupSql } from "./lookup-sql.ts";
import { matchSql } from "./match-sql.ts";

let connection: DuckDBConnection;
beforeEach(async () => {
  connection = await (await DuckDBInstance.create(":memory:")).connect();
  await connection.run("create schema raw");
});

async function rows(sql: string): Promise<readonly unknown[]> {
  return (await connection.runAndReadAll(sql)).getRowObjectsJson();
}

describe("a lookup", () => {
  const spec: LookupSpec = { from: "raw.sales", in: "raw.zones", on: { zone: "id" }, columns: { "zone name": "name" }, found: "known" };
  beforeEach(() =>
    connection.run(`create table raw.sales as select * from (values (1, 10, date '2026-01-05'), (2, 99, date '2026-02-05'), (3, null, date '2026-03-05')) t(id, zone, day);
      create table raw.zones as select * from (values (10, 'north', date '2026-01-01', date '2026-01-31'), (11, 'south', date '2026-01-01', null)) t(id, name, valid_from, valid_to)`),
  );

  it("keeps every row once, and tells what was found", async () => {
    expect(await rows(`select id, "zone name", known from (${lookupSql(spec)}) order by id`)).toEqual([
      { id: 1, "zone name": "north", known: true },
      { id: 2, "zone name": null, known: false },
      { id: 3, "zone name": null, known: false },
    ]);
    const filled = lookupSql({ ...spec, defaults: { "zone name": "it's unknown" } });
    expect(await rows(`select "zone name" as z from (${filled}) order by id`)).toEqual([
      { z: "north" },
      { z: "it's unknown" },
      { z: "it's unknown" },
    ]);
  });

  it("is an error where the reference has the key twice, and never doubles a row", async () => {
    await connection.run("insert into raw.zones values (11, 'again', date '2026-01-01', null)");
    expect(await rows(`select count(*)::integer as n from (${lookupSql(spec)})`)).toEqual([{ n: 3 }]);
    await connection.run("insert into raw.sales values (4, 11, date '2026-01-01')");
    await expect(rows(lookupSql(spec))).rejects.toThrow("raw.zones has a key twice: 11");
  });

  it("takes the row that was valid then", async () => {
    await connection.run(
      "insert into raw.zones values (10, 'new north', date '2026-02-01', null); insert into raw.sales values (5, 10, date '2026-02-01'), (6, 10, date '2025-12-31'), (7, 10, date '2026-01-31')",
    );
    expect(await rows(`select id, "zone name" as z from (${lookupSql({ ...spec, validAt: "day" })}) where zone = 10 order by id`)).toEqual([
      { id: 1, z: "north" },
      { id: 5, z: "new north" },
      { id: 6, z: null },
      { id: 7, z: null },
    ]);
  });
});

describe("a match", () => {
  const spec: MatchSpec = {
    left: "raw.people",
    id: "id",
    block: ["left(lower(name), 1)", "born"],
    compare: [
      { column: "name", weight: 2 },
      { column: "born", by: "exact" },
    ],
    threshold: 0.9,
    review: 0.6,
  };
  beforeEach(() =>
    connection.run(
      `create table raw.people as select * from (values ('a', 'Anna Maria', '1990'), ('b', 'anna  maría', '1990'), ('c', 'Anna Mario', '1991'), ('d', 'Zoe', '1990'), ('e', null, null)) t(id, name, born)`,
    ),
  );
  const found = (decisions: Parameters<typeof matchSql>[1] = [], given: MatchSpec = spec): Promise<readonly unknown[]> =>
    rows(`select left_id || right_id as pair, status, decided from (${matchSql(given, decisions)}) order by pair`);

  it("finds each pair once, by letters without case and accents, and leaves the doubtful to a person", async () => {
    expect(await found()).toEqual([
      { pair: "ab", status: "match", decided: false },
      { pair: "ac", status: "review", decided: false },
      { pair: "bc", status: "review", decided: false },
    ]);
  });

  it("holds to what was decided, whatever the score", async () => {
    const decisions = decisionsIn("left,right,decision\na,b,distinct\na,c,distinct\na,c,match\nd,e,match\n", "reviews/x.csv");
    expect(await found(decisions)).toEqual([
      { pair: "ac", status: "match", decided: true },
      { pair: "bc", status: "review", decided: false },
      { pair: "de", status: "match", decided: true },
    ]);
    expect(() => decisionsIn("left,right,decision\na,b,maybe\n", "reviews/x.csv")).toThrow("reviews/x.csv");
  });

  it("of two assets gives each record at most one partner where that is asked", async () => {
    await connection.run(
      "create table raw.others as select * from (values ('x', 'Anna Maria', '1990'), ('y', 'Anna Marie', '1990')) t(id, name, born)",
    );
    const pairs = (await found([], { ...spec, right: "raw.others", oneToOne: true, review: 0.9 })) as readonly { pair: string }[];
    expect(pairs.map(({ pair }) => pair)).toEqual(["ax"]);
  });

  it("sees prepared columns in place of those of the same name", async () => {
    const prepare = { born: "right(born, 1)", letter: "left(lower(name), 1)" };
    const pairs = await found([], {
      ...spec,
      prepare,
      block: ["letter"],
      compare: [{ column: "born", by: "exact" }],
      review: 1,
      threshold: 1,
    });
    expect(pairs).toEqual([{ pair: "ab", status: "match", decided: false }]);
  });

  it("compares numbers, days, words and letters", async () => {
    await connection.run(
      "create table raw.n as select * from (values (1, 10, date '2026-01-01', 'Main Street 5'), (2, 12, date '2026-01-03', '5, main street')) t(id, n, d, w)",
    );
    const by = { left: "raw.n", id: "id", block: ["1"], threshold: 0, evidence: 0 };
    const compare = [
      { column: "n", by: "number", scale: 4 },
      { column: "d", by: "days", scale: 10 },
      { column: "w", by: "words" },
      { sql: "case when l.n < r.n then 1 else 0 end" },
    ] as const;
    expect(await rows(matchSql({ ...by, compare: [...compare] }, []))).toMatchObject([{ similarities: [0.5, 0.8, 1, 1], score: 0.825 }]);
  });
});

describe("a cluster", () => {
  it("joins records over any number of matches: the same groups as union-find", async () => {
    const edge = fc.tuple(fc.integer({ min: 0, max: 14 }), fc.integer({ min: 0, max: 14 })).filter(([a, b]) => a !== b);
    await fc.assert(
      fc.asyncProperty(fc.array(edge, { maxLength: 20 }), async (edges) => {
        const values = edges.map(([a, b]) => `(${Math.min(a, b)}, ${Math.max(a, b)}, 'match')`);
        await connection.run(`create or replace table raw.records as select range as id from range(15);
          create or replace table raw.pairs (left_id varchar, right_id varchar, status varchar); insert into raw.pairs values ('0', '1', 'review')${values.map((value) => `, ${value}`).join("")}`);
        const parent = Array.from({ length: 15 }, (_, index) => index);
        const root = (node: number): number => (parent[node] === node ? node : root(parent[node]!));
        for (const [a, b] of edges) parent[root(a)] = root(b);
        const groups = groupsOf(parent.map((_, node) => root(node)));
        const answer = (await rows(
          `select list(id order by id)::varchar as ids from (${clusterSql({ pairs: "raw.pairs", of: "raw.records", id: "id" })}) group by entity order by ids`,
        )) as readonly { ids: string }[];
        expect(answer.map(({ ids }) => ids).toSorted()).toEqual(groups.map((ids) => `[${ids.join(", ")}]`).toSorted());
      }),
      { numRuns: 40 },
    );
  });
});

function groupsOf(roots: readonly number[]): readonly (readonly number[])[] {
  const groups = new Map<number, number[]>();
  for (const [node, root] of roots.entries()) groups.set(root, [...(groups.get(root) ?? []), node]);
  return [...groups.values()];
}
