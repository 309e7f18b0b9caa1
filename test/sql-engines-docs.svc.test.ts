// The guide of SQL engines is true: its files and commands do what it says, on a real PostgreSQL.
import { join } from "node:path";
import { Client } from "pg";
import { expect, it } from "vitest";
import { followGuide, guideOf } from "./guides.ts";
import { repository } from "./millrace.ts";
import { startPostgres } from "./postgres.ts";

it("docs/sql-engines.md is true: its files and commands do what it says", { timeout: 120_000 }, async () => {
  const server = await startPostgres({ fsync: "off" });
  try {
    const url = await server.createDatabase();
    const client = new Client(url);
    await client.connect();
    await client.query(`create table public.orders (id integer primary key, customer text, status text, amount numeric(10,2), placed timestamp);
      insert into public.orders values (1, 'Ann', 'Paid', 10, '2026-01-02'), (2, 'Bob', 'open', 20, '2026-01-03'), (3, 'Ann', 'paid later', 5.5, '2026-02-01')`);
    await client.end();
    const { files, lines } = guideOf(join(repository, "docs/sql-engines.md"));
    expect(await followGuide({ files: { ...files, "secrets.env": `SHOP_URL=${url}\n` }, lines })).toEqual([]);
  } finally {
    await server.stop();
  }
});
