// SQL of SQL Server for tables that Millrace makes.
import { type Dialect, doubledQuotes, sameKeys, type TargetColumn } from "../../databases/dialect.ts";

/** Most characters of a text in a key (900 bytes). */
const KEY_CHARACTERS_MAX = 450;

const quote = (name: string): string => `[${name.replaceAll("]", "]]")}]`;
const same = (a: string, b: string): string => `exists (select ${a} intersect select ${b})`;

function columnType({ kind, isKey }: TargetColumn): string {
  const text = isKey ? `nvarchar(${KEY_CHARACTERS_MAX})` : "nvarchar(max)";
  switch (kind.kind) {
    case "boolean":
      return "bit";
    case "integer":
      if (kind.bits === 128) return isKey ? "varchar(40)" : "varchar(40)";
      if (kind.unsigned) return { 8: "tinyint", 16: "int", 32: "bigint", 64: "decimal(20,0)" }[kind.bits];
      return { 8: "smallint", 16: "smallint", 32: "int", 64: "bigint" }[kind.bits];
    case "decimal":
      return `decimal(${kind.digits},${kind.scale})`;
    case "float":
      return "real";
    case "double":
      return "float(53)";
    case "blob":
      return isKey ? "varbinary(900)" : "varbinary(max)";
    case "date":
      return "date";
    case "time":
      return "time(6)";
    case "timestamp":
      return "datetime2(6)";
    case "timestamptz":
      return "datetimeoffset(6)";
    case "uuid":
      return "uniqueidentifier";
    case "json":
    case "text":
    case "bit":
    case "interval":
      return text;
    default:
      return kind satisfies never;
  }
}

export const mssqlDialect: Dialect = {
  quote,
  columnType,
  isNumberText: (kind) => kind.kind === "integer" && kind.bits === 128,
  quoted(text, { kind }) {
    if (kind === "blob") return `'0x' || ${text}`;
    if (kind === "timestamptz") return `'''' || ${text} || ' +00:00'''`;
    return doubledQuotes(text, "N'");
  },
  insertRowsMax: 1_000, // the server's limit of VALUES
  insertCharactersMax: 1 << 20,
  same,
  update: (table, stage, keys, columns) =>
    `update t set ${columns.map((name) => `t.${quote(name)} = s.${quote(name)}`).join(", ")} from ${table} t join ${stage} s on ${sameKeys({ quote, same }, "t", "s", keys)}`,
  remove: (table, stage, keys) =>
    `delete t from ${table} t where exists (select 1 from ${stage} s where ${sameKeys({ quote, same }, "t", "s", keys)})`,
};
