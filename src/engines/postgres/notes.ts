// What Millrace keeps on a server it builds on, in the schema `_millrace`: notes of commits, what is shown under which name, and whose each table is.
import type { Client } from "pg";
import type { EngineBuilt } from "../../load/engine-port.ts";

export const DATA = "_millrace_data";
const LOCK = 4_811_174;

/** Makes the tables where there are none; a transaction of its own. */
export async function ensureNotes(client: Client): Promise<void> {
  const { rows } = await client.query<{ found: string | null }>("select to_regclass('_millrace.parts')::text as found");
  if (rows[0]!.found !== null) return;
  await client.query(`begin; select pg_advisory_xact_lock(${LOCK});
    create schema if not exists _millrace; create schema if not exists ${DATA};
    create table if not exists _millrace.commits (token text primary key, asset text not null, result json, at timestamptz not null default now());
    create table if not exists _millrace.shown (schema text, name text, asset text not null, version text not null, sql text not null, owner text not null,
      at timestamptz not null default now(), primary key (schema, name));
    create table if not exists _millrace.watched (physical text, asset text, read int, tells text not null, primary key (physical, asset, read));
    create table if not exists _millrace.parts (physical text, asset text, read int, part int8, rows int8 not null, a text not null, b text not null,
      primary key (physical, asset, read, part));
    create table if not exists _millrace.tables (physical text primary key, asset text not null, owner text not null, at timestamptz not null default now());
    commit`);
}

/** In the transaction of the build, before anything else: waits for another try of the same. What that one has committed, or null. */
export async function claim(client: Client, token: string, asset: string): Promise<EngineBuilt | null> {
  const { rowCount } = await client.query("insert into _millrace.commits (token, asset) values ($1, $2) on conflict (token) do nothing", [
    token,
    asset,
  ]);
  if (rowCount === 1) return null;
  const { rows } = await client.query<{ result: EngineBuilt }>("select result from _millrace.commits where token = $1", [token]);
  return rows[0]?.result ?? null;
}

/** In the same transaction, when all is done. Notes of runs that nobody tries again go. */
export async function note(client: Client, token: string, built: EngineBuilt): Promise<void> {
  await client.query("update _millrace.commits set result = $2 where token = $1", [token, JSON.stringify(built)]);
  await client.query("delete from _millrace.commits where at < now() - interval '90 days'");
}
