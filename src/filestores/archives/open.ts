// Opens an archive by what its bytes are: zip, tar, or a tar that was compressed (then expanded beside first).
import { open } from "node:fs/promises";
import { join } from "node:path";
import { compressionOf, expandedLimit, expandFile } from "../../formats/compression/index.ts";
import { MillraceError } from "../../model/errors.ts";
import type { Archive } from "./archive.ts";
import { isTarHeader, openTar } from "./tar.ts";
import { openZip } from "./zip.ts";

export interface OpenArchiveRequest {
  readonly path: string;
  readonly name: string;
  readonly sizeBytes: number;
  /** Where a compressed tar is expanded to; lives as long as the archive. */
  readonly tempDir: string;
  readonly expandedBytesMax: number | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Throws MR3400 when it is none, MR3403 for a kind that cannot be read. */
export async function openArchive(request: OpenArchiveRequest): Promise<Archive> {
  const { path, name, sizeBytes, tempDir } = request;
  const expandedMax = request.expandedBytesMax ?? expandedLimit(sizeBytes);
  const compression = compressionOf(path);
  if (compression !== "none") {
    const into = join(tempDir, "tar");
    await expandFile({ path, name, compression, into, expandedBytesMax: request.expandedBytesMax, signal: request.signal });
    if (!isTarHeader(await headOf(into)) && !(await headOf(into)).every((byte) => byte === 0)) throw notAnArchive(name);
    return openTar(into, name);
  }
  const head = await headOf(path);
  const magic = head.toString("latin1", 0, 6);
  if (magic.startsWith("PK\u0003\u0004") || magic.startsWith("PK\u0005\u0006")) return openZip(path, name, sizeBytes, expandedMax);
  if (isTarHeader(head) || (head.length === 512 && head.every((byte) => byte === 0))) return openTar(path, name);
  const other = magic.startsWith("7z\u00BC\u00AF") ? "7z" : magic.startsWith("Rar!") ? "rar" : undefined;
  if (other !== undefined) {
    throw new MillraceError({
      code: "MR3403",
      message: `${name} is a ${other} archive, which cannot be read`,
      hint: "pack it as zip or tar",
    });
  }
  // A zip may begin with something else (a program that unpacks itself); its directory stands at the end.
  if (/\.zip$/i.test(name)) return openZip(path, name, sizeBytes, expandedMax);
  throw notAnArchive(name);
}

async function headOf(path: string): Promise<Buffer> {
  const file = await open(path, "r");
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(512), 0, 512, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

function notAnArchive(name: string): MillraceError {
  return new MillraceError({
    code: "MR3400",
    message: `${name} is no archive that can be read (zip, tar, tar.gz, tar.zst, tar.bz2, tar.xz)`,
  });
}
