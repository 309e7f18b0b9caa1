// The meaning of joins. An inner join is its two sides and conditions on them, so that sides may be swapped and conditions stand where they like;
// every other join makes rows of its own.
import { comparison, conjuncts, scopeOf, termOf } from "./expressions.ts";
import { apart, anyOrder, made, paired, type Part, type Relation, restricted, rowsOf, type Term, term } from "./terms.ts";
import { passedOn, withTable } from "../plan/columns.ts";
import type { Join } from "../plan/join.ts";
import { UnknownPlan } from "../plan/nodes.ts";

export function joinOf(join: Join, left: Relation, other: Relation, functions: ReadonlyMap<string, string>): Relation {
  const right = apart(left, other);
  const both = paired(left, right);
  const conditions = conditionsOf(join, { left, right, both, functions });
  const [leftOut, rightOut] = [passedOn(left.out, join.passed.left), passedOn(right.out, join.passed.right)];
  const { type: kind, isNearest } = join;
  const said = conditions.map(({ words }) => words).join(" and ");
  switch (isNearest ? `NEAREST_${kind}` : kind) {
    case "INNER":
      return { ...restricted(both, conditions), out: [...leftOut, ...rightOut] };
    case "SEMI":
    case "ANTI": {
      const words = `${kind === "SEMI" ? "in" : "not in"} ${rowsOf(right).words} with ${said}`;
      return { ...restricted(left, [term(words, [kind, rowsOf(right), anyOrder(conditions)])]), out: leftOut };
    }
    case "MARK": {
      const mark = term(`${said} in ${rowsOf(right).words}`, ["mark", rowsOf(right), anyOrder(conditions)]);
      return { ...left, out: [...leftOut, mark], tables: withTable(both.tables, join.mark, [mark]) };
    }
    case "SINGLE": {
      const values = rightOut.map((one) => term(one.words, ["single", one, rowsOf(right), anyOrder(conditions)]));
      return { ...left, out: [...leftOut, ...values] };
    }
    case "LEFT":
    case "RIGHT":
    case "FULL":
    case "OUTER":
    case "NEAREST_INNER":
    case "NEAREST_LEFT":
    case "NEAREST_RIGHT":
    case "NEAREST_FULL":
    case "NEAREST_OUTER": {
      // Which of several rows that are as near is taken depends on their order.
      const order: Part = isNearest ? [left.sequence, right.sequence] : null;
      const words = `${rowsOf(left).words} ${isNearest ? "asof " : ""}${kind.toLowerCase()} join ${rowsOf(right).words} on ${said}`;
      const source = term(words, ["join", isNearest, kind, rowsOf(left), rowsOf(right), anyOrder(conditions), order]);
      const [first, second] = [
        /RIGHT|FULL|OUTER/.test(kind) ? orNull(source, { ...left, out: leftOut }) : { ...left, out: leftOut },
        /LEFT|FULL|OUTER/.test(kind) ? orNull(source, { ...right, out: rightOut }) : { ...right, out: rightOut },
      ];
      return made(source, [first, second], { out: [...first.out, ...second.out] });
    }
    default:
      throw new UnknownPlan(`a join of the kind ${kind}`);
  }
}

/** Rows of both by their numbers, with nulls behind the end of the shorter side. */
export function beside(left: Relation, other: Relation): Relation {
  const right = apart(left, other);
  const source = term(`${rowsOf(left).words} beside ${rowsOf(right).words}`, [
    "beside",
    rowsOf(left),
    left.sequence,
    rowsOf(right),
    right.sequence,
  ]);
  const [first, second] = [orNull(source, left), orNull(source, right)];
  return made(source, [first, second], { out: [...first.out, ...second.out] });
}

/** A side of a join whose rows may be missing: then its values are null, also those that are constant in it. */
function orNull(join: Term, side: Relation): Relation {
  const either = (one: Term): Term => term(one.words, ["or null", join, one]);
  return { ...side, out: side.out.map(either), tables: new Map([...side.tables].map(([index, terms]) => [index, terms.map(either)])) };
}

interface Sides {
  readonly left: Relation;
  readonly right: Relation;
  readonly both: Relation;
  readonly functions: ReadonlyMap<string, string>;
}

function conditionsOf({ conditions }: Join, { left, right, both, functions }: Sides): readonly Term[] {
  const [onLeft, onRight, onBoth] = [scopeOf(left, functions), scopeOf(right, functions), scopeOf(both, functions)];
  return conditions.flatMap((one) =>
    "whole" in one ? conjuncts([one.whole], onBoth) : [comparison(one.comparison, termOf(one.left, onLeft), termOf(one.right, onRight))],
  );
}
