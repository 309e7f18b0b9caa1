// A whole run over a line to PostgreSQL that drips, is cut or falls silent: the rows are whole, in bounded time. What the connectors do over such lines stands
// beside them: postgres/faults, http/faults, s3/faults, sftp. Needs PostgreSQL.
import { Client } from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { project, rows } from "./millrace.ts";
import { millrace } from "./warm.ts";
import { startPostgres, type TestPostgres } from "./postgres.ts";
import { startTcpProxy, type TcpProxy } from "./tcp-proxy.ts";

const ROWS = 200;
let server: TestPostgres;
let proxy: TcpProxy;
let url: string;
beforeAll(async () => {
  server = await startPostgres({ fsync: "off" });
  proxy = await startTcpProxy(server.port);
  const direct = await server.createDatabase();
  url = direct.replace(`:${server.port}`, `:${proxy.port}`);
  const client = new Client(direct);
  await client.connect();
  await client.query(`create table items as select n as id, md5(n::text) as t from generate_series(1, ${ROWS}) n`);
  await client.end();
});
afterAll(async () => {
  await proxy.close();
  await server.stop();
});

it.each(["drip", "cut", "freeze"] as const)("a line that meets with %s gives every row once", async (fault) => {
  const made = project({
    "millrace.yaml": "name: network\ndefaults: { retry: { attempts: 3, delay: 10ms } }\n",
    "sources/raw/items.yaml": `from: { postgres: { url: "${url}", table: items, silence: 1s } }\n`,
  });
  const dripping = fault === "drip" ? setInterval(() => proxy.drip(), 1) : undefined;
  if (fault !== "drip") proxy.afterBytes(3_000, fault);
  try {
    const run = await millrace(["run", "--json"], made.dir);
    clearInterval(dripping);
    expect(run.exitCode, run.stdout).toBe(0);
    expect(await rows(made.dir, "select count(*), count(distinct id), count(*) filter (t = md5(id::varchar)) from raw.items")).toEqual([
      [ROWS, ROWS, ROWS],
    ]);
  } finally {
    clearInterval(dripping);
    made.remove();
  }
});
