// JSON documents: a list of records, one record, or a list somewhere inside (`rows: data.items`). A document that is wrong anywhere gives no row at all:
// it is set aside whole, as one record, or refused (`invalid: fail`).
import { open, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { MillraceError } from "../../model/errors.ts";
import { hashFile, withTempFolder } from "../../platform/files.ts";
import { plainPath } from "../../platform/plain-path.ts";
import type { Format, RejectedColumns, StagedFile, StageRequest } from "../format.ts";
import type { DocumentScan } from "./document.ts";
import { asUtf8, type Utf8File } from "./encoding.ts";
import { createEmpty, loadRejected } from "./load.ts";
import { RAW_BYTES_MAX, rawText } from "./raw.ts";
import { planRecords, staged, stageRecords } from "./stage.ts";
import { work } from "./work.ts";

/** Of a document, for a guess at its columns. */
const PEEK_BYTES = 2 << 20;

const options = z.strictObject({
  rows: z.string().optional().describe("way to the list of records in the document: data.items in JSON, /root/items/item in XML"),
  invalid: z.enum(["quarantine", "fail"]).optional().describe("what happens to a document that is no JSON (default: quarantine)"),
});

export const json: Format = {
  name: "json",
  summary: "JSON documents: a list of records, one record, or a list inside",
  extensions: [".json"],
  options,
  stage: (request) => withTempFolder(request.tempDir, (temp) => stageDocument(request, temp)),
  peek: (request) =>
    withTempFolder(request.tempDir, async (temp) => {
      const utf8 = await asUtf8(request.path, join(temp, "utf8.json"));
      const beginning = join(temp, "beginning.json");
      await writeFile(beginning, await readBeginning(utf8.path));
      // The beginning of a document is no document; the records in it tell what there is to tell.
      const { scan } = await readDocument({ ...request, path: beginning }, temp, undefined);
      return scan.records === 0 ? [] : staged(planRecords(scan, { columns: new Map(), otherwise: "infer" }).columns);
    }),
};

/** The first PEEK_BYTES, without a character that is cut at their end. */
async function readBeginning(path: string): Promise<Buffer> {
  const file = await open(path, "r");
  try {
    const bytes = Buffer.alloc(PEEK_BYTES);
    let { bytesRead: end } = await file.read(bytes, 0, PEEK_BYTES, 0);
    while (end > 0 && (bytes[end - 1] ?? 0) >= 0x80) end--;
    return bytes.subarray(0, end);
  } finally {
    await file.close();
  }
}

interface ReadDocument {
  readonly utf8: Utf8File;
  readonly copy: string;
  readonly scan: DocumentScan;
}

async function readDocument(
  request: Pick<StageRequest, "path" | "options">,
  temp: string,
  signal: AbortSignal | undefined,
): Promise<ReadDocument> {
  const { rows } = options.parse(request.options);
  const utf8 = await asUtf8(request.path, join(temp, "utf8.json"));
  const copy = join(temp, "records.ndjson");
  const { size } = await stat(utf8.path);
  const way = rows === undefined || rows === "" ? [] : rows.split(".");
  return { utf8, copy, scan: await work("document", { path: utf8.path, copy, rows: way }, size, signal) };
}

async function stageDocument(request: StageRequest, temp: string): Promise<StagedFile> {
  const { utf8, copy, scan } = await readDocument(request, temp, request.signal);
  if (scan.invalid !== null) return setAside(request, scan, scan.invalid, temp);
  const plan = planRecords({ ...scan, hasBom: false }, request);
  const path = await plainPath(copy, temp);
  const stood = scan.origins;
  const understood = { format: "json", encoding: utf8.encoding };
  const result = await stageRecords(request, { path, scan, plan, stood, isLoaded: false, understood }, temp);
  const [sizeBytes, hash] = utf8.isCopy ? [(await stat(request.path)).size, await hashFile(request.path)] : [scan.sizeBytes, scan.hash];
  return { ...result, lines: null, sizeBytes, hash };
}

/** The whole document as one quarantined record. Throws MR3120 when it is refused, or too large to be kept as a record. */
async function setAside(
  request: StageRequest,
  scan: DocumentScan,
  wrong: { line: number; reason: string },
  temp: string,
): Promise<StagedFile> {
  const isTooLarge = scan.sizeBytes > RAW_BYTES_MAX;
  if (isTooLarge || options.parse(request.options).invalid === "fail") {
    throw new MillraceError({
      code: "MR3120",
      message: `${request.name} is no valid JSON: line ${wrong.line}: ${wrong.reason}`,
      location: { file: request.name, line: wrong.line, column: 1 },
      ...(isTooLarge ? { hint: `a document of more than ${RAW_BYTES_MAX >> 20} MB cannot be set aside as a record` } : {}),
    });
  }
  const bytes = await readFile(request.path);
  const reason = `the document is no valid JSON: ${wrong.reason}`;
  const raw = rawText(bytes, 0, bytes.length, isText(bytes) ? "utf8" : "bytes");
  const row: RejectedColumns = { kind: "quarantined", line: wrong.line, lines: scan.lines, rule: "invalidJson", reason, raw };
  const rejected = join(temp, "rejected.ndjson");
  const text = JSON.stringify(row);
  await writeFile(rejected, `${text}\n`);
  await createEmpty(request.connection, request.into);
  await loadRejected(request.connection, request.rejectedInto, rejected, text.length * 3);
  return {
    rows: 0,
    columns: [],
    origins: [],
    hasRejected: true,
    records: { read: 1, quarantined: 1, repaired: 0 },
    lines: null,
    sizeBytes: bytes.length,
    hash: await hashFile(request.path),
    understood: {
      format: "json",
      compression: "none",
      confidence: 1,
      doubts: [`line ${wrong.line}: ${wrong.reason}`],
      warnings: ["the document is no valid JSON and was set aside whole"],
      road: "none",
    },
  };
}

function isText(bytes: Buffer): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}
