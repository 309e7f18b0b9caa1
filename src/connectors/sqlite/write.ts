// A file of SQLite as a destination: everything, DDL too, is in one transaction.
import type { WriteContext, WriteResult } from "../../load/connector.ts";
import { type Dialect, doubledQuotes, type Kind, sameKeys, type TargetColumn } from "../../databases/dialect.ts";
import { type Destination, writeTable } from "../../databases/write.ts";
import { using } from "../../databases/using.ts";
import { Sqlite } from "./database.ts";
import type { SqliteOptions } from "./options.ts";

/** Digits that a REAL keeps. */
const REAL_DIGITS = 15;

const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const same = (a: string, b: string): string => `${a} is ${b}`;

function isNumberText(kind: Kind): boolean {
  return (
    (kind.kind === "integer" && (kind.bits === 128 || (kind.bits === 64 && kind.unsigned))) ||
    (kind.kind === "decimal" && kind.digits > REAL_DIGITS)
  );
}

/** Declared types that read back as what they were; their affinity never turns a value into another. */
function columnType({ kind }: TargetColumn): string {
  switch (kind.kind) {
    case "integer":
      return isNumberText(kind) ? "text" : "integer";
    case "decimal":
      return isNumberText(kind) ? "text" : `decimal(${kind.digits},${kind.scale})`;
    case "float":
    case "double":
      return "real";
    case "json":
      return "json_text";
    case "timestamp":
    case "timestamptz":
      return "datetime";
    case "boolean":
    case "date":
    case "time":
    case "blob":
      return kind.kind;
    case "text":
    case "uuid":
    case "bit":
    case "interval":
      return "text";
    default:
      return kind satisfies never;
  }
}

const dialect: Dialect = {
  quote,
  columnType,
  isNumberText,
  quoted: (text, { kind }) => (kind === "blob" ? `'x''' || ${text} || ''''` : doubledQuotes(text)),
  insertRowsMax: 500,
  insertCharactersMax: 500_000,
  same,
  update: (table, stage, keys, columns) =>
    `update ${table} as t set ${columns.map((name) => `${quote(name)} = s.${quote(name)}`).join(", ")} from ${stage} s where ${sameKeys({ quote, same }, "t", "s", keys)}`,
  remove: (table, stage, keys) =>
    `delete from ${table} as t where exists (select 1 from ${stage} s where ${sameKeys({ quote, same }, "s", "t", keys)})`,
};

export function writeSqlite(path: string, options: SqliteOptions, context: WriteContext): Promise<WriteResult> {
  return using(Sqlite.open(path, "write"), async (database) => {
    database.run("begin immediate");
    try {
      const result = await writeTable(
        destinationOf(database),
        { ...options, table: options.table?.replace(/^main\./i, "") },
        context,
        "sqlite",
      );
      database.run("commit");
      return result;
    } catch (error) {
      database.run("rollback");
      throw error;
    }
  });
}

/** The transaction around all of it is the caller's. */
function destinationOf(database: Sqlite): Destination {
  const nothing = (): Promise<void> => Promise.resolve();
  const execute = (sql: string): Promise<void> => {
    database.run(sql);
    return Promise.resolve();
  };
  return {
    dialect,
    execute,
    scalar(sql) {
      const [value] = Object.values(database.all(sql)[0] ?? {});
      return Promise.resolve(value === null || value === undefined ? null : String(value as string | number));
    },
    columnsOf(path) {
      const found = database.all("select name from pragma_table_xinfo(?) where hidden <> 1", [path.at(-1)!]);
      return Promise.resolve(found.length === 0 ? undefined : found.map(({ name }) => String(name)));
    },
    begin: nothing,
    commit: nothing,
    rollback: nothing,
    async swap({ stage, table, exists, note }) {
      if (exists) await execute(`drop table ${table}`);
      await execute(`alter table ${stage} rename to ${table}`);
      await execute(note);
    },
    createLedger: (table) =>
      execute(`create table if not exists ${table} (token text not null primary key, rows integer not null, at text not null)`),
    close: nothing,
  };
}
