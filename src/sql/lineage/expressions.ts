// Which sources a bound expression takes its value from. References are positions in what the operator below gives.
import { constantIn, nodesOf, type PlanNode } from "./plan.ts";
import { atLeast, fieldOf, mergeSources, NO_SOURCES, type Sources } from "./sources.ts";
import { isNode, textOf } from "../syntax/tree.ts";

/** What an operator gives: sources per position, and per table index for references that name their table. */
export interface Relation {
  readonly out: readonly Sources[];
  readonly tables: ReadonlyMap<number, readonly Sources[]>;
  /** What the order of the rows comes from; who depends on the order (limits, list(), row_number()) depends on it. */
  readonly order: Sources;
}

/** A plan holds something this walker does not know; column lineage is then given up for the query. */
export class UnknownPlan extends Error {}

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
const CONDITIONS = new Set(["filter", "filter_expr", "filters", "partitions", "orders", "order_bys", "arg_orders"]);
/** Of all other aggregates the order of the rows may decide the value. */
const ORDERLESS = new Set("sum sum_no_overflow count count_star min max avg bool_and bool_or bit_and bit_or bit_xor".split(" "));
const FIELD_FUNCTIONS = new Set(["struct_extract", "struct_extract_at"]);

export function sourcesOf(expression: unknown, below: Relation): Sources {
  if (!isNode(expression)) return NO_SOURCES;
  switch (expression["expression_class"]) {
    case "BOUND_REF":
      return position(below.out, expression["index"]);
    case "BOUND_COLUMN_REF": {
      const binding = expression["binding"];
      if (!isNode(binding)) throw new UnknownPlan("a column reference without its binding");
      const table = below.tables.get(Number(binding["table_index"]));
      if (table === undefined) throw new UnknownPlan(`no table ${String(binding["table_index"])}`);
      return position(table, binding["column_index"]);
    }
    case "BOUND_CONSTANT":
    case "BOUND_PARAMETER":
    case "BOUND_DEFAULT":
      return NO_SOURCES;
    case "BOUND_FUNCTION": {
      const children = nodesOf(expression["children"]);
      const field = FIELD_FUNCTIONS.has(textOf(expression["name"])) ? constantIn(children[1]) : undefined;
      return field === undefined ? parts(expression, below) : fieldOf(sourcesOf(children[0], below), field);
    }
    default:
      return parts(expression, below);
  }
}

function position(list: readonly Sources[], index: unknown): Sources {
  const found = list[Number(index)];
  if (found === undefined) throw new UnknownPlan(`no position ${String(index)}`);
  return found;
}

function parts(expression: PlanNode, below: Relation): Sources {
  const kind = /^BOUND_(AGGREGATE|WINDOW)$/.test(textOf(expression["expression_class"])) ? "aggregate" : "transform";
  const values: Sources[] = [];
  const conditions: Sources[] = [];
  for (const [key, value] of Object.entries(expression)) {
    if (SKIPPED.has(key)) continue;
    const found = kind === "aggregate" && CONDITIONS.has(key) ? conditions : values;
    for (const inner of expressionsIn(value)) found.push(sourcesOf(inner, below));
  }
  if (kind === "aggregate" && dependsOnOrder(expression)) conditions.push(below.order);
  return mergeSources([atLeast(mergeSources(values), kind), atLeast(mergeSources(conditions), "condition")]);
}

function dependsOnOrder(expression: PlanNode): boolean {
  const { expression_class: kind, order_bys: ordered, orders } = expression;
  if (kind === "BOUND_WINDOW") return !Array.isArray(orders) || orders.length === 0;
  return !isNode(ordered) && !ORDERLESS.has(textOf(expression["name"]));
}

/** The outermost expressions inside a value of the plan. */
export function expressionsIn(value: unknown): readonly PlanNode[] {
  if (Array.isArray(value)) return value.flatMap(expressionsIn);
  if (!isNode(value)) return [];
  return value["expression_class"] === undefined ? Object.values(value).flatMap(expressionsIn) : [value];
}
