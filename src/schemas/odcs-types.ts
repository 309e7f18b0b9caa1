// Types of ODCS: its few logical ones, and the physical ones of many databases as DuckDB's.

export function logicalType(type: string): string {
  if (/^U?(TINY|SMALL|BIG|HUGE)?INT$|^U?INTEGER$/.test(type)) return "integer";
  if (/^(DECIMAL|DOUBLE|FLOAT)/.test(type)) return "number";
  if (type === "BOOLEAN") return "boolean";
  if (type === "DATE") return "date";
  if (type === "TIME") return "time";
  if (type.startsWith("TIMESTAMP")) return "timestamp";
  return type === "JSON" ? "object" : "string";
}

const LOGICAL: Readonly<Record<string, string>> = {
  string: "VARCHAR",
  date: "DATE",
  timestamp: "TIMESTAMP",
  time: "TIME",
  number: "DOUBLE",
  integer: "BIGINT",
  boolean: "BOOLEAN",
  object: "JSON",
  array: "JSON",
};

/** Patterns of physical types in capitals, first match. */
const PHYSICAL: readonly (readonly [RegExp, string])[] = [
  [
    /^(U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|DOUBLE|FLOAT|BOOLEAN|DATE|TIME|TIMESTAMP(TZ|_S|_MS|_NS)?|UUID|JSON|BLOB|VARCHAR|TIMESTAMP WITH TIME ZONE|INTERVAL)$/,
    "$&",
  ],
  [/^(?:DECIMAL|NUMERIC|NUMBER)\s*\(\s*(\d+)\s*,\s*(\d+)\s*\)$/, "DECIMAL($1,$2)"],
  [/^(?:DECIMAL|NUMERIC|NUMBER)\s*\(\s*(\d+)\s*\)$/, "DECIMAL($1,0)"],
  [/^(N?VARCHAR2?|N?CHAR|CHARACTER|CHARACTER VARYING|TEXT|STRING|CLOB)\s*(\(.*\))?$/, "VARCHAR"],
  [/^(INT8|LONG|BIGSERIAL)$/, "BIGINT"],
  [/^(INT|INT4|SERIAL|MEDIUMINT)$/, "INTEGER"],
  [/^INT2$/, "SMALLINT"],
  [/^(FLOAT8|DOUBLE PRECISION|FLOAT64)$/, "DOUBLE"],
  [/^(REAL|FLOAT4)$/, "FLOAT"],
  [/^(BOOL|BIT)$/, "BOOLEAN"],
  [/^(TIMESTAMP_TZ|TIMESTAMP_LTZ|DATETIMEOFFSET)$/, "TIMESTAMPTZ"],
  [/^(DATETIME2?|TIMESTAMP_NTZ|TIMESTAMP WITHOUT TIME ZONE)$/, "TIMESTAMP"],
  [/^(BYTEA|BINARY|VARBINARY|BYTES)\s*(\(.*\))?$/, "BLOB"],
  [/^(JSONB|VARIANT|OBJECT)$/, "JSON"],
  [/^UNIQUEIDENTIFIER$/, "UUID"],
];

/** The physical type where it is known, else what the logical one says. */
export function typeOfLogical(logical: string | undefined, physical: string | undefined): string {
  const written = physical?.trim().toUpperCase() ?? "";
  for (const [pattern, type] of PHYSICAL) if (pattern.test(written)) return written.replace(pattern, type);
  return LOGICAL[logical ?? ""] ?? "VARCHAR";
}
