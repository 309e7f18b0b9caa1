// What the databases of `tables:` held when they were asked last, in .millrace/catalogue.json: names, columns and keys, no settings. Reading the project
// looks here only; operations that do work ask again.
import { createHash, randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as z from "zod";
import type { SourceLocation } from "../model/errors.ts";

const FORMAT = "millrace-catalogue-1";

const table = z.object({
  name: z.string(),
  options: z.record(z.string(), z.unknown()),
  columns: z.array(z.object({ name: z.string(), type: z.string() })).optional(),
  primaryKey: z.array(z.string()).optional(),
  /** It was there once and is there no more. */
  gone: z.literal(true).optional(),
});
export type CatalogueTable = z.infer<typeof table>;

const catalogueFile = z.object({ format: z.literal(FORMAT), places: z.record(z.string(), z.array(table)) });

/** A place whose tables are wanted: a connector with the options that lead there, placeholders as written. */
export interface Place {
  readonly connector: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** The definition that wants it. */
  readonly file: string;
  readonly location: SourceLocation;
}

export type Catalogue = ReadonlyMap<string, readonly CatalogueTable[]>;

/** Options that choose among tables or say how one is read; they lead nowhere else. */
const NOT_OF_PLACE = new Set(["table", "tables", "query", "parallel", "where", "columns", "primaryKey", "indexes", "types"]);

/** Names the place without showing anything of its settings. */
export function placeKey({ connector, options }: Pick<Place, "connector" | "options">): string {
  const leads = Object.entries(options)
    .filter(([name]) => !NOT_OF_PLACE.has(name))
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `${connector}:${createHash("sha256").update(JSON.stringify(leads)).digest("hex").slice(0, 32)}`;
}

/** The kept catalogue; an empty one where there is none or it cannot be read. */
export function readCatalogue(dir: string): Catalogue {
  try {
    const read = catalogueFile.safeParse(JSON.parse(readFileSync(pathIn(dir), "utf8")));
    return new Map(read.success ? Object.entries(read.data.places) : []);
  } catch {
    return new Map();
  }
}

/** Keeps what was found; what a place had before and has no more stays as gone. */
export function updateCatalogue(dir: string, found: ReadonlyMap<string, readonly CatalogueTable[]>): void {
  const places = new Map(readCatalogue(dir));
  for (const [key, tables] of found) {
    const names = new Set(tables.map(({ name }) => name));
    const gone = (places.get(key) ?? []).filter(({ name }) => !names.has(name)).map((before) => ({ ...before, gone: true as const }));
    places.set(key, [...tables, ...gone]);
  }
  const path = pathIn(dir);
  const beside = `${path}.${randomUUID().slice(0, 8)}`;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(beside, `${JSON.stringify({ format: FORMAT, places: Object.fromEntries(places) }, undefined, 1)}\n`);
  renameSync(beside, path);
}

function pathIn(dir: string): string {
  return join(dir, ".millrace", "catalogue.json");
}
