// kill -9 of runs, and connections that the server ends, while models are built on PostgreSQL: readers there see the old or the new, whole, at every
// moment; the next run finds its way, and no table is left over. Needs PostgreSQL.
import { setTimeout as pause } from "node:timers/promises";
import { Client } from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { killsOf } from "./chaos/random.ts";
import { millrace, project, rows, start } from "./millrace.ts";
import { startPostgres, type TestPostgres } from "./postgres.ts";

/** MILLRACE_KILLS=full: 60 kills. */
const KILLS = killsOf(6, 60);
const ORDERS = 5_000;
const POLL_MS = 5;

let server: TestPostgres;
let client: Client;
let reader: Client;
let made: ReturnType<typeof project>;

beforeAll(async () => {
  server = await startPostgres({ fsync: "off" });
  const url = await server.createDatabase();
  client = new Client(url);
  reader = new Client(url);
  await Promise.all([client.connect(), reader.connect()]);
  await client.query(`create table public.orders (id integer primary key, round integer);
    insert into public.orders select i, 0 from generate_series(1, ${ORDERS}) i`);
  made = project({
    "millrace.yaml": `name: kill\nconnections: { shop: { postgres: { url: "${url}" } } }\ndefaults: { retry: { attempts: 3, delay: 10ms } }\n`,
    "sources/orders.yaml": "engine: postgres\nfrom: { postgres: { connection: shop, table: public.orders } }\n",
    "models/mart/rounds.sql": `/*---
engine: postgres
materialize: table
checks: [{ unique: [id] }]
---*/
select id, round, count(*) over () as n from raw.orders, (select pg_sleep(0.05)) waiting`,
    "models/mart/seen.sql": "/*---\nmaterialize: table\n---*/\nselect round, count(*) as n from mart.rounds group by round",
  });
});
afterAll(async () => {
  made.remove();
  await Promise.all([client.end(), reader.end()]);
  await server.stop();
});

it("leaves old or new, and in the end what the query gives", { timeout: 120_000 + KILLS * 10_000 }, async () => {
  expect((await millrace(["run", "--json"], made.dir)).exitCode).toBe(0);
  const wrong: unknown[] = [];
  let polls = 0;
  let isPolling = true;
  const polling = (async (): Promise<void> => {
    while (isPolling) {
      const { rows: found } = await reader.query("select min(round) as low, max(round) as high, count(*)::int as n from mart.rounds");
      const [seen] = found as [{ low: number; high: number; n: number }];
      if (seen.low !== seen.high || seen.n !== ORDERS) wrong.push(seen);
      polls++;
      await pause(POLL_MS);
    }
  })();
  for (let round = 1; round <= KILLS; round++) {
    await client.query("update public.orders set round = $1", [round]);
    const { child, finished } = start(["run"], made.dir);
    await Promise.race([pause(250 + ((round * 379) % 1_100)), finished]);
    if (round % 3 === 0) await client.query("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'millrace'");
    else child.kill("SIGKILL");
    await finished;
  }
  const done = await millrace(["run", "--json"], made.dir);
  expect(done.exitCode, done.stdout + done.stderr).toBe(0);
  isPolling = false;
  await polling;
  expect(wrong).toEqual([]);
  expect(polls).toBeGreaterThan(KILLS);
  const live = await client.query("select distinct round, n::int as n from mart.rounds");
  expect(live.rows).toEqual([{ round: KILLS, n: ORDERS }]);
  expect(await rows(made.dir, "select round, n from mart.seen")).toEqual([[KILLS, ORDERS]]);
  const tables = await client.query("select tablename from pg_tables where schemaname = '_millrace_data'");
  expect(tables.rows.length).toBeLessThanOrEqual(3);
  const noted = await client.query("select count(*)::int as n from _millrace.tables");
  expect(noted.rows).toEqual([{ n: tables.rows.length }]);
});
