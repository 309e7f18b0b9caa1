// Compressed files: found by their first bytes (not by the ending), expanded into a temporary file that every reader can take.
//   K1. A damaged file gives nothing: truncated, wrong checksum, or followed by something that is no further member.
//   K2. Expanding stops at a limit: out of proportion to the file, or no room left in the temporary folder.
import { closeSync, openSync, readSync } from "node:fs";
import { open, statfs, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { createGunzip } from "node:zlib";
import { MillraceError } from "../../model/errors.ts";
import { asWriteError } from "../../platform/files.ts";
import { expandBzip2 } from "./bzip2.ts";
import { expandXz } from "./xz.ts";
import { expandZstd } from "./zstd.ts";

export type Compression = "none" | "gzip" | "zstd" | "bzip2" | "xz";

/** Up to this size nothing is a bomb. */
const EXPANDED_FREE_BYTES = 1 << 30;
/** Beyond it, contents this many times the file are refused. */
const EXPANDED_RATIO_MAX = 200;
/** Room that is left in the temporary folder. */
const RESERVE_BYTES = 128 << 20;
/** How often the room is looked at. */
const ROOM_CHECK_BYTES = 64 << 20;
const READ_BYTES = 256 << 10;
const XZ_MAGIC = Buffer.from("fd377a585a00", "hex");

/** What the first bytes say. Ten bytes are read at once: a turn through the pool of threads would cost ten times as much. */
export function compressionOf(path: string): Compression {
  const file = openSync(path, "r");
  try {
    const head = Buffer.alloc(10);
    const bytesRead = readSync(file, head, 0, 10, 0);
    if (bytesRead >= 2 && head[0] === 0x1f && head[1] === 0x8b) return "gzip";
    if (bytesRead >= 6 && head.subarray(0, 6).equals(XZ_MAGIC)) return "xz";
    if (bytesRead === 10 && /^425a683[1-9](?:314159265359|177245385090)/.test(head.toString("hex"))) return "bzip2";
    const isZstd = bytesRead >= 4 && (head.readUInt32LE(0) === 0xfd2fb528 || head.readUInt32LE(0) >>> 4 === 0x184d2a5);
    return isZstd ? "zstd" : "none";
  } finally {
    closeSync(file);
  }
}

export interface ExpandRequest {
  readonly path: string;
  /** For messages. */
  readonly name: string;
  readonly compression: Exclude<Compression, "none">;
  readonly into: string;
  /** A limit of the user's in place of ours. */
  readonly expandedBytesMax?: number | undefined;
  /** Only the beginning is wanted; then nothing is proven. */
  readonly firstBytes?: number;
  readonly signal?: AbortSignal | undefined;
}

/** Writes the contents to `into` and returns their size. Throws MR3110, MR3111, MR3141. */
export async function expandFile(request: ExpandRequest): Promise<number> {
  const source = await open(request.path, "r");
  try {
    const { size } = await source.stat();
    return await writePieces(request, piecesOf(request.compression, source, size), request.expandedBytesMax ?? expandedLimit(size));
  } finally {
    await source.close().catch(() => undefined); // the stream may have closed it
  }
}

/** Bytes that a file or member of this size may expand to unless the user says more. */
export function expandedLimit(compressedBytes: number): number {
  return Math.max(EXPANDED_FREE_BYTES, compressedBytes * EXPANDED_RATIO_MAX);
}

function piecesOf(compression: ExpandRequest["compression"], source: FileHandle, sizeBytes: number): AsyncIterable<Uint8Array> {
  switch (compression) {
    case "gzip":
      return expandGzip(source, sizeBytes);
    case "zstd":
      return expandZstd(source, sizeBytes);
    case "bzip2":
      return expandBzip2(source, sizeBytes);
    case "xz":
      return expandXz(source, sizeBytes);
    default:
      throw new Error(`unknown compression: ${String(compression satisfies never)}`);
  }
}

/** Writes pieces as they are expanded, as long as they stay within the limit and the disk has room. Throws MR3110, MR3111, MR3141. */
export async function writePieces(
  request: Omit<ExpandRequest, "path" | "compression">,
  pieces: AsyncIterable<Uint8Array>,
  limit: number,
): Promise<number> {
  const target = await open(request.into, "w");
  let written = 0;
  let checkedAt = -ROOM_CHECK_BYTES;
  try {
    for await (const piece of damagedIn(request.name, pieces)) {
      request.signal?.throwIfAborted();
      if (written + piece.length > limit) throw tooLarge(request.name, `more than ${Math.round(limit / 1e6)} MB`);
      if (written - checkedAt >= ROOM_CHECK_BYTES) {
        checkedAt = written;
        const { bavail, bsize } = await statfs(dirname(request.into));
        if (bavail * bsize < RESERVE_BYTES) throw tooLarge(request.name, "more than the temporary folder has room for");
      }
      for (let at = 0; at < piece.length;) at += (await target.write(piece, at)).bytesWritten;
      written += piece.length;
      if (request.firstBytes !== undefined && written >= request.firstBytes) break;
    }
    return written;
  } catch (error) {
    throw asWriteError(error, request.into);
  } finally {
    await target.close();
  }
}

/** Errors of the source are damage; errors of the writer are not touched. */
async function* damagedIn(name: string, pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* pieces;
  } catch (error) {
    if (error instanceof MillraceError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new MillraceError({ code: "MR3110", message: `${name} is damaged: ${why}`, cause: error });
  }
}

async function* expandGzip(source: FileHandle, sizeBytes: number): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip({ chunkSize: READ_BYTES });
  const input = source.createReadStream({ highWaterMark: READ_BYTES, autoClose: false, start: 0 });
  input.on("error", (error) => gunzip.destroy(error));
  input.pipe(gunzip);
  try {
    for await (const piece of gunzip) yield piece as Uint8Array;
    // Node ignores what follows the last member. Zeros are padding (tapes, tar); anything else is a lost member.
    if (gunzip.bytesWritten < sizeBytes && !(await isPadding(source, gunzip.bytesWritten, sizeBytes))) {
      throw new Error(`something that is no gzip member stands at byte ${gunzip.bytesWritten}`);
    }
  } finally {
    input.destroy();
    gunzip.destroy();
  }
}

async function isPadding(source: FileHandle, from: number, to: number): Promise<boolean> {
  for (let at = from; at < to; at += READ_BYTES) {
    const block = Buffer.alloc(Math.min(READ_BYTES, to - at));
    const { bytesRead } = await source.read(block, 0, block.length, at);
    if (block.subarray(0, bytesRead).some((byte) => byte !== 0)) return false;
  }
  return true;
}

function tooLarge(name: string, why: string): MillraceError {
  return new MillraceError({ code: "MR3111", message: `${name} expands to ${why}` });
}
