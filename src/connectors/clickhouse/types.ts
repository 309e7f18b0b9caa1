// Types of ClickHouse: what is selected so that nothing is lost on the way through JSON, and the DuckDB type it becomes.
import type { WireColumn } from "../../databases/server.ts";

export interface Selected {
  readonly column: WireColumn;
  /** SQL of ClickHouse. */
  readonly expression: string;
}

const WHOLE: Readonly<Record<string, string>> = {
  Int8: "TINYINT",
  Int16: "SMALLINT",
  Int32: "INTEGER",
  UInt8: "UTINYINT",
  UInt16: "USMALLINT",
  UInt32: "UINTEGER",
};
const AS_TEXT: Readonly<Record<string, string>> = {
  Int64: "BIGINT",
  UInt64: "UBIGINT",
  Int128: "HUGEINT",
  UInt128: "UHUGEINT",
  Int256: "VARCHAR",
  UInt256: "VARCHAR",
  Float32: "FLOAT",
  Float64: "DOUBLE",
  BFloat16: "FLOAT",
  Date: "DATE",
  Date32: "DATE",
  UUID: "UUID",
  IPv4: "VARCHAR",
  IPv6: "VARCHAR",
};
const DIGITS_MAX = 38;
const MICROSECONDS = 6;

export function selectedOf(name: string, type: string, quoted: string): Selected {
  const plain = withoutWrappers(type);
  const column = (wire: WireColumn["wire"], target: string, cast?: (cell: string) => string): WireColumn => ({
    name,
    wire,
    type: target,
    serverType: type,
    ...(cast === undefined ? {} : { cast }),
  });
  const [base = ""] = plain.split("(");
  if (plain === "Bool") return { column: column("boolean", "BOOLEAN"), expression: quoted };
  if (WHOLE[plain] !== undefined) return { column: column("bigint", WHOLE[plain]), expression: quoted };
  if (AS_TEXT[plain] !== undefined) return { column: column("text", AS_TEXT[plain]), expression: `toString(${quoted})` };
  switch (base) {
    case "Decimal": {
      const [digits = 0, scale = 0] = (/\((\d+),\s*(\d+)\)/.exec(plain) ?? []).slice(1).map(Number);
      return { column: column("text", digits > DIGITS_MAX ? "VARCHAR" : `DECIMAL(${digits},${scale})`), expression: `toString(${quoted})` };
    }
    case "DateTime":
    case "DateTime64": {
      const digits = Number(/^DateTime64\((\d+)/.exec(plain)?.[1] ?? 0);
      const expression = `toString(toTimeZone(${quoted}, 'UTC'))`;
      if (digits > MICROSECONDS) return { column: column("text", "TIMESTAMP_NS"), expression };
      return { column: column("text", "TIMESTAMP WITH TIME ZONE", (cell) => `(${cell} || '+00')::timestamptz`), expression };
    }
    case "String": // bytes that are no text stand as \x…, so that they are not lost
      return { column: column("text", "VARCHAR"), expression: `if(isValidUTF8(${quoted}), ${quoted}, concat('\\\\x', hex(${quoted})))` };
    case "FixedString": {
      const bare = `toStringCutToZero(${quoted})`;
      return { column: column("text", "VARCHAR"), expression: `if(isValidUTF8(${quoted}), ${bare}, concat('\\\\x', hex(${quoted})))` };
    }
    case "Array":
    case "Map":
    case "Tuple":
    case "Nested":
    case "JSON":
    case "Variant":
    case "Dynamic":
    case "Point":
    case "Ring":
    case "Polygon":
    case "MultiPolygon":
    case "LineString":
    case "MultiLineString":
      return { column: column("text", "JSON"), expression: `toJSONString(${quoted})` };
    default: // enums, intervals, times
      return { column: column("text", "VARCHAR"), expression: `toString(${quoted})` };
  }
}

/** `LowCardinality(Nullable(String))` is a String that may be missing. */
function withoutWrappers(type: string): string {
  const inner = /^(?:LowCardinality|Nullable|SimpleAggregateFunction\(\w+,)\s*\(?(.*)\)$/s.exec(type)?.[1];
  return inner === undefined ? type : withoutWrappers(inner.trim());
}
