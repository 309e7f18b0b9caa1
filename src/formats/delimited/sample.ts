// Samples of a file: its beginning, places between and its end, each cut at line ends. What they say is only ever a hypothesis.
import { readFileSync, statSync } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { CR, LF } from "./dialect.ts";

const HEAD_BYTES = 128 << 10;
const BLOCK_BYTES = 32 << 10;
const BLOCKS = 4;
const HEAD_LINES_MIN = 10;
const LONG_HEAD_BYTES = 4 << 20;

/** Reading a small file at once costs less than one turn through the pool of threads; null for larger ones. */
function smallFile(path: string): Buffer | null {
  return statSync(path).size <= HEAD_BYTES ? readFileSync(path) : null;
}

/** The first block is the beginning of the file behind `markBytes`; the others start at line starts anywhere in it. */
export async function sampleBlocks(path: string, markBytes: number): Promise<Buffer[]> {
  const small = smallFile(path);
  if (small !== null) return [small.subarray(markBytes)];
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    if (size <= HEAD_BYTES + BLOCKS * BLOCK_BYTES) return [await readAt(file, markBytes, size - markBytes)];
    const head = await readAt(file, markBytes, HEAD_BYTES);
    // Very long rows need a longer beginning, or there is no row in it.
    if (countLines(head) < HEAD_LINES_MIN) {
      const longer = await readAt(file, markBytes, Math.min(size - markBytes, LONG_HEAD_BYTES));
      return [longer.length === size - markBytes ? longer : cutAtLines(longer, { start: false, end: true })];
    }
    const blocks = [cutAtLines(head, { start: false, end: true })];
    for (let block = 1; block <= BLOCKS; block++) {
      const isTail = block === BLOCKS;
      const position = isTail ? size - BLOCK_BYTES : Math.floor(HEAD_BYTES + ((size - HEAD_BYTES) * block) / (BLOCKS + 1));
      blocks.push(cutAtLines(await readAt(file, position, BLOCK_BYTES), { start: true, end: !isTail }));
    }
    return blocks.filter((block, index) => index === 0 || block.length > 0);
  } finally {
    await file.close();
  }
}

/** The beginning of a file, to find its encoding. */
export async function headOf(path: string): Promise<{ readonly bytes: Buffer; readonly isWhole: boolean }> {
  const small = smallFile(path);
  if (small !== null) return { bytes: small, isWhole: true };
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    return { bytes: await readAt(file, 0, Math.min(size, HEAD_BYTES)), isWhole: size <= HEAD_BYTES };
  } finally {
    await file.close();
  }
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(Math.max(0, length));
  let filled = 0;
  while (filled < buffer.length) {
    const { bytesRead } = await file.read(buffer, filled, buffer.length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}

function countLines(block: Buffer): number {
  let lines = 0;
  for (const byte of block) if (byte === LF || byte === CR) lines++;
  return lines;
}

function cutAtLines(block: Buffer, cut: { readonly start: boolean; readonly end: boolean }): Buffer {
  let from = 0;
  let to = block.length;
  if (cut.start) {
    while (from < to && !isLineEnd(block[from])) from++;
    while (from < to && isLineEnd(block[from])) from++;
  }
  if (cut.end) while (to > from && !isLineEnd(block[to - 1])) to--;
  if (to > from) return block.subarray(from, to);
  return cut.start ? block.subarray(0, 0) : block;
}

function isLineEnd(byte: number | undefined): boolean {
  return byte === LF || byte === CR;
}
