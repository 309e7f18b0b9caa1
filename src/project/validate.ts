// Holds a definition against its zod schema: each issue becomes an error at the key or value that caused it, in words of the user's file.
import type * as z from "zod";
import { type ErrorCode, MillraceError } from "../model/errors.ts";
import { nearest } from "../model/suggest.ts";
import { type Document, type Path, pathText, valueAt } from "./document.ts";
import { keysAt } from "./schema-walk.ts";

const LISTED_MAX = 40;
const SHOWN_CHARACTERS_MAX = 40;

export interface ValidateRequest<Value> {
  readonly schema: z.ZodType<Value>;
  readonly document: Document;
  /** Where in the document the value stands; default: its root. */
  readonly at?: Path;
  /** Codes other than those of YAML definitions, for definitions in TypeScript. */
  readonly code?: ErrorCode;
  /** Environment variables: `${env:…}` in place of a duration or number is filled in from here, where text alone would not do. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** `${…}` in place of a number, a duration … is known only when the run starts: such issues are left out, and the value is undefined. */
  readonly placeholders?: "refuse" | "later";
  /** The value is a part of what the schema asks for: what is missing, or not right as a whole, is not told. */
  readonly part?: boolean;
}

export type Validated<Value> = { readonly value: Value | undefined; readonly errors: readonly MillraceError[] };

/** Never throws. `value` is undefined when there are errors. */
export function validate<Value>(request: ValidateRequest<Value>): Validated<Value> {
  const at = request.at ?? [];
  const value = valueAt(request.document.value, at);
  let parsed = request.schema.safeParse(value, { reportInput: true });
  if (!parsed.success && request.env !== undefined) {
    const filled = fillIn(
      value,
      parsed.error.issues.flatMap((issue) => flatten(issue, [])),
      request.env,
    );
    if (filled !== undefined) parsed = request.schema.safeParse(filled, { reportInput: true });
  }
  if (parsed.success) return { value: parsed.data, errors: [] };
  const context: Context = { request, at };
  const issues = parsed.error.issues.flatMap((issue) => flatten(issue, []));
  const later = (issue: Flat): boolean =>
    (request.placeholders === "later" && holdsPlaceholder(issue.input)) || (request.part === true && isOfTheWhole(issue));
  return { value: undefined, errors: issues.filter((issue) => !later(issue)).flatMap((issue) => errorsOf(issue, context)) };
}

/** What stands there, in words: `the number 5`, `a list`. */
export function shown(value: unknown): string {
  if (value === undefined || value === null) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a mapping";
  if (typeof value === "string") {
    const cut = value.length > SHOWN_CHARACTERS_MAX ? `${value.slice(0, SHOWN_CHARACTERS_MAX)}…` : value;
    return `the text ${JSON.stringify(cut)}`;
  }
  if (typeof value === "function") return "a function";
  if (typeof value === "boolean") return String(value);
  return typeof value === "number" || typeof value === "bigint" ? `the number ${value}` : `a ${typeof value}`;
}

/** `did you mean "a"?`, else the whole list when it is short. */
export function hintFor(word: string, known: readonly string[], what = "known"): string | undefined {
  const [first] = nearest(word, known, 1);
  const list = known.length === 0 || known.length > LISTED_MAX ? undefined : `${what}: ${known.join(", ")}`;
  const meant = first === undefined ? undefined : `did you mean ${JSON.stringify(first)}?`;
  if (meant === undefined) return list;
  return list === undefined ? meant : `${meant}\n${list}`;
}

/** A copy in which the placeholders that did not fit are what they stand for; undefined when there are none. */
function fillIn(value: unknown, issues: readonly Flat[], env: Readonly<Record<string, string | undefined>>): unknown {
  let copy: unknown;
  for (const { path, input } of issues) {
    const name = typeof input === "string" ? /^\$\{env:([\w.-]+)\}$/.exec(input)?.[1] : undefined;
    const known = name === undefined ? undefined : env[name];
    if (known === undefined) continue;
    copy ??= structuredClone(value);
    const parent = valueAt(copy, path.slice(0, -1));
    const last = path.at(-1);
    if (typeof parent !== "object" || parent === null || last === undefined) continue;
    const scalar = /^-?\d+(\.\d+)?$/.test(known) ? Number(known) : known === "true" ? true : known === "false" ? false : known;
    (parent as Record<string | number, unknown>)[last] = scalar;
  }
  return copy;
}

interface Context {
  readonly request: ValidateRequest<unknown>;
  readonly at: Path;
}

/** An issue that is no choice any more, with its whole path below the schema's root. */
interface Flat {
  readonly issue: z.core.$ZodIssue;
  readonly path: Path;
  readonly input: unknown;
  /** Kinds of value that would have been taken, where there was a choice. */
  readonly expected?: readonly string[];
}

function flatten(issue: z.core.$ZodIssue, base: Path): readonly Flat[] {
  const path = [...base, ...issue.path.map((part) => (typeof part === "symbol" ? String(part) : part))];
  const input = "input" in issue ? issue.input : undefined;
  if (issue.code !== "invalid_union") return [{ issue, path, input }];
  const branches = issue.errors.map((branch) => branch.flatMap((inner) => flatten(inner, path)));
  // The branch whose kind of value stands there is the one that was meant; of several, the one that fits best.
  const fitting = branches.filter(
    (branch) => !branch.some((flat) => flat.issue.code === "invalid_type" && flat.path.length === path.length),
  );
  const best = fitting.toSorted((a, b) => score(a) - score(b))[0];
  if (best !== undefined) return best;
  const expected = branches.flatMap((branch) =>
    branch.flatMap((flat) => (flat.issue.code === "invalid_type" ? [kindText(flat.issue.expected)] : [])),
  );
  return [{ issue, path, input, expected: [...new Set(expected)] }];
}

/**
 * Fewer issues are better; an unknown key where other keys are known is worse than a wrong value of a known one, and a mapping where a plain value
 * stands is the least likely to be meant. Of equals the one that understood more, whose issues lie deeper.
 */
function score(branch: readonly Flat[]): number {
  return branch.reduce((sum, { issue, path }) => {
    const weight = issue.code === "unrecognized_keys" ? 2 : issue.code === "invalid_type" && issue.expected === "object" ? 4 : 1;
    return sum + weight - path.length / 1_000;
  }, 0);
}

function errorsOf(flat: Flat, context: Context): readonly MillraceError[] {
  const { request, at } = context;
  const path = [...at, ...flat.path];
  const name = pathText(path);
  const label = name === "" ? "the definition" : name;
  const issue = flat.issue;
  const fail = (code: ErrorCode, message: string, hint?: string, place = request.document.locate(path)): MillraceError =>
    new MillraceError({ code: request.code ?? code, message, location: place, ...(hint === undefined ? {} : { hint }) });
  switch (issue.code) {
    case "unrecognized_keys": {
      const known = keysAt(request.schema, flat.path).toSorted();
      return issue.keys.map((key) =>
        fail(
          "MR1020",
          `unknown key ${JSON.stringify(key)}${name === "" ? "" : ` in ${name}`}`,
          hintFor(key, known),
          request.document.locate([...path, key], "key"),
        ),
      );
    }
    case "invalid_type":
    case "invalid_union": {
      const expected = issue.code === "invalid_type" ? [kindText(issue.expected)] : (flat.expected ?? []);
      const words = expected.length === 0 ? "another value" : expected.join(" or ");
      if (flat.input === undefined) return [fail("MR1022", `${label} is missing`, expected.length === 0 ? undefined : `it takes ${words}`)];
      return [fail("MR1021", `${label}: expected ${words}, found ${shown(flat.input)}`, quoteHint(flat.input, expected))];
    }
    case "invalid_value": {
      const allowed = issue.values.map(String);
      if (flat.input === undefined) return [fail("MR1022", `${label} is missing`, `one of: ${allowed.join(", ")}`)];
      const scalar = typeof flat.input !== "object" && typeof flat.input !== "function";
      const code = scalar && flat.input !== null ? "MR1023" : "MR1021";
      return [
        fail(
          code,
          `${label}: ${shown(flat.input)} is not allowed`,
          hintFor(typeof flat.input === "string" ? flat.input : "", allowed, "one of"),
        ),
      ];
    }
    case "too_small":
      return [
        fail(
          "MR1023",
          `${label}: ${shown(flat.input)} is too ${sizeWord(issue.origin, "small")}`,
          `${issue.inclusive === false ? "more than" : "at least"} ${issue.minimum}`,
        ),
      ];
    case "too_big":
      return [fail("MR1023", `${label}: ${shown(flat.input)} is too ${sizeWord(issue.origin, "large")}`, `at most ${issue.maximum}`)];
    case "custom":
    case "invalid_element":
    case "invalid_format":
    case "invalid_key":
    case "not_multiple_of": {
      if (flat.input === undefined && issue.message.startsWith("is missing")) return [fail("MR1022", `${label} ${issue.message}`)];
      const own = /^[a-z]/.test(issue.message);
      const [problem, ...advice] = issue.message.split("; ");
      const scalar = typeof flat.input === "string" || typeof flat.input === "number";
      const message = own ? `${label}: ${scalar ? `${shown(flat.input)} ` : ""}${problem}` : `${label}: ${problem}`;
      return [fail("MR1023", message, advice.length === 0 ? undefined : advice.join("; "))];
    }
    default:
      return issue satisfies never;
  }
}

function kindText(expected: string): string {
  switch (expected) {
    case "string":
      return "text";
    case "number":
      return "a number";
    case "int":
      return "a whole number";
    case "boolean":
      return "true or false";
    case "array":
      return "a list";
    case "object":
    case "record":
      return "a mapping (key: value)";
    case "null":
      return "nothing";
    default:
      return expected;
  }
}

function sizeWord(origin: string, otherwise: "small" | "large"): string {
  if (origin === "string" || origin === "array") return otherwise === "small" ? "short" : "long";
  return otherwise;
}

function quoteHint(input: unknown, expected: readonly string[]): string | undefined {
  if ((typeof input !== "number" && typeof input !== "boolean") || !expected.includes("text")) return undefined;
  return `put it in quotes: "${input}"`;
}

/** A key that is missing, or a rule over several keys. */
function isOfTheWhole({ issue, path, input }: Flat): boolean {
  return input === undefined ? issue.code !== "unrecognized_keys" : path.length === 0 && issue.code === "custom";
}

/** Strings in which `${…}` stands are known only later. */
function holdsPlaceholder(value: unknown): boolean {
  return typeof value === "string" && /\$\{(env|secret|param):/.test(value);
}
