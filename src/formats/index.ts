// The registry of formats, and which of them a file has: by its ending, then by its contents.
import { MillraceError } from "../model/errors.ts";
import { avro } from "./avro/index.ts";
import { delimited } from "./delimited/index.ts";
import { excel } from "./excel/index.ts";
import { fixedWidth } from "./fixed-width/index.ts";
import type { Format } from "./format.ts";
import { geojson } from "./geojson/index.ts";
import { html } from "./html/index.ts";
import { json } from "./json/json.ts";
import { ndjson } from "./json/ndjson.ts";
import { logs } from "./logs/index.ts";
import { orc } from "./orc/index.ts";
import { parquet } from "./parquet/index.ts";
import { sniffFormat, sniffLayout } from "./sniff.ts";
import { xml } from "./xml/index.ts";

export const formats = { csv: delimited, json, ndjson, parquet, excel, xml, avro, orc, fixedWidth, logs, geojson, html } satisfies Record<
  string,
  Format
>;
export type FormatName = keyof typeof formats;
export const formatNames = Object.keys(formats) as [FormatName, ...FormatName[]];

const COMPRESSION_ENDING = /\.(gz|gzip|zst|zstd|bz2|bzip2|xz)$/i;

/** The name without an ending that stands for compression. */
export function withoutCompression(name: string): string {
  return name.replace(COMPRESSION_ENDING, "");
}

/** The format that the ending of a name stands for. */
export function formatByEnding(name: string): Format | undefined {
  const plain = withoutCompression(name).toLowerCase();
  return Object.values(formats).find((format) => format.extensions.some((ending) => plain.endsWith(ending)));
}

/** The format of a file: `path` is its (decompressed) bytes, `name` what the user calls it. Throws MR3104 when nothing tells. */
export async function resolveFormat(path: string, name: string): Promise<Format> {
  const byEnding = formatByEnding(name);
  const isJson = byEnding === json;
  if (byEnding !== undefined && !isJson) return byEnding;
  if (isJson) return (await sniffLayout(path)) === "lines" ? ndjson : json;
  const sniffed = await sniffFormat(path);
  switch (sniffed) {
    case "json":
      return json;
    case "ndjson":
      return ndjson;
    case "parquet":
      return parquet;
    case "delimited":
      return delimited;
    case "excel":
    case "xml":
    case "avro":
    case "orc":
    case "logs":
    case "geojson":
    case "html":
      return formats[sniffed];
    case "empty":
      throw unknownFormat(name, "the file is empty and its ending tells nothing");
    case "binary":
      throw unknownFormat(name, "its contents are none of the formats");
    default:
      throw new Error(`unknown format: ${String(sniffed satisfies never)}`);
  }
}

function unknownFormat(name: string, why: string): MillraceError {
  return new MillraceError({
    code: "MR3104",
    message: `the format of ${name} is not known: ${why}`,
    hint: `say it with \`format:\` (${formatNames.join(", ")})`,
  });
}
