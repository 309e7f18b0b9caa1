// A shadow is an asset of ours beside one of the user's while that is built again from what it received (load/raw/rebuild.ts): readers never see it, and either
// it takes the asset's place in one transaction or nothing stays of it.
import { DATA_SCHEMA, ROWS_SCHEMA } from "./ledger.ts";
import type { Session, Transaction } from "../session.ts";
import { ident, literal, qualified } from "../text.ts";

const SHADOW_SCHEMA = "_millrace_replay";
/** Tables of the ledger with a column `asset`. */
const TABLES = [
  "loads",
  "files",
  "cursors",
  "schemas",
  "quarantine",
  "versions",
  "environments",
  "commits",
  "steps",
  "partitions",
  "accepted",
  "reasons",
  "changes",
] as const;

/** A name that no asset of a project has. */
export function shadowOf(id: string): string {
  return `${SHADOW_SCHEMA}.${id}`;
}

/** Condition: not a shadow. */
export function noShadow(column: string): string {
  return `not starts_with(${column}, '${SHADOW_SCHEMA}.')`;
}

/** In the transaction that gives its table to the asset: what the ledger still says of the shadow, and its views. */
export async function forgetShadow(tx: Transaction, shadow: string): Promise<void> {
  await forget(tx, shadow);
}

/** Drops a shadow that came to nothing, with its tables. */
export async function dropShadow(session: Session, shadow: string): Promise<void> {
  const tables = await session.rows<{ name: string }>(
    `select physical as name from _millrace.versions where asset = $1 and physical is not null
     union select undo from _millrace.steps where asset = $1 and undo is not null`,
    [shadow],
  );
  await forget(session, shadow);
  for (const { name } of tables) {
    await session.run(`drop table if exists ${qualified(DATA_SCHEMA, name)}`);
    await session.run("delete from _millrace.origins where physical = $1", [name]);
  }
}

/** Shadows of a process that died. Only the opener may do this, before any work starts. */
export async function dropShadows(session: Session): Promise<void> {
  const left = await session.rows<{ asset: string }>(
    `select distinct asset from (${["versions", "loads", "accepted", "schemas"].map((table) => `select asset from _millrace.${table}`).join(" union all ")})
     where starts_with(asset, '${SHADOW_SCHEMA}.')`,
  );
  for (const { asset } of left) await dropShadow(session, asset);
}

async function forget(session: Session, shadow: string): Promise<void> {
  await session.run(`drop view if exists ${qualified(SHADOW_SCHEMA, shadow.slice(SHADOW_SCHEMA.length + 1))}`).catch(() => undefined);
  await session.run(`drop view if exists ${qualified(ROWS_SCHEMA, shadow)}`);
  for (const table of TABLES) await session.run(`delete from _millrace.${ident(table)} where asset = ${literal(shadow)}`);
  await session.run(`delete from _millrace.fences where starts_with(node, ${literal(shadow)})`);
}
