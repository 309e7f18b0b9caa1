// DuckDB takes the records of a file with the types given; what came out must equal the account that was made without DuckDB.
import type { DuckDBConnection } from "@duckdb/node-api";
import { MillraceError } from "../../model/errors.ts";
import { ident, literal } from "../../sql/text.ts";
import type { ColumnPlan } from "./columns.ts";

/** DuckDB's own default; a longer record needs a larger buffer. */
const OBJECT_BYTES_MIN = 16 << 20;

/** Creates `into` from lines of objects with the keys of the columns. */
export async function loadAsIs(
  connection: DuckDBConnection,
  into: string,
  path: string,
  columns: readonly ColumnPlan[],
  longestBytes: number,
): Promise<void> {
  const typed = columns.map((column) => `${literal(column.key)}: ${literal(column.type)}`);
  await connection.run(
    `create table ${into} as select ${columns.map((column) => ident(column.name)).join(", ")} from ${lines(path, typed, longestBytes)}`,
  );
}

/** Creates `into` from a copy that rewriteLines made. */
export async function loadRewritten(
  connection: DuckDBConnection,
  into: string,
  path: string,
  columns: readonly ColumnPlan[],
  longestBytes: number,
): Promise<void> {
  const typed = columns.map((column, index) => `c${index}: ${literal(column.writing === "json" ? "VARCHAR" : column.type)}`);
  const selected = columns.map((column, index) => `c${index}${column.writing === "json" ? "::json" : ""} as ${ident(column.name)}`);
  await connection.run(`create table ${into} as select ${selected.join(", ")} from ${lines(path, typed, longestBytes)}`);
}

/** Creates the table of rejected records from the file that rewriteLines made. */
export async function loadRejected(connection: DuckDBConnection, into: string, path: string, longestBytes: number): Promise<void> {
  const typed = ["kind: 'VARCHAR'", "line: 'BIGINT'", "lines: 'BIGINT'", "rule: 'VARCHAR'", "reason: 'VARCHAR'", "raw: 'VARCHAR'"];
  await connection.run(`create table ${into} as select kind, line, lines, rule, reason, raw from ${lines(path, typed, longestBytes)}`);
}

/** A stage table for a file without any record. */
export async function createEmpty(connection: DuckDBConnection, into: string): Promise<void> {
  await connection.run(`create table ${into} ("value" json)`);
}

/** Throws MR3123 when rows, or the values of any column, are not as many as were counted without DuckDB. */
export async function prove(
  connection: DuckDBConnection,
  table: string,
  name: string,
  rows: number,
  columns: readonly ColumnPlan[],
  values: readonly number[],
): Promise<void> {
  const counts = columns.map((column) => `count(${ident(column.name)})`);
  const reader = await connection.runAndReadAll(`select ${["count(*)", ...counts].join(", ")} from ${table}`);
  const found = (reader.getRows()[0] ?? []).map(Number);
  const wrong = [rows, ...values].findIndex((expected, index) => found[index] !== expected);
  if (wrong === -1) return;
  const what = wrong === 0 ? "rows" : `values of ${JSON.stringify(columns[wrong - 1]?.label ?? "")}`;
  throw new MillraceError({
    code: "MR3123",
    message: `${name}: ${[rows, ...values][wrong]} ${what} were counted, DuckDB loaded ${found[wrong]}`,
  });
}

function lines(path: string, columns: readonly string[], longestBytes: number): string {
  const objectBytes = Math.max(OBJECT_BYTES_MIN, longestBytes + 1024);
  return `read_json(${literal(path)}, format = 'newline_delimited', records = 'true', compression = 'uncompressed', hive_partitioning = false, maximum_object_size = ${objectBytes}, columns = {${columns.join(", ")}})`;
}
