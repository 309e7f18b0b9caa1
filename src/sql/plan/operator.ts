// One operator of DuckDB's bound, unoptimised plan as a typed value. Expressions in it are left as they are.
//   P1. An operator, or a setting of one, that is not known here is UnknownPlan: nothing is passed over.
//   P2. What one reader of plans has no use for (a sample, a key of a recursion) is told all the same, so that it can give up.
import { type Distinct, type Group, readDistinct, readGroup, readSortKeys, type SortKey } from "./group.ts";
import { type Join, readJoin } from "./join.ts";
import { innerOf, inputOf, inputsOf, listOf, nodesOf, numbersOf, only, type PlanNode, UnknownPlan } from "./nodes.ts";
import { readScan, type Scan } from "./scan.ts";
import { textOf } from "../syntax/tree.ts";

/** Gives a table of its own behind, or instead of, what it reads. */
interface Making {
  readonly table: number;
  readonly expressions: readonly PlanNode[];
  readonly below: PlanNode;
}

export interface SetOperation {
  readonly kind: "set";
  readonly type: "LOGICAL_UNION" | "LOGICAL_EXCEPT" | "LOGICAL_INTERSECT";
  readonly isAll: boolean;
  readonly table: number;
  readonly sides: readonly PlanNode[];
}

export interface Recursion {
  readonly kind: "recursion";
  readonly table: number;
  readonly isAll: boolean;
  /** USING KEY: rows of a key take the place of earlier ones. */
  readonly isKeyed: boolean;
  readonly anchor: PlanNode;
  readonly step: PlanNode;
}

export type Operator =
  | Scan
  | Join
  | Group
  | Distinct
  | SetOperation
  | Recursion
  | ({ readonly kind: "project" } & Making)
  | ({ readonly kind: "window" } & Making)
  | ({ readonly kind: "unnest" } & Making)
  | { readonly kind: "filter"; readonly conditions: readonly PlanNode[]; readonly passed: readonly number[]; readonly below: PlanNode }
  | { readonly kind: "sort"; readonly keys: readonly SortKey[]; readonly passed: readonly number[]; readonly below: PlanNode }
  | { readonly kind: "limit"; readonly limit: PlanNode; readonly offset: PlanNode; readonly below: PlanNode }
  | { readonly kind: "sample"; readonly below: PlanNode }
  | { readonly kind: "pairs" | "beside"; readonly sides: readonly [PlanNode, PlanNode] }
  /** Distinct values of the row that a correlated subquery stands in. */
  | { readonly kind: "outer"; readonly table: number; readonly width: number }
  | { readonly kind: "cte"; readonly table: number; readonly definition: PlanNode; readonly rest: PlanNode }
  | { readonly kind: "named"; readonly table: number; readonly cte: number; readonly isRecurring: boolean }
  | {
      readonly kind: "values";
      readonly table: number;
      readonly rows: readonly (readonly PlanNode[])[];
      readonly width: number;
      readonly below: PlanNode;
    }
  /** Rows that stand in the plan, without expressions. */
  | { readonly kind: "constant"; readonly table: number; readonly width: number; readonly isOneRow: boolean };

/** @throws UnknownPlan */
export function readOperator(node: PlanNode): Operator {
  const type = textOf(node["type"]);
  switch (type) {
    case "LOGICAL_GET":
      return readScan(node);
    case "LOGICAL_COMPARISON_JOIN":
    case "LOGICAL_ANY_JOIN":
    case "LOGICAL_ASOF_JOIN":
    case "LOGICAL_DELIM_JOIN":
      return readJoin(node, type);
    case "LOGICAL_PROJECTION":
      return making("project", node, "table_index");
    case "LOGICAL_WINDOW":
      return making("window", node, "window_index");
    case "LOGICAL_UNNEST":
      return making("unnest", node, "unnest_index");
    case "LOGICAL_FILTER":
      only(node, ["expressions", "projection_map"]);
      return { kind: "filter", conditions: nodesOf(node["expressions"]), passed: numbersOf(node["projection_map"]), below: inputOf(node) };
    case "LOGICAL_AGGREGATE_AND_GROUP_BY":
      return readGroup(node);
    case "LOGICAL_ORDER_BY":
      only(node, ["orders", "projections"]);
      return { kind: "sort", keys: readSortKeys(node["orders"]), passed: numbersOf(node["projections"]), below: inputOf(node) };
    case "LOGICAL_LIMIT":
      only(node, ["limit_val", "offset_val"]);
      return { kind: "limit", limit: innerOf(node, "limit_val"), offset: innerOf(node, "offset_val"), below: inputOf(node) };
    case "LOGICAL_SAMPLE":
      only(node, ["sample_options"]);
      return { kind: "sample", below: inputOf(node) };
    case "LOGICAL_DISTINCT":
      return readDistinct(node);
    case "LOGICAL_CROSS_PRODUCT":
    case "LOGICAL_POSITIONAL_JOIN":
      only(node, []);
      return { kind: type === "LOGICAL_CROSS_PRODUCT" ? "pairs" : "beside", sides: inputsOf(node) };
    case "LOGICAL_DELIM_GET":
      only(node, ["table_index", "chunk_types"]);
      return { kind: "outer", table: tableOf(node), width: listOf(node["chunk_types"]).length };
    case "LOGICAL_UNION":
    case "LOGICAL_EXCEPT":
    case "LOGICAL_INTERSECT":
      only(node, ["table_index", "column_count", "setop_all", "allow_out_of_order"]);
      return { kind: "set", type, isAll: node["setop_all"] === true, table: tableOf(node), sides: nodesOf(node["children"]) };
    case "LOGICAL_MATERIALIZED_CTE":
    case "LOGICAL_CTE": {
      only(node, ["table_index", "column_count", "ctename", "materialize"]);
      const [definition, rest] = inputsOf(node);
      return { kind: "cte", table: tableOf(node), definition, rest };
    }
    case "LOGICAL_RECURSIVE_CTE":
      return recursion(node);
    case "LOGICAL_CTE_REF":
      only(node, ["table_index", "cte_index", "chunk_types", "bound_columns", "is_recurring"]);
      return { kind: "named", table: tableOf(node), cte: Number(node["cte_index"]), isRecurring: node["is_recurring"] === true };
    case "LOGICAL_EXPRESSION_GET":
      only(node, ["table_index", "expr_types", "expressions"]);
      return {
        kind: "values",
        table: tableOf(node),
        rows: listOf(node["expressions"]).map(nodesOf),
        width: listOf(node["expr_types"]).length,
        below: inputOf(node),
      };
    case "LOGICAL_DUMMY_SCAN":
      only(node, ["table_index"]);
      return { kind: "constant", table: tableOf(node), width: 1, isOneRow: true };
    case "LOGICAL_CHUNK_GET":
      only(node, ["table_index", "chunk_types", "collection"]);
      return { kind: "constant", table: tableOf(node), width: listOf(node["chunk_types"]).length, isOneRow: false };
    default:
      throw new UnknownPlan(type);
  }
}

function making(kind: "project" | "window" | "unnest", node: PlanNode, table: string): Operator {
  only(node, [table, "expressions"]);
  return { kind, table: Number(node[table]), expressions: nodesOf(node["expressions"]), below: inputOf(node) };
}

function recursion(node: PlanNode): Recursion {
  only(node, ["table_index", "column_count", "union_all", "ctename", "key_targets", "ref_recurring"]);
  const [anchor, step] = inputsOf(node);
  const isKeyed = nodesOf(node["key_targets"]).length > 0;
  return { kind: "recursion", table: tableOf(node), isAll: node["union_all"] === true, isKeyed, anchor, step };
}

function tableOf(node: PlanNode): number {
  return Number(node["table_index"]);
}
