// Which TypeScript type the values of a DuckDB type have. Rows come in two forms, and each is said exactly:
//   V1. code: `read()` and `query()` of pipelines (load/stream-rows.ts): numbers where that is exact, else bigint (integers) or text (decimals); blobs are bytes.
//   V2. json: `query --format json`, the API and its client (sql/values.ts): decimals are texts, integers beyond 2^53 too.
//   V3. What stands inside lists, structs and maps is json in both. Anything may be null, unless the column is known to have no nulls.
import { type DuckDbType, parseDuckDbType } from "./duckdb-type.ts";

export type RowForm = "code" | "json";

const FLOATING = 'number | "NaN" | "Infinity" | "-Infinity"';
const TEXTS: ReadonlySet<string> = new Set([
  "VARCHAR",
  "JSON",
  "UUID",
  "BIT",
  "DATE",
  "TIME",
  "TIME_NS",
  "TIME WITH TIME ZONE",
  "TIMESTAMP",
  "TIMESTAMP_S",
  "TIMESTAMP_MS",
  "TIMESTAMP_NS",
  "TIMESTAMP WITH TIME ZONE",
  "INTERVAL",
]);
const EXACT_NUMBERS: ReadonlySet<string> = new Set(["TINYINT", "SMALLINT", "INTEGER", "UTINYINT", "USMALLINT", "UINTEGER"]);
const WIDE_INTEGERS: ReadonlySet<string> = new Set(["BIGINT", "UBIGINT", "HUGEINT", "UHUGEINT", "BIGNUM"]);

/** The type of a column's values, null left out. */
export function valueType(type: string, form: RowForm): string {
  const parsed = parseDuckDbType(type);
  return parsed.kind === "plain" && form === "code" ? (codeType(parsed.name) ?? jsonType(parsed)) : jsonType(parsed);
}

/** V1, where it is not V2. */
function codeType(name: string): string | undefined {
  if (WIDE_INTEGERS.has(name)) return "number | bigint";
  switch (name) {
    case "FLOAT":
    case "DOUBLE":
      return "number";
    case "DECIMAL":
      return "number | string";
    case "BLOB":
      return "Uint8Array";
    default:
      return undefined;
  }
}

function jsonType(type: DuckDbType): string {
  switch (type.kind) {
    case "plain":
      return plainJson(type.name);
    case "enum":
      return type.values.map((value) => JSON.stringify(value)).join(" | ");
    case "list":
      return `readonly (${orNull(type.of)})[]`;
    case "struct":
      return `{ ${type.fields.map((field) => `readonly ${propertyName(field.name)}: ${orNull(field.type)}`).join("; ")} }`;
    case "union":
      return [...new Set(type.fields.map((field) => jsonType(field.type)))].join(" | ");
    case "map":
      return mapJson(type);
    default:
      return type satisfies never;
  }
}

function plainJson(name: string): string {
  if (TEXTS.has(name)) return "string";
  if (EXACT_NUMBERS.has(name)) return "number";
  if (WIDE_INTEGERS.has(name)) return "number | string";
  switch (name) {
    case "BOOLEAN":
      return "boolean";
    case "FLOAT":
    case "DOUBLE":
      return FLOATING;
    case "DECIMAL":
    case "BLOB":
      return "string";
    case "NULL":
    case '"NULL"':
      return "null";
    default:
      return "unknown"; // VARIANT, and what an extension brings
  }
}

/** Texts as keys make an object; other keys a list of pairs, an empty one included among the objects. */
function mapJson({ key, value }: DuckDbType & { readonly kind: "map" }): string {
  const isText = key.kind === "enum" || (key.kind === "plain" && (key.name === "VARCHAR" || key.name === "JSON"));
  if (isText) return `{ readonly [key: string]: ${orNull(value)} }`;
  return `readonly { readonly key: ${jsonType(key)}; readonly value: ${orNull(value)} }[] | { readonly [key: string]: never }`;
}

function orNull(type: DuckDbType): string {
  const own = jsonType(type);
  return own === "null" || own === "unknown" ? own : `${own} | null`;
}

export function propertyName(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) && name !== "__proto__" ? name : JSON.stringify(name);
}
