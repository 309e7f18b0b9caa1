// Keys that every source and export of files has, wherever the files lie, and the keys of the formats: a key that means nothing is an error, never ignored.
import * as z from "zod";
import { formatByEnding, formatNames, formats, type FormatName } from "../formats/index.ts";
import { size } from "../model/duration.ts";
import { MillraceError } from "../model/errors.ts";

export interface FileOptions {
  readonly path: string | readonly string[];
  readonly format?: FormatName | "auto";
  readonly optional?: boolean;
  readonly repair?: "note" | "quarantine";
  readonly expandedMax?: string;
  readonly compression?: "auto" | "none" | "gzip" | "zstd" | "snappy";
  readonly partitionBy?: string | readonly string[];
  /** Keys of the formats, and of the store. */
  readonly [key: string]: unknown;
}

const fileKeys = {
  path: z
    .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
    .describe("a file, a pattern (`data/**/*.csv`), members of an archive (`data/*.zip!*.csv`), or a list of them"),
  format: z
    .enum(["auto", ...formatNames])
    .optional()
    .describe("auto (default): by the ending, then by the contents"),
  optional: z.boolean().optional().describe("nothing may be there: then nothing is loaded"),
  repair: z.enum(["note", "quarantine"]).optional().describe("what happens to records that can be repaired in one way only"),
  expandedMax: size.optional().describe("largest size of the contents of a compressed file, or of one member of an archive"),
  compression: z
    .enum(["auto", "none", "gzip", "zstd", "snappy"])
    .optional()
    .describe(
      "of a file that is written; auto (default): by the ending (snappy for Parquet). Files that are read are known by their first bytes",
    ),
  partitionBy: z
    .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
    .optional()
    .describe("of an export: columns whose values become folders, column=value/…; `path` is then a folder (Parquet, CSV, NDJSON)"),
};

const formatKeys = Object.assign({}, ...Object.values(formats).map((format) => shapeOf(format.options))) as Record<string, z.ZodType>;

/** The whole of what stands behind the connector's name: keys of files and formats, and these of the store. */
export function fileOptions(storeKeys: Readonly<Record<string, z.ZodType>>): z.ZodType<FileOptions> {
  const taken = Object.keys(storeKeys).find((key) => Object.hasOwn(formatKeys, key) || Object.hasOwn(fileKeys, key));
  if (taken !== undefined) throw new Error(`the key ${taken} of a store is one of files or formats already`);
  return z.strictObject({ ...formatKeys, ...fileKeys, ...storeKeys }) as unknown as z.ZodType<FileOptions>;
}

/** The keys that belong to formats. */
export function givenFormatOptions(options: FileOptions): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(options).filter(
      ([key, value]) => Object.hasOwn(formatKeys, key) && !Object.hasOwn(fileKeys, key) && value !== undefined,
    ),
  );
}

/** Of these keys, those that the format knows. */
export function optionsOfFormat(format: FormatName, given: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const known = shapeOf(formats[format].options);
  return Object.fromEntries(Object.entries(given).filter(([key]) => Object.hasOwn(known, key)));
}

/** Formats that files of these names may have. Throws MR3105 for a key that means nothing to any of them. */
export function checkOptions(files: readonly { readonly plainName: string }[], options: FileOptions): void {
  if (options.compression !== undefined && options.compression !== "auto") {
    throw new MillraceError({
      code: "MR3105",
      message: "`compression` is for files that are written; those that are read are known by their first bytes",
    });
  }
  if (options.partitionBy !== undefined) {
    throw new MillraceError({
      code: "MR3105",
      message: "`partitionBy` is for exports; folders that are read are named by a pattern: path/**/*.parquet",
    });
  }
  const given = givenFormatOptions(options);
  const possible = new Set<FormatName>();
  for (const { plainName } of files) {
    const byEnding = options.format === undefined || options.format === "auto" ? formatByEnding(plainName) : formats[options.format];
    if (byEnding === undefined) return; // the contents will tell; a key that does not fit is found then
    possible.add(byEnding.name as FormatName);
    if (byEnding === formats.json) possible.add("ndjson");
  }
  if (files.length > 0) refuseForeignOptions(possible, given);
}

/** Throws MR3105 for a key that none of the formats knows. */
export function refuseForeignOptions(names: ReadonlySet<FormatName>, given: Readonly<Record<string, unknown>>): void {
  for (const key of Object.keys(given)) {
    if ([...names].some((name) => Object.hasOwn(shapeOf(formats[name].options), key))) continue;
    const owners = formatNames.filter((name) => Object.hasOwn(shapeOf(formats[name].options), key));
    throw new MillraceError({
      code: "MR3105",
      message: `\`${key}\` means nothing for ${[...names].join(" and ")}; it belongs to ${owners.join(" and ")}`,
    });
  }
}

function shapeOf(schema: z.ZodType): Record<string, z.ZodType> {
  return schema instanceof z.ZodObject ? schema.shape : {};
}
