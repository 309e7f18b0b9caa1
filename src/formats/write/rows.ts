// Rows of a query into one new file of a format. DuckDB writes what it can; workbooks and Avro are written here, chunk by chunk.
import type { DuckDBConnection, DuckDBType } from "@duckdb/node-api";
import { ident, literal } from "../../sql/text.ts";
import { writeAvro } from "./avro.ts";
import { columnsOf } from "./columns.ts";
import { jsonValue } from "./json-values.ts";
import type { Output } from "./output.ts";
import { writeXlsx } from "./xlsx.ts";

/** Writes the rows of the query to a new file and returns their number. Throws MR3267 and what the query throws. */
export async function writeRows(connection: DuckDBConnection, query: string, path: string, output: Output): Promise<number> {
  const from = `(${unfinished(query)}\n)`;
  switch (output.format) {
    case "excel":
      return writeXlsx(connection, from, path, output);
    case "avro":
      return writeAvro(connection, from, path, output);
    case "csv":
    case "json":
    case "ndjson":
    case "parquet": {
      const rows = await selectFor(connection, from, output);
      const clauses = [...clausesOf(output), "use_tmp_file false"];
      const result = await connection.runAndReadAll(`copy (${rows}) to ${literal(path)} (${clauses.join(", ")})`);
      return Number(result.getRows()[0]?.[0] ?? 0);
    }
    default:
      throw new Error(`unknown format: ${String(output.format satisfies never)}`);
  }
}

/** The rows as the format says them: JSON has fewer types than we do, and CSV none with parts. */
export async function selectFor(connection: DuckDBConnection, from: string, output: Output): Promise<string> {
  if (output.format === "parquet") return `select * from ${from}`;
  const isText = output.format === "csv";
  const columns = (await columnsOf(connection, from)).map(({ name, type }) => {
    const value = output.partitionBy.includes(name) ? null : isText ? nestedText(type, ident(name)) : jsonValue(type, ident(name));
    return value === null ? ident(name) : `${value} as ${ident(name)}`;
  });
  return `select ${columns.join(", ")} from ${from}`;
}

/** Structs, lists and maps as JSON; null for what has no parts. */
function nestedText(type: DuckDBType, sql: string): string | null {
  if (!/^(STRUCT|MAP|UNION)\(|\]$/.test(type.toString())) return null;
  return `to_json(${jsonValue(type, sql) ?? sql})::varchar`;
}

export function clausesOf(output: Output): readonly string[] {
  const compression = `compression ${literal(output.format === "parquet" && output.compression === "none" ? "uncompressed" : output.compression)}`;
  switch (output.format) {
    case "csv":
      return [
        "format csv",
        `header ${output.header}`,
        `delimiter ${literal(output.delimiter)}`,
        `quote ${literal(output.quote)}`,
        `escape ${literal(output.quote)}`,
        compression,
      ];
    case "json":
      return ["format json", "array true", compression];
    case "ndjson":
      return ["format json", "array false", compression];
    case "parquet":
      return ["format parquet", compression];
    case "excel":
    case "avro":
      return [];
    default:
      throw new Error(`unknown format: ${String(output.format satisfies never)}`);
  }
}

/** A query of the user may end in a semicolon or in a comment. */
export function unfinished(query: string): string {
  return query.trim().replace(/;+\s*$/, "");
}
