// The values that fingerprints are made of: a term is a hash with what it stands on and how a person would say it; a relation is what an operator gives.
//   T1. A term says which function of a row a value is. Whatever makes new rows (a join that adds nulls, a union, unnest) is named in the terms of what it gives.
//   T2. Rows are a set of sources, each made once, and of conditions on them: neither their order nor how they are nested counts.
//   T3. In one relation no two sources are mistaken for each other: where both sides of a join may hold the same one, those of the right are renamed.
import { type Columns, withTable } from "../plan/columns.ts";
import { hashOf } from "../syntax/tree.ts";

export interface Term {
  readonly hash: string;
  /** Keys of leaves, see `leafKey`. */
  readonly leaves: ReadonlySet<string>;
  readonly words: string;
}

export interface Relation extends Columns<Term> {
  readonly sources: readonly Term[];
  readonly conditions: readonly Term[];
  /** In which order the rows come, whatever makes it so: for what depends on it. */
  readonly sequence: Term;
  /** How the query says that they are sorted. */
  readonly sort: Term | null;
  /** Origins whose terms may stand in `out`. */
  readonly origins: ReadonlySet<string>;
  /** Not less than the number of sources that were joined. */
  readonly size: number;
}

/** What a term is made of: texts, terms, lists of both. Lists keep their lengths, so that no two makings read the same. */
export type Part = string | number | boolean | null | Term | readonly Part[];

const WORDS_MAX = 160;
const NOTHING: ReadonlySet<string> = new Set();
const SEPARATOR = "\u0000";

export function leafKey(asset: string, part: "rows" | "order" | "column", column = ""): string {
  return [part, asset, column].join(SEPARATOR);
}

export function splitLeaf(key: string): { readonly part: "rows" | "order" | "column"; readonly asset: string; readonly column: string } {
  const [part, asset, ...column] = key.split(SEPARATOR);
  return { part: part as "rows" | "order" | "column", asset: asset!, column: column.join(SEPARATOR) };
}

export function term(words: string, parts: readonly Part[], leaves: ReadonlySet<string> = NOTHING): Term {
  const found: ReadonlySet<string>[] = leaves.size === 0 ? [] : [leaves];
  const plain = (part: Part): unknown => {
    if (Array.isArray(part)) return part.map((inner: Part) => plain(inner));
    if (typeof part !== "object" || part === null) return part;
    const inner = part as Term;
    if (inner.leaves.size > 0) found.push(inner.leaves);
    // A hash is marked: a text that reads like one is another part.
    return { h: inner.hash };
  };
  const hash = hashOf(JSON.stringify(parts.map(plain)));
  return { hash, leaves: together(found), words: shortened(words) };
}

function together(sets: readonly ReadonlySet<string>[]): ReadonlySet<string> {
  if (sets.length <= 1) return sets[0] ?? NOTHING;
  const all = new Set<string>();
  for (const set of sets) for (const key of set) all.add(key);
  return all;
}

function shortened(words: string): string {
  return words.length <= WORDS_MAX ? words : `${words.slice(0, WORDS_MAX - 1)}…`;
}

/** Each once, in an order of their own. */
export function anyOrder(terms: readonly Term[]): readonly Term[] {
  return [...new Map(terms.map((one) => [one.hash, one])).values()].toSorted(byHash);
}

export function byHash(a: Term, b: Term): number {
  return a.hash < b.hash ? -1 : a.hash > b.hash ? 1 : 0;
}

/** Lists in an order of their own. */
export function byTerms(a: readonly Term[], b: readonly Term[]): number {
  const [left, right] = [a.map(({ hash }) => hash).join(), b.map(({ hash }) => hash).join()];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Types, constants and settings: plain data, its keys in the order of the plan. */
export function raw(value: unknown): string {
  return JSON.stringify(value);
}

/** Which rows a relation has, as one term. */
export function rowsOf({ sources, conditions }: Pick<Relation, "sources" | "conditions">): Term {
  const [source] = sources;
  if (sources.length === 1 && conditions.length === 0 && source !== undefined) return source;
  const words = `${sources.map((one) => one.words).join(", ")}${conditions.map((one) => ` where ${one.words}`).join("")}`;
  return term(words, ["rows", anyOrder(sources), anyOrder(conditions)]);
}

/** Stands in whatever depends on an order that the query does not settle. */
export const SOME_ORDER = leafKey("", "order");
const IN_SOME_ORDER: ReadonlySet<string> = new Set([SOME_ORDER]);

/** A relation whose rows are new ones: `source` says which. */
export function made(source: Term, from: readonly Relation[], rest: Partial<Relation> & Pick<Relation, "out">): Relation {
  const origins = new Set<string>([source.hash]);
  for (const relation of from) for (const origin of relation.origins) origins.add(origin);
  return {
    tables: new Map(from.flatMap(({ tables }) => [...tables])),
    sources: [source],
    conditions: [],
    sequence: term("", ["sequence", source, from.map(({ sequence }) => sequence)], IN_SOME_ORDER),
    sort: null,
    origins,
    size: Math.max(
      1,
      from.reduce((sum, { size }) => sum + size, 0),
    ),
    ...rest,
  };
}

/** One row without columns. */
export const ONE_ROW: Relation = {
  out: [],
  tables: new Map(),
  sources: [],
  conditions: [],
  sequence: term("", ["one row"]),
  sort: null,
  origins: new Set(),
  size: 0,
};

/** The relation with `terms` as a table of their own, behind `before`. */
export function shown(relation: Relation, table: number, terms: readonly Term[], before: readonly Term[] = []): Relation {
  return { ...relation, out: [...before, ...terms], tables: withTable(relation.tables, table, terms) };
}

/** Fewer rows of the same relation. */
export function restricted(below: Relation, conditions: readonly Term[]): Relation {
  return {
    ...below,
    conditions: anyOrder([...below.conditions, ...conditions]),
    sequence: term("", ["filter", below.sequence, anyOrder(conditions)]),
  };
}

/** T3: the right side of a join, told apart from the left. */
export function apart(left: Relation, right: Relation): Relation {
  if (![...right.origins].some((origin) => left.origins.has(origin))) return right;
  const again = (one: Term): Term => term(one.words, ["again", left.size, one]);
  return {
    ...right,
    out: right.out.map(again),
    tables: new Map([...right.tables].map(([index, terms]) => [index, terms.map(again)])),
    sources: right.sources.map(again),
    conditions: right.conditions.map(again),
  };
}

/** Every pair of rows of both, as an inner join without conditions. */
export function paired(left: Relation, right: Relation): Relation {
  return {
    out: [...left.out, ...right.out],
    tables: new Map([...left.tables, ...right.tables]),
    sources: [...left.sources, ...right.sources],
    conditions: anyOrder([...left.conditions, ...right.conditions]),
    sequence: term("", ["join", left.sequence, right.sequence]),
    sort: null,
    origins: new Set([...left.origins, ...right.origins]),
    size: left.size + right.size,
  };
}
