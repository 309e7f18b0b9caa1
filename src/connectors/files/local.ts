// A file of this machine as a file to be loaded: read where it lies, and looked at before and after.
import { open, stat } from "node:fs/promises";
import type { OpenFile, SourceFile } from "../../filestores/source-file.ts";
import { MillraceError } from "../../model/errors.ts";
import type { FoundSource } from "../../filestores/deliver.ts";
import { findFiles, refused, type FoundFile } from "./find.ts";
import type { FilesOptions } from "./options.ts";

/** A file may change twice within one tick of the clock of its file system; only what is older than this is known by its times. */
const SETTLED_MS = 2_000;

/** The files of this machine that the paths name. Throws MR3100–MR3103. */
export async function localSources(options: Pick<FilesOptions, "path" | "optional">, projectDir: string): Promise<readonly FoundSource[]> {
  const found = await findFiles(options, projectDir);
  return found.map((file) => ({ file: localFile(file), inner: file.inner }));
}

export function localFile(file: FoundFile): SourceFile {
  return {
    name: file.name,
    plainName: file.name,
    sizeBytes: file.sizeBytes,
    modifiedMs: Number(file.modifiedNs / 1_000_000n),
    identity: identityOf(file),
    ...(Date.now() - Number(file.changedNs / 1_000_000n) < SETTLED_MS ? { isFresh: true } : {}),
    open: () => openLocal(file),
  };
}

/** Size and times; the time of change is one that nothing can set back. */
function identityOf({ sizeBytes, modifiedNs, changedNs }: FoundFile): string {
  return `size:${sizeBytes} modified:${modifiedNs} changed:${changedNs}`;
}

async function openLocal(file: FoundFile): Promise<OpenFile> {
  await refuseUnreadable(file);
  return {
    path: file.path,
    sizeBytes: file.sizeBytes,
    hash: null,
    verify: () => refuseChange(file),
    close: () => Promise.resolve(),
  };
}

async function refuseUnreadable(file: FoundFile): Promise<void> {
  try {
    await (await open(file.path, "r")).close();
  } catch (error) {
    throw refused(error, file.name);
  }
}

async function refuseChange(file: FoundFile): Promise<void> {
  const now = await stat(file.path, { bigint: true }).catch((error: unknown) => {
    throw refused(error, file.name);
  });
  if (Number(now.size) === file.sizeBytes && now.mtimeNs === file.modifiedNs) return;
  throw new MillraceError({ code: "MR3106", message: `${file.name} changed while it was read`, retryable: true });
}
