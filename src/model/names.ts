// Names: headers become column names that are safe to type, unique, and never mistaken for our own; assets are `schema.name`.
import { MillraceError } from "./errors.ts";

/** Longest column name; a longer header is cut (its full text stays in the catalogue). */
const COLUMN_CHARACTERS_MAX = 120;
const ASSET_CHARACTERS_MAX = 200;
/** Columns that every loaded table may have besides the user's. */
const RESERVED: ReadonlySet<string> = new Set(["_load", "_file", "_line"]);

/** ` SALE PRICE ` → `sale_price`, `createdAt` → `created_at`, `2020` → `_2020`; "" when nothing is left. */
export function snakeName(label: string): string {
  const words = label
    .normalize("NFC")
    .replaceAll(/(\p{Ll}|\p{N})(\p{Lu})/gu, "$1_$2")
    .replaceAll(/(\p{Lu})(\p{Lu}\p{Ll})/gu, "$1_$2")
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\p{M}]+/gu, "_")
    .replaceAll(/^_+|_+$/g, "")
    .slice(0, COLUMN_CHARACTERS_MAX);
  return /^\p{N}/u.test(words) ? `_${words}` : words;
}

/** The name a label gets by itself, before it is made unique. `position` counts from 1. */
export function columnName(label: string, position: number, style: "snake" | "keep"): string {
  // NUL cannot stand in an identifier, so it cannot be kept.
  const name = style === "snake" ? snakeName(label) : label.replaceAll("\0", "").trim().slice(0, COLUMN_CHARACTERS_MAX);
  return name === "" ? `column_${position}` : name;
}

/** Gives each name a suffix where it is taken; names that differ in case only are the same to SQL. `taken` grows. */
export function uniqueName(name: string, taken: Set<string>): string {
  let unique = name;
  for (let n = 2; taken.has(unique.toLowerCase()) || RESERVED.has(unique.toLowerCase()); n++) unique = `${name}_${n}`;
  taken.add(unique.toLowerCase());
  return unique;
}

/** Names for all labels of one table, in their order. */
export function columnNames(labels: readonly string[], style: "snake" | "keep"): string[] {
  const taken = new Set<string>();
  return labels.map((label, index) => uniqueName(columnName(label, index + 1, style), taken));
}

/** The parts of `schema.name`. @throws MR4011 when it is not a name that can stand in SQL and in a path. */
export function splitAsset(asset: string): { readonly schema: string; readonly name: string } {
  const parts = asset.split(".");
  const [schema, name] = parts;
  const isSound =
    parts.length === 2 && asset.length <= ASSET_CHARACTERS_MAX && parts.every((part) => /^[\p{L}\p{N}_][\p{L}\p{N}_\- ]*$/u.test(part));
  if (!isSound || schema === undefined || name === undefined) {
    throw new MillraceError({
      code: "MR4011",
      message: `${JSON.stringify(asset)} cannot be the name of an asset.`,
      hint: "Write schema.name with letters, digits and _.",
    });
  }
  if (/^_millrace/i.test(schema) || ["information_schema", "pg_catalog", "main.sqlite_master"].includes(schema.toLowerCase())) {
    throw new MillraceError({ code: "MR4011", message: `The schema ${schema} is not for assets.`, hint: "Choose another schema." });
  }
  return { schema, name };
}
