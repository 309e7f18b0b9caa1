// Zstandard: `fzstd` decompresses; where frames begin and end, and whether their checksums are right, is looked at here, since it does neither.
import type { FileHandle } from "node:fs/promises";
import { Decompress } from "fzstd";
import { XxHash64 } from "./xxhash.ts";

const READ_BYTES = 64 << 10;
const MAGIC = 0xfd2fb528;
const DICTIONARY_ID_BYTES = [0, 1, 2, 4] as const;
const CONTENT_SIZE_BYTES = [0, 2, 4, 8] as const;

interface Frame {
  readonly start: number;
  readonly end: number;
  readonly checksum: number | null;
}

/** The contents, piece by piece. Throws an Error that says what is wrong with the bytes. */
export async function* expandZstd(file: FileHandle, sizeBytes: number): AsyncGenerator<Uint8Array> {
  for (const frame of await findFrames(file, sizeBytes)) {
    const hash = frame.checksum === null ? null : new XxHash64();
    let pieces: Uint8Array[] = [];
    const stream = new Decompress((piece) => {
      if (piece.length > 0) pieces.push(piece);
    });
    for (let at = frame.start; at < frame.end; at += READ_BYTES) {
      const to = Math.min(at + READ_BYTES, frame.end);
      stream.push(await readAt(file, at, to - at), to === frame.end);
      for (const piece of pieces) {
        hash?.update(piece);
        yield piece;
      }
      pieces = [];
    }
    if (hash !== null && hash.digest32() !== frame.checksum) throw new Error("a frame has a wrong checksum");
  }
}

/** Frames with data, one after another until the last byte; frames to be skipped are left out. */
async function findFrames(file: FileHandle, sizeBytes: number): Promise<readonly Frame[]> {
  const frames: Frame[] = [];
  for (let at = 0; at < sizeBytes;) {
    const head = await readAt(file, at, Math.min(18, sizeBytes - at));
    if (head.length < 5) throw new Error("it ends within a frame, or something follows the last one");
    const magic = head.readUInt32LE(0);
    if (magic >>> 4 === 0x184d2a5) {
      if (head.length < 8) throw new Error("it ends within a frame");
      at += 8 + head.readUInt32LE(4);
      if (at > sizeBytes) throw new Error("it ends within a frame");
      continue;
    }
    if (magic !== MAGIC) throw new Error(at === 0 ? "it does not begin with a frame" : "something that is no frame follows the last one");
    const end = await endOfBlocks(file, at + headerBytes(head), sizeBytes);
    const hasChecksum = ((head[4] ?? 0) & 4) !== 0;
    if (end + (hasChecksum ? 4 : 0) > sizeBytes) throw new Error("it ends within a checksum");
    const checksum = hasChecksum ? (await readAt(file, end, 4)).readUInt32LE(0) : null;
    frames.push({ start: at, end: end + (hasChecksum ? 4 : 0), checksum });
    at = end + (hasChecksum ? 4 : 0);
  }
  return frames;
}

function headerBytes(head: Buffer): number {
  const descriptor = head[4] ?? 0;
  const isSingle = (descriptor & 32) !== 0;
  const sizeFlag = descriptor >> 6;
  const contentSize = sizeFlag === 0 && isSingle ? 1 : (CONTENT_SIZE_BYTES[sizeFlag] ?? 0);
  return 5 + (isSingle ? 0 : 1) + (DICTIONARY_ID_BYTES[descriptor & 3] ?? 0) + contentSize;
}

async function endOfBlocks(file: FileHandle, from: number, sizeBytes: number): Promise<number> {
  for (let at = from; ;) {
    if (at + 3 > sizeBytes) throw new Error("it ends within a frame");
    const header = (await readAt(file, at, 3)).readUIntLE(0, 3);
    const kind = (header >> 1) & 3;
    if (kind === 3) throw new Error("a block of an unknown kind");
    at += 3 + (kind === 1 ? 1 : header >>> 3);
    if (at > sizeBytes) throw new Error("it ends within a block");
    if ((header & 1) === 1) return at;
  }
}

async function readAt(file: FileHandle, at: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await file.read(buffer, 0, length, at);
  if (bytesRead < length) throw new Error("it became shorter while it was read");
  return buffer;
}
