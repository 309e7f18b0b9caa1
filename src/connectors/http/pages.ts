// All pages of a source, one after the other, and nothing that is not a page: a page that repeats, an endless pagination and a
// next link to a stranger are errors, since rows would be doubled, lost, or credentials given away.
import { createHash } from "node:crypto";
import type { Row } from "../../model/define.ts";
import { MillraceError } from "../../model/errors.ts";
import { assertMayLead } from "./hosts.ts";
import type { HttpSettings } from "./options.ts";
import { firstUrl, nextUrl, type PageSeen } from "./pagination.ts";
import { shownUrl } from "./redact.ts";
import { isPlainList, rowsOf, valueAt } from "./rows.ts";
import { type Fetched, openSession, type Session, type SessionContext } from "./session.ts";
import { statusOf } from "./status.ts";

export interface Page {
  /** From 1. */
  readonly number: number;
  /** "page 3 of https://…", without secrets. */
  readonly name: string;
  readonly rows: readonly Row[];
  readonly body: unknown;
}

/** @throws MillraceError with a code of 35xx; the signal's reason when aborted. */
export async function* pagesOf(settings: HttpSettings, context: SessionContext): AsyncGenerator<Page> {
  const session = openSession(settings, context);
  const source = shownUrl(settings.url, settings.secrets);
  const addresses = new Set<string>();
  const contents = new Map<string, number>();
  let plain: boolean | undefined;
  const totals = { rows: 0, rowsMax: 0 };
  let url: URL | null = firstUrl(settings.url, settings.pagination);
  try {
    for (let number = 1; url !== null; number += 1) {
      if (number > settings.pagesMax) throw endless(source, settings.pagesMax);
      const name = `page ${number} of ${source}`;
      if (addresses.has(url.href)) throw repeated(`${name} leads back to an address that was read before`);
      addresses.add(url.href);
      const fetched = await fetchPage(session, url, number, settings);
      if (fetched === null) return;
      if (fetched.warning !== undefined && number === 1) context.log("warn", fetched.warning);
      const list = rowsOf(fetched.body, settings.rows, name);
      // The first page that has any tells what the records are; plain values among objects are broken records, not rows.
      plain ??= list.length === 0 ? undefined : isPlainList(list);
      const rows = (plain === true ? list.map((value) => ({ value })) : list) as readonly Row[];
      const before = sameContents(contents, rows, number);
      if (before !== undefined) throw repeated(`${name} has the same ${rows.length} rows as page ${before}`);
      totals.rows += rows.length;
      totals.rowsMax = Math.max(totals.rowsMax, rows.length);
      yield { number, name, rows, body: fetched.body };
      const seen: PageSeen = {
        number,
        rows: rows.length,
        rowsMax: totals.rowsMax,
        rowsTotal: totals.rows,
        body: fetched.body,
        headers: fetched.headers,
        url,
      };
      const next = nextUrl(settings.pagination, seen, name);
      if (next === null && number === 1) warnOfMore(settings, fetched.body, context);
      if (next !== null) assertMayLead(url, next, "next link", settings);
      url = next;
    }
  } finally {
    session.close();
  }
}

/** Null behind the last of numbered pages: some servers answer 404 there. */
async function fetchPage(session: Session, url: URL, number: number, { pagination }: HttpSettings): Promise<Fetched | null> {
  try {
    return await session.fetch(url);
  } catch (thrown) {
    const numbered = pagination !== undefined && ("page" in pagination || "offset" in pagination);
    if (numbered && number > 1 && statusOf(thrown) === 404) return null;
    throw thrown;
  }
}

/** The number of an earlier page with the same rows. Pages without rows are all alike and prove nothing. */
function sameContents(seen: Map<string, number>, rows: readonly unknown[], number: number): number | undefined {
  if (rows.length === 0) return undefined;
  const text = JSON.stringify(rows, (_key, value: unknown) => (typeof value === "bigint" ? `${value}n` : value));
  const hash = createHash("sha256").update(text).digest("base64");
  const before = seen.get(hash);
  if (before === undefined) seen.set(hash, number);
  return before;
}

/** One page was read, but it looks as if there were more: said loudly, since nothing else would tell. */
function warnOfMore({ pagination, url, secrets }: HttpSettings, body: unknown, context: SessionContext): void {
  const shown = shownUrl(url, secrets);
  if (pagination === undefined) {
    const paths = [
      "next",
      "next_url",
      "next_page",
      "links.next",
      "_links.next.href",
      "paging.next",
      "meta.next",
      "next_cursor",
      "meta.next_cursor",
    ];
    const path = paths.find((path) => ["string", "number"].includes(typeof valueAt(body, path)) && valueAt(body, path) !== "");
    if (path !== undefined)
      context.log("warn", `${shown}: the body has "${path}", but no \`pagination\` is set; only the first page was read`);
    return;
  }
  const path = "next" in pagination ? pagination.next : "cursor" in pagination ? pagination.cursor.from : undefined;
  const missing = path !== undefined && valueAt(body, path) === undefined;
  if (missing) context.log("warn", `${shown}: the first page has no "${path}"; it was taken for the only page`);
}

function repeated(message: string): MillraceError {
  return new MillraceError({
    code: "MR3508",
    message,
    hint: "look at `pagination`: the parameter's name, the first page's number, the cursor's place",
  });
}

function endless(source: string, pagesMax: number): MillraceError {
  return new MillraceError({
    code: "MR3509",
    message: `${source} has more than ${pagesMax} pages`,
    hint: "if that is right, raise maxPages or ask for larger pages",
  });
}
