// A window on the logs of a run: its lines by time over all attempts, from the end, from a line, or from where another window ended. It reads the blocks it
// shows; where lines are filtered, SCAN_LINES_MAX at most, and whoever asks goes on from where it stopped.
//   W1. Lines are ordered by time, then by file, then as they stand in it. Numbers of lines count from 0 in that order over the chosen attempts.
//   W2. A cursor names the line before a place: it stays right while lines are appended.
import type { LogLineAnswer } from "../model/answers.ts";
import { createBlocks, type LogBlocks } from "./log-blocks.ts";
import type { IndexedFile } from "./log-index.ts";

const SCAN_LINES_MAX = 50_000;

/** Lines of each file that stand before a place. */
type Place = readonly number[];

export type WindowStart =
  | { readonly kind: "tail" }
  | { readonly kind: "line"; readonly line: number }
  /** Lines before a place, or behind it. */
  | { readonly kind: "before" | "after"; readonly cursor: string }
  /** What was appended to each file, by its name, since it had so many lines; their numbers are about right. */
  | { readonly kind: "added"; readonly counts: ReadonlyMap<string, number> };

export interface WindowQuery {
  readonly start: WindowStart;
  readonly limit: number;
  readonly fits: ((line: LogLineAnswer) => boolean) | undefined;
}

export interface LogWindow {
  readonly lines: readonly (LogLineAnswer & { readonly line: number })[];
  /** Of the chosen attempts, whether they fit or not. */
  readonly total: number;
  /** Where a window before this one ends; null: there is nothing before it. */
  readonly previous: string | null;
  /** Where the next one begins, also when there is nothing yet. */
  readonly next: string;
  readonly hasNext: boolean;
}

export async function windowOf(files: readonly IndexedFile[], { start, limit, fits }: WindowQuery): Promise<LogWindow> {
  const blocks = createBlocks(files);
  try {
    const total = sum(files.map((file) => file.lines));
    const from = await placeOf(files, blocks, start);
    const isBack = start.kind === "tail" || start.kind === "before";
    const walk = isBack ? await walkBack(blocks, from) : await walkOn(files, blocks, from);
    const found: (LogLineAnswer & { readonly line: number })[] = [];
    for (let scanned = 0; found.length < limit && scanned < SCAN_LINES_MAX; scanned++) {
      const step = await walk.next();
      if (step === null) break;
      const line = parsed(step.text);
      if (line !== undefined && (fits === undefined || fits(line))) found.push({ line: step.line, ...line });
    }
    const [low, high] = isBack ? [walk.place, from] : [from, walk.place];
    return {
      lines: isBack ? found.toReversed() : found,
      total,
      previous: sum(low) === 0 ? null : await cursorOf(files, blocks, low),
      next: await cursorOf(files, blocks, high),
      hasNext: sum(high) < total,
    };
  } finally {
    await blocks.close();
  }
}

interface Walk {
  readonly place: Place;
  next(): Promise<{ readonly text: string; readonly line: number } | null>;
}

/** The time of the line before a file's place: the latest of them is the one before the place. */
async function walkBack(blocks: LogBlocks, from: Place): Promise<Walk> {
  const place = [...from];
  let line = sum(place);
  const headOf = (file: number): Promise<number> | number =>
    place[file] === 0 ? Number.NEGATIVE_INFINITY : blocks.time(file, place[file]! - 1);
  const heads = await inTurn(place, headOf);
  return {
    place,
    async next() {
      let file = -1;
      for (const [index, head] of heads.entries()) if (place[index]! > 0 && (file < 0 || head >= heads[file]!)) file = index;
      if (file < 0) return null;
      place[file]! -= 1;
      line -= 1;
      const text = await blocks.text(file, place[file]!);
      heads[file] = await headOf(file);
      return { text, line };
    },
  };
}

async function walkOn(files: readonly IndexedFile[], blocks: LogBlocks, from: Place): Promise<Walk> {
  const place = [...from];
  let line = sum(place);
  const isOver = (file: number): boolean => place[file] === files[file]!.lines;
  const headOf = (file: number): Promise<number> | number => (isOver(file) ? Number.POSITIVE_INFINITY : blocks.time(file, place[file]!));
  const heads = await inTurn(place, headOf);
  return {
    place,
    async next() {
      let file = -1;
      for (const [index, head] of heads.entries()) if (!isOver(index) && (file < 0 || head < heads[file]!)) file = index;
      if (file < 0) return null;
      const text = await blocks.text(file, place[file]!);
      place[file]! += 1;
      line += 1;
      heads[file] = await headOf(file);
      return { text, line: line - 1 };
    },
  };
}

async function inTurn(place: Place, each: (file: number) => Promise<number> | number): Promise<number[]> {
  const all: number[] = [];
  for (const file of place.keys()) all.push(await each(file));
  return all;
}

async function placeOf(files: readonly IndexedFile[], blocks: LogBlocks, start: WindowStart): Promise<Place> {
  if (start.kind === "tail") return files.map((file) => file.lines);
  if (start.kind === "line") return placeOfLine(files, blocks, start.line);
  if (start.kind === "added") return files.map((file) => Math.min(start.counts.get(file.name) ?? 0, file.lines));
  const [ms, line, ...name] = start.cursor.split("~");
  const at = Number(ms);
  if (!Number.isFinite(at)) return files.map(() => 0);
  const of = files.findIndex((file) => file.name === name.join("~"));
  const place: number[] = [];
  for (const file of files.keys()) {
    if (file === of) place.push(Math.min(Number(line) + 1, files[file]!.lines));
    // W1: of lines of the same time those of files before it stand before it.
    else place.push(await blocks.countBefore(file, of >= 0 && file < of ? at + 1 : at));
  }
  return place;
}

/** The first lines of all, so many: a search by time, then line by line. */
async function placeOfLine(files: readonly IndexedFile[], blocks: LogBlocks, line: number): Promise<Place> {
  let low = Math.min(...files.map((file) => file.firstMs));
  let high = low;
  for (const [index, file] of files.entries()) high = Math.max(high, await blocks.time(index, file.lines - 1));
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    const before = sum(
      await inTurn(
        files.map(() => 0),
        (file) => blocks.countBefore(file, middle),
      ),
    );
    if (before <= line) low = middle;
    else high = middle;
  }
  const place = await inTurn(
    files.map(() => 0),
    (file) => blocks.countBefore(file, low),
  );
  const walk = await walkOn(files, blocks, sum(place) <= line ? place : files.map(() => 0));
  for (let at = sum(walk.place); at < line; at++) if ((await walk.next()) === null) break;
  return walk.place;
}

async function cursorOf(files: readonly IndexedFile[], blocks: LogBlocks, place: Place): Promise<string> {
  let last = -1;
  let lastMs = Number.NEGATIVE_INFINITY;
  for (const [file, count] of place.entries()) {
    if (count === 0) continue;
    const at = await blocks.time(file, count - 1);
    if (last < 0 || at >= lastMs) [last, lastMs] = [file, at];
  }
  return last < 0 ? "start" : `${lastMs}~${place[last]! - 1}~${files[last]!.name}`;
}

function sum(place: Place): number {
  return place.reduce((all, each) => all + each, 0);
}

/** Undefined for a line that a crash cut off. */
function parsed(text: string): LogLineAnswer | undefined {
  try {
    return JSON.parse(text) as LogLineAnswer;
  } catch {
    return undefined;
  }
}
