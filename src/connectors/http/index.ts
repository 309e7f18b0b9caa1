// The HTTP connector: JSON over HTTP(S), one delivery per page. The code for pipelines/ stands in client.ts.
import { defineConnector, type RowsDelivery } from "../../load/connector.ts";
import { sinceText } from "./client.ts";
import { httpOptions, settingsOf } from "./options.ts";
import { pagesOf } from "./pages.ts";
import { peekRows } from "./peek.ts";

export const http = defineConnector({
  name: "http",
  summary: "Reads JSON over HTTP(S), page by page, with retries, rate limits and complete answers only.",
  options: httpOptions,
  capabilities: { read: true, write: [] },
  async *read(options, context): AsyncGenerator<RowsDelivery> {
    const settings = settingsOf(options, context.connections, sinceText(context.since));
    for await (const { name, rows } of pagesOf(settings, context)) yield { kind: "rows", name, rows };
  },
  async peek(options, context) {
    const settings = settingsOf({ ...options, attempts: 1, maxPages: 1 }, context.connections, undefined);
    return peekRows(settings, context);
  },
});
