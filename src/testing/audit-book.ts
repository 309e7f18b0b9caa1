// What the auditor notes of each node while it reads a log, and what it concludes from that by its own reckoning: nothing here comes from the core.
import type { RunStarted } from "../model/events.ts";
import type { PlanNode, RunPlan } from "../model/plan.ts";
import type { Wait } from "../model/wait.ts";

export class Violation extends Error {}

export function must(holds: boolean, invariant: string, what: string): asserts holds {
  if (!holds) throw new Violation(`${invariant}: ${what}`);
}

export interface NodeBook {
  readonly plan: PlanNode;
  /** Of an item: its mapped node. */
  readonly parent: NodeBook | null;
  attempts: number;
  /** Attempts that are no tries. */
  uncounted: number;
  interruptions: number;
  live: { attempt: number; startedAt: number; leaseUntil: number | null } | null;
  startedAt: number;
  retryAt: number | null;
  waiting: { kind: Wait["kind"]; until: number | null } | null;
  /** Start of the first attempt that let its place go. */
  waitsSince: number | null;
  readySince: number | null;
  final: string | null;
  because: string | null;
  items: readonly NodeBook[] | null;
}

export function bookOf(plan: PlanNode, parent: NodeBook | null = null): NodeBook {
  return {
    plan,
    parent,
    attempts: 0,
    uncounted: 0,
    interruptions: 0,
    live: null,
    startedAt: 0,
    retryAt: null,
    waiting: null,
    waitsSince: null,
    readySince: null,
    final: null,
    because: null,
    items: null,
  };
}

/** What the whole log has told so far. */
export interface Audit {
  readonly first: RunStarted;
  readonly books: Books;
  readonly takeOver: ReadonlyMap<string, number>;
  cancel: { readonly at: number; readonly cause: string } | null;
  compensation: readonly string[] | null;
  /** Targets of undos in the order in which they succeeded. */
  readonly successes: string[];
}

export type Books = ReadonlyMap<string, NodeBook>;

export function get(books: Books, id: string): NodeBook {
  const book = books.get(id);
  must(book !== undefined, "R3", `${id} is in the plan`);
  return book;
}

/** How a settled node counts for what stands on it. */
export function verdict(books: Books, book: NodeBook): "good" | "bad" | "passed" {
  if (book.final === "succeeded" || book.final === "reused") return "good";
  if (book.final !== "skipped") return "bad";
  return book.because === null || verdict(books, get(books, book.because)) === "passed" ? "passed" : "bad";
}

/** `starts`: its needs are settled as it wants. `never`: they are, or will be, such that it cannot start. `open`: not known yet. */
export function fateOf(books: Books, { plan }: NodeBook): "starts" | "never" | "open" {
  const needs = plan.needs.map((id) => get(books, id));
  const settled = needs.filter((need) => need.final !== null).map((need) => verdict(books, need));
  const all = settled.length === needs.length;
  const { when } = plan;
  switch (when) {
    case undefined:
    case "succeeded":
      return settled.some((each) => each !== "good") ? "never" : all ? "starts" : "open";
    case "noneFailed":
      return settled.includes("bad") ? "never" : all ? "starts" : "open";
    case "failed":
      return !all ? "open" : needs.length === 0 || settled.includes("bad") ? "starts" : "never";
    case "always":
      return all ? "starts" : "open";
    default:
      return when satisfies never;
  }
}

export function weightsOf({ plan }: NodeBook): ReadonlyMap<string, number> {
  return new Map(Object.entries(plan.pools ?? {}));
}

/** Would one more attempt of this node keep within the limits of the plan? */
export function fits(books: Books, plan: RunPlan, book: NodeBook): boolean {
  return [...weightsOf(book)].every(([pool, weight]) => {
    const limit = plan.limits?.[pool];
    return limit === undefined || used(books, pool) + weight <= limit;
  });
}

export function used(books: Books, pool: string): number {
  let weight = 0;
  for (const book of books.values()) if (book.live !== null) weight += weightsOf(book).get(pool) ?? 0;
  return weight;
}

export function standsOn(books: Books, id: string, below: string, seen = new Set<string>()): boolean {
  return get(books, id).plan.needs.some((need) => {
    if (need === below) return true;
    if (seen.has(need)) return false;
    seen.add(need);
    return standsOn(books, need, below, seen);
  });
}
