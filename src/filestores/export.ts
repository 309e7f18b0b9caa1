// An export to a store: written to a temporary file by the writer of its format, then shown in the store whole or not at all.
import { stat } from "node:fs/promises";
import { basename, join } from "node:path";
import type { WriteContext, WriteResult } from "../load/connector.ts";
import { MillraceError } from "../model/errors.ts";
import { isPattern } from "../platform/glob.ts";
import { withTempFolder } from "../platform/files.ts";
import type { FileOptions } from "./options.ts";
import type { FileStore } from "./store.ts";
import { copyRows, outputOf } from "./write/copy.ts";

/** Throws MR3104, MR3105, MR3142, MR3307 and what the query throws; then what was in the store is as it was. */
export async function exportToStore(store: FileStore, path: string, options: FileOptions, context: WriteContext): Promise<WriteResult> {
  if (context.mode !== "replace") {
    throw new MillraceError({
      code: "MR3142",
      message: `${store.origin}${path}: a file of a store can only be replaced, not be changed by ${context.mode}`,
    });
  }
  if (store.upload === undefined)
    throw new MillraceError({ code: "MR3309", message: `${store.origin}${path}: this store cannot be written to` });
  if (isPattern(path) || path === "" || path.endsWith("/")) {
    throw new MillraceError({ code: "MR3142", message: `an export is written to one file; ${path === "" ? "no path" : path} names none` });
  }
  const upload = store.upload.bind(store);
  const output = outputOf(path, options);
  if (output.partitionBy.length > 0) {
    throw new MillraceError({
      code: "MR3268",
      message: `${store.origin}${path}: partitions are written to folders of this machine only; a store takes one file`,
    });
  }
  return withTempFolder(context.tempDir, async (temp) => {
    const from = join(temp, basename(path));
    const rows = await copyRows(context.connection, context.query, from, output);
    const { size } = await stat(from);
    await upload(path, { from, sizeBytes: size, signal: context.signal });
    return { rows, locations: [`${store.origin}${path}`] };
  });
}
