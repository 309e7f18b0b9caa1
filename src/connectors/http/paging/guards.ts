// What must not be taken for a sound read: a page that comes twice, a pagination without end, an only page that looks like the first of many.
import { createHash } from "node:crypto";
import { MillraceError } from "../../../model/errors.ts";
import { valueAt } from "../bodies/paths.ts";
import type { HttpSettings } from "../settings.ts";
import { shownUrl } from "../wire/redact.ts";
import type { SessionContext } from "../wire/session.ts";

/** Where services put the way to the next page. */
const NEXT_PATHS = [
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
/** Numbers of rows at which services like to end a page. */
const FULL_PAGES = new Set([10, 20, 25, 30, 50, 100, 200, 250, 500, 1_000, 2_000, 5_000, 10_000, 50_000, 100_000]);

/** The hash of a page's rows; undefined for a page without rows: they are all alike and prove nothing. */
export function contentsOf(rows: readonly unknown[]): string | undefined {
  return rows.length === 0 ? undefined : createHash("sha1").update(textOf(rows)).digest("base64");
}

function textOf(rows: readonly unknown[]): string {
  try {
    return JSON.stringify(rows);
  } catch {
    // Only integers beyond 2^53 make it this slow.
    return JSON.stringify(rows, (_key, value: unknown) => (typeof value === "bigint" ? `${value}n` : value));
  }
}

/**
 * One page was read, but it looks as if there were more: said loudly, since nothing else would tell.
 * @throws MR3520 with `fullPage: stop`.
 */
export function lookForMore(
  settings: HttpSettings,
  page: { readonly body: unknown; readonly rows: number },
  context: SessionContext,
): void {
  const { pagination, url, secrets, fullPage } = settings;
  const shown = shownUrl(url, secrets);
  if (pagination === undefined) {
    const path = NEXT_PATHS.find(
      (path) => ["string", "number"].includes(typeof valueAt(page.body, path)) && valueAt(page.body, path) !== "",
    );
    if (path !== undefined) {
      context.log("warn", `${shown}: the body has "${path}", but no \`pagination\` is set; only the first page was read`);
      return;
    }
  } else {
    const path = pagination.next ?? pagination.cursor?.from;
    if (path !== undefined && valueAt(page.body, path) === undefined) {
      context.log("warn", `${shown}: the first page has no "${path}"; it was taken for the only page`);
      return;
    }
  }
  if (fullPage === "ignore" || !looksFull(settings, page.rows)) return;
  const message = `${shown}: the only page has ${page.rows} rows, which looks like a full one, and nothing says where the next is`;
  if (fullPage === "warn") return context.log("warn", message);
  throw new MillraceError({ code: "MR3520", message, hint: "set `pagination`, or fullPage: ignore when this is all there is" });
}

function looksFull({ pagination, url }: HttpSettings, rows: number): boolean {
  if (rows < 10 || pagination?.relay !== undefined || pagination?.cursor?.more !== undefined) return false;
  const asked = [...url.searchParams].some(([name, value]) => /limit|size|per_page|count|top|max/i.test(name) && Number(value) === rows);
  return asked || FULL_PAGES.has(rows);
}

export function repeated(message: string): MillraceError {
  return new MillraceError({
    code: "MR3508",
    message,
    hint: "look at `pagination`: the parameter's name, the first page's number, the cursor's place",
  });
}

export function endless(source: string, pagesMax: number): MillraceError {
  return new MillraceError({
    code: "MR3509",
    message: `${source} has more than ${pagesMax} pages`,
    hint: "if that is right, raise maxPages or ask for larger pages",
  });
}
