// Read tables and the table of engines in PostgreSQL. Each operation is one statement. Saving a read table does not wait for the disk: what a crash of the
// server takes away is folded again, and whatever is committed after it (the removal of what was folded) takes it to the disk as well.
import type { JsonValue } from "../model/answers.ts";
import { type Link, quoted } from "./postgres-link.ts";
import { decodeName, encodeName } from "./encoded-name.ts";
import type { EngineEntry, EngineTable, ReadTables, TableRow } from "./store.ts";

export function postgresTables(link: Link, schemaName: string): ReadTables {
  const schema = quoted(schemaName);
  const position = `select position::float8 as position from ${schema}.tables where name = $1`;
  const save = `
    with moved as (
      insert into ${schema}.tables as t (name, position)
      select $1, $3 where $2 = 0 or exists (select from ${schema}.tables where name = $1)
      on conflict (name) do update set position = excluded.position where t.position = $2
      returning 1
    ), put as (
      insert into ${schema}.rows (name, key, label, rank, body)
      select $1, key, label, rank, body from unnest($4::text[], $5::text[], $6::float8[], $7::text[]) as r (key, label, rank, body)
      where exists (select from moved)
      on conflict (name, key) do update set label = excluded.label, rank = excluded.rank, body = excluded.body
    )
    select exists (select from moved) as saved, set_config('synchronous_commit', 'off', true)`;
  const bodies = async (text: string, values: readonly unknown[]): Promise<readonly JsonValue[]> => {
    const rows = await link.query<{ body: string }>("read", text, values);
    return rows.map(({ body }) => JSON.parse(body) as JsonValue);
  };
  return {
    async position(table) {
      const rows = await link.query<{ position: number }>("read", position, [encodeName(table)]);
      return rows[0]?.position ?? 0;
    },
    async save(table, change) {
      // One statement cannot change a row twice: of rows with one key the last counts.
      const rows = [...new Map(change.rows.map((row): [string, TableRow] => [row.key, row])).values()];
      const answers = await link.query<{ saved: boolean }>("read", save, [
        encodeName(table),
        change.expectedPosition,
        change.position,
        rows.map(({ key }) => encodeName(key)),
        rows.map(({ label }) => encodeName(label)),
        rows.map(({ rank }) => rank),
        rows.map(({ body }) => JSON.stringify(body)),
      ]);
      return answers[0]!.saved;
    },
    async get(table, key) {
      const text = `select body from ${schema}.rows where name = $1 and key = $2`;
      return (await bodies(text, [encodeName(table), encodeName(key)]))[0];
    },
    async many(table, keys) {
      if (keys.length === 0) return new Map();
      const text = `select key, body from ${schema}.rows where name = $1 and key = any ($2)`;
      const rows = await link.query<{ key: string; body: string }>("read", text, [encodeName(table), keys.map(encodeName)]);
      return new Map(rows.map(({ key, body }) => [decodeName(key), JSON.parse(body) as JsonValue]));
    },
    async remove(table, keys) {
      if (keys.length === 0) return;
      await link.query("read", `delete from ${schema}.rows where name = $1 and key = any ($2)`, [encodeName(table), keys.map(encodeName)]);
    },
    async labels(table, prefix) {
      const begin = encodeName(prefix);
      const text = `
        with recursive l (label) as (
          (select label from ${schema}.rows where name = $1 and label >= $2 order by label limit 1)
          union all
          select (select r.label from ${schema}.rows r where r.name = $1 and r.label > l.label order by r.label limit 1)
          from l where left(l.label, length($2)) = $2
        )
        select label from l where left(label, length($2)) = $2`;
      const rows = await link.query<{ label: string }>("read", text, [encodeName(table), begin]);
      return rows.map((row) => decodeName(row.label));
    },
    list(table, { label, labels, below, limit }) {
      const asked = label === undefined ? labels : [label];
      const values = [encodeName(table), limit, below?.rank ?? null, below === undefined ? null : encodeName(below.key)];
      const order = "order by rank desc, key desc limit $2";
      const isBelow = "($3::float8 is null or (rank, key) < ($3, $4::text))";
      if (asked === undefined) return bodies(`select body from ${schema}.rows where name = $1 and ${isBelow} ${order}`, values);
      const each = `select body, rank, key from ${schema}.rows r where r.name = $1 and r.label = l.label and ${isBelow} ${order}`;
      return bodies(`select body from unnest($5::text[]) as l (label) cross join lateral (${each}) as newest ${order}`, [
        ...values,
        asked.map(encodeName),
      ]);
    },
  };
}

export function postgresEngines(link: Link, schemaName: string): EngineTable {
  const table = `${quoted(schemaName)}.engines`;
  const beat = `
    insert into ${table} as e (id, host, pid, version, url, started_at, holds_warehouse, beat) values ($1, $2, $3, $4, $5, $6, $7, 1)
    on conflict (id) do update set host = excluded.host, pid = excluded.pid, version = excluded.version, url = excluded.url,
      started_at = excluded.started_at, holds_warehouse = excluded.holds_warehouse, beat = e.beat + 1
    returning beat`;
  const all = `select id, host, pid, version, url, started_at as "startedAt", holds_warehouse as "holdsWarehouse", beat from ${table} order by id`;
  return {
    async beat({ id, host, pid, version, url, startedAt, holdsWarehouse }) {
      const values = [id, host, pid, version, url, startedAt, holdsWarehouse];
      const rows = await link.query<{ beat: number }>("read", beat, values);
      return rows[0]!.beat > 1;
    },
    list: () => link.query<EngineEntry>("read", all, []),
    async remove(ids) {
      await link.query("read", `delete from ${table} where id = any ($1)`, [ids]);
    },
  };
}
