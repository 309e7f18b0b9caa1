// Reading DuckDB's serialised plan. The format is DuckDB's own and unpublished: the version is pinned, and golden tests watch over it.
import { childrenOf, isNode, textOf, type TreeNode } from "../syntax/tree.ts";

export type PlanNode = TreeNode;

/** The plan holds something that is not known here: whoever reads it gives up, never guesses. */
export class UnknownPlan extends Error {}

export function nodesOf(value: unknown): readonly PlanNode[] {
  return childrenOf(value);
}

export function numbersOf(value: unknown): readonly number[] {
  return Array.isArray(value) ? value.map(Number) : [];
}

export function stringsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Nothing is set besides what is read. @throws UnknownPlan */
export function only(node: PlanNode, known: readonly string[]): void {
  for (const [key, value] of Object.entries(node)) {
    if (ALWAYS.has(key) || known.includes(key) || isEmpty(value)) continue;
    throw new UnknownPlan(`${textOf(node["type"])} with ${key}`);
  }
}

const ALWAYS = new Set(["type", "children"]);

function isEmpty(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  return value === null || value === false || value === 0 || value === "" || (isNode(value) && Object.keys(value).length === 0);
}

/** The only input of an operator. @throws UnknownPlan */
export function inputOf(node: PlanNode): PlanNode {
  const [child, ...more] = nodesOf(node["children"]);
  if (child === undefined || more.length > 0) throw new UnknownPlan("an operator with another number of inputs");
  return child;
}

/** Both inputs of an operator. @throws UnknownPlan */
export function inputsOf(node: PlanNode): readonly [PlanNode, PlanNode] {
  const [first, second, ...more] = nodesOf(node["children"]);
  if (first === undefined || second === undefined || more.length > 0) throw new UnknownPlan("an operator without its two inputs");
  return [first, second];
}

/** A part of an operator that must be there. @throws UnknownPlan */
export function innerOf(node: PlanNode, key: string): PlanNode {
  const value = node[key];
  if (!isNode(value)) throw new UnknownPlan(`no ${key}`);
  return value;
}

/** The text of a bound constant, casts around it taken off; undefined for anything else. */
export function constantIn(node: unknown): string | undefined {
  if (!isNode(node)) return undefined;
  if (node["expression_class"] === "BOUND_CAST") return constantIn(node["child"]);
  const value = node["value"];
  return node["expression_class"] === "BOUND_CONSTANT" && isNode(value) && typeof value["value"] === "string" ? value["value"] : undefined;
}
