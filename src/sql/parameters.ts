// Values for the parameters of users' SQL: `$param.x` with the type that the job declares, moments as timestamps in UTC. The text is never changed.
import {
  BIGINT,
  BOOLEAN,
  DATE,
  DOUBLE,
  DuckDBDateValue,
  DuckDBTimestampValue,
  type DuckDBType,
  type DuckDBValue,
  STRUCT,
  structValue,
  TIMESTAMP,
  VARCHAR,
} from "@duckdb/node-api";
import type { ParamSpec } from "../model/definitions/job.ts";
import { MillraceError } from "../model/errors.ts";
import { parametersOf } from "./syntax/copy.ts";

const FIELD = "param.";
const DAY_MS = 86_400_000;
const MICROSECONDS_PER_MILLISECOND = 1_000n;

/** DuckDB's type of a declared parameter. */
export const PARAM_TYPES: Readonly<Record<ParamSpec["type"], string>> = {
  string: "VARCHAR",
  integer: "BIGINT",
  number: "DOUBLE",
  boolean: "BOOLEAN",
  date: "DATE",
  timestamp: "TIMESTAMP",
};

/** Checked texts as values of their types. */
export function typedValues(
  types: Readonly<Record<string, ParamSpec["type"]>>,
  given: Readonly<Record<string, string>>,
): Readonly<Record<string, DuckDBValue>> {
  return Object.fromEntries(Object.entries(given).map(([name, text]) => [name, typedValue(types[name] ?? "string", text)]));
}

function typedValue(type: ParamSpec["type"], text: string): DuckDBValue {
  switch (type) {
    case "string":
      return text;
    case "integer":
      return BigInt(text);
    case "number":
      return Number(text);
    case "boolean":
      return text === "true";
    case "date":
      return new DuckDBDateValue(Math.round(Date.parse(`${text}T00:00:00Z`) / DAY_MS));
    case "timestamp":
      return moment(new Date(/(Z|[+-]\d\d:?\d\d)$/i.test(text) ? text : `${text.replace(" ", "T")}Z`));
    default:
      return type satisfies never;
  }
}

/** Values with DuckDB's types for them, as its `bind` and `run` take them. */
export interface Bindings {
  readonly values: Record<string, DuckDBValue>;
  readonly types: Record<string, DuckDBType>;
}

/** What a query binds: `param` holds fields, `Date`s become timestamps. @throws MR6203 for one that has no value in this run. */
export function bindingsOf(query: string, values: Readonly<Record<string, unknown>>): Bindings {
  const used = parametersOf(query);
  return bindingsFor([...new Set(used.map((name) => (name.startsWith(FIELD) ? "param" : name)))], used, values);
}

/** The same for one statement of a query that has several. */
export function bindingsFor(names: readonly string[], used: readonly string[], values: Readonly<Record<string, unknown>>): Bindings {
  const bound: Record<string, DuckDBValue> = {};
  const types: Record<string, DuckDBType> = {};
  for (const name of names) {
    if (name !== "param") {
      bound[name] = valueOf(name, values[name]);
      types[name] = typeOf(bound[name]);
      continue;
    }
    const given = (values["param"] ?? {}) as Readonly<Record<string, unknown>>;
    const fields = used.filter((each) => each.startsWith(FIELD)).map((each) => each.slice(FIELD.length));
    const entries = Object.fromEntries(fields.map((field) => [field, valueOf(`${FIELD}${field}`, given[field])]));
    bound["param"] = structValue(entries);
    types["param"] = structType(entries);
  }
  return { values: bound, types };
}

export function structType(fields: Readonly<Record<string, DuckDBValue>>): DuckDBType {
  return STRUCT(Object.fromEntries(Object.entries(fields).map(([field, value]) => [field, typeOf(value)])));
}

/** A whole number of ours is a BIGINT; left alone it would be a HUGEINT. */
export function typeOf(value: DuckDBValue): DuckDBType {
  if (typeof value === "bigint") return BIGINT;
  if (typeof value === "number") return DOUBLE;
  if (typeof value === "boolean") return BOOLEAN;
  if (value instanceof DuckDBDateValue) return DATE;
  return value instanceof DuckDBTimestampValue ? TIMESTAMP : VARCHAR;
}

function valueOf(name: string, value: unknown): DuckDBValue {
  if (value === undefined) {
    const hint = name.startsWith(FIELD) ? { hint: `millrace run JOB --param ${name.slice(FIELD.length)}=…` } : {};
    throw new MillraceError({ code: "MR6203", message: `$${name} has no value in this run`, ...hint });
  }
  return value instanceof Date ? moment(value) : (value as DuckDBValue);
}

function moment(value: Date): DuckDBTimestampValue {
  return new DuckDBTimestampValue(BigInt(value.getTime()) * MICROSECONDS_PER_MILLISECOND);
}
