// Bodies that are files of other formats (CSV, XML, Parquet …): read by the readers of src/formats in a DuckDB of their own, and handed on as rows.
// What such a reader rejects is handed on as its raw text, which the loader puts into quarantine.
import type { DuckDBConnection } from "@duckdb/node-api";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Format, StagedColumn } from "../../../formats/format.ts";
import { compressionOf, expandFile } from "../../../formats/compression/index.ts";
import { formats } from "../../../formats/index.ts";
import { MillraceError } from "../../../model/errors.ts";
import { parseExact } from "./json.ts";

const ROWS_PER_CHUNK = 5_000;

export interface FormattedRequest {
  readonly format: string;
  readonly formatOptions: Readonly<Record<string, unknown>>;
  /** Infer types: right for a whole file, wrong for one of many pages, whose types would differ. Default: text. */
  readonly types?: "infer" | "text";
  readonly shown: string;
  readonly tempDir?: string;
}

export function formatNamed(name: string): Format | undefined {
  return (formats as Readonly<Record<string, Format>>)[name];
}

export async function rowsOfBytes(bytes: Buffer, request: FormattedRequest): Promise<readonly unknown[]> {
  const folder = await mkdtemp(join(request.tempDir ?? tmpdir(), "http-"));
  try {
    const path = join(folder, "body");
    await writeFile(path, bytes, { mode: 0o600 });
    const rows: unknown[] = [];
    for await (const chunk of rowsOfFile(path, request, folder)) rows.push(...chunk);
    return rows;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Rows in chunks that are the same each time the same file is read. @throws what the reader throws; MR3516 for a format that is not there. */
export async function* rowsOfFile(path: string, request: FormattedRequest, folder: string): AsyncGenerator<readonly unknown[]> {
  const format = formatNamed(request.format);
  if (format === undefined) throw new MillraceError({ code: "MR3515", message: `http: no format is named ${request.format}` });
  const compression = compressionOf(path);
  const plain = compression === "none" ? path : `${path}.expanded`;
  if (compression !== "none")
    await expandFile({ path, name: request.shown, compression, into: plain, expandedBytesMax: undefined, signal: undefined });
  const { DuckDBInstance } = await import("@duckdb/node-api");
  const instance = await DuckDBInstance.create(":memory:", { threads: "1" });
  const connection = await instance.connect();
  try {
    const staged = await format.stage({
      connection,
      path: plain,
      name: request.shown,
      into: "body",
      rejectedInto: "rejected",
      columns: new Map(),
      otherwise: request.types ?? "text",
      repair: "note",
      options: format.options.parse(request.formatOptions) as Readonly<Record<string, unknown>>,
      tempDir: folder,
    });
    yield* chunksOf(connection, `select to_json(b)::varchar as row from body b order by rowid`, (row) =>
      relabelled(parseExact(row) as Record<string, unknown>, staged.columns),
    );
    if (staged.hasRejected) yield* chunksOf(connection, `select raw as row from rejected where kind = 'quarantined'`, (raw) => raw);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** Under the labels of the file, where they are names: what the loader would see of a file. */
function relabelled(row: Readonly<Record<string, unknown>>, columns: readonly StagedColumn[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(columns.map(({ name, label }) => [label.trim() === "" ? name : label.trim(), row[name] ?? null]));
}

async function* chunksOf(connection: DuckDBConnection, sql: string, read: (text: string) => unknown): AsyncGenerator<readonly unknown[]> {
  const result = await connection.stream(sql);
  let rows: unknown[] = [];
  for (let chunk = await result.fetchChunk(); chunk !== null && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
    for (const text of chunk.getColumnValues(0)) rows.push(read(String(text)));
    while (rows.length >= ROWS_PER_CHUNK) {
      yield rows.slice(0, ROWS_PER_CHUNK);
      rows = rows.slice(ROWS_PER_CHUNK);
    }
  }
  if (rows.length > 0) yield rows;
}
