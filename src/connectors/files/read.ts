// One file from its path to its stage table: expands it, finds its format, and makes sure that it did not change meanwhile.
import { open, stat } from "node:fs/promises";
import { join } from "node:path";
import { compressionOf, expandFile, type Compression } from "../../formats/compression/index.ts";
import type { Format, StagedColumn, StagedFile, StageRequest } from "../../formats/format.ts";
import { formats, formatByEnding, resolveFormat, type FormatName } from "../../formats/index.ts";
import { parseSizeBytes } from "../../model/duration.ts";
import { MillraceError } from "../../model/errors.ts";
import { hashFile, withTempFolder } from "../../platform/files.ts";
import { refused, type FoundFile } from "./find.ts";
import { givenFormatOptions, optionsOfFormat, refuseForeignOptions, type FilesOptions } from "./options.ts";

/** What is expanded of a compressed file to guess its columns. */
const PEEK_BYTES = 4 << 20;

/** Throws MillraceError when the file cannot be read whole. */
export async function stageFile(
  file: FoundFile,
  options: FilesOptions,
  tempDir: string,
  request: Omit<StageRequest, "path" | "name" | "options" | "tempDir">,
): Promise<StagedFile> {
  return withTempFolder(tempDir, async (temp) => {
    await refuseChange(file);
    const opened = await openFile(file, options, temp, undefined, request.signal);
    const repair = options.repair ?? request.repair;
    const own = optionsOfFormat(opened.format.name as FormatName, givenFormatOptions(options));
    const staged = await interruptible(request, () =>
      opened.format.stage({ ...request, repair, path: opened.path, name: file.name, options: own, tempDir: temp }),
    );
    const hash = opened.compression === "none" ? staged.hash : await hashFile(file.path);
    await refuseChange(file);
    const warnings = [...staged.understood.warnings, ...endingWarnings(file.name, opened.compression)];
    const understood = { ...staged.understood, compression: opened.compression, warnings };
    return { ...staged, sizeBytes: file.sizeBytes, hash, understood };
  });
}

/** DuckDB knows nothing of signals: what it does for us is interrupted. */
async function interruptible<Result>(request: Pick<StageRequest, "connection" | "signal">, run: () => Promise<Result>): Promise<Result> {
  const { connection, signal } = request;
  const interrupt = (): void => connection.interrupt();
  signal?.addEventListener("abort", interrupt, { once: true });
  try {
    return await run();
  } finally {
    signal?.removeEventListener("abort", interrupt);
  }
}

/** Columns by the beginning of the file; null when it tells nothing. */
export async function peekFile(
  file: FoundFile,
  options: FilesOptions,
  tempDir: string,
  request: Pick<StageRequest, "connection">,
): Promise<readonly StagedColumn[] | null> {
  return withTempFolder(tempDir, async (temp) => {
    const opened = await openFile(file, options, temp, PEEK_BYTES, undefined);
    const own = optionsOfFormat(opened.format.name as FormatName, givenFormatOptions(options));
    const columns = await opened.format.peek?.({ ...request, path: opened.path, name: file.name, options: own, tempDir: temp });
    return columns === undefined || columns.length === 0 ? null : columns;
  });
}

/** Formats that files of these names may have. Throws MR3105 for a key that means nothing to any of them. */
export function checkOptions(files: readonly FoundFile[], options: FilesOptions): void {
  if (options.compression !== undefined && options.compression !== "auto") {
    throw new MillraceError({
      code: "MR3105",
      message: "`compression` is for files that are written; those that are read are known by their first bytes",
    });
  }
  const given = givenFormatOptions(options);
  const possible = new Set<FormatName>();
  for (const { name } of files) {
    const byEnding = options.format === undefined || options.format === "auto" ? formatByEnding(name) : formats[options.format];
    if (byEnding === undefined) return; // the contents will tell; a key that does not fit is found then
    possible.add(byEnding.name as FormatName);
    if (byEnding === formats.json) possible.add("ndjson");
  }
  if (files.length > 0) refuseForeignOptions(possible, given);
}

interface OpenedFile {
  readonly path: string;
  readonly format: Format;
  readonly compression: Compression;
}

async function openFile(
  file: FoundFile,
  options: FilesOptions,
  temp: string,
  firstBytes: number | undefined,
  signal: AbortSignal | undefined,
): Promise<OpenedFile> {
  await refuseUnreadable(file);
  const compression = await compressionOf(file.path);
  const isEmptyArchive = compression === "none" && /\.(gz|zst)$/i.test(file.name) && file.sizeBytes < 4;
  if (isEmptyArchive) throw new MillraceError({ code: "MR3110", message: `${file.name} is damaged: it has only ${file.sizeBytes} bytes` });
  const path = compression === "none" ? file.path : join(temp, "expanded");
  if (compression !== "none") {
    const expandedBytesMax = options.expandedMax === undefined ? undefined : parseSizeBytes(options.expandedMax);
    const beginning = firstBytes === undefined ? {} : { firstBytes };
    await expandFile({ path: file.path, name: file.name, compression, into: path, expandedBytesMax, signal, ...beginning });
  }
  const format = options.format === undefined || options.format === "auto" ? await resolveFormat(path, file.name) : formats[options.format];
  if (formatByEnding(file.name) === undefined) refuseForeignOptions(new Set([format.name as FormatName]), givenFormatOptions(options));
  return { path, format, compression };
}

async function refuseUnreadable(file: FoundFile): Promise<void> {
  try {
    await (await open(file.path, "r")).close();
  } catch (error) {
    throw refused(error, file.name);
  }
}

async function refuseChange(file: FoundFile): Promise<void> {
  const now = await stat(file.path, { bigint: true }).catch((error: unknown) => {
    throw refused(error, file.name);
  });
  if (Number(now.size) === file.sizeBytes && now.mtimeNs === file.modifiedNs) return;
  throw new MillraceError({ code: "MR3106", message: `${file.name} changed while it was read`, retryable: true });
}

function endingWarnings(name: string, compression: Compression): readonly string[] {
  const said = /\.gz(ip)?$/i.test(name) ? "gzip" : /\.zstd?$/i.test(name) ? "zstd" : "none";
  if (said === compression) return [];
  return [
    compression === "none"
      ? `the name says ${said}, the contents are not compressed`
      : `the contents are ${compression}, the name does not say so`,
  ];
}
