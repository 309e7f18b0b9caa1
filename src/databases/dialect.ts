// How one kind of database writes things: names, types of columns, values, statements by key. Plain text; nothing is run here.
// Values become literals inside DuckDB, all at once, so that no row passes through JavaScript cell by cell.
import { literal } from "../sql/text.ts";

/** What a DuckDB type is to a destination. */
export type Kind =
  | {
      readonly kind:
        | "boolean"
        | "float"
        | "double"
        | "text"
        | "blob"
        | "date"
        | "time"
        | "timestamp"
        | "timestamptz"
        | "uuid"
        | "json"
        | "bit"
        | "interval";
    }
  | { readonly kind: "integer"; readonly bits: 8 | 16 | 32 | 64 | 128; readonly unsigned: boolean }
  | { readonly kind: "decimal"; readonly digits: number; readonly scale: number };

const INTEGERS: Readonly<Record<string, 8 | 16 | 32 | 64 | 128>> = { TINYINT: 8, SMALLINT: 16, INTEGER: 32, BIGINT: 64, HUGEINT: 128 };
const PLAIN: Readonly<Record<string, Exclude<Kind["kind"], "integer" | "decimal">>> = {
  BOOLEAN: "boolean",
  FLOAT: "float",
  DOUBLE: "double",
  BLOB: "blob",
  DATE: "date",
  TIME: "time",
  UUID: "uuid",
  JSON: "json",
  BIT: "bit",
  INTERVAL: "interval",
};

/** @param type as DuckDB writes it: `DECIMAL(18,2)`, `INTEGER[]`. */
export function kindOf(type: string): Kind {
  if (/[\])]$/.test(type) && !/^(DECIMAL|ENUM)\(/.test(type)) return { kind: "json" }; // lists, structs, maps, unions
  const decimal = /^DECIMAL\((\d+),\s*(\d+)\)$/.exec(type);
  if (decimal !== null) return { kind: "decimal", digits: Number(decimal[1]), scale: Number(decimal[2]) };
  const unsigned = type.startsWith("U") && INTEGERS[type.slice(1)] !== undefined;
  const bits = INTEGERS[unsigned ? type.slice(1) : type];
  if (bits !== undefined) return { kind: "integer", bits, unsigned };
  if (type === "TIMESTAMP WITH TIME ZONE") return { kind: "timestamptz" };
  if (type.startsWith("TIMESTAMP")) return { kind: "timestamp" };
  const plain = PLAIN[type];
  return plain === undefined ? { kind: "text" } : { kind: plain };
}

/** SQL of DuckDB: the value as plain text, exact, times of a zone in UTC. */
export function textOf(cell: string, { kind }: Kind): string {
  switch (kind) {
    case "json":
      return `to_json(${cell})::varchar`;
    case "blob":
      return `hex(${cell})`;
    case "boolean":
      return `${cell}::tinyint::varchar`;
    case "timestamptz":
      return `(${cell} at time zone 'UTC')::varchar`;
    case "integer":
    case "decimal":
    case "float":
    case "double":
    case "text":
    case "date":
    case "time":
    case "timestamp":
    case "uuid":
    case "bit":
    case "interval":
      return `${cell}::varchar`;
    default:
      return kind satisfies never;
  }
}

/** A column of an export's table. */
export interface TargetColumn {
  readonly name: string;
  readonly kind: Kind;
  /** It is part of a key or an index, which some servers hold short texts in only. */
  readonly isKey: boolean;
  /** Most characters of a text in a key; 0 where nobody asked. */
  readonly lengthMax: number;
  /** The user's own words for its type. */
  readonly declared: string | undefined;
}

export interface Dialect {
  quote(name: string): string;
  columnType(column: TargetColumn): string;
  /** SQL of DuckDB: the text as a literal of this server; never null. */
  quoted(text: string, kind: Kind): string;
  /** Numbers that the server would bend stand in quotes, and so in a column of text. */
  readonly isNumberText?: (kind: Kind) => boolean;
  /** Truth is `true` and `false` here, and no number. */
  readonly hasBooleanWords?: true;
  /** Behind the columns of CREATE TABLE. */
  readonly tableSuffix?: string;
  /** Rows and characters of one INSERT. */
  readonly insertRowsMax: number;
  readonly insertCharactersMax: number;
  /** Two values are the same, also when both are null. */
  same(a: string, b: string): string;
  /** Sets the columns of rows whose key is in `stage`. */
  update(table: string, stage: string, keys: readonly string[], columns: readonly string[]): string;
  /** Removes rows whose key is in `stage`. */
  remove(table: string, stage: string, keys: readonly string[]): string;
}

/** SQL of DuckDB that makes one row of VALUES of each row of `query`. */
export function tupleQuery(query: string, columns: readonly TargetColumn[], dialect: Dialect): string {
  const cells = columns.map(({ kind }, index) => `coalesce(${literalSql(`c${index}`, kind, dialect)}, 'NULL')`);
  const names = columns.map((_, index) => `c${index}`).join(", ");
  return `select '(' || ${cells.join(" || ',' || ")} || ')' from (${query}) q(${names})`;
}

function literalSql(cell: string, kind: Kind, dialect: Dialect): string {
  const text = textOf(cell, kind);
  switch (kind.kind) {
    case "boolean":
      return dialect.hasBooleanWords === true ? `${cell}::varchar` : text;
    case "integer":
    case "decimal":
      return dialect.isNumberText?.(kind) === true ? dialect.quoted(text, kind) : text;
    case "float":
    case "double": // nan and infinities are quoted, for the server to take or refuse
      return `case when isfinite(${cell}) then ${text} else ${dialect.quoted(text, kind)} end`;
    case "blob":
    case "text":
    case "date":
    case "time":
    case "timestamp":
    case "timestamptz":
    case "uuid":
    case "json":
    case "bit":
    case "interval":
      return dialect.quoted(text, kind);
    default:
      return kind satisfies never;
  }
}

/** SQL of DuckDB: `text` in quotes, those within it doubled. */
export function doubledQuotes(text: string, before = "'"): string {
  return `${literal(before)} || replace(${text}, '''', '''''') || ''''`;
}

/** `a.k = b.k and …`, in which nulls are equal. */
export function sameKeys(dialect: Pick<Dialect, "quote" | "same">, a: string, b: string, keys: readonly string[]): string {
  return keys.map((key) => dialect.same(`${a}.${dialect.quote(key)}`, `${b}.${dialect.quote(key)}`)).join(" and ");
}

export interface TableDesign {
  readonly table: string;
  readonly columns: readonly TargetColumn[];
  readonly primaryKey: readonly string[];
}

/** CREATE TABLE; `table` is quoted. */
export function createTable({ table, columns, primaryKey }: TableDesign, dialect: Dialect): string {
  const lines = columns.map((column) => {
    const required = primaryKey.includes(column.name) ? " not null" : "";
    return `${dialect.quote(column.name)} ${column.declared ?? dialect.columnType(column)}${required}`;
  });
  if (primaryKey.length > 0) lines.push(`primary key (${primaryKey.map((name) => dialect.quote(name)).join(", ")})`);
  return `create table ${table} (${lines.join(", ")})${dialect.tableSuffix ?? ""}`;
}
