// Where the raw zone keeps what was received: `ROOT/<asset>/<load>/…`, and `ROOT/<asset>/pending/<key>/` for a load that is not committed yet.
// What stands in the ledger is the truth; a folder that it does not know is left over from a load that never committed.
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { splitLedgerAsset } from "../../model/environment.ts";
import { MillraceError } from "../../model/errors.ts";
import { asWriteError } from "../../platform/files.ts";

export const PENDING = "pending";

/** Loads of this process that have a folder and no commit yet. */
const open = new Set<string>();

/** Name of an asset's folder below the root; names of assets may have more letters than folders. */
export function assetFolder(root: string, asset: string): string {
  return join(root, encodeURIComponent(splitLedgerAsset(asset).asset).replaceAll("*", "%2A").replace(/^\./, "%2E"));
}

export function assetOfFolder(folder: string): string {
  return decodeURIComponent(folder);
}

export function loadFolder(root: string, asset: string, load: string): string {
  return join(assetFolder(root, asset), load);
}

/** Makes the folder of a load. @throws MR4303. */
export async function openFolder(root: string, asset: string, load: string): Promise<string> {
  const folder = loadFolder(root, asset, load);
  open.add(folder);
  await writing(folder, () => mkdir(folder, { recursive: true }));
  return folder;
}

export function closeFolder(folder: string): void {
  open.delete(folder);
}

/** Removes folders of loads that the ledger does not know and no load of this process works in. Only the owner of the warehouse may. */
export async function sweepAsset(root: string, asset: string, known: ReadonlySet<string>): Promise<number> {
  const folder = assetFolder(root, asset);
  let swept = 0;
  for (const name of await readdir(folder).catch(() => [])) {
    const path = join(folder, name);
    if (name === PENDING || known.has(name) || open.has(path)) continue;
    await rm(path, { recursive: true, force: true });
    swept++;
  }
  return swept;
}

/** What writing the raw zone throws: MR4303 with the reason, which comes before anything is published. */
export async function writing<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (thrown) {
    const error = asWriteError(thrown, path);
    if (error instanceof MillraceError && error.code !== "MR3140" && error.code !== "MR3141") throw error;
    throw new MillraceError({
      code: "MR4303",
      message: `What was received cannot be kept: ${error instanceof Error ? error.message : String(error)}`,
      hint: "make room or rights, or keep nothing of this source: raw: off",
      retryable: error instanceof MillraceError && error.code === "MR3141",
      cause: thrown,
    });
  }
}
