// Where the rows of a test stand: written out, in CSV, in a file, or in a query; each cell with its place for messages.
import { readFileSync, statSync } from "node:fs";
import { extname, resolve } from "node:path";
import type { TestRows } from "../../model/definitions/test.ts";
import { combineErrors, messageOf, MillraceError, type SourceLocation } from "../../model/errors.ts";
import { literal } from "../../sql/text.ts";
import { parseCsv } from "./csv.ts";
import { isMapping } from "./values.ts";

export type TestCells = Readonly<Record<string, unknown>>;

/** Rows as values, or a query that gives them. */
export type RowSet = (
  | { readonly kind: "values"; readonly rows: readonly TestCells[]; readonly columns: readonly string[] }
  | { readonly kind: "query"; readonly sql: string }
) & {
  /** DuckDB types that the test itself says. */
  readonly types: Readonly<Record<string, string>>;
  /** Place of a row, or of a cell of it. */
  place(this: void, row?: number, path?: readonly (string | number)[], what?: "key" | "value"): SourceLocation;
};

export interface RowsRequest {
  readonly projectDir: string;
  /** Place of something below the key under which the rows stand. */
  locate(this: void, path: readonly (string | number)[], what?: "key" | "value"): SourceLocation;
}

const FILE_BYTES_MAX = 64_000_000;

/** @throws MR8903, MR8907 */
export function rowSet(spec: TestRows, request: RowsRequest): RowSet {
  const rows = rowsOf(spec, request);
  if (rows.kind === "values") refuseTwice(rows);
  return rows;
}

function rowsOf(spec: TestRows, { projectDir, locate }: RowsRequest): RowSet {
  if (Array.isArray(spec)) return written(spec, {}, (path, what) => locate(path, what));
  const from = spec;
  const types = from.types ?? {};
  if (from.rows !== undefined) return written(from.rows, types, (path, what) => locate(["rows", ...path], what));
  const key = from.csv !== undefined ? "csv" : from.file !== undefined ? "file" : "sql";
  const place = (): SourceLocation => locate([key]);
  try {
    if (from.csv !== undefined) return { kind: "values", ...parseCsv(from.csv), types, place };
    if (from.sql !== undefined) return { kind: "query", sql: from.sql.replace(/[\s;]+$/, ""), types, place };
    return { ...fromFile(projectDir, from.file!), types, place };
  } catch (error) {
    throw new MillraceError({ code: "MR8907", message: `${key}: ${messageOf(error)}`, location: place(), cause: error });
  }
}

function written(
  rows: readonly TestCells[],
  types: Readonly<Record<string, string>>,
  locate: (path: readonly (string | number)[], what?: "key" | "value") => SourceLocation,
): RowSet {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return { kind: "values", rows, columns, types, place: (row, path = [], what) => locate(row === undefined ? [] : [row, ...path], what) };
}

/** Names differ in more than their letters' case: one column is one name, in all rows. */
function refuseTwice({ rows, columns, place }: Extract<RowSet, { kind: "values" }>): void {
  const first = new Map<string, string>();
  const errors = columns.flatMap((name) => {
    const known = first.get(name.toLowerCase());
    if (known === undefined) {
      first.set(name.toLowerCase(), name);
      return [];
    }
    const row = rows.findIndex((each) => Object.hasOwn(each, name));
    const message = `the column ${JSON.stringify(known)} is written ${JSON.stringify(name)} too`;
    return [new MillraceError({ code: "MR8903", message, hint: "write it in one way", location: place(Math.max(0, row), [name], "key") })];
  });
  if (errors.length > 0) throw combineErrors("MR1001", errors);
}

/** `file` as it is written in the test. */
function fromFile(
  projectDir: string,
  file: string,
): { kind: "values"; rows: readonly TestCells[]; columns: readonly string[] } | { kind: "query"; sql: string } {
  const path = resolve(projectDir, file);
  const about = statSync(path, { throwIfNoEntry: false });
  if (about?.isFile() !== true) throw new Error(`${file} is ${about === undefined ? "not there" : "no file"}`);
  const { size } = about;
  const ending = extname(path).toLowerCase();
  if (ending === ".parquet") return { kind: "query", sql: `select * from read_parquet(${literal(path)})` };
  if (size > FILE_BYTES_MAX) throw new Error(`${file} has ${size} bytes, the rows of a test at most ${FILE_BYTES_MAX}`);
  const text = utf8(readFileSync(path), file);
  switch (ending) {
    case ".csv":
      return { kind: "values", ...parseCsv(text) };
    case ".json":
      return values(JSON.parse(text) as unknown, file);
    case ".ndjson":
    case ".jsonl":
      return values(
        text.split("\n").flatMap((line, index) => (line.trim() === "" ? [] : [jsonLine(line, index + 1)])),
        file,
      );
    default:
      throw new Error(`${file} is no .csv, .json, .ndjson or .parquet`);
  }
}

function utf8(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    throw new Error(`${file} is not UTF-8`, { cause: error });
  }
}

function jsonLine(line: string, number: number): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new Error(`line ${number} is no JSON: ${messageOf(error)}`, { cause: error });
  }
}

function values(rows: unknown, file: string): { kind: "values"; rows: readonly TestCells[]; columns: readonly string[] } {
  if (!Array.isArray(rows) || !rows.every(isMapping)) throw new Error(`${file} is no list of objects`);
  return { kind: "values", rows, columns: [...new Set(rows.flatMap((row) => Object.keys(row)))] };
}
