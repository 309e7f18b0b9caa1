// What stands under `service:`: which keys to ask about, the request, and what an answer or its absence is worth.
import * as z from "zod";
import { duration } from "../../model/duration.ts";
import { httpBase } from "../../model/definitions/http.ts";

const {
  url,
  method,
  body,
  bodyAs,
  params,
  headers,
  readsOnly,
  rows,
  format,
  formatOptions,
  auth,
  rate,
  burst,
  responses,
  timeouts,
  attempts,
  maxPageSize,
} = httpBase.shape;
const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);

export const serviceOptions = z.strictObject({
  connection: z.string().optional().describe("a connection of the kind http, whose keys are the defaults of these"),
  keys: z.strictObject({
    from: z.string().min(1).describe("the asset whose values are asked about"),
    columns: z.array(z.string().min(1)).min(1).describe("together one key; asked once for each distinct one"),
    where: z.string().optional().describe("SQL: only these rows"),
  }),
  url,
  method,
  body: body.describe("'{rows}' is the list of keys of a batch; {row.address} a column of the key, where each is asked by itself"),
  bodyAs,
  params,
  headers,
  readsOnly,
  rows,
  format,
  formatOptions,
  auth,
  rate,
  burst,
  responses,
  timeouts,
  attempts,
  maxPageSize,
  batch: z.int().min(1).max(10_000).optional().describe("keys of one request; default 1"),
  match: z
    .record(z.string(), z.string())
    .optional()
    .describe("column of the key → path in an answer's row that repeats it; default: the order"),
  parallel: z.int().min(1).max(64).optional().describe("requests at once; default 1"),
  cache: duration.optional().describe("an answer is asked for again when it is older; default: never"),
  misses: duration.optional().describe("the same for keys that the service does not know; default: as cache"),
  fallback: z.record(z.string(), scalar).optional().describe("what a key gets while the service fails; it is asked again at the next run"),
});
export type ServiceOptions = z.infer<typeof serviceOptions>;
