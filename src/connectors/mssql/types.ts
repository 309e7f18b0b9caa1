// Types of SQL Server: what is selected so that nothing is lost in the driver (decimals as JavaScript numbers, dates as Date), and the DuckDB type.
import type { WireColumn } from "../../databases/server.ts";

export interface Selected {
  readonly column: WireColumn;
  /** SQL of SQL Server. */
  readonly expression: string;
}

/** The seventh digit of a second is beyond DuckDB's microseconds: such a value keeps its column text. */
const beyondMicroseconds = (cell: string): string => `regexp_matches(${cell}, '\\.\\d{6}[1-9]')`;

/** @param type as `sys.dm_exec_describe_first_result_set` writes it: `decimal(18,2)`, `nvarchar(max)`. */
export function selectedOf(name: string, type: string, cell: string): Selected {
  const column = (wire: WireColumn["wire"], target: string, cast?: (text: string) => string): WireColumn => ({
    name,
    wire,
    type: target,
    serverType: type,
    ...(cast === undefined ? {} : { cast }),
  });
  const text = (target: string, expression: string, cast?: (given: string) => string): Selected => ({
    column: column("text", target, cast),
    expression,
  });
  const styled = (length: number, style: number): string => `convert(varchar(${length}), ${cell}, ${style})`;
  const [base = ""] = type.toLowerCase().split("(");
  switch (base) {
    case "bit":
      return { column: column("boolean", "BOOLEAN"), expression: cell };
    case "tinyint":
      return { column: column("bigint", "UTINYINT"), expression: cell };
    case "smallint":
      return { column: column("bigint", "SMALLINT"), expression: cell };
    case "int":
      return { column: column("bigint", "INTEGER"), expression: cell };
    case "bigint":
      return text("BIGINT", `convert(varchar(20), ${cell})`);
    case "decimal":
    case "numeric":
      return text(type.toUpperCase().replace("NUMERIC", "DECIMAL"), `convert(varchar(41), ${cell})`);
    case "money":
      return text("DECIMAL(19,4)", styled(30, 2));
    case "smallmoney":
      return text("DECIMAL(10,4)", styled(30, 2));
    case "float":
      return text("DOUBLE", styled(30, 3));
    case "real":
      return text("FLOAT", styled(30, 3));
    case "date":
      return text("DATE", styled(10, 23));
    case "time":
      return text("TIME", styled(16, 121), (given) => `case when ${beyondMicroseconds(given)} then null else ${given}::time end`);
    case "datetime":
    case "smalldatetime":
    case "datetime2":
      return text("TIMESTAMP", styled(27, 121), (given) => `case when ${beyondMicroseconds(given)} then null else ${given}::timestamp end`);
    case "datetimeoffset":
      return text(
        "TIMESTAMP WITH TIME ZONE",
        styled(34, 121),
        (given) => `case when ${beyondMicroseconds(given)} then null else regexp_replace(${given}, ' ([+-])', '\\1')::timestamptz end`,
      );
    case "uniqueidentifier":
      return text("UUID", `convert(varchar(36), ${cell})`);
    case "binary":
    case "varbinary":
    case "image":
      return { column: column("blob", "BLOB"), expression: cell };
    case "timestamp":
    case "rowversion":
      return { column: column("blob", "BLOB"), expression: `convert(binary(8), ${cell})` };
    case "geometry":
    case "geography":
      return { column: column("blob", "BLOB"), expression: `${cell}.AsBinaryZM()` };
    case "hierarchyid":
      return text("VARCHAR", `${cell}.ToString()`);
    case "json":
      return text("JSON", `convert(nvarchar(max), ${cell})`);
    default: // texts, xml, sql_variant
      return text("VARCHAR", `convert(nvarchar(max), ${cell})`);
  }
}
