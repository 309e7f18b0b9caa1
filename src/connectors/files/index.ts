// The files connector: files of this machine as sources and as exports.
import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { formatByEnding } from "../../formats/index.ts";
import { defineConnector, type FileDelivery, type KeptFile } from "../../load/connector.ts";
import { hashFile } from "../../platform/files.ts";
import { findFiles, type FoundFile } from "./find.ts";
import { filesOptions, type FilesOptions } from "./options.ts";
import { checkOptions, peekFile, stageFile } from "./read.ts";
import { writeFiles } from "./write.ts";

export const files = defineConnector<FilesOptions>({
  name: "files",
  summary: "Reads and writes files: CSV, JSON, NDJSON, Parquet, also compressed.",
  options: filesOptions,
  capabilities: { read: true, write: ["replace", "append"], peek: "local" },
  async *read(options, context): AsyncGenerator<FileDelivery> {
    const found = await findFiles(options, context.projectDir);
    checkOptions(found, options);
    for (const file of found) yield delivery(file, options, context.tempDir);
  },
  kept: (options, file, context) => ({ ...delivery(foundAt(file), options, context.tempDir), modifiedMs: file.modifiedMs }),
  async state(options, context) {
    const found = await findFiles(options, context.projectDir);
    const hash = createHash("sha256");
    for (const { name, sizeBytes, modifiedNs, changedNs } of found)
      hash.update(`${JSON.stringify([name, sizeBytes, String(modifiedNs), String(changedNs)])}\n`);
    return hash.digest("hex");
  },
  async peek(options, context) {
    const [first] = await findFiles(options, context.projectDir);
    return first === undefined ? null : peekFile(first, options, context.tempDir, { connection: context.connection });
  },
  write: writeFiles,
});

function delivery(file: FoundFile, options: FilesOptions, tempDir: string): FileDelivery {
  const said = options.format === undefined || options.format === "auto" ? undefined : options.format;
  return {
    kind: "file",
    name: file.name,
    sizeBytes: file.sizeBytes,
    modifiedMs: Number(file.modifiedNs / 1_000_000n),
    format: said ?? formatByEnding(file.name)?.name ?? "auto",
    stage: (request) => stageFile(file, options, tempDir, request),
    hash: () => hashFile(file.path),
    original: () => Promise.resolve(file.path),
  };
}

/** Bytes that lie elsewhere now, under the name that they came with. */
function foundAt({ path, name }: KeptFile): FoundFile {
  const { size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
  return { path, name, sizeBytes: Number(size), modifiedNs: mtimeNs, changedNs: ctimeNs };
}
