// Placeholders of requests that follow from other answers: `{parent.id}`, `{created.id}`, `{polled.url}`, `{file}`, `{row.id}`.
// What stands in them came from a server or from rows: in an address it is encoded, and it never leaves the folder where it stands.
import { MillraceError } from "../../../model/errors.ts";
import { valueAt } from "../bodies/paths.ts";

export type FillValues = Readonly<Record<string, unknown>>;

const PLACEHOLDER = /\{(parent|created|polled|file|row)(?:\.([^{}\s]+))?\}/g;
const WHOLE = /^\{(parent|created|polled|file|row)(?:\.([^{}\s]+))?\}$/;

/** @throws MR3517 for a value that is not there or that would lead elsewhere. */
export function fillAddress(text: string, values: FillValues): string {
  const whole = WHOLE.exec(text);
  if (whole !== null && isGiven(whole, values)) return textOf(valueOf(whole, values), whole[0]);
  return text.replaceAll(PLACEHOLDER, (...match: string[]) => {
    if (!isGiven(match, values)) return match[0]!;
    const value = textOf(valueOf(match, values), match[0]!);
    if (value === "" || value === "." || value === "..")
      throw missing(`${match[0]!} is ${JSON.stringify(value)}, which cannot stand in an address`);
    return encodeURIComponent(value);
  });
}

/** A copy with every text filled in; a text that is one placeholder and nothing else keeps the value's type. */
export function fillTree(tree: unknown, values: FillValues): unknown {
  if (typeof tree === "string") {
    const whole = WHOLE.exec(tree);
    if (whole !== null && isGiven(whole, values)) return valueOf(whole, values);
    return tree.replaceAll(PLACEHOLDER, (...match: string[]) =>
      isGiven(match, values) ? textOf(valueOf(match, values), match[0]!) : match[0]!,
    );
  }
  if (Array.isArray(tree)) return tree.map((inner) => fillTree(inner, values));
  if (typeof tree !== "object" || tree === null) return tree;
  return Object.fromEntries(Object.entries(tree).map(([key, inner]) => [key, fillTree(inner, values)]));
}

/** Paths that a tree asks of one of the words: `{created.id}` → "id". */
export function pathsOf(tree: unknown, word: string): readonly string[] {
  const text = JSON.stringify(tree) ?? "";
  return [...new Set([...text.matchAll(PLACEHOLDER)].filter((match) => match[1] === word).map((match) => match[2] ?? ""))];
}

function isGiven([, word]: readonly (string | undefined)[], values: FillValues): boolean {
  return word !== undefined && Object.hasOwn(values, word);
}

function valueOf(match: readonly (string | undefined)[], values: FillValues): unknown {
  const [written, word, path] = match;
  const value = path === undefined || path === "" ? values[word!] : valueAt(values[word!], path);
  if (value === undefined || value === null) throw missing(`${written} is not there`);
  return value;
}

function textOf(value: unknown, written: string): string {
  if (typeof value === "string" || typeof value === "number" || typeof value === "bigint" || typeof value === "boolean")
    return String(value);
  throw missing(`${written} is neither text nor a number`);
}

function missing(message: string): MillraceError {
  return new MillraceError({ code: "MR3517", message: `http: ${message}`, hint: "look at the fields that the answer before has" });
}
