// The HTTP connector: what APIs give, page by page, and batches of rows that they take. The code for pipelines/ stands in client.ts.
import type { Format } from "../../formats/format.ts";
import { formatNames, formats } from "../../formats/index.ts";
import { defineConnector, type RowsDelivery } from "../../load/connector.ts";
import { httpOptions } from "../../model/definitions/http.ts";
import { peekRows } from "./peek.ts";
import { pagesOf } from "./read.ts";
import { listsOf, tryOut } from "./probe.ts";
import { mergeOptions } from "./settings.ts";
import { writeRows } from "./writing/write.ts";

/** Formats are known here, not in the model. */
const options = httpOptions.superRefine(({ format, formatOptions, rows }, context) => {
  if (format === undefined) return;
  const known = (formats as Readonly<Record<string, Format>>)[format];
  if (known === undefined) {
    context.addIssue({ code: "custom", path: ["format"], message: `is no format; there are ${formatNames.join(", ")}` });
    return;
  }
  const read = known.options.safeParse({ ...formatOptions, ...(rows === undefined || format.endsWith("json") ? {} : { rows }) });
  for (const { message, path } of read.error?.issues ?? []) context.addIssue({ code: "custom", path: ["formatOptions", ...path], message });
});

export const http = defineConnector({
  name: "http",
  summary: "Reads and writes HTTP APIs: pages, parents and exports, with retries, budgets and complete answers only.",
  options,
  capabilities: { read: true, write: ["append", "merge", "delete"], resume: true },
  async *read(given, context): AsyncGenerator<RowsDelivery> {
    const merged = mergeOptions(given, context.connections);
    const reading = { since: context.since, committed: context.position, resume: context.resume };
    for await (const { name, rows, position } of pagesOf(merged, context, reading)) yield { kind: "rows", name, rows, position };
  },
  async write(given, context) {
    return writeRows(given, context);
  },
  async test(given, context) {
    return tryOut(mergeOptions(given, context.connections), context);
  },
  async discover(given, context) {
    return listsOf(mergeOptions(given, context.connections), context);
  },
  async peek(given, context) {
    return peekRows(mergeOptions({ ...given, maxPages: 1 }, context.connections), context);
  },
});
