// What a store has that could become a source: files of one folder and one ending are one set.
import type { Discovered } from "../load/connector.ts";
import { formatByEnding, withoutCompression } from "../formats/index.ts";
import { isArchiveName } from "./archives/names.ts";
import type { FileStore } from "./store.ts";

/** Files that are looked at. */
const LOOKED_AT_MAX = 2_000;

export interface InStore {
  readonly files: number;
  readonly isAll: boolean;
  readonly found: readonly Discovered[];
}

/** Sets of files whose path begins with `prefix`. */
export async function discoverIn(store: FileStore, prefix: string, signal: AbortSignal): Promise<InStore> {
  const sets = new Map<string, string[]>();
  let files = 0;
  for await (const { path } of store.list({ prefix: prefix.replace(/[*?[{].*$/s, ""), depthMax: Infinity, mayHold: () => true, signal })) {
    files++;
    const set = setOf(path);
    if (set !== undefined) sets.set(set, [...(sets.get(set) ?? []), path].slice(0, 2));
    if (files >= LOOKED_AT_MAX) break;
  }
  const found = [...sets]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([pattern, paths]) => {
      const [first = pattern, second] = paths;
      const path = second === undefined ? first : pattern;
      return { name: path, options: { path } };
    });
  return { files, isAll: files < LOOKED_AT_MAX, found };
}

/** `a/b.csv.gz` → `a/*.csv.gz`; undefined for what no format knows. */
function setOf(path: string): string | undefined {
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (isArchiveName(name)) return undefined;
  const plain = withoutCompression(name);
  const ending = formatByEnding(name)?.extensions.find((known) => plain.toLowerCase().endsWith(known));
  if (ending === undefined || name.startsWith(".")) return undefined;
  return `${path.slice(0, path.length - name.length)}*${name.slice(plain.length - ending.length)}`;
}
