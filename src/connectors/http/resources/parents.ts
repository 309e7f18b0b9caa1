// A resource below another: its pages for each record of the parent, in the order of the parent's, several parents at a time.
//   R1. What the parent does not say itself (auth, headers, limits) it has from the child; pages and rows each says for itself.
//   R2. A position names the parent (by the page of the parents it stands on, its place there and a hash of it) and the position within it. A resumed
//       read finds that parent again, or fails: it never goes on with another.
//   R3. With `cursor`, each parent has its own `since`: the highest value of its rows in the last committed load.
import { createHash } from "node:crypto";
import type { Json, Row } from "../../../load/connector.ts";
import type { HttpParent } from "../../../model/definitions/http.ts";
import { MillraceError } from "../../../model/errors.ts";
import { valueAt } from "../bodies/paths.ts";
import { inOrder } from "../paging/ahead.ts";
import { type Page, pagesFrom } from "../paging/pages.ts";
import { inherited, type Merged, settingsOf } from "../settings.ts";
import type { Session, SessionContext } from "../wire/session.ts";
import { pathsOf } from "./fill.ts";
import { Highest } from "./highest.ts";

/** Pages of a parent that wait until those before it are taken. */
const PAGES_WAITING_MAX = 2;

export interface ResourceRequest {
  readonly merged: Merged;
  readonly session: Session;
  readonly context: SessionContext;
  readonly since: unknown;
  /** Of the last committed load: the cursors of each parent. */
  readonly committed: Json | undefined;
  readonly resume: Json | undefined;
}

interface ParentPosition {
  /** The page of parents, and which of its records. */
  readonly page: Json;
  readonly index: number;
  readonly id: string;
  /** Within its list; null before the first page. */
  readonly child: Json;
  readonly since: Json;
}

interface ParentRecord {
  readonly record: unknown;
  readonly id: string;
  readonly page: Json;
  readonly index: number;
}

/** Pages of a resource with all its parents; those of a resource without a parent as they are. */
export async function* resourcePages(request: ResourceRequest): AsyncGenerator<Page> {
  const { merged, session, context, resume } = request;
  const { parent } = merged;
  if (parent === undefined) {
    yield* pagesFrom({ settings: settingsOf(merged, request.since), session, context }, resume);
    return;
  }
  const from = resume as unknown as ParentPosition | undefined;
  const highest = new Highest(parent.cursor, from?.since ?? (request.committed as { readonly since?: Json } | undefined)?.since);
  const parents = recordsOf(request, parent, from);
  let number = 0;
  let isFirst = from !== undefined;
  const lists = (async function* (): AsyncGenerator<AsyncGenerator<{ readonly at: ParentRecord; readonly page: Page }>> {
    for await (const at of parents) {
      const child = isFirst ? from?.child : undefined;
      isFirst = false;
      yield childPages(request, at, child ?? undefined, parent.cursor === undefined ? request.since : highest.before(at.id));
    }
  })();
  const sourcesMax = merged.parallel ?? 1;
  for await (const { at, page } of inOrder(lists, { sourcesMax, itemsMax: PAGES_WAITING_MAX })) {
    highest.note(at.id, page.rows);
    number += 1;
    const position: ParentPosition = { page: at.page, index: at.index, id: at.id, child: page.position, since: highest.toJson() };
    yield { ...page, number, rows: withFields(page, at.record, parent), position: position as unknown as Json };
  }
}

/** The parent's records, from the one of a position on (R2). */
async function* recordsOf(request: ResourceRequest, parent: HttpParent, from: ParentPosition | undefined): AsyncGenerator<ParentRecord> {
  const { url, params, headers, body } = request.merged;
  const fields = pathsOf({ url, params, headers, body }, "parent");
  let isFound = from === undefined;
  for await (const { records, before } of recordPages(request, parent, from?.page)) {
    for (const [index, record] of records.entries()) {
      const at = { record, id: idOf(record, fields), page: before, index };
      // The list may have moved a little since; the same record is looked for behind its old place, never before it.
      isFound ||= from !== undefined && at.id === from.id && (index >= from.index || JSON.stringify(before) !== JSON.stringify(from.page));
      if (isFound) yield at;
    }
  }
  if (isFound) return;
  throw new MillraceError({
    code: "MR3522",
    message: "the parent at which an interrupted load stopped is not there any more, so it cannot be continued",
    hint: "load everything anew: --full-refresh",
  });
}

async function* recordPages(
  request: ResourceRequest,
  parent: HttpParent,
  resume: Json | undefined,
): AsyncGenerator<{ readonly records: readonly unknown[]; readonly before: Json }> {
  if (parent.values !== undefined) {
    yield { records: parent.values.map((value) => ({ value })), before: null };
    return;
  }
  const { merged, session, context } = request;
  const pages = resourcePages({
    merged: parentOptions(merged, parent),
    session,
    context,
    since: undefined,
    committed: undefined,
    resume: resume ?? undefined,
  });
  for await (const { rows, before } of pages) yield { records: rows, before: before ?? null };
}

/** R1. */
function parentOptions(child: Merged, parent: HttpParent): Merged {
  const { base, connection, auth, headers, rate, burst, responses, timeouts, attempts, maxPages, maxPageSize, allowHosts } = child;
  const shared = { connection, auth, headers, rate, burst, responses, timeouts, attempts, maxPages, maxPageSize, allowHosts };
  const { values: _values, include: _include, cursor: _cursor, ...own } = parent;
  return { ...inherited(shared, own), base: base ?? originOf(child.url) };
}

function originOf(url: string | undefined): string | undefined {
  const origin = /^https?:\/\/[^/?#]+/i.exec(url ?? "")?.[0];
  return origin;
}

async function* childPages(
  request: ResourceRequest,
  at: ParentRecord,
  resume: Json | undefined,
  since: unknown,
): AsyncGenerator<{ readonly at: ParentRecord; readonly page: Page }> {
  const { merged, session, context } = request;
  const { parent: _parent, ...own } = merged;
  const settings = { ...settingsOf(own, since, { parent: at.record }), parallel: 1 };
  for await (const page of pagesFrom({ settings, session, context }, resume)) yield { at, page };
}

/** A parent is the same as long as the fields that its requests name are. */
function idOf(record: unknown, fields: readonly string[]): string {
  const named = fields.length === 0 ? record : fields.map((field) => valueAt(record, field) ?? null);
  const text = JSON.stringify(named, (_key, value: unknown) => (typeof value === "bigint" ? `${value}n` : value)) ?? "";
  return createHash("sha1").update(text).digest("base64url").slice(0, 16);
}

/** `include`: fields of the parent in each row. @throws MR3517 for a column that the row has already with another value. */
function withFields({ rows, name }: Page, record: unknown, { include }: HttpParent): readonly Row[] {
  if (include === undefined) return rows;
  const columns = Array.isArray(include)
    ? include.map((field) => [`parent_${field.replaceAll(/[^\w]+/g, "_")}`, field] as const)
    : Object.entries(include);
  const fields = Object.fromEntries(columns.map(([column, field]) => [column, valueAt(record, field) ?? null]));
  return rows.map((row) => {
    if (typeof row !== "object" || row === null || Array.isArray(row)) return row;
    const taken = Object.keys(fields).find((column) => Object.hasOwn(row, column) && row[column] !== fields[column]);
    if (taken !== undefined)
      throw new MillraceError({
        code: "MR3517",
        message: `a row of ${name} has a "${taken}" of its own`,
        hint: `parent: { include: { other_name: … } }`,
      });
    return { ...fields, ...row };
  });
}
