// Placeholders in what a task is about to do. What stands in them is data: in a command it goes in as an environment variable, in SQL as a literal,
// each quoted for the place where it stands, so that no value can become code.
//   T1. `$${` writes a plain `${`. In a command, `${…}` that is none of ours is the shell's own.
//   T2. A text that is one placeholder and nothing else keeps the value's type.
import type { JsonValue } from "../model/json.ts";

/** The value of what stands between the braces; undefined when it is none of ours. Throws for one of ours that has no value. */
export type LookUp = (inner: string) => JsonValue | undefined;

const PLACEHOLDER = /\$\$\{|\$\{([^{}]*)\}/g;
const WHOLE = /^\s*\$\{([^{}]*)\}\s*$/;

/** What stands in the placeholders of a text. */
export function placeholdersIn(text: string): readonly string[] {
  return [...text.matchAll(PLACEHOLDER)].flatMap(([, inner]) => (inner === undefined ? [] : [inner.trim()]));
}

export function fillText(text: string, look: LookUp): string {
  return text.replaceAll(PLACEHOLDER, (written: string, inner: string | undefined) => {
    if (inner === undefined) return "${";
    const value = look(inner.trim());
    return value === undefined ? written : plain(value);
  });
}

/** A copy in which every text is filled in (T2). */
export function fillValue(value: unknown, look: LookUp): unknown {
  if (typeof value === "string") {
    const whole = WHOLE.exec(value)?.[1];
    const found = whole === undefined ? undefined : look(whole.trim());
    return found === undefined ? fillText(value, look) : found;
  }
  if (Array.isArray(value)) return value.map((inner) => fillValue(inner, look));
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, fillValue(inner, look)]));
}

export interface FilledCommand {
  readonly command: string;
  /** Variables that the command reads its values from. */
  readonly env: Readonly<Record<string, string>>;
}

const VARIABLE = "MILLRACE_VALUE_";

/** A command for a POSIX shell. */
export function fillCommand(command: string, look: LookUp): FilledCommand {
  const env: Record<string, string> = {};
  const names = new Map<string, string>();
  const filled = fillQuoted(command, SHELL, (inner, quote) => {
    const value = look(inner);
    if (value === undefined) return undefined;
    const text = plain(value).replaceAll("\0", "");
    const name = names.get(text) ?? `${VARIABLE}${names.size + 1}`;
    names.set(text, name);
    env[name] = text;
    if (quote === '"') return `\${${name}}`;
    return quote === "'" ? `'"\${${name}}"'` : `"\${${name}}"`;
  });
  return { command: filled, env };
}

/** SQL: outside of quotes a literal of the value's type, inside of them its text. */
export function fillSql(sql: string, look: LookUp): string {
  return fillQuoted(sql, SQL, (inner, quote) => {
    const value = look(inner);
    if (value === undefined) return undefined;
    if (quote === "'") return plain(value).replaceAll("'", "''");
    if (quote === '"') return plain(value).replaceAll('"', '""');
    return sqlLiteral(value);
  });
}

/** Of a value that JSON can hold; lists and objects are JSON. */
export function sqlLiteral(value: JsonValue): string {
  if (value === null) return "NULL";
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (typeof value === "string") return quoted(value);
  return `${quoted(JSON.stringify(value))}::JSON`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''").replaceAll("\0", "")}'`;
}

function plain(value: JsonValue): string {
  if (value === null) return "";
  return typeof value === "string" ? value : typeof value === "object" ? JSON.stringify(value) : String(value);
}

interface Quoting {
  /** Stretches that are skipped as a whole: comments, escaped characters. */
  readonly skip: RegExp;
}

const SHELL: Quoting = { skip: /\\[\s\S]|(?<![^\s;&|()])#[^\n]*/y };
const SQL: Quoting = { skip: /--[^\n]*|\/\*[\s\S]*?\*\//y };

/** Replaces placeholders, telling for each in which quotes it stands. */
function fillQuoted(text: string, { skip }: Quoting, replace: (inner: string, quote: "'" | '"' | null) => string | undefined): string {
  let filled = "";
  let quote: "'" | '"' | null = null;
  const placeholder = new RegExp(PLACEHOLDER.source, "y");
  for (let at = 0; at < text.length;) {
    placeholder.lastIndex = at;
    const match = placeholder.exec(text);
    if (match !== null) {
      const inner = match[1];
      filled += inner === undefined ? "${" : (replace(inner.trim(), quote) ?? match[0]);
      at += match[0].length;
      continue;
    }
    skip.lastIndex = at;
    // Inside double quotes a shell knows escapes and no comments; inside SQL's quotes and single ones there is nothing to skip.
    const skipped = quote === null || (quote === '"' && skip === SHELL.skip && text[at] === "\\") ? skip.exec(text)?.[0] : undefined;
    if (skipped !== undefined && skipped !== "") {
      filled += skipped;
      at += skipped.length;
      continue;
    }
    const character = text[at]!;
    if (character === "'" || character === '"') {
      if (quote === null) quote = character;
      else if (quote === character) quote = null;
    }
    filled += character;
    at += 1;
  }
  return filled;
}
