// The audit of a candidate: several checks together, at most two scans, rows that leave before the rest is judged, errors with a place.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AuditBench, type Audited } from "../testing/check.suite.ts";
import { physicalTable } from "../sql/ledger/publish.ts";
import { Transaction } from "../sql/session.ts";
import { auditLive, auditTable, stoppedByChecks } from "./audit.ts";
import type { CheckTest, CompiledCheck } from "./check.ts";

const TABLE = physicalTable("things");
const CANDIDATE = { asset: "clean.things", table: TABLE, load: "l_1", run: "r_1", physical: "things" };

function check(name: string, test: CheckTest, more: Partial<CompiledCheck> = {}): CompiledCheck {
  const base = {
    kind: test.kind,
    severity: "error",
    onFail: "stop",
    where: null,
    tolerate: { rows: 0 },
    columns: [],
    needs: [],
    location: null,
  } as const;
  return { ...base, name, test, ...more };
}
const row = (name: string, bad: string, more?: Partial<CompiledCheck>): CompiledCheck => check(name, { kind: "row", bad }, more);
const unique = (name: string, of: readonly string[], more?: Partial<CompiledCheck>): CompiledCheck =>
  check(name, { kind: "duplicates", of }, more);
const count = (min: number | null, max: number | null, more?: Partial<CompiledCheck>): CompiledCheck =>
  check("rowCount", { kind: "count", min, max }, more);
const aside = { onFail: "quarantine" } as const;

/** 1,000 rows: `id` 0–999, `pair` 0–9, `price` NULL in every 100th row, negative in rows 10 and 20. */
const CREATE = `create table ${TABLE} as select i as id, i % 10 as pair, 'name ' || (i % 7) as name, i as row_number,
  case when i % 100 = 0 then null when i in (10, 20) then -1.5 else i * 1.5 end::decimal(9, 2) as price from range(1000) r(i)`;

describe("the audit", () => {
  const bench = new AuditBench();
  beforeAll(() => bench.open());
  afterAll(() => bench.close());
  const audit = (...checks: CompiledCheck[]): Promise<Audited> => bench.auditTable(CREATE, checks);
  const audited = (rows: string, ...checks: CompiledCheck[]): Promise<Audited> =>
    bench.auditTable(`create table ${TABLE} as select *, row_number() over () as row_number from (values ${rows}) v(a, b)`, checks);

  it("answers in the order of the checks, with the first failing rows", async () => {
    const { results, stop } = await audit(
      row("price", "t.price < 0"),
      row("id", "t.id < 0"),
      unique("pair", ["t.pair"]),
      count(1, null),
      check("mean", { kind: "aggregate", failing: "case when avg(t.id) > 1 then 1 else 0 end", found: "avg(t.id)" }, { severity: "warn" }),
      check("own", { kind: "query", sql: "select id from clean.things where id > 997 order by id" }),
    );
    expect(stop).toBe(true);
    expect(results.map(({ check: name, status, failing }) => [name, status, failing])).toEqual([
      ["price", "failed", 2],
      ["id", "passed", 0],
      ["pair", "failed", 1000],
      ["rowCount", "passed", 0],
      ["mean", "warned", 1],
      ["own", "failed", 2],
    ]);
    expect(results[0]!.sample).toEqual([
      { id: 10, pair: 0, name: "name 3", row_number: 10, price: "-1.50" },
      { id: 20, pair: 0, name: "name 6", row_number: 20, price: "-1.50" },
    ]);
    expect(results[2]!.sample.map((sample) => sample["id"])).toEqual([0, 1, 2, 3, 4]);
    expect(results[4]!.sample).toEqual([{ found: 499.5 }]);
    expect(results[5]!.sample).toEqual([{ id: 998 }, { id: 999 }]);
  });

  it("needs one scan when all is well and two when something failed, whatever the number of checks", async () => {
    const many = Array.from({ length: 20 }, (_, index) => row(`price ${index}`, `t.price < -${index + 2}`));
    const others = [unique("id", ["t.id"]), unique("id and pair", ["t.id", "t.pair"]), count(1, null)];
    expect(await scans([...many, ...others])).toEqual({ reading: 1, byRowId: 0 });
    const failing = [row("negative", "t.price < 0"), row("null", "t.price is null"), unique("pair", ["t.pair"])];
    expect(await scans([...many, ...others, ...failing])).toEqual({ reading: 2, byRowId: 0 });
    const leaving = [
      ...failing.map((each) => ({ ...each, name: `${each.name} leaves`, ...aside })),
      row("big", "t.price > 3", { severity: "warn" }),
    ];
    expect(await scans([...many, ...others, ...failing.slice(0, 2), ...leaving])).toEqual({ reading: 2, byRowId: 1 });
  });

  /** Runs the audit on a connection that explains every statement before it runs it, and counts the scans of the candidate in the plans. */
  async function scans(checks: readonly CompiledCheck[]): Promise<{ reading: number; byRowId: number }> {
    const counted = { reading: 0, byRowId: 0 };
    const undo = new Error("undone");
    const whole = bench.warehouse.transaction(async (tx) => {
      await tx.run(CREATE);
      const { connection } = tx;
      const explain = async (sql: string): Promise<void> => {
        const plan = await connection.runAndReadAll(`explain (format json) ${sql}`);
        const text = JSON.stringify(plan.getRowObjectsJson().map((each) => JSON.parse(each["explain_value"] as string) as unknown));
        for (const scan of text.matchAll(/"name":"[A-Z_]*SCAN ?","children":\[\],"extra_info":(\{[^}]*\})/g)) {
          const facts = JSON.parse(scan[1]!) as { Table?: string; Projections?: unknown };
          if (facts.Table?.endsWith("things") !== true) continue;
          counted[facts.Projections === undefined || facts.Projections === "" ? "byRowId" : "reading"] += 1;
        }
      };
      const spy = new Proxy(connection, {
        get(target, name) {
          const own: unknown = Reflect.get(target, name, target);
          if (typeof own !== "function") return own;
          return async (sql: string, ...rest: unknown[]): Promise<unknown> => {
            if (typeof sql === "string" && /things/.test(sql) && !/^\s*describe/.test(sql)) await explain(sql);
            return (own as (...given: unknown[]) => unknown).call(target, sql, ...rest);
          };
        },
      });
      await auditTable(new Transaction(spy), CANDIDATE, checks);
      throw undo;
    });
    await whole.catch((error: unknown) => {
      if (error !== undo) throw error;
    });
    return counted;
  }

  it("sets a row aside once, under the first check that it breaks, and says all of them", async () => {
    const outcome = await audit(row("negative", "t.price < 0", aside), row("small", "t.price < 20", aside));
    expect(outcome).toMatchObject({ stop: false, quarantinedRows: 14, left: 986 });
    expect(outcome.results.map((result) => result.failing)).toEqual([2, 14]);
    const ten = outcome.quarantined.find((item) => item.row_number === 10);
    expect(ten).toEqual({ rule: "negative", reason: "breaks negative; breaks small", row_number: 10 });
    expect(outcome.quarantined.filter((item) => item.rule === "small").length).toBe(12);
  });

  it("judges the other checks on what is left", async () => {
    const rows = "(1, 'x'), (1, 'bad'), (2, 'y'), (3, 'bad'), (3, 'bad')";
    const bad = row("bad", "t.b = 'bad'", aside);
    const outcome = await audited(rows, bad, unique("a", ["t.a"]), row("three", "t.a = 3"), count(2, 2));
    expect(outcome.results.map(({ status, failing }) => [status, failing])).toEqual([
      ["warned", 3],
      ["passed", 0],
      ["passed", 0],
      ["passed", 0],
    ]);
    const empty = await audited("(1, 'bad')", bad, count(1, null));
    expect(empty).toMatchObject({
      stop: true,
      results: [{ status: "warned" }, { status: "failed", failing: 1, sample: [{ rows: 0, min: 1, max: null }] }],
    });
    const own = check("own", { kind: "query", sql: "select * from clean.things where b = 'bad'" });
    expect((await audited(rows, bad, own)).results[1]).toMatchObject({ status: "passed", failing: 0 });
    const mean = check("mean", { kind: "aggregate", failing: "count_if(t.b = 'bad')", found: "count(*)" });
    expect((await audited(rows, bad, mean)).results[1]).toMatchObject({ status: "passed", failing: 0 });
  });

  it("does not count rows that left for another reason as duplicates", async () => {
    const bad = row("bad", "t.b = 'bad'", aside);
    const outcome = await audited("(1, 'x'), (1, 'bad'), (2, 'y'), (2, 'z')", bad, unique("a", ["t.a"], aside));
    expect(outcome.results.map((result) => result.failing)).toEqual([1, 2]);
    expect(outcome.left).toBe(1);
  });

  it("tolerates a share of the rows that a check looks at", async () => {
    const half = row("price", "t.price < 0", { tolerate: { share: 0.002 } });
    expect((await audit(half)).results).toMatchObject([{ status: "passed", failing: 2 }]);
    const first = { ...half, where: "id < 100" };
    expect((await audit(first)).results).toMatchObject([{ status: "failed", failing: 2 }]);
    const pairs = unique("a", ["t.a"], { ...aside, tolerate: { rows: 2 } });
    const kept = await audited("(1, 'x'), (1, 'y'), (2, 'z')", pairs);
    expect(kept).toMatchObject({ left: 3, quarantinedRows: 0, results: [{ status: "passed", failing: 2 }] });
  });

  it("treats NULL in keys of several columns as equal, and leaves out rows of nothing but NULL", async () => {
    const outcome = await audited("(1, null), (1, null), (null, null), (null, null), (2, 'x')", unique("key", ["t.a", "t.b"]));
    expect(outcome.results).toMatchObject([{ status: "failed", failing: 2 }]);
  });

  it("counts rows against both bounds", async () => {
    const failing = async (min: number | null, max: number | null) => (await audit(count(min, max))).results[0]!.failing;
    expect([await failing(1000, 1000), await failing(1001, null), await failing(null, 990), await failing(0, null)]).toEqual([0, 1, 10, 0]);
    expect((await audit(count(10, 10, { where: "id < 10" }))).results).toMatchObject([{ status: "passed" }]);
  });

  it("keeps values in samples and quarantine that JSON cannot hold", async () => {
    const create = `create table ${TABLE} as select 9007199254740993::hugeint as a, 'nan'::double as b, 1.50::decimal(9, 2) as c, 9007199254740993 as d,
      '\\xAA'::blob as e, timestamp '2026-01-02 03:04:05.5' as f, 7 as row_number, null::double as g`;
    const kept: { rows?: { row: string }[] } = {};
    const undo = new Error("undone");
    await bench.warehouse
      .transaction(async (tx) => {
        await tx.run(create);
        const { results } = await auditTable(tx, CANDIDATE, [row("all", "true", aside)]);
        const sample = {
          a: "9007199254740993",
          b: "NaN",
          c: "1.50",
          d: "9007199254740993",
          e: "qg==",
          f: "2026-01-02T03:04:05.5",
          row_number: 7,
          g: null,
        };
        expect(results[0]!.sample).toEqual([sample]);
        kept.rows = await tx.rows('select "row" from _millrace.quarantine');
        expect(JSON.parse(kept.rows[0]!.row)).toEqual(sample);
        throw undo;
      })
      .catch((error: unknown) => {
        if (error !== undo) throw error;
      });
    expect(kept.rows).toHaveLength(1);
  });

  it("takes file and line of rows that leave from hidden columns and from origins", async () => {
    const hidden = `create table ${TABLE} as select 1 as a, 7 as row_number, 'l_0' as _load, 'x.csv' as _file, 12::bigint as _line`;
    const origins = `create table ${TABLE} as select i as row_number from range(5) r(i);
      insert into _millrace.origins values ('things', 'l_2', 'y.csv', (select min(rowid) from ${TABLE}), 100)`;
    const where = async (create: string, bad: string) => {
      const kept: { rows?: unknown } = {};
      const undo = new Error("undone");
      await bench.warehouse
        .transaction(async (tx) => {
          for (const statement of create.split(";\n")) await tx.run(statement);
          await auditTable(tx, CANDIDATE, [row("bad", bad, aside)]);
          kept.rows = await tx.rows("select load, file, line, status from _millrace.quarantine");
          throw undo;
        })
        .catch((error: unknown) => {
          if (error !== undo) throw error;
        });
      return kept.rows;
    };
    expect(await where(hidden, "true")).toEqual([{ load: "l_0", file: "x.csv", line: 12, status: "open" }]);
    expect(await where(origins, "t.row_number = 3")).toEqual([{ load: "l_2", file: "y.csv", line: 103, status: "open" }]);
  });

  it("names the check and its place when its SQL is an error", async () => {
    const location = { file: "models/clean/things.sql", line: 7, column: 5 };
    const good = row("good", "t.id < 0");
    const failing = (...checks: CompiledCheck[]) =>
      audit(...checks).then(
        () => undefined,
        (error: unknown) => error,
      );
    expect(await failing(good, row("cast", "t.name::int > 5", { location }))).toMatchObject({
      code: "MR4505",
      location,
      message: expect.stringContaining("the check cast"),
    });
    expect(await failing(good, row("types", "t.name > 5", { location }))).toMatchObject({
      code: "MR4505",
      message: expect.stringContaining("the check types"),
    });
    expect(await failing(row("names", "nope > 5"), good)).toMatchObject({
      code: "MR4505",
      message: expect.stringContaining("the check names"),
    });
    expect(await failing(good, row("brackets", "1 = 1); drop table x; --"))).toMatchObject({ code: "MR4505" });
    expect(await failing(row("pric", "t.pric < 0", { columns: ["pric"], location }))).toMatchObject({
      code: "MR4504",
      location,
      hint: 'did you mean "price"?',
    });
    expect(await failing(good, check("writes", { kind: "query", sql: "delete from clean.things" }))).toMatchObject({ code: "MR4505" });
    expect(await failing(good, check("two", { kind: "query", sql: "select 1; drop table x" }))).toMatchObject({ code: "MR4505" });
  });

  it("hands the table to a check of the user's own kind by its alias", async () => {
    const own = (sql: string, more?: Partial<CompiledCheck>) => check("own", { kind: "query", sql, alias: "t" }, more);
    const twice = "with x as (select * from t) select t.* from t join x using (id) where t.price < 0;";
    const { results } = await audit(own("select * from t where price < 0"), own(twice, { where: "id > 10" }));
    expect(results.map((result) => result.failing)).toEqual([2, 1]);
    expect(results[1]!.sample).toMatchObject([{ id: 20 }]);
  });

  it("keeps a condition away from the rows that where leaves out", async () => {
    const guarded = row("numbers", "t.b::int > 5", { where: "a = 1" });
    expect((await audited("(1, '3'), (2, 'x'), (1, '9')", guarded)).results).toMatchObject([{ failing: 1 }]);
  });

  it("tells what stopped a version, with rows", async () => {
    const { results } = await audit(row("price", "t.price < 0"), row("null", "t.price is null"));
    const error = stoppedByChecks("clean.things", results, []);
    expect(error).toMatchObject({
      code: "MR4501",
      message: expect.stringMatching(/price failed for 2 rows, and 1 more check; not published\n {2}\{"id":10,/),
    });
    expect(error.errors).toHaveLength(1);
    expect(error.results).toBe(results);
  });

  it("checks what is live, table or view, and changes nothing", async () => {
    await bench.warehouse.session(async (session) => {
      await session.run(`${CREATE}; create schema clean; create view clean.things as select * from ${TABLE}`);
      const checks = [row("price", "t.price < 0", aside), unique("pair", ["t.pair"]), unique("id", ["t.id"]), count(1, null)];
      const table = await auditLive(session, "clean.things", "things", checks);
      expect(table.map(({ status, failing }) => [status, failing])).toEqual([
        ["warned", 2],
        ["failed", 1000],
        ["passed", 0],
        ["passed", 0],
      ]);
      const view = await auditLive(session, "clean.things", null, checks);
      expect(view.map(({ sample: _sample, ...rest }) => rest)).toEqual(table.map(({ sample: _sample, ...rest }) => rest));
      expect(view.map(({ sample }) => sample.length)).toEqual([2, 5, 0, 0]);
      expect(await session.row("select count(*) as n from clean.things")).toEqual({ n: 1000 });
      expect(await session.row("select count(*) as n from _millrace.quarantine")).toEqual({ n: 0 });
      await session.run(`drop view clean.things; drop table ${TABLE}`);
    });
  });
});
