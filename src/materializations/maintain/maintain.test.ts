// Aggregates kept by what changed: which queries have groups, that only theirs are written, and that random histories end where a full build does.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { auditWith } from "../../load/audit.ts";
import type { BuildResult } from "../../load/build-port.ts";
import type { Delivery } from "../../load/connector.ts";
import { page, request, textFile } from "../../load/deliveries.suite.ts";
import { load } from "../../load/load.ts";
import { modelSpec } from "../../model/definitions/model.ts";
import type { ModelNode } from "../../model/graph.ts";
import { readInputs, readLive } from "../../sql/ledger/publish.ts";
import { openWarehouse, type Warehouse } from "../../sql/warehouse.ts";
import { buildModel } from "../index.ts";
import { explainMaintained } from "./maintain.ts";

const NEEDS = ["raw.merged", "raw.full", "raw.files", "raw.rates"];

/** Maintained, and by which columns. */
const MAINTAINED: Readonly<Record<string, readonly [sql: string, by: string]>> = {
  plain: [
    "select region, count(*) as n, sum(amount) as total, count(distinct id) as ids, max(amount) filter (where id > 3) as high from raw.merged group by region",
    "region",
  ],
  computed: [
    "select id % 3 as part, region, sum(amount) as total from raw.files where amount > 0 group by all having count(*) > 1 order by total; -- end",
    "part, region",
  ],
  nested: [
    "with sums as (select region, id, sum(amount) as s from raw.full group by 1, 2) select s as total, id, region as area from sums where s > 3",
    "area, id",
  ],
  joined: [
    "select m.region, max(r.rate * m.amount) as worth from raw.merged m left join raw.rates r on r.region = m.region group by m.region",
    "region",
  ],
  distinct: ["select distinct region, id from raw.full", "region, id"],
};
/** Built in full, and why. */
const FULL: Readonly<Record<string, readonly [sql: string, why: string]>> = {
  window: ["select region, rank() over (order by sum(amount) desc, region) as place from raw.merged group by region", "window functions"],
  all: ["select count(*) as n, sum(amount) as total from raw.files", "one row of all rows: no groups"],
  sets: ["select region, id, count(*) as n from raw.full group by rollup (region, id)", "grouping sets"],
  limited: ["select region, sum(amount) as total from raw.full group by region order by all limit 2", "a limit"],
  ungrouped: ["select region, amount from raw.merged", "it does not group its rows"],
  hidden: ["select sum(amount) as total from raw.merged group by region", "a column that it groups by is not in its result"],
};

describe("incremental: { mode: maintain }", () => {
  let folder: string;
  let worlds = 0;
  let runs = 0;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "millrace-maintain-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  interface Row {
    readonly id: number | null;
    readonly region: string | null;
    readonly amount: number | null;
  }

  async function take(warehouse: Warehouse, asset: string, deliveries: readonly Delivery[], spec: object): Promise<void> {
    const columns = { id: { type: "bigint" }, region: { type: "text" }, amount: { type: "bigint" } };
    const own = asset === "raw.rates" ? { region: { type: "text" }, rate: { type: "bigint" } } : columns;
    await load(warehouse, request(folder, { asset, deliveries, run: `l${++runs}`, spec: { columns: own, ...spec } as object }));
  }
  const merge = (warehouse: Warehouse, rows: readonly Row[]): Promise<void> =>
    take(
      warehouse,
      "raw.merged",
      [
        page(
          `p${++runs}`,
          rows.map((row) => ({ ...row })),
        ),
      ],
      { load: "merge", primaryKey: ["id"] },
    );
  const replace = (warehouse: Warehouse, rows: readonly Row[]): Promise<void> =>
    take(
      warehouse,
      "raw.full",
      [
        page(
          `p${++runs}`,
          rows.map((row) => ({ ...row })),
        ),
      ],
      { load: "replace", contract: { emptyDelivery: "accept" } },
    );
  const file = (warehouse: Warehouse, number: number, rows: readonly Row[]): Promise<void> => {
    const lines = rows.map(({ id, region, amount }) => [id, region, amount].map((cell) => cell ?? "").join(","));
    return take(warehouse, "raw.files", [textFile(`f${number}.csv`, `id,region,amount\n${lines.join("\n")}\n`)], {
      load: "append",
      changedFile: "replace",
    });
  };
  const rates = (warehouse: Warehouse, list: readonly number[]): Promise<void> =>
    take(
      warehouse,
      "raw.rates",
      [
        page(
          `p${++runs}`,
          list.map((rate, index) => ({ region: ["n", "s", "w"][index]!, rate })),
        ),
      ],
      { load: "replace" },
    );

  async function asked(warehouse: Warehouse, asset: string, sql: string) {
    const spec = modelSpec.parse({ materialize: "incremental", incremental: { mode: "maintain" } });
    const common = {
      file: `models/${asset}.sql`,
      description: undefined,
      tags: [],
      owner: undefined,
      retry: undefined,
      timeout: undefined,
    };
    const node: ModelNode = {
      ...common,
      id: asset,
      kind: "model",
      spec,
      sql,
      sqlOffset: 0,
      text: sql,
      checks: [],
      codeHash: `code of ${sql}`,
    };
    const needs = NEEDS.filter((need) => sql.includes(need));
    const build = {
      warehouse,
      token: { run: `r${++runs}`, node: asset, attempt: 1 },
      codeHash: node.codeHash,
      inputs: await warehouse.session((session) => readInputs(session, needs)),
      checks: [],
      audit: auditWith([]),
      fullRefresh: false,
      signal: new AbortController().signal,
      parameters: { now: new Date("2026-06-01T00:00:00Z"), param: {} },
    };
    return { node, build, spec };
  }
  async function build(warehouse: Warehouse, asset: string, sql: string): Promise<BuildResult> {
    const { node, build: given } = await asked(warehouse, asset, sql);
    return buildModel(node, given);
  }
  async function explain(warehouse: Warehouse, asset: string, sql: string): Promise<string> {
    const { node, build: given, spec } = await asked(warehouse, asset, sql);
    return warehouse.session(async (session) => explainMaintained(session, { ...given, spec, unit: node }, await readLive(session)));
  }
  async function differences(warehouse: Warehouse, asset: string, sql: string): Promise<unknown> {
    const text = sql.replace(/;.*$/, "");
    return warehouse.session((session) =>
      session.row(`select (select to_json(list(x)) from (select * from ${asset} except all (${text})) x) as more,
        (select to_json(list(x)) from ((${text}) except all select * from ${asset}) x) as less`),
    );
  }
  async function world(): Promise<Warehouse> {
    const warehouse = await openWarehouse({ path: join(folder, `w${++worlds}.duckdb`), threads: 2 });
    const first = [
      { id: 1, region: "n", amount: 10 },
      { id: 2, region: "s", amount: 20 },
      { id: 4, region: null, amount: 5 },
      { id: null, region: "w", amount: null },
    ];
    await merge(warehouse, first);
    await replace(warehouse, first);
    await file(warehouse, 1, first);
    await rates(warehouse, [1, 2, 3]);
    return warehouse;
  }

  it("says by what it maintains, or why everything is built", async () => {
    const warehouse = await world();
    try {
      for (const [name, [sql, by]] of Object.entries(MAINTAINED)) {
        expect(await explain(warehouse, `final.${name}`, sql)).toBe("full: never built; all of it");
        expect((await build(warehouse, `final.${name}`, sql)).notes).toContain(`maintained by ${by}`);
        expect(await explain(warehouse, `final.${name}`, sql)).toBe(`maintained by ${by}: nothing that it reads changed`);
      }
      for (const [name, [sql, why]] of Object.entries(FULL)) {
        expect(await explain(warehouse, `final.${name}`, sql)).toBe(`full: ${why}`);
        expect((await build(warehouse, `final.${name}`, sql)).notes).toEqual([`full: ${why}`]);
      }
    } finally {
      warehouse.close();
    }
  });

  it("writes only the groups whose rows changed", async () => {
    const warehouse = await world();
    try {
      const [sql] = MAINTAINED["plain"]!;
      await build(warehouse, "final.plain", sql);
      const loads = () =>
        warehouse.session((session) =>
          session.rows<{ region: string; l: string }>("select region, _load as l from _millrace.rows('final.plain') order by region"),
        );
      const before = await loads();
      await merge(warehouse, [{ id: 2, region: "s", amount: 21 }]);
      expect(await explain(warehouse, "final.plain", sql)).toBe(
        "maintained by region: rows whose region is among those that changed in raw.merged",
      );
      await build(warehouse, "final.plain", sql);
      const after = await loads();
      expect(after.filter(({ l }, index) => l !== before[index]!.l).map(({ region }) => region)).toEqual(expect.arrayContaining(["s"]));
      expect(after.find(({ region }) => region === "n")).toEqual(before.find(({ region }) => region === "n"));
      expect(await differences(warehouse, "final.plain", sql)).toEqual({ more: null, less: null });
    } finally {
      warehouse.close();
    }
  });

  const row: fc.Arbitrary<Row> = fc.record({
    id: fc.option(fc.integer({ min: 1, max: 9 }), { freq: 10 }),
    region: fc.option(fc.constantFrom("n", "s", "w"), { freq: 6 }),
    amount: fc.option(fc.integer({ min: -5, max: 30 }), { freq: 6 }),
  });
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("merged" as const), rows: fc.array(row, { minLength: 1, maxLength: 4 }) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("full" as const), rows: fc.array(row, { minLength: 1, maxLength: 6 }) }) },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant("file" as const),
        number: fc.integer({ min: 1, max: 3 }),
        rows: fc.array(row, { minLength: 1, maxLength: 4 }),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant("rates" as const),
        rates: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 3, maxLength: 3 }),
      }),
    },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("build" as const), some: fc.subarray(Object.keys(MAINTAINED)) }) },
  );

  it("ends where a full build does, whatever was merged, replaced or taken away", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 10 }), async (steps) => {
        const warehouse = await world();
        try {
          for (const given of steps) {
            if (given.kind === "merged") await merge(warehouse, given.rows);
            else if (given.kind === "full") await replace(warehouse, given.rows);
            else if (given.kind === "file") await file(warehouse, given.number, given.rows);
            else if (given.kind === "rates") await rates(warehouse, given.rates);
            else for (const name of given.some) await build(warehouse, `final.${name}`, MAINTAINED[name]![0]);
          }
          for (const [name, [sql]] of Object.entries(MAINTAINED)) {
            await build(warehouse, `final.${name}`, sql);
            expect({ name, ...((await differences(warehouse, `final.${name}`, sql)) as object) }).toEqual({ name, more: null, less: null });
          }
        } finally {
          warehouse.close();
        }
      }),
      { numRuns: Number(process.env["MAINTAIN_RUNS"] ?? 3), seed: Number(process.env["MAINTAIN_SEED"] ?? 11) },
    );
  }, 120_000);
});
