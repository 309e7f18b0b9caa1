// The files connector: files of this machine and files at addresses as sources, files of this machine as exports.
import { defineConnector } from "../../load/connector.ts";
import type { StagedColumn } from "../../formats/format.ts";
import { deliver, filesOf, keptDelivery, stateOf } from "../../filestores/deliver.ts";
import { Shelf } from "../../filestores/shelf.ts";
import type { OpenFile } from "../../filestores/source-file.ts";
import { peekFile } from "../../filestores/stage.ts";
import { isAddress } from "../../filestores/web.ts";
import { sourcesOf } from "./addresses.ts";
import { localSources } from "./local.ts";
import { filesOptions, type FilesOptions } from "./options.ts";
import { writeFiles } from "./write.ts";

/** Of more files than these no types are told before a load: a value of one that was not looked at may need another type. */
const PEEKED_FILES_MAX = 100;

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
  async peek(options, { projectDir, tempDir, signal, connection, everyFile }) {
    if ([options.path].flat().some(isAddress)) return null; // a plan asks no server
    // The newest file shows what the next load will bring.
    const newestFirst = (await localSources(options, projectDir)).toSorted((a, b) => (b.file.modifiedMs ?? 0) - (a.file.modifiedMs ?? 0));
    if (everyFile === true && newestFirst.length > PEEKED_FILES_MAX) return null;
    const peeked: (readonly StagedColumn[])[] = [];
    const shelf = new Shelf<OpenFile>();
    try {
      for (const source of everyFile === true ? newestFirst : newestFirst.slice(0, 1))
        for await (const file of filesOf(source, { options, tempDir, signal })) {
          const columns = await peekFile(file, { options, tempDir, shelf }, { connection });
          if (everyFile !== true) return columns;
          if (columns !== null) peeked.push(columns);
        }
      return commonColumns(peeked);
    } finally {
      await shelf.close();
    }
  },
  write: writeFiles,
});

/** The columns of all files in the order of the first; text where files differ in the type, so that no value changes. */
function commonColumns(files: readonly (readonly StagedColumn[])[]): readonly StagedColumn[] | null {
  const columns = new Map<string, StagedColumn>();
  for (const column of files.flat()) {
    const known = columns.get(column.label);
    if (known === undefined) columns.set(column.label, column);
    else if (known.type !== column.type) columns.set(column.label, { ...known, type: "VARCHAR" });
  }
  return columns.size === 0 ? null : [...columns.values()];
}
