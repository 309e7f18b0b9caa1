// Columns of an export: as what each value is sent, and what type the column has in a table that Millrace makes.
//   O1. No value changes. A type that PostgreSQL lacks becomes the one that holds all its values, else text or JSON.
import type { DuckDBConnection } from "@duckdb/node-api";
import type { Wire } from "../../databases/postgres/encode.ts";
import { ident } from "../../sql/text.ts";

export interface OutgoingColumn {
  readonly name: string;
  /** SQL of DuckDB that makes the value to be sent. */
  readonly select: string;
  readonly wire: Wire;
  /** PostgreSQL's type of the bytes that are sent. */
  readonly wireType: string;
  /** PostgreSQL's type of the column. */
  readonly type: string;
}

interface Plan {
  readonly wire: Wire;
  readonly wireType: string;
  readonly type?: string;
  readonly cast?: string;
}

const TEXT: Plan = { wire: { kind: "text" }, wireType: "text", cast: "VARCHAR" };
const PLANS: Readonly<Record<string, Plan>> = {
  BOOLEAN: { wire: { kind: "bool" }, wireType: "boolean" },
  TINYINT: { wire: { kind: "int2" }, wireType: "smallint", cast: "SMALLINT" },
  UTINYINT: { wire: { kind: "int2" }, wireType: "smallint", cast: "SMALLINT" },
  SMALLINT: { wire: { kind: "int2" }, wireType: "smallint" },
  USMALLINT: { wire: { kind: "int4" }, wireType: "integer", cast: "INTEGER" },
  INTEGER: { wire: { kind: "int4" }, wireType: "integer" },
  UINTEGER: { wire: { kind: "int8" }, wireType: "bigint", cast: "BIGINT" },
  BIGINT: { wire: { kind: "int8" }, wireType: "bigint" },
  UBIGINT: { wire: { kind: "decimal", bytes: 16, scale: 0 }, wireType: "numeric(20,0)", cast: "DECIMAL(20,0)" },
  HUGEINT: { wire: { kind: "decimal", bytes: 16, scale: 0 }, wireType: "numeric" },
  UHUGEINT: { ...TEXT, type: "numeric" },
  BIGNUM: { ...TEXT, type: "numeric" },
  FLOAT: { wire: { kind: "float4" }, wireType: "real" },
  DOUBLE: { wire: { kind: "float8" }, wireType: "double precision" },
  VARCHAR: { wire: { kind: "text" }, wireType: "text" },
  BLOB: { wire: { kind: "text" }, wireType: "bytea" },
  BIT: { ...TEXT, type: "bit varying" },
  JSON: { wire: { kind: "text" }, wireType: "json" },
  DATE: { wire: { kind: "date" }, wireType: "date" },
  TIME: { wire: { kind: "time" }, wireType: "time without time zone" },
  "TIME WITH TIME ZONE": { wire: { kind: "timetz" }, wireType: "time with time zone" },
  TIMESTAMP: { wire: { kind: "timestamp" }, wireType: "timestamp without time zone" },
  TIMESTAMP_S: { wire: { kind: "timestamp" }, wireType: "timestamp without time zone", cast: "TIMESTAMP" },
  TIMESTAMP_MS: { wire: { kind: "timestamp" }, wireType: "timestamp without time zone", cast: "TIMESTAMP" },
  "TIMESTAMP WITH TIME ZONE": { wire: { kind: "timestamp" }, wireType: "timestamp with time zone" },
  INTERVAL: { wire: { kind: "interval" }, wireType: "interval" },
  UUID: { wire: { kind: "uuid" }, wireType: "uuid" },
};

/** The columns of a query of DuckDB. */
export async function outgoingColumns(
  connection: DuckDBConnection,
  query: string,
  types: Readonly<Record<string, string>>,
): Promise<readonly OutgoingColumn[]> {
  const described = await connection.runAndReadAll(`describe ${query}`);
  return described.getRowsJS().map((row) => {
    const [name, type] = row as [string, string];
    const { select, plan } = planOf(type, ident(name));
    return { name, select, wire: plan.wire, wireType: plan.wireType, type: types[name] ?? plan.type ?? plan.wireType };
  });
}

/** The same column as text, for the slower way. */
export function asText(column: OutgoingColumn): OutgoingColumn {
  const source = column.wireType === "bytea" ? `'\\x' || hex(${column.select})` : `cast(${column.select} as VARCHAR)`;
  return { ...column, select: source, wire: { kind: "text" }, wireType: "text" };
}

function planOf(type: string, source: string): { readonly select: string; readonly plan: Plan } {
  const known = PLANS[type] ?? decimalPlan(type);
  if (known !== undefined) return { select: known.cast === undefined ? source : `cast(${source} as ${known.cast})`, plan: known };
  const element = /^(.*)\[\d*\]$/s.exec(type)?.[1];
  if (element !== undefined) {
    const plan = PLANS[element] ?? decimalPlan(element);
    if (plan !== undefined && element !== "JSON") {
      return { select: arrayText(source, element), plan: { ...TEXT, type: `${plan.type ?? plan.wireType}[]` } };
    }
  }
  if (element !== undefined || /^(STRUCT|MAP|UNION|VARIANT)/.test(type)) {
    return { select: `cast(to_json(${source}) as VARCHAR)`, plan: { wire: { kind: "text" }, wireType: "json" } };
  }
  return { select: `cast(${source} as VARCHAR)`, plan: TEXT };
}

function decimalPlan(type: string): Plan | undefined {
  const [, width, scale] = /^DECIMAL\((\d+),(\d+)\)$/.exec(type) ?? [];
  if (width === undefined || scale === undefined) return undefined;
  const digits = Number(width);
  const bytes = digits <= 4 ? 2 : digits <= 9 ? 4 : digits <= 18 ? 8 : 16;
  return { wire: { kind: "decimal", bytes, scale: Number(scale) }, wireType: `numeric(${width},${scale})` };
}

/** A list as PostgreSQL writes an array: every element quoted. */
function arrayText(source: string, element: string): string {
  const text = element === "BLOB" ? String.raw`'\x' || hex(e)` : "cast(e as VARCHAR)";
  const quoted = String.raw`'"' || replace(replace(${text}, '\', '\\'), '"', '\"') || '"'`;
  return `'{' || array_to_string(list_transform(${source}, lambda e: case when e is null then 'NULL' else ${quoted} end), ',') || '}'`;
}
