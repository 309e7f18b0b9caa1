// What the compiler found out before, by the hash of what it was found out from. Nothing in it is needed: without it everything is compiled again.
//   H1. One line per entry behind a line with the format: what is new is added at the end, and a line is only parsed when it is asked for, so that
//       one edit among 10,000 models reads and writes little.
//   H2. A line that was cut off (a kill, a full disk) is no entry; what nobody asked for is left out when it is most of the file.
import { appendFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

export interface CompileCache {
  get(key: string): unknown;
  put(key: string, value: unknown): void;
  /** Keeps what was put since the cache was opened. */
  save(): void;
}

/** Raised when what is stored, or how it is computed, changes. */
const FORMAT = "millrace-compile-4 duckdb-1.5.5";
/** Lines that nobody asked for are kept up to as many as were asked for, and this many more: another branch may ask for them. */
const UNUSED_MAX = 2_000;

/** A cache in one file. A file that is missing, damaged or of another version is an empty cache; failing to write it is no error. */
export function openCompileCache(path: string): CompileCache {
  const { lines, isOurs, count } = readStored(path);
  const used = new Map<string, unknown>();
  const added = new Map<string, unknown>();
  return {
    get(key) {
      if (used.has(key)) return used.get(key);
      const value = parsed(lines.get(key));
      if (value !== undefined) used.set(key, value);
      return value;
    },
    put(key, value) {
      // Keys are hashes of everything the value follows from: what is there is the same.
      if (used.has(key)) return;
      used.set(key, value);
      if (!lines.has(key) || parsed(lines.get(key)) === undefined) added.set(key, value);
    },
    save() {
      const isWasteful = count + added.size > 2 * used.size + UNUSED_MAX;
      if (added.size === 0 && !isWasteful) return;
      try {
        mkdirSync(dirname(path), { recursive: true });
        if (isOurs && !isWasteful) appendFileSync(path, textOf(added));
        else {
          const beside = `${path}.${process.pid}.tmp`;
          writeFileSync(beside, `${FORMAT}${textOf(used)}`);
          renameSync(beside, path);
        }
        added.clear();
      } catch {
        // A cache that cannot be written (read-only folder, full disk) only costs time.
      }
    },
  };
}

/** Each line begins with its own line break: what is added behind a line that was cut off stands on a line of its own. */
function textOf(entries: ReadonlyMap<string, unknown>): string {
  return [...entries].map(([key, value]) => `\n${key}\t${JSON.stringify(value)}`).join("");
}

interface Stored {
  /** Per key the JSON of its value. */
  readonly lines: ReadonlyMap<string, string>;
  readonly count: number;
  readonly isOurs: boolean;
}

function readStored(path: string): Stored {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return { lines: new Map(), count: 0, isOurs: false };
  }
  const [format, ...rest] = text.split("\n");
  if (format !== FORMAT) return { lines: new Map(), count: 0, isOurs: false };
  const lines = new Map<string, string>();
  for (const line of rest) {
    const tab = line.indexOf("\t");
    if (tab > 0) lines.set(line.slice(0, tab), line.slice(tab + 1));
  }
  return { lines, count: rest.length, isOurs: true };
}

function parsed(json: string | undefined): unknown {
  if (json === undefined) return undefined;
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
