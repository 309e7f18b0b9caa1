// Listing a store that has real folders: from the folder of the prefix downwards, in the order of names, only where something wanted may lie.
import type { ListRequest, StoredFile } from "./store.ts";

/** Folders gone into in one listing; a ring of links would never end. */
const FOLDERS_MAX = 100_000;

export interface FolderEntry {
  readonly name: string;
  readonly kind: "file" | "folder" | "other";
  readonly sizeBytes: number | null;
  readonly modifiedMs: number | null;
}

/** `entriesOf` answers null when the folder is not there (or gone meanwhile). */
export async function* walkFolders(
  request: Pick<ListRequest, "prefix" | "depthMax" | "signal"> & { mayHold(folder: string): boolean },
  entriesOf: (folder: string) => Promise<readonly FolderEntry[] | null>,
): AsyncGenerator<StoredFile> {
  const cut = request.prefix.lastIndexOf("/");
  const waiting: { readonly folder: string; readonly depth: number }[] = [
    { folder: cut === -1 ? "" : request.prefix.slice(0, cut), depth: 0 },
  ];
  for (let gone = 0; waiting.length > 0 && gone < FOLDERS_MAX; gone++) {
    request.signal.throwIfAborted();
    const { folder, depth } = waiting.shift()!;
    const entries = await entriesOf(folder);
    if (entries === null) continue;
    const below: { readonly folder: string; readonly depth: number }[] = [];
    for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      // A server may say any name; one that leads elsewhere is none.
      if (entry.name === "." || entry.name === ".." || entry.name === "" || /[/\\\0]/.test(entry.name)) continue;
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      const isWanted = path.startsWith(request.prefix);
      if (entry.kind === "folder") {
        if (depth < request.depthMax && (isWanted || request.prefix.startsWith(`${path}/`)) && request.mayHold(path))
          below.push({ folder: path, depth: depth + 1 });
      } else if (entry.kind === "file" && isWanted) {
        yield { path, sizeBytes: entry.sizeBytes, modifiedMs: entry.modifiedMs, identity: null };
      }
    }
    waiting.unshift(...below);
  }
}
