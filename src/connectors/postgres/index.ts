// PostgreSQL: tables and queries as sources, tables as destinations.
import { selectionOf } from "../../databases/options.ts";
import { defineConnector, type TableDelivery } from "../../load/connector.ts";
import { serverOf } from "./connect.ts";
import { discoverTables, testConnection } from "./discover.ts";
import { postgresOptions, type PostgresOptions } from "./options.ts";
import { postgresDelivery } from "./read.ts";
import { writePostgres } from "./write.ts";

export const postgres = defineConnector<PostgresOptions>({
  name: "postgres",
  summary: "Reads tables and queries of PostgreSQL, whole or by a cursor that misses no open transaction; writes tables there.",
  options: postgresOptions,
  capabilities: { read: true, write: ["replace", "append", "merge", "delete"] },
  async *read(options, context): AsyncGenerator<TableDelivery> {
    selectionOf("postgres", options);
    yield postgresDelivery(options, context);
  },
  write: writePostgres,
  test: (options, context) => testConnection(serverOf(options, context)),
  discover: (options, context) => discoverTables(serverOf(options, context), options),
});
