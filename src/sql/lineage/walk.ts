// Walks DuckDB's bound, unoptimised plan: what every operator passes on, column by column, and what decides which rows there are.
// Each case is the meaning of one operator; an operator that is not here makes the query's lineage table-level (UnknownPlan).
import type { LineageKind } from "../../model/lineage.ts";
import { expressionsIn, type Relation, sourcesOf, UnknownPlan } from "./expressions.ts";
import { nodesOf, numbersOf, type PlanNode, scannedTable, stringsOf } from "./plan.ts";
import { addSource, atLeast, mergeSources, NO_SOURCES, sourceKey, type Sources } from "./sources.ts";
import { isNode, textOf } from "../syntax/tree.ts";

/** A recursive part is walked until nothing new comes in; sources only grow, so it ends long before. */
const RECURSION_MAX = 32;

export interface PlanLineage {
  readonly columns: readonly Sources[];
  readonly influences: Sources;
}

/** Throws UnknownPlan where the plan holds something unknown. */
export function walkPlan(plan: PlanNode): PlanLineage {
  const walk = new PlanWalk();
  const { out } = walk.operator(plan);
  return { columns: out, influences: walk.influences };
}

class PlanWalk {
  readonly influences = new Map<string, LineageKind>();
  readonly #ctes = new Map<number, Pick<Relation, "out" | "order">>();
  readonly #correlated: (readonly Sources[])[] = [];

  operator(node: PlanNode): Relation {
    const children = nodesOf(node["children"]);
    const type = textOf(node["type"]);
    switch (type) {
      case "LOGICAL_GET":
        return this.#scan(node, children);
      case "LOGICAL_PROJECTION": {
        const below = this.#only(children);
        return withTable(below, node["table_index"], expressions(node["expressions"], below));
      }
      case "LOGICAL_FILTER": {
        const below = this.#only(children);
        for (const sources of expressions(node["expressions"], below)) this.#influence(sources);
        return { ...below, out: mapped(below.out, node["projection_map"]) };
      }
      case "LOGICAL_AGGREGATE_AND_GROUP_BY":
        return this.#aggregate(node, this.#only(children));
      case "LOGICAL_WINDOW":
        return appended(node, this.#only(children), "window_index");
      case "LOGICAL_UNNEST": {
        const below = this.#only(children);
        // As many rows as the longest list is long.
        for (const sources of expressions(node["expressions"], below)) this.#influence(sources);
        return appended(node, below, "unnest_index");
      }
      case "LOGICAL_ORDER_BY": {
        const below = this.#only(children);
        const order = mergeSources([...inside(node["orders"], below), below.order]);
        return { out: mapped(below.out, node["projections"] ?? node["projection_map"]), tables: below.tables, order };
      }
      case "LOGICAL_LIMIT": {
        const below = this.#only(children);
        for (const key of ["limit_val", "offset_val"]) for (const sources of inside(node[key], below)) this.#influence(sources);
        this.#influence(below.order);
        return below;
      }
      case "LOGICAL_SAMPLE":
        return this.#only(children);
      case "LOGICAL_DISTINCT": {
        const below = this.#only(children);
        const ordered = inside(node["order_by"], below);
        const isOn = node["distinct_type"] !== "DISTINCT";
        for (const sources of isOn ? [...expressions(node["distinct_targets"], below), ...ordered, below.order] : below.out)
          this.#influence(sources);
        return below;
      }
      case "LOGICAL_CROSS_PRODUCT":
        return joined(...this.#two(children));
      case "LOGICAL_POSITIONAL_JOIN": {
        const both = joined(...this.#two(children));
        this.#influence(both.order); // it decides who stands beside whom
        return both;
      }
      case "LOGICAL_COMPARISON_JOIN":
      case "LOGICAL_ANY_JOIN":
      case "LOGICAL_ASOF_JOIN":
        return this.#join(node, ...this.#two(children));
      case "LOGICAL_DELIM_JOIN":
        return this.#correlatedJoin(node, children);
      case "LOGICAL_DELIM_GET":
        return table(node, this.#correlated.at(-1) ?? []);
      case "LOGICAL_UNION":
      case "LOGICAL_EXCEPT":
      case "LOGICAL_INTERSECT":
        return this.#setOperation(node, type, children);
      case "LOGICAL_MATERIALIZED_CTE":
      case "LOGICAL_CTE": {
        const [definition, rest] = pair(children);
        this.#ctes.set(Number(node["table_index"]), this.operator(definition));
        return this.operator(rest);
      }
      case "LOGICAL_RECURSIVE_CTE":
        return this.#recursive(node, children);
      case "LOGICAL_CTE_REF": {
        const known = this.#ctes.get(Number(node["cte_index"]));
        if (known === undefined) throw new UnknownPlan("a CTE before its definition");
        return table(node, known.out, known.order);
      }
      case "LOGICAL_EXPRESSION_GET": {
        const below = this.#only(children);
        const rows = Array.isArray(node["expressions"]) ? node["expressions"] : [];
        const width = Array.isArray(node["expr_types"]) ? node["expr_types"].length : 0;
        const out = Array.from({ length: width }, (_, index) => mergeSources(rows.map((row) => sourcesOf(nodesOf(row)[index], below))));
        return table(node, out);
      }
      case "LOGICAL_DUMMY_SCAN":
        return table(node, [NO_SOURCES]);
      case "LOGICAL_EMPTY_RESULT":
      case "LOGICAL_CHUNK_GET": {
        const types = node["chunk_types"] ?? node["return_types"];
        return table(node, Array.isArray(types) ? types.map(() => NO_SOURCES) : []);
      }
      default:
        throw new UnknownPlan(type);
    }
  }

  #only(children: readonly PlanNode[]): Relation {
    const [child] = children;
    if (child === undefined) throw new UnknownPlan("an operator without its input");
    return this.operator(child);
  }

  #two(children: readonly PlanNode[]): [Relation, Relation] {
    const [left, right] = pair(children);
    return [this.operator(left), this.operator(right)];
  }

  #influence(sources: Sources): void {
    for (const key of sources.keys()) addSource(this.influences, key, "condition");
  }

  #scan(node: PlanNode, children: readonly PlanNode[]): Relation {
    const below = children.length === 0 ? undefined : this.#only(children);
    const names = stringsOf(node["names"]);
    const base = scannedTable(node);
    const passed = numbersOf(node["projected_input"]);
    // A function over rows (unnest of a lateral join, a table macro): every column comes from all of its arguments.
    const given =
      below === undefined
        ? new Map([[sourceKey(`${textOf(node["name"])}()`, ""), "transform" as const]])
        : atLeast(mergeSources(below.out.filter((_, index) => !passed.includes(index))), "transform");
    const column = (index: number): Sources =>
      base === undefined
        ? below === undefined
          ? functionColumn(node, names[index])
          : given
        : new Map([[sourceKey(base, names[index] ?? "rowid"), "identity" as const]]);
    if (below !== undefined) this.#influence(given); // it decides how many rows come out
    const indexes = nodesOf(node["column_indexes"]).map((entry) => Number(entry["index"]));
    const all = indexes.length > 0 ? indexes.map(column) : names.map((_, index) => column(index));
    const chosen = numbersOf(node["projection_ids"]);
    const out = (chosen.length > 0 ? chosen.map((index) => all[index]!) : all).concat(passed.map((index) => below!.out[index]!));
    return { out, tables: new Map([...(below?.tables ?? []), [Number(node["table_index"]), all]]), order: below?.order ?? NO_SOURCES };
  }

  #aggregate(node: PlanNode, below: Relation): Relation {
    const groups = expressions(node["groups"], below);
    for (const sources of groups) this.#influence(sources);
    const values = expressions(node["expressions"], below);
    const sets = Array.isArray(node["grouping_functions"]) ? node["grouping_functions"] : [];
    const groupings = sets.map((set) => atLeast(mergeSources(numbersOf(set).map((index) => groups[index]!)), "condition"));
    const tables = new Map(below.tables);
    tables.set(Number(node["group_index"]), groups);
    tables.set(Number(node["aggregate_index"]), values);
    tables.set(Number(node["groupings_index"]), groupings);
    return { out: [...groups, ...values, ...groupings], tables, order: NO_SOURCES };
  }

  #join(node: PlanNode, left: Relation, right: Relation): Relation {
    const both = joined(left, right);
    const conditions: Sources[] = [];
    for (const condition of nodesOf(node["conditions"])) {
      conditions.push(sourcesOf(condition["left"], left), sourcesOf(condition["right"], right));
      // A condition that is no comparison stands in an expression of its own.
      if (condition["expression_class"] !== undefined) conditions.push(sourcesOf(condition, both));
    }
    for (const key of ["predicate", "condition"]) if (isNode(node[key])) conditions.push(sourcesOf(node[key], both));
    const leftOut = mapped(left.out, node["left_projection_map"]);
    const rightOut = mapped(right.out, node["right_projection_map"]);
    const kind = textOf(node["join_type"]);
    if (kind === "MARK") {
      const mark = atLeast(mergeSources(conditions), "condition");
      return withTable({ ...both, out: leftOut }, node["mark_index"], [mark], "append");
    }
    for (const sources of conditions) this.#influence(sources);
    if (kind === "SEMI" || kind === "ANTI") return { ...both, out: leftOut };
    if (kind === "RIGHT_SEMI" || kind === "RIGHT_ANTI") return { ...both, out: rightOut };
    return { ...both, out: [...leftOut, ...rightOut] };
  }

  /** A correlated subquery: the side that stands alone first, then the other, which reads its distinct values through DELIM_GET. */
  #correlatedJoin(node: PlanNode, children: readonly PlanNode[]): Relation {
    const [first, second] = pair(children);
    const flipped = node["delim_flipped"] === true;
    const main = this.operator(flipped ? second : first);
    this.#correlated.push(expressions(node["duplicate_eliminated_columns"], main));
    const other = this.operator(flipped ? first : second);
    this.#correlated.pop();
    return flipped ? this.#join(node, other, main) : this.#join(node, main, other);
  }

  #setOperation(node: PlanNode, type: string, children: readonly PlanNode[]): Relation {
    const sides = children.map((child) => this.operator(child));
    const first = sides[0];
    if (first === undefined) throw new UnknownPlan(`${type} without inputs`);
    if (type === "LOGICAL_UNION")
      return table(
        node,
        first.out.map((_, index) => mergeSources(sides.map((side) => side.out[index] ?? NO_SOURCES))),
        mergeSources(sides.map((side) => side.order)),
      );
    // Whole rows are compared: every column of either side decides which of them there are.
    for (const side of sides) for (const sources of side.out) this.#influence(sources);
    return table(node, first.out);
  }

  #recursive(node: PlanNode, children: readonly PlanNode[]): Relation {
    const [anchor, step] = pair(children);
    let out = this.operator(anchor).out;
    for (let round = 0; round < RECURSION_MAX; round++) {
      this.#ctes.set(Number(node["table_index"]), { out, order: NO_SOURCES });
      const next = this.operator(step).out;
      const merged = out.map((sources, index) => mergeSources([sources, next[index] ?? NO_SOURCES]));
      const settled = merged.every(
        (sources, index) => sources.size === out[index]!.size && [...sources].every(([key, kind]) => out[index]!.get(key) === kind),
      );
      out = merged;
      if (settled) break;
    }
    // Repeats are left out: what a row is compared by decides which rows there are.
    if (node["union_all"] !== true) for (const sources of out) this.#influence(sources);
    return table(node, out);
  }
}

function pair(children: readonly PlanNode[]): [PlanNode, PlanNode] {
  const [first, second] = children;
  if (first === undefined || second === undefined) throw new UnknownPlan("an operator without its two inputs");
  return [first, second];
}

function expressions(list: unknown, below: Relation): readonly Sources[] {
  return nodesOf(list).map((expression) => sourcesOf(expression, below));
}

function mapped(out: readonly Sources[], map: unknown): readonly Sources[] {
  const positions = numbersOf(map);
  return positions.length === 0 ? out : positions.map((index) => out[index]!);
}

function table(node: PlanNode, out: readonly Sources[], order: Sources = NO_SOURCES): Relation {
  return { out, tables: new Map([[Number(node["table_index"]), out]]), order };
}

function joined(left: Relation, right: Relation): Relation {
  return {
    out: [...left.out, ...right.out],
    tables: new Map([...left.tables, ...right.tables]),
    order: mergeSources([left.order, right.order]),
  };
}

function withTable(below: Relation, index: unknown, columns: readonly Sources[], mode: "replace" | "append" = "replace"): Relation {
  return {
    out: mode === "append" ? [...below.out, ...columns] : columns,
    tables: new Map([...below.tables, [Number(index), columns]]),
    order: below.order,
  };
}

/** Sources of the expressions that stand somewhere inside a part of an operator. */
function inside(value: unknown, below: Relation): readonly Sources[] {
  return expressionsIn(value).map((expression) => sourcesOf(expression, below));
}

function appended(node: PlanNode, below: Relation, index: "window_index" | "unnest_index"): Relation {
  return withTable(below, node[index], expressions(node["expressions"], below), "append");
}

/** A function that reads no rows (`range(3)`, `read_parquet('x')`): its own column is the source. */
function functionColumn(node: PlanNode, name: string | undefined): Sources {
  return new Map([[sourceKey(`${textOf(node["name"])}()`, name ?? ""), "identity"]]);
}
