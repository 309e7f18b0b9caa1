// Files that arrive: a file counts once it has not changed for `settle`, and once by its path and content, across restarts.
//   F1. What was seen is told before it is remembered: a crash between the two tells it again, and the job knows its key.
//   F2. The memory is bounded: files that are there, and the FORGOTTEN_MAX that went last.
//   F3. Nothing is read of a file that looks as it did when it was taken (size, times, inode).
import { type BigIntStats, type FSWatcher, watch } from "node:fs";
import { stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { Clock } from "../../engine/clock.ts";
import type { JsonValue } from "../../model/answers.ts";
import { hashFile } from "../../platform/files.ts";
import { isPattern, matchFiles } from "../../platform/glob.ts";

export interface Arrival {
  /** Identity: the path and what is in it. */
  readonly key: string;
  readonly item: { readonly [key: string]: JsonValue };
}

/** What is remembered of one file: `[look, hash, gone]`; `gone` counts up as files go, null while it is there. */
export type Remembered = readonly [look: string, hash: string, gone: number | null];

/** Where what was seen is kept (arrival-memory.ts). */
export interface ArrivalMemory {
  load(): Promise<ReadonlyMap<string, Remembered>>;
  save(known: ReadonlyMap<string, Remembered>, changed: ReadonlySet<string>): Promise<void>;
}

export interface ArrivalsOptions {
  readonly projectDir: string;
  /** A path or a pattern. */
  readonly path: string;
  readonly settleMs: number;
  /** How often the folder is looked at without being told: some file systems tell nothing. */
  readonly everyMs: number;
  readonly clock: Clock;
  readonly memory: ArrivalMemory;
  /** False when it cannot be taken now: it is told again later. */
  readonly onArrival: (arrival: Arrival) => Promise<boolean>;
  readonly onProblem: (error: unknown) => void;
}

export interface Arrivals {
  /** Looks now; resolves when what was found is told or waits to settle. */
  look(): Promise<void>;
  close(): void;
}

/** Files of one trigger; more is a mistake in the pattern. */
const FILES_MAX = 100_000;
const FORGOTTEN_MAX = 10_000;
/** A folder that tells nothing (it is not there yet) is looked at this often. */
const UNTOLD_MS = 2_000;
/** Changes within this time are looked at in one go. */
const HUSH_MS = 50;

interface Unsettled {
  readonly look: string;
  readonly since: number;
  /** Once it has settled; it may have to be told again. */
  readonly hash?: string;
}

export function watchArrivals(options: ArrivalsOptions): Arrivals {
  const { projectDir, path, settleMs, everyMs, clock, memory, onArrival, onProblem } = options;
  const unsettled = new Map<string, Unsettled>();
  let known: Map<string, Remembered> | null = null;
  let looking: Promise<void> | null = null;
  let again = false;
  let closed = false;
  let timer: { readonly at: number; readonly cancel: () => void } | null = null;
  let watcher: FSWatcher | null = null;

  const lookIn = (ms: number): void => {
    const at = clock.now() + ms;
    if (closed || (timer !== null && timer.at <= at)) return;
    timer?.cancel();
    timer = {
      at,
      cancel: clock.after(ms, () => {
        timer = null;
        void look();
      }),
    };
  };
  const listen = (): void => {
    if (watcher !== null || closed) return;
    try {
      watcher = watch(resolve(projectDir, folderOf(path)), { persistent: false }, () => lookIn(HUSH_MS));
      watcher.on("error", () => {
        watcher?.close();
        watcher = null;
      });
    } catch {
      watcher = null; // the folder is not there yet, or nothing tells of it: it is looked at every now and then
    }
  };

  const lookOnce = async (): Promise<void> => {
    known ??= new Map(await memory.load());
    const names = isPattern(path) ? await matchFiles(projectDir, path) : [path];
    if (names.length > FILES_MAX) throw new RangeError(`${path} matches more than ${FILES_MAX} files`);
    const there = new Set(names);
    const changed = forget(known, there);
    let next = everyMs;
    for (const name of names) {
      if (closed) break;
      const found = await stat(resolve(projectDir, name), { bigint: true }).catch(() => null);
      if (found === null || !found.isFile()) {
        unsettled.delete(name);
        continue;
      }
      const seen = `${found.ino}:${found.size}:${found.mtimeNs}:${found.ctimeNs}`;
      const before = known.get(name);
      if (before?.[0] === seen && before[2] === null) continue;
      const now = clock.now();
      if (unsettled.get(name)?.look !== seen) unsettled.set(name, { look: seen, since: Math.min(now, Number(found.ctimeMs)) });
      const waiting = unsettled.get(name)!;
      const left = waiting.since + settleMs - now;
      if (left > 0) {
        next = Math.min(next, left);
        continue;
      }
      const hash = waiting.hash ?? (await hashOf(resolve(projectDir, name), found));
      if (hash === null) {
        next = Math.min(next, HUSH_MS);
        continue;
      }
      unsettled.set(name, { ...waiting, hash });
      if (before?.[1] !== hash) {
        const item = { path: name, bytes: Number(found.size), modifiedAt: new Date(Number(found.mtimeMs)).toISOString(), hash };
        if (!(await onArrival({ key: `${name}@${hash}`, item }))) continue;
      }
      unsettled.delete(name);
      known.set(name, [seen, hash, null]);
      changed.add(name);
    }
    if (changed.size > 0) await memory.save(known, changed);
    listen();
    lookIn(watcher === null ? Math.min(next, UNTOLD_MS) : next);
  };
  const look = (): Promise<void> => {
    if (looking !== null) {
      again = true;
      return looking;
    }
    looking = lookOnce()
      .catch((error: unknown) => {
        onProblem(error);
        lookIn(everyMs);
      })
      .finally(() => {
        looking = null;
        if (again) {
          again = false;
          lookIn(HUSH_MS);
        }
      });
    return looking;
  };

  lookIn(0);
  return {
    look,
    close() {
      closed = true;
      timer?.cancel();
      watcher?.close();
    },
  };
}

/** The hash of what is in a file; null when it changed while it was read. */
async function hashOf(path: string, before: BigIntStats): Promise<string | null> {
  const hash = (await hashFile(path)).slice(0, 32);
  const after = await stat(path, { bigint: true }).catch(() => null);
  return after?.size === before.size && after.mtimeNs === before.mtimeNs ? hash : null;
}

/** Marks files that have gone, and forgets those that went longest ago. Answers whose memory changed. */
function forget(known: Map<string, Remembered>, there: ReadonlySet<string>): Set<string> {
  const changed = new Set<string>();
  let last = 0;
  for (const [, , order] of known.values()) last = Math.max(last, order ?? 0);
  const gone: { readonly name: string; readonly order: number }[] = [];
  for (const [name, [look, hash, order]] of known) {
    if (there.has(name)) continue;
    if (order === null) {
      known.set(name, [look, hash, ++last]);
      changed.add(name);
    }
    gone.push({ name, order: order ?? last });
  }
  for (const { name } of gone.toSorted((a, b) => a.order - b.order).slice(0, Math.max(0, gone.length - FORGOTTEN_MAX))) {
    known.delete(name);
    changed.add(name);
  }
  return changed;
}

/** The deepest folder of a pattern that has no wildcard in it. */
function folderOf(path: string): string {
  const parts = path.split("/");
  const wild = parts.findIndex((part) => isPattern(part));
  const folder = wild === -1 ? dirname(path) : parts.slice(0, wild).join("/");
  return folder === "" ? (path.startsWith("/") ? "/" : ".") : folder;
}
