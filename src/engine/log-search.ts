// Reading logs of attempts: of one run or of all, filtered, the last lines only, and what is being written.
//   S1. Lines come attempt after attempt in the order of their first lines; with `tail` and when followed, by their time.
//   S2. A line that a crash cut off is left out; a file that is removed meanwhile is no error.
import { createReadStream } from "node:fs";
import { open, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { LogLineAnswer } from "../model/answers.ts";
import type { LogLevel } from "../model/attempt.ts";
import { logFolder } from "./log-files.ts";

const LEVELS: readonly string[] = ["debug", "info", "warn", "error"] satisfies readonly LogLevel[];
const CHUNK_BYTES = 1 << 20;

export interface LogQuery {
  /** Its id; absent: all runs. */
  readonly run?: string | undefined;
  /** Asset or task; mapped children of it count. */
  readonly node?: string | undefined;
  /** This one and worse. */
  readonly level?: LogLevel | undefined;
  /** Of the message and the other fields. */
  readonly matches?: ((text: string) => boolean) | undefined;
  readonly sinceMs?: number | undefined;
  /** Only the last so many. */
  readonly tail?: number | undefined;
}

/** Nothing for a run that logged nothing. */
export async function* searchLogs(dir: string, query: LogQuery): AsyncGenerator<LogLineAnswer> {
  if (query.tail !== undefined) {
    yield* await lastOf(allLines(dir, query), query.tail);
    return;
  }
  yield* allLines(dir, query);
}

export interface LogFollower {
  /** What was written since the last time, by its time; at first what there is, cut to `tail`. */
  next(): Promise<readonly LogLineAnswer[]>;
}

/** Reads what is appended, and files that are new. */
export function followLogs(dir: string, query: LogQuery): LogFollower {
  const offsets = new Map<string, number>();
  let isFirst = true;
  async function* added(): AsyncGenerator<LogLineAnswer> {
    for (const folder of await foldersOf(dir, query))
      for (const path of await filesOf(folder, query)) {
        const { text, end } = await wholeLinesFrom(path, offsets.get(path) ?? 0);
        offsets.set(path, end);
        for (const piece of text) {
          const line = parsed(piece);
          if (line !== undefined && fits(line, query)) yield line;
        }
      }
  }
  return {
    async next() {
      const tail = isFirst ? (query.tail ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY;
      isFirst = false;
      return lastOf(added(), tail);
    },
  };
}

async function* allLines(dir: string, query: LogQuery): AsyncGenerator<LogLineAnswer> {
  for (const folder of await foldersOf(dir, query)) {
    const logs: { readonly path: string; readonly at: string }[] = [];
    for (const path of await filesOf(folder, query)) {
      for await (const line of linesOf(path)) {
        logs.push({ path, at: line.at });
        break;
      }
    }
    for (const { path } of logs.toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : a.path < b.path ? -1 : 1)))
      for await (const line of linesOf(path)) if (fits(line, query)) yield line;
  }
}

async function lastOf(lines: AsyncIterable<LogLineAnswer>, tail: number): Promise<readonly LogLineAnswer[]> {
  let kept: LogLineAnswer[] = [];
  const sortAndCut = (): LogLineAnswer[] => {
    const sorted = kept.toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
    return Number.isFinite(tail) ? sorted.slice(Math.max(0, sorted.length - tail)) : sorted;
  };
  for await (const line of lines) {
    kept.push(line);
    if (kept.length > 2 * tail + 1_000) kept = sortAndCut();
  }
  return sortAndCut();
}

/** Folders of runs, the one that was written to last at the end. */
async function foldersOf(dir: string, { run }: LogQuery): Promise<readonly string[]> {
  if (run !== undefined) return [logFolder(dir, run)];
  const folders: { readonly path: string; readonly ms: number }[] = [];
  for (const entry of await listed(dir)) {
    const path = join(dir, entry);
    const found = await stat(path).catch(() => undefined);
    if (found?.isDirectory() === true) folders.push({ path, ms: found.mtimeMs });
  }
  return folders.toSorted((a, b) => a.ms - b.ms).map(({ path }) => path);
}

async function filesOf(folder: string, { sinceMs }: LogQuery): Promise<readonly string[]> {
  const paths = (await listed(folder)).filter((name) => name.endsWith(".ndjson")).map((name) => join(folder, name));
  if (sinceMs === undefined) return paths;
  const recent: string[] = [];
  for (const path of paths) {
    const found = await stat(path).catch(() => undefined);
    if (found !== undefined && found.mtimeMs >= sinceMs) recent.push(path);
  }
  return recent;
}

async function listed(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return [];
    throw error;
  });
}

function fits(line: LogLineAnswer, { node, level, matches, sinceMs }: LogQuery): boolean {
  if (node !== undefined && !isNodeOf(line.node, node)) return false;
  if (sinceMs !== undefined && Date.parse(line.at) < sinceMs) return false;
  return fitsText(line, { level, matches });
}

/** Is it of a level or worse, and does its message or another field match? */
export function fitsText(line: LogLineAnswer, { level, matches }: Pick<LogQuery, "level" | "matches">): boolean {
  if (level !== undefined && LEVELS.indexOf(line.level) < LEVELS.indexOf(level)) return false;
  if (matches === undefined || matches(line.message)) return true;
  const { at: _at, level: _level, run: _run, node: _node, attempt: _attempt, message: _message, ...more } = line;
  return Object.keys(more).length > 0 && matches(JSON.stringify(more));
}

/** Is a node the asked one, or an item or a partition of it? */
export function isNodeOf(found: string, asked: string): boolean {
  return [asked, `task:${asked}`].some((name) => found === name || found.startsWith(`${name}[`));
}

async function* linesOf(path: string): AsyncGenerator<LogLineAnswer> {
  const input = createReadStream(path);
  let failure: NodeJS.ErrnoException | undefined;
  input.once("error", (error) => {
    failure = error;
  });
  try {
    for await (const text of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      const line = parsed(text);
      if (line !== undefined) yield line;
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  } finally {
    input.destroy();
  }
  if (failure !== undefined && failure.code !== "ENOENT") throw failure;
}

/** The lines behind `start` that are whole, and where the next begins. */
async function wholeLinesFrom(path: string, start: number): Promise<{ readonly text: readonly string[]; readonly end: number }> {
  const file = await open(path).catch(() => undefined);
  if (file === undefined) return { text: [], end: start };
  try {
    const lines: string[] = [];
    let end = start;
    let rest = Buffer.alloc(0);
    for (;;) {
      const { bytesRead, buffer } = await file.read({ buffer: Buffer.alloc(CHUNK_BYTES), position: end + rest.length });
      if (bytesRead === 0) return { text: lines, end };
      const bytes = Buffer.concat([rest, buffer.subarray(0, bytesRead)]);
      const last = bytes.lastIndexOf(10);
      rest = bytes.subarray(last + 1);
      if (last < 0) continue;
      lines.push(...bytes.subarray(0, last).toString("utf8").split("\n"));
      end += last + 1;
    }
  } finally {
    await file.close();
  }
}

/** S2. */
function parsed(text: string): LogLineAnswer | undefined {
  try {
    return JSON.parse(text) as LogLineAnswer;
  } catch {
    return undefined;
  }
}
