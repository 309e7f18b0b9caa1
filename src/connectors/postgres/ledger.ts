// The ledger of exports, in the schema of the destination: one row for each token, written in the transaction of the rows. Whoever finds his token there has
// written already; whoever finds it being written waits. So the unknown end of a commit is known by asking again.
import type { Client } from "pg";
import { ident, literal } from "../../sql/text.ts";

const TABLE = "_millrace_exports";
/** Tokens of runs that nobody will try again. */
const KEPT_DAYS = 90;
/** Keeps two first exports from making the table at once. */
const LOCK = 4_811_173;

export interface Claim {
  /** Rows of an earlier try that was committed; null: this try writes. */
  readonly written: number | null;
}

/** Makes the ledger where there is none; a transaction of its own. */
export async function ensureLedger(client: Client, schema: string): Promise<void> {
  const { rows } = await client.query<{ found: string | null }>("select to_regclass($1)::text as found", [nameOf(schema)]);
  if (rows[0]!.found !== null) return;
  await client.query(
    `begin; select pg_advisory_xact_lock(${LOCK}); create schema if not exists ${ident(schema)};
     create table if not exists ${nameOf(schema)} (token text primary key, destination text not null, rows bigint, at timestamptz not null default now()); commit`,
  );
}

/** In the transaction of the rows, before them. Waits for another try of the same export. */
export async function claim(client: Client, schema: string, token: string, destination: string): Promise<Claim> {
  const { rowCount } = await client.query(
    `insert into ${nameOf(schema)} (token, destination) values (${literal(token)}, ${literal(destination)}) on conflict (token) do nothing`,
  );
  if (rowCount === 1) return { written: null };
  const { rows } = await client.query<{ rows: string | null }>(`select rows::text from ${nameOf(schema)} where token = ${literal(token)}`);
  return { written: Number(rows[0]?.rows ?? 0) };
}

/** In the same transaction, after the rows. */
export async function noteRows(client: Client, schema: string, token: string, rows: number): Promise<void> {
  await client.query(
    `update ${nameOf(schema)} set rows = ${rows}, at = now() where token = ${literal(token)};
     delete from ${nameOf(schema)} where at < now() - interval '${KEPT_DAYS} days'`,
  );
}

function nameOf(schema: string): string {
  return `${ident(schema)}.${TABLE}`;
}
