// Expressions of a plan as SQL over the columns of one table. Names in a plan may be aliases, so that only indexes are believed.
import { ident, literal } from "../../sql/text.ts";
import { nodesIn, numbersIn, type PlanNode, tableOf, textOf, textsIn } from "./plan-nodes.ts";

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

/** A column of a table. */
export interface Resolved {
  readonly scan: PlanNode;
  readonly expression: TableExpression;
}

/** What a column of an operator's rows is. */
export type Resolver = (operator: PlanNode, index: number) => Resolved | null;

/** Seen through projections and filters. */
export const resolve: Resolver = (operator, index) => resolveBy(resolve, operator, index);

/** `below`: how columns of the operators below are found. */
export function resolveBy(below: Resolver, operator: PlanNode, index: number): Resolved | null {
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
      return child === undefined ? null : below(child, kept.length === 0 ? index : kept[index]!);
    }
    case "LOGICAL_PROJECTION": {
      const expression = nodesIn(operator["expressions"])[index];
      return child === undefined || expression === undefined ? null : expressionOf(expression, (inner) => below(child, inner));
    }
    default:
      return null;
  }
}

export function plain(name: string): TableExpression {
  return { sql: ident(name), base: ident(name), grain: null };
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

export function expressionOf(expression: PlanNode, column: (index: number) => Resolved | null): Resolved | null {
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

export function isConstant(expression: PlanNode): boolean {
  return expression["expression_class"] === "BOUND_CONSTANT";
}

export function constantOf(value: unknown): Constant {
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
