// Rows of JavaScript as JSON lines that give the same rows again: plain JSON where JSON is exact, a marked object where it is not.
//   X1. `{"$int":"9007199254740993"}` is a bigint, `$date` a Date, `$bytes` bytes in base64, `$double` NaN, an infinity or -0.
//   X2. An object of the user's that looks like a mark stands in `{"$object":…}`.
//   X3. What no loader can see (undefined, functions) is not written.

import { endless } from "../rows-file.ts";

const MARKS: ReadonlySet<string> = new Set(["$int", "$date", "$bytes", "$double", "$object"]);

/** One element of a page as one line, without the line's end. @throws MR4018 for a value without end. */
export function exactLine(element: unknown): string {
  try {
    return isPlain(element) ? JSON.stringify(element) : JSON.stringify(marked(element) ?? null);
  } catch (error) {
    throw endless(error);
  }
}

/** What `exactLine` was given. @throws SyntaxError. */
export function elementOf(line: string): unknown {
  const parsed: unknown = JSON.parse(line);
  return line.includes('{"$') ? unmarked(parsed) : parsed;
}

/** Rows of nothing but text, booleans, and numbers that JSON keeps are most rows; looking is cheaper than walking. */
function isPlain(element: unknown): boolean {
  if (element === null || typeof element !== "object" || Array.isArray(element) || "toJSON" in element) return false;
  let first = true;
  for (const key in element) {
    if (first && key.startsWith("$")) return false;
    first = false;
    const value = (element as Readonly<Record<string, unknown>>)[key];
    if (typeof value === "string" || typeof value === "boolean" || value === null) continue;
    if (typeof value === "number" && Number.isFinite(value) && !Object.is(value, -0)) continue;
    return false;
  }
  return true;
}

function marked(value: unknown): unknown {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      return Number.isFinite(value) && !Object.is(value, -0) ? value : { $double: Object.is(value, -0) ? "-0" : String(value) };
    case "bigint":
      return { $int: String(value) };
    case "object":
      return value === null ? null : markedObject(value);
    default:
      return undefined;
  }
}

function markedObject(value: object): unknown {
  if (value instanceof Date) return { $date: Number.isNaN(value.getTime()) ? null : value.toISOString() };
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64") };
  if (Array.isArray(value)) return value.map((each) => marked(each) ?? null);
  const entries = Object.entries(value).flatMap(([key, each]) => {
    const kept = marked(each);
    return kept === undefined ? [] : [[key, kept] as const];
  });
  const object = fromEntries(entries);
  return MARKS.has(entries[0]?.[0] ?? "") ? { $object: object } : object;
}

function unmarked(value: unknown): unknown {
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(unmarked);
  const entries = Object.entries(value);
  const [first] = entries;
  if (first === undefined || entries.length !== 1 || !MARKS.has(first[0]))
    return fromEntries(entries.map(([key, each]) => [key, unmarked(each)]));
  const [mark, content] = first as readonly [string, string];
  switch (mark) {
    case "$int":
      return BigInt(content);
    case "$date":
      return new Date(content ?? Number.NaN);
    case "$bytes":
      return new Uint8Array(Buffer.from(content, "base64"));
    case "$double":
      return Number(content);
    default:
      return fromEntries(Object.entries(content as unknown as object).map(([key, each]) => [key, unmarked(each)]));
  }
}

/** `Object.fromEntries` defines own properties, whatever they are called. */
function fromEntries(entries: readonly (readonly [string, unknown])[]): object {
  return Object.fromEntries(entries);
}
