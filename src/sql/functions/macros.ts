// The functions that a project adds to SQL: macros of macros/*.sql, as their files say them, and stand-ins for functions registered from TypeScript.
//   F1. A macro has no schema: it is called by its name from every query, in every environment.
//   F2. Comments and formatting are no part of what a macro is.
import { MillraceError } from "../../model/errors.ts";
import type { OwnFunction } from "../../model/functions.ts";
import { locate, type SqlUnit } from "../compile/errors.ts";
import { scanSql, type SqlToken } from "../syntax/scan.ts";
import { hashOf } from "../syntax/tree.ts";
import { ident, literal } from "../text.ts";

export interface MacroFile {
  readonly file: string;
  readonly text: string;
}

export interface MacroBody {
  readonly kind: "scalar" | "table";
  readonly sql: string;
}

export interface Macro {
  /** In lower case. */
  readonly name: string;
  /** The statement behind `create macro`: `net(price) as price * 0.8`. */
  readonly unit: SqlUnit;
  /** One per list of parameters. */
  readonly bodies: readonly MacroBody[];
  /** The same for texts that differ in comments and white space. */
  readonly hash: string;
  /** It stands for a function that DuckDB calls in this process: nobody else who reads the warehouse has it. */
  readonly isFunction: boolean;
}

export interface ReadMacros {
  readonly macros: readonly Macro[];
  readonly errors: readonly MillraceError[];
}

/** Splits files into their CREATE MACRO statements; errors have their places. */
export function readMacros(files: readonly MacroFile[]): ReadMacros {
  const macros = new Map<string, Macro>();
  const errors: MillraceError[] = [];
  for (const { file, text } of files) {
    const whole: SqlUnit = { id: file, file, sql: text, sqlOffset: 0, text };
    for (const tokens of statementsIn(scanSql(text))) {
      const read = readMacro(whole, tokens);
      if (read instanceof MillraceError) errors.push(read);
      else if (macros.has(read.name)) errors.push(twice(read, macros.get(read.name)!));
      else macros.set(read.name, read);
    }
  }
  return { macros: [...macros.values()], errors };
}

/** All that the queries of a project may call besides what DuckDB and Millrace have. */
export function macrosOf({
  macros,
  functions,
}: {
  readonly macros: readonly Macro[];
  readonly functions: readonly OwnFunction[];
}): readonly Macro[] {
  return [...macros, ...functions.map(stubOf)];
}

/** What the compiler takes a function for: its arguments as their types, a value of its type, and its code as a part of what is computed. */
export function stubOf({ name, parameters, returns, codeHash, file }: OwnFunction): Macro {
  const names = parameters.map((_, index) => `a${index}`);
  const given = names.map((each, index) => `cast(${each} as ${parameters[index]!})`);
  const body = `try_cast(cast(hash(${[...given, literal(codeHash)].join(", ")}) as varchar) as ${returns})`;
  const sql = `${ident(name)}(${names.join(", ")}) as ${body}`;
  return {
    name: name.toLowerCase(),
    unit: { id: `the function ${name}`, file, sql, sqlOffset: 0, text: sql },
    bodies: [{ kind: "scalar", sql: body }],
    hash: hashOf(sql),
    isFunction: true,
  };
}

/** Creates it where a query finds it; `place` is a schema that stands on the search path. */
export function createMacroSql({ unit }: Macro, place = ""): string {
  return `create or replace macro ${place === "" ? "" : `${place}.`}${unit.sql}`;
}

function statementsIn(tokens: readonly SqlToken[]): readonly (readonly SqlToken[])[] {
  const statements: SqlToken[][] = [[]];
  for (const token of tokens) {
    if (token.text === ";") statements.push([]);
    else statements.at(-1)!.push(token);
  }
  return statements.filter((statement) => statement.length > 0);
}

function readMacro(whole: SqlUnit, tokens: readonly SqlToken[]): Macro | MillraceError {
  const word = (at: number): string => (tokens[at]?.kind === "word" ? tokens[at].text.toLowerCase() : "");
  let at = 0;
  const skip = (...words: readonly string[]): boolean => {
    if (!words.every((wanted, index) => word(at + index) === wanted)) return false;
    at += words.length;
    return true;
  };
  const isCreate = skip("create");
  skip("or", "replace");
  const isMacro = isCreate && (skip("macro") || skip("function"));
  if (!isMacro) return refused(whole, tokens[0]!, "a file in macros/ holds CREATE MACRO statements and nothing else");
  skip("if", "not", "exists");
  const named = tokens[at]!;
  if (tokens[at + 1]?.text === ".") return refused(whole, named, "a macro has no schema: it is called by its name alone");
  if (named === undefined || (named.kind !== "word" && named.kind !== "quoted") || tokens[at + 1]?.text !== "(")
    return refused(whole, named ?? tokens[0]!, "the name of the macro and its parameters are missing");
  const last = tokens.at(-1)!;
  const name = (named.kind === "quoted" ? named.text.slice(1, -1).replaceAll('""', '"') : named.text).toLowerCase();
  const bodies = bodiesIn(whole.sql, tokens.slice(at + 1));
  if (bodies.length === 0) return refused(whole, named, `the macro ${name} has no body: create macro ${name}(x) as x + 1`);
  const sql = whole.sql.slice(named.start, last.end);
  const hash = hashOf(
    tokens
      .slice(at)
      .map(({ text, kind }) => (kind === "word" ? text.toLowerCase() : text))
      .join(" "),
  );
  return {
    name,
    unit: { id: `the macro ${name}`, file: whole.file, sql, sqlOffset: named.start, text: whole.text },
    bodies,
    hash,
    isFunction: false,
  };
}

/** Behind each list of parameters: `as [table] BODY`, up to the comma before the next list. */
function bodiesIn(sql: string, tokens: readonly SqlToken[]): readonly MacroBody[] {
  const bodies: MacroBody[] = [];
  let at = 0;
  while (at < tokens.length && tokens[at]!.text === "(") {
    at = closing(tokens, at) + 1;
    if (tokens[at]?.text.toLowerCase() !== "as") return [];
    at++;
    const kind = tokens[at]?.text.toLowerCase() === "table" && tokens[at]!.kind === "word" ? "table" : "scalar";
    if (kind === "table") at++;
    const first = at;
    while (at < tokens.length && !startsNext(tokens, at)) at = isOpening(tokens[at]!) ? closing(tokens, at) + 1 : at + 1;
    if (at === first) return [];
    bodies.push({ kind, sql: sql.slice(tokens[first]!.start, tokens[at - 1]!.end) });
    at++;
  }
  return bodies;
}

function startsNext(tokens: readonly SqlToken[], at: number): boolean {
  return tokens[at]!.text === "," && tokens[at + 1]?.text === "(" && tokens[closing(tokens, at + 1) + 1]?.text.toLowerCase() === "as";
}

function isOpening({ kind, text }: SqlToken): boolean {
  return kind === "symbol" && "([{".includes(text);
}

/** Index of what closes the bracket at `open`; the last token where nothing does. */
function closing(tokens: readonly SqlToken[], open: number): number {
  let depth = 0;
  for (let at = open; at < tokens.length; at++) {
    if (tokens[at]!.kind !== "symbol") continue;
    if ("([{".includes(tokens[at]!.text)) depth++;
    else if (")]}".includes(tokens[at]!.text) && --depth === 0) return at;
  }
  return tokens.length - 1;
}

function refused(whole: SqlUnit, token: SqlToken, message: string): MillraceError {
  return new MillraceError({
    code: "MR2040",
    message: `${whole.file}: ${message}`,
    hint: "create macro net(price) as price * 0.8; or, for rows: create macro top(n) as table select …",
    location: locate(whole, token.start),
  });
}

function twice(macro: Macro, other: Macro): MillraceError {
  return new MillraceError({
    code: "MR2041",
    message: `the macro ${macro.name} stands in ${macro.unit.file} and in ${other.unit.file}`,
    hint: "give one of them another name; several lists of parameters stand in one statement: create macro f(a) as a, (a, b) as a + b",
    location: locate(macro.unit, 0),
  });
}
