// What the compiler found out before, by the hash of what it was found out from. Nothing in it is needed: without it everything is compiled again.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

export interface CompileCache {
  get(key: string): unknown;
  put(key: string, value: unknown): void;
  /** Keeps what was asked for or put since the cache was opened, and forgets the rest. */
  save(): void;
}

/** Raised when what is stored, or how it is computed, changes. */
const FORMAT = "millrace-compile-4 duckdb-1.5.5";

/** A cache in one file. A file that is missing, damaged or of another version is an empty cache; failing to write it is no error. */
export function openCompileCache(path: string): CompileCache {
  const stored = readStored(path);
  const used = new Map<string, unknown>();
  let changed = false;
  return {
    get(key) {
      const value = used.get(key) ?? stored.get(key);
      if (value !== undefined) used.set(key, value);
      return value;
    },
    put(key, value) {
      // Keys are hashes of everything the value follows from: what is there is the same.
      if (used.has(key)) return;
      if (!stored.has(key)) changed = true;
      used.set(key, value);
    },
    save() {
      if (!changed && used.size === stored.size) return;
      try {
        mkdirSync(dirname(path), { recursive: true });
        const beside = `${path}.${process.pid}.tmp`;
        writeFileSync(beside, JSON.stringify({ format: FORMAT, entries: Object.fromEntries(used) }));
        renameSync(beside, path);
      } catch {
        // A cache that cannot be written (read-only folder, full disk) only costs time.
      }
    },
  };
}

function readStored(path: string): ReadonlyMap<string, unknown> {
  try {
    const file = JSON.parse(readFileSync(path, "utf8")) as {
      readonly format?: unknown;
      readonly entries?: Readonly<Record<string, unknown>>;
    };
    return file.format === FORMAT && typeof file.entries === "object" ? new Map(Object.entries(file.entries)) : new Map();
  } catch {
    return new Map();
  }
}
