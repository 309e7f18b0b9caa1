// Where the next page is, from the page before: pure. Returns null at the end.
//   P1. Numbered pages end with an empty page, or with a page that is shorter than the largest before it. A first page that is shorter than
//       `size` proves nothing (the server may cap sizes): one more page is asked for.
//   P2. Without `pagination`, a Link header with rel="next" is followed: a server that says there is more is believed.
//   P3. `guessesOf` names pages that are likely to come; only `nextStep` decides which page is taken.
import type { IncomingHttpHeaders } from "node:http";
import type { HttpPagination } from "../../../model/definitions/http-pages.ts";
import { MillraceError } from "../../../model/errors.ts";
import { valueAt } from "../bodies/paths.ts";
import { type Step, stepWith, valueIn } from "./step.ts";

export interface PageSeen {
  /** From 1. */
  readonly number: number;
  readonly rows: readonly unknown[];
  /** Rows of the largest page so far, this one included. */
  readonly rowsMax: number;
  /** Rows of all pages so far. */
  readonly rowsTotal: number;
  readonly body: unknown;
  readonly headers: IncomingHttpHeaders;
  /** What was asked. */
  readonly step: Step;
}

/** The first step: `url` with the parameters that the first page needs. */
export function firstStep(url: URL, pagination: HttpPagination | undefined, body: unknown): Step {
  let step: Step = { url: new URL(url), headers: {}, values: {} };
  if (pagination?.page !== undefined) {
    const { param, size, sizeParam, start, in: place } = pagination.page;
    if (isFree(step, place, param, body)) step = stepWith(step, place, param, place === "body" ? (start ?? 1) : String(start ?? 1));
    else if (place === "body") step = stepWith(step, place, param, Number(valueAt(body, param)));
    if (size !== undefined) step = askFor(step, { name: sizeParam ?? "size", size, except: param, place, body });
  } else if (pagination?.offset !== undefined) {
    const { param, limit, limitParam, in: place } = pagination.offset;
    if (isFree(step, place, param, body)) step = stepWith(step, place, param, place === "body" ? 0 : "0");
    else if (place === "body") step = stepWith(step, place, param, Number(valueAt(body, param)));
    step = askFor(step, { name: limitParam ?? "limit", size: limit, except: param, place, body });
  }
  return step;
}

/** @throws MillraceError MR3516 when what should lead to the next page is neither text nor number. */
export function nextStep(pagination: HttpPagination | undefined, page: PageSeen, shown: string): Step | null {
  if (pagination === undefined || pagination.link === true) return at(page.step, linked(page));
  const { next, cursor, keyset, relay } = pagination;
  if (next !== undefined) {
    const found = textAt(page.body, next, shown);
    if (found === null) return null;
    const target = String(found);
    if (!URL.canParse(target, page.step.url.href))
      throw new MillraceError({ code: "MR3516", message: `"${next}" of ${shown} is no address: "${target.slice(0, 100)}"` });
    return at(page.step, new URL(target, page.step.url));
  }
  if (cursor !== undefined) {
    if (cursor.more !== undefined && !saysMore(page.body, cursor.more)) return null;
    const value = cursor.from === undefined ? headerOf(page.headers, cursor.fromHeader!) : textAt(page.body, cursor.from, shown);
    return value === null ? null : stepWith(page.step, cursor.in, cursor.param, value);
  }
  if (keyset !== undefined) {
    if (page.rows.length === 0 || (keyset.more !== undefined && !saysMore(page.body, keyset.more))) return null;
    if (keyset.more === undefined && keyset.size !== undefined && page.number > 1 && page.rows.length < Math.min(keyset.size, page.rowsMax))
      return null;
    const value = textAt(page.rows.at(-1), keyset.field, shown);
    if (value === null)
      throw new MillraceError({
        code: "MR3516",
        message: `the last row of ${shown} has no "${keyset.field}", so nothing says where the next page begins`,
      });
    return stepWith(page.step, keyset.in, keyset.param, value);
  }
  if (relay !== undefined) {
    const info = `${relay.connection}.pageInfo`;
    if (valueAt(page.body, info) === undefined)
      throw new MillraceError({ code: "MR3516", message: `${shown} has no "${info}"; ask for pageInfo { hasNextPage endCursor }` });
    if (!saysMore(page.body, `${info}.hasNextPage`)) return null;
    const value = textAt(page.body, `${info}.endCursor`, shown);
    return value === null ? null : stepWith(page.step, "body", `variables.${relay.variable ?? "after"}`, value);
  }
  return numbered(pagination, page);
}

function numbered({ page: pages, offset }: HttpPagination, page: PageSeen): Step | null {
  if (pages !== undefined) {
    if (isLast(page, pages.size, pages.until)) return null;
    const before = Number(valueIn(page.step, pages.in, pages.param));
    const total = totalOf(page.body, pages.total);
    if (total !== undefined && before + 1 > total + (pages.start ?? 1) - 1) return null;
    return counted(page.step, pages, before + 1);
  }
  if (offset === undefined || isLast(page, offset.limit, offset.until)) return null;
  const before = Number(valueIn(page.step, offset.in, offset.param));
  const total = totalOf(page.body, offset.total);
  if (total !== undefined && before + page.rows.length >= total) return null;
  return counted(page.step, offset, before + page.rows.length);
}

function counted(
  step: Step,
  { in: place, param }: { readonly in?: "query" | "body" | "header" | undefined; readonly param: string },
  value: number,
): Step {
  return stepWith(step, place, param, place === "body" ? value : String(value));
}

/** Steps behind `step` that are likely, for asking ahead (P3); none where only the answer tells. */
export function guessesOf(pagination: HttpPagination | undefined, step: Step, page: PageSeen, count: number): readonly Step[] {
  const kind = pagination?.page ?? pagination?.offset;
  if (kind === undefined) return [];
  const by = pagination?.page === undefined ? page.rows.length : 1;
  const from = Number(valueIn(step, kind.in, kind.param));
  const total = totalOf(page.body, kind.total);
  const last = total === undefined ? Infinity : pagination?.page === undefined ? total - 1 : total + (pagination.page.start ?? 1) - 1;
  return Array.from({ length: by === 0 ? 0 : count }, (_, index) => from + (index + 1) * by)
    .filter((value) => value <= last)
    .map((value) => counted(step, kind, value));
}

/** P1. */
function isLast({ number, rows, rowsMax }: PageSeen, size: number | undefined, until: "short" | "empty" | undefined): boolean {
  if (rows.length === 0) return true;
  return until !== "empty" && number > 1 && rows.length < Math.min(rowsMax, size ?? rowsMax);
}

/** The rel="next" of a Link header (RFC 8288), or null. */
function linked({ headers, step: { url } }: PageSeen): URL | null {
  const header = Array.isArray(headers.link) ? headers.link.join(", ") : headers.link;
  if (header === undefined) return null;
  for (const [, target, parameters] of header.matchAll(/<([^>]*)>((?:\s*;\s*[^,;"]*(?:"[^"]*")?)*)/g)) {
    const relations = /;\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,]+))/i.exec(parameters ?? "");
    const names = (relations?.[1] ?? relations?.[2] ?? "").toLowerCase().split(/\s+/);
    if (names.includes("next") && target !== undefined && URL.canParse(target, url.href)) return new URL(target, url);
  }
  return null;
}

function at(step: Step, url: URL | null): Step | null {
  return url === null ? null : { ...step, url };
}

function saysMore(body: unknown, path: string): boolean {
  const value = valueAt(body, path);
  return value === true || value === "true" || value === 1;
}

function headerOf(headers: IncomingHttpHeaders, name: string): string | null {
  const value = [headers[name.toLowerCase()]].flat()[0]?.trim();
  return value === undefined || value === "" ? null : value;
}

function totalOf(body: unknown, path: string | undefined): number | undefined {
  const value = path === undefined ? undefined : valueAt(body, path);
  const total = typeof value === "string" ? Number(value) : value;
  return typeof total === "number" && Number.isFinite(total) ? total : undefined;
}

/** Text or number at `path`; null where there is none: missing, null, false or empty. */
function textAt(body: unknown, path: string, shown: string): string | number | null {
  const value = valueAt(body, path);
  if (value === undefined || value === null || value === false || value === "") return null;
  if (typeof value === "string" || typeof value === "number") return value;
  if (typeof value === "bigint") return String(value);
  throw new MillraceError({ code: "MR3516", message: `"${path}" of ${shown} is neither text nor a number, so it leads nowhere` });
}

/** Does the user's own address or body leave this parameter out? */
function isFree(step: Step, place: "query" | "body" | "header" | undefined, param: string, body: unknown): boolean {
  return place === "body" ? valueAt(body, param) === undefined : valueIn(step, place, param) === null;
}

interface Asking {
  readonly name: string;
  readonly size: number;
  readonly except: string;
  readonly place: "query" | "body" | "header" | undefined;
  readonly body: unknown;
}

/** Asks for pages of `size` rows, unless a parameter of the user's own already does. */
function askFor(step: Step, { name, size, except, place, body }: Asking): Step {
  if (place === "body") return valueAt(body, name) === undefined ? stepWith(step, place, name, size) : step;
  const already = [...step.url.searchParams].some(([key, value]) => key === name || (key !== except && value === String(size)));
  return already ? step : stepWith(step, place, name, String(size));
}
