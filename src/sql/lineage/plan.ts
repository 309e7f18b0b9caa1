// Reading DuckDB's serialised plan. The format is DuckDB's own and unpublished: the version is pinned, and golden tests watch over it.
import { childrenOf, isNode, type TreeNode } from "../syntax/tree.ts";

export type PlanNode = TreeNode;

export function nodesOf(value: unknown): readonly PlanNode[] {
  return childrenOf(value);
}

export function numbersOf(value: unknown): readonly number[] {
  return Array.isArray(value) ? value.map(Number) : [];
}

export function stringsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

/** The text of a bound constant, casts around it taken off; undefined for anything else. */
export function constantIn(node: unknown): string | undefined {
  if (!isNode(node)) return undefined;
  if (node["expression_class"] === "BOUND_CAST") return constantIn(node["child"]);
  const value = node["value"];
  return node["expression_class"] === "BOUND_CONSTANT" && isNode(value) && typeof value["value"] === "string" ? value["value"] : undefined;
}

/** `schema.table` of a scan of a table, undefined for a scan of anything else. */
export function scannedTable(node: PlanNode): string | undefined {
  const data = node["function_data"];
  return isNode(data) && typeof data["table"] === "string" && typeof data["schema"] === "string"
    ? `${data["schema"]}.${data["table"]}`
    : undefined;
}
