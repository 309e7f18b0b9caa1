// Zip archives: `yauzl` reads the directory (zip64, names in UTF-8 and CP437), the bytes are expanded and checked here.
//   Z1. Every member is checked against size and CRC-32 of the directory. Z2. Members that overlap (a bomb by repetition) are refused.
import { createReadStream } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { crc32, createInflateRaw } from "node:zlib";
import type { Entry, ZipFile } from "yauzl";
import { expandedLimit, expandFile, writePieces, type Compression } from "../../formats/compression/index.ts";
import { MillraceError, messageOf } from "../../model/errors.ts";
import type { Archive, ExtractRequest, Member } from "./archive.ts";
import { MEMBERS_MAX, tooMany } from "./limits.ts";
import { memberPath } from "./names.ts";

const READ_BYTES = 256 << 10;
/** Methods whose data are those of a file of their own. */
const WHOLE_FILES: Readonly<Record<number, Exclude<Compression, "none">>> = { 12: "bzip2", 93: "zstd", 95: "xz" };
const METHOD_NAMES: Readonly<Record<number, string>> = { 1: "shrink", 6: "implode", 9: "deflate64", 14: "lzma", 98: "ppmd", 99: "AES" };

/** Throws MR3400, MR3404, MR3405, MR3406. */
export async function openZip(path: string, name: string, sizeBytes: number, expandedBytesMax: number): Promise<Archive> {
  const zip = await zipAt(path, name);
  try {
    const { members, entries } = await readDirectory(zip, name, sizeBytes, expandedBytesMax);
    return {
      members,
      extract: (request) => extract(zip, entries.get(request.path)!, request),
      close() {
        zip.close();
        return Promise.resolve();
      },
    };
  } catch (error) {
    zip.close();
    throw error instanceof MillraceError ? error : damaged(name, error);
  }
}

async function zipAt(path: string, name: string): Promise<ZipFile> {
  const { default: yauzl } = await import("yauzl");
  return new Promise((resolve, reject) => {
    yauzl.open(path, { autoClose: false, lazyEntries: true, decodeStrings: true, validateEntrySizes: false }, (error, zip) => {
      if (error === null) resolve(zip);
      else reject(damaged(name, error));
    });
  });
}

interface Directory {
  readonly members: readonly Member[];
  readonly entries: ReadonlyMap<string, Entry>;
}

function readDirectory(zip: ZipFile, name: string, sizeBytes: number, expandedBytesMax: number): Promise<Directory> {
  return new Promise((resolve, reject) => {
    const entries = new Map<string, Entry>();
    const members: Member[] = [];
    let compressedBytes = 0;
    let expandedBytes = 0;
    zip.on("error", (error: Error) => {
      const unsafe = /^(?:absolute path|invalid relative path|invalid characters in fileName): (.*)$/s.exec(error.message)?.[1];
      if (unsafe === undefined) return reject(damaged(name, error));
      try {
        memberPath(name, unsafe);
        reject(damaged(name, error));
      } catch (refusal) {
        reject(refusal);
      }
    });
    zip.on("end", () => resolve({ members, entries }));
    zip.on("entry", (entry: Entry) => {
      try {
        if (!entry.fileName.endsWith("/")) {
          const path = memberPath(name, entry.fileName);
          if (entries.has(path)) throw new MillraceError({ code: "MR3406", message: `${name} has two members named ${path}` });
          if (entries.size >= MEMBERS_MAX) throw tooMany(name);
          compressedBytes += entry.compressedSize;
          if (compressedBytes > sizeBytes) {
            throw new MillraceError({ code: "MR3405", message: `${name}: its members overlap; together they are larger than the archive` });
          }
          expandedBytes += entry.uncompressedSize;
          if (expandedBytes > expandedBytesMax) {
            throw new MillraceError({
              code: "MR3405",
              message: `${name}: its members expand to more than ${Math.round(expandedBytesMax / 1e6)} MB`,
            });
          }
          entries.set(path, entry);
          members.push(memberOf(entry, path));
        }
        zip.readEntry();
      } catch (error) {
        reject(error);
      }
    });
    zip.readEntry();
  });
}

function memberOf(entry: Entry, path: string): Member {
  const modified = entry.getLastModDate({ timezone: "UTC" }).getTime();
  return { path, sizeBytes: entry.uncompressedSize, modifiedMs: Number.isNaN(modified) ? null : modified, refusal: refusalOf(entry) };
}

function refusalOf(entry: Entry): Member["refusal"] {
  if (entry.isEncrypted()) return { code: "MR3402", why: "is encrypted" };
  const isUnix = entry.versionMadeBy >>> 8 === 3;
  const kind = (entry.externalFileAttributes >>> 28) & 15;
  if (isUnix && kind !== 0 && kind !== 8) return { code: "MR3407", why: kind === 10 ? "is a link" : "is no plain file" };
  const method = entry.compressionMethod;
  if (method === 0 || method === 8 || method in WHOLE_FILES) return null;
  return { code: "MR3403", why: `is compressed by ${METHOD_NAMES[method] ?? `method ${method}`}, which cannot be read` };
}

async function extract(zip: ZipFile, entry: Entry, request: ExtractRequest): Promise<void> {
  const { name, into, tempDir, signal } = request;
  const limit = request.expandedBytesMax ?? expandedLimit(entry.compressedSize);
  const whole = WHOLE_FILES[entry.compressionMethod];
  if (whole === undefined) {
    await writePieces({ name, into, signal }, checked(entry, rawPieces(zip, entry)), limit);
    return;
  }
  const packed = join(tempDir, "packed");
  await writePieces({ name, into: packed, signal }, rawPieces(zip, entry), limit);
  await expandFile({ path: packed, name, compression: whole, into, expandedBytesMax: limit, signal });
  await rm(packed);
  try {
    for await (const _ of checked(entry, createReadStream(into, { highWaterMark: READ_BYTES }))) signal?.throwIfAborted();
  } catch (error) {
    throw new MillraceError({ code: "MR3110", message: `${name} is damaged: ${messageOf(error)}`, cause: error });
  }
}

/** The bytes of a member, expanded where the method is deflate. */
async function* rawPieces(zip: ZipFile, entry: Entry): AsyncGenerator<Uint8Array> {
  const stored = await new Promise<Readable>((resolve, reject) => {
    zip.openReadStream(entry, { decodeFileData: false } as never, (error, stream) => (error === null ? resolve(stream) : reject(error)));
  });
  if (entry.compressionMethod !== 8) {
    yield* stored as AsyncIterable<Uint8Array>;
    return;
  }
  const inflate = createInflateRaw({ chunkSize: READ_BYTES });
  stored.on("error", (error) => inflate.destroy(error));
  stored.pipe(inflate);
  try {
    yield* inflate as AsyncIterable<Uint8Array>;
  } finally {
    stored.destroy();
    inflate.destroy();
  }
}

/** Z1 */
async function* checked(entry: Entry, pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let sum = 0;
  let bytes = 0;
  for await (const piece of pieces) {
    sum = crc32(piece, sum);
    bytes += piece.length;
    yield piece;
  }
  if (bytes !== entry.uncompressedSize) throw new Error(`it has ${bytes} bytes, the directory says ${entry.uncompressedSize}`);
  if (sum !== entry.crc32) throw new Error("its checksum is wrong");
}

function damaged(name: string, error: unknown): MillraceError {
  return new MillraceError({ code: "MR3400", message: `${name} is no sound zip archive: ${messageOf(error)}`, cause: error });
}
