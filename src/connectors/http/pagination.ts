// Where the next page is, from the page before: pure. Returns null at the end.
//   P1. Numbered pages end with an empty page, or with a page that is shorter than the largest before it. A first page that is shorter than
//       `size` proves nothing (the server may cap sizes): one more page is asked for.
//   P2. Without `pagination`, a Link header with rel="next" is followed: a server that says there is more is believed.
import type { IncomingHttpHeaders } from "node:http";
import { MillraceError } from "../../model/errors.ts";
import type { HttpPagination } from "../../model/define.ts";
import { valueAt } from "./rows.ts";

export interface PageSeen {
  /** From 1. */
  readonly number: number;
  readonly rows: number;
  /** Rows of the largest page so far, this one included. */
  readonly rowsMax: number;
  /** Rows of all pages so far. */
  readonly rowsTotal: number;
  readonly body: unknown;
  readonly headers: IncomingHttpHeaders;
  /** The address that was asked. */
  readonly url: URL;
}

/** The first address: `url` with the parameters that the first page needs. */
export function firstUrl(url: URL, pagination: HttpPagination | undefined): URL {
  const first = new URL(url);
  if (pagination === undefined) return first;
  if ("page" in pagination) {
    const { param, size, sizeParam, start } = pagination.page;
    if (!first.searchParams.has(param)) first.searchParams.set(param, String(start ?? 1));
    if (size !== undefined) askFor(first, sizeParam ?? "size", size, param);
  } else if ("offset" in pagination) {
    const { param, limit, limitParam } = pagination.offset;
    if (!first.searchParams.has(param)) first.searchParams.set(param, "0");
    askFor(first, limitParam ?? "limit", limit, param);
  }
  return first;
}

/** @throws MillraceError MR3516 when what should lead to the next page is neither text nor number. */
export function nextUrl(pagination: HttpPagination | undefined, page: PageSeen, shown: string): URL | null {
  if (pagination === undefined || "link" in pagination) return linked(page);
  if ("next" in pagination) {
    const target = textAt(page.body, pagination.next, shown);
    if (target === null) return null;
    if (!URL.canParse(target, page.url.href)) {
      throw new MillraceError({ code: "MR3516", message: `"${pagination.next}" of ${shown} is no address: "${target.slice(0, 100)}"` });
    }
    return new URL(target, page.url);
  }
  if ("cursor" in pagination) {
    const cursor = textAt(page.body, pagination.cursor.from, shown);
    return cursor === null ? null : withParam(page.url, pagination.cursor.param, cursor);
  }
  if ("page" in pagination) {
    const { param, size } = pagination.page;
    if (isLast(page, size)) return null;
    return withParam(page.url, param, String(Number(page.url.searchParams.get(param)) + 1));
  }
  const { param, limit } = pagination.offset;
  if (isLast(page, limit)) return null;
  return withParam(page.url, param, String(Number(page.url.searchParams.get(param)) + page.rows));
}

/** P1. */
function isLast({ number, rows, rowsMax }: PageSeen, size: number | undefined): boolean {
  if (rows === 0) return true;
  return number > 1 && rows < Math.min(rowsMax, size ?? rowsMax);
}

/** The rel="next" of a Link header (RFC 8288), or null. */
function linked({ headers, url }: PageSeen): URL | null {
  const header = Array.isArray(headers.link) ? headers.link.join(", ") : headers.link;
  if (header === undefined) return null;
  for (const [, target, parameters] of header.matchAll(/<([^>]*)>((?:\s*;\s*[^,;"]*(?:"[^"]*")?)*)/g)) {
    const relations = /;\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,]+))/i.exec(parameters ?? "");
    const names = (relations?.[1] ?? relations?.[2] ?? "").toLowerCase().split(/\s+/);
    if (names.includes("next") && target !== undefined && URL.canParse(target, url.href)) return new URL(target, url);
  }
  return null;
}

/** Text or number at `path`; null where there is none: missing, null, false or empty. */
function textAt(body: unknown, path: string, shown: string): string | null {
  const value = valueAt(body, path);
  if (value === undefined || value === null || value === false || value === "") return null;
  if (typeof value === "string" || typeof value === "number" || typeof value === "bigint") return String(value);
  throw new MillraceError({ code: "MR3516", message: `"${path}" of ${shown} is neither text nor a number, so it leads nowhere` });
}

function withParam(url: URL, param: string, value: string): URL {
  const next = new URL(url);
  next.searchParams.set(param, value);
  return next;
}

/** Asks for pages of `size` rows, unless a parameter of the user's own already does. */
function askFor(url: URL, name: string, size: number, except: string): void {
  const already = [...url.searchParams].some(([key, value]) => key === name || (key !== except && value === String(size)));
  if (!already) url.searchParams.set(name, String(size));
}
