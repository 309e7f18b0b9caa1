// Trino as a destination: replace and append. Most of its catalogues have no transactions over several statements: an append is one INSERT … SELECT,
// a replace two statements (drop, rename), and the token is noted behind them; a second try after an unknown outcome asks the note first.
import type { WriteContext, WriteResult } from "../../load/connector.ts";
import { type Dialect, doubledQuotes, type Kind, type TargetColumn } from "../../databases/dialect.ts";
import { using } from "../../databases/using.ts";
import { type Destination, writeTable } from "../../databases/write.ts";
import { quotedText, Trino } from "./database.ts";
import type { TrinoOptions } from "./options.ts";

const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const unused = (): never => {
  throw new Error("Trino's catalogues are not updated by key");
};

function columnType({ kind }: Pick<TargetColumn, "kind">): string {
  switch (kind.kind) {
    case "integer":
      if (kind.bits === 128) return "varchar";
      if (kind.unsigned) return kind.bits === 64 ? "decimal(20,0)" : "bigint";
      return { 8: "tinyint", 16: "smallint", 32: "integer", 64: "bigint" }[kind.bits];
    case "decimal":
      return `decimal(${kind.digits},${kind.scale})`;
    case "float":
      return "real";
    case "blob":
      return "varbinary";
    case "time":
      return "time(6)";
    case "timestamp":
      return "timestamp(6)";
    case "timestamptz":
      return "timestamp(6) with time zone";
    case "boolean":
    case "double":
    case "date":
    case "uuid":
      return kind.kind;
    case "json":
    case "text":
    case "bit":
    case "interval":
      return "varchar";
    default:
      return kind satisfies never;
  }
}

/** Every value says its type: Trino turns none into another. */
function quoted(text: string, kind: Kind): string {
  if (kind.kind === "blob") return `'X''' || ${text} || ''''`;
  const type = columnType({ kind });
  if (type === "double" || type === "real") {
    const words = `replace(replace(${text}, 'inf', 'Infinity'), 'nan', 'NaN')`;
    return `'cast(''' || ${words} || ''' as ${type})'`;
  }
  if (type === "varchar") return doubledQuotes(text);
  const zone = kind.kind === "timestamptz" ? " UTC" : "";
  return `'cast(''' || ${text} || '${zone}'' as ${type})'`;
}

export const trinoDialect: Dialect = {
  quote,
  columnType,
  isNumberText: ({ kind }) => kind === "decimal" || kind === "integer",
  hasBooleanWords: true,
  quoted,
  insertRowsMax: 1_000,
  insertCharactersMax: 400_000,
  same: (a, b) => `${a} is not distinct from ${b}`,
  update: unused,
  remove: unused,
};

export function writeTrino(options: TrinoOptions, context: WriteContext): Promise<WriteResult> {
  const bare = { ...options, primaryKey: undefined, indexes: undefined }; // its catalogues have neither
  return using(Trino.connect(options), (database) => writeTable(destinationOf(database, options), bare, context, "trino"));
}

function destinationOf(database: Trino, options: TrinoOptions): Destination {
  const nothing = (): Promise<void> => Promise.resolve();
  const execute = (sql: string): Promise<void> => database.run(sql);
  return {
    dialect: trinoDialect,
    execute,
    async scalar(sql) {
      const [row] = await database.values(sql);
      return row?.[0] === null || row?.[0] === undefined ? null : String(row[0]);
    },
    async columnsOf(path) {
      const catalog = path.length > 2 ? path[0]! : (options.catalog ?? "");
      const schema = path.length > 1 ? path.at(-2)! : (options.schema ?? "");
      const rows = await database.values(
        `select column_name from ${quote(catalog)}.information_schema.columns where table_schema = ${quotedText(schema.toLowerCase())}
         and table_name = ${quotedText(path.at(-1)!.toLowerCase())}`,
      );
      return rows.length === 0 ? undefined : rows.map(([name]) => String(name));
    },
    begin: nothing,
    commit: nothing,
    rollback: nothing,
    async swap({ stage, table, exists, note }) {
      if (exists) await execute(`drop table ${table}`);
      await execute(`alter table ${stage} rename to ${table}`);
      await execute(note);
    },
    createLedger: (table) => execute(`create table if not exists ${table} (token varchar, "rows" bigint, at timestamp(6) with time zone)`),
    close: nothing,
  };
}
