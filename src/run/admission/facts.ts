// What is in flight over all runs, folded from their events: who holds which pool, what is spent of rates, how connections behave, whose turn it was.
// O(log n) per event (the start of a run O(its plan), once).
//   A1. A pool is held by live attempts and by nothing else: each holder is an entry under the attempt's name, so nothing is counted that could leak,
//       and an event that is folded twice changes nothing.
//   A2. Times are those of the fold (`seenAt`), not of the events: the clocks of other engines do not matter.
import type { RunEvent } from "../../model/events.ts";
import type { NodeId } from "../../model/graph.ts";
import { BREAKER_DEFAULT, type BreakerSettings, type Limit, type Limits } from "../../model/limits.ts";
import type { PlanNode } from "../../model/plan.ts";
import { type Breaker, breakerAfter, closedBreaker, type Ending, saysDown } from "./breaker.ts";
import { breakerPool } from "./port.ts";
import { spend, type Spent, tokensMax, unspent } from "./rate.ts";
import { emptyTable, entriesOf, lookup, put, remove, type Table, valuesOf } from "./table.ts";
import { newTurns, took, type Turns } from "./turns.ts";

export type Pools = readonly (readonly [pool: string, weight: number])[];

export interface LiveAttempt {
  readonly run: string;
  readonly node: NodeId;
  readonly attempt: number;
  readonly owner: string;
  readonly startedAt: number;
  readonly pools: Pools;
}

export interface PoolFacts {
  /** By run and node. */
  readonly holders: Table<LiveAttempt>;
  /** The weights of the holders. */
  readonly held: number;
  readonly spent: Spent | null;
  readonly turns: Turns;
}

/** A run that is going on and whose nodes count against something that is limited. */
export interface RunFacts {
  readonly run: string;
  readonly job: string | null;
  /** Whose turn it is counted as: the run's own key, else its job. */
  readonly key: string;
  readonly startedAt: number;
  readonly priority: number;
  readonly nodes: ReadonlyMap<NodeId, PlanNode>;
  readonly live: Table<LiveAttempt>;
}

export interface AdmissionFacts {
  readonly limits: Limits;
  /** Time of the newest fold. */
  readonly at: number;
  readonly runs: Table<RunFacts>;
  readonly pools: Table<PoolFacts>;
  readonly breakers: Table<Breaker>;
  /** When a flow (see share.ts) was last given a place. */
  readonly served: Table<number>;
}

const NO_POOLS: Pools = [];
/** Flows whose last turn is remembered; beyond it the longest ago are forgotten. */
const SERVED_MAX = 4_096;

export function newAdmission(limits: Limits): AdmissionFacts {
  return { limits, at: 0, runs: emptyTable(), pools: emptyTable(), breakers: emptyTable(), served: emptyTable() };
}

export function breakerSettings(limits: Limits, connection: string): BreakerSettings | null {
  return limits.breakers[connection] === undefined ? BREAKER_DEFAULT : limits.breakers[connection];
}

/** The limit of a pool; undefined: it has none. */
export function limitOf(limits: Limits, pool: string): Limit | undefined {
  return Object.hasOwn(limits.pools, pool) ? limits.pools[pool] : undefined;
}

/** Everything that an attempt of the node counts against. */
export function poolsOf(facts: AdmissionFacts, job: string | null, { pools, connection }: PlanNode): Pools {
  const { limits } = facts;
  const isCommon = limits.pools["*"] !== undefined || limits.pools[`job:${job ?? ""}`] !== undefined;
  if (pools === undefined && connection === undefined && !isCommon) return NO_POOLS;
  const own = Object.entries(pools ?? {}).filter(([pool]) => limitOf(limits, pool) !== undefined);
  for (const pool of ["*", `job:${job ?? ""}`]) if (limitOf(limits, pool) !== undefined) own.push([pool, 1]);
  if (connection !== undefined && breakerSettings(limits, connection) !== null) own.push([breakerPool(connection), 1]);
  return own.map(([pool, weight]) => [pool, Math.min(weight, mostIn(facts, pool))] as const);
}

/** The most that an attempt counts for: a weight beyond it (the limit was lowered after the run was planned) would wait for ever. */
export function mostIn({ limits }: AdmissionFacts, pool: string): number {
  const { slots = Infinity, rate } = limitOf(limits, pool) ?? {};
  return Math.min(slots, rate === undefined ? Infinity : tokensMax(rate));
}

export function poolFacts({ pools, limits }: AdmissionFacts, pool: string): PoolFacts {
  const rate = limitOf(limits, pool)?.rate;
  return lookup(pools, pool) ?? { holders: emptyTable(), held: 0, spent: rate === undefined ? null : unspent(rate), turns: newTurns };
}

/** The connection whose breaker the pool is; null for any other pool. */
export function breakerConnection(pool: string): string | null {
  const prefix = breakerPool("");
  return pool.startsWith(prefix) ? pool.slice(prefix.length) : null;
}

export function breakerOf({ breakers }: AdmissionFacts, connection: string): Breaker {
  return lookup(breakers, connection) ?? closedBreaker;
}

/** One event of the stream of a run; `seenAt`: when this engine learned of it. */
export function foldAdmission(facts: AdmissionFacts, stream: string, event: RunEvent, seenAt: number = event.at): AdmissionFacts {
  const at = Math.max(facts.at, seenAt);
  if (event.type === "run_started") return startRun({ ...facts, at }, stream, event, at);
  const run = lookup(facts.runs, stream);
  if (run === undefined) return facts;
  const timed = { ...facts, at };
  switch (event.type) {
    case "attempt_started":
      return startAttempt(timed, run, event, at);
    case "attempt_failed":
      return endAttempt(timed, run, event, saysDown(event) ? { code: event.error.code, message: event.error.message } : undefined);
    case "node_succeeded":
      return endAttempt(timed, run, event, null);
    case "node_waiting":
    case "node_mapped":
      return endAttempt(timed, run, event, undefined);
    case "node_skipped":
    case "node_canceled":
    case "node_failed":
    case "node_reused":
      return endAttempt(timed, run, { node: event.node, attempt: null }, undefined);
    case "run_finished": {
      let next: AdmissionFacts = timed;
      for (const { node } of valuesOf(run.live)) next = endAttempt(next, lookup(next.runs, stream)!, { node, attempt: null }, undefined);
      return { ...next, runs: remove(next.runs, stream) };
    }
    case "lease_extended":
    case "node_signaled":
    case "run_paused":
    case "run_resumed":
    case "concurrency_changed":
    case "compensation_started":
    case "cancel_requested":
      return timed;
    default:
      // Of a newer version: it is not ours to judge; what ends an attempt ends with its run.
      return timed;
  }
}

/** The facts without attempts of engines that are dead: what they held is free, whatever their log says. */
export function withoutOwners(facts: AdmissionFacts, isDead: (owner: string) => boolean): AdmissionFacts {
  let next = facts;
  for (const run of valuesOf(facts.runs))
    for (const { node, owner } of valuesOf(run.live))
      if (isDead(owner)) next = endAttempt(next, lookup(next.runs, run.run)!, { node, attempt: null }, undefined);
  return next;
}

/** The facts with what is not stored yet as far as it opens breakers; what closes them counts when it is stored. */
export function withBreakersOf(facts: AdmissionFacts, drafted: AdmissionFacts): AdmissionFacts {
  let { breakers } = facts;
  for (const [connection, breaker] of entriesOf(drafted.breakers)) {
    const known = lookup(breakers, connection);
    if (breaker.kind === "open" && (known?.kind !== "open" || known.until < breaker.until)) breakers = put(breakers, connection, breaker);
  }
  return { ...facts, breakers };
}

/** By pool the weights of a run's attempts that have ended between two folds; a probe of a connection gives back nothing before its end is stored. */
export function freedBy(run: string, before: AdmissionFacts, after: AdmissionFacts): Readonly<Record<string, number>> {
  const freed: Record<string, number> = {};
  const left = lookup(after.runs, run)?.live;
  for (const live of valuesOf(lookup(before.runs, run)?.live ?? emptyTable<LiveAttempt>())) {
    if (left !== undefined && lookup(left, live.node)?.attempt === live.attempt) continue;
    for (const [pool, weight] of live.pools) if (breakerConnection(pool) === null) freed[pool] = (freed[pool] ?? 0) + weight;
  }
  return freed;
}

function startRun(facts: AdmissionFacts, run: string, { plan }: RunEvent & { type: "run_started" }, at: number): AdmissionFacts {
  if (lookup(facts.runs, run) !== undefined) return facts;
  const job = plan.job;
  if (!plan.nodes.some((node) => poolsOf(facts, job, node).length > 0)) return facts;
  const nodes = new Map(plan.nodes.map((node) => [node.id, node]));
  const key = plan.key ?? job ?? "";
  return {
    ...facts,
    runs: put(facts.runs, run, { run, job, key, startedAt: at, priority: plan.priority ?? 0, nodes, live: emptyTable() }),
  };
}

function startAttempt(facts: AdmissionFacts, run: RunFacts, event: RunEvent & { type: "attempt_started" }, at: number): AdmissionFacts {
  const node = nodeNamed(run, event.node);
  const known = lookup(run.live, event.node);
  if (node === undefined || (known !== undefined && known.attempt >= event.attempt)) return facts;
  const before = known === undefined ? facts : release(facts, known);
  const pools = poolsOf(before, run.job, node);
  if (pools.length === 0) return before;
  const live: LiveAttempt = { run: run.run, node: event.node, attempt: event.attempt, owner: event.owner, startedAt: at, pools };
  let next: AdmissionFacts = { ...before, runs: put(before.runs, run.run, { ...run, live: put(run.live, event.node, live) }) };
  for (const [name, weight] of pools) {
    const pool = poolFacts(next, name);
    const rate = limitOf(next.limits, name)?.rate;
    next = {
      ...next,
      pools: put(next.pools, name, {
        holders: put(pool.holders, holderName(live), live),
        held: pool.held + weight,
        spent: rate === undefined || pool.spent === null ? null : spend(rate, pool.spent, { at, weight }),
        turns:
          limitOf(next.limits, name) === undefined ? pool.turns : took(pool.turns, run.key, weight / (next.limits.shares[run.key] ?? 1)),
      }),
    };
  }
  const served = put(next.served, flowName(run.key, run.priority + (node.priority ?? 0), pools), at);
  return { ...next, served: served.size > SERVED_MAX ? newestHalf(served) : served };
}

/** `error`: null when it did what it should, undefined when its end says nothing about its connection. */
function endAttempt(
  facts: AdmissionFacts,
  run: RunFacts,
  { node, attempt }: { readonly node: NodeId; readonly attempt: number | null },
  error: Ending["error"] | undefined,
): AdmissionFacts {
  const live = lookup(run.live, node);
  if (live === undefined || (attempt !== null && live.attempt !== attempt)) return facts;
  const next = release({ ...facts, runs: put(facts.runs, run.run, { ...run, live: remove(run.live, node) }) }, live);
  const connection = nodeNamed(run, node)?.connection;
  const settings = connection === undefined ? null : breakerSettings(facts.limits, connection);
  if (connection === undefined || settings === null || error === undefined) return next;
  const breaker = breakerAfter(settings, breakerOf(next, connection), { startedAt: live.startedAt, at: facts.at, error });
  const plain = breaker.kind === "closed" && breaker.failures === 0;
  return { ...next, breakers: plain ? remove(next.breakers, connection) : put(next.breakers, connection, breaker) };
}

function release(facts: AdmissionFacts, live: LiveAttempt): AdmissionFacts {
  let { pools } = facts;
  for (const [name, weight] of live.pools) {
    const pool = lookup(pools, name);
    if (pool === undefined || lookup(pool.holders, holderName(live)) === undefined) continue;
    pools = put(pools, name, { ...pool, holders: remove(pool.holders, holderName(live)), held: pool.held - weight });
  }
  return { ...facts, pools };
}

/** Items of a mapped node, `node[3]`, count as it does. */
export function nodeNamed({ nodes }: Pick<RunFacts, "nodes">, id: NodeId): PlanNode | undefined {
  return nodes.get(id) ?? (id.endsWith("]") ? nodes.get(id.slice(0, id.lastIndexOf("["))) : undefined);
}

/** Those who wait for the same places with the same right: see share.ts. */
export function flowName(key: string, priority: number, pools: Pools): string {
  return JSON.stringify([key, priority, ...pools.map(([pool]) => pool).toSorted()]);
}

function holderName({ run, node }: LiveAttempt): string {
  return `${run}/${node}`;
}

function newestHalf(served: Table<number>): Table<number> {
  const kept = [...entriesOf(served)].toSorted(([, a], [, b]) => b - a).slice(0, SERVED_MAX / 2);
  return kept.reduce<Table<number>>((table, [flow, at]) => put(table, flow, at), emptyTable());
}
