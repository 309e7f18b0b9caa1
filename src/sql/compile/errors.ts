// Places of DuckDB's complaints in the user's own file, and the error of a query that it does not parse.
import { MillraceError, type SourceLocation } from "../../model/errors.ts";
import type { AnalysisCopy } from "../syntax/copy.ts";

/** A query of a user: the text of its file and where in it the SQL begins. */
export interface SqlUnit {
  readonly id: string;
  readonly file: string;
  readonly sql: string;
  /** UTF-16 offset of `sql` in `text`. */
  readonly sqlOffset: number;
  readonly text: string;
  /** The user's file when `sql` was made of it: places are those of its words there. */
  readonly described?: string;
  /** Of a model: how it is built. A view can do less than a table. */
  readonly spec?: { readonly materialize?: string };
  /** Of a model: columns that building it adds behind those of its query, where the query has none of that name. */
  readonly adds?: readonly { readonly name: string; readonly type: string }[];
}

/** An error as DuckDB tells it in JSON. */
export interface DuckdbFailure {
  readonly type: string;
  readonly subtype: string;
  readonly message: string;
  /** Where in the text that DuckDB was given. */
  readonly position: { readonly unit: "bytes" | "characters"; readonly at: number } | null;
}

/** The place `offset` (UTF-16, in the SQL) of a unit; without a length the word or qualified name that stands there. */
export function locate(unit: SqlUnit, offset: number, length?: number): SourceLocation {
  const inside = Math.max(0, Math.min(offset, unit.sql.length));
  if (unit.described !== undefined) return placeInDescription(unit.file, unit.described, unit.sql.slice(inside));
  const before = unit.text.slice(0, unit.sqlOffset + inside);
  const line = before.split("\n").length;
  const column = before.length - (before.lastIndexOf("\n") + 1) + 1;
  return { file: unit.file, line, column, length: length ?? wordLength(unit.sql.slice(inside)), text: unit.text };
}

/** Where the first name of `rest` stands in a description; its beginning when it does not. */
function placeInDescription(file: string, text: string, rest: string): SourceLocation {
  const name = rest.slice(0, wordLength(rest)).replaceAll(/"((?:[^"]|"")*)"/g, (_all, inner: string) => inner.replaceAll('""', '"'));
  const stands = (word: string): number =>
    text.search(new RegExp(`(?<![\\w.])${word.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")}(?![\\w.])`, "iu"));
  const names = [name, name.slice(name.lastIndexOf(".") + 1)]; // a column may stand behind an alias of ours
  const found = names.find((each) => stands(each) >= 0);
  const at = found === undefined ? -1 : stands(found);
  const before = text.slice(0, Math.max(0, at));
  const line = before.split("\n").length;
  return { file, line, column: before.length - before.lastIndexOf("\n"), length: found?.length ?? 1, text };
}

function wordLength(rest: string): number {
  const word = /^(?:"(?:[^"]|"")*"|'[^'\n]*'|[\p{L}\p{N}_$]+)(?:\.(?:"(?:[^"]|"")*"|[\p{L}\p{N}_$]+))*/u.exec(rest);
  return Math.max(1, word?.[0].length ?? 1);
}

/** UTF-16 offset of a byte (UTF-8) in `text`. */
export function offsetOfByte(text: string, bytes: number): number {
  // Most SQL is ASCII; then both count the same.
  if (bytes <= 0) return 0;
  return Buffer.from(text, "utf8").subarray(0, bytes).toString("utf8").length;
}

/** UTF-16 offset of a character (code point) in `text`. */
export function offsetOfCharacter(text: string, characters: number): number {
  let offset = 0;
  for (let left = characters; left > 0 && offset < text.length; left--) offset += text.codePointAt(offset)! > 0xffff ? 2 : 1;
  return offset;
}

/** Offset in the user's SQL of a place in its analysis copy. */
export function originalOffset(copy: AnalysisCopy, position: NonNullable<DuckdbFailure["position"]>): number {
  const offset = position.unit === "bytes" ? offsetOfByte(copy.text, position.at) : offsetOfCharacter(copy.text, position.at);
  return copy.originalOffset(offset);
}

/** The error of a query that DuckDB does not parse. */
export function syntaxError(unit: SqlUnit, copy: AnalysisCopy, failure: DuckdbFailure): MillraceError {
  const offset = failure.position === null ? firstWord(unit.sql) : originalOffset(copy, failure.position);
  const templated = /\{[{%]/.exec(unit.sql);
  return new MillraceError({
    code: "MR2001",
    message: `${unit.id}: ${firstLine(failure.message)}`,
    hint:
      templated === null
        ? "DuckDB's parser stopped at the mark; look just before it"
        : "SQL here has no templates: write the asset's name, and $param.name for a parameter",
    location: templated === null ? locate(unit, offset) : locate(unit, templated.index, 2),
  });
}

function firstLine(message: string): string {
  return message.split("\n")[0] ?? message;
}

/** Where the first word of the query stands, behind comments. */
export function firstWord(sql: string): number {
  const skipped = /^(?:\s|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/|;)*/.exec(sql)?.[0].length ?? 0;
  return skipped >= sql.length ? 0 : skipped;
}
