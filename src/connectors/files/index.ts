// The files connector: files of this machine and files at addresses as sources, files of this machine as exports.
import { defineConnector } from "../../load/connector.ts";
import { deliver, filesOf, keptDelivery, stateOf } from "../../filestores/deliver.ts";
import { Shelf } from "../../filestores/shelf.ts";
import type { OpenFile } from "../../filestores/source-file.ts";
import { peekFile } from "../../filestores/stage.ts";
import { isAddress } from "../../filestores/web.ts";
import { sourcesOf } from "./addresses.ts";
import { localSources } from "./local.ts";
import { filesOptions, type FilesOptions } from "./options.ts";
import { writeFiles } from "./write.ts";

export const files = defineConnector<FilesOptions>({
  name: "files",
  summary: "Reads and writes files: CSV, JSON, NDJSON, Parquet, also compressed and in archives.",
  options: filesOptions,
  capabilities: { read: true, write: ["replace", "append"], peek: "local" },
  async *read(options, context) {
    const { found, close } = await sourcesOf(options, context);
    try {
      yield* deliver(found, { options, tempDir: context.tempDir, signal: context.signal });
    } finally {
      await close();
    }
  },
  kept: keptDelivery,
  async state(options, context) {
    const { found, close } = await sourcesOf(options, context);
    await close();
    return stateOf(found);
  },
  async peek(options, { projectDir, tempDir, signal, connection }) {
    if ([options.path].flat().some(isAddress)) return null; // a plan asks no server
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
