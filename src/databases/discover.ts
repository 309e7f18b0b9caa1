// What a database offers: its tables with their columns and keys, and a column that could be a cursor.
import type { Discovered } from "../load/connector.ts";
import type { Database, FoundTable } from "./server.ts";

/** Names under which people keep the time of the last change, best first. */
const CURSOR_NAMES = ["updated_at", "modified_at", "last_modified", "changed_at", "update_time", "updated", "modified", "created_at"];

export async function discoverTables(database: Database): Promise<readonly Discovered[]> {
  const tables = await database.tables();
  return tables.map((table) => {
    const cursor = cursorOf(table);
    return {
      name: table.name,
      options: { table: table.name },
      columns: table.columns.map(({ name, type }) => ({ name, type })),
      ...(table.primaryKey.length === 0 ? {} : { primaryKey: table.primaryKey }),
      ...(cursor === undefined ? {} : { cursor }),
      ...(table.rows === undefined ? {} : { rows: table.rows }),
    };
  });
}

function cursorOf({ columns }: FoundTable): string | undefined {
  const times = columns.filter(({ type }) => /date|time/i.test(type));
  for (const wanted of CURSOR_NAMES) {
    const found = times.find(({ name }) => name.toLowerCase() === wanted);
    if (found !== undefined) return found.name;
  }
  return undefined;
}

/** The sentence of `test`. */
export async function describeDatabase(database: Database, what: string): Promise<string> {
  const tables = await database.tables();
  return `${what} ${database.version} answers; ${tables.length} ${tables.length === 1 ? "table" : "tables"} can be read`;
}
