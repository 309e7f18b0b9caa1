// All pages of one list, in their order, and nothing that is not a page. Pages that are likely to come are asked for ahead, several at once; what is
// taken is decided by each page in turn, so that asking ahead changes nothing but the time.
//   G1. Each page carries the position behind it: a read that begins there gives the same pages that this one would have given.
import type { Json, Row } from "../../../load/connector.ts";
import { valueAt } from "../bodies/paths.ts";
import { isPlainList, rowsOf } from "../bodies/rows.ts";
import type { HttpSettings } from "../settings.ts";
import { assertMayLead } from "../wire/hosts.ts";
import { shownUrl } from "../wire/redact.ts";
import type { Fetched, Session, SessionContext } from "../wire/session.ts";
import { statusOf } from "../wire/status.ts";
import { Ahead } from "./ahead.ts";
import { contentsOf, endless, lookForMore, repeated } from "./guards.ts";
import { firstStep, guessesOf, nextStep, type PageSeen } from "./pagination.ts";
import { callOf, fromJson, keyOf, type Step, toJson } from "./step.ts";

export interface Page {
  /** From 1. */
  readonly number: number;
  /** "page 3 of https://…", without secrets. */
  readonly name: string;
  readonly rows: readonly Row[];
  readonly body: unknown;
  /** Behind this page (G1). */
  readonly position: Json;
  /** Before this page: a read that begins there gives it again. */
  readonly before: Json | undefined;
}

interface State {
  /** Pages read. */
  readonly number: number;
  readonly next: Step | null;
  readonly rowsMax: number;
  readonly rowsTotal: number;
  /** Are the records plain values? Undefined until there was one. */
  readonly plain: boolean | undefined;
  /** Of the last page that had rows. */
  readonly contents: string | undefined;
}

export interface Reader {
  readonly settings: HttpSettings;
  readonly session: Session;
  readonly context: SessionContext;
}

/** @throws MillraceError with a code of 35xx; the signal's reason when aborted. */
export async function* pagesFrom({ settings, session, context }: Reader, resume?: Json): AsyncGenerator<Page> {
  const { pagination, secrets, pagesMax } = settings;
  const source = shownUrl(settings.url, secrets);
  let state = resume === undefined ? begin(settings) : stateFrom(resume, secrets);
  let before = resume;
  let pagesRead = state.number;
  const addresses = new Set<string>();
  const contents = new Map<string, number>();
  if (state.contents !== undefined) contents.set(state.contents, state.number);
  const ahead = new Ahead<Fetched | null>((step) => fetchPage({ settings, session, context }, step, pagesRead));
  while (state.next !== null) {
    const step = state.next;
    const number = state.number + 1;
    if (number > pagesMax) throw endless(source, pagesMax);
    const name = `page ${number} of ${source}`;
    if (addresses.has(keyOf(step))) throw repeated(`${name} leads back to an address that was read before`);
    addresses.add(keyOf(step));
    const fetched = await ahead.take(step);
    if (fetched === null || fetched.isIgnored) return;
    if (fetched.warning !== undefined && number === 1) context.log("warn", fetched.warning);
    const list = listOf(fetched.body, settings, name);
    // The first page that has any tells what the records are; plain values among objects are broken records, not rows.
    const plain = state.plain ?? (list.length === 0 ? undefined : isPlainList(list));
    const rows = (plain === true ? list.map((value) => ({ value })) : list) as readonly Row[];
    pagesRead = number;
    const rowsMax = Math.max(state.rowsMax, rows.length);
    const rowsTotal = state.rowsTotal + rows.length;
    const seen: PageSeen = { number, rows, rowsMax, rowsTotal, body: fetched.body, headers: fetched.headers, step };
    const next = nextStep(pagination, seen, name);
    if (next === null && number === 1) lookForMore(settings, { body: fetched.body, rows: rows.length }, context);
    if (next !== null) {
      assertMayLead(step.url, next.url, "next link", { ...settings, url: session.home });
      if (number < pagesMax && !addresses.has(keyOf(next))) {
        // As many again as may be under way wait for a place, so that no place is empty while a page is read.
        const room = Math.min(settings.parallel === 1 ? 1 : settings.parallel * 2, pagesMax - number) - 1;
        ahead.expect([next, ...guessesOf(pagination, next, seen, room)]);
      }
    }
    // Only now, while the next page is on its way.
    const hash = contentsOf(rows);
    const same = hash === undefined ? undefined : contents.get(hash);
    if (same !== undefined) throw repeated(`${name} has the same ${rows.length} rows as page ${same}`);
    if (hash !== undefined) contents.set(hash, number);
    state = { number, next, rowsMax, rowsTotal, plain, contents: hash ?? state.contents };
    const position = positionOf(state, secrets);
    yield { number, name, rows, body: fetched.body, position, before };
    before = position;
  }
}

function begin({ url, pagination, body }: HttpSettings): State {
  return { number: 0, next: firstStep(url, pagination, body), rowsMax: 0, rowsTotal: 0, plain: undefined, contents: undefined };
}

function positionOf({ next, plain, contents, ...counts }: State, secrets: readonly string[]): Json {
  return { ...counts, next: next === null ? null : toJson(next, secrets), plain: plain ?? null, contents: contents ?? null };
}

function stateFrom(position: Json, secrets: readonly string[]): State {
  const { number, next, rowsMax, rowsTotal, plain, contents } = position as unknown as { [Key in keyof State]: Json };
  return {
    number: Number(number),
    next: next === null ? null : fromJson(next, secrets),
    rowsMax: Number(rowsMax),
    rowsTotal: Number(rowsTotal),
    plain: typeof plain === "boolean" ? plain : undefined,
    contents: typeof contents === "string" ? contents : undefined,
  };
}

/** Rows of a GraphQL connection stand in its nodes or edges; those of others where `rows` says. */
function listOf(body: unknown, { rows, pagination, format }: HttpSettings, name: string): readonly unknown[] {
  const connection = rows === undefined ? pagination?.relay?.connection : undefined;
  if (connection === undefined) return rowsOf(body, format === undefined || format === "json" ? rows : undefined, name);
  const edges = valueAt(body, `${connection}.edges`);
  return Array.isArray(edges) ? edges.map((edge) => valueAt(edge, "node") ?? edge) : rowsOf(body, `${connection}.nodes`, name);
}

/** Null behind the last of numbered pages: some servers answer 404 there. */
async function fetchPage({ settings, session }: Reader, step: Step, pagesBefore: number): Promise<Fetched | null> {
  try {
    return await session.fetch(settings, callOf(step, settings));
  } catch (thrown) {
    const numbered = settings.pagination?.page !== undefined || settings.pagination?.offset !== undefined;
    if (numbered && pagesBefore > 0 && statusOf(thrown) === 404) return null;
    throw thrown;
  }
}
