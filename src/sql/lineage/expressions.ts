// Which sources a bound expression takes its value from, and in which ways.
import { asking, computed, type ConditionWay, deciding, fieldOf, hidden, mergeSources, NO_SOURCES, type Sources } from "./sources.ts";
import { type Columns, referred } from "../plan/columns.ts";
import { constantIn, nodesOf, type PlanNode } from "../plan/nodes.ts";
import { dependsOnOrder } from "../plan/order.ts";
import { isNode, textOf } from "../syntax/tree.ts";

/** What an operator gives: the sources of each column. */
export interface Relation extends Columns<Sources> {
  /** What the order of the rows comes from; who depends on the order (limits, list(), row_number()) depends on it. */
  readonly order: Sources;
}

const SKIPPED = new Set([
  "return_type",
  "function_data",
  "value",
  "alias",
  "query_location",
  "original_arguments",
  "arguments",
  "bind_info",
]);
/** Parts of aggregates and windows that decide which rows count and in which order, not what the value is. */
const DECIDING: Readonly<Record<string, ConditionWay>> = {
  filter: "filter",
  filter_expr: "filter",
  filters: "filter",
  partitions: "window",
  orders: "window",
  arg_orders: "window",
  order_bys: "sort",
};
/** Of the value nothing is left. */
const COUNTS = new Set(["count", "count_star", "approx_count_distinct"]);
const NULL_TESTS = new Set(["OPERATOR_IS_NULL", "OPERATOR_IS_NOT_NULL"]);
const FIELD_FUNCTIONS = new Set(["struct_extract", "struct_extract_at"]);

export function sourcesOf(expression: unknown, below: Relation): Sources {
  if (!isNode(expression)) return NO_SOURCES;
  const kind = textOf(expression["expression_class"]);
  switch (kind) {
    case "BOUND_CONSTANT":
    case "BOUND_PARAMETER":
    case "BOUND_DEFAULT":
      return NO_SOURCES;
    case "BOUND_CASE": {
      const checks = nodesOf(expression["case_checks"]);
      const values = [...checks.map((check) => check["then_expr"]), expression["else_expr"]];
      return mergeSources([
        computed(allOf(values, below), "transform"),
        asking(
          allOf(
            checks.map((check) => check["when_expr"]),
            below,
          ),
        ),
      ]);
    }
    case "BOUND_FUNCTION": {
      const children = nodesOf(expression["children"]);
      const field = FIELD_FUNCTIONS.has(textOf(expression["name"])) ? constantIn(children[1]) : undefined;
      return field === undefined ? computed(partsOf(expression, below), "transform") : fieldOf(sourcesOf(children[0], below), field);
    }
    case "BOUND_OPERATOR":
      return NULL_TESTS.has(textOf(expression["type"]))
        ? hidden(partsOf(expression, below), "transform")
        : computed(partsOf(expression, below), "transform");
    case "BOUND_AGGREGATE":
    case "BOUND_WINDOW":
      return overRows(expression, below);
    default:
      return referred(expression, below) ?? computed(partsOf(expression, below), "transform");
  }
}

/** Sources of the expressions that stand somewhere inside a part of an operator. */
export function inside(value: unknown, below: Relation): readonly Sources[] {
  return expressionsIn(value).map((expression) => sourcesOf(expression, below));
}

/** What the order in which a window looks at rows comes from; its rows come out in that order. */
export function windowOrder({ partitions, orders }: PlanNode, below: Relation): Sources {
  return deciding(mergeSources([...inside(partitions, below), ...inside(orders, below)]), "window");
}

function allOf(expressions: readonly unknown[], below: Relation): Sources {
  return mergeSources(expressions.map((one) => sourcesOf(one, below)));
}

function partsOf(expression: PlanNode, below: Relation): Sources {
  const found: Sources[] = [];
  for (const key in expression) if (!SKIPPED.has(key)) found.push(...inside(expression[key], below));
  return mergeSources(found);
}

function overRows(expression: PlanNode, below: Relation): Sources {
  const found: Sources[] = [];
  const counts = COUNTS.has(textOf(expression["name"]));
  for (const [key, value] of Object.entries(expression)) {
    if (SKIPPED.has(key)) continue;
    const sources = mergeSources(inside(value, below));
    const way = DECIDING[key];
    if (way !== undefined) found.push(deciding(sources, way));
    else found.push(counts ? hidden(sources, "aggregate") : computed(sources, "aggregate"));
  }
  if (dependsOnOrder(expression)) found.push(deciding(below.order, "sort"));
  return mergeSources(found);
}

/** The outermost expressions inside a value of the plan. */
function expressionsIn(value: unknown): readonly PlanNode[] {
  if (typeof value !== "object" || value === null) return NONE;
  if (!Array.isArray(value) && "expression_class" in value) return [value];
  return Object.values(value).flatMap(expressionsIn);
}

const NONE: readonly PlanNode[] = [];
