// The files of a project's folders of definitions, in a stable order: symbolic links are followed (not in circles), hidden files left out.
import { type Dirent, lstatSync, readdirSync, realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import type { MillraceError } from "../model/errors.ts";
import { cannotRead } from "./text-file.ts";

/** A project with more files than this has its data in the wrong folder. */
const FILES_MAX = 100_000;
const DEPTH_MAX = 32;

interface FoundFile {
  /** Absolute. */
  readonly path: string;
  /** Relative to the project, with `/`. */
  readonly file: string;
  /** Relative to the folder that was asked for, with `/`. */
  readonly inner: string;
  readonly kind: "file" | "folder";
}

export interface Found {
  readonly files: readonly FoundFile[];
  readonly errors: readonly MillraceError[];
}

/** Everything below `dir/folder`. `isDefinition` says of a name whether it ends like a definition: folders named so are handed back, not entered. */
export function walkFolder(dir: string, folder: string, isDefinition: (name: string) => boolean): Found {
  const files: FoundFile[] = [];
  const errors: MillraceError[] = [];
  const root = join(dir, folder);
  if (lstatSync(root, { throwIfNoEntry: false }) === undefined) return { files, errors };
  const seen = new Set<string>();
  const visit = (path: string, inner: string, depth: number): void => {
    const file = inner === "" ? folder : `${folder}/${inner}`;
    let entries: readonly Dirent[];
    try {
      const real = realpathSync(path);
      if (seen.has(real) || depth > DEPTH_MAX) return;
      seen.add(real);
      entries = readdirSync(path, { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1));
    } catch (error) {
      errors.push(cannotRead(error, file));
      return;
    }
    for (const entry of entries) {
      if (entry.name.startsWith(".") || files.length >= FILES_MAX) continue;
      const below = join(path, entry.name);
      const innerBelow = inner === "" ? entry.name : `${inner}/${entry.name}`;
      const found = { path: below, file: `${folder}/${innerBelow}`, inner: innerBelow };
      const kind = kindOf(entry, below);
      if (kind === "folder" && isDefinition(entry.name)) files.push({ ...found, kind });
      else if (kind === "folder") visit(below, innerBelow, depth + 1);
      else if (kind === "file") files.push({ ...found, kind });
    }
  };
  visit(root, "", 0);
  return { files, errors };
}

/** A broken link counts as a file: reading it says what is wrong. Sockets, pipes and devices are nothing. */
function kindOf(entry: Dirent, path: string): "file" | "folder" | "other" {
  if (entry.isDirectory()) return "folder";
  if (entry.isFile()) return "file";
  if (!entry.isSymbolicLink()) return "other";
  try {
    const target = statSync(path);
    return target.isDirectory() ? "folder" : target.isFile() ? "file" : "other";
  } catch {
    return "file";
  }
}
