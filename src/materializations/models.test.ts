// Views and tables built from SQL: exactly once, reuse, checks before publishing, errors at their place in the user's file.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { compileChecks } from "../checks/compile.ts";
import { auditWith } from "../load/audit.ts";
import type { CheckEntry } from "../model/definitions/check.ts";
import { modelSpec, type ModelSpec } from "../model/definitions/model.ts";
import type { ModelNode } from "../model/graph.ts";
import { raiseFence } from "../sql/ledger/fence.ts";
import { readLive } from "../sql/ledger/publish.ts";
import { openWarehouse, type Warehouse } from "../sql/warehouse.ts";
import { buildModel } from "./index.ts";
import type { BuildResult } from "../load/build-port.ts";
import type { ModelRequest } from "./materialization.ts";

const FRONT = "/*---\nmaterialize: table\n---*/\n";

describe("models", () => {
  const folder = mkdtempSync(join(tmpdir(), "millrace-models-"));
  let warehouse: Warehouse;
  let attempts = 0;
  beforeAll(async () => {
    warehouse = await openWarehouse({ path: join(folder, "w.duckdb") });
    await run(
      "create schema raw; create table raw.sales as select i as id, (i * 10)::decimal(9,2) as price, 'n' || (i % 3) as name from range(10) r(i)",
    );
  });
  afterAll(() => {
    warehouse.close();
    rmSync(folder, { recursive: true, force: true });
  });
  beforeEach(() => {
    attempts += 1;
  });
  const run = (sql: string): Promise<number> => warehouse.session((session) => session.run(sql));
  const rows = (sql: string): Promise<unknown[]> => warehouse.session((session) => session.rows(sql));

  interface Given extends Partial<Omit<ModelRequest, "checks">> {
    readonly materialize?: ModelSpec["materialize"];
    readonly checks?: readonly CheckEntry[];
    readonly asset?: string;
  }
  async function build(sql: string, given: Given = {}): Promise<BuildResult> {
    const id = given.asset ?? `clean.model_${attempts}`;
    const spec = modelSpec.parse({ materialize: given.materialize ?? "table" });
    const text = FRONT + sql;
    const common = {
      id,
      file: `models/${id}.sql`,
      description: undefined,
      tags: [],
      owner: undefined,
      retry: undefined,
      timeout: undefined,
    };
    const node: ModelNode = { ...common, kind: "model", spec, sql, sqlOffset: FRONT.length, text, checks: [], codeHash: `hash of ${sql}` };
    const { checks, errors } = compileChecks(given.checks ?? [], { asset: id, file: node.file });
    expect(errors).toEqual([]);
    return buildModel(node, {
      warehouse,
      token: { run: `r_${attempts}_${Math.random()}`, node: id, attempt: 1 },
      codeHash: node.codeHash,
      inputs: {},
      audit: auditWith(checks),
      fullRefresh: false,
      signal: new AbortController().signal,
      parameters: {},
      ...given,
      checks,
    });
  }
  const failure = (sql: string, given?: Given): Promise<unknown> =>
    build(sql, given).then(
      () => undefined,
      (error: unknown) => error,
    );

  it("are stored as the user wrote them: comments, semicolons, values, from-first", async () => {
    for (const sql of [
      "select 1 as a -- end",
      "select 1 as a; -- end\n",
      "/* a */ with x as (select 1 as a) select * from x ;",
      "from (values (1)) v(a)",
      "values (1)",
    ]) {
      for (const materialize of ["table", "view"] as const) {
        const asset = `clean.form_${attempts}_${materialize}`;
        const result = await build(sql, { materialize, asset, checks: [{ rowCount: { min: 1, max: 1 } }] });
        expect(result).toMatchObject({ reused: false, rows: materialize === "view" ? null : 1, checks: [{ status: "passed" }] });
        expect(Object.values((await rows(`select * from ${asset}`))[0] as object)).toEqual([1]);
      }
    }
  });

  it("are reused while code and inputs stay the same, and built again when one changes", async () => {
    const sql = "select count(*) as n from raw.sales";
    for (const materialize of ["table", "view"] as const) {
      const asset = `clean.again_${materialize}`;
      const first = await build(sql, { materialize, asset, inputs: { "raw.sales": "v1" } });
      const second = await build(sql, { materialize, asset, inputs: { "raw.sales": "v1" } });
      expect(second).toEqual({ ...first, reused: true, checks: [] });
      const third = await build(sql, { materialize, asset, inputs: { "raw.sales": "v2" } });
      expect(third).toMatchObject({ reused: false });
      expect(third.version).not.toBe(first.version);
      const fourth = await build(`${sql} -- other`, { materialize, asset, inputs: { "raw.sales": "v2" } });
      expect(new Set([first.version, third.version, fourth.version]).size).toBe(3);
      const fresh = await build(`${sql} -- other`, { materialize, asset, inputs: { "raw.sales": "v2" }, fullRefresh: true });
      expect(fresh).toMatchObject({ reused: false });
      expect(fresh.version).not.toBe(fourth.version);
      expect(await build(`${sql} -- other`, { materialize, asset, inputs: { "raw.sales": "v2" } })).toMatchObject({
        reused: true,
        version: fresh.version,
      });
      expect(await build(`${sql} -- other`, { materialize, asset, inputs: { "raw.sales": "v2" }, mayReuse: false })).toMatchObject({
        reused: false,
      });
    }
  });

  it("report what an earlier attempt committed, and refuse a stale one", async () => {
    const asset = "clean.once";
    const token = { run: "r_once", node: asset, attempt: 1 };
    const first = await build("select 1 as a", { asset, token });
    expect(await build("select 2 as a", { asset, token: { ...token, attempt: 2 } })).toEqual(first);
    expect(await rows("select * from clean.once")).toEqual([{ a: 1 }]);
    await raiseFence(warehouse, { run: "r_stale", node: asset, attempt: 2 });
    expect(await failure("select 3 as a", { asset, token: { run: "r_stale", node: asset, attempt: 1 } })).toMatchObject({ code: "MR5006" });
  });

  it("keep the version before when a check stops them, with the failing rows", async () => {
    for (const materialize of ["table", "view"] as const) {
      const asset = `clean.stopped_${materialize}`;
      await build("select 1 as price", { materialize, asset });
      const checks = [{ range: { column: "price", min: 0 } }];
      const error = await failure("select -7 as price", { materialize, asset, checks });
      expect(error).toMatchObject({ code: "MR4501", message: expect.stringContaining('{"price":-7}') });
      expect(await rows(`select * from ${asset}`)).toEqual([{ price: 1 }]);
      expect((await warehouse.session((session) => readLive(session))).get(asset)?.codeHash).toBe("hash of select 1 as price");
      expect(await build("select -7 as price", { materialize, asset, checks: [{ ...checks[0], severity: "warn" }] })).toMatchObject({
        checks: [{ status: "warned", failing: 1 }],
      });
    }
    expect(
      await rows("select table_name from duckdb_tables() where schema_name = '_millrace_data' and table_name like '%stopped_table%'"),
    ).toHaveLength(2);
  });

  it("let checks read the new version by its name", async () => {
    for (const materialize of ["table", "view"] as const) {
      const asset = `clean.own_${materialize}`;
      const check = { query: { name: "no twos", sql: `select * from ${asset} where a = 2` } };
      await build("select 1 as a", { materialize, asset, checks: [check] });
      expect(await failure("select 2 as a", { materialize, asset, checks: [check] })).toMatchObject({ code: "MR4501" });
    }
  });

  it("set failing rows aside", async () => {
    const asset = "clean.aside";
    const result = await build("select * from raw.sales", {
      asset,
      checks: [{ range: { column: "price", max: 70 }, onFail: "quarantine" }],
    });
    expect(result).toMatchObject({ rows: 8, quarantined: 2, checks: [{ status: "warned", failing: 2 }] });
    expect(await rows("select count(*) as n from clean.aside")).toEqual([{ n: 8 }]);
    expect(await rows(`select rule, "row" ->> 'price' as price from _millrace.quarantine where asset = '${asset}' order by 2`)).toEqual([
      { rule: "range(price)", price: "80.00" },
      { rule: "range(price)", price: "90.00" },
    ]);
  });

  it("bind parameters as the text has them", async () => {
    const sql =
      "select id, $param.region as region, $now as at, $partition as slice from raw.sales where id < $param.most::int and $start < $end";
    const now = new Date("2026-01-31T00:00:00.250Z");
    const parameters = {
      now,
      start: "2026-01-01T00:00:00Z",
      end: "2026-01-02T00:00:00Z",
      partition: "north",
      param: { region: "n'o", most: "1" },
    };
    const asset = "clean.bound";
    expect(await build(sql, { asset, parameters })).toMatchObject({ rows: 1, reused: false });
    expect(await rows("select * from clean.bound")).toEqual([{ id: 0, region: "n'o", at: "2026-01-31T00:00:00.25", slice: "north" }]);
    expect(await build(sql, { asset, parameters })).toMatchObject({ reused: true });
    expect(await build(sql, { asset, parameters: { ...parameters, param: { region: "s", most: "2" } } })).toMatchObject({
      reused: false,
      rows: 2,
    });
    expect(await failure(sql, { asset, parameters: {}, fullRefresh: true })).toMatchObject({ code: "MR4607" });
    expect(await failure("select $param.region as r", { materialize: "view" })).toMatchObject({
      code: "MR4605",
      location: { line: 4, column: 8 },
    });
  });

  it("say where in the file they failed", async () => {
    const long = `'${"x".repeat(90)}' as x`;
    expect(await failure(`select ${long}, name::int as b, ${long.replace("as x", "as y")}\nfrom raw.sales`)).toMatchObject({
      code: "MR4604",
      message: expect.stringContaining("Could not convert string 'n0' to INT32"),
      location: { file: expect.stringContaining("models/clean."), line: 4, column: `select ${long}, name:`.length },
    });
    expect(await failure("select\n  id,\n  nme\nfrom raw.sales")).toMatchObject({ code: "MR4604", location: { line: 6, column: 3 } });
    expect(await failure("select error('boo') as a")).toMatchObject({ code: "MR4604", location: { line: 4, column: 1 } });
    expect(await failure("select 1 as a where", { materialize: "view" })).toMatchObject({ code: "MR4604" });
    expect(await failure("select name::int as b from raw.sales", { materialize: "view", checks: [{ notNull: "b" }] })).toMatchObject({
      message: expect.stringContaining("Could not convert"),
    });
  });

  it("are one SELECT with distinct column names", async () => {
    await run("create table if not exists raw.victim as select 1 as a");
    const refused: readonly (readonly [string, string])[] = [
      ["select 1 as a; drop table raw.victim", "MR2006"],
      ["insert into raw.victim values (2)", "MR2005"],
      ["copy raw.victim to '/nonexistent/x.csv'", "MR2005"],
      ["attach ':memory:' as other", "MR2005"],
      ["set threads = 1", "MR2005"],
      ["create table raw.x as select 1", "MR2005"],
      ["select s.*, t.id from raw.sales s, raw.sales t", "MR2013"],
      ["select 1 as a, 2 as A", "MR2013"],
    ];
    for (const [sql, code] of refused) {
      for (const materialize of ["table", "view"] as const) expect(await failure(sql, { materialize }), sql).toMatchObject({ code });
    }
    expect(await rows("select * from raw.victim")).toEqual([{ a: 1 }]);
  });

  it("cannot set rows of a view aside", async () => {
    const checks = [{ notNull: "a", onFail: "quarantine" }];
    expect(await failure("select 1 as a", { materialize: "view", checks })).toMatchObject({ code: "MR4506", hint: "materialize: table" });
  });

  it("stop at once when the attempt is aborted, and leave nothing", async () => {
    const controller = new AbortController();
    const reason = new Error("cancelled");
    const building = failure("select count(*) as n from range(1000000) a, range(1000000) b where a.range + b.range = 7", {
      signal: controller.signal,
      asset: "clean.aborted",
    });
    setTimeout(() => controller.abort(reason), 50);
    expect(await building).toBe(reason);
    expect(await rows("select 1 from duckdb_tables() where table_name like '%aborted%'")).toEqual([]);
  });

  it("turn from view into table and back under one name", async () => {
    const asset = "clean.turning";
    for (const [materialize, value] of [
      ["view", 1],
      ["table", 2],
      ["view", 3],
    ] as const) {
      await build(`select ${value} as a`, { materialize, asset });
      expect(await rows(`select * from ${asset}`)).toEqual([{ a: value }]);
    }
  });
});
