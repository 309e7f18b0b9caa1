// Joins of a folder and a name that somebody else chose (data, an archive, a server, a parameter). Such a name never leaves its folder:
//   P1. No absolute name, no drive, no NUL, no `..`, no backslash.
//   P2. No part of the way may be a symbolic link that leads elsewhere.
import { realpath } from "node:fs/promises";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { MillraceError } from "../model/errors.ts";

/** Longest name that is taken; file systems end at 255 bytes a part anyway. */
const NAME_LENGTH_MAX = 4096;

/** `folder/name` for a name that is not ours, by its letters alone. Throws MR3150 when the name leads out of the folder. */
export function joinInside(folder: string, name: string): string {
  const problem = problemOf(name);
  if (problem !== null) throw outside(folder, name, problem);
  const joined = resolve(folder, name);
  if (!isInside(resolve(folder), joined)) throw outside(folder, name, "it leads out of the folder");
  return joined;
}

/** The same, and what exists of the way is followed: a symbolic link out of the folder is refused too. Throws MR3150. */
export async function resolveInside(folder: string, name: string): Promise<string> {
  const joined = joinInside(folder, name);
  const root = await realpath(folder);
  const real = await realExisting(joined);
  if (real !== root && !isInside(root, real)) throw outside(folder, name, "a symbolic link on its way leads out of the folder");
  return joined;
}

function problemOf(name: string): string | null {
  if (name === "" || name === ".") return "it is empty";
  if (name.length > NAME_LENGTH_MAX) return "it is too long";
  if (name.includes("\0")) return "it has a NUL in it";
  if (name.includes("\\")) return "it has a backslash in it";
  if (isAbsolute(name) || /^[A-Za-z]:/.test(name)) return "it is absolute";
  if (name.split("/").includes("..")) return "it has `..` in it";
  return null;
}

function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== "" && way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

async function realExisting(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT" || dirname(path) === path) throw error;
    return join(await realExisting(dirname(path)), path.slice(dirname(path).length + 1));
  }
}

function outside(folder: string, name: string, why: string): MillraceError {
  return new MillraceError({
    code: "MR3150",
    message: `the name ${JSON.stringify(name.slice(0, 200))} may not be used below ${folder}: ${why}`,
  });
}
