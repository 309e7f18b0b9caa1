// Names and types of what a table expression gives, without running it.
import type { DuckDBConnection, DuckDBType } from "@duckdb/node-api";

export async function columnsOf(
  connection: DuckDBConnection,
  from: string,
): Promise<readonly { readonly name: string; readonly type: DuckDBType }[]> {
  const reader = await connection.runAndReadAll(`select * from ${from} limit 0`);
  const types = reader.columnTypes();
  return reader.columnNames().flatMap((name, index) => {
    const type = types[index];
    return type === undefined ? [] : [{ name, type }];
  });
}
