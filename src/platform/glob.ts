// File name patterns: `*`, `?`, `[a-z]`, `[!a]`, `{a,b}` within a name, `**` for any number of folders. `*` and `**` pass over names that
// begin with a dot. The order is that of the code points of the whole path, the same on every machine.
import type { Dirent } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { isAbsolute, join, parse, sep } from "node:path";

/** Alternatives that one pattern may unfold into. */
const ALTERNATIVES_MAX = 1000;
/** Folders below one another that `**` goes into. */
const DEPTH_MAX = 64;

export function isPattern(path: string): boolean {
  return /[*?{[]/.test(path);
}

/** Paths of files that match, relative to `folder` unless the pattern is absolute. Throws what the file system throws for an unreadable folder. */
export async function matchFiles(folder: string, pattern: string): Promise<readonly string[]> {
  const found = new Set<string>();
  for (const single of unfoldBraces(pattern)) {
    const root = isAbsolute(single) ? parse(single).root : "";
    const parts = single
      .slice(root.length)
      .split("/")
      .filter((part) => part !== "" && part !== ".");
    await walk(folder, root, parts, found, 0);
  }
  return [...found].toSorted(byCodePoint);
}

/** `a{b,c{d,e}}` → `ab`, `acd`, `ace`. A brace without its end stands for itself. */
export function unfoldBraces(pattern: string): readonly string[] {
  const open = pattern.indexOf("{");
  if (open === -1) return [pattern];
  const parts: string[] = [];
  let depth = 0;
  let from = open + 1;
  for (let i = open; i < pattern.length; i++) {
    const letter = pattern[i];
    if (letter === "{") depth++;
    else if (letter === "," && depth === 1) {
      parts.push(pattern.slice(from, i));
      from = i + 1;
    } else if (letter === "}" && --depth === 0) {
      parts.push(pattern.slice(from, i));
      const ends = unfoldBraces(pattern.slice(i + 1));
      const starts = parts.flatMap((part) => unfoldBraces(part));
      const all = starts.flatMap((start) => ends.map((end) => pattern.slice(0, open) + start + end));
      if (all.length > ALTERNATIVES_MAX) throw new RangeError(`the pattern ${pattern} has more than ${ALTERNATIVES_MAX} alternatives`);
      return all;
    }
  }
  return [pattern];
}

async function walk(folder: string, path: string, parts: readonly string[], found: Set<string>, depth: number): Promise<void> {
  const [part, ...rest] = parts;
  if (part === undefined) return;
  if (part === "**") {
    await walk(folder, path, rest, found, depth);
    if (depth >= DEPTH_MAX) return;
    for (const entry of await entriesOf(folder, path)) {
      // Links to folders are not followed here: they may form rings.
      if (entry.isDirectory() && !entry.name.startsWith(".")) await walk(folder, join(path, entry.name), parts, found, depth + 1);
    }
    if (rest.length === 0) await walk(folder, path, ["*"], found, depth);
    return;
  }
  if (!/[*?[]/.test(part)) {
    const next = join(path, part);
    if (rest.length > 0) await walk(folder, next, rest, found, depth);
    else if (await isFile(place(folder, next))) found.add(next);
    return;
  }
  const matcher = matcherOf(part);
  for (const entry of await entriesOf(folder, path)) {
    if (!matcher.test(entry.name) || (entry.name.startsWith(".") && !part.startsWith("."))) continue;
    const next = join(path, entry.name);
    if (rest.length > 0) await walk(folder, next, rest, found, depth);
    else if (entry.isFile() || (entry.isSymbolicLink() && (await isFile(place(folder, next))))) found.add(next);
  }
}

/** One name's pattern as a regular expression. */
export function matcherOf(part: string): RegExp {
  let source = "";
  for (let i = 0; i < part.length; i++) {
    const letter = part[i] ?? "";
    const close = letter === "[" ? part.indexOf("]", i + 2) : -1;
    if (letter === "*") source += ".*";
    else if (letter === "?") source += "[^/]";
    else if (close !== -1) {
      const inside = part.slice(i + 1, close).replace(/^[!^]/, "");
      const negated = inside.length < close - i - 1;
      source += `[${negated ? "^" : ""}${inside.replaceAll(/[\\\]^[]/g, String.raw`\$&`)}]`;
      i = close;
    } else source += letter.replaceAll(/[\\^$.|+()[\]{}]/g, String.raw`\$&`);
  }
  return new RegExp(`^${source.replaceAll(".*.*", ".*")}$`, "su");
}

async function entriesOf(folder: string, path: string): Promise<readonly Dirent[]> {
  try {
    return await readdir(place(folder, path), { withFileTypes: true });
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return [];
    throw error;
  }
}

function place(folder: string, path: string): string {
  return isAbsolute(path) ? path : join(folder, path === "" ? "." : path);
}

async function isFile(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found?.isFile() === true;
}

function byCodePoint(a: string, b: string): number {
  const [left, right] = [a.replaceAll(sep, "\0"), b.replaceAll(sep, "\0")]; // folders before the names that only begin like them
  return left < right ? -1 : left > right ? 1 : 0;
}
