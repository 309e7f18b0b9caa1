// Which files of a store a path, a pattern or a list of them names: each once, in the order of the list, within a pattern by the code points of the path.
import { MillraceError } from "../model/errors.ts";
import { isPattern } from "../platform/glob.ts";
import { splitMembers } from "./archives/names.ts";
import type { FileOptions } from "./options.ts";
import { pathPatterns, type PathPattern } from "./pattern.ts";
import type { FileStore, StoredFile } from "./store.ts";

/** Files of one source; more is taken for a mistake in the pattern. */
const FILES_MAX = 100_000;
/** Paths that are looked up side by side. */
const LOOKS_MAX = 8;

export interface Found {
  readonly file: StoredFile;
  /** Patterns for its members, archive by archive. */
  readonly inner: readonly string[];
}

export interface FindRequest {
  readonly options: Pick<FileOptions, "path" | "optional">;
  /** The path in the store of what the user wrote, members cut off. */
  readonly pathOf: (written: string) => string;
  readonly signal: AbortSignal;
}

/** Throws MR3100, MR3101, MR3309 and what the store throws. */
export async function findInStore(store: FileStore, { options, pathOf, signal }: FindRequest): Promise<readonly Found[]> {
  const found = new Map<string, Found>();
  const take = (file: StoredFile, inner: readonly string[]): void => {
    const key = [file.path, file.label ?? "", ...inner].join("!");
    if (!found.has(key)) found.set(key, { file, inner });
    if (found.size > FILES_MAX)
      throw new MillraceError({ code: "MR3101", message: `${store.origin} has more than ${FILES_MAX} files that match` });
  };
  for (const written of typeof options.path === "string" ? [options.path] : options.path) {
    const { outer, inner } = splitMembers(written);
    const path = pathOf(outer);
    const files = isPattern(path) ? await matching(store, path, signal) : await named(store, path, signal);
    if (files.length === 0 && options.optional !== true) throw nothing(store, path);
    for (const file of files) take(file, inner);
  }
  return [...found.values()];
}

async function named(store: FileStore, path: string, signal: AbortSignal): Promise<readonly StoredFile[]> {
  if (store.hasVersions === true) return matching(store, path, signal);
  const file = await store.look(path.replace(/^\/+/, ""), signal);
  return file === null ? [] : [file];
}

async function matching(store: FileStore, pattern: string, signal: AbortSignal): Promise<readonly StoredFile[]> {
  const files = new Map<string, StoredFile>();
  // Braces may unfold into names without any pattern: those are looked up, side by side.
  const patterns = pathPatterns(pattern);
  const plain = store.hasVersions !== true ? patterns.filter((one) => !one.isPattern) : [];
  for (let at = 0; at < plain.length; at += LOOKS_MAX) {
    const looked = await Promise.all(plain.slice(at, at + LOOKS_MAX).map(({ prefix }) => store.look(prefix, signal)));
    for (const file of looked) if (file !== null) files.set(file.path, file);
  }
  for (const one of patterns) if (!plain.includes(one)) await list(store, one, files, signal);
  return [...files.values()]
    .map((file) => ({ file, key: file.path.replaceAll("/", "\0") })) // folders before the names that only begin like them
    .toSorted(byCodePoint)
    .map(({ file }) => file);
}

async function list(store: FileStore, pattern: PathPattern, files: Map<string, StoredFile>, signal: AbortSignal): Promise<void> {
  const { prefix, depthMax } = pattern;
  for await (const file of store.list({ prefix, depthMax, mayHold: (folder) => pattern.mayHold(folder), signal })) {
    if (!pattern.matches(file.path)) continue;
    files.set(`${file.path}\0${file.label ?? ""}`, file);
    if (files.size > FILES_MAX)
      throw new MillraceError({ code: "MR3101", message: `${store.origin}${prefix}… matches more than ${FILES_MAX} files` });
  }
}

interface Keyed {
  readonly file: StoredFile;
  readonly key: string;
}

function byCodePoint({ file: a, key: left }: Keyed, { file: b, key: right }: Keyed): number {
  if (left !== right) return left < right ? -1 : 1;
  return (a.modifiedMs ?? 0) - (b.modifiedMs ?? 0) || ((a.label ?? "") < (b.label ?? "") ? -1 : 1);
}

function nothing(store: FileStore, path: string): MillraceError {
  if (isPattern(path)) return new MillraceError({ code: "MR3101", message: `no file matches ${store.origin}${path}` });
  return new MillraceError({ code: "MR3100", message: `${store.origin}${path} does not exist` });
}
