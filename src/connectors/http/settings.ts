// What users write behind `http:` and what becomes of it: one settings object with names, limits and secrets sorted out.
//   A connection's keys are the defaults of a source's, a source's those of its parent, so that nobody inherits half of them.
import * as z from "zod";
import type { HttpAuth } from "../../model/definitions/http-auth.ts";
import type { HttpPagination, HttpResponseRule } from "../../model/definitions/http-pages.ts";
import { httpBase, type HttpOptions } from "../../model/definitions/http.ts";
import { parseDurationMs, parseSizeBytes } from "../../model/duration.ts";
import { MillraceError } from "../../model/errors.ts";
import { parseRate, type Rate } from "../../model/limits.ts";
import { namesSecret } from "../../platform/secret-names.ts";
import { withValues } from "./bodies/paths.ts";
import { fillAddress, fillTree, type FillValues } from "./resources/fill.ts";
import { sinceValue } from "./since.ts";
import type { HttpMethod } from "./wire/exchange.ts";

const PAGES_MAX = 10_000;
const PAGE_BYTES_MAX = 64_000_000;
const CONNECT_MS = 10_000;
const RESPONSE_MS = 60_000;
const BODY_MS = 120_000;

export type Connections = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** A source's keys with those of its connection. */
export interface Merged extends HttpOptions {
  /** Address of the connection, which that of the source is relative to. */
  readonly base?: string | undefined;
}

/** Options with defaults filled in, ready for the session. */
export interface HttpSettings {
  readonly url: URL;
  readonly method: HttpMethod;
  /** JSON, or a text. */
  readonly body: unknown;
  readonly bodyAs: "json" | "form";
  /** May the request be repeated whatever its method? */
  readonly readsOnly: boolean;
  /** Statuses that are no errors; default: 2xx. */
  readonly expects?: (status: number) => boolean;
  readonly rows: string | undefined;
  readonly format: string | undefined;
  readonly formatOptions: Readonly<Record<string, unknown>>;
  readonly pagination: HttpPagination | undefined;
  readonly parallel: number;
  readonly fullPage: "warn" | "stop" | "ignore";
  readonly auth: HttpAuth | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** What its requests are counted under, by all runs and processes of the project. */
  readonly budget: { readonly name: string; readonly rate: Rate | undefined };
  readonly responses: readonly HttpResponseRule[];
  readonly connectMs: number;
  readonly responseMs: number;
  readonly bodyMs: number;
  readonly attempts: number;
  readonly pagesMax: number;
  readonly pageBytesMax: number;
  readonly allowHosts: readonly string[];
  /** Texts that must not appear in names, messages and logs; tokens that are learned on the way join them. */
  readonly secrets: string[];
}

/** @throws MillraceError MR3515 when the connection does not exist or cannot be understood. */
export function mergeOptions(options: HttpOptions, connections: Connections): Merged {
  if (options.connection === undefined) return options;
  const named = connections[options.connection];
  if (named === undefined) {
    const known = Object.keys(connections);
    throw wrong(
      `there is no connection "${options.connection}"`,
      known.length === 0 ? undefined : `connections of this project: ${known.join(", ")}`,
    );
  }
  const read = httpBase.safeParse(named["http"] ?? named);
  if (!read.success) throw wrong(`connection "${options.connection}": ${z.prettifyError(read.error)}`);
  const base = read.data;
  return { ...inherited(base, options), base: options.url === undefined ? undefined : base.url };
}

/** `over` with what it does not say itself taken from `base`. */
export function inherited(base: HttpOptions, over: HttpOptions): HttpOptions {
  const given = Object.fromEntries(Object.entries(over).filter(([, value]) => value !== undefined)) as HttpOptions;
  return {
    ...base,
    ...given,
    headers: { ...base.headers, ...over.headers },
    params: { ...base.params, ...over.params },
    timeouts: { ...base.timeouts, ...over.timeouts },
  };
}

/** `values` stand for `{parent.…}` and its like. @throws MillraceError MR3515 for what cannot be sent, MR3517 for a value that is not there. */
export function settingsOf(merged: Merged, since?: unknown, values?: FillValues): HttpSettings {
  const { url, userinfo } = addressOf(merged, values);
  for (const [name, value] of Object.entries(merged.params ?? {}))
    url.searchParams.set(name, values === undefined ? String(value) : String(fillTree(value, values)));
  const filled = values === undefined ? (merged.headers ?? {}) : (fillTree(merged.headers ?? {}, values) as Record<string, string>);
  const headers = headersOf(filled);
  let body = values === undefined ? merged.body : fillTree(merged.body, values);
  const cursor = sinceValue(merged.since, since);
  if (cursor?.in === "query") url.searchParams.set(cursor.param, String(cursor.value));
  if (cursor?.in === "header") headers[cursor.param.toLowerCase()] = String(cursor.value);
  if (cursor?.in === "body") body = withValues(body, { [cursor.param]: cursor.value });
  const auth = merged.auth ?? userinfo;
  const rate = merged.rate === undefined ? undefined : parseRate(merged.rate);
  return {
    url,
    method: merged.method ?? (body === undefined ? "GET" : "POST"),
    body,
    bodyAs: merged.bodyAs ?? "json",
    readsOnly: merged.readsOnly ?? isQuery(body),
    rows: merged.rows,
    format: merged.format,
    formatOptions: { ...merged.formatOptions, ...(isJson(merged.format) || merged.rows === undefined ? {} : { rows: merged.rows }) },
    pagination: merged.pagination,
    parallel: merged.parallel ?? 1,
    fullPage: merged.fullPage ?? "warn",
    auth,
    headers,
    budget: {
      name: merged.connection === undefined ? url.origin : `connection ${merged.connection}`,
      rate: rate === undefined ? undefined : { ...rate, burst: merged.burst ?? 1 },
    },
    responses: merged.responses ?? [],
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

function isJson(format: string | undefined): boolean {
  return format === undefined || format === "json" || format === "ndjson";
}

/** A GraphQL query changes nothing. */
function isQuery(body: unknown): boolean {
  const query = (body as { readonly query?: unknown } | null | undefined)?.query;
  return typeof query === "string" && /^[\s,]*(query\b|\{)/.test(query.replaceAll(/#.*$/gm, "")) && !/\bmutation\b/.test(query);
}

function headersOf(given: Readonly<Record<string, string>>): Record<string, string> {
  const headers = Object.fromEntries(Object.entries(given).map(([name, value]) => [name.toLowerCase(), value]));
  for (const [name, value] of Object.entries(headers)) {
    if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name) || /[\r\n\0]/.test(value))
      throw wrong(`the header "${name}" cannot be sent as it is written`);
  }
  return headers;
}

function addressOf(merged: Merged, values: FillValues | undefined): { readonly url: URL; readonly userinfo: HttpAuth | undefined } {
  const written = merged.url;
  if (written === undefined || written.trim() === "") throw wrong("`url` is missing");
  const text = values === undefined ? written : fillAddress(written, values);
  const url = resolveAddress(text, merged.base);
  const { username, password } = url;
  url.username = "";
  url.password = "";
  url.hash = "";
  const userinfo = username === "" ? undefined : { basic: { user: decodeURIComponent(username), password: decodeURIComponent(password) } };
  return { url, userinfo };
}

/** `/sales` is below the connection's address, whatever its path. */
export function resolveAddress(text: string, base: string | undefined): URL {
  const below = base === undefined ? undefined : `${base.replace(/\/$/, "")}/`;
  const relative = below === undefined ? text : text.replace(/^\/(?!\/)/, "");
  if (!URL.canParse(relative, below)) throw wrong(`"${text.replace(/\/\/[^/@]*@/, "//…@")}" is no URL`);
  const url = new URL(relative, below);
  if (url.protocol !== "http:" && url.protocol !== "https:")
    throw wrong(`"${url.protocol}" is not spoken here; URLs start with http:// or https://`);
  return url;
}

function secretsOf(auth: HttpAuth | undefined, headers: Readonly<Record<string, string>>, url: URL): string[] {
  const found = Object.entries(headers).flatMap(([name, value]) => (namesSecret(name) ? [value] : []));
  for (const [name, value] of url.searchParams) if (namesSecret(name)) found.push(value);
  if (auth?.bearer !== undefined) found.push(auth.bearer);
  if (auth?.basic !== undefined)
    found.push(auth.basic.password, Buffer.from(`${auth.basic.user}:${auth.basic.password}`).toString("base64"));
  if (auth?.header !== undefined) found.push(auth.header.value);
  if (auth?.apiKey !== undefined) found.push(auth.apiKey.value);
  if (auth?.hmac !== undefined) found.push(auth.hmac.secret);
  if (auth?.tokens !== undefined) found.push(...auth.tokens.values);
  if (auth?.session !== undefined) found.push(...secretTexts(auth.session.body), ...secretTexts(auth.session.headers));
  if (auth?.oauth2 !== undefined) {
    const { clientId, clientSecret, refreshToken } = auth.oauth2;
    found.push(clientSecret ?? "", refreshToken ?? "", Buffer.from(`${clientId}:${clientSecret ?? ""}`).toString("base64"));
  }
  return found.filter((text) => text.length >= 4);
}

/** Values of keys that name secrets, anywhere inside. */
function secretTexts(value: unknown): readonly string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    typeof inner === "string" ? (namesSecret(key) ? [inner] : []) : secretTexts(inner),
  );
}

function msOf(text: string | undefined, otherwise: number): number {
  return text === undefined ? otherwise : (parseDurationMs(text) ?? otherwise);
}

function wrong(message: string, hint?: string): MillraceError {
  return new MillraceError({ code: "MR3515", message: `http: ${message}`, ...(hint === undefined ? {} : { hint }) });
}
