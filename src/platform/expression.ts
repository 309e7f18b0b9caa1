// Conditions as users write them: the Common Expression Language over what a run knows. Checked when the project is read, carried out when a node
// is about to start. The library is loaded when the first expression is met.
//   X1. Names are `params`, `outputs`, `status`, `item`, `output`, `run`, `partition`; anything else is an error at load, with its place.
//   X2. JSON's whole numbers are CEL's int, so that `outputs.a.rows + 1 > 5` means what it says.
import type { ASTNode, Environment } from "@marcbachmann/cel-js";
import type { JsonValue } from "../model/json.ts";
import { MillraceError } from "../model/errors.ts";

export type ExpressionValues = Readonly<Record<string, JsonValue>>;

export interface CheckedExpression {
  /** Members that it names: `outputs.train` is `{ of: "outputs", name: "train" }`. */
  readonly mentions: readonly { readonly of: string; readonly name: string; readonly at: number }[];
}

export interface Evaluated {
  readonly value: JsonValue;
  /** What it looked at, for people: `outputs.train.accuracy is 0.7`. */
  readonly seen: string;
}

const VARIABLES: Readonly<Record<string, string>> = {
  params: "map",
  outputs: "map",
  status: "map",
  item: "dyn",
  output: "dyn",
  run: "string",
  partition: "string",
};
const LIMITS = { maxAstNodes: 2_000, maxDepth: 100 };
const EXPRESSION_CHARS_MAX = 4_000;
const SEEN_MAX = 6;
const SEEN_CHARS_MAX = 80;

let environment: Promise<Environment> | undefined;

async function open(): Promise<Environment> {
  const cel = await import("@marcbachmann/cel-js");
  let made = new cel.Environment({ unlistedVariablesAreDyn: false, homogeneousAggregateLiterals: false, limits: LIMITS });
  for (const [name, type] of Object.entries(VARIABLES)) made = made.registerVariable(name, type);
  return made;
}

/** @throws MR1048 for what is no expression, names that are not known, and one that cannot be true or false (unless `any`). */
export async function checkExpression(text: string, { result }: { readonly result: "boolean" | "any" }): Promise<CheckedExpression> {
  if (text.length > EXPRESSION_CHARS_MAX) throw unreadable(text, `it is longer than ${EXPRESSION_CHARS_MAX} characters`, 0);
  const parsed = await parse(text);
  const checked = parsed.check();
  if (!checked.valid) throw unreadable(text, firstLine(checked.error?.message ?? "it is not understood"), offsetOf(checked.error));
  if (result === "boolean" && checked.type !== "bool" && !String(checked.type).startsWith("dyn"))
    throw unreadable(text, `it is a ${checked.type}, not true or false`, 0);
  return { mentions: pathsIn(parsed.ast).flatMap(([of, name, , at]) => (name === undefined ? [] : [{ of, name, at }])) };
}

/** @throws MR6206 when a value that it needs is not there or does not fit. */
export async function evaluateExpression(text: string, values: ExpressionValues): Promise<Evaluated> {
  const parsed = await parse(text);
  const context = Object.fromEntries(Object.keys(VARIABLES).map((name) => [name, toCel(values[name] ?? DEFAULTS[name] ?? null)]));
  const seen = seenIn(parsed.ast, values);
  try {
    return { value: fromCel(await parsed(context)), seen };
  } catch (cause) {
    const why = firstLine(cause instanceof Error ? cause.message : String(cause));
    throw new MillraceError({
      code: "MR6206",
      message: `${JSON.stringify(text)} cannot be answered: ${why}${seen === "" ? "" : ` (${seen})`}`,
      hint: "has(outputs.x.y) asks whether a value is there",
      cause,
    });
  }
}

/** An expression that can be asked without waiting; null where it cannot be answered. @throws MR1048. */
export async function compileExpression(text: string): Promise<(values: ExpressionValues) => JsonValue> {
  const parsed = await parse(text);
  return (values) => {
    const context = Object.fromEntries(Object.keys(VARIABLES).map((name) => [name, toCel(values[name] ?? DEFAULTS[name] ?? null)]));
    try {
      return fromCel(parsed(context));
    } catch {
      return null;
    }
  };
}

/** Queries begin with one of these words; anything else is an expression. */
export function isQuery(text: string): boolean {
  return /^\s*(--[^\n]*\n\s*)*(select|with|from|values|summarize|pivot|describe|show)\b/i.test(text);
}

const DEFAULTS: ExpressionValues = { params: {}, outputs: {}, status: {}, run: "", partition: "" };

async function parse(text: string): Promise<ReturnType<Environment["parse"]>> {
  environment ??= open();
  const made = await environment;
  try {
    return made.parse(text);
  } catch (cause) {
    throw unreadable(text, firstLine(cause instanceof Error ? cause.message : String(cause)), offsetOf(cause));
  }
}

function unreadable(text: string, why: string, at: number): MillraceError {
  const marked = text.length > SEEN_CHARS_MAX ? `${text.slice(0, SEEN_CHARS_MAX)}…` : text;
  return new MillraceError({
    code: "MR1048",
    message: `the expression ${JSON.stringify(marked)}: ${why} (character ${at + 1})`,
    hint: `names are ${Object.keys(VARIABLES).join(", ")}; for example params.region == "north" && outputs.train.accuracy > 0.9`,
  });
}

function firstLine(text: string): string {
  const line = text.split("\n")[0]!.trim();
  return line.charAt(0).toLowerCase() + line.slice(1);
}

function offsetOf(error: unknown): number {
  const node = (error as { readonly node?: { readonly pos?: number } } | null | undefined)?.node;
  return node?.pos ?? 0;
}

type Path = readonly [of: string, name: string | undefined, rest: readonly string[], at: number];

/** Chains of members that begin at one of our names. */
function pathsIn(node: unknown): readonly Path[] {
  if (!isNode(node)) return Array.isArray(node) ? (node as readonly unknown[]).flatMap(pathsIn) : [];
  const chain = chainOf(node);
  if (chain !== undefined) return [[chain[0]!, chain[1], chain.slice(2), node.start]];
  return Array.isArray(node.args) ? (node.args as readonly unknown[]).flatMap(pathsIn) : pathsIn(node.args);
}

function chainOf(node: ASTNode): readonly string[] | undefined {
  if (node.op === "id") return Object.hasOwn(VARIABLES, node.args) ? [node.args] : undefined;
  if (node.op !== "." && node.op !== "[]") return undefined;
  const [inner, key] = node.args as readonly [ASTNode, unknown];
  const name = node.op === "." ? key : isNode(key) && key.op === "value" ? key.args : undefined;
  const before = chainOf(inner);
  return before === undefined || (typeof name !== "string" && typeof name !== "bigint") ? undefined : [...before, String(name)];
}

function isNode(value: unknown): value is ASTNode {
  return typeof value === "object" && value !== null && "op" in value && "args" in value;
}

function seenIn(ast: unknown, values: ExpressionValues): string {
  const shown = new Map<string, string>();
  for (const [of, name, rest] of pathsIn(ast)) {
    const path = [of, ...(name === undefined ? [] : [name]), ...rest];
    const found = path.reduce<unknown>(
      (value, key) => (typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>)[key] : undefined),
      values,
    );
    shown.set(path.join("."), found === undefined ? "not there" : cut(JSON.stringify(found)));
  }
  const all = [...shown].map(([path, value]) => `${path} is ${value}`);
  return `${all.slice(0, SEEN_MAX).join(", ")}${all.length > SEEN_MAX ? ` and ${all.length - SEEN_MAX} more` : ""}`;
}

function cut(text: string): string {
  return text.length > SEEN_CHARS_MAX ? `${text.slice(0, SEEN_CHARS_MAX)}…` : text;
}

/** X2. */
function toCel(value: JsonValue): unknown {
  if (typeof value === "number") return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return (value as readonly JsonValue[]).map(toCel);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, toCel(inner)]));
}

function fromCel(value: unknown): JsonValue {
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, inner]) => [String(key), fromCel(inner)]));
  if (Array.isArray(value)) return value.map(fromCel);
  if (typeof value === "object" && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, fromCel(inner)]));
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? value : null;
}
