// Folders of files of which each version stands by itself, and one name that leads to the version that counts: `out/sales` is a link to one of the folders
// in `out/.sales.versions`. The link is replaced in one step, so whoever follows it finds all of one version, and who reads an earlier one goes on reading.
//   V1. What stands at the name is a link to a version of the same owner, or nothing is touched.
//   V2. A version is complete before anything leads to it; folders that nobody refers to are removed.
import { randomUUID } from "node:crypto";
import { existsSync, lstatSync, readdirSync, readlinkSync } from "node:fs";
import { mkdir, open, rename, rm, symlink } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { MillraceError } from "../../model/errors.ts";
import { asWriteError } from "../../platform/files.ts";

export interface VersionedFolder {
  /** The name that leads to the version that counts. */
  readonly link: string;
  /** Where the versions stand. */
  readonly store: string;
  /** Begins the names of the owner's versions. */
  readonly prefix: string;
}

/** `path` is relative to `root`. */
export function versionedFolder(root: string, path: string, owner: string): VersionedFolder {
  const link = resolve(root, path.replace(/[/\\]+$/, ""));
  return { link, store: join(dirname(link), `.${basename(link)}.versions`), prefix: `${owner.replaceAll(/[^A-Za-z0-9]+/g, "_")}-` };
}

/** Does the name lead to this folder? */
export function leadsTo({ link }: VersionedFolder, folder: string): boolean {
  try {
    return resolve(dirname(link), readlinkSync(link)) === resolve(folder);
  } catch {
    return false; // nothing there, or no link
  }
}

/** V1. @throws MR4645. */
export function refuseForeignName({ link, prefix }: VersionedFolder): void {
  const found = lstatSync(link, { throwIfNoEntry: false });
  if (found === undefined) return;
  const target = found.isSymbolicLink() ? resolve(dirname(link), readlinkSync(link)) : "";
  if (dirname(target).endsWith(".versions") && basename(target).startsWith(prefix)) return;
  const what = found.isSymbolicLink() ? `a link to ${target}` : found.isDirectory() ? "a folder" : "a file";
  throw new MillraceError({
    code: "MR4645",
    message: `${link} is ${what} that this model did not make: it is not replaced`,
    hint: "choose another path for the model, or move away what is there",
  });
}

/** V2: a new folder that `write` fills; it has its name when all of it is written. Throws MR3140, MR3141, and what `write` throws. */
export async function writeVersion<Result extends { readonly files: readonly string[] }>(
  { store }: VersionedFolder,
  version: string,
  write: (folder: string) => Promise<Result>,
): Promise<Result> {
  const beside = join(store, `.${version}.part`);
  try {
    await rm(beside, { recursive: true, force: true });
    await mkdir(beside, { recursive: true });
    const result = await write(beside);
    for (const file of result.files) await sync(join(beside, file));
    await rm(join(store, version), { recursive: true, force: true });
    await rename(beside, join(store, version));
    return result;
  } catch (error) {
    await rm(beside, { recursive: true, force: true }).catch(() => undefined); // on a read-only disk there is nothing to remove
    throw asWriteError(error, store);
  }
}

async function sync(file: string): Promise<void> {
  const handle = await open(file, "r+");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Lets the name lead to a folder of a version, in one step. @throws MR4645, MR3140. */
export async function leadTo(versioned: VersionedFolder, folder: string): Promise<void> {
  refuseForeignName(versioned);
  const { link, store } = versioned;
  const beside = join(store, `.${randomUUID().slice(0, 8)}.link`);
  try {
    await mkdir(store, { recursive: true });
    // A junction is what Windows lets everybody make; it wants the whole path.
    const isWindows = process.platform === "win32";
    await symlink(isWindows ? folder : relative(dirname(link), folder), beside, isWindows ? "junction" : "dir");
    if (isWindows) await rm(link, { recursive: true, force: true });
    await rename(beside, link);
  } catch (error) {
    await rm(beside, { force: true }).catch(() => undefined); // nothing to remove
    throw asWriteError(error, link);
  }
}

/** V2: removes the owner's versions that are not among the folders to be kept, and what writers that died left. */
export async function collectVersions({ link, store, prefix }: VersionedFolder, kept: ReadonlySet<string>): Promise<void> {
  if (!existsSync(store)) return;
  for (const name of readdirSync(store)) {
    const isMine = name.startsWith(prefix) || (name.startsWith(`.${prefix}`) && name.endsWith(".part"));
    const folder = join(store, name);
    if (!isMine || kept.has(folder)) continue;
    if (leadsTo({ link, store, prefix }, folder)) await rm(link, { force: true });
    await rm(folder, { recursive: true, force: true });
  }
}
