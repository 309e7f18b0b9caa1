// The SQL Server connector.
import { describeDatabase, discoverTables } from "../../databases/discover.ts";
import { withConnection } from "../../databases/options.ts";
import { databaseDelivery } from "../../databases/read.ts";
import { using } from "../../databases/using.ts";
import { defineConnector, type TableDelivery } from "../../load/connector.ts";
import { Mssql } from "./database.ts";
import { mssqlOptions, type MssqlOptions } from "./options.ts";
import { writeMssql } from "./write.ts";

export const mssql = defineConnector<MssqlOptions>({
  name: "mssql",
  summary: "Reads and writes tables of SQL Server.",
  options: mssqlOptions,
  capabilities: { read: true, write: ["replace", "append", "merge", "delete"] },
  async *read(given, context): AsyncGenerator<TableDelivery> {
    const options = withConnection(given, context.connections);
    const connect = async (): Promise<Mssql> => {
      const database = await Mssql.connect(options);
      await database.beginReading();
      return database;
    };
    yield databaseDelivery({ connector: "mssql", options, context, connect });
  },
  write: (options, context) => writeMssql(withConnection(options, context.connections), context),
  test: (options, context) =>
    using(Mssql.connect(withConnection(options as MssqlOptions, context.connections)), (database) =>
      describeDatabase(database, "SQL Server"),
    ),
  discover: (options, context) => using(Mssql.connect(withConnection(options as MssqlOptions, context.connections)), discoverTables),
});
