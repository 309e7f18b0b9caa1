// Reading a file of DuckDB: one statement copies the table, or carries the query out in the file.
import type { DuckDBConnection } from "@duckdb/node-api";
import { cursorText } from "../../databases/cursor.ts";
import { distinctNames } from "../../databases/fill.ts";
import { selectionOf } from "../../databases/options.ts";
import type { Discovered, Json, ReadContext, TableDelivery } from "../../load/connector.ts";
import { MillraceError, messageOf } from "../../model/errors.ts";
import { columnName } from "../../model/names.ts";
import { ident, literal } from "../../sql/text.ts";
import { type Attached, attached, pathOf } from "./file.ts";
import type { DuckdbOptions } from "./options.ts";

export function duckdbDelivery(options: DuckdbOptions, context: ReadContext): TableDelivery {
  const selection = selectionOf("duckdb", options);
  const path = pathOf(options, context.projectDir);
  return {
    kind: "table",
    name: selection.kind === "table" ? selection.table : "query",
    fill: ({ connection, into }) =>
      attached(connection, { path, access: "read" }, async (file) => {
        try {
          if (selection.kind === "table")
            return await copy(connection, `select * from ${await placeOf(connection, file, selection.table)}`, context, into);
          return await within(connection, file, (home) => copy(connection, selection.query, context, `${home}${into}`));
        } catch (error) {
          if (error instanceof MillraceError || context.signal.aborted) throw error;
          throw new MillraceError({ code: "MR4851", message: `duckdb: ${messageOf(error).split("\n")[0]}`, cause: error });
        }
      }),
  };
}

async function copy(
  connection: DuckDBConnection,
  inFile: string,
  { cursor, since }: Pick<ReadContext, "cursor" | "since">,
  into: string,
): Promise<Awaited<ReturnType<TableDelivery["fill"]>>> {
  const described = await connection.runAndReadAll(`describe ${inFile}`);
  const columns = described.getRows().map(([name, type]) => ({ label: String(name), type: String(type) }));
  const names = distinctNames(columns.map(({ label }) => label));
  const from = cursor === undefined || since === undefined ? "" : ` where ${fromCursor(columns, cursor, since)}`;
  await connection.run(`create table ${into} as select * from (${inFile}) t(${names.map(ident).join(", ")})${from}`);
  const counted = await connection.runAndReadAll(`select count(*) from ${into}`);
  return {
    rows: Number(counted.getRows()[0]?.[0]),
    columns: columns.map(({ label, type }, index) => ({
      name: names[index]!,
      label,
      type,
      exactText: !/^(DOUBLE|FLOAT|DECIMAL|BLOB|TIMESTAMP|INTERVAL)/.test(type),
      why: `${type} in the file`,
    })),
  };
}

/** The table in the file. @throws MR4854. */
async function placeOf(connection: DuckDBConnection, file: Attached, table: string): Promise<string> {
  const [first, second] = table.split(".");
  const [schema, name] = second === undefined ? ["main", first!] : [first!, second];
  const found = await connection.runAndReadAll(
    `select schema_name, name from (select database_name, schema_name, table_name as name from duckdb_tables() union all
       select database_name, schema_name, view_name from duckdb_views()) where database_name = ${literal(file.bare)}
       and lower(schema_name) = lower(${literal(schema)}) and lower(name) = lower(${literal(name)})`,
  );
  const [row] = found.getRows();
  if (row === undefined) throw new MillraceError({ code: "MR4854", message: `there is no table ${table} in the file` });
  return `${file.name}.${ident(String(row[0]))}.${ident(String(row[1]))}`;
}

/** The user's query names tables as the file does: it runs with the file as its catalogue. */
async function within<Result>(connection: DuckDBConnection, file: Attached, work: (home: string) => Promise<Result>): Promise<Result> {
  const found = await connection.runAndReadAll("select current_database(), current_schema()");
  const [database, schema] = (found.getRows()[0] ?? []).map((part) => ident(String(part)));
  await connection.run(`use ${file.name}`);
  try {
    return await work(`${database}.`);
  } finally {
    await connection.run(`use ${database}.${schema}`);
  }
}

function fromCursor(columns: readonly { readonly label: string; readonly type: string }[], cursor: string, since: Json): string {
  const wanted = cursor.toLowerCase();
  const at = columns.findIndex(({ label }, index) => label.toLowerCase() === wanted || columnName(label, index, "snake") === wanted);
  const column = columns[at];
  if (column === undefined) throw new MillraceError({ code: "MR4854", message: `there is no column ${cursor} for the cursor` });
  const name = ident(distinctNames(columns.map(({ label }) => label))[at]!);
  return `(${name} >= ${literal(cursorText(since))}::${column.type} or ${name} is null)`;
}

/** What could be loaded from the file. */
export async function discoverFile(connection: DuckDBConnection, file: Attached): Promise<readonly Discovered[]> {
  const found = await connection.runAndReadAll(
    `select c.schema_name, c.table_name, list({name: c.column_name, type: c.data_type} order by c.column_index) as columns, any_value(t.estimated_size),
       any_value(k.constraint_column_names)
     from duckdb_columns() c left join duckdb_constraints() k on k.database_name = c.database_name and k.schema_name = c.schema_name
       and k.table_name = c.table_name and k.constraint_type = 'PRIMARY KEY'
     left join duckdb_tables() t on t.database_name = c.database_name and t.schema_name = c.schema_name and t.table_name = c.table_name
     where c.database_name = ${literal(file.bare)} and not c.internal and not starts_with(c.table_name, '_millrace') and not starts_with(c.schema_name, '_millrace')
     group by c.database_name, c.schema_name, c.table_name order by 1, 2`,
  );
  return found.getRowObjectsJson().map((row) => {
    const cells = Object.values(row);
    const name = `${cells[0] as string}.${cells[1] as string}`;
    const primaryKey = cells[4] as readonly string[] | null;
    return {
      name,
      options: { table: name },
      columns: cells[2] as unknown as readonly { readonly name: string; readonly type: string }[],
      ...(primaryKey === null ? {} : { primaryKey }),
      ...(cells[3] === null ? {} : { rows: Number(cells[3]) }),
    };
  });
}
