// Snapshots keep history (SCD2): a row is valid from the load that first brought it to the load that brought another one for its key.
// `valid_to` is NULL for what is current. A key that a full delivery lacks is closed, unless the source says `deletes: ignore`.
import { physicalTable } from "../sql/ledger/publish.ts";
import type { Transaction } from "../sql/session.ts";
import { writeHistory } from "./history.ts";
import { fitColumns, type FilteredRows, type WorkTable } from "./merge.ts";

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
  const { closed, opened, filtered } = await writeHistory(tx, {
    table,
    work,
    keys,
    by: { kind: "columns", columns: work.columns.map(({ name }) => name).filter((name) => !keys.includes(name)) },
    moment,
    deletes: closesMissing ? "close" : "ignore",
    carried: { _load: "w._load", _file: "w._file", _line: "w._line" },
    file: "_file",
  });
  return { changed: closed > 0 || opened > 0, filtered };
}
