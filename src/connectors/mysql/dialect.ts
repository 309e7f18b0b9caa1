// SQL of MySQL and MariaDB for tables that Millrace makes. Times of a zone are kept as UTC; what has no type of its own is JSON or text.
import { type Dialect, doubledQuotes, sameKeys, type TargetColumn } from "../../databases/dialect.ts";

/** Longest text that may stand in a key (3072 bytes of utf8mb4). */
const KEY_CHARACTERS_MAX = 768;
const KEY_CHARACTERS = 255;

function quote(name: string): string {
  return `\`${name.replaceAll("`", "``")}\``;
}

function columnType({ kind, isKey, lengthMax }: TargetColumn): string {
  const text = isKey ? `varchar(${lengthMax > KEY_CHARACTERS ? Math.min(lengthMax, KEY_CHARACTERS_MAX) : KEY_CHARACTERS})` : "longtext";
  switch (kind.kind) {
    case "boolean":
      return "boolean";
    case "integer": {
      if (kind.bits === 128) return "decimal(39,0)";
      const name = { 8: "tinyint", 16: "smallint", 32: "int", 64: "bigint" }[kind.bits];
      return kind.unsigned ? `${name} unsigned` : name;
    }
    case "decimal":
      return kind.scale > 30 ? "longtext" : `decimal(${kind.digits},${kind.scale})`;
    case "float":
      return "float";
    case "double":
      return "double";
    case "blob":
      return isKey ? `varbinary(${KEY_CHARACTERS})` : "longblob";
    case "date":
      return "date";
    case "time":
      return "time(6)";
    case "timestamp":
    case "timestamptz":
      return "datetime(6)";
    case "uuid":
      return "char(36)";
    case "json":
      return "json";
    case "text":
    case "bit":
    case "interval":
      return text;
    default:
      return kind satisfies never;
  }
}

const same = (a: string, b: string): string => `${a} <=> ${b}`;

export const mysqlDialect: Dialect = {
  quote,
  columnType,
  quoted: (text, { kind }) => (kind === "blob" ? `'x''' || ${text} || ''''` : doubledQuotes(text)),
  tableSuffix: " engine = InnoDB default character set = utf8mb4 collate = utf8mb4_bin",
  insertRowsMax: 5_000,
  insertCharactersMax: 1 << 20,
  same,
  update: (table, stage, keys, columns) =>
    `update ${table} t join ${stage} s on ${sameKeys({ quote, same }, "t", "s", keys)} set ${columns.map((name) => `t.${quote(name)} = s.${quote(name)}`).join(", ")}`,
  remove: (table, stage, keys) => `delete t from ${table} t join ${stage} s on ${sameKeys({ quote, same }, "t", "s", keys)}`,
};
