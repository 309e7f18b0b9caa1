// What a load takes out of a table that it changes in place is kept for as long as its version is: `load/rollback.ts` puts it back. Rows that the load
// brought need no keeping, `_load` names them; rows of a snapshot that it closed are known by the moment of their closing.
import { physicalName, physicalTable } from "../sql/ledger/publish.ts";
import type { Transaction } from "../sql/session.ts";
import { literal } from "../sql/text.ts";

/** Name of the table that holds what the load took out of an asset. */
export function undoName(asset: string, load: string): string {
  return physicalName(`before.${asset}`, load);
}

export interface Keeping {
  readonly asset: string;
  readonly load: string;
  /** Qualified and quoted; it has the hidden columns. */
  readonly table: string;
}

/** Keeps the rows of earlier loads that `where` picks and that are about to be deleted. */
export async function keepRows(tx: Transaction, { asset, load, table }: Keeping, where: string): Promise<void> {
  const undo = physicalTable(undoName(asset, load));
  const earlier = `from ${table} where _load is distinct from ${literal(load)} and (${where})`;
  if ((await tx.row(`select 1 ${earlier} limit 1`)) === undefined) return;
  await tx.run(`create table if not exists ${undo} as select * from ${table} limit 0`);
  await tx.run(`insert into ${undo} by name select * ${earlier}`);
}

/** The name of the table with what this load took out so far; null when it took nothing. */
export async function keptRows(tx: Transaction, asset: string, load: string): Promise<string | null> {
  const name = undoName(asset, load);
  const row = await tx.row("select 1 from duckdb_tables() where table_name = $1 and database_name = current_database()", [name]);
  return row === undefined ? null : name;
}
