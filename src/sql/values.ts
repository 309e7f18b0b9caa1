// DuckDB values as JSON values, the same everywhere (PROJECT §10 "JSON values"):
//   V1. Integers beyond 2^53, decimals, NaN and infinities are strings, also inside lists and structs.
//   V2. Dates and times are ISO 8601 (intervals as durations), blobs base64, lists and structs themselves, maps with text keys objects.
import type { DuckDBResult, DuckDBType, DuckDBValue } from "@duckdb/node-api";
import * as duckdb from "@duckdb/node-api";
import type { JsonValue } from "../model/answers.ts";

type Reader = (value: DuckDBValue) => JsonValue;
const SAFE = BigInt(Number.MAX_SAFE_INTEGER);
const { DuckDBTypeId } = duckdb;

/** The reader of one column's values; `null` when the values are JSON values already. */
export function jsonReader(type: DuckDBType): Reader | null {
  switch (type.typeId) {
    case DuckDBTypeId.BOOLEAN:
    case DuckDBTypeId.TINYINT:
    case DuckDBTypeId.SMALLINT:
    case DuckDBTypeId.INTEGER:
    case DuckDBTypeId.UTINYINT:
    case DuckDBTypeId.USMALLINT:
    case DuckDBTypeId.UINTEGER:
    case DuckDBTypeId.VARCHAR:
    case DuckDBTypeId.ENUM:
    case DuckDBTypeId.SQLNULL:
      return null;
    case DuckDBTypeId.FLOAT:
      return (value) => (typeof value === "number" ? shortFloat(value) : toJson(value));
    default:
      return toJson;
  }
}

/** One value of any type, nested included. */
export function toJson(value: DuckDBValue): JsonValue {
  switch (typeof value) {
    case "boolean":
    case "string":
      return value;
    case "number":
      return Number.isFinite(value) ? value : Number.isNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
    case "bigint":
      return value <= SAFE && value >= -SAFE ? Number(value) : value.toString();
    default:
      return value === null || value === undefined ? null : objectToJson(value);
  }
}

function objectToJson(value: Exclude<DuckDBValue, null | boolean | number | bigint | string>): JsonValue {
  if (value instanceof duckdb.DuckDBListValue || value instanceof duckdb.DuckDBArrayValue) return value.items.map(toJson);
  if (value instanceof duckdb.DuckDBStructValue) return fromEntries(Object.entries(value.entries));
  if (value instanceof duckdb.DuckDBMapValue) return mapToJson(value);
  if (value instanceof duckdb.DuckDBUnionValue) return toJson(value.value);
  if (value instanceof duckdb.DuckDBBlobValue) return Buffer.from(value.bytes).toString("base64");
  if (value instanceof duckdb.DuckDBIntervalValue) return isoDuration(value);
  if (value instanceof duckdb.DuckDBTimestampTZValue) return isoTimestamp(new duckdb.DuckDBTimestampValue(value.micros).toString(), "Z");
  if (isTimestamp(value)) return isoTimestamp(value.toString(), "");
  if (value instanceof duckdb.DuckDBVariantValue) return toJson((value as unknown as { value: DuckDBValue }).value);
  return String(value); // dates, times, decimals, UUIDs, bits: their text is what we promise
}

function isTimestamp(value: object): boolean {
  return (
    value instanceof duckdb.DuckDBTimestampValue ||
    value instanceof duckdb.DuckDBTimestampSecondsValue ||
    value instanceof duckdb.DuckDBTimestampMillisecondsValue ||
    value instanceof duckdb.DuckDBTimestampNanosecondsValue
  );
}

/** Without a prototype's keys, so that a column called `__proto__` stays a column. */
function fromEntries(entries: readonly (readonly [string, DuckDBValue])[]): JsonValue {
  return Object.fromEntries(entries.map(([key, entry]) => [key, toJson(entry)]));
}

function mapToJson(value: duckdb.DuckDBMapValue): JsonValue {
  const entries = value.entries.map((entry) => ({ key: entry.key, value: entry.value }));
  if (entries.every((entry) => typeof entry.key === "string")) {
    return fromEntries(entries.map((entry) => [entry.key as string, entry.value]));
  }
  return entries.map((entry) => ({ key: toJson(entry.key), value: toJson(entry.value) }));
}

/** `2020-01-02 03:04:05.5` → `2020-01-02T03:04:05.5`; infinities stay words. */
function isoTimestamp(text: string, zone: string): string {
  return text.includes(" ") && /^\d/.test(text) ? text.replace(" (BC)", " BC").replace(" ", "T") + zone : text;
}

function isoDuration({ months, days, micros }: duckdb.DuckDBIntervalValue): string {
  const years = Math.trunc(months / 12);
  const rest = months % 12;
  const date = `${years === 0 ? "" : `${years}Y`}${rest === 0 ? "" : `${rest}M`}${days === 0 ? "" : `${days}D`}`;
  const sign = micros < 0n ? "-" : "";
  const total = micros < 0n ? -micros : micros;
  const hours = total / 3_600_000_000n;
  const minutes = (total / 60_000_000n) % 60n;
  const seconds = total % 60_000_000n;
  const fraction = (seconds % 1_000_000n).toString().padStart(6, "0").replace(/0+$/, "");
  const secondsText = seconds === 0n ? "" : `${sign}${seconds / 1_000_000n}${fraction === "" ? "" : `.${fraction}`}S`;
  const time = `${hours === 0n ? "" : `${sign}${hours}H`}${minutes === 0n ? "" : `${sign}${minutes}M`}${secondsText}`;
  return date === "" && time === "" ? "PT0S" : `P${date}${time === "" ? "" : `T${time}`}`;
}

/** The shortest number that is the same 32-bit float: 1.1, not 1.100000023841858. */
function shortFloat(value: number): JsonValue {
  if (!Number.isFinite(value)) return toJson(value);
  for (let digits = 6; digits <= 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return value;
}

/** Rows in chunks of at most 2,048, as arrays of JSON values: memory is bounded when the result was streamed. */
export async function* readRowChunks(result: DuckDBResult): AsyncGenerator<JsonValue[][]> {
  const readers = result.columnTypes().map(jsonReader);
  for (;;) {
    const chunk = await result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) return;
    const rows: JsonValue[][] = Array.from({ length: chunk.rowCount }, () => Array.from<JsonValue>({ length: readers.length }));
    for (const [index, reader] of readers.entries()) {
      const values = chunk.getColumnValues(index);
      for (let row = 0; row < values.length; row++) {
        const value = values[row]!;
        rows[row]![index] = value === null ? null : reader === null ? (value as JsonValue) : reader(value);
      }
    }
    yield rows;
  }
}

/** All rows as objects, in bounded answers only. A name that occurs twice gets `_1`, as DuckDB does. */
export async function readRowObjects(result: DuckDBResult): Promise<Record<string, JsonValue>[]> {
  const names = result.deduplicatedColumnNames();
  const objects: Record<string, JsonValue>[] = [];
  for await (const rows of readRowChunks(result)) {
    for (const row of rows) objects.push(Object.fromEntries(names.map((name, index) => [name, row[index]!])));
  }
  return objects;
}
