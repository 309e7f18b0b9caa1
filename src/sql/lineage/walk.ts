// Walks DuckDB's bound, unoptimised plan for lineage: what every operator passes on, column by column, and what decides which rows there are.
import { inside, type Relation, sourcesOf, windowOrder } from "./expressions.ts";
import { alone, behind, pairs, sourcesOfAll } from "./relations.ts";
import { addSource, computed, type ConditionWay, deciding, isSame, mergeSources, NO_SOURCES, oneSource, type Sources } from "./sources.ts";
import { passedOn, withTable } from "../plan/columns.ts";
import type { Join } from "../plan/join.ts";
import { type PlanNode, UnknownPlan } from "../plan/nodes.ts";
import type { Distinct, Group } from "../plan/group.ts";
import { readOperator, type Recursion, type SetOperation } from "../plan/operator.ts";
import type { Scan } from "../plan/scan.ts";

/** A recursive part is walked until nothing new comes in; sources only grow, so it ends long before. */
const RECURSION_MAX = 32;

export interface PlanLineage {
  readonly columns: readonly Sources[];
  readonly influences: Sources;
}

/** @throws UnknownPlan */
export function walkPlan(plan: PlanNode): PlanLineage {
  const walk = new LineageWalk();
  const { out } = walk.operator(plan);
  return { columns: out, influences: walk.influences };
}

class LineageWalk {
  readonly influences = new Map<string, number>();
  readonly #ctes = new Map<number, Pick<Relation, "out" | "order">>();
  readonly #correlated: (readonly Sources[])[] = [];

  operator(node: PlanNode): Relation {
    const operator = readOperator(node);
    switch (operator.kind) {
      case "scan":
        return this.#scan(operator);
      case "join":
        return this.#join(operator);
      case "group":
        return this.#group(operator, this.operator(operator.below));
      case "distinct":
        return this.#distinct(operator, this.operator(operator.below));
      case "set":
        return this.#setOperation(operator);
      case "recursion":
        return this.#recursion(operator);
      case "project": {
        const below = this.operator(operator.below);
        const out = sourcesOfAll(operator.expressions, below);
        return { ...below, out, tables: withTable(below.tables, operator.table, out) };
      }
      case "window": {
        const below = this.operator(operator.below);
        // Whatever comes out of a window comes in the order in which it looked.
        const orders = operator.expressions.map((one) => windowOrder(one, below));
        return { ...behind(below, operator), order: mergeSources([below.order, ...orders]) };
      }
      case "unnest": {
        const below = this.operator(operator.below);
        this.#influence(sourcesOfAll(operator.expressions, below), "join"); // as many rows as the longest list is long
        return behind(below, operator);
      }
      case "filter": {
        const below = this.operator(operator.below);
        this.#influence(sourcesOfAll(operator.conditions, below), "filter");
        return { ...below, out: passedOn(below.out, operator.passed) };
      }
      case "sort": {
        const below = this.operator(operator.below);
        const keys = operator.keys.map(({ expression }) => sourcesOf(expression, below));
        return { ...below, out: passedOn(below.out, operator.passed), order: mergeSources([...keys, below.order]) };
      }
      case "limit": {
        const below = this.operator(operator.below);
        this.#influence([...inside(operator.limit, below), ...inside(operator.offset, below)], "filter");
        this.#influence([below.order], "sort");
        return below;
      }
      case "sample":
        return this.operator(operator.below);
      case "pairs":
        return pairs(this.operator(operator.sides[0]), this.operator(operator.sides[1]));
      case "beside": {
        const both = pairs(this.operator(operator.sides[0]), this.operator(operator.sides[1]));
        this.#influence([both.order], "sort"); // it decides who stands beside whom
        return both;
      }
      case "outer":
        return alone(operator.table, this.#correlated.at(-1) ?? []);
      case "cte":
        this.#ctes.set(operator.table, this.operator(operator.definition));
        return this.operator(operator.rest);
      case "named": {
        const known = this.#ctes.get(operator.cte);
        if (known === undefined) throw new UnknownPlan("a CTE before its definition");
        return alone(operator.table, known.out, known.order);
      }
      case "values": {
        const below = this.operator(operator.below);
        const { rows, width, table } = operator;
        const column = (index: number): Sources => mergeSources(rows.map((row) => sourcesOf(row[index], below)));
        return alone(
          table,
          Array.from({ length: width }, (_, index) => column(index)),
        );
      }
      case "constant":
        return alone(
          operator.table,
          Array.from({ length: operator.width }, () => NO_SOURCES),
        );
      default:
        return operator satisfies never;
    }
  }

  #influence(sets: readonly Sources[], way: ConditionWay): void {
    for (const set of sets) for (const [key, ways] of deciding(set, way)) addSource(this.influences, key, ways);
  }

  #scan({ from, name, names, table, columns, passed, beside, below: rows }: Scan): Relation {
    const below = rows === null ? null : this.operator(rows);
    const column = (index: number): Sources =>
      from === undefined
        ? oneSource(`${name}()`, names[index] ?? "", "identity") // of a function that reads no rows (`range(3)`, `read_parquet('x')`)
        : oneSource(from, names[index] ?? "rowid", "identity");
    if (below === null) {
      const all = columns.map(column);
      return { out: passedOn(all, passed), tables: new Map([[table, all]]), order: NO_SOURCES };
    }
    // A function over rows (unnest of a lateral join, a table macro): every column comes from all of its arguments.
    const given = computed(mergeSources(below.out.filter((_, index) => !beside.includes(index))), "transform");
    this.#influence([given], "join"); // it decides how many rows come out
    const all = columns.map(() => given);
    const others = beside.length === 0 ? [] : passedOn(below.out, beside);
    return { out: [...passedOn(all, passed), ...others], tables: withTable(below.tables, table, all), order: below.order };
  }

  #group({ tables: indexes, keys, values, groupings }: Group, below: Relation): Relation {
    const groups = sourcesOfAll(keys, below);
    this.#influence(groups, "group");
    const aggregates = sourcesOfAll(values, below);
    const asked = groupings.map((set) => deciding(mergeSources(set.length === 0 ? [] : passedOn(groups, set)), "group"));
    const tables = [
      [indexes.keys, groups],
      [indexes.values, aggregates],
      [indexes.groupings, asked],
    ] as const;
    return { out: [...groups, ...aggregates, ...asked], tables: new Map([...below.tables, ...tables]), order: NO_SOURCES };
  }

  #distinct({ isOn, targets, order }: Distinct, below: Relation): Relation {
    this.#influence(isOn ? sourcesOfAll(targets, below) : below.out, "group");
    if (isOn) this.#influence([...order.map(({ expression }) => sourcesOf(expression, below)), below.order], "sort");
    return below;
  }

  /** A correlated subquery: the side that stands alone first, then the other, which reads its distinct values. */
  #join(join: Join): Relation {
    const { correlation } = join;
    const outer = this.operator(correlation?.outer === "right" ? join.right : join.left);
    if (correlation !== null) this.#correlated.push(sourcesOfAll(correlation.values, outer));
    const other = this.operator(correlation?.outer === "right" ? join.left : join.right);
    if (correlation !== null) this.#correlated.pop();
    return correlation?.outer === "right" ? this.#joined(join, other, outer) : this.#joined(join, outer, other);
  }

  #joined({ type, conditions, passed, mark }: Join, left: Relation, right: Relation): Relation {
    const both = pairs(left, right);
    const asked = conditions.flatMap((one) =>
      "whole" in one ? [sourcesOf(one.whole, both)] : [sourcesOf(one.left, left), sourcesOf(one.right, right)],
    );
    const [leftOut, rightOut] = [passedOn(left.out, passed.left), passedOn(right.out, passed.right)];
    if (type === "MARK") {
      const marks = [deciding(mergeSources(asked), "join")];
      return { ...both, out: [...leftOut, ...marks], tables: withTable(both.tables, mark, marks) };
    }
    this.#influence(asked, "join");
    if (type === "SEMI" || type === "ANTI") return { ...both, out: leftOut };
    if (type === "RIGHT_SEMI" || type === "RIGHT_ANTI") return { ...both, out: rightOut };
    return { ...both, out: [...leftOut, ...rightOut] };
  }

  #setOperation({ type, table, sides: nodes }: SetOperation): Relation {
    const sides = nodes.map((side) => this.operator(side));
    const [first] = sides;
    if (first === undefined) throw new UnknownPlan(`${type} without inputs`);
    // Whole rows are compared: every column of either side decides which of them there are.
    if (type !== "LOGICAL_UNION") {
      for (const { out } of sides) this.#influence(out, "join");
      return alone(table, first.out);
    }
    const out = first.out.map((_, index) => mergeSources(sides.map((side) => side.out[index] ?? NO_SOURCES)));
    return alone(table, out, mergeSources(sides.map(({ order }) => order)));
  }

  #recursion({ table, isAll, isKeyed, anchor, step }: Recursion): Relation {
    let { out } = this.operator(anchor);
    for (let round = 0; round < RECURSION_MAX; round++) {
      this.#ctes.set(table, { out, order: NO_SOURCES });
      const next = this.operator(step).out;
      const before = out;
      out = before.map((sources, index) => mergeSources([sources, next[index] ?? NO_SOURCES]));
      if (out.every((sources, index) => isSame(sources, before[index]!))) break;
    }
    // Repeats are left out: what a row is compared by decides which rows there are.
    if (!isAll || isKeyed) this.#influence(out, "group");
    return alone(table, out);
  }
}
