// Where lines stand in the logs of a run: a mark every MARK_LINES lines of each file. It is made once and goes on where it ended, so that looking again
// costs what was logged since. Lines of a file have times that never go back: where a clock did, the time of the line before counts.
import { open, readdir, stat } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { logFolder } from "./log-files.ts";

export const MARK_LINES = 1_000;
const CHUNK_BYTES = 1 << 20;
const NEW_LINE = 10;
/** `{"at":"2026-01-31T06:00:00.000Z"` */
const AT_BYTES = 40;

interface Mark {
  readonly offset: number;
  readonly atMs: number;
}

export interface IndexedFile {
  readonly path: string;
  readonly name: string;
  readonly node: string;
  readonly attempt: number;
  /** Whole lines. */
  readonly lines: number;
  /** Up to the end of the last whole line. */
  readonly bytes: number;
  /** Of the lines 0, MARK_LINES, 2 × MARK_LINES … */
  readonly marks: readonly Mark[];
  readonly firstMs: number;
}

type Draft = { -readonly [Field in keyof IndexedFile]: IndexedFile[Field] } & { marks: Mark[] };

export interface LogIndex {
  /** The files as they are now, in the order of their first lines. */
  update(): Promise<readonly IndexedFile[]>;
}

/** Runs whose index is kept: what was read of their files is not read again. */
const INDEXES_MAX = 64;
const indexes = new Map<string, LogIndex>();

/** The one index of a run in this process. */
export function logIndexOf(dir: string, run: string): LogIndex {
  const folder = logFolder(dir, run);
  const index = indexes.get(folder) ?? createLogIndex(folder);
  indexes.delete(folder);
  indexes.set(folder, index);
  for (const [oldest] of indexes) {
    if (indexes.size <= INDEXES_MAX) break;
    indexes.delete(oldest);
  }
  return index;
}

function createLogIndex(folder: string): LogIndex {
  const files = new Map<string, Draft>();
  let updating: Promise<readonly IndexedFile[]> | null = null;
  const update = async (): Promise<readonly IndexedFile[]> => {
    const names = (await readdir(folder).catch(nothing)).filter((name) => name.endsWith(".ndjson"));
    for (const gone of [...files.keys()].filter((name) => !names.includes(name))) files.delete(gone);
    for (const name of names) {
      const path = join(folder, name);
      const found = await stat(path).catch(() => undefined);
      const known = files.get(name);
      if (found === undefined || (known !== undefined && found.size <= known.bytes)) continue;
      const grown = await readOn(known ?? { path, name, node: "", attempt: 0, lines: 0, bytes: 0, marks: [], firstMs: 0 });
      if (grown.lines > 0) files.set(name, grown);
    }
    return [...files.values()].toSorted((a, b) => a.firstMs - b.firstMs || (a.name < b.name ? -1 : 1));
  };
  return {
    update() {
      updating ??= update().finally(() => {
        updating = null;
      });
      return updating;
    },
  };
}

function nothing(error: NodeJS.ErrnoException): string[] {
  if (error.code === "ENOENT" || error.code === "ENOTDIR") return [];
  throw error;
}

async function readOn(file: Draft): Promise<Draft> {
  const handle = await open(file.path).catch(() => undefined);
  if (handle === undefined) return file;
  try {
    if (file.lines === 0) await readHead(handle, file);
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    let at = file.bytes;
    for (;;) {
      const { bytesRead } = await handle.read({ buffer, position: at });
      if (bytesRead === 0) return file;
      await countLines(handle, file, { chunk: buffer.subarray(0, bytesRead), at });
      at += bytesRead;
    }
  } finally {
    await handle.close();
  }
}

async function readHead(handle: FileHandle, file: Draft): Promise<void> {
  const { bytesRead, buffer } = await handle.read({ buffer: Buffer.alloc(CHUNK_BYTES), position: 0 });
  const end = buffer.subarray(0, bytesRead).indexOf(NEW_LINE);
  if (end < 0) return;
  try {
    const { node, attempt, at } = JSON.parse(buffer.subarray(0, end).toString("utf8")) as { node: string; attempt: number; at: string };
    Object.assign(file, { node, attempt, firstMs: Date.parse(at) });
  } catch {
    // A crash cut it off: the file is shown under no node.
  }
}

async function countLines(handle: FileHandle, file: Draft, { chunk, at }: { readonly chunk: Buffer; readonly at: number }): Promise<void> {
  for (let from = 0; ;) {
    const end = chunk.indexOf(NEW_LINE, from);
    if (end < 0) return;
    if (file.lines % MARK_LINES === 0) {
      const before = file.marks.at(-1)?.atMs ?? Number.NEGATIVE_INFINITY;
      file.marks.push({ offset: file.bytes, atMs: Math.max(before, await timeAt(handle, file.bytes)) });
    }
    file.lines += 1;
    file.bytes = at + end + 1;
    from = end + 1;
  }
}

async function timeAt(handle: FileHandle, offset: number): Promise<number> {
  const { bytesRead, buffer } = await handle.read({ buffer: Buffer.alloc(AT_BYTES), position: offset });
  const atMs = timeOf(buffer.toString("latin1", 0, bytesRead));
  return Number.isNaN(atMs) ? Number.NEGATIVE_INFINITY : atMs;
}

/** The time with which a line begins, ms; NaN for a line that is none of ours. */
export function timeOf(line: string): number {
  return line.startsWith('{"at":"') ? Date.parse(line.slice(7, line.indexOf('"', 7))) : Number.NaN;
}
