// Rows of a query as a folder of files, `column=value/…` (Hive style). The folder takes the place of the old one when all of it is written.
//   P1. What stands in the folder now is either of an earlier export by the same columns, or nothing is touched.
//   P2. The old folder is moved aside before the new one takes its name; whoever finds it aside without a new one puts it back.
import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, relative, sep } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { MillraceError } from "../../model/errors.ts";
import { asWriteError, pathBeside } from "../../platform/files.ts";
import { ident, literal } from "../../sql/text.ts";
import type { Output } from "./output.ts";
import { columnsOf } from "./columns.ts";
import { clausesOf, selectFor, unfinished } from "./rows.ts";

const ENDINGS: Readonly<Record<string, string>> = { csv: "csv", ndjson: "ndjson", parquet: "parquet" };

export interface WrittenFolder {
  readonly rows: number;
  /** Paths of the files within the folder, with `/`. */
  readonly files: readonly string[];
}

/** Writes into a new folder. Throws MR3268 and what the query throws. */
export async function writePartitions(connection: DuckDBConnection, query: string, folder: string, output: Output): Promise<WrittenFolder> {
  const from = `(${unfinished(query)}\n)`;
  const names = new Set((await columnsOf(connection, from)).map((column) => column.name));
  const missing = output.partitionBy.find((column) => !names.has(column));
  if (missing !== undefined || output.partitionBy.length >= names.size) {
    throw new MillraceError({
      code: "MR3268",
      message:
        missing === undefined
          ? "`partitionBy` names every column, so the files would hold none"
          : `\`partitionBy\`: there is no column ${missing}`,
      hint: `there are ${[...names].join(", ")}`,
    });
  }
  await mkdir(folder, { recursive: true });
  const ending = `${ENDINGS[output.format] ?? output.format}${output.compression === "gzip" && output.format !== "parquet" ? ".gz" : output.compression === "zstd" && output.format !== "parquet" ? ".zst" : ""}`;
  const by = output.partitionBy.map(ident).join(", ");
  const clauses = [...clausesOf(output), `partition_by (${by})`, `file_extension ${literal(ending)}`, "overwrite_or_ignore true"];
  const rows = await selectFor(connection, from, output);
  const result = await connection.runAndReadAll(`copy (${rows}) to ${literal(folder)} (${clauses.join(", ")})`);
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  return {
    rows: Number(result.getRows()[0]?.[0] ?? 0),
    files: files
      .filter((entry) => entry.isFile())
      .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join("/"))
      .toSorted(),
  };
}

/** Puts a folder that `write` fills in the place of `path`. Throws MR3268, MR3140, MR3141, and what `write` throws; then the old folder is as it was. */
export async function replaceFolder<Result>(
  path: string,
  partitionBy: readonly string[],
  write: (beside: string) => Promise<Result>,
): Promise<Result> {
  const aside = join(dirname(path), `.${basename(path)}.replaced`);
  const beside = pathBeside(path);
  try {
    await mkdir(dirname(path), { recursive: true });
    await putBack(path, aside);
    await refuseForeign(path, partitionBy);
    const result = await write(beside);
    const isThere = (await stat(path).catch(() => undefined)) !== undefined;
    if (isThere) await rename(path, aside);
    await rename(beside, path);
    await rm(aside, { recursive: true, force: true });
    return result;
  } catch (error) {
    await rm(beside, { recursive: true, force: true }).catch(() => undefined); // on a read-only disk there is nothing to remove
    await putBack(path, aside).catch(() => undefined);
    throw asWriteError(error, path);
  }
}

/** P2. */
async function putBack(path: string, aside: string): Promise<void> {
  const [isAside, isThere] = await Promise.all(
    [aside, path].map((each) =>
      stat(each).then(
        () => true,
        () => false,
      ),
    ),
  );
  if (isAside !== true) return;
  if (isThere === true) await rm(aside, { recursive: true, force: true });
  else await rename(aside, path);
}

/** P1. */
async function refuseForeign(path: string, partitionBy: readonly string[]): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return;
  const [first = ""] = partitionBy;
  const entries = found.isDirectory() ? await readdir(path) : [basename(path)];
  const foreign = found.isDirectory() ? entries.find((entry) => !entry.startsWith(`${first}=`)) : entries[0];
  if (foreign === undefined) return;
  throw new MillraceError({
    code: "MR3268",
    message: `${path} holds ${foreign}, which is no folder of ${first}: it is not replaced`,
    hint: "choose a folder of its own for the export, or move away what is in it",
  });
}
