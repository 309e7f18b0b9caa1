// An export that a service prepares: ordered, waited for, downloaded, cleaned up.
//   X1. Downloads go to files, whole or not at all; only a whole one is read.
//   X2. A position holds the answers that the later steps need, so that a resumed read orders nothing again; it skips the parts it had, of files with
//       the same bytes, or fails.
//   X3. Cleaning up happens however it went, and its failure is a warning.
import { randomUUID } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Json, Row } from "../../../load/connector.ts";
import type { HttpExport } from "../../../model/definitions/http.ts";
import { parseDurationMs } from "../../../model/duration.ts";
import { MillraceError } from "../../../model/errors.ts";
import { hashFile } from "../../../platform/files.ts";
import { documentOf } from "../bodies/document.ts";
import { rowsOfFile } from "../bodies/formatted.ts";
import { valueAt, withValues } from "../bodies/paths.ts";
import { isPlainList, rowsOf } from "../bodies/rows.ts";
import type { Page } from "../paging/pages.ts";
import { type Merged, settingsOf } from "../settings.ts";
import { pause } from "../wire/gate.ts";
import { openSession, type Session, type SessionContext } from "../wire/session.ts";
import { fillAddress, type FillValues, pathsOf } from "./fill.ts";

const EVERY_MS = 1_000;
const EVERY_MAX_MS = 30_000;
const TIMEOUT_MS = 30 * 60_000;
const DOWNLOAD_BYTES_MAX = 20_000_000_000;
const ROWS_PER_PART = 5_000;
const CLEAN_UP_MS = 10_000;

type Step = HttpExport["create"];

export interface ExportRequest {
  readonly merged: Merged;
  readonly spec: HttpExport;
  readonly session: Session;
  readonly context: SessionContext;
  readonly since: unknown;
  readonly resume: Json | undefined;
}

interface ExportPosition {
  readonly created: Json;
  /** Which file, and how many of its parts were taken. */
  readonly file: number;
  readonly parts: number;
  readonly hash: string;
}

export async function* exportPages(request: ExportRequest): AsyncGenerator<Page> {
  const { merged, spec, session, context, since } = request;
  const from = request.resume as unknown as ExportPosition | undefined;
  const values: Record<string, unknown> = {};
  const ask = async (step: Step): Promise<unknown> => jsonAt(session, optionsOf(merged, step), { since, values });
  const folder = await mkdtemp(join(context.tempDir ?? tmpdir(), "http-"));
  try {
    values["created"] = from === undefined ? await ask(spec.create) : from.created;
    const created = kept(spec, values["created"]);
    if (spec.poll !== undefined) values["polled"] = await polled(spec.poll, () => ask(spec.poll!), session);
    const files = spec.download.each === undefined ? [undefined] : valueAt(values["polled"] ?? values["created"], spec.download.each);
    if (!Array.isArray(files)) throw failed(`there is no list at "${spec.download.each}" in the last answer`);
    let number = 0;
    for (const [file, named] of files.entries()) {
      if (from !== undefined && file < from.file) continue;
      const path = join(folder, randomUUID());
      const downloading = { session, context, path, values: named === undefined ? values : { ...values, file: named } };
      const shown = await download(optionsOf(merged, spec.download), downloading);
      const hash = await hashFile(path);
      const skip = from?.file === file ? from.parts : 0;
      if (skip > 0 && hash !== from?.hash) throw failed("the file is another one than before the interruption, so it cannot be continued");
      let parts = 0;
      for await (const rows of partsOf(merged, { path, shown, folder, session, context })) {
        parts += 1;
        if (parts <= skip) continue;
        number += 1;
        const position: ExportPosition = { created, file, parts, hash };
        yield { number, name: `part ${parts} of ${shown}`, rows, body: null, before: undefined, position: position as unknown as Json };
      }
      await rm(path, { force: true });
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
    if (spec.cleanUp !== undefined && values["created"] !== undefined) await cleanUp(request, values);
  }
}

/** Only what later steps name is kept on disk (X2). */
function kept(spec: HttpExport, created: unknown): Json {
  const paths = pathsOf([spec.poll, spec.download, spec.cleanUp], "created");
  const each = spec.poll === undefined && spec.download.each !== undefined ? [spec.download.each] : [];
  return withValues({}, Object.fromEntries([...paths, ...each].map((path) => [path, valueAt(created, path) ?? null]))) as Json;
}

/** A step's request with what the source says for all of them. */
function optionsOf(merged: Merged, step: Step): Merged {
  const { url, method, body, bodyAs, params, headers } = step;
  const { pagination: _pagination, params: _params, body: _body, since, base, ...shared } = merged;
  return {
    ...shared,
    base: base ?? /^https?:\/\/[^/?#]+/i.exec(merged.url ?? "")?.[0],
    url,
    ...(method === undefined ? {} : { method: method as "GET" }),
    ...(body === undefined ? {} : { body }),
    ...(bodyAs === undefined ? {} : { bodyAs }),
    ...(params === undefined ? {} : { params }),
    headers: { ...merged.headers, ...headers },
    ...(step === merged.export?.create && since !== undefined ? { since } : {}),
  };
}

async function jsonAt(
  session: Session,
  options: Merged,
  { since, values }: { readonly since: unknown; readonly values: FillValues },
): Promise<unknown> {
  const settings = { ...settingsOf(options, since, values), format: undefined };
  const { url, method, body } = settings;
  const { answer, shown } = await session.send(settings, { url, method, headers: {}, body });
  if (answer.body.length === 0) return { headers: answer.headers };
  const { body: document } = await documentOf(answer, shown, settings);
  return typeof document === "object" && document !== null && !Array.isArray(document)
    ? { headers: answer.headers, ...document }
    : document;
}

async function polled(spec: NonNullable<HttpExport["poll"]>, look: () => Promise<unknown>, session: Session): Promise<unknown> {
  const timeoutMs = spec.timeout === undefined ? TIMEOUT_MS : (parseDurationMs(spec.timeout) ?? TIMEOUT_MS);
  const fixedMs = spec.every === undefined ? undefined : parseDurationMs(spec.every);
  const startedMs = performance.now();
  for (let waitMs = fixedMs ?? EVERY_MS; ; waitMs = fixedMs ?? Math.min(waitMs * 1.5, EVERY_MAX_MS)) {
    const answer = await look();
    const status = valueAt(answer, spec.status);
    const isOneOf = (list: readonly unknown[] | undefined): boolean => (list ?? []).some((one) => String(one) === String(status));
    if (isOneOf(spec.done)) return answer;
    if (isOneOf(spec.failed)) throw failed(`its status is ${JSON.stringify(status)}`);
    if (status === undefined) throw failed(`the answer has no "${spec.status}"`);
    if (performance.now() - startedMs + waitMs > timeoutMs)
      throw failed(`it is still ${JSON.stringify(status)} after ${timeoutMs / 1_000} s`, { retryable: true });
    await pause(waitMs, session.signal);
  }
}

interface Downloading {
  readonly session: Session;
  readonly context: SessionContext;
  readonly path: string;
  readonly values: FillValues;
}

/** X1. An address on another host than the source's is asked without credentials: a signed one needs none. */
async function download(options: Merged, { session, path, values }: Downloading): Promise<string> {
  const address = fillAddress(options.url!, values);
  const isAbsolute = /^https?:\/\//i.test(address);
  const settings = settingsOf({ ...options, ...(isAbsolute ? { base: undefined } : {}) }, undefined, values);
  const { url, method, body } = settings;
  const { shown } = await session.send(settings, { url, method, headers: {}, body, into: path, bytesMax: DOWNLOAD_BYTES_MAX });
  return shown.split("?")[0]!;
}

interface Downloaded {
  readonly path: string;
  readonly shown: string;
  readonly folder: string;
  readonly session: Session;
  readonly context: SessionContext;
}

async function* partsOf(merged: Merged, { path, shown, folder }: Downloaded): AsyncGenerator<readonly Row[]> {
  const settings = settingsOf({ ...merged, url: "http://unused" });
  const { format = "json", formatOptions, rows: at } = settings;
  if (format !== "json") {
    for await (const part of rowsOfFile(path, { format, formatOptions, types: "infer", shown }, folder)) yield part as readonly Row[];
    return;
  }
  const answer = { status: 200, headers: { "content-type": "application/json" }, body: await readFile(path) };
  const list = rowsOf((await documentOf(answer, shown, settings)).body, at, shown);
  const plain = isPlainList(list);
  const rows = (plain ? list.map((value) => ({ value })) : list) as readonly Row[];
  for (let start = 0; start < rows.length; start += ROWS_PER_PART) yield rows.slice(start, start + ROWS_PER_PART);
}

/** X3. With a session of its own: that of the read may have been aborted. */
async function cleanUp({ merged, spec, context }: ExportRequest, values: FillValues): Promise<void> {
  const own = { ...context, signal: AbortSignal.timeout(CLEAN_UP_MS) };
  try {
    const settings = { ...settingsOf(optionsOf(merged, spec.cleanUp!), undefined, values), attempts: 2 };
    const session = openSession({ ...settings, url: homeOf(merged) }, own);
    try {
      const { url, method, body } = settings;
      await session.send(settings, { url, method, headers: {}, body, repeatable: true });
    } finally {
      session.close();
    }
  } catch (thrown) {
    context.log("warn", `the export was not cleaned up: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
}

/** Whose host gets the credentials. */
export function homeOf(merged: Merged): URL {
  return settingsOf({ ...merged, url: (merged.base ?? merged.url)!.replaceAll(/\{[^{}]*\}/g, "x"), base: undefined, params: {} }).url;
}

function failed(message: string, more: { readonly retryable?: boolean } = {}): MillraceError {
  return new MillraceError({ code: "MR3523", message: `the export: ${message}`, ...more });
}
