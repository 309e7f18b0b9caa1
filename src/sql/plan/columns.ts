// What an operator gives to the one above it, whatever is known of each column, and how expressions refer to it.
import { type PlanNode, UnknownPlan } from "./nodes.ts";
import { isNode } from "../syntax/tree.ts";

export interface Columns<Value> {
  /** By position. */
  readonly out: readonly Value[];
  /** By the index of a table, for references that name theirs. */
  readonly tables: ReadonlyMap<number, readonly Value[]>;
}

/** What a reference refers to; undefined where the expression is none. @throws UnknownPlan */
export function referred<Value>(expression: PlanNode, { out, tables }: Columns<Value>): Value | undefined {
  if (expression["expression_class"] === "BOUND_REF") return at(out, expression["index"]);
  if (expression["expression_class"] !== "BOUND_COLUMN_REF") return undefined;
  const { binding, depth } = expression;
  if (!isNode(binding) || (depth !== undefined && depth !== 0)) throw new UnknownPlan("a reference to another query's row");
  const table = tables.get(Number(binding["table_index"]));
  if (table === undefined) throw new UnknownPlan(`no table ${String(binding["table_index"])}`);
  return at(table, binding["column_index"]);
}

/** @throws UnknownPlan where there is no such position. */
export function at<Value>(list: readonly Value[], index: unknown): Value {
  const found = list[Number(index)];
  if (found === undefined) throw new UnknownPlan(`no position ${String(index)}`);
  return found;
}

/** The positions that an operator passes on; none named: all. */
export function passedOn<Value>(out: readonly Value[], positions: readonly number[]): readonly Value[] {
  return positions.length === 0 ? out : positions.map((index) => at(out, index));
}

export function withTable<Value>(
  tables: Columns<Value>["tables"],
  table: number,
  columns: readonly Value[],
): ReadonlyMap<number, readonly Value[]> {
  return new Map([...tables, [table, columns]]);
}
