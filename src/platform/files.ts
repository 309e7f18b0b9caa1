// Writing files so that a reader sees the old file or the new one, never a half: write beside, fsync, rename, fsync the folder.
// A failure leaves the old file as it was and nothing of the new one.
import { createHash, randomUUID } from "node:crypto";
import { createReadStream, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { mkdir, open, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { MillraceError, messageOf } from "../model/errors.ts";

const READ_BYTES = 1 << 20;

/** Calls `write` with a path beside `path`, then puts the file in its place. Makes the folder. Throws MR3102, MR3140, MR3141, or what `write` throws. */
export async function replaceFile<Result>(path: string, write: (beside: string) => Promise<Result>): Promise<Result> {
  await refuseFolder(path);
  await makeFolder(dirname(path));
  const beside = pathBeside(path);
  try {
    const result = await write(beside);
    await syncFile(beside);
    await rename(beside, path);
    await syncFolder(dirname(path));
    return result;
  } catch (error) {
    await rm(beside, { force: true }).catch(() => undefined); // on a read-only disk there is nothing to remove
    throw asWriteError(error, path);
  }
}

/** Folders in which this process has looked for what the dead left. */
const swept = new Set<string>();

/** Where to write what will stand at `path`; the name tells whose it is. What processes that are gone left in the folder is removed, once per process. */
export function pathBeside(path: string): string {
  const folder = dirname(path);
  if (!swept.has(folder)) {
    swept.add(folder);
    for (const name of entriesOf(folder)) {
      const pid = Number(/^\.(\d+)-[0-9a-f]{8}\.part\./.exec(name)?.[1] ?? Number.NaN);
      // One with this number was another process: this one has not begun yet.
      if (pid === process.pid || isGone(pid)) removeQuietly(join(folder, name));
    }
  }
  // The ending stays last: writers that go by it see the same one.
  return join(folder, `.${process.pid}-${randomUUID().slice(0, 8)}.part.${basename(path)}`);
}

function entriesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // who writes there will say why
  }
}

/** What cannot be removed hurts nobody; what is written beside it says why. */
function removeQuietly(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {
    // see above
  }
}

function isGone(pid: number): boolean {
  if (Number.isNaN(pid)) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}

/** A folder that lives as long as `use` runs. */
export async function withTempFolder<Result>(parent: string, use: (folder: string) => Promise<Result>): Promise<Result> {
  if (!existsSync(parent)) await makeFolder(parent);
  // At once: there is one for each of thousands of files, and a turn through the pool of threads costs more than the folder.
  const folder = mkdtempSync(join(parent, "t-"));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** SHA-256 of the bytes of a file, hex. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: READ_BYTES })) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

/** What the operating system said, as our error: MR3141 for a full disk, MR3140 for what may not be written. */
export function asWriteError(error: unknown, path: string): unknown {
  if (error instanceof MillraceError) return error;
  const code = (error as NodeJS.ErrnoException).code ?? "";
  const text = messageOf(error);
  if (code === "ENOSPC" || code === "EDQUOT" || /no space left on device|disk quota exceeded|could not (?:write|sync).*space/i.test(text)) {
    return new MillraceError({ code: "MR3141", message: `no room on the disk for ${path}`, cause: error, retryable: true });
  }
  const why = WRITE_REFUSALS[code] ?? refusalIn(text);
  if (why === undefined) return error;
  return new MillraceError({ code: "MR3140", message: `${path} cannot be written: ${why}`, cause: error });
}

const WRITE_REFUSALS: Readonly<Record<string, string>> = {
  EROFS: "the file system is read-only",
  EACCES: "permission denied",
  EPERM: "the operation is not permitted",
  ENOTDIR: "a part of its path is a file, not a folder",
  EEXIST: "a part of its path is a file, not a folder",
  EISDIR: "it is a folder",
  ENAMETOOLONG: "its name is too long",
  ELOOP: "its path runs through a ring of links",
};

function refusalIn(text: string): string | undefined {
  if (/read-only file system/i.test(text)) return WRITE_REFUSALS["EROFS"];
  if (/permission denied/i.test(text)) return WRITE_REFUSALS["EACCES"];
  if (/operation not permitted/i.test(text)) return WRITE_REFUSALS["EPERM"];
  // DuckDB of a file that it was to make.
  const opened = /Cannot open file "[^"]*\.part\.[^"]*": (.+)/.exec(text)?.[1];
  if (opened !== undefined) return opened.charAt(0).toLowerCase() + opened.slice(1);
  return undefined;
}

async function refuseFolder(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory() === true) {
    throw new MillraceError({ code: "MR3102", message: `${path} is a folder; an output needs the name of a file` });
  }
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    throw asWriteError((error as NodeJS.ErrnoException).code === "ENOENT" ? await reasonAt(folder, error) : error, folder);
  }
}

/** On a read-only disk Node answers "no such file" for a chain of folders; the first one that is missing tells the true reason. */
async function reasonAt(folder: string, error: unknown): Promise<unknown> {
  const above = dirname(folder);
  const isThere = await stat(above).then(
    () => true,
    () => false,
  );
  if (!isThere && above !== folder) return reasonAt(above, error);
  return mkdir(folder).then(
    () => error,
    (reason: unknown) => reason,
  );
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, "r+");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } catch (error) {
    // Some file systems cannot sync a folder; the rename itself has happened.
    if (!["EINVAL", "ENOTSUP", "EPERM"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
  } finally {
    await handle.close();
  }
}
