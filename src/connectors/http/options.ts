// What users write behind `http:` and what becomes of it: one settings object with names, limits and secrets sorted out.
import * as z from "zod";
import { duration, parseDurationMs, parseSizeBytes, size } from "../../model/duration.ts";
import { MillraceError } from "../../model/errors.ts";
import type { HttpAuth, HttpPagination } from "../../model/define.ts";

const PAGES_MAX = 10_000;
const PAGE_BYTES_MAX = 64_000_000;
const CONNECT_MS = 10_000;
const RESPONSE_MS = 60_000;
const BODY_MS = 120_000;
const RATE = /^(\d+(?:\.\d+)?)\/(s|m|h)$/;

const auth = z.union([
  z.strictObject({ bearer: z.string().min(1) }),
  z.strictObject({ basic: z.strictObject({ user: z.string(), password: z.string() }) }),
  z.strictObject({ header: z.strictObject({ name: z.string().min(1), value: z.string() }) }),
]);

const pagination = z.union([
  z.strictObject({ next: z.string().min(1).describe("path in the body of the address of the next page") }),
  z.strictObject({ link: z.literal(true).describe("the Link header names the next page") }),
  z.strictObject({ cursor: z.strictObject({ param: z.string().min(1), from: z.string().min(1).describe("path in the body") }) }),
  z.strictObject({
    page: z.strictObject({
      param: z.string().min(1),
      size: z.int().min(1).optional().describe("rows of a full page"),
      sizeParam: z.string().optional().describe("parameter that asks for the size; default: size"),
      start: z.int().min(0).optional().describe("number of the first page; default 1"),
    }),
  }),
  z.strictObject({
    offset: z.strictObject({
      param: z.string().min(1),
      limit: z.int().min(1).describe("rows of a full page"),
      limitParam: z.string().optional().describe("parameter that asks for the limit; default: limit"),
    }),
  }),
]);

const scalar = z.union([z.string(), z.number(), z.boolean()]);

export const httpOptions = z.strictObject({
  connection: z.string().optional().describe("a connection of millrace.yaml whose keys are the defaults of these"),
  url: z.string().optional().describe("address of the first page; may be relative to the connection's"),
  method: z.enum(["GET", "POST"]).optional().describe("POST is never tried again by the connector"),
  body: z.unknown().optional().describe("JSON body of a POST"),
  rows: z.string().optional().describe("path of the list in the body: data.items; default: the body, or its only list"),
  pagination: pagination.optional(),
  auth: auth.optional(),
  headers: z.record(z.string(), z.string()).optional(),
  params: z.record(z.string(), scalar).optional(),
  rate: z.string().regex(RATE, { error: "is no rate; write 10/s, 300/m or 1000/h" }).optional(),
  since: z.string().optional().describe("parameter that carries the last committed cursor: only newer rows are asked for"),
  timeouts: z
    .strictObject({ connect: duration.optional(), response: duration.optional(), body: duration.optional() })
    .optional()
    .describe("defaults: 10s to connect, 60s to the first byte of the answer, 120s for the body"),
  attempts: z.int().min(1).max(20).optional().describe("tries of one request; default 5; only GET is repeated"),
  maxPages: z.int().min(1).optional(),
  maxPageSize: size.optional(),
  allowHosts: z.array(z.string()).optional().describe("other hosts that next links may lead to"),
});
export type HttpOptions = z.infer<typeof httpOptions>;

export type HttpMethod = "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";

/** Options with defaults filled in, ready for the session. */
export interface HttpSettings {
  readonly url: URL;
  readonly method: HttpMethod;
  readonly body: string | undefined;
  /** Statuses that are no errors; default: 2xx. */
  readonly expects?: (status: number) => boolean;
  readonly rows: string | undefined;
  readonly pagination: HttpPagination | undefined;
  readonly auth: HttpAuth | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** Least pause between the starts of two requests. */
  readonly pauseMs: number;
  readonly connectMs: number;
  readonly responseMs: number;
  readonly bodyMs: number;
  readonly attempts: number;
  readonly pagesMax: number;
  readonly pageBytesMax: number;
  readonly allowHosts: readonly string[];
  /** Texts that must not appear in names, messages and logs. */
  readonly secrets: readonly string[];
}

/** @throws MillraceError MR3515 when the URL, the connection or a header cannot be used. */
export function settingsOf(
  options: HttpOptions,
  connections: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  since: string | undefined,
): HttpSettings {
  const merged = withConnection(options, connections);
  const { url, userinfo } = addressOf(merged, options, connections);
  for (const [name, value] of Object.entries(merged.params ?? {})) url.searchParams.set(name, String(value));
  if (merged.since !== undefined && since !== undefined) url.searchParams.set(merged.since, since);
  const headers = Object.fromEntries(Object.entries(merged.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]));
  for (const [name, value] of Object.entries(headers)) {
    if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name) || /[\r\n\0]/.test(value))
      throw wrong(`the header "${name}" cannot be sent as it is written`);
  }
  const auth = merged.auth ?? userinfo;
  const body = merged.body === undefined ? undefined : JSON.stringify(merged.body);
  return {
    url,
    method: merged.method ?? (body === undefined ? "GET" : "POST"),
    body,
    rows: merged.rows,
    pagination: merged.pagination as HttpPagination | undefined,
    auth,
    headers,
    pauseMs: pauseOf(merged.rate),
    connectMs: msOf(merged.timeouts?.connect, CONNECT_MS),
    responseMs: msOf(merged.timeouts?.response, RESPONSE_MS),
    bodyMs: msOf(merged.timeouts?.body, BODY_MS),
    attempts: merged.attempts ?? 5,
    pagesMax: merged.maxPages ?? PAGES_MAX,
    pageBytesMax: merged.maxPageSize === undefined ? PAGE_BYTES_MAX : (parseSizeBytes(merged.maxPageSize) ?? PAGE_BYTES_MAX),
    allowHosts: merged.allowHosts ?? [],
    secrets: secretsOf(auth, headers, url),
  };
}

/** Does the name of a parameter or header say that its value is a secret? */
export function namesSecret(name: string): boolean {
  return /key|token|secret|passw|signature|^sig$|auth|credential|session|cookie/i.test(name);
}

function withConnection(options: HttpOptions, connections: Readonly<Record<string, Readonly<Record<string, unknown>>>>): HttpOptions {
  if (options.connection === undefined) return options;
  const named = connections[options.connection];
  if (named === undefined) {
    const known = Object.keys(connections);
    throw wrong(
      `there is no connection "${options.connection}"`,
      known.length === 0 ? undefined : `connections of this project: ${known.join(", ")}`,
    );
  }
  const read = httpOptions.safeParse(named["http"] ?? named);
  if (!read.success) throw wrong(`connection "${options.connection}": ${z.prettifyError(read.error)}`);
  const base = read.data;
  return {
    ...base,
    ...options,
    headers: { ...base.headers, ...options.headers },
    params: { ...base.params, ...options.params },
    timeouts: { ...base.timeouts, ...options.timeouts },
  };
}

function addressOf(
  merged: HttpOptions,
  options: HttpOptions,
  connections: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
): { readonly url: URL; readonly userinfo: HttpAuth | undefined } {
  const text = merged.url;
  if (text === undefined || text.trim() === "") throw wrong("`url` is missing");
  const connection = options.connection === undefined ? undefined : connections[options.connection];
  const settings: { readonly url?: unknown } = connection?.["http"] ?? connection ?? {};
  const base = typeof settings.url === "string" && options.url !== undefined ? `${settings.url.replace(/\/$/, "")}/` : undefined;
  const relative = base === undefined ? text : text.replace(/^\/(?!\/)/, "");
  if (!URL.canParse(relative, base)) throw wrong(`"${text.replace(/\/\/[^/@]*@/, "//…@")}" is no URL`);
  const url = new URL(relative, base);
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw wrong(`"${url.protocol}" is not spoken here; URLs start with http:// or https://`);
  }
  const { username, password } = url;
  url.username = "";
  url.password = "";
  url.hash = "";
  const userinfo = username === "" ? undefined : { basic: { user: decodeURIComponent(username), password: decodeURIComponent(password) } };
  return { url, userinfo };
}

function secretsOf(auth: HttpAuth | undefined, headers: Readonly<Record<string, string>>, url: URL): readonly string[] {
  const found = Object.entries(headers).flatMap(([name, value]) => (namesSecret(name) ? [value] : []));
  for (const [name, value] of url.searchParams) if (namesSecret(name)) found.push(value);
  if (auth !== undefined) {
    if ("bearer" in auth) found.push(auth.bearer);
    else if ("basic" in auth) found.push(auth.basic.password, Buffer.from(`${auth.basic.user}:${auth.basic.password}`).toString("base64"));
    else found.push(auth.header.value);
  }
  return found.filter((text) => text.length >= 4);
}

function pauseOf(rate: string | undefined): number {
  const match = rate === undefined ? null : RATE.exec(rate);
  if (match === null) return 0;
  const count = Number(match[1]);
  const unitMs = { s: 1_000, m: 60_000, h: 3_600_000 }[match[2] as "s" | "m" | "h"];
  return count === 0 ? 0 : unitMs / count;
}

function msOf(text: string | undefined, otherwise: number): number {
  return text === undefined ? otherwise : (parseDurationMs(text) ?? otherwise);
}

function wrong(message: string, hint?: string): MillraceError {
  return new MillraceError({ code: "MR3515", message: `http: ${message}`, ...(hint === undefined ? {} : { hint }) });
}
