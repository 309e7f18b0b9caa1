// NDJSON (JSON lines): one record a line. DuckDB reads the file while a thread of ours checks every byte of it; the guess that DuckDB began with
// is kept only when the whole file bears it out.
import { stat } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { hashFile, withTempFolder } from "../../platform/files.ts";
import { plainPath } from "../../platform/plain-path.ts";
import type { Format, StagedFile, StageRequest } from "../format.ts";
import { asUtf8 } from "./encoding.ts";
import { loadAsIs } from "./load.ts";
import { scanLines, type JsonScan } from "./scan.ts";
import { planRecords, staged, stageRecords, type RecordPlan } from "./stage.ts";
import { work } from "./work.ts";

/** Lines that the first guess is made from. */
const GUESS_LINES_MAX = 2000;
/** Below this, reading the file twice costs less than guessing. */
const GUESS_BYTES_MIN = 4 << 20;

export const ndjson: Format = {
  name: "ndjson",
  summary: "JSON lines: one record a line",
  extensions: [".ndjson", ".jsonl", ".ldjson"],
  options: z.strictObject({}),
  stage: (request) => withTempFolder(request.tempDir, (temp) => stageLines(request, temp)),
  peek: (request) =>
    withTempFolder(request.tempDir, async (temp) => {
      const { path } = await asUtf8(request.path, join(temp, "utf8.ndjson"));
      const scan = scanLines(path, GUESS_LINES_MAX);
      return scan.records === 0 ? [] : staged(planRecords(scan, { columns: new Map(), otherwise: "infer" }).columns);
    }),
};

async function stageLines(request: StageRequest, temp: string): Promise<StagedFile> {
  const utf8 = await asUtf8(request.path, join(temp, "utf8.ndjson"));
  const path = await plainPath(utf8.path, temp);
  const { size } = await stat(path);
  const guessing = size < GUESS_BYTES_MIN ? Promise.resolve(null) : loadGuess(request, path);
  const scan = await work("lines", { path }, size, request.signal).catch(async (error: unknown) => {
    // What DuckDB has begun ends before the file and the table go away.
    request.connection.interrupt();
    await guessing;
    await request.connection.run(`drop table if exists ${request.into}`);
    throw error;
  });
  const guess = await guessing;
  const plan = planRecords(scan, request);
  const isLoaded = guess !== null && isSame(guess, plan);
  if (!isLoaded) await request.connection.run(`drop table if exists ${request.into}`);
  const understood = { format: "ndjson", encoding: utf8.encoding };
  const result = await stageRecords(request, { path, scan, plan, stood: null, isLoaded, understood }, temp);
  const [sizeBytes, hash] = utf8.isCopy ? [(await stat(request.path)).size, await hashFile(request.path)] : [scan.sizeBytes, scan.hash];
  return { ...result, lines: linesOf(scan), sizeBytes, hash };
}

/** Loads with the types of the first lines; null when that fails (then the scan tells why). */
async function loadGuess(request: StageRequest, path: string): Promise<RecordPlan | null> {
  try {
    const scan = scanLines(path, GUESS_LINES_MAX);
    const plan = planRecords(scan, request);
    if (plan.needsRewrite) return null;
    await loadAsIs(request.connection, request.into, path, plan.columns, scan.longestBytes);
    return plan;
  } catch {
    return null;
  }
}

function isSame(guess: RecordPlan, plan: RecordPlan): boolean {
  if (guess.needsRewrite || plan.needsRewrite || guess.columns.length !== plan.columns.length) return false;
  return plan.columns.every((column, index) => column.key === guess.columns[index]?.key && column.type === guess.columns[index]?.type);
}

function linesOf(scan: JsonScan): StagedFile["lines"] {
  return { total: scan.lines, header: 0, preamble: 0, blank: scan.blank };
}
