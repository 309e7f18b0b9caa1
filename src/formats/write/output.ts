// What is to be written: a format that can be, and how. Pure: options in, a description out.
import { MillraceError } from "../../model/errors.ts";

export const writableFormats = ["csv", "json", "ndjson", "parquet", "excel", "avro"] as const;
export type WritableFormat = (typeof writableFormats)[number];
export type WriteCompression = "none" | "gzip" | "zstd" | "snappy";

export interface Output {
  readonly format: WritableFormat;
  readonly compression: WriteCompression;
  readonly header: boolean;
  readonly delimiter: string;
  readonly quote: string;
  /** Name of the sheet of a workbook. */
  readonly sheet: string;
  /** Columns whose values become folders `column=value`; then the path is that of a folder. */
  readonly partitionBy: readonly string[];
}

export interface OutputRequest {
  /** Of the file or folder; its ending may tell format and compression. */
  readonly path: string;
  /** As the user says it, else as the ending says it; undefined: nothing tells. */
  readonly format: string | undefined;
  readonly compression?: "auto" | WriteCompression | undefined;
  readonly partitionBy?: readonly string[] | undefined;
  /** Keys of formats that the user gave. */
  readonly given: Readonly<Record<string, unknown>>;
}

/** Keys of the formats that also mean something for a file that is written. */
const WRITE_KEYS: Readonly<Record<WritableFormat, readonly string[]>> = {
  csv: ["header", "delimiter", "quote"],
  json: [],
  ndjson: [],
  parquet: [],
  excel: ["header", "sheet"],
  avro: [],
};
const COMPRESSIONS: Readonly<Record<WritableFormat, readonly WriteCompression[]>> = {
  csv: ["none", "gzip", "zstd"],
  json: ["none", "gzip", "zstd"],
  ndjson: ["none", "gzip", "zstd"],
  parquet: ["none", "gzip", "zstd", "snappy"],
  excel: ["none"],
  avro: ["none", "gzip", "snappy"],
};
const PARTITIONED: readonly WritableFormat[] = ["csv", "ndjson", "parquet"];

/** Throws MR3104, MR3105, MR3268. */
export function outputFor({ path, format: said, compression = "auto", partitionBy = [], given }: OutputRequest): Output {
  const format = writableFormats.find((known) => known === said);
  if (format === undefined || /\.(xls|xlsm)$/i.test(path)) {
    throw new MillraceError({
      code: "MR3104",
      message:
        said === undefined ? `the ending of ${path} names no format that can be written` : `${path}: ${said} files cannot be written`,
      hint: `${writableFormats.join(", ")} (a workbook as .xlsx); or say it with \`format:\``,
    });
  }
  const foreign = Object.keys(given).find((key) => !WRITE_KEYS[format].includes(key));
  if (foreign !== undefined)
    throw new MillraceError({ code: "MR3105", message: `\`${foreign}\` means nothing for a ${format} file that is written` });
  if (partitionBy.length > 0 && !PARTITIONED.includes(format))
    throw new MillraceError({ code: "MR3268", message: `${format} files cannot be partitioned`, hint: PARTITIONED.join(", ") });
  const chosen = compression === "auto" ? usualCompression(path, format) : compression;
  if (!COMPRESSIONS[format].includes(chosen)) {
    const hint = `for ${format}: ${COMPRESSIONS[format].join(", ")}`;
    const message =
      chosen === "snappy" ? "`compression: snappy` is for Parquet and Avro only" : `\`compression: ${chosen}\` is not for ${format}`;
    throw new MillraceError({ code: "MR3105", message, hint });
  }
  return {
    format,
    compression: chosen,
    header: headerOf(given["header"]),
    delimiter: delimiterOf(path, given["delimiter"]),
    quote: typeof given["quote"] === "string" && given["quote"].length === 1 ? given["quote"] : '"',
    sheet: sheetOf(given["sheet"]),
    partitionBy,
  };
}

function usualCompression(path: string, format: WritableFormat): WriteCompression {
  if (format === "parquet") return "snappy";
  if (format === "avro") return "gzip";
  if (format === "excel") return "none";
  return /\.(gz|gzip)$/i.test(path) ? "gzip" : /\.zstd?$/i.test(path) ? "zstd" : "none";
}

function headerOf(given: unknown): boolean {
  return given === undefined || given === true || (typeof given === "number" && given > 0);
}

function delimiterOf(path: string, given: unknown): string {
  if (typeof given === "string") return given === "tab" || given === String.raw`\t` ? "\t" : given;
  return /\.(tsv|tab)(\.|$)/i.test(path) ? "\t" : /\.psv(\.|$)/i.test(path) ? "|" : ",";
}

const SHEET_CHARACTERS_MAX = 31;

/** Throws MR3267 for a name that no sheet may have. */
function sheetOf(given: unknown): string {
  if (given === undefined) return "Sheet1";
  if (typeof given === "string" && given.length <= SHEET_CHARACTERS_MAX && !/[[\]:*?/\\]|^'|'$/.test(given)) return given;
  throw new MillraceError({
    code: "MR3267",
    message: `no sheet can have the name ${JSON.stringify(given)}`,
    hint: `one name of at most ${SHEET_CHARACTERS_MAX} characters, without [ ] : * ? / \\`,
  });
}
