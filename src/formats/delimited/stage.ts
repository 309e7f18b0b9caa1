// Reads one delimited file into a table and proves that nothing was lost, merged or invented:
//   detect (samples) → DuckDB loads the original while the audit reads every byte → the sums must agree, else the next road is tried:
//   the body on its own or the patched copy, then a copy rewritten so that nothing in it is left to interpret.
// A table is returned only with its proof; otherwise MR3001 names what differed. There is no third outcome.
import { copyFile, mkdtemp, readFile, rm, stat, symlink } from "node:fs/promises";
import { createReadStream, createWriteStream, mkdtempSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { MillraceError } from "../../model/errors.ts";
import { ident, literal } from "../../sql/text.ts";
import type { ColumnReading, LineOrigin, StagedColumn, StagedFile, StageRequest } from "../format.ts";
import { ColumnForms } from "../types/forms.ts";
import { inferType, textType, type InferredType } from "../types/infer.ts";
import type { AuditResult } from "./accounts.ts";
import type { AuditTask } from "./audit.ts";
import { detect, type Hypothesis } from "./detect.ts";
import { CR, LF, PLAIN } from "./dialect.ts";
import type { Encoding } from "./encoding.ts";
import { attempt, differenceOf, requireOrder, type LoadColumn, type LoadRequest, type LoadRoad } from "./load.ts";
import { delimitedOptions, type DelimitedOptions } from "./options.ts";
import { NullWords } from "./null-words.ts";
import { runAudit } from "./run-audit.ts";
import { FIELDS_MAX } from "./scanner.ts";
import { sampleBlocks } from "./sample.ts";
import { asUtf8, encodingOf, spill, type TextSource } from "./source.ts";
import { emptyFile } from "./empty.ts";
import { AuditedRows } from "./together.ts";
import { understandingOf } from "./understanding.ts";

/** Larger files are loaded while they are audited. */
const DEFERRED_BYTES_MAX = 1 << 20;

/** Stages a file. Throws MR3001–MR3007, MR3106. */
export async function stage(request: StageRequest): Promise<StagedFile> {
  const options = delimitedOptions.parse(request.options);
  const scratch = mkdtempSync(join(request.tempDir, "delimited-"));
  const interrupt = (): void => request.connection.interrupt();
  request.signal?.addEventListener("abort", interrupt);
  try {
    const before = await stat(request.path);
    const encoding = await encodingOf(request.path, request.name, options.encoding);
    const staged = await stageEncoded(request, options, { scratch, sizeBytes: before.size }, encoding);
    const after = await stat(request.path);
    if (before.size !== after.size || before.mtimeMs !== after.mtimeMs)
      throw new MillraceError({ code: "MR3106", message: `${request.name} changed while it was read`, retryable: true });
    return staged;
  } finally {
    request.signal?.removeEventListener("abort", interrupt);
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Stages what a stream gives (a decompressed file, a body): it is spilled to the temporary folder first, since a proof reads it more than once. */
export async function stageStream(stream: Readable, request: Omit<StageRequest, "path">): Promise<StagedFile> {
  const folder = await mkdtemp(join(request.tempDir, "stream-"));
  try {
    const path = join(folder, "spilled");
    await spill(stream, path, request.signal);
    return await stage({ ...request, path });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Workplace {
  readonly scratch: string;
  readonly sizeBytes: number;
}

async function stageEncoded(
  request: StageRequest,
  options: DelimitedOptions,
  { scratch, sizeBytes }: Workplace,
  encoding: Encoding,
): Promise<StagedFile> {
  const source = await asUtf8(request.path, request.name, encoding, scratch);
  if (source.sizeBytes <= source.markBytes) return emptyFile(request, encoding, sizeBytes);
  const blocks = await sampleBlocks(source.path, source.markBytes);
  const found = detect(blocks, options);
  refuseHiddenDelimiter(request.name, found);
  if (found.width > FIELDS_MAX)
    throw new MillraceError({
      code: "MR3001",
      message: `${request.name} has ${found.width} columns; the most that can be read is ${FIELDS_MAX}`,
    });
  const task: AuditTask = {
    path: source.path,
    bodyStart: source.markBytes + found.bodyStart,
    bodyLine: found.bodyLine,
    dialect: found.dialect,
    width: found.width,
    profile: found.profile,
    shortRowsUsual: found.shortRowsUsual,
    header: found.headerRows === 1 ? found.columns.map((column) => column.label) : null,
    textColumns: found.columns.flatMap((column, index) => (readingOf(request, column) === "text" ? [index] : [])),
    nulls: options.nulls ?? [],
    comment: options.comment ?? null,
    repair: request.repair,
    isRewriting: false,
    wantsHash: source.hash === null,
    patchPath: join(scratch, "patched"),
    notesPath: join(scratch, "notes"),
  };
  const { audit, columns, road, deferred } = await loadProven(request, { found, source, task, scratch });
  if (
    audit.invalidLines > 0 &&
    audit.validMultibyte === 0 &&
    options.encoding === undefined &&
    source.markBytes === 0 &&
    encoding.name === "utf-8"
  )
    return stageEncoded(
      request,
      options,
      { scratch, sizeBytes },
      { name: "windows-1252", markBytes: 0, confidence: 0.7, why: "bytes that are not UTF-8 further down in the file" },
    );
  if (found.isOneColumn && found.sampleRecords === 0 && audit.rows > 0 && options.delimiter === undefined)
    throw new MillraceError({ code: "MR3002", message: `${request.name}: its samples are blank, so nothing tells the delimiter` });
  const rejected = audit.quarantinedRecords + audit.repairedRecords;
  if (rejected > 0) await loadRejected(request, task.notesPath);
  return {
    rows: audit.rows,
    columns: columns.map(({ name, type }, index): StagedColumn => {
      const label = found.columns[index]?.label ?? name;
      return { name, label, type: type.type, exactText: type.exactText, why: type.why };
    }),
    origins: originsOf(audit.originPairs),
    hasRejected: rejected > 0,
    records: { read: audit.rows + audit.quarantinedRecords, quarantined: audit.quarantinedRecords, repaired: audit.repairedRecords },
    lines: {
      total: found.bodyLine + audit.physicalLines,
      header: found.headerRows === 0 ? 0 : found.bodyLine - found.headerLine,
      preamble: (found.headerRows === 0 ? found.bodyLine : found.headerLine) + audit.commentLines,
      blank: audit.blankLines,
    },
    sizeBytes,
    hash: source.hash ?? audit.hash,
    understood: understandingOf({ found, encoding, head: blocks[0], audit, road }),
    ...(deferred === undefined ? {} : { deferred }),
  };
}

interface Attempt {
  readonly found: Hypothesis;
  readonly source: TextSource;
  readonly task: AuditTask;
  readonly scratch: string;
}

interface Proven {
  readonly audit: AuditResult;
  readonly columns: readonly LoadColumn[];
  readonly road: string;
  readonly deferred?: AuditedRows;
}

/** Each road is tried only if the one before could not be proven. */
async function loadProven(request: StageRequest, { found, source, task, scratch }: Attempt): Promise<Proven> {
  const { signal } = request;
  // Optimistic: the original is loaded while the audit runs, unless the samples have shown already that it will not do.
  const isHopeful = !found.lineEnds.isMixed && task.comment === null && !found.isBroken;
  const mayDefer = isHopeful && request.mayDefer === true && source.sizeBytes <= DEFERRED_BYTES_MAX;
  const before = mayDefer ? await runAudit(task, signal) : null;
  if (before !== null && isSound(before)) {
    const columns = columnsOf(request, found, before.forms);
    const body = await bodyOf(source.path, task);
    const deferred = new AuditedRows({ body, dialect: task.dialect, columns, nulls: task.nulls, sums: before });
    return { audit: before, columns, road: "the body, beside those of other files", deferred };
  }
  await requireOrder(request.connection, request.name);
  const guess = columnsOf(request, found, guessForms(found, task));
  const toLoad = (columns: readonly LoadColumn[]): LoadRequest => ({
    connection: request.connection,
    into: request.into,
    columns,
    nulls: task.nulls,
  });
  const original: LoadRoad = { path: await safePath(source.path, scratch), dialect: found.dialect, skipLines: found.bodyLine };
  const isTried = isHopeful && before === null;
  const [audited, early] = await Promise.allSettled([
    before ?? runAudit(task, signal),
    isTried ? attempt(toLoad(guess), original) : "not tried",
  ]);
  signal?.throwIfAborted();
  if (audited.status === "rejected") throw audited.reason;
  if (early.status === "rejected") throw early.reason;
  const audit = audited.value;
  const columns = columnsOf(request, found, audit.forms);
  const isGuessRight = columns.every(
    ({ type }, index) => type.type === guess[index]?.type.type && type.pattern === guess[index]?.type.pattern,
  );
  const failures: string[] = [];
  const prove = async (road: LoadRoad | null): Promise<boolean> => {
    const failure = road === null ? early.value : await attempt(toLoad(columns), road);
    signal?.throwIfAborted();
    const difference = failure ?? (await differenceOf(toLoad(columns), audit));
    if (difference !== null) failures.push(difference);
    return difference === null;
  };
  const done = (road: string): Proven => ({ audit, columns, road });
  if (audit.isPatched) {
    if (await prove({ ...original, path: task.patchPath, skipLines: 0 })) return done("patched copy");
  } else {
    if (isGuessRight && isTried && (await prove(null))) return done("original file");
    if ((!isGuessRight || before !== null) && (await prove(original))) return done("original file");
    await copyBody(source.path, task.bodyStart, task.patchPath);
    if (await prove({ ...original, path: task.patchPath, skipLines: 0 })) return done("copy of the body");
  }
  await runAudit({ ...task, isRewriting: true, wantsHash: false }, signal);
  if (await prove({ path: task.patchPath, dialect: PLAIN, skipLines: 0 })) return done("rewritten copy");
  throw new MillraceError({
    code: "MR3001",
    message: `${request.name} cannot be read without loss: ${failures.at(-1) ?? ""}`,
    hint: `Understood as delimiter ${JSON.stringify(found.dialect.delimiter)}, quote ${JSON.stringify(found.dialect.quote)}, ${found.width} columns; pin what is wrong.`,
  });
}

/** Nothing was repaired, set aside or passed over, so that the bytes can stand behind those of another file. */
function isSound({ isPatched, quarantinedRecords, repairedRecords, commentLines, invalidLines }: AuditResult): boolean {
  return !isPatched && quarantinedRecords === 0 && repairedRecords === 0 && commentLines === 0 && invalidLines === 0;
}

/** The rows' bytes with a line end behind the last. */
async function bodyOf(path: string, { bodyStart, dialect }: AuditTask): Promise<Buffer> {
  const bytes = await readFile(path);
  const body = bytes.subarray(bodyStart);
  const last = body.at(-1);
  const isEnded = body.length === 0 || last === LF || (dialect.newline === "\r" && last === CR);
  return isEnded ? body : Buffer.concat([body, Buffer.from(dialect.newline)]);
}

function readingOf(request: StageRequest, column: { readonly name: string; readonly label: string }): ColumnReading {
  return request.columns.get(column.name) ?? request.columns.get(column.label.trim()) ?? request.otherwise;
}

function columnsOf(request: StageRequest, found: Hypothesis, forms: ColumnForms): LoadColumn[] {
  return found.columns.map((column, index) => {
    const type: InferredType = readingOf(request, column) === "text" ? textType("read as text") : inferType(forms, index);
    return { name: column.name, type };
  });
}

/** What the sound rows of the samples have in common. */
export function guessForms(
  found: Hypothesis,
  pins: { readonly textColumns: readonly number[]; readonly nulls: readonly string[] },
): ColumnForms {
  const forms = new ColumnForms(found.width);
  const nulls = new NullWords(pins.nulls);
  for (const column of pins.textColumns) forms.giveUp(column);
  for (const row of found.sampleRows)
    for (const [column, text] of row.entries()) {
      const cell = Buffer.from(text);
      if (cell.length > 0 && !nulls.has(cell, 0, cell.length)) forms.see(column, cell, 0, cell.length);
    }
  return forms;
}

/** One column although most lines hold a delimiter: the reader has lost its way, and says so. */
function refuseHiddenDelimiter(name: string, found: Hypothesis): void {
  if (!found.isOneColumn || found.rival === null) return;
  throw new MillraceError({
    code: "MR3002",
    message: `${name}: no delimiter gives the lines one width, though most lines hold ${JSON.stringify(found.rival.dialect.delimiter)}`,
    hint: `Write \`delimiter: ${JSON.stringify(found.rival.dialect.delimiter)}\`, or \`delimiter: none\` for one column.`,
  });
}

/** DuckDB takes `*`, `?`, `[` and `{` in a path for a pattern. */
async function safePath(path: string, scratch: string): Promise<string> {
  const absolute = resolve(path);
  if (!/[*?[\]{}]/.test(absolute)) return absolute;
  const link = join(scratch, "original");
  await symlink(absolute, link).catch(() => copyFile(absolute, link));
  return link;
}

async function copyBody(path: string, bodyStart: number, to: string): Promise<void> {
  await pipeline(createReadStream(path, { start: bodyStart }), createWriteStream(to));
}

const NOTE_BYTES_MAX = 1 << 20;

async function loadRejected({ connection, rejectedInto }: StageRequest, notesPath: string): Promise<void> {
  const columns = { kind: "VARCHAR", line: "BIGINT", lines: "BIGINT", rule: "VARCHAR", reason: "VARCHAR", raw: "VARCHAR" };
  const list = Object.entries(columns).map(([name, type]) => `${ident(name)}:${literal(type)}`);
  await connection.run(
    `CREATE OR REPLACE TABLE ${rejectedInto} AS SELECT * FROM read_json(${literal(notesPath)}, format='newline_delimited', compression='uncompressed', ` +
      `columns={${list.join(", ")}}, maximum_object_size=${NOTE_BYTES_MAX})`,
  );
}

function originsOf(pairs: Float64Array): LineOrigin[] {
  return Array.from({ length: pairs.length / 2 }, (_, index) => ({ firstRow: pairs[2 * index] ?? 0, line: pairs[2 * index + 1] ?? 0 }));
}
