// What stands under `http:` of a source, an export and a connection, and what `http.pages()` takes.
import * as z from "zod";
import { duration, size } from "../duration.ts";
import { httpAuth, httpRate } from "./http-auth.ts";
import { httpPagination, httpResponses } from "./http-pages.ts";

const scalar = z.union([z.string(), z.number(), z.boolean()]);

const sinceSpec = z.union([
  z.string().min(1),
  z.strictObject({
    param: z.string().min(1),
    in: z.enum(["query", "body", "header"]).optional(),
    format: z.enum(["iso", "date", "epoch", "epochMs"]).optional().describe("how a moment is written; default: as it is"),
    start: scalar.optional().describe("sent on the first load, when there is no cursor yet"),
  }),
]);

/** Keys of one request; a parent and the steps of an export have them, too. */
const requestKeys = {
  url: z.string().min(1).optional().describe("address; may be relative to the connection's. {parent.id} is a field of the parent"),
  method: z.enum(["GET", "POST"]).optional().describe("default: GET, or POST with a body"),
  body: z.unknown().optional().describe("body of the request: JSON, or a text"),
  bodyAs: z.enum(["json", "form"]).optional().describe("form: fields of a form (application/x-www-form-urlencoded)"),
  params: z.record(z.string(), scalar).optional(),
  headers: z.record(z.string(), z.string()).optional(),
};

const step = z.strictObject({
  ...requestKeys,
  url: z.string().min(1).describe("{created.id}, {polled.url}: values of earlier answers"),
  method: z.enum(["GET", "POST", "PUT", "PATCH", "DELETE"]).optional(),
});

const asyncExport = z.strictObject({
  create: step.describe("the request that orders the export; its answer is {created.…}"),
  poll: z
    .strictObject({
      ...step.shape,
      status: z.string().min(1).describe("path of the status in the answer"),
      done: z.array(scalar).min(1).describe("statuses at which the export is ready"),
      failed: z.array(scalar).optional().describe("statuses after which it will never be"),
      every: duration.optional().describe("pause between two looks; default: 1s, growing to 30s"),
      timeout: duration.optional().describe("default: 30m"),
    })
    .optional()
    .describe("asked until it is ready; its last answer is {polled.…}"),
  download: z
    .strictObject({
      ...step.shape,
      each: z.string().optional().describe("path of a list in the last answer: {file} is one of it, in turn"),
    })
    .describe("gives the rows; addresses on other hosts get no credentials"),
  cleanUp: step.optional().describe("asked at the end, however it went"),
});
export type HttpExport = z.infer<typeof asyncExport>;

const writeAct = z.strictObject({
  method: z.enum(["POST", "PUT", "PATCH", "DELETE"]).optional(),
  url: z.string().min(1).optional().describe("in place of the export's: /contacts/{row.id} is asked for each row by itself"),
  body: z.unknown().optional().describe("template: '{rows}' is the list of rows, '{row}' the only one; default: the list, or the row"),
});

const writeSpec = z.strictObject({
  append: writeAct.optional().describe("default: POST"),
  merge: writeAct.optional().describe("default: PUT"),
  delete: writeAct.optional().describe("default: DELETE; rows have only their key"),
  rows: z.int().min(1).max(100_000).optional().describe("rows of a batch; default 500"),
  bytes: size.optional().describe("largest body of a batch; default 1MB"),
  format: z.enum(["json", "ndjson", "csv"]).optional().describe("of the body; default json"),
  idempotencyHeader: z
    .union([z.string().min(1), z.literal(false)])
    .optional()
    .describe(
      "carries a key that is the same for every try of a batch; default: Idempotency-Key; false: none is sent, and a POST is not repeated",
    ),
  refused: z
    .strictObject({
      path: z.string().min(1).optional().describe("path of the list of refused rows in an answer"),
      index: z.string().optional().describe("path in an entry of the row's place in the batch, from 0; default: index"),
      message: z.string().optional().describe("path in an entry of the reason; default: message"),
      split: z
        .literal(true)
        .optional()
        .describe("a batch that is refused as a whole (400, 409, 413, 422) is halved until the rows are found"),
    })
    .optional()
    .describe("rows that an API refuses while it takes the others"),
  tolerate: z
    .union([z.int().min(0), z.string().regex(/^\d+(\.\d+)?%$/, { error: "is no share; write 0.5% or a number" })])
    .optional()
    .describe("refused rows at which the export still succeeds; default 0"),
  parallel: z.int().min(1).max(64).optional().describe("batches at once; default 1: in order"),
});
export type HttpWrite = z.infer<typeof writeSpec>;

const baseKeys = {
  connection: z.string().optional().describe("a connection of millrace.yaml whose keys are the defaults of these"),
  ...requestKeys,
  readsOnly: z.boolean().optional().describe("a POST that changes nothing and may be tried again; GraphQL queries are known to be so"),
  rows: z.string().optional().describe("path of the list in the body: data.items; default: the body, or its only list"),
  format: z
    .string()
    .min(1)
    .optional()
    .describe("of the body: json, ndjson, csv, xml …; default: JSON, or JSON lines when the server says so"),
  formatOptions: z.record(z.string(), z.unknown()).optional().describe("keys of that format, as under files: { delimiter: ';' }"),
  pagination: httpPagination.optional(),
  parallel: z.int().min(1).max(64).optional().describe("pages or parents asked for at once; they are loaded in order. Default 1"),
  fullPage: z
    .enum(["warn", "stop", "ignore"])
    .optional()
    .describe("when the only page looks full (100, 250, 1000 rows …) and nothing says where the next is; default warn"),
  auth: httpAuth.optional(),
  rate: httpRate.optional(),
  burst: z.int().min(1).max(1_000_000).optional().describe("requests at once after a quiet time"),
  since: sinceSpec.optional().describe("parameter that carries the last committed cursor: only newer rows are asked for"),
  responses: httpResponses.optional().describe("answers that mean something else than their status says; the first rule that fits counts"),
  timeouts: z
    .strictObject({ connect: duration.optional(), response: duration.optional(), body: duration.optional() })
    .optional()
    .describe("defaults: 10s to connect, 60s to the first byte of the answer, 120s for the body"),
  attempts: z.int().min(1).max(20).optional().describe("tries of one request; default 5; only what reads is repeated"),
  maxPages: z.int().min(1).optional().describe("default 10,000"),
  maxPageSize: size.optional().describe("of an unpacked page; default 64MB"),
  allowHosts: z.array(z.string()).optional().describe("other hosts that next links may lead to"),
};

const parentKeys = z.strictObject({
  values: z.array(scalar).min(1).optional().describe("a fixed list in place of a request: {parent.value}"),
  ...baseKeys,
  include: z
    .union([z.array(z.string().min(1)), z.record(z.string(), z.string())])
    .optional()
    .describe("fields of the parent in every row: [id] gives parent_id; or { column: field }"),
  cursor: z.string().optional().describe("path in a row of the child: `since` is the highest value of each parent by itself"),
});
export interface HttpParent extends z.infer<typeof parentKeys> {
  /** Its own parent. */
  parent?: HttpParent | undefined;
}
const parentSpec: z.ZodType<HttpParent, HttpParent> = parentKeys
  .extend({ parent: z.lazy((): z.ZodType<HttpParent, HttpParent> => parentSpec).optional() })
  .refine(({ values, url, body }) => values !== undefined || url !== undefined || body !== undefined, { error: "needs url, or values" });

/** All keys, none of them needed: what a connection may say. */
export const httpBase = z.strictObject({
  ...baseKeys,
  parent: parentSpec.optional(),
  export: asyncExport.optional(),
  write: writeSpec.optional(),
});
export type HttpOptions = z.infer<typeof httpBase>;

const PLACEHOLDER = /\{(parent|created|polled|file|row)(?:\.[^{}\s]+)?\}/g;

/** What can be found wrong without asking anybody. */
export const httpOptions = httpBase.superRefine((options, context) => {
  const issue = (path: readonly (string | number)[], message: string): void =>
    context.addIssue({ code: "custom", path: [...path], message });
  const address = options.url ?? options.export?.create.url;
  if (address === undefined && options.connection === undefined) issue([], "needs url, or a connection that has one");
  if (options.url !== undefined && !options.url.includes("${") && options.connection === undefined) {
    const written = options.url.replaceAll(PLACEHOLDER, "x");
    if (!/^https?:/i.test(written) || !URL.canParse(written)) issue(["url"], "is no URL; it starts with http:// or https://");
  }
  const own = { url: options.url, params: options.params, headers: options.headers, body: options.body };
  for (const [, word] of (JSON.stringify(own) ?? "").matchAll(PLACEHOLDER)) {
    if (word === "parent" && options.parent === undefined) issue(["url"], "names {parent.…}, but there is no parent");
    if ((word === "created" || word === "polled") && options.export === undefined)
      issue(["url"], `names {${word}.…}, but there is no export`);
  }
  const { pagination, body } = options;
  if (pagination?.relay !== undefined && (typeof body !== "object" || body === null) && options.connection === undefined)
    issue(["pagination", "relay"], "needs a body: { query, variables }");
  const inBody = [pagination?.cursor, pagination?.keyset, pagination?.page, pagination?.offset].some((kind) => kind?.in === "body");
  if (inBody && (typeof body !== "object" || body === null) && options.connection === undefined)
    issue(["pagination"], "puts its value into the body, but there is no body");
  if (options.parent?.cursor !== undefined && options.since === undefined) issue(["parent", "cursor"], "is of no use without `since`");
  if (options.export !== undefined && (pagination !== undefined || options.parent !== undefined))
    issue(["export"], "has neither pagination nor parent: its download is all there is");
  if (options.write !== undefined && (pagination !== undefined || options.parent !== undefined))
    issue(["write"], "stands beside pagination or parent; those are for reading");
  if (options.burst !== undefined && options.rate === undefined) issue(["burst"], "needs a rate");
});

/** Options of `http.pages` and `http.get`: the keys of an `http:` source, without its address. */
export interface HttpRequestOptions extends Omit<z.input<typeof httpBase>, "url" | "since" | "write"> {
  /** Sent as `sinceParam` when it is not undefined. */
  readonly since?: unknown;
  /** Default `since`. */
  readonly sinceParam?: string;
}
