// Folders of files of which each version stands by itself, and one name that leads to the version that counts: `out/sales` is a link to one of the folders
// in `out/.sales.versions`. The link is replaced in one step, so whoever follows it finds all of one version, and who reads an earlier one goes on reading.
//   V1. What stands at the name is a link to a version of the same owner, or nothing is touched.
//   V2. A version is complete before anything leads to it; folders that nobody refers to are removed.
//   V3. What this process is writing is nobody's to remove: whoever collects looks at what is there first, and then at what is referred to.
import { randomUUID } from "node:crypto";
import { existsSync, lstatSync, readdirSync, readlinkSync } from "node:fs";
import { mkdir, open, rename, rm, rmdir, symlink } from "node:fs/promises";
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

/** Paths that are being written now (V3). */
const inWork = new Set<string>();

/** V3: until `work` is over, nobody collects the folder of this version. */
export async function whileInWork<Result>({ store }: VersionedFolder, version: string, work: () => Promise<Result>): Promise<Result> {
  const paths = [join(store, version), join(store, `.${version}.part`)];
  for (const path of paths) inWork.add(path);
  try {
    return await work();
  } finally {
    for (const path of paths) inWork.delete(path);
  }
}

/** `path` is relative to `root`. */
export function versionedFolder(root: string, path: string, owner: string): VersionedFolder {
  const link = resolve(root, path.replace(/[/\\]+$/, ""));
  return { link, store: join(dirname(link), `.${basename(link)}.versions`), prefix: `${owner.replaceAll(/[^A-Za-z0-9]+/g, "_")}-` };
}

/** Does the name lead to this folder? */
export function leadsTo({ link }: Pick<VersionedFolder, "link">, folder: string): boolean {
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
  const { link, store, prefix } = versioned;
  const beside = join(store, `.${prefix}${randomUUID().slice(0, 8)}.link`);
  inWork.add(beside);
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
  } finally {
    inWork.delete(beside);
  }
}

/** The name leads nowhere any more, if what stands there is the owner's. */
export async function leadNowhere(versioned: VersionedFolder): Promise<void> {
  refuseForeignName(versioned);
  await rm(versioned.link, { force: true });
}

/** V2, V3: removes the owner's versions that are not among those that `readKept` names, and what writers that died left. */
export async function collectVersions(folders: readonly VersionedFolder[], readKept: () => Promise<ReadonlySet<string>>): Promise<void> {
  const found = folders.flatMap(({ link, store, prefix }) =>
    namesIn(store)
      .filter((name) => name.startsWith(prefix) || (name.startsWith(`.${prefix}`) && /\.(part|link)$/.test(name)))
      .map((name) => ({ link, path: join(store, name) })),
  );
  const idle = found.filter(({ path }) => !inWork.has(path));
  const kept = idle.length === 0 ? new Set() : await readKept();
  for (const { link, path } of idle) {
    if (kept.has(path)) continue;
    if (leadsTo({ link }, path)) await rm(link, { force: true });
    await rm(path, { recursive: true, force: true });
  }
  for (const { store } of folders) if (existsSync(store) && namesIn(store).length === 0) await rmdir(store).catch(() => undefined); // somebody writes again
}

function namesIn(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}
