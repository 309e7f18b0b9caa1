// Exports to files. `replace`: written beside and renamed. `append` (CSV, NDJSON): old contents and new rows are written beside and renamed, once for
// each token: a note about the last append, made before the rename, tells a later try whether the rename happened (the file has the inode of the note).
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, open, readFile, rm, stat, writeFile, rename } from "node:fs/promises";
import { dirname, join, relative, resolve, sep } from "node:path";
import { pipeline } from "node:stream/promises";
import type { WriteContext, WriteResult } from "../../load/connector.ts";
import { MillraceError } from "../../model/errors.ts";
import { replaceFile, withTempFolder } from "../../platform/files.ts";
import { replaceFolder, writePartitions } from "../../formats/write/partitions.ts";
import { copyRows, outputOf, type Output } from "../../filestores/write/copy.ts";
import type { FilesOptions } from "./options.ts";

/** A header beyond this is none. */
const HEADER_BYTES_MAX = 1 << 20;

/** Throws MR3102, MR3104, MR3105, MR3140–MR3143, and what the query throws; then the old file is as it was. */
export async function writeFiles(options: FilesOptions, context: WriteContext): Promise<WriteResult> {
  if (typeof options.path !== "string") {
    throw new MillraceError({ code: "MR3142", message: "an export is written to one file; `path` is a list" });
  }
  const output = outputOf(options.path, options);
  const path = resolve(context.projectDir, options.path);
  const locations = [relative(context.projectDir, path).split(sep).join("/")];
  switch (context.mode) {
    case "replace":
      if (output.partitionBy.length > 0) {
        const { rows } = await replaceFolder(path, output.partitionBy, (beside) =>
          writePartitions(context.connection, context.query, beside, output),
        );
        return { rows, locations };
      }
      return { rows: await replaceFile(path, (beside) => copyRows(context.connection, context.query, beside, output)), locations };
    case "append":
      if (output.partitionBy.length > 0)
        throw new MillraceError({ code: "MR3142", message: `${options.path}: a folder of partitions can only be replaced` });
      return { rows: await appendRows(path, output, context), locations };
    case "merge":
    case "delete":
      throw new MillraceError({ code: "MR3142", message: `${options.path}: a file has no keys, ${context.mode} needs some` });
    default:
      throw new Error(`unknown mode: ${String(context.mode satisfies never)}`);
  }
}

interface AppendNote {
  readonly token: string;
  readonly rows: number;
  /** Identity of the file with the rows in it. */
  readonly inode: string;
  readonly sizeBytes: number;
}

async function appendRows(path: string, output: Output, context: WriteContext): Promise<number> {
  if (output.format !== "csv" && output.format !== "ndjson") {
    throw new MillraceError({ code: "MR3142", message: `${output.format} files cannot be appended to` });
  }
  const notePath = join(context.projectDir, ".millrace", "appends", `${createHash("sha256").update(path).digest("hex").slice(0, 32)}.json`);
  const done = await readNote(notePath);
  const old = await stat(path, { bigint: true }).catch(() => undefined);
  // A compressed file takes further members; their text follows on that of the first.
  if (done?.token === context.token && old !== undefined && String(old.ino) === done.inode && Number(old.size) === done.sizeBytes)
    return done.rows;
  const isNew = old === undefined || old.size === 0n;
  return replaceFile(path, (beside) =>
    withTempFolder(join(context.tempDir, "append"), async (temp) => {
      const fresh = join(temp, `rows.${output.format}`);
      const rows = await copyRows(context.connection, context.query, fresh, { ...output, header: output.header && isNew });
      if (!isNew && output.format === "csv" && output.header) await refuseOtherHeader(path, output, context, temp);
      if (isNew) await writeFile(beside, "");
      else await pipeline(createReadStream(path), createWriteStream(beside));
      if (!isNew && output.compression === "none") await endLine(beside);
      await pipeline(createReadStream(fresh), createWriteStream(beside, { flags: "a" }));
      await syncAndNote(beside, notePath, context.token, rows);
      return rows;
    }),
  );
}

/** The header that the rows would have must be the one the file has. */
async function refuseOtherHeader(path: string, output: Output, context: WriteContext, temp: string): Promise<void> {
  if (output.compression !== "none") return; // proven by the reader of the file; expanding it here would cost a whole read
  const expectedPath = join(temp, "header.csv");
  await copyRows(context.connection, `select * from (${context.query.trim().replace(/;+\s*$/, "")}\n) limit 0`, expectedPath, output);
  const expected = (await readFile(expectedPath, "utf8")).trimEnd();
  const found = await firstLine(path);
  if (found === expected) return;
  throw new MillraceError({
    code: "MR3143",
    message: `${path} has the header ${JSON.stringify(found.slice(0, 200))}, the new rows have ${JSON.stringify(expected.slice(0, 200))}`,
  });
}

async function firstLine(path: string): Promise<string> {
  const file = await open(path, "r");
  try {
    const head = Buffer.alloc(HEADER_BYTES_MAX);
    const { bytesRead } = await file.read(head, 0, head.length, 0);
    const [line = ""] = head
      .toString("utf8", 0, bytesRead)
      .replace(/^\uFEFF/, "")
      .split(/\r?\n/);
    return line;
  } finally {
    await file.close();
  }
}

/** The last line of the old contents may lack its end. */
async function endLine(path: string): Promise<void> {
  const file = await open(path, "r+");
  try {
    const { size } = await file.stat();
    const last = Buffer.alloc(1);
    await file.read(last, 0, 1, size - 1);
    if (last[0] !== 10) await file.write("\n", size);
  } finally {
    await file.close();
  }
}

async function syncAndNote(beside: string, notePath: string, token: string, rows: number): Promise<void> {
  const { ino, size } = await stat(beside, { bigint: true });
  const note: AppendNote = { token, rows, inode: String(ino), sizeBytes: Number(size) };
  await mkdir(dirname(notePath), { recursive: true });
  const besideNote = `${notePath}.part`;
  const file = await open(besideNote, "w");
  try {
    await file.writeFile(JSON.stringify(note));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(besideNote, notePath);
}

async function readNote(path: string): Promise<AppendNote | undefined> {
  const text = await readFile(path, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as AppendNote;
  } catch {
    await rm(path, { force: true }); // a torn note is of a file that was never renamed
    return undefined;
  }
}
