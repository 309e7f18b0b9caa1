// What stands under `files:`: keys of the connector, joined with those of all formats, so that a key nobody knows is an error.
import * as z from "zod";
import { formatNames, formats, type FormatName } from "../../formats/index.ts";
import { size } from "../../model/duration.ts";
import { MillraceError } from "../../model/errors.ts";

const ownOptions = {
  path: z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]).describe("a file, a pattern (`data/**/*.csv`), or a list of them"),
  format: z
    .enum(["auto", ...formatNames])
    .optional()
    .describe("auto (default): by the ending, then by the contents"),
  optional: z.boolean().optional().describe("nothing may be there: then nothing is loaded"),
  repair: z.enum(["note", "quarantine"]).optional().describe("what happens to records that can be repaired in one way only"),
  expandedMax: size.optional().describe("largest size of the contents of a compressed file"),
  compression: z
    .enum(["auto", "none", "gzip", "zstd", "snappy"])
    .optional()
    .describe(
      "of a file that is written; auto (default): by the ending (snappy for Parquet). Files that are read are known by their first bytes",
    ),
};

const formatOptions = Object.assign({}, ...Object.values(formats).map((format) => shapeOf(format.options))) as Record<string, z.ZodType>;

export const filesOptions = z.strictObject({ ...formatOptions, ...ownOptions }) as unknown as z.ZodType<FilesOptions>;

export interface FilesOptions {
  readonly path: string | readonly string[];
  readonly format?: FormatName | "auto";
  readonly optional?: boolean;
  readonly repair?: "note" | "quarantine";
  readonly expandedMax?: string;
  readonly compression?: "auto" | "none" | "gzip" | "zstd" | "snappy";
  /** Keys of the formats. */
  readonly [key: string]: unknown;
}

/** The keys that belong to formats. */
export function givenFormatOptions(options: FilesOptions): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(options).filter(([key, value]) => !(key in ownOptions) && value !== undefined));
}

/** Of these keys, those that the format knows. */
export function optionsOfFormat(format: FormatName, given: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const known = shapeOf(formats[format].options);
  return Object.fromEntries(Object.entries(given).filter(([key]) => key in known));
}

/** Throws MR3105 for a key that none of the formats knows. */
export function refuseForeignOptions(names: ReadonlySet<FormatName>, given: Readonly<Record<string, unknown>>): void {
  for (const key of Object.keys(given)) {
    if ([...names].some((name) => key in shapeOf(formats[name].options))) continue;
    const owners = formatNames.filter((name) => key in shapeOf(formats[name].options));
    throw new MillraceError({
      code: "MR3105",
      message: `\`${key}\` means nothing for ${[...names].join(" and ")}; it belongs to ${owners.join(" and ")}`,
    });
  }
}

function shapeOf(schema: z.ZodType): Record<string, z.ZodType> {
  return schema instanceof z.ZodObject ? schema.shape : {};
}
