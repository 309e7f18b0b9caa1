import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { compile } from "./compile.ts";
import { openCompileCache } from "./cache.ts";
import type { Compilation, CompileInput, KnownSchema } from "./types.ts";
import type { SqlUnit } from "./errors.ts";

const HEAD = "/*---\nmaterialize: table\n---*/\n";

/** A model as it stands in a file, behind front matter of three lines. */
function model(id: string, sql: string): SqlUnit {
  return { id, sql, file: `models/${id.replace(".", "/")}.sql`, sqlOffset: HEAD.length, text: HEAD + sql };
}

function schema(columns: Readonly<Record<string, string>>, certain = true): KnownSchema {
  return { columns: Object.entries(columns).map(([name, type]) => ({ name, type })), certain };
}

const schemas = new Map([
  ["raw.orders", schema({ id: "BIGINT", customer_id: "BIGINT", ordered_at: "TIMESTAMP", status: "VARCHAR", amount: "DECIMAL(12,2)" })],
  ["raw.customers", schema({ id: "BIGINT", name: "VARCHAR", attrs: "STRUCT(plan VARCHAR, tags VARCHAR[])" })],
  ["main.events", schema({ at: "TIMESTAMP", kind: "VARCHAR" })],
]);

function build(models: Readonly<Record<string, string>>, more: Partial<CompileInput> = {}): Promise<Compilation> {
  return compile({ models: Object.entries(models).map(([id, sql]) => model(id, sql)), schemas, ...more });
}

async function needsOf(sql: string): Promise<readonly string[]> {
  return (await build({ "clean.x": sql }, { assets: ["raw.other", 'raw.we"ird', "main.seed"] })).models.get("clean.x")!.dependencies;
}

async function onlyError(sql: string, more: Partial<CompileInput> = {}): Promise<string> {
  const { errors } = await build({ "clean.x": sql }, more);
  expect(errors).toHaveLength(1);
  const { code, location } = errors[0]!;
  return `${code} ${location!.line}:${location!.column}+${location!.length}`;
}

async function hash(sql: string): Promise<string> {
  return (await build({ "clean.x": sql })).models.get("clean.x")!.syntaxHash;
}

describe("dependencies", () => {
  it.each<[string, string, readonly string[]]>([
    ["a qualified name", "select * from raw.orders", ["raw.orders"]],
    ["a name without a schema as one of main", "select * from events", ["main.events"]],
    ["names whatever their case", "SELECT * FROM Raw.ORDERS", ["raw.orders"]],
    ["quoted names", 'select * from "raw"."orders"', ["raw.orders"]],
    ["quoted names with quotes inside", 'select * from raw."we""ird"', ['raw.we"ird']],
    ["both sides of a self-join once", "select a.id from raw.orders a join raw.orders b using (id)", ["raw.orders"]],
    ["no CTE", "with events as (select 1 as n) select * from events", []],
    ["a table that a CTE of the same name reads", "with events as (select * from events) select * from events", ["main.events"]],
    [
      "a table read before the CTE of its name is defined",
      "with a as (select * from events), events as (select 1) select * from a",
      ["main.events"],
    ],
    ["a qualified table beside a CTE of its name", "with orders as (select 1 as n) select * from raw.orders, orders", ["raw.orders"]],
    [
      "the table of a name that is a CTE only inside a subquery",
      "select * from (with events as (select 1) from events), events",
      ["main.events"],
    ],
    ["no recursive CTE", "with recursive r as (select 1 n union all select n + 1 from r where n < 3) select * from r", []],
    [
      "the anchor's table that has the recursive CTE's name",
      "with recursive events as (select kind from events union select kind from events) from events",
      ["main.events"],
    ],
    [
      "subqueries anywhere",
      "select (select max(id) from raw.orders) from raw.customers where exists (from events)",
      ["main.events", "raw.customers", "raw.orders"],
    ],
    [
      "lateral joins",
      "select * from raw.customers c, lateral (select * from raw.orders o where o.customer_id = c.id) l",
      ["raw.customers", "raw.orders"],
    ],
    [
      "set operations, and subqueries of order by",
      "select id from raw.orders union select id from raw.customers order by (select count(*) from events)",
      ["main.events", "raw.customers", "raw.orders"],
    ],
    ["PIVOT with values", "pivot raw.orders on status in ('open', 'paid') using sum(amount)", ["raw.orders"]],
    ["PIVOT without values", "pivot raw.orders on status using sum(amount) group by customer_id", ["raw.orders"]],
    [
      "PIVOT without values inside a CTE",
      "with p as (pivot raw.orders on status, customer_id in (1) using sum(amount)) select * from p, raw.customers",
      ["raw.customers", "raw.orders"],
    ],
    ["UNPIVOT", "unpivot raw.orders on id, customer_id into name k value v", ["raw.orders"]],
    ["queries in query()", "select * from query('select * from raw.orders')", ["raw.orders"]],
    ["names in query_table()", "select * from query_table(['raw.orders', 'raw.other'])", ["raw.orders", "raw.other"]],
    [
      "no further than five queries inside each other",
      [1, 2, 3, 4, 5].reduce((sql) => `from query('${sql.replaceAll("'", "''")}')`, "from raw.orders"),
      ["raw.orders"],
    ],
    ["CTEs named inside query()", "with events as (select 1) select * from query('from events')", []],
    ["SUMMARIZE in parentheses", "select * from (summarize raw.orders)", ["raw.orders"]],
    ["no file", "select * from 'data/x.parquet', read_csv('y.csv')", []],
    ["no catalogue of DuckDB", "select * from information_schema.tables, duckdb_tables()", []],
    [
      "positional and asof joins",
      "select * from raw.orders o asof join events e on o.ordered_at >= e.at positional join raw.customers",
      ["main.events", "raw.customers", "raw.orders"],
    ],
    [
      "what comments and strings do not name",
      "select 'from raw.other' as a -- from raw.other\nfrom raw.orders /* from raw.other */",
      ["raw.orders"],
    ],
  ])("finds %s", async (_what, sql, needs) => {
    expect(await needsOf(sql)).toEqual(needs);
  });

  it("notes the files that a model reads itself, with their paths", async () => {
    const { models, notes } = await build({
      "clean.x": "select * from 'a/b.csv' join read_parquet(['c.parquet', 'd.parquet']) using (id)",
    });
    expect(models.get("clean.x")!.externals.map(({ what }) => what)).toEqual(["a/b.csv", "c.parquet", "d.parquet"]);
    expect(notes).toContain(
      "clean.x reads the file a/b.csv itself: Millrace does not see when it changes, so clean.x is built at every run",
    );
  });
});

describe("the hash of a query", () => {
  it("ignores comments, white space, the case of keywords and functions, and a closing semicolon", async () => {
    const plain = await hash("select id, sum(amount) as total from raw.orders group by id");
    expect(await hash("-- why\nSELECT id,\n  SUM(amount) total /* all */\nFROM raw.orders\nGROUP BY id;\n")).toBe(plain);
  });

  it("sees every other change", async () => {
    const texts = [
      "select 1 as a",
      "select 2 as a",
      "select 1 as b",
      "select '1' as a",
      "select 1 as a where true",
      "select $param.x as a",
      "select $param.y as a",
    ];
    expect(new Set(await Promise.all(texts.map(hash))).size).toBe(texts.length);
  });

  it("sees places written into a string", async () => {
    expect(await hash(`select '"query_location":5' as a`)).not.toBe(await hash(`select '"query_location":6' as a`));
  });

  it("flags what changes without its inputs", async () => {
    const { models } = await build({
      "m.a": "select random() r, current_date d from raw.orders using sample 5",
      "m.b": "select $now as n",
      "m.c": "select 1 as now",
      "m.d": "select s.name, t.table_name from (show tables) s, information_schema.tables t, duckdb_tables()",
      "m.e": "select * from (describe raw.orders)",
    });
    expect(models.get("m.a")!.volatile).toEqual(["current_date", "random()", "sample"]);
    expect(models.get("m.b")!.volatile).toEqual(["$now"]);
    expect(models.get("m.c")!.volatile).toEqual([]);
    expect(models.get("m.d")!.volatile).toEqual(["duckdb_tables()", "information_schema.tables", "show"]);
    expect(models.get("m.e")!.volatile).toEqual([]);
  });
});

describe("columns", () => {
  it("come from DuckDB's own binder, through models, stars and parameters", async () => {
    const { models, errors } = await build({
      "clean.a": "select * exclude (status), amount * 2 as double_amount from raw.orders where ordered_at >= $start and ordered_at < $end",
      "clean.b":
        "with a as (from clean.a) select customer_id, sum(double_amount) as total, $param.region as region, $start + interval 1 day as next from a group by all;",
    });
    expect(errors).toEqual([]);
    expect(models.get("clean.b")!.columns).toEqual([
      { name: "customer_id", type: "BIGINT" },
      { name: "total", type: "DECIMAL(38,2)" },
      { name: "region", type: "VARCHAR" },
      { name: "next", type: "TIMESTAMP" },
    ]);
    expect(models.get("clean.b")!.parameters).toEqual(["param.region", "start"]);
  });

  it("of a model whose source was never seen stay unknown, and so do those of what reads it; nothing is an error", async () => {
    const { models, errors, notes } = await build(
      { "clean.a": "select nonsense from raw.unseen", "clean.b": "select also_nonsense from clean.a" },
      { assets: ["raw.unseen"] },
    );
    expect(errors).toEqual([]);
    expect(models.get("clean.a")).toMatchObject({
      columns: null,
      unbound: "the columns of raw.unseen are not known before its first load",
      dependencies: ["raw.unseen"],
    });
    expect(models.get("clean.b")).toMatchObject({ columns: null, unbound: "clean.a could not be compiled", dependencies: ["clean.a"] });
    expect(notes).toHaveLength(2);
  });

  it("that are guessed make a missing name an error and a wrong type none", async () => {
    const guessed = new Map([["raw.guess", schema({ price: "VARCHAR", day: "VARCHAR" }, false)]]);
    const missing = await build({ "clean.a": "select prise from raw.guess" }, { schemas: guessed });
    expect(missing.errors.map(({ code, hint }) => [code, hint])).toEqual([["MR2003", 'did you mean "price"? — available: price, day']]);
    const types = await build(
      { "clean.a": "select sum(price) as s from raw.guess", "clean.b": "select s from clean.a" },
      { schemas: guessed },
    );
    expect(types.errors).toEqual([]);
    expect(types.models.get("clean.a")!.columns).toBeNull();
    const fine = await build({ "clean.a": "select price from raw.guess" }, { schemas: guessed });
    expect(fine.models.get("clean.a")).toMatchObject({ certain: false, columns: [{ name: "price", type: "VARCHAR" }] });
  });

  it("of a dynamic PIVOT are unknown", async () => {
    const { models, errors } = await build({ "clean.a": "pivot raw.orders on status using sum(amount)" });
    expect(errors.map(({ code }) => code)).toEqual(["MR2011"]);
    expect(models.get("clean.a")).toMatchObject({
      dependencies: ["raw.orders"],
      columns: null,
      unbound: "its columns depend on the data (PIVOT without a list of values)",
    });
  });

  it("of files are read from the project's folder; a file that is not there yet is no error", async () => {
    const dir = mkdtempSync(join(tmpdir(), "compile-"));
    mkdirSync(join(dir, "data"));
    writeFileSync(join(dir, "data/x.csv"), "id,city\n1,Rome\n2,Oslo\n");
    const { models, errors } = await build(
      { "clean.a": "select * from 'data/x.csv'", "clean.b": "select * from 'data/later.csv'", "clean.c": "select city from clean.a" },
      { projectDir: dir },
    );
    rmSync(dir, { recursive: true });
    expect(errors).toEqual([]);
    expect(models.get("clean.c")!.columns).toEqual([{ name: "city", type: "VARCHAR" }]);
    expect(models.get("clean.b")!.unbound).toMatch(/later\.csv/);
  });

  it("of _millrace.rows() show where rows came from", async () => {
    const { models, errors } = await build(
      { "clean.a": "select id, _file, _line from _millrace.rows('raw.orders')" },
      { lineage: "columns" },
    );
    expect(errors).toEqual([]);
    expect(models.get("clean.a")).toMatchObject({
      dependencies: ["raw.orders"],
      columns: [{ name: "id" }, { name: "_file" }, { name: "_line", type: "BIGINT" }],
    });
    expect(models.get("clean.a")!.lineage!.columns["id"]).toEqual([{ asset: "raw.orders", path: "id", kind: "identity" }]);
  });

  it("are compiled for checks and exports too, which make no asset", async () => {
    const { queries, errors } = await build(
      { "clean.a": "select id from raw.orders" },
      { queries: [model("check:a", "select * from clean.a where id < 0"), model("check:b", "select idd from clean.a")] },
    );
    expect(queries.get("check:a")).toMatchObject({ dependencies: ["clean.a"], columns: [{ name: "id", type: "BIGINT" }] });
    expect(errors.map(({ code }) => code)).toEqual(["MR2003"]);
  });
});

describe("errors", () => {
  it("stand at the place in the user's file, behind the front matter", async () => {
    expect(await onlyError("select id\nfrom raw.orders\nwhere amuont > 1")).toBe("MR2003 6:7+6");
    expect(await onlyError("select o.idd from raw.orders o")).toBe("MR2003 4:8+5");
    expect(await onlyError("select id frm raw.orders where")).toBe("MR2001 4:15+10");
    expect(await onlyError("select\n  'é€😀' as a,\n  'é€😀' || idd as b from raw.orders")).toBe("MR2003 6:13+3");
    expect(await onlyError("select 'é€😀' as a, from raw.orders raw.orders")).toBe("MR2001 4:40+1");
    expect(await onlyError("select 1 as a\nfrom\n  raw.oders")).toBe("MR2002 6:3+9");
    expect(await onlyError("select nofunction(id) as a from raw.orders")).toBe("MR2008 4:8+10");
    expect(await onlyError("select sum(status) as a from raw.orders")).toBe("MR2010 4:8+3");
    expect(await onlyError("select attrs.plam as p from raw.customers")).toBe("MR2003 4:14+4");
    expect(await onlyError("select $start as s, amuont as a, $param.x as x from raw.orders")).toBe("MR2003 4:21+6");
    expect(await onlyError("select * exclude (nothere) from raw.orders")).toMatch(/^MR2003 4:/);
  });

  it("say what was meant", async () => {
    const { errors } = await build({
      "clean.a": "select * from raw.oders",
      "clean.b": "select * from orders",
      "clean.c": "select custmer_id from raw.orders",
    });
    expect(errors.map(({ message, hint }) => [message, hint])).toEqual([
      ['clean.a: there is no table "raw.oders"', 'did you mean "raw.orders"?'],
      ['clean.b: there is no table "orders"', 'did you mean "raw.orders"?'],
      [
        'clean.c: column "custmer_id" does not exist',
        'did you mean "customer_id"? — available: id, customer_id, ordered_at, status, amount',
      ],
    ]);
  });

  it("are told all at once, each where it is made", async () => {
    const { errors } = await build({
      "clean.a": "select amuont from raw.orders",
      "clean.b": "select whatever from clean.a",
      "clean.c": "selct 1",
      "clean.d": "select * from raw.nothing, raw.nowhere",
      "clean.e": "select id from raw.orders",
    });
    expect(errors.map(({ code, location }) => `${code} ${location!.file}`)).toEqual([
      "MR2003 models/clean/a.sql",
      "MR2001 models/clean/c.sql",
      "MR2002 models/clean/d.sql",
      "MR2002 models/clean/d.sql",
    ]);
  });

  it.each<[string, string]>([
    ["create table x as select 1", "MR2005"],
    ["insert into raw.orders select * from raw.orders", "MR2005"],
    ["delete from raw.orders", "MR2005"],
    ["copy raw.orders to 'x.csv'", "MR2005"],
    ["attach 'x.db' as y", "MR2005"],
    ["set threads = 1", "MR2005"],
    ["describe raw.orders", "MR2005"],
    ["summarize raw.orders", "MR2005"],
    ["with x as (insert into raw.orders select 1 returning *) select * from x", "MR2001"],
    ["select 1 as a; drop table raw.orders", "MR2005"],
    ["select 1 as a; select 2 as a", "MR2006"],
    ["", "MR2007"],
    ["-- nothing here", "MR2007"],
    ["select ? as a", "MR2009"],
    ["select $1 as a", "MR2009"],
    ["select $region as a", "MR2009"],
    ["select $param as a", "MR2009"],
    ["select *\nfrom (pivot raw.orders on status using sum(amount))", "MR2011"],
    ["select {{ ref('x') }}", "MR2001"],
    ["select id, id from raw.orders", "MR2013"],
    ["select o.*, c.* from raw.orders o join raw.customers c on c.id = o.customer_id", "MR2013"],
    ["select * from clean.x", "MR2012"],
    ["select id between symmetric 9 and 3 as b from raw.orders", "MR2010"],
    [";; select 1 as a ;; select 2 as a", "MR2006"],
    ["select $constructor as a", "MR2009"],
  ])("refuses %j as %s", async (sql, code) => {
    const { errors } = await build({ "clean.x": sql });
    expect(errors.map((error) => error.code)).toEqual([code]);
    expect(errors[0]!.location!.line).toBeGreaterThanOrEqual(4);
  });

  it("say at its place that a table cannot hold fields without names; a view can", async () => {
    const stored = (materialize: string): SqlUnit => ({
      ...model("m.a", "select id,\n row(id, status) as pair from raw.orders"),
      spec: { materialize },
    });
    const { errors } = await compile({ models: [stored("table")], schemas });
    expect(errors.map(({ code, location, message }) => [code, location!.line, message])).toEqual([
      ["MR2010", 5, 'm.a: no table can hold the column "pair", whose fields have no names'],
    ]);
    expect((await compile({ models: [stored("view")], schemas })).errors).toEqual([]);
  });

  it("say that a view cannot have parameters, before anything is built", async () => {
    const unit = model("m.a", "select * from raw.orders where status = $param.status");
    const codes = async (materialize: string): Promise<string[]> =>
      (await compile({ models: [{ ...unit, spec: { materialize } }], schemas })).errors.map(
        ({ code, location }) => `${code} ${location!.line}:${location!.column}`,
      );
    expect(await codes("view")).toEqual(["MR4605 4:41"]);
    expect(await codes("table")).toEqual([]);
  });

  it("do not come from the names of schemas", async () => {
    const names = ["memory", "temp_", "main", "system_", "default", "select", "My Schema"];
    const texts = Object.fromEntries(names.map((name) => [`${name}.x`, "select id from raw.orders"]));
    const readers = Object.fromEntries(names.map((name, index) => [`readers.r${index}`, `select id from "${name}".x`]));
    const { errors, models } = await build({ ...texts, ...readers });
    expect(errors).toEqual([]);
    expect([...models.values()].every(({ columns }) => columns?.[0]?.name === "id")).toBe(true);
  });

  it("tell a circle by its path", async () => {
    const { errors, models } = await build({
      "m.a": "select * from\nm.b",
      "m.b": "select * from m.c",
      "m.c": "select * from m.a",
      "m.d": "select * from m.a",
    });
    expect(errors.map(({ code, message }) => [code, message])).toEqual([
      ["MR2004", "These assets depend on each other in a circle: m.a → m.b → m.c → m.a (each needs the next)"],
    ]);
    expect(errors[0]!.location).toMatchObject({ file: "models/m/a.sql", line: 5, column: 1 });
    expect(models.get("m.d")!.columns).toBeNull();
  });
});

describe("the cache", () => {
  it("answers the same without DuckDB, and compiles again what changed and what reads it", async () => {
    const dir = mkdtempSync(join(tmpdir(), "compile-"));
    const path = join(dir, "cache/compile.json");
    const texts = { "m.a": "select id, amount from raw.orders", "m.b": "select id from m.a", "m.c": "select name from raw.customers" };
    const run = async (models: Readonly<Record<string, string>>): Promise<Compilation> => {
      const cache = openCompileCache(path);
      const result = await build(models, { cache, lineage: "columns" });
      cache.save();
      return result;
    };
    const first = await run(texts);
    expect(await run(texts)).toEqual(first);
    const changed = await run({ ...texts, "m.a": "select id, amount, 1 as one from raw.orders", "m.b": "select one from m.a" });
    expect(changed.models.get("m.b")!.columns).toEqual([{ name: "one", type: "INTEGER" }]);
    expect(changed.models.get("m.b")!.lineage!.columns).toEqual({ one: [{ asset: "m.a", path: "one", kind: "identity" }] });
    expect((await run({ ...texts, "m.a": "select amount from raw.orders" })).errors.map(({ code }) => code)).toEqual(["MR2003"]);
    for (const cache of ["cold", "warm"])
      expect(
        (await run({ "m.a": "select id, id from raw.orders" })).errors.map(({ code }) => code),
        cache,
      ).toEqual(["MR2013"]);
    writeFileSync(path, "{ damaged");
    expect(await run(texts)).toEqual(first);
    rmSync(dir, { recursive: true });
  });
});
