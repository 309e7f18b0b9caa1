// Joins of all kinds, and the joins that correlated subqueries become.
import { inputsOf, nodesOf, numbersOf, only, type PlanNode, UnknownPlan } from "./nodes.ts";
import { isNode, textOf } from "../syntax/tree.ts";

/** Each side of a comparison refers to its side of the join; a whole expression to both. */
export type JoinCondition = { readonly comparison: string; readonly left: unknown; readonly right: unknown } | { readonly whole: PlanNode };

export interface Join {
  readonly kind: "join";
  /** INNER LEFT RIGHT OUTER SEMI ANTI MARK SINGLE … */
  readonly type: string;
  /** ASOF: only the nearest row counts. */
  readonly isNearest: boolean;
  readonly conditions: readonly JoinCondition[];
  readonly left: PlanNode;
  readonly right: PlanNode;
  readonly passed: { readonly left: readonly number[]; readonly right: readonly number[] };
  /** Table of the column that MARK gives. */
  readonly mark: number;
  /** A correlated subquery: `values` of one side are read inside the other. */
  readonly correlation: { readonly values: readonly PlanNode[]; readonly outer: "left" | "right" } | null;
}

const KNOWN =
  `join_type mark_index left_projection_map right_projection_map conditions mark_types duplicate_eliminated_columns delim_flipped predicate
   condition`.split(/\s+/);

/** @throws UnknownPlan */
export function readJoin(node: PlanNode, operator: string): Join {
  only(node, KNOWN);
  const [left, right] = inputsOf(node);
  return {
    kind: "join",
    type: textOf(node["join_type"]),
    isNearest: operator === "LOGICAL_ASOF_JOIN",
    conditions: [
      ...nodesOf(node["conditions"]).map(readCondition),
      ...[node["predicate"], node["condition"]].filter(isNode).map((whole) => ({ whole })),
    ],
    left,
    right,
    passed: { left: numbersOf(node["left_projection_map"]), right: numbersOf(node["right_projection_map"]) },
    mark: Number(node["mark_index"]),
    correlation:
      operator === "LOGICAL_DELIM_JOIN"
        ? { values: nodesOf(node["duplicate_eliminated_columns"]), outer: node["delim_flipped"] === true ? "right" : "left" }
        : null,
  };
}

function readCondition(condition: PlanNode): JoinCondition {
  // What is no comparison stands in an expression of its own.
  if (condition["expression_class"] !== undefined) return { whole: condition };
  const { left, right, comparison, ...others } = condition;
  if (textOf(comparison) === "" || Object.keys(others).length > 0) throw new UnknownPlan("a join condition that is no comparison");
  return { comparison: textOf(comparison), left, right };
}
