// Joins of a plan that let rows of a table matter only where they meet a row of another table.
import { expressionOf, type Resolved, resolveBy, type Resolver } from "./plan-expressions.ts";
import { nodesIn, numbersIn, type PlanNode, textOf } from "./plan-nodes.ts";

/** Rows of the one scan matter only where `own` is equal to `theirs`, or both are NULL, in a row of the other. */
export interface Met {
  readonly own: Resolved;
  readonly theirs: Resolved;
}

type Side = "left" | "right";

/** Sides whose rows go where they meet none of the other's. */
const GOING: Readonly<Record<string, readonly Side[]>> = {
  INNER: ["left", "right"],
  LEFT: ["right"],
  RIGHT: ["left"],
  SEMI: ["right"],
  ANTI: ["right"],
  SINGLE: ["right"],
};
/** Sides whose columns are passed on as they are, never NULL in their place. */
const PASSED: Readonly<Record<string, readonly Side[]>> = {
  INNER: ["left", "right"],
  LEFT: ["left"],
  RIGHT: ["right"],
  SEMI: ["left"],
  ANTI: ["left"],
  SINGLE: ["left"],
  MARK: ["left"],
};
const EQUAL: ReadonlySet<string> = new Set(["COMPARE_EQUAL", "COMPARE_NOT_DISTINCT_FROM"]);

export function isJoin(operator: PlanNode): boolean {
  return operator["type"] === "LOGICAL_COMPARISON_JOIN" || operator["type"] === "LOGICAL_DELIM_JOIN";
}

export function metIn(join: PlanNode): readonly Met[] {
  const [left, right] = nodesIn(join["children"]);
  if (left === undefined || right === undefined) return [];
  return nodesIn(join["conditions"]).flatMap((condition) => {
    if (!EQUAL.has(textOf(condition["comparison"]))) return [];
    const mine = expressionOf(condition["left"] as PlanNode, (index) => resolveJoined(left, index));
    const theirs = expressionOf(condition["right"] as PlanNode, (index) => resolveJoined(right, index));
    if (mine === null || theirs === null) return [];
    return (GOING[textOf(join["join_type"])] ?? []).map((side) =>
      side === "left" ? { own: mine, theirs } : { own: theirs, theirs: mine },
    );
  });
}

/** Also through joins, and through what is grouped by the column: rows of another value come to another row there. */
const resolveJoined: Resolver = (operator, index) => {
  const [left, right] = nodesIn(operator["children"]);
  if (isJoin(operator)) {
    const passed = PASSED[textOf(operator["join_type"])] ?? [];
    const [mine, theirs] = [numbersIn(operator["left_projection_map"]), numbersIn(operator["right_projection_map"])];
    const width = mine.length > 0 ? mine.length : widthOf(left);
    if (left === undefined || right === undefined || width === null) return null;
    if (index < width) return passed.includes("left") ? resolveJoined(left, mine[index] ?? index) : null;
    const at = index - width;
    return passed.includes("right") ? resolveJoined(right, theirs[at] ?? at) : null;
  }
  if (operator["type"] !== "LOGICAL_AGGREGATE_AND_GROUP_BY") return resolveBy(resolveJoined, operator, index);
  const group = nodesIn(operator["groups"])[index];
  const sets = operator["grouping_sets"];
  if (group === undefined || left === undefined || (Array.isArray(sets) && sets.length > 1)) return null;
  return expressionOf(group, (inner) => resolveJoined(left, inner));
};

/** How many columns an operator's rows have; null where that is not known. */
function widthOf(operator: PlanNode | undefined): number | null {
  if (operator === undefined) return null;
  const [left, right] = nodesIn(operator["children"]);
  const mapped = (name: string, child: PlanNode | undefined): number | null => {
    const map = numbersIn(operator[name]);
    return map.length > 0 ? map.length : widthOf(child);
  };
  switch (operator["type"]) {
    case "LOGICAL_GET": {
      const kept = numbersIn(operator["projection_ids"]);
      return kept.length > 0 ? kept.length : nodesIn(operator["column_indexes"]).length;
    }
    case "LOGICAL_FILTER":
      return mapped("projection_map", left);
    case "LOGICAL_PROJECTION":
      return nodesIn(operator["expressions"]).length;
    case "LOGICAL_COMPARISON_JOIN":
    case "LOGICAL_DELIM_JOIN": {
      const [mine, theirs] = [mapped("left_projection_map", left), mapped("right_projection_map", right)];
      const type = textOf(operator["join_type"]);
      if (type === "SEMI" || type === "ANTI") return mine;
      if (!["INNER", "LEFT", "RIGHT", "SINGLE"].includes(type)) return null;
      return mine === null || theirs === null ? null : mine + theirs;
    }
    default:
      return null;
  }
}
