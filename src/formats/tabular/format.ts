// Makes a Format of a reader of cells: the thread, the scratch folder, staging and peeking are the same for all of them.
import { withTempFolder } from "../../platform/files.ts";
import type { Format } from "../format.ts";
import type { ReadJob } from "./job.ts";
import { peekTabular, stageTabular, type TabularFile } from "./stage.ts";
import { readInThread } from "./work.ts";

type TabularReader = "fixedWidth" | "logs" | "html" | "xlsx" | "xls";

/** Records that a guess is made from. */
const PEEK_RECORDS_MAX = 1000;

/** `reader` tells by the file which one it needs. */
export function tabularFormat(
  format: Pick<Format, "name" | "summary" | "extensions" | "options">,
  reader: (path: string) => Promise<TabularReader> | TabularReader,
): Format {
  return {
    ...format,
    stage: (request) =>
      withTempFolder(request.tempDir, async (temp) => {
        const { path, name, repair } = request;
        const options = format.options.parse(request.options) as ReadJob["options"];
        const file: TabularFile = await readInThread(await reader(path), { path, name, options, repair, temp }, request.signal);
        return stageTabular(request, file);
      }),
    peek: ({ path, name, options: given, tempDir }) =>
      withTempFolder(tempDir, async (temp) => {
        const options = format.options.parse(given) as ReadJob["options"];
        const job = { path, name, options, repair: "note", temp, recordsMax: PEEK_RECORDS_MAX } as const;
        const file: TabularFile = await readInThread(await reader(path), job);
        return peekTabular(file);
      }),
  };
}
