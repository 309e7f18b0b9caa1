// Which files a path, a pattern or a list of them names, in a stable order; and good advice when it names nothing.
import { readdir, stat } from "node:fs/promises";
import { basename, dirname, isAbsolute, relative, resolve, sep } from "node:path";
import { MillraceError } from "../../model/errors.ts";
import { isPattern, matchFiles } from "../../platform/glob.ts";
import { splitMembers } from "../../filestores/archives/names.ts";
import type { FilesOptions } from "./options.ts";

/** Files of one delivery; more is taken for a mistake in the pattern. */
const FILES_MAX = 100_000;
/** Files that are looked at side by side. */
const LOOKS_MAX = 64;
const SUGGESTIONS_MAX = 3;

export interface FoundFile {
  readonly path: string;
  /** As the user knows it: relative to the project, unless it was named by an absolute path. */
  readonly name: string;
  readonly sizeBytes: number;
  readonly modifiedNs: bigint;
  /** When anything of the file changed last; unlike the time of modification nothing can set it back. */
  readonly changedNs: bigint;
}

/** With patterns for its members, archive by archive, when it is an archive. */
export interface FoundMembers extends FoundFile {
  readonly inner: readonly string[];
}

/** Each file once, in the order of the list, and within a pattern by name. Throws MR3100, MR3101, MR3102, MR3103. */
export async function findFiles(options: Pick<FilesOptions, "path" | "optional">, projectDir: string): Promise<readonly FoundMembers[]> {
  const found = new Map<string, FoundMembers>();
  for (const path of typeof options.path === "string" ? [options.path] : options.path) {
    const { names, inner } = await namesOf(path, projectDir, options.optional === true ? "optional" : "needed");
    for (let at = 0; at < names.length; at += LOOKS_MAX) {
      const files = await Promise.all(names.slice(at, at + LOOKS_MAX).map((name) => look(name, projectDir)));
      for (const file of files) {
        const key = [file.path, ...inner].join("!");
        if (!found.has(key)) found.set(key, { ...file, inner });
      }
      if (found.size > FILES_MAX) throw new MillraceError({ code: "MR3101", message: `${path} matches more than ${FILES_MAX} files` });
    }
  }
  return [...found.values()];
}

interface Named {
  readonly names: readonly string[];
  readonly inner: readonly string[];
}

async function namesOf(written: string, projectDir: string, need: "optional" | "needed"): Promise<Named> {
  // A file may have the letters of a pattern, or a `!`, in its name; what is there by that name is meant.
  if (await exists(written, projectDir)) return { names: [written], inner: [] };
  const { outer, inner } = splitMembers(written);
  if (inner.length > 0 && (await exists(outer, projectDir))) return { names: [outer], inner };
  return { names: await outerNames(outer, projectDir, need), inner };
}

async function exists(path: string, projectDir: string): Promise<boolean> {
  return (await stat(resolve(projectDir, path)).catch(() => undefined)) !== undefined;
}

async function outerNames(path: string, projectDir: string, need: "optional" | "needed"): Promise<readonly string[]> {
  if (!isPattern(path)) {
    if (need === "optional") return [];
    throw new MillraceError({ code: "MR3100", message: `${path} does not exist`, ...(await adviceFor(path, projectDir)) });
  }
  const names = await matching(path, projectDir);
  if (names.length === 0 && need === "needed") {
    throw new MillraceError({ code: "MR3101", message: `no file matches ${path}`, ...(await adviceFor(path, projectDir)) });
  }
  return names;
}

async function matching(pattern: string, projectDir: string): Promise<readonly string[]> {
  try {
    return await matchFiles(projectDir, pattern);
  } catch (error) {
    throw refused(error, pattern);
  }
}

async function look(name: string, projectDir: string): Promise<FoundFile> {
  const path = resolve(projectDir, name);
  const found = await stat(path, { bigint: true }).catch((error: unknown) => {
    throw refused(error, name);
  });
  if (found.isDirectory()) {
    const hint = `name the files in it: ${name.replace(/\/$/, "")}/*`;
    throw new MillraceError({ code: "MR3102", message: `${name} is a folder, not a file`, hint });
  }
  const shown = isAbsolute(name) ? name : relative(projectDir, path).split(sep).join("/");
  return { path, name: shown, sizeBytes: Number(found.size), modifiedNs: found.mtimeNs, changedNs: found.ctimeNs };
}

/** What the operating system said when it would not open a file, as our error. */
export function refused(error: unknown, name: string): unknown {
  if (error instanceof MillraceError) return error;
  const code = (error as NodeJS.ErrnoException).code ?? "";
  if (code === "EISDIR") return new MillraceError({ code: "MR3102", message: `${name} is a folder, not a file`, cause: error });
  if (code === "ENOENT") return new MillraceError({ code: "MR3100", message: `${name} does not exist`, cause: error });
  const why = {
    EACCES: "permission denied",
    EPERM: "the operation is not permitted",
    ENOTDIR: "a part of its path is a file",
    EIO: "the disk reports an error",
    ELOOP: "its path runs through a ring of links",
  }[code];
  return why === undefined ? error : new MillraceError({ code: "MR3103", message: `${name} cannot be read: ${why}`, cause: error });
}

/** The nearest names in the deepest folder of the path that exists. */
async function adviceFor(path: string, projectDir: string): Promise<{ readonly hint?: string }> {
  let folder = dirname(resolve(projectDir, path));
  let wanted = basename(path);
  for (;;) {
    const entries = await readdir(folder).catch(() => undefined);
    if (entries !== undefined) {
      const near = nearest(wanted, entries);
      const place = relative(projectDir, folder) || ".";
      if (near.length > 0) return { hint: `in ${place} there is ${near.join(", ")}` };
      return { hint: entries.length === 0 ? `${place} is empty` : `${place} has ${entries.length} entries, none of a similar name` };
    }
    if (dirname(folder) === folder) return {};
    wanted = basename(folder);
    folder = dirname(folder);
  }
}

function nearest(wanted: string, entries: readonly string[]): readonly string[] {
  const plain = wanted.replaceAll(/[*?[\]{}]/g, "").toLowerCase();
  const ending = /\.[^.*?]+$/.exec(wanted)?.[0].toLowerCase();
  return entries
    .filter((entry) => !entry.startsWith("."))
    .map((entry) => ({
      entry,
      distance: distance(plain, entry.toLowerCase()) - (ending !== undefined && entry.toLowerCase().endsWith(ending) ? 1 : 0),
    }))
    .filter(({ entry, distance: far }) => far <= Math.max(3, Math.ceil(Math.max(plain.length, entry.length) / 2)))
    .toSorted((a, b) => a.distance - b.distance || (a.entry < b.entry ? -1 : 1))
    .slice(0, SUGGESTIONS_MAX)
    .map(({ entry }) => entry);
}

/** Edits between two names (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
