// Walks DuckDB's bound, unoptimised plan for the query's fingerprint: what the rows of every operator are, and its columns as functions of them.
//   O1. What is not known here makes the walk give up (UnknownPlan): never a guess.
//   O2. What an operator's result depends on is in its terms; what only the spelling of the query decides (indexes, names) is in none.
import { conjuncts, scopeOf, termOf } from "./expressions.ts";
import { distinct, grouped, limited, sortKeys } from "./groups.ts";
import { beside, joinOf } from "./joins.ts";
import { scanned, setOperation } from "./rows.ts";
import { apart, made, ONE_ROW, paired, type Relation, restricted, rowsOf, shown, type Term, term } from "./terms.ts";
import { passedOn } from "../plan/columns.ts";
import type { Join } from "../plan/join.ts";
import { type PlanNode, UnknownPlan } from "../plan/nodes.ts";
import { type Operator, readOperator, type Recursion } from "../plan/operator.ts";

export interface MeaningOptions {
  /** The asset that a table of the plan stands for. */
  readonly assetOf: (table: string) => string;
  /** Identities of the functions that the project registers, by lower-case name. */
  readonly functions?: ReadonlyMap<string, string>;
}

/** What the whole plan gives. @throws UnknownPlan */
export function meaningOf(plan: PlanNode, options: MeaningOptions): Relation {
  return new MeaningWalk(options).operator(plan);
}

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
    const operator = readOperator(node);
    switch (operator.kind) {
      case "scan":
        return scanned(operator, operator.below === null ? null : this.operator(operator.below), this.#assetOf);
      case "join":
        return this.#join(operator);
      case "group":
        return grouped(operator, this.operator(operator.below), this.#functions);
      case "distinct":
        return distinct(operator, this.operator(operator.below), this.#functions);
      case "limit":
        return limited([operator.limit, operator.offset], this.operator(operator.below), this.#functions);
      case "set":
        return setOperation(
          operator,
          operator.sides.map((side) => this.operator(side)),
        );
      case "recursion":
        return this.#recursion(operator);
      case "values":
        return this.#values(operator);
      case "outer":
        return this.#outer(operator);
      case "project": {
        const below = this.operator(operator.below);
        return shown(below, operator.table, this.#terms(operator.expressions, below));
      }
      case "filter": {
        const below = this.operator(operator.below);
        const conditions = conjuncts(operator.conditions, scopeOf(below, this.#functions));
        return { ...restricted(below, conditions), out: passedOn(below.out, operator.passed) };
      }
      case "window": {
        const below = this.operator(operator.below);
        const windows = this.#terms(operator.expressions, below);
        // Whatever comes out of a window comes in the order in which it looked.
        return { ...shown(below, operator.table, windows, below.out), sequence: term("", ["windows", below.sequence, windows]) };
      }
      case "unnest": {
        const below = this.operator(operator.below);
        const lists = this.#terms(operator.expressions, below);
        const source = term(`unnest(${lists.map(({ words }) => words).join(", ")})`, ["unnest", rowsOf(below), lists]);
        const values = lists.map((list) => term(list.words, ["unnested", source, list]));
        return shown(made(source, [below], { out: [], tables: below.tables }), operator.table, values, below.out);
      }
      case "sort": {
        const below = this.operator(operator.below);
        const keys = sortKeys(operator.keys, scopeOf(below, this.#functions));
        const sequence = term("", ["sorted", keys, below.sequence]);
        return { ...below, out: passedOn(below.out, operator.passed), sequence, sort: term("", ["sorted", keys]) };
      }
      case "pairs": {
        const left = this.operator(operator.sides[0]);
        return paired(left, apart(left, this.operator(operator.sides[1])));
      }
      case "beside":
        return beside(this.operator(operator.sides[0]), this.operator(operator.sides[1]));
      case "cte":
        this.#ctes.set(operator.table, this.operator(operator.definition));
        return this.operator(operator.rest);
      case "named": {
        const found = this.#ctes.get(operator.cte);
        if (found === undefined || operator.isRecurring) throw new UnknownPlan("a CTE before its definition");
        return { ...found, tables: new Map([[operator.table, found.out]]) };
      }
      case "constant":
        if (!operator.isOneRow) throw new UnknownPlan("rows that stand in the plan");
        return shown(ONE_ROW, operator.table, [term("", ["nothing"])]);
      case "sample":
        throw new UnknownPlan("a sample");
      default:
        return operator satisfies never;
    }
  }

  #terms(list: readonly PlanNode[], below: Relation): readonly Term[] {
    const scope = scopeOf(below, this.#functions);
    return list.map((one) => termOf(one, scope));
  }

  /** A correlated subquery: the side that stands alone first, then the other, which reads its distinct values. */
  #join(join: Join): Relation {
    const { left, right, correlation } = join;
    if (correlation === null) return joinOf(join, this.operator(left), this.operator(right), this.#functions);
    const isFlipped = correlation.outer === "right";
    const main = this.operator(isFlipped ? right : left);
    const values = this.#terms(correlation.values, main);
    const rows = rowsOf(main);
    this.#correlated.push(values.map((value) => term(value.words, ["outer", rows, this.#correlated.flat(), value])));
    const other = this.operator(isFlipped ? left : right);
    this.#correlated.pop();
    return isFlipped ? joinOf(join, other, main, this.#functions) : joinOf(join, main, other, this.#functions);
  }

  #outer({ table, width }: Extract<Operator, { kind: "outer" }>): Relation {
    const values = this.#correlated.at(-1);
    if (values === undefined || values.length !== width) throw new UnknownPlan("values of another query's row");
    const source = term(`distinct ${values.map(({ words }) => words).join(", ")}`, ["outer rows", values]);
    return shown(made(source, [], { out: [] }), table, values);
  }

  #recursion({ table, isAll, isKeyed, anchor: anchorNode, step: stepNode }: Recursion): Relation {
    if (isKeyed) throw new UnknownPlan("a recursion with a key");
    const anchor = this.operator(anchorNode);
    const start = term("", ["start", rowsOf(anchor), anchor.out, this.#recursions]);
    const soFar = anchor.out.map((one, index) => term(one.words, ["so far", start, index]));
    this.#recursions += 1;
    this.#ctes.set(table, made(start, [], { out: soFar }));
    const step = this.operator(stepNode);
    this.#recursions -= 1;
    // Outside of the step the name would mean something else.
    this.#ctes.delete(table);
    const source = term(`${rowsOf(anchor).words} and on`, [
      "recursive",
      isAll,
      rowsOf(anchor),
      anchor.out,
      anchor.sequence,
      rowsOf(step),
      step.out,
      step.sequence,
    ]);
    const out = anchor.out.map((one, index) => term(one.words, ["at last", source, index]));
    return shown(made(source, [], { out: [] }), table, out);
  }

  #values({ table, rows, width, below: node }: Extract<Operator, { kind: "values" }>): Relation {
    const below = this.operator(node);
    const source = term("values", ["values", rowsOf(below), rows.map((row) => this.#terms(row, below))]);
    const out = Array.from({ length: width }, (_, index) => term("values", ["valued", source, index]));
    return shown(made(source, [below], { out: [] }), table, out);
  }
}
