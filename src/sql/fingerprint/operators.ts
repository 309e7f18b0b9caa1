// Walks DuckDB's bound, unoptimised plan for the query's fingerprint: what the rows of every operator are, and its columns as functions of them.
//   O1. An operator, a setting of one or a kind of expression that is not known here makes the walk give up (UnknownMeaning): never a guess.
//   O2. What an operator's result depends on is in its terms; what only the spelling of the query decides (indexes, names) is in none.
import { beside, joinOf } from "./joins.ts";
import { at, bySize, mapped, only, shown, sidesOf } from "./nodes.ts";
import { setOperation, tableFunction, tableScan } from "./rows.ts";
import { conjuncts, raw, type Scope, scopeOf, termOf } from "./expressions.ts";
import { anyOrder, made, paired, apart, type Part, type Relation, restricted, rowsOf, type Term, term, UnknownMeaning } from "./terms.ts";
import { nodesOf, numbersOf, type PlanNode, scannedTable } from "../lineage/plan.ts";
import { isNode, textOf } from "../syntax/tree.ts";

export interface MeaningOptions {
  /** The asset that a table of the plan stands for. */
  readonly assetOf: (table: string) => string;
  /** Identities of the functions that the project registers, by lower-case name. */
  readonly functions?: ReadonlyMap<string, string>;
}

/** What the whole plan gives. Throws UnknownMeaning. */
export function meaningOf(plan: PlanNode, options: MeaningOptions): Relation {
  return new MeaningWalk(options).operator(plan);
}

/** 2^64 - 1 as JSON.parse reads it: "none" for an index. */
const NO_INDEX = 2 ** 64;
const ONE_ROW: Relation = {
  out: [],
  tables: new Map(),
  sources: [],
  conditions: [],
  sequence: term("", ["one row"]),
  sort: null,
  origins: new Set(),
  size: 0,
};

class MeaningWalk {
  readonly #assetOf: (table: string) => string;
  readonly #functions: ReadonlyMap<string, string>;
  readonly #ctes = new Map<number, Relation>();
  readonly #correlated: (readonly Term[])[] = [];
  #recursions = 0;

  constructor({ assetOf, functions = new Map() }: MeaningOptions) {
    this.#assetOf = assetOf;
    this.#functions = functions;
  }

  operator(node: PlanNode): Relation {
    const children = nodesOf(node["children"]);
    const type = textOf(node["type"]);
    switch (type) {
      case "LOGICAL_GET":
        return this.#scan(node, children);
      case "LOGICAL_PROJECTION": {
        only(node, ["table_index", "expressions"]);
        const below = this.#below(children);
        return shown(below, node["table_index"], this.#terms(node["expressions"], below));
      }
      case "LOGICAL_FILTER": {
        only(node, ["expressions", "projection_map"]);
        const below = this.#below(children);
        const scope = this.#scope(below);
        const conditions = conjuncts(node["expressions"]).map((one) => termOf(one, scope));
        return { ...restricted(below, conditions), out: mapped(below.out, node["projection_map"]) };
      }
      case "LOGICAL_AGGREGATE_AND_GROUP_BY":
        return this.#aggregate(node, this.#below(children));
      case "LOGICAL_WINDOW": {
        only(node, ["window_index", "expressions"]);
        const below = this.#below(children);
        return shown(below, node["window_index"], this.#terms(node["expressions"], below), below.out);
      }
      case "LOGICAL_UNNEST": {
        only(node, ["unnest_index", "expressions"]);
        const below = this.#below(children);
        const lists = this.#terms(node["expressions"], below);
        const source = term(`unnest(${lists.map(({ words }) => words).join(", ")})`, ["unnest", rowsOf(below), lists]);
        const values = lists.map((list) => term(list.words, ["unnested", source, list]));
        return shown(made(source, [below], { out: [], tables: below.tables }), node["unnest_index"], values, below.out);
      }
      case "LOGICAL_ORDER_BY":
        return this.#sorted(node, this.#below(children));
      case "LOGICAL_LIMIT":
        return this.#limited(node, this.#below(children));
      case "LOGICAL_DISTINCT":
        return this.#distinct(node, this.#below(children));
      case "LOGICAL_CROSS_PRODUCT": {
        only(node, []);
        const [left, right] = this.#two(children);
        return paired(left, apart(left, right));
      }
      case "LOGICAL_POSITIONAL_JOIN": {
        only(node, []);
        return beside(...this.#two(children));
      }
      case "LOGICAL_COMPARISON_JOIN":
      case "LOGICAL_ANY_JOIN":
      case "LOGICAL_ASOF_JOIN":
        return joinOf(node, ...this.#two(children), this.#functions);
      case "LOGICAL_DELIM_JOIN":
        return this.#correlatedJoin(node, children);
      case "LOGICAL_DELIM_GET":
        return this.#correlatedRows(node);
      case "LOGICAL_UNION":
      case "LOGICAL_EXCEPT":
      case "LOGICAL_INTERSECT":
        return setOperation(
          node,
          children.map((child) => this.operator(child)),
        );
      case "LOGICAL_MATERIALIZED_CTE":
      case "LOGICAL_CTE": {
        only(node, ["table_index", "column_count", "ctename", "materialize"]);
        const [definition, rest] = sidesOf(children);
        this.#ctes.set(Number(node["table_index"]), this.operator(definition));
        return this.operator(rest);
      }
      case "LOGICAL_RECURSIVE_CTE":
        return this.#recursive(node, children);
      case "LOGICAL_CTE_REF": {
        only(node, ["table_index", "cte_index", "chunk_types", "bound_columns"]);
        const found = this.#ctes.get(Number(node["cte_index"]));
        if (found === undefined) throw new UnknownMeaning("a CTE before its definition");
        return { ...found, tables: new Map([[Number(node["table_index"]), found.out]]) };
      }
      case "LOGICAL_EXPRESSION_GET":
        return this.#values(node, this.#below(children));
      case "LOGICAL_DUMMY_SCAN":
        only(node, ["table_index"]);
        return shown(ONE_ROW, node["table_index"], [term("", ["nothing"])]);
      default:
        throw new UnknownMeaning(type);
    }
  }

  #scope(below: Relation): Scope {
    return scopeOf(below, this.#functions);
  }

  #terms(list: unknown, below: Relation): readonly Term[] {
    const scope = this.#scope(below);
    return nodesOf(list).map((one) => termOf(one, scope));
  }

  #below(children: readonly PlanNode[]): Relation {
    const [child] = children;
    if (child === undefined || children.length > 1) throw new UnknownMeaning("an operator with another number of inputs");
    return this.operator(child);
  }

  #two(children: readonly PlanNode[]): [Relation, Relation] {
    const [left, right] = sidesOf(children);
    return [this.operator(left), this.operator(right)];
  }

  #scan(node: PlanNode, children: readonly PlanNode[]): Relation {
    const { extra_info: extra, ordinality_idx: ordinality, table_filters: filters } = node;
    if (isNode(extra) && extra["sample_options"] !== null) throw new UnknownMeaning("a sample");
    if (isNode(filters) && nodesOf(filters["filters"]).length > 0) throw new UnknownMeaning("filters inside a scan");
    const known = ["table_index", "returned_types", "names", "projection_ids", "table_filters", "name", "column_indexes", "extra_info"];
    only(node, [
      ...known,
      "function_data",
      "projected_input",
      "parameters",
      "named_parameters",
      "input_table_types",
      "input_table_names",
      "ordinality_idx",
    ]);
    const indexes = nodesOf(node["column_indexes"]).map((entry) => {
      if (nodesOf(entry["child_indexes"]).length > 0 || entry["index_type"] !== "FULL_READ") throw new UnknownMeaning("a part of a column");
      return Number(entry["index"]);
    });
    const table = scannedTable(node);
    if (table !== undefined && Number(ordinality) !== NO_INDEX) throw new UnknownMeaning("ordinality of a table");
    const all =
      table === undefined
        ? tableFunction(node, children.length === 0 ? null : this.#below(children), indexes)
        : tableScan(node, this.#assetOf(table), indexes);
    const chosen = numbersOf(node["projection_ids"]);
    const out = chosen.length > 0 ? chosen.map((index) => all.out[index]!) : all.out;
    return { ...all, out, tables: new Map([...all.tables, [Number(node["table_index"]), all.out]]) };
  }

  #aggregate(node: PlanNode, below: Relation): Relation {
    only(node, [
      "expressions",
      "group_index",
      "aggregate_index",
      "groupings_index",
      "groups",
      "grouping_sets",
      "grouping_functions",
      "distinct_validity",
    ]);
    const keys = this.#terms(node["groups"], below);
    const sets = (Array.isArray(node["grouping_sets"]) ? node["grouping_sets"] : []).map((set) => numbersOf(set));
    const isPlain = sets.length === 0 || (sets.length === 1 && new Set(sets[0]).size === keys.length);
    const grouping: Part = isPlain ? null : sets.map((set) => anyOrder(set.map((index) => at(keys, index)))).toSorted(bySize);
    const words = keys.length === 0 ? "all rows as one" : `by ${keys.map((key) => key.words).join(", ")}`;
    const source = term(`${rowsOf(below).words} ${words}`, ["group", rowsOf(below), anyOrder(keys), grouping]);
    // In rows that are not grouped by it a key is null.
    const groups = isPlain ? keys : keys.map((key) => term(key.words, ["key", source, key]));
    const scope: Scope = { ...this.#scope(below), over: { rows: source, sequence: below.sequence } };
    const values = nodesOf(node["expressions"]).map((one) => termOf(one, scope));
    const functions = Array.isArray(node["grouping_functions"]) ? node["grouping_functions"] : [];
    const groupings = functions.map((one) => term("grouping()", ["grouping", source, numbersOf(one).map((index) => at(keys, index))]));
    const tables = new Map(below.tables);
    tables.set(Number(node["group_index"]), groups);
    tables.set(Number(node["aggregate_index"]), values);
    tables.set(Number(node["groupings_index"]), groupings);
    const whole = made(source, [below], { out: [...groups, ...values, ...groupings], tables });
    return keys.length === 0 && isPlain ? { ...whole, sequence: ONE_ROW.sequence } : whole;
  }

  #sorted(node: PlanNode, below: Relation): Relation {
    only(node, ["orders", "projections"]);
    const keys = this.#sortKeys(node["orders"], below);
    return {
      ...below,
      out: mapped(below.out, node["projections"]),
      sequence: term("", ["sorted", keys, below.sequence]),
      sort: term("", ["sorted", keys]),
    };
  }

  #sortKeys(list: unknown, below: Relation): Part {
    const scope = this.#scope(below);
    return nodesOf(list).map((one) => [textOf(one["type"]), textOf(one["null_order"]), termOf(one["expression"], scope)]);
  }

  #limited(node: PlanNode, below: Relation): Relation {
    only(node, ["limit_val", "offset_val"]);
    const scope = this.#scope(below);
    const bound = (value: unknown): Part => {
      if (!isNode(value)) throw new UnknownMeaning("a limit that is none");
      const { expression, ...constant } = value;
      return [raw(constant), isNode(expression) ? termOf(expression, scope) : null];
    };
    const words = `${rowsOf(below).words} limited`;
    const source = term(words, ["limit", bound(node["limit_val"]), bound(node["offset_val"]), rowsOf(below), below.sequence]);
    return made(source, [below], { out: below.out, sort: below.sort, sequence: term("", ["limited", source, below.sequence]) });
  }

  #distinct(node: PlanNode, below: Relation): Relation {
    only(node, ["distinct_type", "distinct_targets", "order_by"]);
    const rows = rowsOf(below);
    const targets = this.#terms(node["distinct_targets"], below);
    // Equal as a collation sees it is not equal: which of several is given then depends on the order.
    const told = new Set(targets.map(({ hash }) => hash));
    const isWhole = below.out.every(({ hash }) => told.has(hash));
    if (node["distinct_type"] === "DISTINCT" && isWhole) {
      const source = term(`distinct rows of ${rows.words}`, ["distinct", rows, anyOrder(below.out)]);
      return made(source, [below], { out: below.out });
    }
    const order = isNode(node["order_by"]) ? this.#sortKeys(node["order_by"]["orders"], below) : null;
    const source = term(`${rows.words}, one for each ${targets.map(({ words }) => words).join(", ")}`, [
      "first of each",
      rows,
      anyOrder(targets),
      order,
      below.sequence,
    ]);
    return made(source, [below], { out: below.out });
  }

  /** A correlated subquery: the side that stands alone first, then the other, which reads its distinct values through DELIM_GET. */
  #correlatedJoin(node: PlanNode, children: readonly PlanNode[]): Relation {
    const [first, second] = sidesOf(children);
    const flipped = node["delim_flipped"] === true;
    const main = this.operator(flipped ? second : first);
    const values = this.#terms(node["duplicate_eliminated_columns"], main);
    const rows = rowsOf(main);
    this.#correlated.push(values.map((value) => term(value.words, ["outer", rows, this.#correlated.flat(), value])));
    const other = this.operator(flipped ? first : second);
    this.#correlated.pop();
    return flipped ? joinOf(node, other, main, this.#functions) : joinOf(node, main, other, this.#functions);
  }

  #correlatedRows(node: PlanNode): Relation {
    only(node, ["table_index", "chunk_types"]);
    const values = this.#correlated.at(-1);
    const types = Array.isArray(node["chunk_types"]) ? node["chunk_types"] : [];
    if (values === undefined || values.length !== types.length) throw new UnknownMeaning("values of another query's row");
    const source = term(`distinct ${values.map(({ words }) => words).join(", ")}`, ["outer rows", values]);
    return shown(made(source, [], { out: [] }), node["table_index"], values);
  }

  #recursive(node: PlanNode, children: readonly PlanNode[]): Relation {
    only(node, ["table_index", "column_count", "union_all", "ctename"]);
    const [anchorNode, stepNode] = sidesOf(children);
    const anchor = this.operator(anchorNode);
    const start = term("", ["start", rowsOf(anchor), anchor.out, this.#recursions]);
    const soFar = anchor.out.map((one, index) => term(one.words, ["so far", start, index]));
    this.#recursions += 1;
    this.#ctes.set(Number(node["table_index"]), made(start, [], { out: soFar }));
    const step = this.operator(stepNode);
    this.#recursions -= 1;
    // Outside of the step the name would mean something else.
    this.#ctes.delete(Number(node["table_index"]));
    const source = term(`${rowsOf(anchor).words} and on`, [
      "recursive",
      node["union_all"] === true,
      rowsOf(anchor),
      anchor.out,
      anchor.sequence,
      rowsOf(step),
      step.out,
      step.sequence,
    ]);
    const out = anchor.out.map((one, index) => term(one.words, ["at last", source, index]));
    return shown(made(source, [], { out: [] }), node["table_index"], out);
  }

  #values(node: PlanNode, below: Relation): Relation {
    only(node, ["table_index", "expr_types", "expressions"]);
    const scope = this.#scope(below);
    const rows = (Array.isArray(node["expressions"]) ? node["expressions"] : []).map((row) =>
      nodesOf(row).map((one) => termOf(one, scope)),
    );
    const source = term("values", ["values", rowsOf(below), rows]);
    const width = Array.isArray(node["expr_types"]) ? node["expr_types"].length : 0;
    const out = Array.from({ length: width }, (_, index) => term("values", ["valued", source, index]));
    return shown(made(source, [below], { out: [] }), node["table_index"], out);
  }
}
