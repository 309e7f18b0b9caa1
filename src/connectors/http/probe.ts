// What `millrace add` asks before there is a source: does it answer, and which lists of rows are there?
import type { Discovered } from "../../load/connector.ts";
import { MillraceError } from "../../model/errors.ts";
import { isObject, valueAt } from "./bodies/paths.ts";
import { listPaths } from "./bodies/rows.ts";
import { columnsOf } from "./peek.ts";
import { pagesOf } from "./read.ts";
import { homeOf } from "./resources/exports.ts";
import { type Merged, settingsOf } from "./settings.ts";
import { shownUrl } from "./wire/redact.ts";
import { openSession, type SessionContext } from "./wire/session.ts";
import { statusOf } from "./wire/status.ts";

const NAMES_MAX = 8;
const ROWS_LOOKED_AT_MAX = 1_000;
const CURSOR = /^(updated|modified|changed|last_?(updated|modified))(_?(at|on|date|time))?$/i;

/** @throws what reading the first page throws, unless the address of a connection alone is no list: it answered, which is all that was asked. */
export async function tryOut(merged: Merged, context: SessionContext): Promise<string> {
  const shown = shownUrl(
    settingsOf({ ...merged, url: (merged.url ?? merged.export?.create.url ?? "").replaceAll(/\{[^{}]*\}/g, "x") }).url,
    [],
  );
  // An export would be ordered by trying it out; its host is only asked whether it lets us in.
  if (merged.export !== undefined) return knock(merged, context);
  try {
    for await (const { rows } of pagesOf({ ...merged, attempts: 1, parallel: 1, maxPages: 1, fullPage: "ignore" }, context)) {
      const names = (columnsOf(rows.slice(0, ROWS_LOOKED_AT_MAX)) ?? []).map(({ name }) => name);
      const more = names.length > NAMES_MAX ? `, and ${names.length - NAMES_MAX} more` : "";
      return `${withoutQuery(shown)} answers: ${rows.length} rows on the first page${names.length === 0 ? "" : `, with ${names.slice(0, NAMES_MAX).join(", ")}${more}`}`;
    }
    return `${withoutQuery(shown)} answers, with no page`;
  } catch (thrown) {
    const isAnswer = thrown instanceof MillraceError && (["MR3506", "MR3507", "MR3505"].includes(thrown.code) || statusOf(thrown) === 404);
    if (isAnswer && merged.base === undefined && merged.connection !== undefined)
      return `${withoutQuery(shown)} answers, but is no list itself`;
    throw thrown;
  }
}

async function knock(merged: Merged, context: SessionContext): Promise<string> {
  const url = homeOf({ ...merged, url: merged.url ?? merged.export!.create.url });
  const expects = (status: number): boolean => status < 500 && status !== 401 && status !== 403;
  const settings = { ...settingsOf({ ...merged, url: url.href, body: undefined }), attempts: 1, expects };
  const session = openSession(settings, context);
  try {
    const { answer, shown } = await session.send(settings, { url, method: "GET", headers: {}, body: undefined });
    return `${withoutQuery(shown)} answers with ${answer.status}; the export itself was not ordered`;
  } finally {
    session.close();
  }
}

/** The lists of the first answer, each with its columns, key and cursor as far as they show. */
export async function listsOf(merged: Merged, context: SessionContext): Promise<readonly Discovered[]> {
  const settings = settingsOf(merged);
  const session = openSession(settings, context);
  try {
    const { url, method, body } = settings;
    const { body: document } = await session.fetch(settings, { url, method, headers: {}, body });
    const paths = Array.isArray(document) ? [""] : listPaths(document);
    const last = url.pathname.split("/").findLast((part) => part !== "") ?? url.hostname;
    return paths.map((path) => {
      const rows = (path === "" ? document : valueAt(document, path)) as readonly unknown[];
      const columns = columnsOf(rows.slice(0, ROWS_LOOKED_AT_MAX) as readonly Readonly<Record<string, unknown>>[]) ?? [];
      const names = columns.map(({ name }) => name);
      const cursor = names.find((name) => CURSOR.test(name));
      const key = names.find((name) => name.toLowerCase() === "id" && isUnique(rows, name));
      return {
        name: path === "" || paths.length === 1 ? last : path,
        options: path === "" ? {} : { rows: path },
        columns: columns.map(({ name, type }) => ({ name, type })),
        duckdbTypes: true as const,
        rows: rows.length,
        ...(key === undefined ? {} : { primaryKey: [key] }),
        ...(cursor === undefined ? {} : { cursor }),
      };
    });
  } finally {
    session.close();
  }
}

function isUnique(rows: readonly unknown[], name: string): boolean {
  const values = rows.map((row) => (isObject(row) ? row[name] : undefined));
  return values.every((value) => value !== undefined && value !== null) && new Set(values).size === values.length;
}

function withoutQuery(shown: string): string {
  return shown.split("?")[0]!;
}
