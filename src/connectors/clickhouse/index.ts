// The ClickHouse connector.
import { describeDatabase, discoverTables } from "../../databases/discover.ts";
import { withConnection } from "../../databases/options.ts";
import { databaseDelivery } from "../../databases/read.ts";
import { using } from "../../databases/using.ts";
import { defineConnector, type TableDelivery } from "../../load/connector.ts";
import { Clickhouse } from "./database.ts";
import { clickhouseOptions, type ClickhouseOptions } from "./options.ts";
import { writeClickhouse } from "./write.ts";

export const clickhouse = defineConnector<ClickhouseOptions>({
  name: "clickhouse",
  summary: "Reads and writes tables of ClickHouse.",
  options: clickhouseOptions,
  capabilities: { read: true, write: ["replace", "append", "merge", "delete"] },
  async *read(given, context): AsyncGenerator<TableDelivery> {
    const options = withConnection(given, context.connections);
    yield databaseDelivery({ connector: "clickhouse", options, context, connect: () => Clickhouse.connect(options) });
  },
  write: (options, context) => writeClickhouse(withConnection(options, context.connections), context),
  test: (options, context) =>
    using(Clickhouse.connect(withConnection(options as ClickhouseOptions, context.connections)), (database) =>
      describeDatabase(database, "ClickHouse"),
    ),
  discover: (options, context) =>
    using(Clickhouse.connect(withConnection(options as ClickhouseOptions, context.connections)), discoverTables),
});
