// Hashes of definitions: they change when what is built may change, and not with descriptions, owners, comments or layout.
import { createHash } from "node:crypto";
import type { PartitionSpec } from "../model/definitions/partition.ts";
import { partitionIdentity } from "../model/partition.ts";

/** Keys that say nothing about what is built. Checks do: they decide which rows are published. */
const SILENT_KEYS: ReadonlySet<string> = new Set([
  "name",
  "description",
  "owner",
  "tags",
  "retry",
  "timeout",
  "pool",
  "isolation",
  "fallback",
  "priority",
  "concurrency",
  "queueTimeout",
  "silence",
  "raw",
  "guards",
]);

/** JSON with sorted keys and without undefined: equal values have equal texts. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(sorted(value)) ?? "null";
}

/** SHA-256 of texts, hex; the bounds between them count. */
export function hashTexts(...texts: readonly string[]): string {
  const hash = createHash("sha256");
  for (const text of texts) hash.update(`${text.length}:`).update(text);
  return hash.digest("hex");
}

/** Hash of a definition that is plain data, and of other texts that belong to it (SQL, module text). */
export function hashDefinition(spec: Readonly<Record<string, unknown>>, ...texts: readonly string[]): string {
  const telling = Object.fromEntries(Object.entries(spec).filter(([key]) => !SILENT_KEYS.has(key)));
  const partition = telling["partition"];
  if (partition !== undefined) telling["partition"] = partitionIdentity(partition as PartitionSpec);
  const columns = telling["columns"];
  if (typeof columns === "object" && columns !== null)
    telling["columns"] = withoutDescriptions(columns as Readonly<Record<string, unknown>>);
  return hashTexts(canonicalJson(telling), ...texts);
}

/** Columns that only have a description do not count. */
function withoutDescriptions(columns: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const kept = Object.entries(columns).flatMap(([name, column]) => {
    if (typeof column !== "object" || column === null) return [];
    const { description: _description, ...rest } = column as Readonly<Record<string, unknown>>;
    return Object.keys(rest).length === 0 ? [] : [[name, rest] as const];
  });
  return Object.fromEntries(kept);
}

function sorted(value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== undefined && typeof inner !== "function")
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}
