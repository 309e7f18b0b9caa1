// DuckDB's optimized plan of a query, read as far as it matters here: the tables at its leaves, and for each the conditions that DuckDB has moved down to it,
// as SQL over the table's own columns. Names in a plan may be aliases, so that only indexes are believed. What has another form is not read.
import { ident, literal } from "../../sql/text.ts";

/** A part of the serialised plan. */
export interface PlanNode {
  readonly [field: string]: unknown;
}

export interface TableExpression {
  readonly sql: string;
  /** The column that it cuts or casts; the whole where it does something else. */
  readonly base: string;
  /** What it cuts to: `day` for a cast to DATE. */
  readonly grain: string | null;
}

export interface Constant {
  readonly type: string;
  readonly value: unknown;
}

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
  const scans = new Map<PlanNode, { readonly table: string; readonly conditions: Condition[] }>();
  let isEmpty = false;
  let elsewhere: string | null = null;
  const filters: PlanNode[] = [];
  const walk = (operator: PlanNode): void => {
    const children = nodesIn(operator["children"]);
    const type = textOf(operator["type"]);
    if (type === "LOGICAL_EMPTY_RESULT") isEmpty = true;
    if (type === "LOGICAL_FILTER") filters.push(operator);
    if (type === "LOGICAL_GET") {
      const table = tableOf(operator);
      if (table !== null) scans.set(operator, { table, conditions: tableConditions(operator) });
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
  return { root, scans: [...scans.values()], isEmpty, elsewhere };
}

/** A column of a table, seen through projections and filters. */
interface Resolved {
  readonly scan: PlanNode;
  readonly expression: TableExpression;
}

function resolve(operator: PlanNode, index: number): Resolved | null {
  const [child] = nodesIn(operator["children"]);
  switch (operator["type"]) {
    case "LOGICAL_GET": {
      if (tableOf(operator) === null) return null;
      const kept = numbersIn(operator["projection_ids"]);
      const column = nodesIn(operator["column_indexes"])[kept.length === 0 ? index : kept[index]!];
      const name = typeof column?.["index"] === "number" ? textsIn(operator["names"])[column["index"]] : undefined;
      return name === undefined ? null : { scan: operator, expression: plain(name) };
    }
    case "LOGICAL_FILTER": {
      const kept = numbersIn(operator["projection_map"]);
      return child === undefined ? null : resolve(child, kept.length === 0 ? index : kept[index]!);
    }
    case "LOGICAL_PROJECTION": {
      const expression = nodesIn(operator["expressions"])[index];
      return child === undefined || expression === undefined ? null : expressionOf(expression, (inner) => resolve(child, inner));
    }
    default:
      return null;
  }
}

function plain(name: string): TableExpression {
  return { sql: ident(name), base: ident(name), grain: null };
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

/** Casts to these are said by their names alone. */
const PLAIN_TYPES = new Set([
  "DATE",
  "TIMESTAMP",
  "TIMESTAMP WITH TIME ZONE",
  "VARCHAR",
  "TINYINT",
  "SMALLINT",
  "INTEGER",
  "BIGINT",
  "HUGEINT",
  "DOUBLE",
  "BOOLEAN",
]);
/** Functions whose value follows from their arguments alone. */
const PLAIN_FUNCTIONS = new Set([
  "date_trunc",
  "datetrunc",
  "time_bucket",
  "lower",
  "upper",
  "trim",
  "concat",
  "year",
  "month",
  "day",
  "epoch_ms",
  "make_timestamp",
  "make_date",
  "strftime",
  "strptime",
  "left",
  "right",
  "substring",
]);
const OPERATORS = new Set(["+", "-", "*", "||"]);

function expressionOf(expression: PlanNode, column: (index: number) => Resolved | null): Resolved | null {
  switch (expression["expression_class"]) {
    case "BOUND_REF":
      return typeof expression["index"] === "number" ? column(expression["index"]) : null;
    case "BOUND_CAST": {
      const child = expression["child"] as PlanNode;
      const inner = expressionOf(child, column);
      const type = textOf((expression["return_type"] as PlanNode | undefined)?.["id"]);
      if (inner === null || !PLAIN_TYPES.has(type)) return null;
      const sql = `${expression["try_cast"] === true ? "try_cast" : "cast"}(${inner.expression.sql} as ${type})`;
      // What a moment with a zone is on the clock depends on the session: it is not the same moment cut.
      const isMoment =
        (type === "DATE" || type === "TIMESTAMP") && !/WITH TIME ZONE/.test(typeOf(child)) && /^(DATE|TIMESTAMP)/.test(typeOf(child));
      if (!isMoment) return { scan: inner.scan, expression: { sql, base: sql, grain: null } };
      const grain = type === "DATE" ? coarsest(inner.expression.grain, "day") : inner.expression.grain;
      return { scan: inner.scan, expression: { sql, base: inner.expression.base, grain } };
    }
    case "BOUND_FUNCTION":
      return functionOf(expression, column);
    default:
      return null;
  }
}

function functionOf(expression: PlanNode, column: (index: number) => Resolved | null): Resolved | null {
  const name = textOf(expression["name"]);
  if (!PLAIN_FUNCTIONS.has(name) && !OPERATORS.has(name)) return null;
  let scan: PlanNode | null = null;
  const parts: string[] = [];
  let cut: TableExpression | null = null;
  for (const child of nodesIn(expression["children"])) {
    if (isConstant(child)) {
      const text = constantText(constantOf(child["value"]));
      if (text === null) return null;
      parts.push(text);
      continue;
    }
    const inner = expressionOf(child, column);
    if (inner === null || (scan !== null && scan !== inner.scan)) return null;
    scan = inner.scan;
    if (/^TIMESTAMP$|^DATE$/.test(typeOf(child)) || typeOf(child) === "") cut = inner.expression;
    parts.push(inner.expression.sql);
  }
  if (scan === null) return null;
  const sql = OPERATORS.has(name) ? `(${parts.join(` ${name} `)})` : `${name}(${parts.join(", ")})`;
  if (!/^date_?trunc$/.test(name) || cut === null || parts.length !== 2) return { scan, expression: { sql, base: sql, grain: null } };
  return { scan, expression: { sql, base: cut.base, grain: coarsest(cut.grain, parts[0]!.slice(1, -1).toLowerCase()) } };
}

const GRAINS = [
  "microseconds",
  "milliseconds",
  "second",
  "minute",
  "hour",
  "day",
  "week",
  "month",
  "quarter",
  "year",
  "decade",
  "century",
  "millennium",
];

/** Weeks do not fit into months: then neither is told to be the coarser. */
function coarsest(a: string | null, b: string): string {
  if (a === null) return b;
  return GRAINS.indexOf(a) > GRAINS.indexOf(b) ? a : b;
}

/** Do all intervals of a unit begin and end where such a cut begins? */
export function fitsInto(grain: string | null, unit: string): boolean {
  if (grain === null) return true;
  const [size, own] = [GRAINS.indexOf(grain), GRAINS.indexOf(unit)];
  return size >= 0 && size <= own && !(grain === "week" && unit !== "week");
}

function typeOf(expression: PlanNode): string {
  return textOf((expression["return_type"] as PlanNode | undefined)?.["id"]);
}

function isConstant(expression: PlanNode): boolean {
  return expression["expression_class"] === "BOUND_CONSTANT";
}

function constantOf(value: unknown): Constant {
  const { type, value: own } = (value ?? {}) as PlanNode;
  return { type: textOf((type as PlanNode | undefined)?.["id"]), value: own };
}

function constantText({ type, value }: Constant): string | null {
  if (type === "VARCHAR" && typeof value === "string") return literal(value);
  if (type === "INTERVAL") {
    const { months, days, micros } = (value ?? {}) as PlanNode;
    return `(to_months(${Number(months)}) + to_days(${Number(days)}) + to_microseconds(${Number(micros)}))`;
  }
  return /INT$|^INTEGER$/.test(type) && typeof value === "number" ? `${value}::${type}` : null;
}

const DAY_MS = 86_400_000;

/** Milliseconds of a constant that is a moment; undefined for others. */
export function momentMs({ type, value }: Constant): number | undefined {
  if (typeof value !== "number") return undefined;
  if (type === "DATE") return value * DAY_MS;
  if (type === "TIMESTAMP" || type === "TIMESTAMP WITH TIME ZONE") return value / 1_000;
  if (type === "TIMESTAMP_S") return value * 1_000;
  return type === "TIMESTAMP_MS" ? value : undefined;
}

function tableOf({ name, function_data: data }: PlanNode): string | null {
  const { schema, table } = (data ?? {}) as PlanNode;
  return name === "seq_scan" && typeof schema === "string" && typeof table === "string" ? `${schema}.${table}` : null;
}

function nodesIn(list: unknown): readonly PlanNode[] {
  return Array.isArray(list) ? (list as PlanNode[]) : [];
}

function numbersIn(list: unknown): readonly number[] {
  return Array.isArray(list) ? (list as number[]) : [];
}

function textsIn(list: unknown): readonly string[] {
  return Array.isArray(list) ? (list as string[]) : [];
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
