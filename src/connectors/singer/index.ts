// The Singer connector: taps as sources, targets as destinations, over stdio.
import { join } from "node:path";
import { defineConnector, type Discovered, type ReadContext, type TableDelivery } from "../../load/connector.ts";
import { withTempFolder } from "../../platform/files.ts";
import { discoverCatalog, offered, streamsOf } from "./catalog.ts";
import { settingsOf, singerOptions, type SingerOptions } from "./options.ts";
import { tapDelivery } from "./tap.ts";
import { writeTarget } from "./target.ts";

const LISTED_MAX = 10;

export const singer = defineConnector<SingerOptions>({
  name: "singer",
  summary: "Runs Singer taps as sources and Singer targets as destinations; rows and state are committed together.",
  options: singerOptions,
  capabilities: { read: true, write: ["append", "merge", "replace"] },
  async *read(options, context): AsyncGenerator<TableDelivery> {
    yield tapDelivery(options, context);
  },
  write: writeTarget,
  async test(options, context) {
    const streams = await streamsOffered(options, context);
    return `${streams.length} stream${streams.length === 1 ? "" : "s"}: ${streams
      .slice(0, LISTED_MAX)
      .map(({ name }) => name)
      .join(", ")}`;
  },
  discover: streamsOffered,
});

async function streamsOffered(given: Partial<SingerOptions>, context: ReadContext): Promise<readonly Discovered[]> {
  const { options, settings } = settingsOf(given, context.connections);
  const { stream: _stream, ...rest } = given;
  if (typeof options.catalog === "object") return offered(streamsOf(options.catalog, settings.command[0]!), rest);
  return withTempFolder(join(context.tempDir, "singer"), async (folder) => offered(await discoverCatalog(settings, folder, context), rest));
}
