// A file of DuckDB as a destination: one transaction in the file holds the rows, the DDL and the token.
import type { DuckDBConnection } from "@duckdb/node-api";
import { sameKeys } from "../../databases/dialect.ts";
import { designOf, LEDGER } from "../../databases/write.ts";
import type { WriteContext, WriteResult } from "../../load/connector.ts";
import { MillraceError, messageOf } from "../../model/errors.ts";
import { ident, literal } from "../../sql/text.ts";
import { type Attached, attached, pathOf } from "./file.ts";
import type { DuckdbOptions } from "./options.ts";

const dialect = { quote: ident, same: (a: string, b: string): string => `${a} is not distinct from ${b}` };

/** @throws MR4853, MR4855, MR4856, what DuckDB refuses. */
export async function writeDuckdb(options: DuckdbOptions, context: WriteContext): Promise<WriteResult> {
  const { connection } = context;
  const { table } = options;
  if (table === undefined) throw new MillraceError({ code: "MR4853", message: "duckdb: table says where the export goes" });
  return attached(connection, { path: pathOf(options, context.projectDir), access: "write" }, async (file) => {
    await connection.run("begin");
    try {
      const rows = await writeRows(connection, file, table, options, context);
      await connection.run("commit");
      return { rows, locations: [table] };
    } catch (error) {
      await connection.run("rollback");
      if (error instanceof MillraceError || context.signal.aborted) throw error;
      throw new MillraceError({ code: "MR4851", message: `duckdb: ${messageOf(error).split("\n")[0]}`, cause: error });
    }
  });
}

async function writeRows(
  connection: DuckDBConnection,
  file: Attached,
  name: string,
  options: DuckdbOptions,
  context: WriteContext,
): Promise<number> {
  const { mode, key, query } = context;
  const path = name.split(".");
  const schema = path.length > 1 ? path[0]! : "main";
  const bare = path.at(-1)!;
  const place = `${file.name}.${ident(schema)}`;
  const table = `${place}.${ident(bare)}`;
  const ledger = `${place}.${ident(LEDGER)}`;
  await connection.run(`create schema if not exists ${place}`);
  await connection.run(
    `create table if not exists ${ledger} (token varchar primary key, "rows" bigint not null, "at" timestamptz not null)`,
  );
  const done = (await connection.runAndReadAll(`select "rows" from ${ledger} where token = ${literal(context.token)}`)).getRows()[0];
  if (done !== undefined) return Number(done[0]);
  const { columns, primaryKey, indexes } = await designOf(options, context);
  const described = await connection.runAndReadAll(`describe ${query}`);
  const types = described
    .getRows()
    .map(([column, type]) => ({ name: String(column), type: options.types?.[String(column)] ?? String(type) }));
  const known = await connection.runAndReadAll(
    `select column_name from duckdb_columns() where database_name = ${literal(file.bare)} and schema_name = ${literal(schema)} and table_name = ${literal(bare)}`,
  );
  const existing = new Set(known.getRows().map(([column]) => String(column).toLowerCase()));
  if (mode === "replace") await connection.run(`drop table if exists ${table}`);
  if (mode === "replace" || existing.size === 0) {
    const lines = types.map((column) => `${ident(column.name)} ${column.type}`);
    if (primaryKey.length > 0) lines.push(`primary key (${primaryKey.map(ident).join(", ")})`);
    await connection.run(`create table ${table} (${lines.join(", ")})`);
  } else {
    for (const column of types)
      if (!existing.has(column.name.toLowerCase()))
        await connection.run(`alter table ${table} add column ${ident(column.name)} ${column.type}`);
  }
  const names = columns.map((column) => ident(column.name)).join(", ");
  const stage = ident(`${file.bare}_stage`);
  await connection.run(`create temp table ${stage} as ${query}`);
  const same = sameKeys(dialect, "t", "s", key);
  const insert = `insert into ${table} (${names}) select ${names} from ${stage} s`;
  if (mode === "delete") await connection.run(`delete from ${table} t where exists (select 1 from ${stage} s where ${same})`);
  if (mode === "merge") {
    const others = columns
      .filter((column) => !key.includes(column.name))
      .map((column) => `${ident(column.name)} = s.${ident(column.name)}`);
    if (others.length > 0) await connection.run(`update ${table} t set ${others.join(", ")} from ${stage} s where ${same}`);
    await connection.run(`${insert} where not exists (select 1 from ${table} t where ${same})`);
  }
  if (mode === "append" || mode === "replace") await connection.run(insert);
  if (mode === "replace" || existing.size === 0) {
    for (const [at, index] of indexes.entries())
      await connection.run(
        `create ${index.unique ? "unique " : ""}index ${ident(`${bare}_${at + 1}`)} on ${table} (${index.columns.map(ident).join(", ")})`,
      );
  }
  const counted = await connection.runAndReadAll(`select count(*) from ${stage}`);
  const rows = Number(counted.getRows()[0]?.[0]);
  await connection.run(`drop table ${stage}`);
  await connection.run(`insert into ${ledger} values (${literal(context.token)}, ${rows}, now())`);
  return rows;
}
