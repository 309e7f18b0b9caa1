// Types of Trino: what is selected so that nothing is lost on the way through JSON numbers, and the DuckDB type it becomes.
import type { WireColumn } from "../../databases/server.ts";

export interface Selected {
  readonly column: WireColumn;
  /** SQL of Trino. */
  readonly expression: string;
}

const MICROSECONDS = 6;
const NANOSECONDS = 9;

export function selectedOf(name: string, type: string, cell: string): Selected {
  const column = (wire: WireColumn["wire"], target: string, cast?: (text: string) => string): WireColumn => ({
    name,
    wire,
    type: target,
    serverType: type,
    ...(cast === undefined ? {} : { cast }),
  });
  const text = (target: string, expression = cell, cast?: (text: string) => string): Selected => ({
    column: column("text", target, cast),
    expression,
  });
  const asText = `cast(${cell} as varchar)`;
  const digits = Number(/\((\d+)\)/.exec(type)?.[1] ?? 3);
  const [base = ""] = type.split("(");
  switch (type.replaceAll(/\(\d+\)/g, "")) {
    case "boolean":
      return { column: column("boolean", "BOOLEAN"), expression: cell };
    case "tinyint":
    case "smallint":
    case "integer":
      return { column: column("bigint", type.toUpperCase()), expression: cell };
    case "bigint":
      return text("BIGINT", asText);
    case "real":
      return text("FLOAT", asText);
    case "double":
      return text("DOUBLE", asText);
    case "varbinary":
      return text("BLOB", `to_hex(${cell})`, (hex) => `unhex(${hex})`);
    case "date":
      return text("DATE", asText);
    case "time":
      return text(digits <= MICROSECONDS ? "TIME" : "VARCHAR", asText);
    case "timestamp":
      return text(digits <= MICROSECONDS ? "TIMESTAMP" : digits <= NANOSECONDS ? "TIMESTAMP_NS" : "VARCHAR", asText);
    case "timestamp with time zone": {
      const utc = `cast(at_timezone(${cell}, 'UTC') as varchar)`;
      if (digits > MICROSECONDS) return text("VARCHAR", utc);
      return text("TIMESTAMP WITH TIME ZONE", utc, (given) => `replace(${given}, ' UTC', '+00')::timestamptz`);
    }
    case "uuid":
      return text("UUID", asText);
    case "json":
      return text("JSON", `json_format(${cell})`);
    case "Geometry":
    case "SphericalGeography":
      return text("VARCHAR", `ST_AsText(${cell})`);
    default:
      if (base === "decimal") return text(type.toUpperCase(), asText);
      if (["array", "map", "row"].includes(base)) return text("JSON", `json_format(cast(${cell} as json))`);
      return text("VARCHAR", base === "varchar" || base === "char" ? cell : asText);
  }
}
