// DuckDB's complaints about a query, as errors with a code and a place in the user's own file.
import { didYouMean } from "../../model/suggest.ts";
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

/** Names listed in a hint; more are counted. */
const NAMES_SHOWN = 12;
/** DuckDB lists every form of a function that does not fit. */
const HINT_CHARACTERS_MAX = 400;

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
function originalOffset(copy: AnalysisCopy, position: NonNullable<DuckdbFailure["position"]>): number {
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

export interface BindContext {
  /** The columns that the query could use, per asset it reads. */
  readonly columns: ReadonlyMap<string, readonly string[]>;
}

/** Does the failure say that something named does not exist, whatever its type would be? */
export function isMissingName(failure: DuckdbFailure): boolean {
  return codeOf(failure) !== "MR2010";
}

export function isMissingColumn(failure: DuckdbFailure): boolean {
  return codeOf(failure) === "MR2003";
}

/** The error of a query that DuckDB parses but cannot compile. */
export function bindError(unit: SqlUnit, copy: AnalysisCopy, failure: DuckdbFailure, context: BindContext): MillraceError {
  const code = codeOf(failure);
  const name = nameIn(failure);
  const offset = failure.position === null ? placeOfName(unit.sql, name) : originalOffset(copy, failure.position);
  const location = locate(unit, offset);
  if (code === "MR2003")
    return new MillraceError({ code, message: columnMessage(unit, failure, name), hint: columnHint(name, failure, context), location });
  if (code === "MR2008") {
    const candidate = /Did you mean "([^"]+)"/.exec(failure.message)?.[1];
    const message = `${unit.id}: there is no function "${name}"`;
    return new MillraceError({ code, message, ...(candidate === undefined ? {} : { hint: `did you mean "${candidate}"?` }), location });
  }
  const [first, ...rest] = failure.message.split("\n").filter((line) => line.trim() !== "" && !/^LINE \d+:|^\s*\^/.test(line));
  const hint = rest.map((line) => line.trim()).join("; ");
  const message = `${unit.id}: ${first ?? "DuckDB refuses the query"}`;
  return new MillraceError({ code, message, ...(hint === "" ? {} : { hint: hint.slice(0, HINT_CHARACTERS_MAX) }), location });
}

function codeOf(failure: DuckdbFailure): "MR2002" | "MR2003" | "MR2008" | "MR2010" {
  const { message, subtype } = failure;
  if (
    subtype === "COLUMN_NOT_FOUND" ||
    /does not have a column named|^Referenced table "|Could not find key "|not found in FROM clause|was not found because the FROM clause/.test(
      message,
    )
  )
    return "MR2003";
  // A star that leaves out or replaces what is not there names a column too.
  if (
    /^Column "[^"]*" in (EXCLUDE|REPLACE|RENAME) list not found/.test(message) ||
    /column "[^"]*" (does not exist|not found)/i.test(message)
  )
    return "MR2003";
  if (/Function with name .* does not exist/.test(message) || /Function .* is not in the catalog/.test(message)) return "MR2008";
  if (message.startsWith("Table with name")) return "MR2002";
  return "MR2010";
}

function nameIn({ message }: DuckdbFailure): string {
  const patterns = [
    /does not have a column named "((?:[^"]|"")*)"/,
    /Referenced (?:column|table) "((?:[^"]|"")*)"/,
    /find key "((?:[^"]|"")*)"/,
    /(?:Function|Table) with name "?([^\s"]+)"? does not exist/,
    /[Cc]olumn "((?:[^"]|"")*)"/,
  ];
  for (const pattern of patterns) {
    const name = pattern.exec(message)?.[1];
    if (name !== undefined) return name;
  }
  return "";
}

function columnMessage(unit: SqlUnit, { message }: DuckdbFailure, name: string): string {
  if (message.startsWith('Referenced table "')) return `${unit.id}: no table or alias "${name}" is read here`;
  const table = unit.described === undefined ? /Table "((?:[^"]|"")*)" does not have/.exec(message)?.[1] : undefined;
  if (message.includes("find key")) return `${unit.id}: the struct has no field "${name}"`;
  return `${unit.id}: column "${name}" does not exist${table === undefined ? "" : ` in ${table}`}`;
}

function columnHint(name: string, { message }: DuckdbFailure, { columns }: BindContext): string {
  const told = [...message.slice(message.search(/Candidate/)).matchAll(/"((?:[^"]|"")*)"/g)].map((match) => match[1]!);
  const candidates = message.includes("Candidate") ? told : [];
  const inTables = message.includes("find key") || message.startsWith("Referenced table") ? [] : [...columns.values()].flat();
  const meant = didYouMean(name, inTables) ?? didYouMean(name, candidates.map(lastPart));
  const all = inTables.length > 0 ? inTables : candidates;
  const shown = [...new Set(all)];
  const more = shown.length > NAMES_SHOWN ? `, and ${shown.length - NAMES_SHOWN} more` : "";
  const available = shown.length === 0 ? "" : `available: ${shown.slice(0, NAMES_SHOWN).join(", ")}${more}`;
  return (
    [meant, available].filter((part) => part !== undefined && part !== "").join(" — ") ||
    "look at the columns of what is read with `millrace describe`"
  );
}

function lastPart(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}

function firstLine(message: string): string {
  return message.split("\n")[0] ?? message;
}

/** Where the first word of the query stands, behind comments. */
export function firstWord(sql: string): number {
  const skipped = /^(?:\s|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/|;)*/.exec(sql)?.[0].length ?? 0;
  return skipped >= sql.length ? 0 : skipped;
}

function placeOfName(sql: string, name: string): number {
  if (name === "") return firstWord(sql);
  const found = new RegExp(`(?<![\\w"])"?${name.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)}"?(?![\\w"])`, "i").exec(sql);
  return found === null ? firstWord(sql) : found.index;
}
