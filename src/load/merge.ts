// How the rows of a load meet the rows of the asset. Everything here runs in the publishing transaction, except what only touches the work table.
//   M1. Null keys are equal to null keys.
//   M2. The same key twice in one load: the higher cursor wins, else the later; the others count as filtered, rule `superseded`.
//   M3. Rows that an incremental append delivers again (the boundary, the lookback) are recognised by all their values and counted `alreadyLoaded`.
import { messageOf, MillraceError } from "../model/errors.ts";
import { isConflict } from "../sql/failure.ts";
import { physicalTable } from "../sql/ledger/publish.ts";
import type { Session, Transaction } from "../sql/session.ts";
import { ident, literal } from "../sql/text.ts";

export interface WorkTable {
  readonly table: string;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
}

/** Told which rows (a condition on the asset's table) are about to be deleted from it. */
export type Keep = (where: string) => Promise<void>;

/** Rows left out, per rule and file. */
export interface FilteredRows {
  readonly rule: string;
  readonly file: string | null;
  readonly rows: number;
}

/** `a.k is not distinct from b.k and …` */
export function sameKey(a: string, b: string, keys: readonly string[]): string {
  return keys.map((key) => `${a}.${ident(key)} is not distinct from ${b}.${ident(key)}`).join(" and ");
}

/** SELECT of the rowids of the work table that a later or higher row of the same key supersedes (M2). */
export function supersededRows(table: string, keys: readonly string[], cursor: string | null): string {
  const order = `${cursor === null ? "" : `t.${ident(cursor)} desc nulls last, `}t.rowid desc`;
  const by = keys.map((key) => `t.${ident(key)}`).join(", ");
  return `select _row from (select t.rowid as _row, row_number() over (partition by ${by} order by ${order}) as _rank from ${table} t) where _rank > 1`;
}

/** Deletes rows of a work table with hidden columns and says how many, per file. */
export async function removeRows(session: Session, work: WorkTable, rowids: string, rule: string): Promise<FilteredRows[]> {
  const picked = ident("_millrace_removed");
  await session.run(`create or replace temp table ${picked} as ${rowids}`);
  const removed = await session.rows<{ file: string | null; rows: number }>(
    `select _file as file, count(*) as rows from ${work.table} where rowid in (select _row from ${picked}) group by all order by all`,
  );
  if (removed.length > 0) await session.run(`delete from ${work.table} where rowid in (select _row from ${picked})`);
  await session.run(`drop table ${picked}`);
  return removed.map((entry) => ({ rule, ...entry }));
}

/** M3: rows of the work table that the asset has already, from `since` on; each copy counts once. */
export function repeatedRows(work: WorkTable, live: string, cursor: string, since: string | null): string {
  const names = work.columns.map((column) => ident(column.name));
  const window = since === null ? "true" : `(${ident(cursor)} is null or ${ident(cursor)} >= ${since})`;
  const numbered = (table: string, row: string): string =>
    `select ${row} as _row, ${names.join(", ")}, row_number() over (partition by ${names.join(", ")}) as _copy from ${table} where ${window}`;
  const equal = names.map((name) => `w.${name} is not distinct from l.${name}`).join(" and ");
  return `select w._row from (${numbered(work.table, "rowid")}) w semi join (${numbered(live, "0")}) l on ${equal} and w._copy = l._copy`;
}

/** Rows of the work table below the start of an incremental load: they were loaded by an earlier one. */
export function earlierRows(work: WorkTable, cursor: string, since: string): string {
  return `select rowid as _row from ${work.table} where ${ident(cursor)} < ${since}`;
}

/** Adds the columns the asset lacks and widens those that grew, so that rows of `work` can be inserted by name. @throws MR4013. */
export async function fitColumns(tx: Transaction, physical: string, work: WorkTable): Promise<void> {
  const table = physicalTable(physical);
  const known = await tx.rows<{ column_name: string; column_type: string }>(`describe select * from ${table}`);
  const types = new Map(known.map((column) => [column.column_name, column.column_type]));
  if (!types.has("_load")) {
    throw new MillraceError({ code: "MR4013", message: `The table of this asset has no _load column, so rows cannot be added to it.` });
  }
  for (const column of work.columns) {
    const type = types.get(column.name);
    if (type === undefined) await tx.run(`alter table ${table} add column ${ident(column.name)} ${column.type}`);
    else if (type !== column.type) await changeType(tx, table, column);
  }
}

/** No USING: DuckDB 1.5.5 cannot replay one with functions after a crash. */
async function changeType(tx: Transaction, table: string, { name, type }: WorkTable["columns"][number]): Promise<void> {
  try {
    await tx.run(`alter table ${table} alter column ${ident(name)} type ${type}`);
  } catch (error) {
    if (isConflict(error)) throw error;
    throw new MillraceError({
      code: "MR4013",
      message: `The rows of ${name} that are there cannot become ${type}: ${messageOf(error).split("\n", 1)[0]}`,
      hint: "Run once with --full-refresh, or keep the earlier type.",
      cause: error,
    });
  }
}

/** Removes the rows of files whose contents changed; `keep` is told of them first. */
export async function removeFiles(tx: Transaction, physical: string, files: readonly string[], keep: Keep): Promise<void> {
  if (files.length === 0) return;
  const where = `_file in (${files.map(literal).join(", ")})`;
  await keep(where);
  await tx.run(`delete from ${physicalTable(physical)} where ${where}`);
}

/** Rows that replaced files take with them although another file, whose row was merged over, may still hold their key. */
export async function orphanedKeys(
  tx: Transaction,
  {
    asset,
    physical,
    files,
    work,
    keys,
  }: { asset: string; physical: string; files: readonly string[]; work: WorkTable; keys: readonly string[] },
): Promise<number> {
  if (files.length === 0) return 0;
  const gone = `_file in (${files.map(literal).join(", ")})`;
  const row = await tx.row<{ lost: number; loaded: number | null; standing: number }>(
    `select (select count(*) from ${physicalTable(physical)} l anti join ${work.table} w on ${sameKey("l", "w", keys)} where l.${gone}) as lost,
       (select sum(rows_loaded) from _millrace.files where asset = ${literal(asset)} and status in ('loaded', 'replaced')
          and file not in (${files.map(literal).join(", ")}))::bigint as loaded,
       (select count(*) from ${physicalTable(physical)} where not (${gone})) as standing`,
  );
  return row === undefined || (row.loaded ?? 0) <= row.standing ? 0 : row.lost;
}

/** Does any row of the work table differ from the asset's row of the same key, or have none there? */
export async function hasNewRows(tx: Transaction, physical: string, work: WorkTable, keys: readonly string[]): Promise<boolean> {
  const known = new Set(
    (await tx.rows<{ column_name: string }>(`describe select * from ${physicalTable(physical)}`)).map((column) => column.column_name),
  );
  if (work.columns.some((column) => !known.has(column.name))) return true;
  const rest = work.columns.map((column) => column.name).filter((name) => !keys.includes(name));
  const found = await tx.row(
    `select 1 from ${work.table} w anti join ${physicalTable(physical)} l on ${sameKey("w", "l", [...keys, ...rest])} limit 1`,
  );
  return found !== undefined;
}

/** Inserts all rows of the work table, hidden columns included. */
export async function insertRows(tx: Transaction, physical: string, work: WorkTable): Promise<void> {
  const names = [...work.columns.map((column) => ident(column.name)), "_load", "_file", "_line"].join(", ");
  await tx.run(`insert into ${physicalTable(physical)} (${names}) select ${names} from ${work.table} order by rowid`);
}

/** M1: replaces the asset's rows that have a key of the work table. Columns the load does not have become NULL in them. */
export async function mergeRows(tx: Transaction, physical: string, work: WorkTable, keys: readonly string[], keep: Keep): Promise<void> {
  const table = physicalTable(physical);
  const where = `rowid in (select t.rowid from ${table} t semi join ${work.table} w on ${sameKey("t", "w", keys)})`;
  await keep(where);
  await tx.run(`delete from ${table} where ${where}`);
  await insertRows(tx, physical, work);
}
