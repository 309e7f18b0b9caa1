// What DuckDB has against a query that it parses: which of our errors that is, where, and which names were meant.
import { MillraceError } from "../../model/errors.ts";
import { didYouMean } from "../../model/suggest.ts";
import { type DuckdbFailure, firstWord, locate, originalOffset, type SqlUnit } from "./errors.ts";
import type { AnalysisCopy } from "../syntax/copy.ts";

/** Names listed in a hint; more are counted. */
const NAMES_SHOWN = 12;
/** DuckDB lists every form of a function that does not fit. */
const HINT_CHARACTERS_MAX = 400;

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

function placeOfName(sql: string, name: string): number {
  if (name === "") return firstWord(sql);
  const found = new RegExp(`(?<![\\w"])"?${name.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)}"?(?![\\w"])`, "i").exec(sql);
  return found === null ? firstWord(sql) : found.index;
}
