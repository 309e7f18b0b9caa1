// Reading one operator of a plan strictly, and what its terms are called by.
import { type Relation, type Term, UnknownMeaning } from "./terms.ts";
import { numbersOf, type PlanNode } from "../lineage/plan.ts";
import { isNode, textOf } from "../syntax/tree.ts";

/** The relation with `terms` as a table of their own, behind `before`. */
export function shown(relation: Relation, table: unknown, terms: readonly Term[], before: readonly Term[] = []): Relation {
  return { ...relation, out: [...before, ...terms], tables: new Map([...relation.tables, [Number(table), terms]]) };
}

export function mapped(out: readonly Term[], map: unknown): readonly Term[] {
  const positions = numbersOf(map);
  return positions.length === 0 ? out : positions.map((index) => at(out, index));
}

export function at(list: readonly Term[], index: number): Term {
  const found = list[index];
  if (found === undefined) throw new UnknownMeaning(`no position ${index}`);
  return found;
}

export function bySize(a: readonly Term[], b: readonly Term[]): number {
  const [left, right] = [a.map(({ hash }) => hash).join(), b.map(({ hash }) => hash).join()];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** O1: nothing is set besides what is read here. */
export function only(node: PlanNode, known: readonly string[]): void {
  for (const [key, value] of Object.entries(node)) {
    if (ALWAYS.has(key) || known.includes(key) || isEmpty(value)) continue;
    throw new UnknownMeaning(`${textOf(node["type"])} with ${key}`);
  }
}

const ALWAYS = new Set(["type", "children", "arguments", "original_arguments", "catalog_name", "schema_name", "has_serialize"]);

function isEmpty(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  return value === null || value === false || value === 0 || value === "" || (isNode(value) && Object.keys(value).length === 0);
}

export function sidesOf(children: readonly PlanNode[]): [PlanNode, PlanNode] {
  const [first, second] = children;
  if (first === undefined || second === undefined || children.length > 2) throw new UnknownMeaning("an operator without its two inputs");
  return [first, second];
}
