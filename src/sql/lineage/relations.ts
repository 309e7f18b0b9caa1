// What operators give, put together of what they are given.
import { type Relation, sourcesOf } from "./expressions.ts";
import { mergeSources, NO_SOURCES, type Sources } from "./sources.ts";
import { withTable } from "../plan/columns.ts";
import type { PlanNode } from "../plan/nodes.ts";

export function sourcesOfAll(expressions: readonly PlanNode[], below: Relation): readonly Sources[] {
  return expressions.map((expression) => sourcesOf(expression, below));
}

export function alone(table: number, out: readonly Sources[], order: Sources = NO_SOURCES): Relation {
  return { out, tables: new Map([[table, out]]), order };
}

export function pairs(left: Relation, right: Relation): Relation {
  return {
    out: [...left.out, ...right.out],
    tables: new Map([...left.tables, ...right.tables]),
    order: mergeSources([left.order, right.order]),
  };
}

/** A table of its own behind the columns below. */
export function behind(
  below: Relation,
  { table, expressions }: { readonly table: number; readonly expressions: readonly PlanNode[] },
): Relation {
  const columns = sourcesOfAll(expressions, below);
  return { ...below, out: [...below.out, ...columns], tables: withTable(below.tables, table, columns) };
}
