// The Trino connector.
import { describeDatabase, discoverTables } from "../../databases/discover.ts";
import { withConnection } from "../../databases/options.ts";
import { databaseDelivery } from "../../databases/read.ts";
import { using } from "../../databases/using.ts";
import { defineConnector, type TableDelivery } from "../../load/connector.ts";
import { Trino } from "./database.ts";
import { trinoOptions, type TrinoOptions } from "./options.ts";
import { writeTrino } from "./write.ts";

export const trino = defineConnector<TrinoOptions>({
  name: "trino",
  summary: "Reads tables of every catalogue of Trino; replaces and appends to them.",
  options: trinoOptions,
  capabilities: { read: true, write: ["replace", "append"] },
  async *read(given, context): AsyncGenerator<TableDelivery> {
    const options = withConnection(given, context.connections);
    yield databaseDelivery({ connector: "trino", options, context, connect: () => Trino.connect(options) });
  },
  write: (options, context) => writeTrino(withConnection(options, context.connections), context),
  test: (options, context) =>
    using(Trino.connect(withConnection(options as TrinoOptions, context.connections)), (database) => describeDatabase(database, "Trino")),
  discover: (options, context) => using(Trino.connect(withConnection(options as TrinoOptions, context.connections)), discoverTables),
});
