// Queries of the API on a real warehouse: what they may read, what ends them, what their files hold.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type App, openApp } from "../../app.ts";
import { messageOf } from "../../model/errors.ts";
import { testProjects } from "../projects.suite.ts";
import { openWarehouse } from "../../sql/warehouse.ts";
import { boundedQuery, cancelQuery, QUERY_BOUNDS } from "./running.ts";

const { project } = testProjects("query", "name: shop\n");
let app: App;
let dir: string;

beforeAll(async () => {
  dir = project({
    "secrets.env": "COUNTY=correct-horse-battery\n",
    "data/sales.csv": "id,price\n1,10\n2,30\n3,\n",
    "models/clean/sales.sql": "select * from (values (1, 10.5), (2, 30.25), (3, null)) sales(id, price)",
    "models/data/csv.sql": "select 1 as one",
    "models/final/best.sql": "from top_sales(1)",
    "macros/top.sql": "create macro top_sales(n) as table select id from clean.sales order by price desc nulls last limit n;",
  });
  app = await openApp({ dir });
  expect((await app.run({}, () => {})).status).toBe("succeeded");
});
afterAll(() => app.close());

const run = (sql: string, more: Partial<Parameters<App["queryRun"]>[0]> = {}): ReturnType<App["queryRun"]> =>
  app.queryRun({ sql, what: "rows", rows: 1_000, ...more });
const code = async (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => "done",
    (error: { code?: string }) => error.code ?? messageOf(error),
  );

describe("a query of the API", () => {
  it("answers columns with types and rows as JSON values", async () => {
    const { columns, rows, cutBy } = await run("select id, price, 9007199254740993 as big from clean.sales order by id");
    expect(columns).toEqual([
      { name: "id", type: "INTEGER" },
      { name: "price", type: "DECIMAL(4,2)" },
      { name: "big", type: "BIGINT" },
    ]);
    expect(rows).toEqual([
      [1, "10.50", "9007199254740993"],
      [2, "30.25", "9007199254740993"],
      [3, null, "9007199254740993"],
    ]);
    expect(cutBy).toBeNull();
  });

  it("takes the first of ten million rows and says that there are more", async () => {
    const { rows, cutBy } = await run("select i from range(10000000) t(i)", { rows: 10 });
    expect([rows.length, rows.at(-1), cutBy]).toEqual([10, [9], "rows"]);
  });

  it("ends at the bytes of an answer, and shortens what is long, however large the values are", async () => {
    const { rows, cutBy, cellsCut } = await run("select repeat('x', 50000) as long from range(5000)", { rows: 5_000 });
    expect(cutBy).toBe("bytes");
    expect(JSON.stringify(rows).length).toBeLessThan(9_000_000);
    expect(cellsCut).toBe(rows.length);
  });

  it("shows the beginning of a list of millions", async () => {
    const { rows, cellsCut } = await run("select list(i) as many, 1e400 as endless from range(3000000) t(i)");
    expect([String(rows[0]![0]).slice(0, 12), String(rows[0]![0]).length, rows[0]![1], cellsCut]).toEqual([
      "[0,1,2,3,4,5",
      20_001,
      "Infinity",
      1,
    ]);
  });

  it("is no query when nothing is asked", async () => {
    expect(await Promise.all(["  ", ";", "-- later"].map((sql) => run(sql).catch((error: unknown) => messageOf(error))))).toEqual(
      Array.from({ length: 3 }, () => "there is no query"),
    );
  });

  it("is canceled when its time is over, as many as run at once", async () => {
    const endless = Array.from({ length: 6 }, () => code(run("select count(*) from range(100000000000000)", { seconds: 0.3 })));
    expect(await Promise.all(endless)).toEqual(Array.from({ length: 6 }, () => "MR8141"));
    expect((await run("select 1 as one")).rows).toEqual([[1]]);
  });

  it("is canceled when its time is over", async () => {
    expect(await code(run("select count(*) from range(100000000000000)", { seconds: 0.3 }))).toBe("MR8141");
    expect(await code(run("with recursive t(n) as (select 1 union all select n + 1 from t) select max(n) from t", { seconds: 0.3 }))).toBe(
      "MR8141",
    );
  });

  it.each([
    "select repeat('x', 1000000000)",
    "select length(repeat('x', 1000000 + 1000000 * i)) from range(3) t(i)",
    "select system.main.repeat('x', 1000000000)",
    "select lpad('x', 1000000000, 'y')",
    "select unnest(range(1000000000))",
    "select len(generate_series(1, 4000000000, 2))",
    "select levenshtein(repeat('x', 100000), repeat('y', 100000))",
    "select len(replace(repeat('a', 100000), 'a', repeat('b', 100000)))",
  ])("makes no value without bounds: %s", async (sql) => {
    expect(await code(run(sql))).toBe("MR8185");
  });

  it("makes values as DuckDB does where they are small", async () => {
    const sql = `select repeat('ab', 2), repeat('ab'::blob, 2), repeat([1, 2], 2), lpad('7', 3, '0'), rpad('7', 3, '0'), range(3), range(2, 4), generate_series(1, 5, 2),
      len(range(date '2026-01-01', date '2026-03-01', interval 1 day)), levenshtein('abc', 'abd'), replace('aba', 'a', 'xx'), repeat(null, 3), range(5, 1, -2)`;
    const plain: unknown[] = [];
    await app.query(sql, (part) => void ("rows" in part && plain.push(...part.rows)));
    expect((await run(sql)).rows).toEqual(plain);
    expect((await run("select count(*) from range(3000000)")).rows).toEqual([[3_000_000]]);
  });

  it("leaves functions as they are for everybody else", async () => {
    expect(await code(run("select repeat('x', 1000000000)"))).toBe("MR8185");
    const plain: unknown[] = [];
    for (let turn = 0; turn < 8; turn++)
      await app.query("select length(repeat('x', 2000000))", (part) => void ("rows" in part && plain.push(...part.rows)));
    expect(plain).toEqual(Array.from({ length: 8 }, () => [2_000_000]));
  });

  it("ends for who asked although a step of it goes on, and keeps its place until that is over", async () => {
    const warehouse = await openWarehouse({ path: join(dir, ".millrace/warehouse.duckdb") });
    const call = { id: "q_stuck000", bounds: { ...QUERY_BOUNDS, secondsMax: 0.05 }, signal: new AbortController().signal };
    let finish = (): void => {};
    const step = new Promise<void>((done) => {
      finish = done;
    });
    expect(await code(boundedQuery(warehouse, call, () => step))).toBe("MR8141");
    expect(await code(boundedQuery(warehouse, call, async () => "it ran"))).toBe("MR8142");
    expect(cancelQuery(call.id)).toBe(false);
    finish();
    await vi.waitUntil(async () => (await code(boundedQuery(warehouse, call, async () => "it ran"))) === "done");
    warehouse.close();
  });

  it("is canceled by its name, and the next one runs", async () => {
    const endless = code(run("select count(*) from range(100000000000000)", { query: "q_endless0" }));
    let canceled = false;
    for (let tries = 0; tries < 200 && !canceled; tries++) {
      await pause(10);
      ({ canceled } = await app.queryCancel({ query: "q_endless0" }));
    }
    expect(await endless).toBe("MR8144");
    expect((await app.queryCancel({ query: "q_endless0" })).canceled).toBe(false);
    expect((await run("select 1 as one")).rows).toEqual([[1]]);
  });

  it("is canceled when the process grows by more than it may", async () => {
    const warehouse = await openWarehouse({ path: join(dir, ".millrace/warehouse.duckdb") });
    const bounds = { secondsMax: 60, memoryBytesMax: 60_000_000, spillBytesMax: 1_000_000_000 };
    const { signal } = new AbortController();
    const greedy = boundedQuery(warehouse, { id: "q_greedy00", bounds, signal }, (session) =>
      session.rows("select count(distinct i) as n from range(1000000000) t(i)"),
    );
    expect(await code(greedy)).toBe("MR8143");
    warehouse.close();
  });

  it.each([
    "from 'data/sales.csv'",
    "from data.sales.csv",
    "from read_text('secrets.env')",
    "select * from glob('*')",
    "from query('from read_text(''secrets.env'')')",
    "select (select content from read_text('secrets.env'))",
    "with a as (from read_csv('data/sales.csv')) from a",
    "from json_execute_serialized_sql(json_serialize_sql('select 1'))",
    "from sniff_csv('data/sales.csv')",
    "explain analyze from read_text('secrets.env')",
    "describe from 'data/sales.csv'",
    "pivot (from 'data/sales.csv') on id using sum(price)",
  ])("reads nothing outside of the warehouse: %s", async (sql) => {
    expect(await code(run(sql))).toBe("MR8140");
  });

  it.each([
    "insert into clean.sales values (9, 9)",
    "attach 'x.db'",
    "copy clean.sales to 'x.csv'",
    "select 1; select 2",
    "set threads = 1",
  ])("does nothing but read: %s", async (sql) => {
    expect(await code(run(sql))).toBe("MR8002");
  });

  it("reads assets whose name looks like a file, macros of the project, and what describes itself", async () => {
    expect((await run("from data.csv")).rows).toEqual([[1]]);
    expect((await run("from top_sales(1)")).rows).toEqual([[2]]);
    expect((await run("describe clean.sales")).rows.map(([name]) => name)).toEqual(["id", "price"]);
    expect((await run("pivot clean.sales on id in (1, 2) using sum(price)")).columns.map(({ name }) => name)).toEqual(["1", "2"]);
  });

  it("shows no secret of the project", async () => {
    expect((await run("select 'correct-' || 'horse-battery' as said, ['correct-horse-battery'] as listed")).rows).toEqual([
      ["***", ["***"]],
    ]);
  });

  it("tells where it is wrong", async () => {
    const error = await run("select 1,\n  nothing\nfrom clean.sales").catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "MR8001", location: { line: 2, column: 3 } });
  });

  it("has a profile of all rows, and a plan", async () => {
    const { profile } = await run("from clean.sales", { what: "profile" });
    expect(profile?.map(({ name, rows, min, max, mean }) => [name, rows, min, max, mean])).toEqual([
      ["id", 3, "1", "3", "2.0"],
      ["price", 3, "10.50", "30.25", "20.375"],
    ]);
    expect(profile?.[1]?.nullPercent).toBeCloseTo(33.33, 1);
    expect((await run("select count(*) from clean.sales", { what: "analyze" })).plan).toMatch(/AGGREGATE/);
  });
});

describe("a file of a query", () => {
  it("holds all rows in the form asked for", async () => {
    const sql = "select i, 'a,' || i as name, case when i = 1 then null else 9007199254740993 end as big from range(3) t(i)";
    const text = async (format: "csv" | "json" | "ndjson"): Promise<string> => {
      const made = await app.queryExport({ sql, format });
      expect(made.rows).toBe(3);
      return readFileSync((await app.queryFile(made.export)).path, "utf8");
    };
    expect(await text("csv")).toBe('i,name,big\n0,"a,0",9007199254740993\n1,"a,1",\n2,"a,2",9007199254740993\n');
    const objects = [
      { i: 0, name: "a,0", big: "9007199254740993" },
      { i: 1, name: "a,1", big: null },
      { i: 2, name: "a,2", big: "9007199254740993" },
    ];
    expect(JSON.parse(await text("json"))).toEqual(objects);
    expect(
      (await text("ndjson"))
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual(objects);
  });

  it("is Parquet with a million rows", async () => {
    const made = await app.queryExport({ sql: "select i from range(1000000) t(i)", format: "parquet" });
    const { path, name, bytes } = await app.queryFile(made.export);
    const rows: unknown[] = [];
    await app.query(`select count(*), sum(i)::varchar from '${path}'`, (part) => {
      if ("rows" in part) rows.push(...part.rows);
    });
    expect(rows).toEqual([[1_000_000, "499999500000"]]);
    expect([name.endsWith(".parquet"), bytes > 0]).toEqual([true, true]);
  });

  it("never holds what the warehouse says of itself", async () => {
    for (const sql of [
      "from duckdb_settings()",
      "from duckdb_views",
      "select current_setting('threads')",
      "from information_schema.tables",
    ])
      expect(await code(app.queryExport({ sql, format: "parquet" })), sql).toBe("MR8140");
    expect((await run("select count(*) > 0 from duckdb_views()")).rows).toEqual([[true]]);
  });

  it("is not to be had for another name, nor for files of the machine", async () => {
    expect(await code(app.queryFile("x_nothing"))).toBe("MR8146");
    expect(await code(app.queryExport({ sql: "from read_text('secrets.env')", format: "csv" }))).toBe("MR8140");
  });
});

it("completes tables with their columns, macros and functions", async () => {
  const { tables, functions } = await app.queryCompletions();
  expect(tables.find(({ name }) => name === "clean.sales")).toMatchObject({ isAsset: true, columns: [{ name: "id" }, { name: "price" }] });
  expect(tables.some(({ name }) => name.startsWith("_millrace"))).toBe(false);
  expect(functions).toEqual(expect.arrayContaining(["sum", "strftime", "top_sales"]));
});
