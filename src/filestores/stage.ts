// One file from wherever it lies to its stage table: opens it, expands it, finds its format, and makes sure that it did not change meanwhile.
import { join } from "node:path";
import { compressionOf, expandFile, type Compression } from "../formats/compression/index.ts";
import type { Format, StagedColumn, StagedFile, StageRequest } from "../formats/format.ts";
import { formatByEnding, formats, resolveFormat, type FormatName } from "../formats/index.ts";
import { parseSizeBytes } from "../model/duration.ts";
import { MillraceError } from "../model/errors.ts";
import { hashFile, withTempFolder } from "../platform/files.ts";
import { givenFormatOptions, optionsOfFormat, refuseForeignOptions, type FileOptions } from "./options.ts";
import type { Shelf } from "./shelf.ts";
import type { OpenFile, SourceFile } from "./source-file.ts";

/** What is expanded of a compressed file to guess its columns. */
const PEEK_BYTES = 4 << 20;

export interface Reading {
  readonly options: FileOptions;
  readonly tempDir: string;
  readonly shelf: Shelf<OpenFile>;
}

/** Throws MillraceError when the file cannot be read whole. */
export async function stageFile(
  file: SourceFile,
  { options, tempDir, shelf }: Reading,
  request: Omit<StageRequest, "path" | "name" | "options" | "tempDir">,
): Promise<StagedFile> {
  return shelf.use(
    file,
    () => file.open({ tempDir, signal: request.signal }),
    (open) =>
      withTempFolder(tempDir, async (temp) => {
        await open.verify();
        const expanded = await expand(file, open, options, temp, undefined, request.signal);
        const repair = options.repair ?? request.repair;
        const own = optionsOfFormat(expanded.format.name as FormatName, givenFormatOptions(options));
        const staged = await interruptible(request, () =>
          expanded.format.stage({ ...request, repair, path: expanded.path, name: file.name, options: own, tempDir: temp }),
        );
        const hash = expanded.compression === "none" ? staged.hash : (open.hash ?? (await hashFile(open.path)));
        await open.verify();
        const warnings = [...staged.understood.warnings, ...endingWarnings(file.plainName, expanded.compression)];
        const understood = { ...staged.understood, compression: expanded.compression, warnings };
        return { ...staged, sizeBytes: open.sizeBytes, hash, understood };
      }),
  );
}

/** SHA-256 of the bytes. */
export async function hashOf(file: SourceFile, { tempDir, shelf }: Reading, signal: AbortSignal | undefined): Promise<string> {
  return shelf.use(
    file,
    () => file.open({ tempDir, signal }),
    async (open) => open.hash ?? hashFile(open.path),
  );
}

/** Path on this machine of the bytes; there until another file is opened. */
export async function pathOf(file: SourceFile, { tempDir, shelf }: Reading, signal: AbortSignal | undefined): Promise<string> {
  return shelf.use(
    file,
    () => file.open({ tempDir, signal }),
    (open) => Promise.resolve(open.path),
  );
}

/** Columns by the beginning of the file; null when it tells nothing. */
export async function peekFile(
  file: SourceFile,
  { options, tempDir, shelf }: Reading,
  request: Pick<StageRequest, "connection">,
): Promise<readonly StagedColumn[] | null> {
  return shelf.use(
    file,
    () => file.open({ tempDir }),
    (open) =>
      withTempFolder(tempDir, async (temp) => {
        const { format, path } = await expand(file, open, options, temp, PEEK_BYTES, undefined);
        const own = optionsOfFormat(format.name as FormatName, givenFormatOptions(options));
        const columns = await format.peek?.({ ...request, path, name: file.name, options: own, tempDir: temp });
        return columns === undefined || columns.length === 0 ? null : columns;
      }),
  );
}

interface Expanded {
  readonly path: string;
  readonly format: Format;
  readonly compression: Compression;
}

async function expand(
  file: SourceFile,
  open: OpenFile,
  options: FileOptions,
  temp: string,
  firstBytes: number | undefined,
  signal: AbortSignal | undefined,
): Promise<Expanded> {
  const compression = compressionOf(open.path);
  const isEmptyArchive = compression === "none" && /\.(gz|zst|bz2|xz)$/i.test(file.plainName) && open.sizeBytes < 4;
  if (isEmptyArchive) throw new MillraceError({ code: "MR3110", message: `${file.name} is damaged: it has only ${open.sizeBytes} bytes` });
  const path = compression === "none" ? open.path : join(temp, "expanded");
  if (compression !== "none") {
    const expandedBytesMax = options.expandedMax === undefined ? undefined : parseSizeBytes(options.expandedMax);
    const beginning = firstBytes === undefined ? {} : { firstBytes };
    await expandFile({ path: open.path, name: file.name, compression, into: path, expandedBytesMax, signal, ...beginning });
  }
  const format =
    options.format === undefined || options.format === "auto" ? await resolveFormat(path, file.plainName) : formats[options.format];
  if (formatByEnding(file.plainName) === undefined) refuseForeignOptions(new Set([format.name as FormatName]), givenFormatOptions(options));
  return { path, format, compression };
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

const COMPRESSION_BY_ENDING: readonly (readonly [RegExp, Compression])[] = [
  [/\.gz(ip)?$/i, "gzip"],
  [/\.zstd?$/i, "zstd"],
  [/\.bz(ip)?2$/i, "bzip2"],
  [/\.xz$/i, "xz"],
];

function endingWarnings(name: string, compression: Compression): readonly string[] {
  const said = COMPRESSION_BY_ENDING.find(([ending]) => ending.test(name))?.[1] ?? "none";
  if (said === compression) return [];
  return [
    compression === "none"
      ? `the name says ${said}, the contents are not compressed`
      : `the contents are ${compression}, the name does not say so`,
  ];
}
