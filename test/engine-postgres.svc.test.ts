// Models that run on a real PostgreSQL, where their data lies: the same plan, checks, versions and environments as in the warehouse.
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { App } from "../src/app.ts";
import type { MillraceError } from "../src/model/errors.ts";
import { testProjects } from "../src/operations/projects.suite.ts";
import { startPostgres, type TestPostgres } from "./postgres.ts";

let server: TestPostgres;
let url = "";
let client: Client;
const { project, open, write } = testProjects("engine", "");

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

async function statuses(app: App, request: Parameters<App["run"]>[0] = {}): Promise<Record<string, string>> {
  const { run } = await app.run(request, () => {}).catch((error: unknown) => {
    throw new Error(told(error));
  });
  const { nodes } = await app.runShow(run);
  return Object.fromEntries(nodes.map(({ asset, status, error }) => [asset, error == null ? status : `${status}: ${error.code} ${error.message}`]));
}

/** All that an error says, places included. */
function told(error: unknown): string {
  const { code, message, location, errors = [] } = error as MillraceError;
  const place = location === undefined ? "" : ` at ${location.file}:${location.line}:${location.column}`;
  return [`${code}${place}: ${message}`, ...errors.map(told)].join("\n");
}

describe("models on PostgreSQL", () => {
  it("are built where their data lies, and not again while nothing changed", async () => {
    await database();
    const dir = project({ "millrace.yaml": config(), "sources/orders.yaml": SOURCE, "models/mart/paid.sql": PAID, "models/mart/totals.sql": TOTALS });
    const app = await open(dir);
    expect(await statuses(app)).toEqual({ "raw.orders": "succeeded", "mart.paid": "succeeded", "mart.totals": "succeeded" });
    expect(await rows("select * from mart.totals order by 1")).toEqual([["c0", "247.50", 10, "4.50"], ["c1", "216.00", 9, "6.00"], ["c2", "229.50", 9, "7.50"]]);
    expect(await statuses(app)).toEqual({ "raw.orders": "reused", "mart.paid": "reused", "mart.totals": "reused" });
    await client.query("insert into public.orders values (99, 'c9', 9, now())");
    expect(await statuses(app)).toEqual({ "raw.orders": "succeeded", "mart.paid": "succeeded", "mart.totals": "succeeded" });
    expect(await rows("select n from mart.totals where customer = 'c9'")).toEqual([[1]]);
    const { asset } = await app.describe("mart.totals", { partitions: false });
    expect(asset).toMatchObject({ rows: 4, materialize: "table", upstream: ["mart.paid"], columns: [{ name: "customer", type: "VARCHAR" }, { type: "DECIMAL(12,2)" }, { type: "INTEGER" }, {}] });
    expect(asset.checks.map(({ check, status }) => [check, status])).toEqual([["notNull(customer)", "passed"], ["unique(customer)", "passed"]]);
    // Tables of versions that are no longer kept are gone.
    for (const customer of ["c10", "c11", "c12", "c13"]) {
      await client.query("insert into public.orders select 100 + max(id), $1, 9, now() from public.orders", [customer]);
      await statuses(app);
    }
    expect(await rows("select count(*)::int from pg_tables where schemaname = '_millrace_data'")).toEqual([[3]]);
  });

  it("keep what readers see when a blocking check fails, and tell errors at their place", async () => {
    await database();
    const dir = project({ "millrace.yaml": config(), "sources/orders.yaml": SOURCE, "models/mart/paid.sql": PAID, "models/mart/totals.sql": TOTALS });
    const app = await open(dir);
    await statuses(app);
    await client.query("insert into public.orders values (99, null, 100, now())");
    const after = await statuses(app);
    expect(after["mart.totals"]).toMatch(/^failed: MR4501 mart.totals: notNull\(customer\) failed for 1 row; not published\n.*"customer":null/);
    expect(await rows("select count(*)::int from mart.totals")).toEqual([[3]]);
    expect(await rows("select count(*)::int from pg_tables where schemaname = '_millrace_data'")).toEqual([[1]]);
    write(dir, { "models/mart/totals.sql": TOTALS.replace("min(amount)", "min(amont)") });
    const broken = await open(dir);
    const { run } = await broken.run({}, () => {});
    const { nodes } = await broken.runShow(run);
    expect(nodes.find((node) => node.asset === "mart.totals")!.error).toMatchObject({ code: "MR4661", location: { file: "models/mart/totals.sql", line: 9, column: 97 } });
  });
});
