// The COPY statement that writes rows into a file of a format.
import type { DuckDBConnection } from "@duckdb/node-api";
import { formatByEnding, type FormatName } from "../../formats/index.ts";
import { MillraceError } from "../../model/errors.ts";
import { ident, literal } from "../../sql/text.ts";
import { jsonValue } from "./json-values.ts";
import { givenFormatOptions, type FileOptions } from "../options.ts";

/** Keys of the formats that also mean something for a file that is written. */
const WRITE_KEYS: Readonly<Record<FormatName, readonly string[]>> = {
  csv: ["header", "delimiter", "quote"],
  json: [],
  ndjson: [],
  parquet: [],
};

export interface Output {
  readonly format: FormatName;
  readonly compression: "none" | "gzip" | "zstd" | "snappy";
  readonly header: boolean;
  readonly delimiter: string;
  readonly quote: string;
}

/** What the path and the options say about the file to write. Throws MR3104, MR3105, MR3142. */
export function outputOf(path: string, options: FileOptions): Output {
  const format = (options.format === undefined || options.format === "auto" ? formatByEnding(path)?.name : options.format) as
    | FormatName
    | undefined;
  if (format === undefined) {
    throw new MillraceError({
      code: "MR3104",
      message: `the ending of ${path} names no format that can be written`,
      hint: "csv, json, ndjson or parquet; or say it with `format:`",
    });
  }
  const given = givenFormatOptions(options);
  const foreign = Object.keys(given).find((key) => !WRITE_KEYS[format].includes(key));
  if (foreign !== undefined)
    throw new MillraceError({ code: "MR3105", message: `\`${foreign}\` means nothing for a ${format} file that is written` });
  const byEnding = /\.(gz|gzip)$/i.test(path) ? "gzip" : /\.zstd?$/i.test(path) ? "zstd" : format === "parquet" ? "snappy" : "none";
  const compression = options.compression === undefined || options.compression === "auto" ? byEnding : options.compression;
  if (compression === "snappy" && format !== "parquet")
    throw new MillraceError({ code: "MR3105", message: "`compression: snappy` is for Parquet only" });
  return {
    format,
    compression,
    header: headerOf(given["header"]),
    delimiter: delimiterOf(path, given["delimiter"]),
    quote: quoteOf(given["quote"]),
  };
}

/** Writes the rows of the query to a new file and returns their number. */
export async function copyRows(connection: DuckDBConnection, query: string, path: string, output: Output): Promise<number> {
  const isJson = output.format === "json" || output.format === "ndjson";
  const rows = isJson ? await asJson(connection, query) : `select * from (${unfinished(query)}\n)`;
  const result = await connection.runAndReadAll(`copy (${rows}) to ${literal(path)} (${clausesOf(output).join(", ")}, use_tmp_file false)`);
  return Number(result.getRows()[0]?.[0] ?? 0);
}

function clausesOf(output: Output): readonly string[] {
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
    default:
      throw new Error(`unknown format: ${String(output.format satisfies never)}`);
  }
}

async function asJson(connection: DuckDBConnection, query: string): Promise<string> {
  const from = `(${unfinished(query)}\n)`;
  const reader = await connection.runAndReadAll(`select * from ${from} limit 0`);
  const types = reader.columnTypes();
  const columns = reader.columnNames().map((name, index) => {
    const type = types[index];
    const value = type === undefined ? null : jsonValue(type, ident(name));
    return value === null ? ident(name) : `${value} as ${ident(name)}`;
  });
  return `select ${columns.join(", ")} from ${from}`;
}

/** A query of the user may end in a semicolon or in a comment. */
function unfinished(query: string): string {
  return query.trim().replace(/;+\s*$/, "");
}

function headerOf(given: unknown): boolean {
  return given === undefined || given === true || (typeof given === "number" && given > 0);
}

function delimiterOf(path: string, given: unknown): string {
  if (typeof given === "string") return given === "tab" || given === String.raw`\t` ? "\t" : given;
  return /\.(tsv|tab)(\.|$)/i.test(path) ? "\t" : /\.psv(\.|$)/i.test(path) ? "|" : ",";
}

function quoteOf(given: unknown): string {
  return typeof given === "string" && given.length === 1 ? given : '"';
}
