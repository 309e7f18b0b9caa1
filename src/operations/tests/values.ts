// Values of a test as SQL of the column's own type.
//   V1. A value is never changed to fit: 1.5 is no whole number, 1.005 no DECIMAL(18,2), a field that a struct lacks is an error.
//   V2. Text that stands in the YAML may stand for a value of any type; a number or truth value stands for a text only in rows that are given.
import type { DuckDBArrayType, DuckDBDecimalType, DuckDBListType, DuckDBMapType, DuckDBStructType, DuckDBType } from "@duckdb/node-api";
import * as duckdb from "@duckdb/node-api";
import { isDay } from "../../model/parameter-types.ts";
import { didYouMean } from "../../model/suggest.ts";
import { ident, literal } from "../../sql/text.ts";

const { DuckDBTypeId } = duckdb;

export type ValuePath = readonly (string | number)[];
/** `given`: numbers become texts where the column is one. `expected`: they are another value than the text. */
export type ValueUse = "given" | "expected";

/** A value that is none of its column's type. */
export class Misfit extends Error {
  readonly path: ValuePath;
  readonly hint: string | undefined;
  constructor(message: string, path: ValuePath, hint?: string) {
    super(message);
    this.path = path;
    this.hint = hint;
  }
}

interface Context {
  readonly use: ValueUse;
  readonly path: ValuePath;
}

/** An expression of that type. @throws Misfit */
export function valueSql(type: DuckDBType, value: unknown, use: ValueUse): string {
  return expression(type, value, { use, path: [] });
}

function expression(type: DuckDBType, value: unknown, context: Context): string {
  if (value === null || value === undefined) return `cast(null as ${String(type)})`;
  switch (type.typeId) {
    case DuckDBTypeId.LIST:
    case DuckDBTypeId.ARRAY:
      return listSql(type, nested(type, value, context), context);
    case DuckDBTypeId.STRUCT:
      return structSql(type, nested(type, value, context), context);
    case DuckDBTypeId.MAP:
      return mapSql(type, nested(type, value, context), context);
    default:
      return scalarSql(type, value, context);
  }
}

/** A list or struct may stand as JSON in a text: so it comes out of CSV. */
function nested(type: DuckDBType, value: unknown, context: Context): unknown {
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value);
  } catch {
    throw unfit(type, value, context);
  }
}

function listSql(type: DuckDBListType | DuckDBArrayType, value: unknown, context: Context): string {
  if (!Array.isArray(value)) throw unfit(type, value, context, "write a list: [a, b]");
  if (type.typeId === DuckDBTypeId.ARRAY && value.length !== type.length) throw unfit(type, value, context, `it has ${type.length} values`);
  const items = value.map((item, index) => expression(type.valueType, item, { ...context, path: [...context.path, index] }));
  return `cast([${items.join(", ")}] as ${String(type)})`;
}

function structSql(type: DuckDBStructType, value: unknown, context: Context): string {
  if (!isMapping(value)) throw unfit(type, value, context, "write a mapping: { field: value }");
  const fields = new Map(type.entryNames.map((name, index) => [name.toLowerCase(), index]));
  const given = new Map<number, { readonly key: string; readonly value: unknown }>();
  for (const [key, each] of Object.entries(value)) {
    const index = fields.get(key.toLowerCase());
    if (index === undefined) {
      const hint = didYouMean(key, type.entryNames) ?? `its fields are ${type.entryNames.join(", ")}`;
      throw new Misfit(`the struct has no field ${JSON.stringify(key)}`, [...context.path, key], hint);
    }
    given.set(index, { key, value: each });
  }
  const entries = type.entryNames.map((name, index) => {
    const one = given.get(index);
    return `${ident(name)} := ${expression(type.entryTypes[index]!, one?.value, { ...context, path: [...context.path, one?.key ?? name] })}`;
  });
  return `struct_pack(${entries.join(", ")})`;
}

function mapSql(type: DuckDBMapType, value: unknown, context: Context): string {
  const entries = Array.isArray(value)
    ? value.filter(isMapping).map((entry, index) => ({ key: entry["key"], value: entry["value"], at: [index, "value"] }))
    : isMapping(value)
      ? Object.entries(value).map(([key, each]) => ({ key: key as unknown, value: each, at: [key] }))
      : undefined;
  if (entries === undefined) throw unfit(type, value, context, "write a mapping, or a list of { key, value }");
  const keys = entries.map(({ key }) => expression(type.keyType, key, context));
  const values = entries.map((entry) => expression(type.valueType, entry.value, { ...context, path: [...context.path, ...entry.at] }));
  return `cast(map([${keys.join(", ")}], [${values.join(", ")}]) as ${String(type)})`;
}

function scalarSql(type: DuckDBType, value: unknown, context: Context): string {
  const text = scalarText(type, value, context);
  if (type.typeId === DuckDBTypeId.BLOB) return `from_base64(${literal(text)})`;
  return `cast(${literal(text)} as ${type.alias === "JSON" ? "JSON" : String(type)})`;
}

/** Digits of whole numbers by type; what is beyond the type's range DuckDB tells. */
const WHOLE = /^[+-]?\d+$/;
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
/** As YAML writes them too: `.nan`. */
const NO_NUMBER = /^[+-]?\.?(nan|inf|infinity)$/i;

function scalarText(type: DuckDBType, value: unknown, context: Context): string {
  if (type.alias === "JSON") return jsonText(value);
  if (typeof value === "object") {
    // A text column that holds JSON.
    if (type.typeId === DuckDBTypeId.VARCHAR && context.use === "given") return JSON.stringify(value);
    throw unfit(type, value, context);
  }
  const text = typeof value === "number" ? numberText(value) : `${value as string | boolean}`;
  if (text.includes("\0")) throw unfit(type, value, context, "a NUL character cannot stand in a text");
  const isText = typeof value === "string";
  const must = (fits: boolean, hint?: string): string => {
    if (fits) return text;
    throw unfit(type, value, context, hint);
  };
  switch (type.typeId) {
    case DuckDBTypeId.VARCHAR:
      return must(isText || context.use === "given", `put it in quotes: ${JSON.stringify(text)}`);
    case DuckDBTypeId.ENUM: {
      const { values } = type;
      return must(values.includes(text), didYouMean(text, values) ?? `one of: ${values.slice(0, 20).join(", ")}`);
    }
    case DuckDBTypeId.BOOLEAN:
      return must(/^(true|false)$/i.test(text), "true or false");
    case DuckDBTypeId.TINYINT:
    case DuckDBTypeId.SMALLINT:
    case DuckDBTypeId.INTEGER:
    case DuckDBTypeId.BIGINT:
    case DuckDBTypeId.HUGEINT:
    case DuckDBTypeId.UTINYINT:
    case DuckDBTypeId.USMALLINT:
    case DuckDBTypeId.UINTEGER:
    case DuckDBTypeId.UBIGINT:
    case DuckDBTypeId.UHUGEINT:
      return must(WHOLE.test(text) && typeof value !== "boolean", "a whole number");
    case DuckDBTypeId.DECIMAL:
      return must(typeof value !== "boolean" && fitsDecimal(type, text), "a number that the type holds exactly");
    case DuckDBTypeId.FLOAT:
    case DuckDBTypeId.DOUBLE:
      return must(NUMBER.test(text) || NO_NUMBER.test(text), "a number").replace(/^([+-]?)\./, NO_NUMBER.test(text) ? "$1" : "$1.");
    case DuckDBTypeId.DATE:
      return must((/^\d{4,6}-\d\d-\d\d( \(BC\))?$/.test(text) && isDay(text)) || /^-?infinity$/.test(text), "a day: 2026-01-31");
    case DuckDBTypeId.TIMESTAMP:
    case DuckDBTypeId.TIMESTAMP_S:
    case DuckDBTypeId.TIMESTAMP_MS:
    case DuckDBTypeId.TIMESTAMP_NS:
    case DuckDBTypeId.TIME:
      return must(isText && fitsMoment(type, text), "a moment of UTC as exact as the type is, no other zone: 2026-01-31T06:00:00Z");
    case DuckDBTypeId.TIMESTAMP_TZ:
      return must(isText && fitsMoment(type, text), "a moment as exact as the type is: 2026-01-31T06:00:00+02:00");
    case DuckDBTypeId.BLOB:
      return must(isText && /^[A-Za-z0-9+/]*={0,2}$/.test(text) && text.length % 4 === 0, "the bytes in base64");
    case DuckDBTypeId.INTERVAL:
      return intervalText(text);
    default:
      return must(isText, typeof value === "number" ? `put it in quotes: ${JSON.stringify(text)}` : undefined);
  }
}

function jsonText(value: unknown): string {
  if (typeof value !== "string") return JSON.stringify(value);
  try {
    JSON.parse(value);
    return value;
  } catch {
    return JSON.stringify(value);
  }
}

/** The decimal digits of a number: 1e21 as DuckDB's DECIMAL reads it. */
function numberText(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "nan" : value > 0 ? "infinity" : "-infinity";
  return Object.is(value, -0) ? "-0" : Number.isInteger(value) && Math.abs(value) < 1e21 ? BigInt(value).toString() : String(value);
}

/** Digits of a second's fraction, by type; a microsecond where nothing is said. */
const FRACTION_DIGITS: Readonly<Record<number, number>> = {
  [DuckDBTypeId.TIMESTAMP_S]: 0,
  [DuckDBTypeId.TIMESTAMP_MS]: 3,
  [DuckDBTypeId.TIMESTAMP_NS]: 9,
};

/** V1: DuckDB leaves out digits that its type has not, and of a type without a zone the zone. What is no moment at all DuckDB tells. */
function fitsMoment({ typeId }: DuckDBType, text: string): boolean {
  const [, fraction = "", zone = ""] = /:\d\d(?:\.(\d*?)0*)?\s*(Z|UTC|[+-]\d\d(?::?\d\d)?)?$/i.exec(text) ?? [];
  const isUtc = zone === "" || /^(Z|UTC|[+-]00(:?00)?)$/i.test(zone);
  return fraction.length <= (FRACTION_DIGITS[typeId] ?? 6) && (isUtc || typeId === DuckDBTypeId.TIMESTAMP_TZ);
}

function fitsDecimal({ width, scale }: DuckDBDecimalType, text: string): boolean {
  const parts = /^[+-]?0*(\d*)(?:\.(\d*?)0*)?$/.exec(text);
  return parts !== null && /\d/.test(text) && parts[1]!.length <= width - scale && (parts[2] ?? "").length <= scale;
}

/** Durations as Millrace prints them (P1DT2H), in DuckDB's words. */
function intervalText(text: string): string {
  const iso = /^P(?:(-?\d+)Y)?(?:(-?\d+)M)?(?:(-?\d+)W)?(?:(-?\d+)D)?(?:T(?:(-?\d+)H)?(?:(-?\d+)M)?(?:(-?[\d.]+)S)?)?$/.exec(text);
  if (iso === null) return text;
  const units = ["years", "months", "weeks", "days", "hours", "minutes", "seconds"];
  const words = units.flatMap((unit, index) => (iso[index + 1] === undefined ? [] : [`${iso[index + 1]} ${unit}`]));
  return words.length === 0 ? "0 seconds" : words.join(" ");
}

export function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const SHOWN_CHARACTERS_MAX = 60;

function unfit(type: DuckDBType, value: unknown, { path }: Context, hint?: string): Misfit {
  const text = JSON.stringify(value) ?? String(value);
  const cut = text.length > SHOWN_CHARACTERS_MAX ? `${text.slice(0, SHOWN_CHARACTERS_MAX)}…` : text;
  return new Misfit(`${cut} is no ${type.alias ?? String(type)}`, path, hint);
}
