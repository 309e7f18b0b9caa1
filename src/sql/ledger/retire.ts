// Which versions of an asset are kept to go back to: the live one and some before it; the tables of older ones are dropped when the next is published.
import { DATA_SCHEMA } from "./ledger.ts";
import type { Session, Transaction } from "../session.ts";
import { qualified } from "../text.ts";

/** Versions of an asset whose tables are kept, the live one included, when `retention.versions` says nothing. */
export const VERSIONS_KEPT = 3;

/**
 * Drops what no kept version needs any more; `replaced` are tables that have just lost their version. The rows of old versions stay as history; only
 * their tables go.
 */
export async function dropOldVersions(tx: Transaction, asset: string, replaced: readonly string[]): Promise<void> {
  const kept = await readVersionsKept(tx);
  const before = await tx.rows<{ physical: string }>(
    `select physical from _millrace.versions v where asset = $1 and physical is not null
       and not exists (select 1 from _millrace.environments e where e.asset = v.asset and e.version = v.version)
     order by "at" desc, version offset ${kept - 1}`,
    [asset],
  );
  for (const { physical } of before) {
    await tx.run("update _millrace.versions set physical = null where asset = $1 and physical = $2", [asset, physical]);
  }
  await dropUnused(tx, [...replaced, ...before.map(({ physical }) => physical)]);
  // The catalogue is asked only where it may say something: it looks at every table that there is.
  const noted = await tx.row<{ n: number }>("select count(undo) as n from _millrace.steps where asset = $1", [asset]);
  if ((noted?.n ?? 0) < kept) return;
  const undos = await tx.rows<{ undo: string }>(
    `select undo from _millrace.steps join duckdb_tables() on table_name = undo and schema_name = '${DATA_SCHEMA}' and database_name = current_database()
     where asset = $1 order by "at" desc offset ${kept - 1}`,
    [asset],
  );
  for (const { undo } of undos) await tx.run(`drop table ${qualified(DATA_SCHEMA, undo)}`);
}

async function dropUnused(tx: Transaction, physicals: readonly string[]): Promise<void> {
  if (physicals.length === 0) return;
  const unused = await tx.rows<{ name: string }>(
    `select table_name as name from duckdb_tables() where schema_name = '${DATA_SCHEMA}' and database_name = current_database()
       and list_contains(from_json($1, '["varchar"]'), table_name)
       and table_name not in (select physical from _millrace.versions where physical is not null)`,
    [JSON.stringify(physicals)],
  );
  for (const { name } of unused) {
    await tx.run(`drop table ${qualified(DATA_SCHEMA, name)}`);
    await tx.run("delete from _millrace.origins where physical = $1", [name]);
  }
}

/** `retention.versions`, as the owner of the warehouse was told. */
export async function readVersionsKept(session: Session): Promise<number> {
  const row = await session.row<{ value: string }>("select value from _millrace._meta where key = 'versionsKept'");
  return Math.max(1, Number(row?.value ?? VERSIONS_KEPT));
}

/** Notes `retention.versions` for those who publish. */
export async function noteVersionsKept(tx: Transaction, versions: number): Promise<void> {
  await tx.run("delete from _millrace._meta where key = 'versionsKept'");
  await tx.run("insert into _millrace._meta values ('versionsKept', $1)", [String(versions)]);
}
