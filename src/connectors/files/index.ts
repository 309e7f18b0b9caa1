// The files connector: files of this machine and files at addresses as sources, files of this machine as exports.
import { createHash } from "node:crypto";
import { defineConnector } from "../../load/connector.ts";
import { deliver, filesOf, keptDelivery, type FoundSource } from "../../filestores/deliver.ts";
import { Shelf } from "../../filestores/shelf.ts";
import type { OpenFile } from "../../filestores/source-file.ts";
import { peekFile } from "../../filestores/stage.ts";
import { findFiles } from "./find.ts";
import { identityOf, localFile } from "./local.ts";
import { filesOptions, type FilesOptions } from "./options.ts";
import { writeFiles } from "./write.ts";

export const files = defineConnector<FilesOptions>({
  name: "files",
  summary: "Reads and writes files: CSV, JSON, NDJSON, Parquet, also compressed and in archives.",
  options: filesOptions,
  capabilities: { read: true, write: ["replace", "append"], peek: "local" },
  async *read(options, { projectDir, tempDir, signal }) {
    yield* deliver(await localSources(options, projectDir), { options, tempDir, signal });
  },
  kept: keptDelivery,
  async state(options, context) {
    const found = await findFiles(options, context.projectDir);
    const hash = createHash("sha256");
    for (const file of found) hash.update(`${JSON.stringify([file.name, identityOf(file), ...file.inner])}\n`);
    return hash.digest("hex");
  },
  async peek(options, { projectDir, tempDir, signal, connection }) {
    // The newest file shows what the next load will bring.
    const [first] = (await localSources(options, projectDir)).toSorted((a, b) => (b.file.modifiedMs ?? 0) - (a.file.modifiedMs ?? 0));
    if (first === undefined) return null;
    const shelf = new Shelf<OpenFile>();
    try {
      for await (const file of filesOf(first, { options, tempDir, signal }))
        return await peekFile(file, { options, tempDir, shelf }, { connection });
      return null;
    } finally {
      await shelf.close();
    }
  },
  write: writeFiles,
});

async function localSources(options: FilesOptions, projectDir: string): Promise<readonly FoundSource[]> {
  const found = await findFiles(options, projectDir);
  return found.map((file) => ({ file: localFile(file), inner: file.inner }));
}
