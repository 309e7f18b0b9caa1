// Snapshots keep history (SCD2): a row is valid from the load that first brought it to the load that brought another one for its key.
// `valid_to` is NULL for what is current. A key that a full delivery lacks is closed, unless the source says `deletes: ignore`.
import { physicalTable } from "../sql/publish.ts";
import type { Transaction } from "../sql/session.ts";
import { ident } from "../sql/text.ts";
import { fitColumns, sameKey, type FilteredRows, type WorkTable } from "./merge.ts";

export const HISTORY_COLUMNS = [
  { name: "valid_from", type: "TIMESTAMP" },
  { name: "valid_to", type: "TIMESTAMP" },
] as const;

/** One moment for all rows of the transaction, UTC. */
export const NOW = "(current_timestamp at time zone 'UTC')";

/** Makes the rows of a first snapshot valid from now on. */
export async function addHistoryColumns(tx: Transaction, physical: string, from: string): Promise<void> {
  const table = physicalTable(physical);
  await tx.run(`alter table ${table} add column valid_from timestamp`);
  await tx.run(`alter table ${table} add column valid_to timestamp`);
  await tx.run(`update ${table} set valid_from = ${from}`);
}

interface Recording {
  readonly physical: string;
  readonly work: WorkTable;
  readonly keys: readonly string[];
  /** Close keys that the delivery lacks. */
  readonly closesMissing: boolean;
  readonly load: string;
  /** SQL of the moment from which new rows are valid. */
  readonly moment: string;
}

/** Closes what changed or is gone, adds what is new. Rows that are as before are filtered, rule `unchanged`. */
export async function recordHistory(
  tx: Transaction,
  { physical, work, keys, closesMissing, moment }: Recording,
): Promise<{ changed: boolean; filtered: readonly FilteredRows[] }> {
  const table = physicalTable(physical);
  await fitColumns(tx, physical, work);
  const known = await tx.rows<{ column_name: string }>(`describe select * from ${table}`);
  if (!known.some((column) => column.column_name === "valid_from")) await addHistoryColumns(tx, physical, "timestamp '1970-01-01'");
  const all = work.columns.map((column) => column.name);
  const same = `select w.rowid as _row from ${work.table} w semi join (select * from ${table} where valid_to is null) t on ${sameKey("w", "t", all)}`;
  const fresh = `(select * from ${work.table} where rowid not in (${same}))`;
  const filtered = await tx.rows<{ file: string | null; rows: number }>(
    `select _file as file, count(*) as rows from ${work.table} where rowid in (${same}) group by all`,
  );
  const closed = await tx.run(
    `update ${table} set valid_to = ${moment} where valid_to is null and rowid in (
       select t.rowid from (select rowid, * from ${table} where valid_to is null) t semi join ${fresh} w on ${sameKey("t", "w", keys)}
       ${closesMissing ? `union all select t.rowid from (select rowid, * from ${table} where valid_to is null) t anti join ${work.table} w on ${sameKey("t", "w", keys)}` : ""})`,
  );
  const names = [...all.map(ident), "_load", "_file", "_line"].join(", ");
  // New rows are those that have no equal current row any more: the closed ones are no longer current.
  const added = await tx.run(
    `insert into ${table} (${names}, valid_from) select ${names}, ${moment} from ${work.table} w
     where not exists (select 1 from ${table} t where t.valid_to is null and ${sameKey("t", "w", keys)})`,
  );
  return { changed: closed > 0 || added > 0, filtered: filtered.map((entry) => ({ rule: "unchanged", ...entry })) };
}
