// Lines of indexed logs, read a block of MARK_LINES at a time; the blocks of one look are kept, up to BLOCKS_MAX.
import { type FileHandle, open } from "node:fs/promises";
import { type IndexedFile, MARK_LINES, timeOf } from "./log-index.ts";

const BLOCKS_MAX = 256;
const FILES_OPEN_MAX = 64;

interface Block {
  readonly texts: readonly string[];
  /** They never go back. */
  readonly times: Float64Array;
}

export interface LogBlocks {
  text(file: number, line: number): Promise<string> | string;
  time(file: number, line: number): Promise<number> | number;
  /** How many lines of a file are older than a time. */
  countBefore(file: number, atMs: number): Promise<number>;
  close(): Promise<void>;
}

export function createBlocks(files: readonly IndexedFile[]): LogBlocks {
  const kept = new Map<string, Block>();
  const handles = new Map<number, FileHandle>();
  const handleOf = async (file: number): Promise<FileHandle | undefined> => {
    const known = handles.get(file);
    if (known !== undefined) return known;
    for (const [oldest, handle] of handles) {
      if (handles.size < FILES_OPEN_MAX) break;
      handles.delete(oldest);
      await handle.close();
    }
    const opened = await open(files[file]!.path).catch(() => undefined); // it may be gone
    if (opened !== undefined) handles.set(file, opened);
    return opened;
  };
  const read = async (file: number, number: number): Promise<Block> => {
    const { marks, bytes, lines } = files[file]!;
    const { offset, atMs } = marks[number]!;
    const end = marks[number + 1]?.offset ?? bytes;
    const buffer = Buffer.alloc(end - offset);
    await readWhole(await handleOf(file), buffer, offset);
    const texts = buffer.toString("utf8", 0, Math.max(0, buffer.length - 1)).split("\n");
    const times = new Float64Array(Math.min(MARK_LINES, lines - number * MARK_LINES));
    let last = atMs;
    for (const line of times.keys()) {
      const at = timeOf(texts[line] ?? "");
      if (at > last) last = at;
      times[line] = last;
    }
    return { texts, times };
  };
  const blockOf = (file: number, number: number): Block | Promise<Block> => {
    const key = `${file}.${number}`;
    return (
      kept.get(key) ??
      read(file, number).then((block) => {
        for (const [oldest] of kept) {
          if (kept.size < BLOCKS_MAX) break;
          kept.delete(oldest);
        }
        kept.set(key, block);
        return block;
      })
    );
  };
  const of = <Value>(file: number, line: number, pick: (block: Block, at: number) => Value): Value | Promise<Value> => {
    const block = blockOf(file, Math.floor(line / MARK_LINES));
    const at = line % MARK_LINES;
    return block instanceof Promise ? block.then((read) => pick(read, at)) : pick(block, at);
  };
  return {
    text: (file, line) => of(file, line, ({ texts }, at) => texts[at] ?? ""),
    time: (file, line) => of(file, line, ({ times }, at) => times[at]!),
    async countBefore(file, atMs) {
      const { marks } = files[file]!;
      const block = lowerBound(marks.length, (index) => marks[index]!.atMs < atMs) - 1;
      if (block < 0) return 0;
      const { times } = await blockOf(file, block);
      return block * MARK_LINES + lowerBound(times.length, (index) => times[index]! < atMs);
    },
    async close() {
      await Promise.all([...handles.values()].map((handle) => handle.close()));
      handles.clear();
    },
  };
}

/** What is gone meanwhile stays zeros. */
async function readWhole(handle: FileHandle | undefined, buffer: Buffer, offset: number): Promise<void> {
  if (handle === undefined) return;
  for (let done = 0; done < buffer.length;) {
    const { bytesRead } = await handle.read(buffer, done, buffer.length - done, offset + done);
    if (bytesRead === 0) return;
    done += bytesRead;
  }
}

/** How many of the first `count` hold; those that hold stand first. */
function lowerBound(count: number, holds: (index: number) => boolean): number {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}
