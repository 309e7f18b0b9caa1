// The facts of test/chaos/load-facts.ts as tables of a PostgreSQL server, which also says itself what must be there.
import { Client } from "pg";
import type { TestPostgres } from "../postgres.ts";
import { type Change, facts, type Item } from "./load-facts.ts";
import type { Disposition, LoadSource } from "./loads.ts";
import { startWitnessProxy } from "./witness-proxy.ts";

const TABLES = { replace: "items", append: "log", merge: "latest", snapshot: "items" } as const;
const COLUMNS = "(id bigint, seq bigint, v bigint, t text)";

export async function postgresSource(server: TestPostgres, disposition: Disposition): Promise<LoadSource> {
  const known = facts();
  const direct = await server.createDatabase();
  const proxy = await startWitnessProxy(server.port);
  const client = new Client(direct);
  await client.connect();
  for (const table of new Set(Object.values(TABLES))) await client.query(`create table ${table} ${COLUMNS}`);
  const table = TABLES[disposition];
  const url = direct.replace(`:${server.port}`, `:${proxy.port}`);
  const cursor = table === "items" ? "" : "cursor: seq\n";
  const key = disposition === "append" ? "" : "primaryKey: [id]\n";
  return {
    facts: known,
    files: {
      "sources/raw/items.yaml": `from: { postgres: { url: "${url}", table: public.${table}, parallel: 2 } }\nload: ${disposition}\n${key}${cursor}`,
    },
    change: () => give(client, known.change()),
    aims: [proxy.aim("copy (", "before"), proxy.aim("copy (", "answered")],
    async expected() {
      if (disposition === "snapshot") return known.history.map(({ id, v, t, current }) => [id, v, t, current]);
      const { rows } = await client.query({ text: `select id::int, v::int, t from ${table}`, rowMode: "array" });
      return rows as unknown[][];
    },
    async close() {
      await client.end();
      await proxy.close();
    },
  };
}

/** One transaction, as an application would do it. */
async function give(client: Client, { upserted, removed }: Change): Promise<void> {
  const ids = upserted.map(({ id }) => id);
  await client.query("begin");
  await client.query("delete from items where id = any($1)", [[...removed, ...ids]]);
  await client.query("delete from latest where id = any($1)", [ids]);
  for (const name of ["items", "latest", "log"]) await client.query(`insert into ${name} ${VALUES}`, columnsOf(upserted));
  await client.query("commit");
}

const VALUES = "select * from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[])";

function columnsOf(items: readonly Item[]): unknown[] {
  return [items.map(({ id }) => id), items.map(({ seq }) => seq), items.map(({ v }) => v), items.map(({ t }) => t)];
}
