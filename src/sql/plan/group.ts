// Operators that make one row of many, and the keys that rows are sorted by.
import { inputOf, innerOf, listOf, nodesOf, numbersOf, only, type PlanNode } from "./nodes.ts";
import { isNode, textOf } from "../syntax/tree.ts";

export interface Group {
  readonly kind: "group";
  readonly tables: { readonly keys: number; readonly values: number; readonly groupings: number };
  readonly keys: readonly PlanNode[];
  /** Positions of keys; none: all rows are one group. */
  readonly sets: readonly (readonly number[])[];
  readonly values: readonly PlanNode[];
  /** Per `grouping()` the keys that it asks for. */
  readonly groupings: readonly (readonly number[])[];
  readonly below: PlanNode;
}

export interface SortKey {
  readonly direction: string;
  readonly nulls: string;
  readonly expression: PlanNode;
}

export interface Distinct {
  readonly kind: "distinct";
  /** Rows that are equal as a whole count once; else the first of those that `targets` do not tell apart. */
  readonly isOn: boolean;
  readonly targets: readonly PlanNode[];
  readonly order: readonly SortKey[];
  readonly below: PlanNode;
}

const GROUP_SETTINGS =
  `expressions group_index aggregate_index groupings_index groups grouping_sets grouping_functions distinct_validity`.split(" ");

/** @throws UnknownPlan */
export function readGroup(node: PlanNode): Group {
  only(node, GROUP_SETTINGS);
  return {
    kind: "group",
    tables: {
      keys: Number(node["group_index"]),
      values: Number(node["aggregate_index"]),
      groupings: Number(node["groupings_index"]),
    },
    keys: nodesOf(node["groups"]),
    sets: listOf(node["grouping_sets"]).map(numbersOf),
    values: nodesOf(node["expressions"]),
    groupings: listOf(node["grouping_functions"]).map(numbersOf),
    below: inputOf(node),
  };
}

/** @throws UnknownPlan */
export function readDistinct(node: PlanNode): Distinct {
  only(node, ["distinct_type", "distinct_targets", "order_by"]);
  return {
    kind: "distinct",
    isOn: node["distinct_type"] !== "DISTINCT",
    targets: nodesOf(node["distinct_targets"]),
    order: isNode(node["order_by"]) ? readSortKeys(node["order_by"]["orders"]) : [],
    below: inputOf(node),
  };
}

/** @throws UnknownPlan */
export function readSortKeys(list: unknown): readonly SortKey[] {
  return nodesOf(list).map((one) => ({
    direction: textOf(one["type"]),
    nulls: textOf(one["null_order"]),
    expression: innerOf(one, "expression"),
  }));
}
