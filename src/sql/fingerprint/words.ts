// How a person would say an expression. Only for reasons: nothing is decided by these words.
import type { Term } from "./terms.ts";
import type { PlanNode } from "../plan/nodes.ts";
import { isNode, textOf } from "../syntax/tree.ts";

const SIGNS: Readonly<Record<string, string>> = {
  COMPARE_EQUAL: "=",
  COMPARE_NOTEQUAL: "<>",
  COMPARE_LESSTHAN: "<",
  COMPARE_LESSTHANOREQUALTO: "<=",
  COMPARE_GREATERTHAN: ">",
  COMPARE_GREATERTHANOREQUALTO: ">=",
  COMPARE_NOT_DISTINCT_FROM: "is not distinct from",
  COMPARE_DISTINCT_FROM: "is distinct from",
  CONJUNCTION_AND: "and",
  CONJUNCTION_OR: "or",
};

export function expressionWords(expression: PlanNode, inner: readonly Term[]): string {
  const type = textOf(expression["type"]);
  const words = inner.map((one) => one.words);
  switch (expression["expression_class"]) {
    case "BOUND_CONSTANT":
      return constantWords(expression["value"]);
    case "BOUND_COMPARISON":
    case "BOUND_CONJUNCTION":
      return words.join(` ${SIGNS[type] ?? type} `);
    case "BOUND_CAST":
      return isQuietCast(expression) ? words[0]! : `${words[0]}::${typeWords(expression["return_type"])}`;
    case "BOUND_CASE":
      return `case(${words.join(", ")})`;
    case "BOUND_OPERATOR":
      return operatorWords(type, words);
    case "BOUND_UNNEST":
      return `unnest(${words.join(", ")})`;
    default: {
      const name = textOf(expression["name"]) || type.toLowerCase().replace(/^window_/, "");
      const isSign = words.length === 2 && /^[^\w]+$/.test(name);
      if (isSign) return `${words[0]} ${name === "~~" ? "like" : name} ${words[1]}`;
      if (name === "count_star") return "count(*)";
      return `${name}(${expression["aggregate_type"] === "DISTINCT" ? "distinct " : ""}${words.join(", ")})`;
    }
  }
}

function operatorWords(type: string, words: readonly string[]): string {
  switch (type) {
    case "OPERATOR_IS_NULL":
      return `${words[0]} is null`;
    case "OPERATOR_IS_NOT_NULL":
      return `${words[0]} is not null`;
    case "OPERATOR_NOT":
      return `not ${words[0]}`;
    case "COMPARE_IN":
      return `${words[0]} in (${words.slice(1).join(", ")})`;
    default:
      return `${type.toLowerCase().replace(/^operator_/, "")}(${words.join(", ")})`;
  }
}

function constantWords(value: unknown): string {
  if (!isNode(value) || value["is_null"] === true) return "null";
  const inner = value["value"];
  if (typeof inner === "string") return `'${inner}'`;
  if (typeof inner === "boolean") return String(inner);
  if (typeof inner !== "number") return "…";
  const scale = isNode(value["type"]) && isNode(value["type"]["type_info"]) ? Number(value["type"]["type_info"]["scale"] ?? 0) : 0;
  return scale === 0 ? String(inner) : (inner / 10 ** scale).toFixed(scale);
}

/** DuckDB adds casts of constants, and from one width of a type to another. */
function isQuietCast({ child, return_type: type }: PlanNode): boolean {
  if (!isNode(child)) return false;
  return child["expression_class"] === "BOUND_CONSTANT" || typeWords(child["return_type"]) === typeWords(type);
}

function typeWords(type: unknown): string {
  return isNode(type) ? textOf(type["id"]).toLowerCase() : "?";
}
