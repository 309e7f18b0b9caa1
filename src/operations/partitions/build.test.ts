// Partitions of tables: built one by one they are what one build of the whole gives; only their own rows are replaced; exactly once; checks first.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { compileChecks } from "../../checks/compile.ts";
import { auditWith } from "../../load/audit.ts";
import type { BuildResult } from "../../load/build-port.ts";
import { buildModel } from "../../materializations/index.ts";
import type { CheckEntry } from "../../model/definitions/check.ts";
import { modelSpec } from "../../model/definitions/model.ts";
import { partitionSpec } from "../../model/definitions/partition.ts";
import type { ModelNode } from "../../model/graph.ts";
import { partitioningOf } from "../../model/partition.ts";
import { partsIn, sliceOf, type Space, spaceOf } from "../../plan/partitions/space.ts";
import { readPartitions } from "../../sql/ledger/partitions.ts";
import { openWarehouse, type Warehouse } from "../../sql/warehouse.ts";
import { partitionPart, partitionRequest } from "./parts.ts";

const NOW = Date.parse("2026-11-21T08:00:00Z");
const FRONT = "/*---\nmaterialize: table\n---*/\n";

describe("partitions of a table", () => {
  let folder: string;
  let warehouse: Warehouse;
  let runs = 0;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "millrace-partitions-"));
    warehouse = await openWarehouse({ path: join(folder, "w.duckdb") });
    await run(`create schema raw; create table raw.sales as
      select i as id, timestamp '2026-10-20' + interval (i * 37) minute as sold, ['north', 'south', 'o''east'][i % 3 + 1] as region, i % 7 as amount
      from range(1200) r(i)`);
  });
  afterEach(() => {
    warehouse.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const run = (sql: string): Promise<number> => warehouse.session((session) => session.run(sql));
  const rows = <Row>(sql: string): Promise<Row[]> => warehouse.session((session) => session.rows<Row>(sql));
  const dump = (sql: string): Promise<unknown[]> => rows(`select * from (${sql}) order by all`);

  interface Given {
    readonly space: Space;
    readonly keys: string;
    readonly sql: string;
    readonly inputs?: Readonly<Record<string, string>>;
    readonly checks?: readonly CheckEntry[];
    readonly attempt?: number;
    readonly run?: string;
    readonly asset?: string;
    readonly codeHash?: string;
  }
  async function build(given: Given): Promise<BuildResult> {
    const { space, sql, asset = "clean.sales", inputs = {} } = given;
    const node: ModelNode = {
      id: asset,
      file: `models/${asset}.sql`,
      description: undefined,
      tags: [],
      owner: undefined,
      retry: undefined,
      timeout: undefined,
      kind: "model",
      spec: modelSpec.parse({ materialize: "table" }),
      sql,
      sqlOffset: FRONT.length,
      text: FRONT + sql,
      checks: [],
      codeHash: given.codeHash ?? sql,
    };
    const { checks } = compileChecks(given.checks ?? [], { asset, file: node.file });
    const parts = [...partsIn(space, sliceOf(space, given.keys, NOW))].map((each) => partitionPart(space, each, inputs));
    const partition = partitionRequest(parts);
    return buildModel(node, {
      warehouse,
      token: { run: given.run ?? `r_${++runs}`, node: `${asset}[${partition.name}]`, attempt: given.attempt ?? 1 },
      codeHash: node.codeHash,
      inputs: {},
      checks,
      audit: auditWith(checks),
      fullRefresh: false,
      signal: new AbortController().signal,
      parameters: { now: new Date(NOW), param: {} },
      partition,
    });
  }
  const spaceWith = (spec: unknown): Space =>
    spaceOf("clean.sales", partitioningOf(partitionSpec.parse(spec)), {
      ticks: () => ({ after: () => null, at: () => null }),
      found: () => [],
    });
  const days = spaceWith({ by: "day", column: "sold", start: "2026-10-20" });
  const BY_INTERVAL = "select id, sold, region, amount * 2 as twice from raw.sales where sold >= $start and sold < $end";

  it("built one by one in any order are what one query over all gives", async () => {
    const keys = [...partsIn(days, sliceOf(days, "2026-10-20..2026-11-21", NOW))].map((each) => partitionPart(days, each, {}).key);
    for (const key of keys.toSorted((a, b) => (a.slice(-1) < b.slice(-1) ? -1 : 1)))
      await build({ space: days, keys: key, sql: BY_INTERVAL });
    expect(await dump("from clean.sales")).toEqual(await dump("select id, sold, region, amount * 2 as twice from raw.sales"));
    const ledger = await warehouse.session((session) => readPartitions(session, "clean.sales"));
    const counted = await rows<{ day: string; n: number }>(
      "select strftime(sold, '%Y-%m-%d') as day, count(*) as n from raw.sales group by 1",
    );
    for (const { day, n } of counted) expect(ledger.get(day)!.rows, day).toBe(n);
    expect(ledger.size).toBe(33);
    expect(await rows(`select "rows" from _millrace.versions where asset = 'clean.sales'`)).toEqual([{ rows: 1200 }]);
    await run("checkpoint");
  });

  it("built by batches, by dimensions, in a zone with a day of 25 hours, and by a month are the same", async () => {
    const all = await dump("select id, sold, region, amount * 2 as twice from raw.sales");
    const york = spaceWith({ by: "day", column: "sold", timezone: "America/New_York" });
    const both = spaceWith({ week: { by: "week", column: "sold" }, region: { values: ["north", "south", "o'east"], column: "region" } });
    const month = spaceWith({ by: "month", column: "sold" });
    await build({ asset: "a.batched", space: days, keys: "2026-10-20..2026-11-02", sql: BY_INTERVAL });
    await build({ asset: "a.batched", space: days, keys: "2026-11-03..2026-11-21", sql: BY_INTERVAL });
    for (const parts of partsIn(york, sliceOf(york, "2026-10-19..2026-11-21", NOW)))
      await build({ asset: "a.york", space: york, keys: partitionPart(york, parts, {}).key, sql: BY_INTERVAL });
    for (const parts of partsIn(both, sliceOf(both, "2026-W43..2026-W47|*", NOW))) {
      const sql = `${BY_INTERVAL} and region = split_part($partition, '|', 2)`;
      await build({ asset: "a.both", space: both, keys: partitionPart(both, parts, {}).key, sql });
    }
    await build({
      asset: "a.month",
      space: month,
      keys: "2026-10..2026-11",
      sql: "select id, sold, region, amount * 2 as twice from raw.sales",
    });
    for (const asset of ["a.batched", "a.york", "a.both", "a.month"]) expect(await dump(`from ${asset}`), asset).toEqual(all);
    const november1 = await rows<{ n: number }>(
      "select count(*) as n from raw.sales where sold >= timestamp '2026-11-01 04:00' and sold < timestamp '2026-11-02 05:00'",
    );
    const ledger = await warehouse.session((session) => readPartitions(session, "a.york"));
    expect(ledger.get("2026-11-01")!.rows).toBe(november1[0]!.n);
  });

  it("keep rows of other partitions out, and count them", async () => {
    const sql = "select id, case when id = 1 then null else sold end as sold from raw.sales where sold < $end";
    const result = await build({ space: days, keys: "2026-10-21", sql });
    const [inside] = await rows<{ n: number }>("select count(*) as n from raw.sales where sold::date = date '2026-10-21'");
    const [before] = await rows<{ n: number }>("select count(*) as n from raw.sales where sold::date < date '2026-10-21'");
    expect(result).toMatchObject({ rows: inside!.n, filtered: before!.n });
    expect(await rows("select filtered from _millrace.partitions")).toEqual([
      { filtered: JSON.stringify({ outsidePartition: before!.n }) },
    ]);
  });

  it("replace exactly their own rows", async () => {
    await build({ space: days, keys: "2026-10-20..2026-10-22", sql: BY_INTERVAL });
    await run("update raw.sales set amount = 100");
    const before = await dump("from clean.sales where sold::date <> date '2026-10-21'");
    await build({ space: days, keys: "2026-10-21", sql: BY_INTERVAL, inputs: { "raw.sales": "v2" } });
    expect(await dump("from clean.sales where sold::date <> date '2026-10-21'")).toEqual(before);
    expect(await rows("select distinct twice from clean.sales where sold::date = date '2026-10-21'")).toEqual([{ twice: 200 }]);
  });

  it("are reused while their code and inputs are the same", async () => {
    const first = await build({ space: days, keys: "2026-10-20", sql: BY_INTERVAL, inputs: { "raw.sales": "v1" } });
    const again = await build({ space: days, keys: "2026-10-20", sql: BY_INTERVAL, inputs: { "raw.sales": "v1" } });
    expect(again).toMatchObject({ reused: true, rows: first.rows });
    expect((await build({ space: days, keys: "2026-10-20", sql: BY_INTERVAL, inputs: { "raw.sales": "v2" } })).reused).toBe(false);
  });

  it("committed but not reported are reported again, not done again", async () => {
    const first = await build({ space: days, keys: "2026-10-20", sql: BY_INTERVAL, run: "r_dead" });
    await run("update raw.sales set amount = 0");
    const again = await build({
      space: days,
      keys: "2026-10-20",
      sql: BY_INTERVAL,
      run: "r_dead",
      attempt: 2,
      inputs: { "raw.sales": "v2" },
    });
    expect(again).toEqual(first);
  });

  it("of an attempt that another one overtook are refused", async () => {
    await expect(build({ space: days, keys: "2026-10-20", sql: "select * from nowhere", run: "r_two", attempt: 3 })).rejects.toMatchObject({
      code: "MR4604",
    });
    await expect(build({ space: days, keys: "2026-10-20", sql: BY_INTERVAL, run: "r_two", attempt: 1 })).rejects.toMatchObject({
      code: "MR5006",
    });
  });

  it("stay as they were when a check stops them; broken records go aside", async () => {
    await build({ space: days, keys: "2026-10-20", sql: BY_INTERVAL });
    const before = await dump("from clean.sales");
    const sql = `${BY_INTERVAL} and id < 1000000`;
    await expect(build({ space: days, keys: "2026-10-20", sql, checks: [{ range: { column: "twice", max: 5 } }] })).rejects.toMatchObject({
      code: "MR4501",
    });
    expect(await dump("from clean.sales")).toEqual(before);
    const aside = await build({
      space: days,
      keys: "2026-10-20",
      sql,
      checks: [{ range: { column: "twice", max: 5 }, onFail: "quarantine" }],
    });
    const [good] = await rows<{ n: number }>(
      "select count(*) as n from raw.sales where sold::date = date '2026-10-20' and amount * 2 <= 5",
    );
    expect(aside.rows).toBe(good!.n);
    expect(aside.quarantined).toBe(before.length - good!.n);
    expect(await rows("select count(*) as n from _millrace.quarantine where asset = 'clean.sales'")).toEqual([{ n: aside.quarantined }]);
    expect(await rows("select status from _millrace.partitions")).toEqual([{ status: "quarantined" }]);
  });

  it("built again, list a broken record once; those of other partitions and decided ones stay", async () => {
    const regions = spaceWith({ region: { values: ["north", "south"] } });
    const checks: CheckEntry[] = [{ range: { column: "twice", max: 10 }, onFail: "quarantine" }];
    const records = (asset: string): Promise<unknown[]> =>
      rows(`select "row"->>'id' as id, count(*) filter (status = 'open') as open, count(*) filter (status = 'discarded') as discarded
        from _millrace.quarantine where asset = '${asset}' and status in ('open', 'discarded') group by 1 order by 1`);
    const broken = await rows<{ id: string; day: string; region: string }>(
      `select id::varchar as id, strftime(sold, '%Y-%m-%d') as day, region from raw.sales where amount = 6 and sold < '2026-10-23' order by 1`,
    );
    const once = (which: typeof broken): unknown[] => which.map(({ id }) => ({ id, open: 1, discarded: 0 }));
    // Three days in one build, then the middle one alone, three times.
    await build({ space: days, keys: "2026-10-20..2026-10-22", sql: BY_INTERVAL, checks });
    expect(broken.length).toBeGreaterThan(10);
    for (const inputs of [{ a: "1" }, { a: "2" }, { a: "3" }]) {
      const { quarantined } = await build({ space: days, keys: "2026-10-21", sql: BY_INTERVAL, checks, inputs });
      expect(quarantined).toBe(broken.filter(({ day }) => day === "2026-10-21").length);
      expect(await records("clean.sales")).toEqual(once(broken));
    }
    const decided = broken.find(({ day }) => day === "2026-10-21")!.id;
    await run(`update _millrace.quarantine set status = 'discarded' where "row"->>'id' = '${decided}' and status = 'open'`);
    // The row that no longer breaks is not listed any more.
    await run(`update raw.sales set amount = 1 where sold::date = date '2026-10-21'`);
    await build({ space: days, keys: "2026-10-21", sql: BY_INTERVAL, checks, inputs: { a: "4" } });
    const rest = [...once(broken.filter(({ day }) => day !== "2026-10-21")), { id: decided, open: 0, discarded: 1 }] as { id: string }[];
    expect(await records("clean.sales")).toEqual(rest.toSorted((a, b) => (a.id < b.id ? -1 : 1)));
    // Where no column tells, the builds do.
    const sql = "select id, amount * 2 as twice from raw.sales where sold < '2026-10-21' and region = $partition";
    const first = broken.filter(({ day, region }) => day === "2026-10-20" && region !== "o'east");
    for (const keys of ["north", "south", "south", "south"])
      await build({ asset: "a.region", space: regions, keys, sql, checks, inputs: { a: String(++runs) } });
    expect(await records("a.region")).toEqual(once(first));
  });

  it("may bring new columns and wider types; a killed process leaves a file that opens", async () => {
    await build({ space: days, keys: "2026-10-20", sql: BY_INTERVAL });
    const sql =
      "select id, sold, region, (amount * 2)::double as twice, upper(region) as big from raw.sales where sold >= $start and sold < $end";
    await build({ space: days, keys: "2026-10-21", sql });
    expect(await rows("select count(big) as new, count(*) - count(big) as old from clean.sales")).toEqual([{ new: 39, old: 39 }]);
    expect(await rows("select count(*) as n from _millrace.rows('clean.sales') where _load is not null")).toEqual([{ n: 78 }]);
    // What a crash leaves is the file and its log: a copy of both opens and holds the same.
    const { copyFileSync } = await import("node:fs");
    for (const end of ["", ".wal"]) copyFileSync(join(folder, `w.duckdb${end}`), join(folder, `copy.duckdb${end}`));
    const copy = await openWarehouse({ path: join(folder, "copy.duckdb") });
    expect(await copy.session((session) => session.rows("select count(*) as n, sum(twice) as s from clean.sales"))).toEqual(
      await rows("select count(*) as n, sum(twice) as s from clean.sales"),
    );
    copy.close();
  });

  it("without a column are known by the builds that made them", async () => {
    const regions = spaceWith({ values: ["north", "south"] });
    const sql = "select id, amount from raw.sales where region = $partition";
    await build({ space: regions, keys: "north", sql });
    await build({ space: regions, keys: "south", sql });
    await build({ space: regions, keys: "north", sql, inputs: { "raw.sales": "v2" } });
    expect(await dump("from clean.sales")).toEqual(await dump("select id, amount from raw.sales where region in ('north', 'south')"));
  });

  it("worked out side by side all arrive", async () => {
    const keys = [...partsIn(days, sliceOf(days, "2026-10-20..2026-11-21", NOW))].map((each) => partitionPart(days, each, {}).key);
    await Promise.all(keys.map((key) => build({ space: days, keys: key, sql: BY_INTERVAL })));
    expect(await rows("select count(*) as n, count(distinct id) as d from clean.sales")).toEqual([{ n: 1200, d: 1200 }]);
  });
});
