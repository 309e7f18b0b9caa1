// The meaning of operators that make one row of many: groups, what is distinct, limits.
import { type Scope, scopeOf, termOf } from "./expressions.ts";
import { anyOrder, byTerms, made, ONE_ROW, type Part, raw, type Relation, rowsOf, type Term, term } from "./terms.ts";
import { passedOn } from "../plan/columns.ts";
import type { Distinct, Group, SortKey } from "../plan/group.ts";
import { isNode } from "../syntax/tree.ts";

type Functions = ReadonlyMap<string, string>;

export function grouped(
  { keys: keyNodes, sets, values: valueNodes, groupings: asked, tables: indexes }: Group,
  below: Relation,
  functions: Functions,
): Relation {
  const inner = scopeOf(below, functions);
  const keys = keyNodes.map((one) => termOf(one, inner));
  const keysAt = (positions: readonly number[]): readonly Term[] => (positions.length === 0 ? [] : passedOn(keys, positions));
  const isPlain = sets.length === 0 || (sets.length === 1 && new Set(sets[0]).size === keys.length);
  const grouping: Part = isPlain ? null : sets.map((set) => anyOrder(keysAt(set))).toSorted(byTerms);
  const words = keys.length === 0 ? "all rows as one" : `by ${keys.map((key) => key.words).join(", ")}`;
  const source = term(`${rowsOf(below).words} ${words}`, ["group", rowsOf(below), anyOrder(keys), grouping]);
  // In rows that are not grouped by it a key is null.
  const groups = isPlain ? keys : keys.map((key) => term(key.words, ["key", source, key]));
  const scope: Scope = { ...inner, over: { rows: source, sequence: below.sequence } };
  const values = valueNodes.map((one) => termOf(one, scope));
  const groupings = asked.map((positions) => term("grouping()", ["grouping", source, keysAt(positions)]));
  const tables = [
    [indexes.keys, groups],
    [indexes.values, values],
    [indexes.groupings, groupings],
  ] as const;
  const whole = made(source, [below], { out: [...groups, ...values, ...groupings], tables: new Map([...below.tables, ...tables]) });
  return keys.length === 0 && isPlain ? { ...whole, sequence: ONE_ROW.sequence } : whole;
}

export function distinct({ isOn, targets: nodes, order: keys }: Distinct, below: Relation, functions: Functions): Relation {
  const rows = rowsOf(below);
  const scope = scopeOf(below, functions);
  const targets = nodes.map((one) => termOf(one, scope));
  // Equal as a collation sees it is not equal: which of several is given then depends on the order.
  const told = new Set(targets.map(({ hash }) => hash));
  const isWhole = below.out.every(({ hash }) => told.has(hash));
  if (!isOn && isWhole) {
    const source = term(`distinct rows of ${rows.words}`, ["distinct", rows, anyOrder(below.out)]);
    return made(source, [below], { out: below.out });
  }
  const order = keys.length === 0 ? null : sortKeys(keys, scope);
  const words = `${rows.words}, one for each ${targets.map((one) => one.words).join(", ")}`;
  const source = term(words, ["first of each", rows, anyOrder(targets), order, below.sequence]);
  return made(source, [below], { out: below.out });
}

export function limited(bounds: readonly [limit: unknown, offset: unknown], below: Relation, functions: Functions): Relation {
  const scope = scopeOf(below, functions);
  const [limit, offset] = bounds.map((bound): Part => {
    const { expression, ...constant } = bound as Readonly<Record<string, unknown>>;
    return [raw(constant), isNode(expression) ? termOf(expression, scope) : null];
  });
  const source = term(`${rowsOf(below).words} limited`, ["limit", limit!, offset!, rowsOf(below), below.sequence]);
  return made(source, [below], { out: below.out, sort: below.sort, sequence: term("", ["limited", source, below.sequence]) });
}

export function sortKeys(keys: readonly SortKey[], scope: Scope): Part {
  return keys.map(({ direction, nulls, expression }) => [direction, nulls, termOf(expression, scope)]);
}
