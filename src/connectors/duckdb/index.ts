// The DuckDB connector: tables in other files of DuckDB.
import { withConnection } from "../../databases/options.ts";
import { defineConnector, type ReadContext, type TableDelivery } from "../../load/connector.ts";
import { attached, pathOf } from "./file.ts";
import { duckdbOptions, type DuckdbOptions } from "./options.ts";
import { discoverFile, duckdbDelivery } from "./read.ts";
import { writeDuckdb } from "./write.ts";

export const duckdb = defineConnector<DuckdbOptions>({
  name: "duckdb",
  summary: "Reads and writes tables of DuckDB files.",
  options: duckdbOptions,
  capabilities: { read: true, write: ["replace", "append", "merge", "delete"] },
  // oxlint-disable-next-line typescript/require-await -- a connector's read is asynchronous
  async *read(given, context): AsyncGenerator<TableDelivery> {
    yield duckdbDelivery(withConnection(given, context.connections), context);
  },
  write: (options, context) => writeDuckdb(withConnection(options, context.connections), context),
  async test(given, context) {
    const found = await discover(given, context);
    return `the file can be read; it has ${found.length} ${found.length === 1 ? "table" : "tables"}`;
  },
  discover,
});

function discover(given: Partial<DuckdbOptions>, context: ReadContext): ReturnType<typeof discoverFile> {
  const path = pathOf(withConnection(given as DuckdbOptions, context.connections), context.projectDir);
  return attached(context.connection, { path, access: "read" }, (file) => discoverFile(context.connection, file));
}
