// An Avro schema as a tree with its names resolved, and the DuckDB type of each part of it.
import { MillraceError } from "../../model/errors.ts";

export type Logical =
  | { readonly kind: "decimal"; readonly precision: number; readonly scale: number }
  | { readonly kind: "date" | "uuid" | "duration" }
  | { readonly kind: "time"; readonly unitsPerSecond: number }
  | { readonly kind: "instant" | "local"; readonly unitsPerSecond: number };

export type AvroType =
  | { readonly kind: "null" | "boolean" | "float" | "double" }
  | { readonly kind: "int" | "long" | "bytes" | "string"; readonly logical: Logical | null }
  | { readonly kind: "fixed"; readonly size: number; readonly logical: Logical | null }
  | { readonly kind: "enum"; readonly symbols: readonly string[] }
  | { readonly kind: "array" | "map"; readonly items: AvroType }
  | { readonly kind: "union"; readonly branches: readonly AvroType[] }
  | AvroRecord;

export interface AvroRecord {
  readonly kind: "record";
  readonly name: string;
  readonly fields: { readonly name: string; readonly type: AvroType }[];
}

const DEPTH_MAX = 128;
const DECIMAL_DIGITS_MAX = 38;
const PRIMITIVES = new Set(["null", "boolean", "int", "long", "float", "double", "bytes", "string"]);

/** Throws MR3261 for what is no Avro schema. */
export function parseSchema(text: string, file: string): AvroType {
  const refuse = (why: string): MillraceError => new MillraceError({ code: "MR3261", message: `${file}: its schema is wrong: ${why}` });
  const named = new Map<string, AvroType>();
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    throw refuse("it is no JSON");
  }
  return read(given, "", 0);

  function read(schema: unknown, space: string, depth: number): AvroType {
    if (depth > DEPTH_MAX) throw refuse(`it is nested more than ${DEPTH_MAX} deep`);
    if (typeof schema === "string") return byName(schema, space);
    if (Array.isArray(schema)) {
      if (schema.length === 0) throw refuse("a union of nothing");
      return { kind: "union", branches: schema.map((branch) => read(branch, space, depth + 1)) };
    }
    if (typeof schema !== "object" || schema === null) throw refuse(`${JSON.stringify(schema)} is no type`);
    const { type, ...rest } = schema as Readonly<Record<string, unknown>>;
    if (typeof type !== "string") return read(type, space, depth + 1);
    const inner = typeof rest["namespace"] === "string" ? rest["namespace"] : space;
    switch (type) {
      case "record":
      case "error": {
        const record: AvroRecord = { kind: "record", name: fullName(rest["name"], inner), fields: [] };
        named.set(record.name, record);
        const fields = rest["fields"];
        if (!Array.isArray(fields)) throw refuse(`the record ${record.name} has no fields`);
        const spaceBelow = record.name.includes(".") ? record.name.slice(0, record.name.lastIndexOf(".")) : "";
        for (const field of fields as readonly Readonly<Record<string, unknown>>[]) {
          if (typeof field?.["name"] !== "string") throw refuse(`a field of ${record.name} has no name`);
          const trueName = field["millrace.name"]; // what our writer could not say in Avro's letters
          record.fields.push({
            name: typeof trueName === "string" ? trueName : field["name"],
            type: read(field["type"], spaceBelow, depth + 1),
          });
        }
        return record;
      }
      case "enum": {
        const symbols = rest["symbols"];
        if (!Array.isArray(symbols)) throw refuse("an enum without symbols");
        return keep(rest["name"], inner, { kind: "enum", symbols: symbols.map(String) });
      }
      case "fixed": {
        const size = Number(rest["size"]);
        if (!Number.isInteger(size) || size < 0) throw refuse("a fixed without size");
        return keep(rest["name"], inner, { kind: "fixed", size, logical: logicalOf(rest, "fixed", size) });
      }
      case "array":
        return { kind: "array", items: read(rest["items"], space, depth + 1) };
      case "map":
        return { kind: "map", items: read(rest["values"], space, depth + 1) };
      case "int":
      case "long":
      case "bytes":
      case "string":
        return { kind: type, logical: logicalOf(rest, type, 0) };
      default:
        return byName(type, space);
    }
  }

  function byName(name: string, space: string): AvroType {
    if (name === "int" || name === "long" || name === "bytes" || name === "string") return { kind: name, logical: null };
    if (PRIMITIVES.has(name)) return { kind: name as "null" | "boolean" | "float" | "double" };
    const found = named.get(name.includes(".") || space === "" ? name : `${space}.${name}`) ?? named.get(name);
    if (found === undefined) throw refuse(`${JSON.stringify(name)} is no type`);
    return found;
  }

  function keep(name: unknown, space: string, type: AvroType): AvroType {
    named.set(fullName(name, space), type);
    return type;
  }

  function fullName(name: unknown, space: string): string {
    if (typeof name !== "string" || name === "") throw refuse("a named type without name");
    return name.includes(".") || space === "" ? name : `${space}.${name}`;
  }
}

/** An annotation that does not fit its type means nothing, says the standard. */
function logicalOf(given: Readonly<Record<string, unknown>>, base: string, size: number): Logical | null {
  const name = given["logicalType"];
  switch (name) {
    case "decimal": {
      const precision = Number(given["precision"]);
      const scale = Number(given["scale"] ?? 0);
      const isSound = Number.isInteger(precision) && Number.isInteger(scale) && precision > 0 && scale >= 0 && scale <= precision;
      return isSound && (base === "bytes" || base === "fixed") ? { kind: "decimal", precision, scale } : null;
    }
    case "uuid":
      return base === "string" || (base === "fixed" && size === 16) ? { kind: "uuid" } : null;
    case "duration":
      return base === "fixed" && size === 12 ? { kind: "duration" } : null;
    case "date":
      return base === "int" ? { kind: "date" } : null;
    case "time-millis":
      return base === "int" ? { kind: "time", unitsPerSecond: 1000 } : null;
    case "time-micros":
      return base === "long" ? { kind: "time", unitsPerSecond: 1_000_000 } : null;
    default: {
      const moment = /^(local-)?timestamp-(millis|micros|nanos)$/.exec(String(name));
      if (moment === null || base !== "long") return null;
      const unitsPerSecond = moment[2] === "millis" ? 1000 : moment[2] === "micros" ? 1_000_000 : 1_000_000_000;
      return { kind: moment[1] === undefined ? "instant" : "local", unitsPerSecond };
    }
  }
}

/** The type of a column; JSON where DuckDB has none: unions of several kinds, records within themselves. */
export function duckType(type: AvroType, above: ReadonlySet<AvroType> = new Set()): string {
  switch (type.kind) {
    case "null":
      return "VARCHAR";
    case "boolean":
      return "BOOLEAN";
    case "float":
      return "FLOAT";
    case "double":
      return "DOUBLE";
    case "int":
      return type.logical === null ? "INTEGER" : logicalType(type.logical);
    case "long":
      return type.logical === null ? "BIGINT" : logicalType(type.logical);
    case "string":
      return type.logical === null ? "VARCHAR" : logicalType(type.logical);
    case "bytes":
    case "fixed":
      return type.logical === null ? "BLOB" : logicalType(type.logical);
    case "enum":
      return "VARCHAR";
    case "array": {
      const items = duckType(type.items, above);
      return items === "JSON" ? "JSON" : `${items}[]`;
    }
    case "map": {
      const values = duckType(type.items, above);
      return values === "JSON" ? "JSON" : `MAP(VARCHAR, ${values})`;
    }
    case "record": {
      if (above.has(type) || type.fields.length === 0) return "JSON";
      const lower = new Set(type.fields.map((field) => field.name.toLowerCase()));
      const fields = type.fields.map((field) => ({ name: field.name, type: duckType(field.type, new Set([...above, type])) }));
      if (lower.size < fields.length || fields.some((field) => field.type === "JSON")) return "JSON";
      return `STRUCT(${fields.map((field) => `"${field.name.replaceAll('"', '""')}" ${field.type}`).join(", ")})`;
    }
    case "union": {
      const kinds = [...new Set(type.branches.filter((branch) => branch.kind !== "null").map((branch) => duckType(branch, above)))];
      if (kinds.length === 0) return "VARCHAR";
      if (kinds.length === 1) return kinds[0] ?? "JSON";
      if (kinds.every((kind) => kind === "INTEGER" || kind === "BIGINT")) return "BIGINT";
      return kinds.every((kind) => kind === "FLOAT" || kind === "DOUBLE") ? "DOUBLE" : "JSON";
    }
    default:
      return type satisfies never;
  }
}

function logicalType(logical: Logical): string {
  switch (logical.kind) {
    case "decimal":
      return logical.precision <= DECIMAL_DIGITS_MAX ? `DECIMAL(${logical.precision},${logical.scale})` : "VARCHAR";
    case "date":
      return "DATE";
    case "uuid":
      return "UUID";
    case "duration":
      return "INTERVAL";
    case "time":
      return "TIME";
    case "local":
      return logical.unitsPerSecond > 1_000_000 ? "TIMESTAMP_NS" : "TIMESTAMP";
    case "instant":
      return logical.unitsPerSecond > 1_000_000 ? "TIMESTAMP_NS" : "TIMESTAMPTZ";
    default:
      return logical satisfies never;
  }
}
