// The SQLite connector: files that other programs write.
import { resolve } from "node:path";
import { describeDatabase, discoverTables } from "../../databases/discover.ts";
import { withConnection } from "../../databases/options.ts";
import { databaseDelivery } from "../../databases/read.ts";
import { using } from "../../databases/using.ts";
import { defineConnector, type ReadContext, type TableDelivery } from "../../load/connector.ts";
import { MillraceError } from "../../model/errors.ts";
import { Sqlite } from "./database.ts";
import { writeSqlite } from "./write.ts";
import { sqliteOptions, type SqliteOptions } from "./options.ts";

export const sqlite = defineConnector<SqliteOptions>({
  name: "sqlite",
  summary: "Reads and writes tables of SQLite files, also while another process writes them.",
  options: sqliteOptions,
  capabilities: { read: true, write: ["replace", "append", "merge", "delete"] },
  async *read(given, context): AsyncGenerator<TableDelivery> {
    const options = withConnection(given, context.connections);
    yield databaseDelivery({ connector: "sqlite", options, context, connect: () => open(options, context) });
  },
  write(given, context) {
    const options = withConnection(given, context.connections);
    return writeSqlite(pathOf(options, context), options, context);
  },
  test: (options, context) =>
    using(open(withConnection(options as SqliteOptions, context.connections), context), (database) => describeDatabase(database, "SQLite")),
  discover: (options, context) => using(open(withConnection(options as SqliteOptions, context.connections), context), discoverTables),
});

function open(options: SqliteOptions, context: Pick<ReadContext, "projectDir">): Promise<Sqlite> {
  return Sqlite.open(pathOf(options, context), "read");
}

export function pathOf({ path }: SqliteOptions, { projectDir }: Pick<ReadContext, "projectDir">): string {
  if (path === undefined) throw new MillraceError({ code: "MR4850", message: "sqlite: path is missing" });
  return resolve(projectDir, path);
}
