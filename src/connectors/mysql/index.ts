// The MySQL connector: MySQL and MariaDB.
import { defineConnector, type TableDelivery } from "../../load/connector.ts";
import { describeDatabase, discoverTables } from "../../databases/discover.ts";
import { withConnection } from "../../databases/options.ts";
import { databaseDelivery } from "../../databases/read.ts";
import { using } from "../../databases/using.ts";
import { Mysql } from "./database.ts";
import { writeMysql } from "./write.ts";
import { mysqlOptions, type MysqlOptions } from "./options.ts";

export const mysql = defineConnector<MysqlOptions>({
  name: "mysql",
  summary: "Reads and writes tables of MySQL and MariaDB.",
  options: mysqlOptions,
  capabilities: { read: true, write: ["replace", "append", "merge", "delete"] },
  async *read(given, context): AsyncGenerator<TableDelivery> {
    const options = withConnection(given, context.connections);
    yield databaseDelivery({ connector: "mysql", options, context, connect: () => Mysql.connect(options) });
  },
  write: (options, context) => writeMysql(withConnection(options, context.connections), context),
  test: (options, context) =>
    using(Mysql.connect(withConnection(options as MysqlOptions, context.connections)), (database) => describeDatabase(database, "MySQL")),
  discover: (options, context) => using(Mysql.connect(withConnection(options as MysqlOptions, context.connections)), discoverTables),
});
