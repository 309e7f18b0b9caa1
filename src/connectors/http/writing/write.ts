// Batches of rows to an API.
//   W1. A batch has one idempotency key for all its tries: of the export's token, its number and its contents. A batch that was taken is noted in the
//       project and not sent again; one whose answer was lost is sent again with the same key.
//   W2. Rows that the API refuses are counted and named; more than `tolerate` fail the export, after everything else was sent.
//   W3. A request is repeated only where that can do no harm: with a key, or where the method itself may be repeated (merge, delete).
import { createHash } from "node:crypto";
import type { WriteContext, WriteMode, WriteResult } from "../../../load/connector.ts";
import type { HttpOptions, HttpWrite } from "../../../model/definitions/http.ts";
import { parseSizeBytes } from "../../../model/duration.ts";
import { MillraceError } from "../../../model/errors.ts";
import { parseExact } from "../bodies/json.ts";
import { valueAt } from "../bodies/paths.ts";
import { homeOf } from "../resources/exports.ts";
import { fillAddress } from "../resources/fill.ts";
import { mergeOptions, type Merged, resolveAddress, settingsOf, type HttpSettings } from "../settings.ts";
import type { SharedState } from "../shared/state.ts";
import type { Answer } from "../wire/exchange.ts";
import { shownUrl, withoutSecrets } from "../wire/redact.ts";
import { openSession, type Session } from "../wire/session.ts";
import { statusOf } from "../wire/status.ts";
import { type Batch, batchesOf, halvesOf, wrong } from "./batches.ts";
import { bodyOf } from "./body.ts";

const ROWS = 500;
const BYTES = 1_000_000;
const REFUSED_SHOWN_MAX = 20;
const METHODS = { append: "POST", merge: "PUT", delete: "DELETE" } as const;
const REFUSING = new Set([400, 409, 413, 422]);

interface Writing {
  readonly context: WriteContext;
  readonly spec: HttpWrite;
  readonly act: NonNullable<HttpWrite["append"]>;
  readonly mode: keyof typeof METHODS;
  /** Address with its placeholders. */
  readonly address: string;
  readonly merged: Merged;
  readonly settings: HttpSettings;
  readonly session: Session;
  readonly shared: SharedState;
  /** One request for each row. */
  readonly single: boolean;
  readonly shownRefused: { count: number };
}

export async function writeRows(options: HttpOptions, context: WriteContext): Promise<WriteResult> {
  const merged = mergeOptions(options, context.connections);
  const spec = merged.write ?? {};
  const mode = modeOf(context.mode);
  const act = spec[mode] ?? {};
  // An address of the act is below that of the export.
  const base = act.url === undefined ? merged.base : resolveAddress(merged.url ?? "", merged.base).href;
  const own: Merged = { ...merged, url: act.url ?? merged.url ?? "", base };
  const address = own.url!;
  const single = /\{row\b/.test(address) || JSON.stringify(act.body ?? null).includes('"{row}"');
  const home = { ...settingsOf({ ...own, url: address.replaceAll(/\{[^{}]*\}/g, "x"), body: undefined }), url: homeOf(own) };
  const settings: HttpSettings = { ...home, parallel: spec.parallel ?? 1 };
  const session = openSession(settings, context);
  try {
    const shared = await session.shared();
    const writing: Writing = {
      context,
      spec,
      act,
      mode,
      address,
      merged: own,
      settings,
      session,
      shared,
      single,
      shownRefused: { count: 0 },
    };
    const { rows, refused } = await sendAll(writing);
    assertTolerated(writing, rows, refused);
    const shown = shownUrl(home.url, home.secrets).replace(/\/$/, "");
    const location = act.url === undefined ? shown : `${shown}${act.url.replace(/^(?!\/)/, "/")}`;
    return { rows: rows - refused, refused, locations: [location] };
  } finally {
    session.close();
  }
}

function modeOf(mode: WriteMode): keyof typeof METHODS {
  if (mode === "replace") throw wrong("an API cannot be replaced as a whole; use load: append, merge or delete");
  return mode;
}

async function sendAll(writing: Writing): Promise<{ readonly rows: number; readonly refused: number }> {
  const { context, spec, mode, single } = writing;
  const limits = {
    rowsMax: single ? 1 : (spec.rows ?? ROWS),
    bytesMax: spec.bytes === undefined ? BYTES : (parseSizeBytes(spec.bytes) ?? BYTES),
    columns: mode === "delete" ? context.key : undefined,
  };
  const underWay = new Set<Promise<void>>();
  let [rows, refused] = [0, 0];
  let failure: unknown;
  for await (const batch of batchesOf(context.connection, context.query, limits)) {
    if (failure !== undefined) break;
    rows += batch.rows.length;
    const sending = deliver(writing, batch)
      .then(
        (count) => void (refused += count),
        (thrown: unknown) => void (failure ??= thrown),
      )
      .finally(() => underWay.delete(sending));
    underWay.add(sending);
    if (underWay.size >= (spec.parallel ?? 1)) await Promise.race(underWay);
  }
  await Promise.all(underWay);
  if (failure !== undefined) throw failure;
  return { rows, refused };
}

/** How many of its rows were refused. W1. */
async function deliver(writing: Writing, batch: Batch): Promise<number> {
  const { shared, context } = writing;
  const known = shared.refusedOf(context.token, batch.name);
  if (known !== undefined) return known;
  const refused = await send(writing, batch);
  shared.noteSent(context.token, batch.name, refused);
  return refused;
}

async function send(writing: Writing, batch: Batch): Promise<number> {
  const { context, spec, act, mode, address, merged, settings, session, single } = writing;
  const { body, type } = bodyOf({ rows: batch.rows, format: spec.format ?? "json", template: act.body ?? merged.body, single });
  const url = single ? addressOf(writing, batch) : settingsOf({ ...merged, url: address, body: undefined }).url;
  const header = spec.idempotencyHeader ?? "Idempotency-Key";
  const key = createHash("sha256").update(`${context.token}\n${batch.name}`).digest("hex").slice(0, 32);
  const method = act.method ?? METHODS[mode];
  const hasBody = method !== "DELETE" || !single;
  try {
    const { answer } = await session.send(settings, {
      url,
      method,
      headers: { "content-type": type, ...(header === false ? {} : { [header.toLowerCase()]: key }) },
      body: hasBody ? body : undefined,
      repeatable: header !== false || mode !== "append",
    });
    return refusedIn(writing, batch, answer);
  } catch (thrown) {
    const status = statusOf(thrown) ?? 0;
    // What is to go and is not there is gone.
    if (mode === "delete" && single && (status === 404 || status === 410)) return 0;
    if (spec.refused?.split !== true || !REFUSING.has(status)) throw thrown;
    if (batch.rows.length === 1) return tell(writing, batch.before, thrown instanceof Error ? thrown.message : "");
    let refused = 0;
    for (const half of halvesOf(batch)) refused += await deliver(writing, half);
    return refused;
  }
}

function addressOf({ address, merged, settings }: Writing, { rows }: Batch): URL {
  const url = resolveAddress(fillAddress(address, { row: rows[0] }), merged.base ?? settings.url.href);
  for (const [name, value] of Object.entries(merged.params ?? {})) url.searchParams.set(name, String(value));
  return url;
}

/** W2. */
function refusedIn(writing: Writing, batch: Batch, answer: Answer): number {
  const { spec } = writing;
  if (spec.refused?.path === undefined || answer.body.length === 0) return 0;
  let document: unknown;
  try {
    document = parseExact(answer.body.toString("utf8"));
  } catch {
    return 0;
  }
  const list = valueAt(document, spec.refused.path);
  if (!Array.isArray(list)) return 0;
  let refused = 0;
  for (const entry of list) {
    const index = Number(valueAt(entry, spec.refused.index ?? "index"));
    const message = valueAt(entry, spec.refused.message ?? "message");
    const words = typeof message === "string" ? message : (JSON.stringify(message ?? entry) ?? "");
    refused += tell(writing, batch.before + (Number.isInteger(index) ? index : 0), words);
  }
  return Math.min(refused, batch.rows.length);
}

function tell({ context, settings, shownRefused }: Writing, place: number, words: string): 1 {
  shownRefused.count += 1;
  if (shownRefused.count <= REFUSED_SHOWN_MAX)
    context.log("warn", `row ${place + 1} was refused: ${withoutSecrets(words, settings.secrets).slice(0, 300)}`);
  return 1;
}

function assertTolerated({ spec, settings }: Writing, rows: number, refused: number): void {
  if (refused === 0) return;
  const { tolerate = 0 } = spec;
  const most = typeof tolerate === "number" ? tolerate : Math.floor((rows * Number.parseFloat(tolerate)) / 100);
  if (refused <= most) return;
  throw new MillraceError({
    code: "MR3530",
    message: `${shownUrl(settings.url, settings.secrets)} refused ${refused} of ${rows} rows; ${most} are tolerated`,
    hint: "the log names them; the others were taken",
  });
}
