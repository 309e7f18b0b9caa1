// Remembers the plain value of YAML texts that were sound, by the hash of the text, in .millrace/cache: parsing YAML is the slowest part of reading
// a large project. Values are held against their schema again, and a cache that is missing, damaged or not writable only costs time.
import { createHash, randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Changes when values are read differently from the same text. */
const FORMAT = "millrace-definitions-1";
/** A smaller project is read faster than its cache. */
const FRESH_MIN = 50;
const CACHE_BYTES_MAX = 64_000_000;

export interface DefinitionCache {
  get(text: string): { readonly value: unknown } | undefined;
  set(text: string, value: unknown): void;
  /** Writes what was asked for or set since it was opened, when that is worth it. */
  save(): void;
}

export function openCache(dir: string): DefinitionCache {
  const path = join(dir, ".millrace", "cache", "definitions.json");
  const known = load(path);
  const used = new Map<string, unknown>();
  let fresh = 0;
  return {
    get(text) {
      const key = hashOf(text);
      const found = used.has(key) ? used.get(key) : known.get(key);
      if (found === undefined) return undefined;
      used.set(key, found);
      // A copy each: definitions must not share what one of them may be handed on with.
      return { value: structuredClone(found) };
    },
    set(text, value) {
      if (value === undefined || value === null) return;
      used.set(hashOf(text), value);
      fresh++;
    },
    save() {
      if (fresh >= FRESH_MIN || (fresh > 0 && known.size > 0)) store(path, used);
    },
  };
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("base64url");
}

function load(path: string): ReadonlyMap<string, unknown> {
  try {
    const text = readFileSync(path, "utf8");
    const [format, entries] =
      text.length > CACHE_BYTES_MAX ? [] : (JSON.parse(text) as readonly [string, Readonly<Record<string, unknown>>]);
    return format === FORMAT && entries !== undefined ? new Map(Object.entries(entries)) : new Map();
  } catch {
    return new Map(); // missing or damaged: it is made again
  }
}

function store(path: string, entries: ReadonlyMap<string, unknown>): void {
  const beside = `${path}.${randomUUID().slice(0, 8)}`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(beside, JSON.stringify([FORMAT, Object.fromEntries(entries)]));
    renameSync(beside, path);
  } catch {
    // A read-only or full disk: the next read is as slow as this one.
    if (existsSync(beside)) rmSync(beside, { force: true });
  }
}
