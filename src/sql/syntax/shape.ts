// The parts of a query that tell an added column from any other change: the columns of its outermost select, and everything else.
import { childrenOf, hashOf, isNode, textOf, type TreeNode } from "./tree.ts";

export interface QueryShape {
  /** Everything but the outermost select list. */
  readonly body: string;
  /** One hash per item of the outermost select list, in its order; empty where the list decides the rows (distinct, set operations, group by all). */
  readonly items: readonly { readonly hash: string; readonly plain: boolean }[];
}

/** The shape of one statement. */
export function shapeOf(statement: TreeNode): QueryShape {
  const node = isNode(statement["node"]) ? statement["node"] : {};
  const modifiers = childrenOf(node["modifiers"]);
  const distinct = modifiers.some((modifier) => textOf(modifier["type"]).includes("DISTINCT"));
  const all =
    textOf(node["aggregate_handling"]) === "FORCE_AGGREGATES" ||
    modifiers.some((modifier) => textWithoutPlaces(modifier).includes('"STAR"'));
  if (node["type"] !== "SELECT_NODE" || distinct || all) return { body: hashOf(textWithoutPlaces(node)), items: [] };
  const { select_list: list, ...body } = node;
  const items = childrenOf(list).map((item) => ({ hash: hashOf(textWithoutPlaces(item)), plain: isPlain(item) }));
  return { body: hashOf(textWithoutPlaces(body)), items };
}

function textWithoutPlaces(value: unknown): string {
  return JSON.stringify(value, (key, inner: unknown) => (key === "query_location" ? undefined : inner));
}

/** An item without calls: an aggregate or `unnest` would change how many rows there are, and the tree alone does not tell which functions those are. */
function isPlain(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(isPlain);
  if (!isNode(value)) return true;
  if (value["class"] === "FUNCTION" && value["is_operator"] !== true) return false;
  if (value["class"] === "SUBQUERY" || value["class"] === "WINDOW") return value["class"] === "WINDOW";
  return Object.values(value).every(isPlain);
}
