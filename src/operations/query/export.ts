// The rows of a query as a file to keep: written beside, never held in memory, fetched by its name for some minutes, then removed.
import { randomUUID } from "node:crypto";
import { createWriteStream, rmSync, statSync } from "node:fs";
import { once } from "node:events";
import { join } from "node:path";
import { realClock } from "../../engine/clock.ts";
import type { JsonValue } from "../../model/answers.ts";
import { MillraceError } from "../../model/errors.ts";
import type { ExportFormat, QueryExportAnswer } from "../../model/query-answers.ts";
import { renderCsv } from "../../platform/csv.ts";
import type { Session } from "../../sql/session.ts";
import { literal } from "../../sql/text.ts";
import { readRowChunks } from "../../sql/values.ts";
import { warehouseToRead } from "../functions/install.ts";
import type { Workspace } from "../workspace.ts";
import { reading } from "./console.ts";
import { boundedQuery, newQueryId, QUERY_BOUNDS } from "./running.ts";

export interface QueryExportRequest {
  readonly sql: string;
  readonly format: ExportFormat;
  readonly query?: string;
}

export interface QueryFile {
  readonly path: string;
  readonly name: string;
  readonly type: string;
  readonly bytes: number;
}

const SECONDS_MAX = 600;
const BYTES_MAX = 4_000_000_000;
const KEPT_MS = 15 * 60_000;
const KEPT_MAX = 20;
const LOOK_EVERY_MS = 500;
const TYPES: Readonly<Record<ExportFormat, string>> = {
  csv: "text/csv; charset=utf-8",
  json: "application/json",
  ndjson: "application/x-ndjson",
  parquet: "application/vnd.apache.parquet",
};

const kept = new Map<string, { readonly file: QueryFile; readonly until: number }>();

/** @throws as `runConsoleQuery`; MR8146 when the file becomes too large */
export async function exportQuery(workspace: Workspace, { sql, format, query }: QueryExportRequest): Promise<QueryExportAnswer> {
  const { id, path } = fileToKeep(workspace, format);
  const warehouse = await warehouseToRead(workspace);
  const tooLarge = new AbortController();
  const signal = AbortSignal.any([workspace.signal, tooLarge.signal]);
  const unwatch = watchSize(path, (error) => tooLarge.abort(error));
  const bounds = { ...QUERY_BOUNDS, secondsMax: SECONDS_MAX };
  try {
    const rows = await boundedQuery(warehouse, { id: query ?? newQueryId(), bounds, signal }, (session) =>
      reading(
        session,
        sql,
        () => (format === "parquet" ? writeParquet(session, sql, path) : writeText(session, { sql, format, path, signal })),
        "refused",
      ),
    );
    return keepFile({ id, path, format, rows, of: "query" });
  } catch (error) {
    rmSync(path, { force: true });
    throw tooLarge.signal.aborted ? tooLarge.signal.reason : error;
  } finally {
    unwatch();
  }
}

export function fileToKeep(workspace: Workspace, format: ExportFormat): { readonly id: string; readonly path: string } {
  const id = `x_${randomUUID().replaceAll("-", "")}`;
  return { id, path: join(workspace.tempDir(), `${id}.${format}`) };
}

interface Written {
  readonly id: string;
  readonly path: string;
  readonly format: ExportFormat;
  readonly rows: number | null;
  /** The name of the file begins with it. */
  readonly of: string;
}

/** From now on it can be fetched, for a while. */
export function keepFile({ id, path, format, rows, of }: Written): QueryExportAnswer {
  const name = `${of}-${new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, "")}.${format}`;
  const bytes = statSync(path).size;
  const until = Date.now() + KEPT_MS;
  kept.set(id, { file: { path, name, type: TYPES[format], bytes }, until });
  dropOld();
  return { export: id, format, rows, bytes, name, expiresAt: new Date(until).toISOString() };
}

/** @throws MR8146 when it is gone */
export function queryFile(id: string): QueryFile {
  dropOld();
  const file = kept.get(id);
  if (file === undefined) throw new MillraceError({ code: "MR8146", message: "this export is gone", hint: "export again" });
  return file.file;
}

/** What is old, or too much, goes when the next one is kept or asked for; what is left goes with the folder for temporary files. */
function dropOld(): void {
  const late = [...kept].filter(([, { until }], index) => until < Date.now() || index < kept.size - KEPT_MAX);
  for (const [id, { file }] of late) {
    kept.delete(id);
    rmSync(file.path, { force: true });
  }
}

async function writeParquet(session: Session, sql: string, path: string): Promise<number | null> {
  return session.run(`copy (${sql.replace(/[\s;]+$/, "")}\n) to ${literal(path)} (format parquet)`);
}

interface TextRequest {
  readonly sql: string;
  readonly format: Exclude<ExportFormat, "parquet">;
  readonly path: string;
  readonly signal: AbortSignal;
}

async function writeText(session: Session, { sql, format, path, signal }: TextRequest): Promise<number> {
  const result = await session.connection.stream(sql);
  const names = result.deduplicatedColumnNames();
  const file = createWriteStream(path, { signal });
  const failed = new Promise<never>((_, reject) => file.once("error", reject));
  failed.catch(() => {}); // heard below
  const write = async (text: string): Promise<void> => {
    if (!file.write(text)) await Promise.race([once(file, "drain"), failed]);
  };
  const objects = (rows: readonly (readonly JsonValue[])[]): readonly string[] =>
    rows.map((row) => JSON.stringify(Object.fromEntries(names.map((name, index) => [name, row[index]!]))));
  let count = 0;
  if (format === "csv") await write(`${renderCsv([names])}\n`);
  if (format === "json") await write("[");
  for await (const rows of readRowChunks(result)) {
    if (format === "csv") await write(`${renderCsv(rows)}\n`);
    else if (format === "ndjson") await write(`${objects(rows).join("\n")}\n`);
    else await write(`${count === 0 ? "\n" : ",\n"}${objects(rows).join(",\n")}`);
    count += rows.length;
  }
  if (format === "json") await write("\n]\n");
  file.end();
  await Promise.race([once(file, "finish"), failed]);
  return count;
}

function watchSize(path: string, tooLarge: (error: MillraceError) => void): () => void {
  let cancel = (): void => {};
  const look = (): void => {
    const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    if (size > BYTES_MAX)
      return tooLarge(
        new MillraceError({
          code: "MR8146",
          message: `the export is larger than ${BYTES_MAX / 1e9} GB`,
          hint: "make an export of it: exports/NAME.yaml",
        }),
      );
    cancel = realClock.after(LOOK_EVERY_MS, look);
  };
  cancel = realClock.after(LOOK_EVERY_MS, look);
  return () => cancel();
}
