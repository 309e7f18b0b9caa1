// What stands under `files:`: keys of files and formats (src/filestores), and those for addresses.
import * as z from "zod";
import { duration } from "../../model/duration.ts";
import { fileOptions, type FileOptions } from "../../filestores/options.ts";

export interface FilesOptions extends FileOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly silence?: string;
}

export const filesOptions = fileOptions({
  headers: z
    .record(z.string(), z.string())
    .optional()
    .describe("headers of the requests for files that are named by an address (https://…)"),
  silence: duration.optional().describe("longest time in which nothing comes before a download is begun again where it ended; default 30s"),
}) as z.ZodType<FilesOptions>;
