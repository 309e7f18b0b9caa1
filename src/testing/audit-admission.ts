// Judges from the log alone whether places, rates and breakers were kept, whether what could start did, and in the right order. Nothing of it comes from
// src/run/admission: limits are checked by counting.
//   M1. Weights of live attempts never exceed the slots of a pool. Attempts of an engine that died hold nothing.
//   M2. No window of a rate holds more than it says.
//   M3. Nothing starts on a connection whose breaker is open; half open, one attempt at a time.
//   M4. What could start while nobody else wanted its pools, or only its like, starts.
//   M5. Among those who wait for the same, the higher priority goes first, then (with the same key) the older run.
import type { RunEvent } from "../model/events.ts";
import { BREAKER_DEFAULT, type Limits, type Rate } from "../model/limits.ts";
import type { PlanNode } from "../model/plan.ts";
import { runEventsOf } from "../model/store-events.ts";
import { evolve } from "../run/evolve.ts";
import { nodeOf } from "../run/graph.ts";
import { type GoingRun, newRun, type RunState } from "../run/state.ts";
import { get } from "../run/vector.ts";
import type { Batch } from "../store/store.ts";
import { must } from "./audit-book.ts";

export interface AdmissionLog {
  readonly limits: Limits;
  readonly batches: readonly Batch[];
  /** Engines that died, with the number of batches that were there then. */
  readonly deaths: ReadonlyMap<string, number>;
  /** Times at which an engine died or began; around them nobody may have been there to start anything. */
  readonly gaps: readonly (readonly [from: number, to: number])[];
  /** Longer waits change the order. */
  readonly ageMs: number;
}

interface Live {
  readonly owner: string;
  readonly at: number;
  readonly pools: ReadonlyMap<string, number>;
  readonly connection: string | undefined;
}

interface Waiting {
  readonly run: string;
  readonly startedAt: number;
  readonly key: string;
  readonly priority: number;
  readonly node: PlanNode;
  readonly since: number;
  readonly pools: ReadonlyMap<string, number>;
  readonly like: string;
}

type Breaker = { failures: number; until: number | null; pauseMs: number };

export function auditAdmission({ limits, batches, deaths, gaps, ageMs }: AdmissionLog): void {
  const states = new Map<string, RunState>();
  const plans = new Map<string, RunEvent & { type: "run_started" }>();
  const live = new Map<string, Live>();
  const starts = new Map<string, { at: number; weight: number }[]>();
  const breakers = new Map<string, Breaker>();
  let started: Waiting[] = [];
  let touched = new Set<string>();

  const poolsOf = (run: string, node: PlanNode): ReadonlyMap<string, number> => {
    const job = plans.get(run)!.plan.job;
    const all = [...Object.entries(node.pools ?? {}), ["*", 1] as const, [`job:${job}`, 1] as const];
    return new Map(all.filter(([pool]) => limits.pools[pool] !== undefined).map(([pool, weight]) => [pool, capped(limits, pool, weight)]));
  };
  const describe = (run: string, node: PlanNode, since: number): Waiting => {
    const { plan, at } = plans.get(run)!;
    const pools = poolsOf(run, node);
    const like = JSON.stringify([[...pools].toSorted(([a], [b]) => (a < b ? -1 : 1)), node.connection ?? null]);
    const priority = (plan.priority ?? 0) + (node.priority ?? 0);
    return { run, startedAt: at, key: plan.key ?? plan.job ?? "", priority, node, since, pools, like };
  };
  const held = (pool: string): number => [...live.values()].reduce((sum, { pools }) => sum + (pools.get(pool) ?? 0), 0);
  const breakerOf = (connection: string): Breaker => {
    const known = breakers.get(connection) ?? { failures: 0, until: null, pauseMs: 0 };
    breakers.set(connection, known);
    return known;
  };
  const probing = (connection: string, until: number): boolean =>
    [...live.values()].some((each) => each.connection === connection && each.at >= until);
  const lets = (connection: string | undefined, at: number): boolean => {
    if (connection === undefined || limits.breakers[connection] === null) return true;
    const { until } = breakerOf(connection);
    return until === null || (at >= until && !probing(connection, until));
  };

  const start = (run: string, event: RunEvent & { type: "attempt_started" }): void => {
    const node = plans.get(run)!.plan.nodes.find(({ id }) => id === event.node)!;
    const before = nodesWaiting(states.get(run) as GoingRun, event.at).find((other) => other.node.id === node.id);
    const each = describe(run, node, before?.since ?? event.at);
    for (const [pool, weight] of each.pools) {
      const { slots } = limits.pools[pool]!;
      must(slots === undefined || held(pool) + weight <= slots, "M1", `${node.id} of ${run} starts beyond the ${slots} slots of ${pool}`);
      starts.set(pool, [...(starts.get(pool) ?? []), { at: event.at, weight }]);
      must(keepsRate(limits.pools[pool]!.rate, starts.get(pool)!), "M2", `${node.id} of ${run} starts beyond the rate of ${pool}`);
    }
    must(lets(node.connection, event.at), "M3", `${node.id} of ${run} starts although ${node.connection} is down`);
    live.set(`${run}/${node.id}`, { owner: event.owner, at: event.at, pools: each.pools, connection: node.connection });
    started.push(each);
  };
  const end = (run: string, event: RunEvent & { readonly node: string }): void => {
    const name = `${run}/${event.node}`;
    const attempt = live.get(name);
    live.delete(name);
    if (attempt?.connection === undefined || limits.breakers[attempt.connection] === null) return;
    const breaker = breakerOf(attempt.connection);
    const { failures, pauseMs, maxPauseMs } = limits.breakers[attempt.connection] ?? BREAKER_DEFAULT;
    const counts = breaker.until === null || attempt.at >= breaker.until;
    if (event.type === "node_succeeded" && counts) breakers.set(attempt.connection, { failures: 0, until: null, pauseMs: 0 });
    if (
      event.type !== "attempt_failed" ||
      event.reason !== "error" ||
      !event.error.retryable ||
      event.error.retryAfterMs !== undefined ||
      !counts
    )
      return;
    breaker.failures++;
    if (breaker.until === null && breaker.failures < failures) return;
    breaker.pauseMs = breaker.until === null ? pauseMs : Math.min(maxPauseMs, breaker.pauseMs * 2);
    breaker.until = event.at + breaker.pauseMs;
  };

  const waitingAt = (at: number): readonly Waiting[] =>
    [...states].flatMap(([run, state]) => {
      if (state.phase !== "going" || state.paused || state.cancel !== null || state.runningCount >= state.concurrency) return [];
      return nodesWaiting(state, at).map(({ node, since }) => describe(run, node, since));
    });
  const quiet = (from: number, until: number): void => {
    const isGap = gaps.some(([begin, stop]) => begin <= until && stop >= from);
    if (!isGap) {
      const now = waitingAt(from);
      for (const first of started)
        for (const other of now)
          if (other.run !== first.run && other.like === first.like && other.since < from && !touched.has(other.run))
            mayGoBefore(first, other, from, ageMs);
      const later = waitingAt(until);
      for (const one of later) if (couldStart(one, later, until)) must(false, "M4", `${one.node.id} of ${one.run} could start at ${until}`);
    }
    started = [];
    touched = new Set();
  };
  const couldStart = ({ node, pools, like }: Waiting, all: readonly Waiting[], at: number): boolean =>
    lets(node.connection, at) &&
    [...pools].every(([pool, weight]) => {
      const { slots, rate } = limits.pools[pool]!;
      const list = [...(starts.get(pool) ?? []), { at, weight }];
      return (slots === undefined || held(pool) + weight <= slots) && keepsRate(rate, list);
    }) &&
    all.every((other) => other.like === like || ![...other.pools.keys()].some((pool) => pools.has(pool)));

  for (const [index, batch] of batches.entries()) {
    for (const [owner, position] of deaths)
      if (position === index) for (const [name, attempt] of live) if (attempt.owner === owner) live.delete(name);
    const events = runEventsOf(batch);
    for (const event of events) {
      if (event.type === "run_started") plans.set(batch.stream, event);
      if (event.type === "attempt_started") start(batch.stream, event);
      else if ("node" in event && event.type !== "lease_extended" && event.type !== "node_signaled") end(batch.stream, event);
      states.set(batch.stream, evolve(states.get(batch.stream) ?? newRun, event));
    }
    touched.add(batch.stream);
    const at = events[0]!.at;
    const next = batches[index + 1];
    const nextAt = next === undefined ? null : runEventsOf(next)[0]!.at;
    if (nextAt !== null && nextAt > at) quiet(at, nextAt - 1);
  }
}

function mayGoBefore(first: Waiting, other: Waiting, at: number, ageMs: number): void {
  if (at - Math.min(first.since, other.since) >= ageMs) return;
  const names = `${first.node.id} of ${first.run} starts before ${other.node.id} of ${other.run}`;
  must(first.priority >= other.priority, "M5", `${names}, which has the higher priority`);
  const sameFlow = first.key === other.key && first.priority === other.priority;
  must(!sameFlow || first.startedAt <= other.startedAt, "M5", `${names}, which is older`);
}

function nodesWaiting(state: GoingRun, at: number): readonly { readonly node: PlanNode; readonly since: number }[] {
  const list = [];
  for (let index = 0; index < state.graph.size; index++) {
    const known = get(state.nodes, index);
    const node = nodeOf(state.graph, index);
    if (known.kind === "ready") list.push({ node, since: known.since });
    else if (known.kind === "backoff" && known.retryAt <= at) list.push({ node, since: known.retryAt });
  }
  return list;
}

/** The newest start against all windows that end with it. */
function keepsRate(rate: Rate | undefined, starts: readonly { readonly at: number; readonly weight: number }[]): boolean {
  if (rate === undefined) return true;
  const last = starts.at(-1)!.at;
  let sum = 0;
  for (const { at, weight } of starts.toReversed()) {
    sum += weight;
    const spanMs = last - at;
    if (rate.burst === undefined && spanMs >= rate.perMs) break;
    if (sum > (rate.burst === undefined ? rate.count : rate.burst + Math.floor((spanMs * rate.count) / rate.perMs))) return false;
  }
  return true;
}

function capped(limits: Limits, pool: string, weight: number): number {
  const { slots = Infinity, rate } = limits.pools[pool]!;
  return Math.min(weight, slots, rate === undefined ? Infinity : (rate.burst ?? rate.count));
}
