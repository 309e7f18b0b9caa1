// The files of a version as a relation: the columns of the model, in its order and with its types, whatever the format made of them.
import type { Output } from "../../formats/write/output.ts";
import { ident, literal } from "../../sql/text.ts";

type Column = { readonly name: string; readonly type: string };

/** `select …` over the files below `folder`. */
export function filesRelation(folder: string, { format, partitionBy }: Output, columns: readonly Column[], files: number): string {
  const list = columns.map(({ name, type }) => `${valueOf(name, type, format === "csv" || partitionBy.includes(name))} as ${ident(name)}`);
  if (files === 0) {
    const none = columns.map(({ name, type }) => `null::${type} as ${ident(name)}`).join(", ");
    return `select ${none} where ${literal(`${folder.replaceAll("\\", "/")}/`)} is null`; // nothing to read; the folder is named all the same
  }
  const isPartitioned = partitionBy.length > 0;
  const path = literal(`${folder.replaceAll("\\", "/")}/${isPartitioned ? "**/" : ""}data*`);
  const hive = isPartitioned ? ["hive_partitioning = true", "hive_types_autocast = false"] : ["hive_partitioning = false"];
  const own = columns.filter(({ name }) => !partitionBy.includes(name));
  const struct = (type: (column: Column) => string): string =>
    `{${own.map((column) => `${literal(column.name)}: ${literal(type(column))}`).join(", ")}}`;
  switch (format) {
    case "parquet":
      return `select ${list.join(", ")} from read_parquet(${[path, ...hive].join(", ")})`;
    case "csv": {
      const dialect = [
        "auto_detect = false",
        "header = true",
        "delim = ','",
        `quote = '"'`,
        `escape = '"'`,
        "nullstr = ''",
        "allow_quoted_nulls = false",
      ];
      return `select ${list.join(", ")} from read_csv(${[path, `columns = ${struct(() => "VARCHAR")}`, ...dialect, ...hive].join(", ")})`;
    }
    case "ndjson":
      return `select ${list.join(", ")} from read_json(${[path, "format = 'newline_delimited'", `columns = ${struct(({ type }) => type)}`, ...hive].join(", ")})`;
    case "json":
    case "excel":
    case "avro":
      throw new Error(`${format} is not a format of external models`);
    default:
      return format satisfies never;
  }
}

/** Text becomes a value of the type; what has parts was written as JSON. */
function valueOf(name: string, type: string, isText: boolean): string {
  const hasParts = /^(STRUCT|MAP|UNION)\(|\]$/.test(type);
  return `${ident(name)}${isText && hasParts ? "::json" : ""}::${type}`;
}
