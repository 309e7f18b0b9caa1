// DuckDB's optimized plan of a query, read as far as it matters here: the tables at its leaves, for each the conditions that DuckDB has moved down to it,
// as SQL over the table's own columns, and the joins without which its rows do not matter.
import { type Constant, constantOf, expressionOf, isConstant, plain, resolve, type TableExpression } from "./plan-expressions.ts";
import { isJoin, metIn } from "./plan-joins.ts";
import { nodesIn, type PlanNode, tableOf, textOf, textsIn } from "./plan-nodes.ts";

/** `expression sign constant`, and the part of the plan that says it. */
export interface Condition {
  readonly expression: TableExpression;
  readonly sign: "=" | ">" | ">=" | "<" | "<=";
  readonly constant: Constant;
  readonly said: PlanNode;
}

export interface Scan {
  /** `schema.name`. */
  readonly table: string;
  readonly conditions: readonly Condition[];
  /** Joins that let none of its rows matter but those that meet a row of another scan. */
  readonly joins: readonly Meeting[];
}

/** Rows of a scan matter only where `own` is equal to `theirs`, or both are NULL, in a row of `scan`. */
export interface Meeting {
  readonly scan: Scan;
  readonly own: TableExpression;
  readonly theirs: TableExpression;
}

export interface QueryPlan {
  readonly root: PlanNode;
  readonly scans: readonly Scan[];
  /** DuckDB saw that no row can pass. */
  readonly isEmpty: boolean;
  /** A leaf that is no table. */
  readonly elsewhere: string | null;
}

/** Leaves that hold nothing that could change. */
const HANDED_DOWN = new Set([
  "LOGICAL_CTE_REF",
  "LOGICAL_DELIM_GET",
  "LOGICAL_DUMMY_SCAN",
  "LOGICAL_EXPRESSION_GET",
  "LOGICAL_CHUNK_GET",
  "LOGICAL_EMPTY_RESULT",
]);
const STEADY_FUNCTIONS = new Set(["range", "generate_series", "unnest", "repeat"]);

export function readPlan(root: PlanNode): QueryPlan {
  const scans = new Map<PlanNode, Scan & { readonly conditions: Condition[]; readonly joins: Meeting[] }>();
  let isEmpty = false;
  let elsewhere: string | null = null;
  const filters: PlanNode[] = [];
  const joins: PlanNode[] = [];
  const walk = (operator: PlanNode): void => {
    const children = nodesIn(operator["children"]);
    const type = textOf(operator["type"]);
    if (type === "LOGICAL_EMPTY_RESULT") isEmpty = true;
    if (type === "LOGICAL_FILTER") filters.push(operator);
    if (isJoin(operator)) joins.push(operator);
    if (type === "LOGICAL_GET") {
      const table = tableOf(operator);
      if (table !== null) scans.set(operator, { table, conditions: tableConditions(operator), joins: [] });
      else if (!STEADY_FUNCTIONS.has(textOf(operator["name"]))) elsewhere ??= `${textOf(operator["name"])}() is no asset`;
    } else if (children.length === 0 && !HANDED_DOWN.has(type)) elsewhere ??= `${type.toLowerCase()} is no asset`;
    for (const child of children) walk(child);
  };
  walk(root);
  for (const filter of filters) {
    const [child] = nodesIn(filter["children"]);
    for (const expression of nodesIn(filter["expressions"])) {
      for (const { input, ...rest } of comparisonsOf(expression)) {
        const found = child === undefined ? null : expressionOf(input, (index) => resolve(child, index));
        if (found !== null) scans.get(found.scan)?.conditions.push({ expression: found.expression, ...rest });
      }
    }
  }
  for (const join of joins) {
    for (const { own, theirs } of metIn(join)) {
      const [mine, scan] = [scans.get(own.scan), scans.get(theirs.scan)];
      if (scan !== undefined) mine?.joins.push({ scan, own: own.expression, theirs: theirs.expression });
    }
  }
  return { root, scans: [...scans.values()], isEmpty, elsewhere };
}

/** A filter that stands at the table itself, per column. */
function tableConditions(scan: PlanNode): Condition[] {
  const names = textsIn(scan["names"]);
  const { filters } = (scan["table_filters"] ?? {}) as PlanNode;
  return nodesIn(filters).flatMap(({ key, value }) => {
    const name = typeof key === "number" ? names[key] : undefined;
    return name === undefined ? [] : filterConditions(scan, plain(name), value as PlanNode);
  });
}

function filterConditions(scan: PlanNode, column: TableExpression, filter: PlanNode): Condition[] {
  switch (filter["filter_type"]) {
    case "CONSTANT_COMPARISON": {
      const sign = SIGNS[textOf(filter["comparison_type"])];
      return sign === undefined ? [] : [{ expression: column, sign, constant: constantOf(filter["constant"]), said: filter }];
    }
    case "CONJUNCTION_AND":
      return nodesIn(filter["child_filters"]).flatMap((child) => filterConditions(scan, column, child));
    case "EXPRESSION_FILTER": {
      return comparisonsOf(filter["expr"] as PlanNode).flatMap(({ input, ...rest }) => {
        const found = expressionOf(input, () => ({ scan, expression: column }));
        return found === null ? [] : [{ expression: found.expression, ...rest }];
      });
    }
    default:
      return [];
  }
}

const SIGNS: Readonly<Record<string, Condition["sign"]>> = {
  COMPARE_EQUAL: "=",
  COMPARE_GREATERTHAN: ">",
  COMPARE_GREATERTHANOREQUALTO: ">=",
  COMPARE_LESSTHAN: "<",
  COMPARE_LESSTHANOREQUALTO: "<=",
};
const TURNED: Readonly<Record<Condition["sign"], Condition["sign"]>> = { "=": "=", ">": "<", ">=": "<=", "<": ">", "<=": ">=" };

type Comparison = Omit<Condition, "expression"> & { readonly input: PlanNode };

function comparisonsOf(expression: PlanNode | undefined): readonly Comparison[] {
  if (expression === undefined) return [];
  switch (expression["expression_class"]) {
    case "BOUND_CONJUNCTION":
      return expression["type"] === "CONJUNCTION_AND" ? nodesIn(expression["children"]).flatMap(comparisonsOf) : [];
    case "BOUND_BETWEEN": {
      const [input, lower, upper] = [expression["input"], expression["lower"], expression["upper"]] as PlanNode[];
      if (!isConstant(lower!) || !isConstant(upper!)) return [];
      const from = expression["lower_inclusive"] === true ? (">=" as const) : (">" as const);
      const to = expression["upper_inclusive"] === true ? ("<=" as const) : ("<" as const);
      return [
        { input: input!, sign: from, constant: constantOf(lower!["value"]), said: expression },
        { input: input!, sign: to, constant: constantOf(upper!["value"]), said: expression },
      ];
    }
    case "BOUND_COMPARISON": {
      const sign = SIGNS[textOf(expression["type"])];
      const [left, right] = [expression["left"], expression["right"]] as PlanNode[];
      if (sign === undefined || left === undefined || right === undefined) return [];
      if (isConstant(right)) return [{ input: left, sign, constant: constantOf(right["value"]), said: expression }];
      return isConstant(left) ? [{ input: right, sign: TURNED[sign], constant: constantOf(left["value"]), said: expression }] : [];
    }
    default:
      return [];
  }
}
