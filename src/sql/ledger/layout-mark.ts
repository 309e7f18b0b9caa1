// The order in which the rows of a physical table lie, noted as the table's comment, so that it goes where the table goes.
import { DATA_SCHEMA } from "./ledger.ts";
import type { Session } from "../session.ts";

/** What the comment says. */
export function layoutMark(by: readonly string[]): string {
  return `sorted by ${JSON.stringify(by)}`;
}

/** Comments of the physical tables that have one. */
export async function readLayoutMarks(session: Session): Promise<ReadonlyMap<string, string>> {
  const rows = await session.rows<{ name: string; comment: string }>(
    `select table_name as name, comment from duckdb_tables() where schema_name = '${DATA_SCHEMA}' and comment is not null and database_name = current_database()`,
  );
  return new Map(rows.map(({ name, comment }) => [name, comment]));
}
