// What the options of an export say about the file to write; the writers themselves are those of the formats.
import { formatByEnding } from "../../formats/index.ts";
import { outputFor, type Output } from "../../formats/write/output.ts";
import { givenFormatOptions, type FileOptions } from "../options.ts";

export { writeRows as copyRows } from "../../formats/write/rows.ts";
export type { Output } from "../../formats/write/output.ts";

/** Throws MR3104, MR3105, MR3267, MR3268. */
export function outputOf(path: string, options: FileOptions): Output {
  const said = options.format === undefined || options.format === "auto" ? formatByEnding(path)?.name : options.format;
  const by = options["partitionBy"];
  const partitionBy = typeof by === "string" ? [by] : Array.isArray(by) ? by.map(String) : [];
  return outputFor({ path, format: said, compression: options.compression, partitionBy, given: givenFormatOptions(options) });
}
