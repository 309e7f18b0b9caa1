// The term of a bound expression. Everything that the plan says of an expression takes part, unless it is known to say nothing about the value.
import { UNSTEADY_FUNCTIONS } from "./functions.ts";
import { anyOrder, byHash, type Part, raw, type Relation, rowsOf, type Term, term } from "./terms.ts";
import { expressionWords } from "./words.ts";
import { type Columns, referred } from "../plan/columns.ts";
import { nodesOf, type PlanNode, UnknownPlan } from "../plan/nodes.ts";
import { dependsOnOrder } from "../plan/order.ts";
import { isNode, textOf } from "../syntax/tree.ts";

/** What an expression may refer to. */
export interface Scope extends Columns<Term> {
  /** The rows that aggregates and windows go over, and the order in which they come. */
  readonly over: { readonly rows: Term; readonly sequence: Term };
  /** Identities of functions that the project registers. */
  readonly functions: ReadonlyMap<string, string>;
}

export function scopeOf(below: Relation, functions: ReadonlyMap<string, string>): Scope {
  return { out: below.out, tables: below.tables, over: { rows: rowsOf(below), sequence: below.sequence }, functions };
}

/** They name places and spellings, or follow from what else is there. */
const SILENT = new Set(["alias", "query_location", "original_arguments", "catalog_name", "schema_name", "has_serialize", "is_operator"]);
const GENERAL = new Set([
  "BOUND_FUNCTION",
  "BOUND_AGGREGATE",
  "BOUND_WINDOW",
  "BOUND_CASE",
  "BOUND_OPERATOR",
  "BOUND_UNNEST",
  "BOUND_BETWEEN",
]);
const SYMMETRIC = new Set(["COMPARE_EQUAL", "COMPARE_NOTEQUAL", "COMPARE_NOT_DISTINCT_FROM", "COMPARE_DISTINCT_FROM"]);
const TURNED: Readonly<Record<string, string>> = {
  COMPARE_GREATERTHAN: "COMPARE_LESSTHAN",
  COMPARE_GREATERTHANOREQUALTO: "COMPARE_LESSTHANOREQUALTO",
};

export function termOf(expression: unknown, scope: Scope): Term {
  if (!isNode(expression)) throw new UnknownPlan("an expression that is none");
  const kind = textOf(expression["expression_class"]);
  switch (kind) {
    case "BOUND_REF":
    case "BOUND_COLUMN_REF":
      return referred(expression, scope)!;
    case "BOUND_CONSTANT":
      return term(expressionWords(expression, []), ["constant", raw(expression["value"])]);
    case "BOUND_PARAMETER":
      return term(`$${textOf(expression["identifier"])}`, [
        "parameter",
        textOf(expression["identifier"]).toLowerCase(),
        raw(expression["return_type"]),
      ]);
    case "BOUND_COMPARISON":
      return comparison(textOf(expression["type"]), termOf(expression["left"], scope), termOf(expression["right"], scope));
    case "BOUND_CONJUNCTION": {
      const sides = flattened(expression, textOf(expression["type"])).map((side) => termOf(side, scope));
      return term(expressionWords(expression, sides), [textOf(expression["type"]), anyOrder(sides)]);
    }
    case "BOUND_CAST": {
      const child = termOf(expression["child"], scope);
      return term(expressionWords(expression, [child]), ["cast", raw(expression["return_type"]), expression["try_cast"] === true, child]);
    }
    default:
      if (!GENERAL.has(kind)) throw new UnknownPlan(kind);
      return general(expression, scope);
  }
}

/** A comparison reads the same from both sides. */
export function comparison(type: string, left: Term, right: Term): Term {
  const words = expressionWords({ expression_class: "BOUND_COMPARISON", type }, [left, right]);
  const turned = TURNED[type];
  if (turned !== undefined) return term(words, ["compare", turned, [right, left]]);
  return term(words, ["compare", type, SYMMETRIC.has(type) ? [left, right].toSorted(byHash) : [left, right]]);
}

/** Terms of conditions that all must hold, taken apart. */
export function conjuncts(conditions: readonly PlanNode[], scope: Scope): readonly Term[] {
  return conditions.flatMap((one) =>
    one["type"] === "CONJUNCTION_AND" ? conjuncts(nodesOf(one["children"]), scope) : [termOf(one, scope)],
  );
}

function flattened(node: PlanNode, type: string): readonly PlanNode[] {
  return nodesOf(node["children"]).flatMap((child) =>
    child["expression_class"] === "BOUND_CONJUNCTION" && child["type"] === type ? flattened(child, type) : [child],
  );
}

function general(expression: PlanNode, scope: Scope): Term {
  const name = textOf(expression["name"]);
  if (UNSTEADY_FUNCTIONS.has(name.toLowerCase())) throw new UnknownPlan(`${name}() differs at each run`);
  const inner: Term[] = [];
  const parts: Part[] = Object.entries(expression)
    .filter(([key]) => !SILENT.has(key))
    .map(([key, value]) => [key, key === "function_data" ? insidePart(value, scope) : partOf(value, scope, inner)]);
  const identity = scope.functions.get(name.toLowerCase());
  if (identity !== undefined) parts.push(["source", identity]);
  return term(expressionWords(expression, inner), ["expression", parts, context(expression, scope)]);
}

/** What an aggregate or a window goes over. */
function context(expression: PlanNode, { over }: Scope): Part {
  switch (expression["expression_class"]) {
    case "BOUND_AGGREGATE":
    case "BOUND_WINDOW":
      return dependsOnOrder(expression) ? [over.rows, over.sequence] : [over.rows];
    case "BOUND_UNNEST":
      return [over.rows];
    default:
      return null;
  }
}

function partOf(value: unknown, scope: Scope, inner: Term[]): Part {
  if (Array.isArray(value)) return value.map((one: unknown) => partOf(one, scope, inner));
  if (!isNode(value)) return value as string | number | boolean | null;
  if (value["expression_class"] !== undefined) {
    const one = termOf(value, scope);
    inner.push(one);
    return one;
  }
  return Object.entries(value)
    .filter(([key]) => key !== "query_location" && key !== "alias")
    .map(([key, entry]) => [key, partOf(entry, scope, inner)]);
}

/** Inside the data of a function (the body of a lambda) references count its own arguments. */
function insidePart(value: unknown, { over, functions }: Scope): Part {
  const own: Scope = { out: OWN_ARGUMENTS, tables: new Map(), over, functions };
  return partOf(value, own, []);
}

const ARGUMENTS_MAX = 64;
const OWN_ARGUMENTS: readonly Term[] = Array.from({ length: ARGUMENTS_MAX }, (_, index) => term(`#${index}`, ["argument", index]));
