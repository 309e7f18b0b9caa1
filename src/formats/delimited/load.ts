// DuckDB's part: a load with nothing left to its guess, and the proof that what came out is what the audit says must come out.
// strict_mode is left at its default on purpose: given as `true` with new_line='\r\n', DuckDB returns no rows of a sound file and no error.
import type { DuckDBConnection } from "@duckdb/node-api";
import { messageOf, MillraceError } from "../../model/errors.ts";
import { ident, literal } from "../../sql/text.ts";
import type { InferredType } from "../types/infer.ts";
import type { AuditSums } from "./accounts.ts";
import { RECORD_BYTES_MAX } from "./audit.ts";
import type { Dialect } from "./dialect.ts";

export interface LoadColumn {
  readonly name: string;
  readonly type: InferredType;
}

export interface LoadRequest {
  readonly connection: DuckDBConnection;
  readonly into: string;
  readonly columns: readonly LoadColumn[];
  readonly nulls: readonly string[];
}

export interface LoadRoad {
  readonly path: string;
  readonly dialect: Dialect;
  readonly skipLines: number;
}

/** Larger than the default on purpose: DuckDB's buffers follow it, and larger ones are faster (1.3 s against 1.6 s for 230 MB). */
const DUCKDB_LINE_BYTES_MAX = RECORD_BYTES_MAX + (1 << 17);

/** Creates the table from the file. Rows without any value are blank lines and stay out. */
export async function load(request: LoadRequest, road: LoadRoad): Promise<void> {
  const { columns, nulls, into } = request;
  const hasNulls = nulls.length > 0;
  const outputs = columns.map(({ name, type }, index) => `${valueOf(`c${index}`, type, nulls)} AS ${ident(name)}`);
  const filled = columns.map((_, index) => `c${index} IS NOT NULL`);
  const reads = columns.map(({ type }, index) => `c${index}:${literal(hasNulls ? "VARCHAR" : type.read)}`);
  const { delimiter, quote, escape, newline } = road.dialect;
  await request.connection.run(
    `CREATE OR REPLACE TABLE ${into} AS SELECT ${outputs.join(", ")} FROM read_csv(${literal(road.path)}, auto_detect=false, header=false, ` +
      `skip=${road.skipLines}, delim=${literal(delimiter)}, quote=${literal(quote)}, escape=${literal(escape)}, new_line=${NEWLINES[newline]}, ` +
      `compression='none', hive_partitioning=false, max_line_size=${DUCKDB_LINE_BYTES_MAX}, columns={${reads.join(", ")}}) WHERE ${anyOf(filled)}`,
  );
}

/** Lines are told from the place of a row, so the table has to keep the order of the file. @throws MR3007. */
export async function requireOrder(connection: DuckDBConnection, name: string): Promise<void> {
  const reader = await connection.runAndReadAll("SELECT current_setting('preserve_insertion_order')");
  if (reader.getRows()[0]?.[0] !== true)
    throw new MillraceError({ code: "MR3007", message: `${name} cannot be loaded: preserve_insertion_order is off` });
}

/** Loads; returns the first line of what DuckDB could not read, null when it could. What is no fault of the file is thrown. */
export async function attempt(request: LoadRequest, road: LoadRoad): Promise<string | null> {
  try {
    await load(request, road);
    return null;
  } catch (error) {
    const message = messageOf(error);
    if (/^(Out of Memory|IO|INTERRUPT|Permission|TransactionContext|Catalog|FATAL|INTERNAL)/.test(message)) throw error;
    return message.split("\n", 1)[0] ?? message;
  }
}

const NEWLINES = { "\n": "'\\n'", "\r": "'\\r'", "\r\n": "'\\r\\n'" } as const;

function valueOf(cell: string, type: InferredType, nulls: readonly string[]): string {
  const hasNulls = nulls.length > 0;
  const text = hasNulls
    ? `CASE WHEN trim(${cell}) IN (${nulls.map((word) => literal(word.trim())).join(", ")}) THEN NULL ELSE ${cell} END`
    : cell;
  if (type.pattern !== null) return `CAST(strptime(trim(${text}), ${literal(type.pattern)}) AS ${type.type})`;
  return hasNulls && type.type !== "VARCHAR" ? `CAST(${text} AS ${type.type})` : text;
}

/** A disjunction as a balanced tree: thousands of columns in a row would be too deep an expression. */
function anyOf(conditions: readonly string[]): string {
  if (conditions.length <= 100) return conditions.join(" OR ");
  const half = conditions.length >> 1;
  return `(${anyOf(conditions.slice(0, half))}) OR (${anyOf(conditions.slice(half))})`;
}

const COLUMNS_PER_QUERY = 200;
/** Tables of so many rows have their typed columns written out as text and counted as well. */
const THOROUGH_ROWS_MAX = 200_000;
/** Sums of order are told by this remainder. */
export const MODULUS = 4_294_967_296;
const DIFFERENCES_SHOWN = 3;

/** The same sums on DuckDB's side; returns what differs, or null when nothing does. */
export async function differenceOf({ connection, into, columns }: LoadRequest, sums: AuditSums): Promise<string | null> {
  const isThorough = sums.rows <= THOROUGH_ROWS_MAX;
  const ordered = columns.findIndex(({ type }, index) => type.exactText && (sums.filled[index] ?? 0) > 0);
  const differences: string[] = [];
  for (let at = 0; at < Math.max(1, columns.length); at += COLUMNS_PER_QUERY) {
    const some = columns.slice(at, at + COLUMNS_PER_QUERY);
    const expected: (readonly [string, number])[] = [["rows", sums.rows]];
    const aggregates = ["count(*)"];
    for (const [offset, { name, type }] of some.entries()) {
      const index = at + offset;
      const length = type.type === "VARCHAR" ? `strlen(${ident(name)})` : `strlen(${ident(name)}::VARCHAR)`;
      aggregates.push(`count(${ident(name)})`);
      expected.push([`values of ${name}`, sums.filled[index] ?? 0]);
      if (type.exactText && (isThorough || type.type === "VARCHAR")) {
        aggregates.push(`coalesce(sum(${length}), 0)::BIGINT`);
        expected.push([`bytes of ${name}`, sums.bytes[index] ?? 0]);
      }
      if (index === ordered || (isThorough && type.exactText)) {
        aggregates.push(`coalesce(sum(((rowid + 1) * ${length}) % ${MODULUS}) % ${MODULUS}, 0)::BIGINT`);
        expected.push([`order of ${name}`, (sums.order[index] ?? 0) >>> 0]);
      }
    }
    const reader = await connection.runAndReadAll(`SELECT ${aggregates.join(", ")} FROM ${into}`);
    const found = reader.getRows()[0] ?? [];
    for (const [index, [what, count]] of expected.entries())
      if (Number(found[index]) !== count) differences.push(`${what}: ${String(found[index])} instead of ${count}`);
  }
  return differences.length === 0 ? null : differences.slice(0, DIFFERENCES_SHOWN).join("; ");
}
