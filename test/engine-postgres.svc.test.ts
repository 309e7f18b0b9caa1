// Models that run on a real PostgreSQL, where their data lies: the same plan, checks, versions and environments as in the warehouse.
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type App, openApp } from "../src/app.ts";
import type { MillraceError } from "../src/model/errors.ts";
import { testProjects } from "../src/operations/projects.suite.ts";
import { startPostgres, type TestPostgres } from "./postgres.ts";
import { startTcpProxy } from "./tcp-proxy.ts";

let server: TestPostgres;
let url = "";
let client: Client;
const { apps, project, open, write } = testProjects("engine", "");

beforeAll(async () => {
  server = await startPostgres({ fsync: "off" });
});
afterAll(async () => {
  await client?.end().catch(() => undefined);
  await server.stop();
});

async function database(): Promise<void> {
  await client?.end();
  url = await server.createDatabase();
  client = new Client(url);
  await client.connect();
  await client.query(`create table public.orders (id integer primary key, customer text, amount numeric(10,2), at timestamp);
    insert into public.orders select i, 'c' || i % 3, i * 1.5, timestamp '2026-01-01' + i * interval '1 hour' from generate_series(1, 30) i`);
}

async function rows(query: string): Promise<unknown[]> {
  return (await client.query({ text: query, rowMode: "array" })).rows;
}

const config = (): string => `connections: { shop: { postgres: { url: "${url}" } } }\n`;
const SOURCE = "engine: postgres\nfrom: { postgres: { connection: shop, table: public.orders } }\n";
const PAID = "/*---\nengine: postgres\n---*/\nselect id, customer, amount from raw.orders where amount > 3\n";
const TOTALS = `/*---
engine: { postgres: { connection: shop } }
materialize: table
checks:
  - notNull: [customer]
  - unique: [customer]
---*/
-- a total per customer
select customer, sum(amount)::numeric(12,2) as total, count(*)::int as n, to_char(min(amount), 'FM990.00') as least
from mart.paid group by customer order by customer
`;

const on = (): Record<string, string> => ({ "millrace.yaml": config(), "sources/orders.yaml": SOURCE });
/** Orders that are paid, and a total per customer. */
const shop = (): Record<string, string> => ({
  ...on(),
  "models/mart/paid.sql": PAID,
  "models/mart/totals.sql": TOTALS,
});

async function statuses(app: App, request: Parameters<App["run"]>[0] = {}): Promise<Record<string, string>> {
  const { run } = await app
    .run(request, () => {})
    .catch((error: unknown) => {
      throw new Error(told(error));
    });
  const { nodes } = await app.runShow(run);
  return Object.fromEntries(
    nodes.map(({ asset, status, error }) => [asset, error == null ? status : `${status}: ${error.code} ${error.message}`]),
  );
}

/** Columns, then rows. */
async function queried(app: App, sql: string): Promise<unknown[]> {
  const parts: unknown[] = [];
  await app.query(sql, (part) => void parts.push(...("rows" in part ? part.rows : [part.columns])));
  return parts;
}

/** All that an error says, places included. */
function told(error: unknown): string {
  const { code, message, location, errors } = error as MillraceError;
  const place = location === undefined ? "" : ` at ${location.file}:${location.line}:${location.column}`;
  return [`${code}${place}: ${message}`, ...errors.map(told)].join("\n");
}

describe("models on PostgreSQL", () => {
  it("are built where their data lies, and not again while nothing changed", async () => {
    await database();
    const dir = project(shop());
    const app = await open(dir);
    expect(await statuses(app)).toEqual({ "raw.orders": "succeeded", "mart.paid": "succeeded", "mart.totals": "succeeded" });
    expect(await rows("select * from mart.totals order by 1")).toEqual([
      ["c0", "247.50", 10, "4.50"],
      ["c1", "216.00", 9, "6.00"],
      ["c2", "229.50", 9, "7.50"],
    ]);
    expect(await statuses(app)).toEqual({ "raw.orders": "reused", "mart.paid": "reused", "mart.totals": "reused" });
    await client.query("insert into public.orders values (99, 'c9', 9, now())");
    expect(await statuses(app)).toEqual({ "raw.orders": "succeeded", "mart.paid": "succeeded", "mart.totals": "succeeded" });
    expect(await rows("select n from mart.totals where customer = 'c9'")).toEqual([[1]]);
    const { asset } = await app.describe("mart.totals", { partitions: false });
    expect(asset).toMatchObject({
      rows: 4,
      materialize: "table",
      upstream: ["mart.paid"],
      columns: [{ name: "customer", type: "VARCHAR" }, { type: "DECIMAL(12,2)" }, { type: "INTEGER" }, {}],
    });
    expect(asset.checks.map(({ check, status }) => [check, status])).toEqual([
      ["notNull(customer)", "passed"],
      ["unique(customer)", "passed"],
    ]);
    expect((await app.describe("raw.orders", { partitions: false })).asset.rows).toBe(31);
    await expect(queried(app, "select * from mart.totals")).rejects.toMatchObject({ code: "MR4668" });
    // Tables of versions that are no longer kept are gone.
    for (const customer of ["c10", "c11", "c12", "c13"]) {
      await client.query("insert into public.orders select 100 + max(id), $1, 9, now() from public.orders", [customer]);
      await statuses(app);
    }
    expect(await rows("select count(*)::int from pg_tables where schemaname = '_millrace_data'")).toEqual([[3]]);
  });

  it("have columns with lineage as far as DuckDB reads their SQL, before they are built and after", async () => {
    await database();
    const dir = project({
      ...on(),
      "models/mart/paid.sql": PAID.replace("amount from", "amount::numeric(12,2) as Total from"),
      "models/mart/sums.sql":
        "/*---\nengine: postgres\nmaterialize: table\n---*/\nselect customer, count(*), sum(p.total) over (partition by p.customer), p.total::int from mart.paid p group by customer, p.total",
      "models/mart/own.sql": "/*---\nengine: postgres\n---*/\nselect to_tsvector(customer)::text as words from raw.orders",
      "models/mart/top.sql": "select customer, total from mart.paid",
    });
    const app = await open(dir);
    await statuses(app, { select: "raw.orders" });
    const before = await app.lineage("mart.paid", { up: 1, down: 9 });
    expect(before).toMatchObject({
      readAs: "duckdb",
      columns: { id: { upstream: ["raw.orders.id"], influences: ["raw.orders.amount"] }, total: { upstream: ["raw.orders.amount"] } },
    });
    expect(before.columns["total"]!.downstream).toEqual(["mart.top.total"]);
    // Nobody but the server knows what columns without a name are called.
    expect((await app.lineage("mart.sums", { up: 1, down: 1 })).columns).toEqual({});
    expect(new Set(Object.values(await statuses(app)))).toEqual(new Set(["reused", "succeeded"]));
    const { columns } = await app.lineage("mart.sums", { up: 2, down: 1 });
    expect(Object.entries(columns).map(([name, { upstream }]) => [name, upstream])).toEqual([
      ["customer", ["mart.paid.customer", "raw.orders.customer"]],
      ["count", []],
      ["sum", ["mart.paid.total", "raw.orders.amount"]],
      ["total", ["mart.paid.total", "raw.orders.amount"]],
    ]);
    const words = await app.lineage("mart.own", { up: 1, down: 1 });
    expect([words.readAs, words.columns, words.upstream]).toEqual([
      undefined,
      { words: { upstream: [], downstream: [], influences: [] } },
      ["raw.orders"],
    ]);
    expect(new Set(Object.values(await statuses(app)))).toEqual(new Set(["reused"]));
    // What the server has by now counts, not what was seen of it.
    await client.query("alter table public.orders add column more integer not null default 1");
    write(dir, { "models/mart/all.sql": "/*---\nengine: postgres\nchecks: [{ notNull: [more] }]\n---*/\nselect * from raw.orders" });
    expect(await statuses(await open(dir), { select: "+mart.all" })).toEqual({ "raw.orders": "succeeded", "mart.all": "succeeded" });
  });

  it("keep what readers see when a blocking check fails, and tell errors at their place", async () => {
    await database();
    const dir = project(shop());
    const app = await open(dir);
    await statuses(app);
    await client.query("insert into public.orders values (99, null, 100, now())");
    const after = await statuses(app);
    expect(after["mart.totals"]).toMatch(
      /^failed: MR4501 mart.totals: notNull\(customer\) failed for 1 row; not published\n.*"customer":null/,
    );
    expect(await rows("select count(*)::int from mart.totals")).toEqual([[3]]);
    expect(await rows("select count(*)::int from pg_tables where schemaname = '_millrace_data'")).toEqual([[1]]);
    write(dir, { "models/mart/totals.sql": TOTALS.replace("min(amount)", "min(amont)") });
    const broken = await open(dir);
    const { run } = await broken.run({}, () => {});
    const { nodes } = await broken.runShow(run);
    expect(nodes.find((node) => node.asset === "mart.totals")!.error).toMatchObject({
      code: "MR4661",
      location: { file: "models/mart/totals.sql", line: 9, column: 87 },
    });
  });

  it("give the same tables as in the warehouse, which copies what it reads of them", async () => {
    await database();
    const files = {
      ...on(),
      "models/mart/daily.sql": `/*---
engine: postgres
materialize: table
---*/
select cast(o.at as date) as day, customer, count(*)::bigint as n, sum(amount)::numeric(12,2) as total, max(amount)::numeric(10,2) as most
from raw.orders o group by 1, 2`,
      "models/mart/top.sql": "select day, sum(total) as total from mart.daily group by day",
    };
    const dir = project(files);
    const app = await open(dir);
    const { nodes } = await app.plan({});
    expect(nodes.map(({ asset, reason }) => [asset, reason])).toEqual([
      ["raw.orders", "never built; it stays on postgres (shop)"],
      ["mart.daily", "never built; it is built on postgres (shop), and copied from there for mart.top"],
      ["mart.top", "never built"],
    ]);
    expect(await statuses(app)).toEqual({ "raw.orders": "succeeded", "mart.daily": "succeeded", "mart.top": "succeeded" });
    const daily = "select * from mart.daily order by day, customer";
    const there = await queried(app, daily);
    expect(there).toHaveLength(1 + 6);
    const inside = project({
      ...files,
      "sources/orders.yaml": SOURCE.replace("engine: postgres\n", ""),
      "models/mart/daily.sql": files["models/mart/daily.sql"].replace("engine: postgres\n", ""),
    });
    const other = await open(inside);
    expect(await statuses(other)).toEqual({ "raw.orders": "succeeded", "mart.daily": "succeeded", "mart.top": "succeeded" });
    expect(await queried(other, daily)).toEqual(there);
    // What is read in the warehouse later is copied then, and not built again.
    write(dir, { "models/mart/all.sql": "/*---\nmaterialize: table\n---*/\nselect count(*) as n from raw.orders" });
    const again = await open(dir);
    expect(await statuses(again)).toEqual({
      "raw.orders": "succeeded",
      "mart.daily": "reused",
      "mart.top": "reused",
      "mart.all": "succeeded",
    });
    expect((await queried(again, "select n from mart.all")).slice(1)).toEqual([[30]]);
  });

  it("stand in schemas of their own in another environment, until they are promoted; and can be gone back from", async () => {
    await database();
    const dir = project(shop());
    await statuses(await open(dir));
    const prod = await rows("select * from mart.totals order by 1");
    write(dir, { "models/mart/paid.sql": PAID.replace("> 3", "> 30") });
    const dev = await openApp({ dir, env: "dev" });
    apps.push(dev);
    expect(await statuses(dev)).toEqual({ "raw.orders": "reused", "mart.paid": "succeeded", "mart.totals": "succeeded" });
    const changed = await rows("select * from mart__dev.totals order by 1");
    expect(changed).toEqual([
      ["c0", "153.00", 4, "31.50"],
      ["c1", "112.50", 3, "33.00"],
      ["c2", "117.00", 3, "34.50"],
    ]);
    expect(await rows("select * from mart.totals order by 1")).toEqual(prod);
    await dev.envPromote({ environment: "dev", dryRun: false });
    expect(await rows("select * from mart.totals order by 1")).toEqual(changed);
    expect(await rows("select count(*)::int from mart.paid")).toEqual([[10]]);
    expect(await rows("select table_schema from information_schema.views where table_schema like '%dev'")).toEqual([]);
    await dev.envRollback({});
    expect(await rows("select * from mart.totals order by 1")).toEqual(prod);
    await dev.envCollect({ dryRun: false, graceMs: -1_000 } as { dryRun: boolean });
    expect(
      await rows(
        "select distinct table_schema from information_schema.views where table_schema like 'mart%' or table_schema like 'raw%' order by 1",
      ),
    ).toEqual([["mart"], ["raw"]]);
    expect(await rows("select * from mart.totals order by 1")).toEqual(prod);
    // What two branches have of their own never meets.
    write(dir, { "models/mart/paid.sql": PAID.replace("> 3", "> 42") });
    for (const env of ["one", "two"]) {
      const branch = await openApp({ dir, env });
      expect((await statuses(branch))["mart.totals"]).toBe("succeeded");
      if (env === "one") write(dir, { "models/mart/paid.sql": PAID.replace("> 3", "> 43.5") });
      await branch.close();
    }
    const counts = await rows(
      "select (select count(*)::int from mart.paid), (select count(*)::int from mart__one.paid), (select count(*)::int from mart__two.paid)",
    );
    expect(counts).toEqual([[28, 2, 1]]);
    await (await open(dir)).envDrop("one");
    expect(await rows("select distinct table_schema from information_schema.views where table_schema like 'mart%' order by 1")).toEqual([
      ["mart"],
      ["mart__two"],
    ]);
  });

  it("refuse what does not lie on the server, and what the engine cannot do, before anything runs", async () => {
    await database();
    const dir = project({
      ...on(),
      "sources/late.yaml": `${SOURCE}load: append\n`,
      "models/here/a.sql": "select 1 as id",
      "models/mart/b.sql": "/*---\nengine: postgres\n---*/\nselect o.id from raw.orders o\njoin here.a using (id)",
      "models/mart/c.sql": "/*---\nengine: postgres\nmaterialize: snapshot\nkey: id\n---*/\nselect id from raw.orders",
      "models/mart/d.sql": "/*---\nengine: postgre\n---*/\nselect 1 as id",
    });
    const app = await open(dir);
    const error: unknown = await app.plan({}).catch((thrown: unknown) => thrown);
    expect(told(error)).toContain("MR4663 at sources/late.yaml:3:1");
    expect(told(error)).toContain("MR4664 at models/mart/c.sql:3:14");
    expect(told(error)).toContain("MR4660 at models/mart/d.sql:2:9");
    expect(told(error)).toContain(
      "MR4662 at models/mart/b.sql:5:6: mart.b runs on postgres (shop); here.a, which it reads, stands in the warehouse",
    );
  });

  it("read what stands in the warehouse, whose rows are copied once per version", async () => {
    await database();
    const dir = project({
      ...on(),
      "sources/tiers.yaml": "from: { files: { path: data/tiers.csv } }\n",
      "data/tiers.csv": "customer,tier,since\nc0,gold,2026-01-02\nc1,basic,2026-01-03\n",
      "models/clean/tiers.sql": "select customer, upper(tier) as tier, since, [tier, 'x'] as marks from raw.tiers",
      "models/mart/worth.sql":
        "/*---\nengine: postgres\nmaterialize: table\n---*/\nselect tiers.tier, count(*)::int as n, min(marks[1]) as mark from raw.orders o join clean.tiers on tiers.customer = o.customer group by 1",
      "models/mart/kept.sql":
        "/*---\nengine: postgres\nmaterialize: incremental\nkey: customer\n---*/\nselect t.customer, t.since + 1 as since from clean.tiers t",
    });
    const app = await open(dir);
    expect((await app.plan({})).nodes.find(({ asset }) => asset === "mart.worth")!.reason).toBe(
      "never built; it is built on postgres (shop); the rows of clean.tiers are copied there",
    );
    const copies = (): Promise<unknown[]> =>
      rows("select count(*)::int, max(oid)::int from pg_class where relname like 'clean\\_\\_tiers\\_\\_copy%'");
    expect(new Set(Object.values(await statuses(app)))).toEqual(new Set(["succeeded"]));
    expect(await rows("select * from mart.worth order by tier")).toEqual([
      ["BASIC", 10, "basic"],
      ["GOLD", 10, "gold"],
    ]);
    const first = await copies();
    expect(first).toMatchObject([[1, expect.anything()]]);
    // The text of a reader changes: the copy is there. Then the asset changes, in one branch only.
    write(dir, {
      "models/mart/worth.sql": "/*---\nengine: postgres\nmaterialize: table\n---*/\nselect count(*)::int as n from clean.tiers",
    });
    expect((await statuses(await open(dir)))["mart.worth"]).toBe("succeeded");
    expect(await copies()).toEqual(first);
    write(dir, { "models/clean/tiers.sql": "select customer, tier, since from raw.tiers where tier = 'gold'" });
    const dev = await openApp({ dir, env: "dev" });
    apps.push(dev);
    expect(await statuses(dev)).toMatchObject({ "mart.worth": "succeeded", "mart.kept": "succeeded" });
    expect(await rows("select n, (select n from mart.worth) from mart__dev.worth")).toEqual([[1, 2]]);
    expect(await rows("select customer, since::text from mart__dev.kept")).toEqual([["c0", "2026-01-03"]]);
    expect((await dev.describe("mart.kept", { partitions: false })).asset.incremental!.reason).toBe(
      "by key (customer): which rows of clean.tiers changed was not kept; all of it",
    );
    await dev.envPromote({ environment: "dev", dryRun: false });
    expect(await rows("select n from mart.worth")).toEqual([[1]]);
    write(dir, { "data/tiers.csv": "customer,tier,since\nc0,gold,2026-01-02\nc7,gold,2026-01-09\n" });
    expect(await statuses(await open(dir))).toMatchObject({ "mart.worth": "succeeded", "mart.kept": "succeeded" });
    expect(await rows("select customer, since::text from mart.kept order by 1")).toEqual([
      ["c0", "2026-01-03"],
      ["c7", "2026-01-10"],
    ]);
  });

  it("replace nothing that is not theirs, and drop no view that somebody made on theirs", async () => {
    await database();
    const model = (columns: string): string => `/*---\nengine: postgres\n---*/\nselect ${columns} from raw.orders`;
    const reader = "/*---\nengine: postgres\n---*/\nselect max(id) as id from mart.a";
    const files = {
      ...on(),
      "models/mart/a.sql": model("id, amount"),
      "models/mart/b.sql": reader,
    };
    const dir = project(files);
    await client.query("create schema mart; create table mart.b (own text)");
    expect((await statuses(await open(dir)))["mart.b"]).toMatch(/^failed: MR4666 mart.b is there on the server/);
    expect(await rows("select * from mart.b")).toEqual([]);
    await client.query("drop table mart.b");
    expect((await statuses(await open(dir)))["mart.b"]).toBe("succeeded");
    // What reads it is made anew with it, with its rights.
    await client.query("create role analyst; grant select on mart.b to analyst");
    write(dir, { "models/mart/a.sql": model("id::bigint as id") });
    expect(await statuses(await open(dir))).toMatchObject({ "mart.a": "succeeded", "mart.b": "succeeded" });
    expect(await rows("select id, has_table_privilege('analyst', 'mart.b', 'select') from mart.b")).toEqual([["30", true]]);
    await client.query("create view public.mine as select id from mart.a");
    write(dir, { "models/mart/a.sql": model("amount") });
    expect((await statuses(await open(dir)))["mart.a"]).toMatch(/^failed: MR4667 mart.a cannot be made anew: .*public.mine/);
    expect(await rows("select * from public.mine order by 1 desc limit 1")).toEqual([["30"]]);
    // Back to the warehouse: the server shows it no longer.
    await client.query("drop view public.mine");
    write(dir, { "models/mart/a.sql": "select id from raw.orders", "models/mart/b.sql": "select max(id) as id from mart.a" });
    expect(await statuses(await open(dir))).toMatchObject({ "mart.a": "succeeded", "mart.b": "succeeded" });
    expect(await rows("select table_name from information_schema.tables where table_schema = 'mart'")).toEqual([]);
  });

  it("take values for their parameters, and are shown as they were after a rollback", async () => {
    await database();
    const since =
      "/*---\nengine: postgres\nmaterialize: table\n---*/\nselect count(*)::int as n, $param.least as least from raw.orders where amount > $param.least::numeric";
    const job = "params: { least: { default: '10' } }\nselect: mart.since\n";
    const dir = project({
      ...on(),
      "models/mart/since.sql": since,
      "jobs/some.yaml": job,
    });
    const app = await open(dir);
    expect(await statuses(app, { job: "some", select: "+mart.since" })).toMatchObject({ "mart.since": "succeeded" });
    const first = (await app.describe("mart.since", { partitions: false })).asset.version!;
    expect(await statuses(app, { job: "some", params: { least: "30" } })).toEqual({ "mart.since": "succeeded" });
    expect(await rows("select * from mart.since")).toEqual([[10, "30"]]);
    expect(await app.rollback({ asset: "mart.since", to: first, dryRun: false })).toMatchObject({ to: first, rows: 1 });
    expect(await rows("select * from mart.since")).toEqual([[24, "10"]]);
    expect((await app.check({})).checks).toEqual([]);
  });

  it("know from the server whether a commit was made whose answer was lost", async () => {
    await database();
    const proxy = await startTcpProxy(server.port);
    const throughProxy = url.replace(String(server.port), String(proxy.port));
    const files = Object.fromEntries(
      Array.from({ length: 8 }, (_, n) => [
        `models/many/t${n}.sql`,
        `/*---\nengine: postgres\nmaterialize: ${n === 1 ? "incremental\nkey: n" : "table"}\n---*/\nselect distinct ${n} as n from raw.orders`,
      ]),
    );
    const retry = "defaults: { retry: { attempts: 3, delay: 10ms } }\n";
    const dir = project({
      ...files,
      "millrace.yaml": `connections: { shop: { postgres: { url: "${throughProxy}" } } }\n${retry}`,
      "sources/orders.yaml": SOURCE,
    });
    try {
      // Eight at once, in a schema that is not there yet.
      expect(new Set(Object.values(await statuses(await open(dir))))).toEqual(new Set(["succeeded"]));
      for (const [n, what] of [
        [0, "loseAnswer"],
        [0, "cutBefore"],
        [1, "loseAnswer"],
        [1, "cutBefore"],
      ] as const) {
        write(dir, { [`models/many/t${n}.sql`]: files[`models/many/t${n}.sql`]!.replace(`${n} as n`, `'${what}' as n`) });
        proxy.whenSaid("commit\0", what);
        expect((await statuses(await open(dir)))[`many.t${n}`]).toBe("succeeded");
        expect(await rows(`select distinct n from many.t${n}`)).toEqual([[what]]);
      }
      expect(await rows("select count(*)::int from _millrace.commits where result is null")).toEqual([[0]]);
    } finally {
      await proxy.close();
    }
  });
});
