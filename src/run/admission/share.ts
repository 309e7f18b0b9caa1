// Who may start next where places are short. Those who wait for the same pools with the same fairness key and priority are a flow; a flow is served in the
// order of its runs. Between flows:
//   O1. The level decides: the priority, and one more for every AGE_MS that the flow has waited since it was last served. So nobody starves: a flow of
//       priority p is ahead of every flow that was served since, at the latest (highest − p + 1) × AGE_MS after its head began to wait.
//   O2. At the same level whoever is further behind its fair share (turns.ts), then who waits longest.
//   O3. A head that does not fit holds back what it lacks from those behind it: heavy weights are not starved by light ones. After PATIENCE_MS it holds
//       back everything that it needs, so that two pools which are never free at the same time do not starve it.
//   O4. Grants never exceed what is left; a place that a run frees in the same commit is only its own to use again.
import type { Demand } from "./demand.ts";
import { type AdmissionFacts, limitOf, type Pools } from "./facts.ts";
import type { Admission } from "./port.ts";
import { spend } from "./rate.ts";
import { type Left, leftOf, limitedPools, tokensIn } from "./room.ts";
import { lookup } from "./table.ts";
import { lead, took } from "./turns.ts";

export const AGE_MS = 60_000;
export const PATIENCE_MS = 120_000;

export interface ShareInput {
  readonly facts: AdmissionFacts;
  /** Of one flow in the order in which they are to be served. */
  readonly demands: readonly Demand[];
  readonly now: number;
  /** By run: weights by pool that its uncommitted events give back. */
  readonly freed?: ReadonlyMap<string, Readonly<Record<string, number>>>;
}

export interface Shared {
  /** In the order in which they were granted. */
  readonly granted: readonly Demand[];
  /** Heads that found no place. */
  readonly blocked: readonly Demand[];
  /** What each run may start; a run that is not named may start nothing that is limited: `nothing`. */
  readonly grants: ReadonlyMap<string, Admission>;
  readonly nothing: Admission;
  /** When time alone makes room for a head; null when it takes an end of an attempt. */
  readonly wakeAt: number | null;
}

interface Flow {
  readonly heads: readonly Demand[];
  next: number;
  served: number;
}

/** Places and closed pools over all runs, for whoever asks without a demand of its own. */
export function admissionOf(facts: AdmissionFacts, now: number): Admission {
  const places: Record<string, number> = {};
  const closedUntil: Record<string, number> = {};
  for (const pool of limitedPools(facts)) {
    const left = leftOf(facts, pool, now);
    places[pool] = Math.max(0, Math.min(left.slots, left.tokens));
    const opensAt = left.closedUntil ?? tokensIn(facts, pool, left.spent, { weight: 1, now });
    if (opensAt > now) closedUntil[pool] = opensAt;
  }
  return { places, closedUntil };
}

export function share({ facts, demands, now, freed }: ShareInput): Shared {
  const pools = new Map<string, Left>();
  const left = (pool: string): Left => {
    const known = pools.get(pool) ?? leftOf(facts, pool, now);
    pools.set(pool, known);
    return known;
  };
  for (const [run, weights] of freed ?? [])
    for (const [pool, weight] of Object.entries(weights)) left(pool).own.set(run, (left(pool).own.get(run) ?? 0) + weight);

  const flows = flowsOf(facts, demands);
  const granted: Demand[] = [];
  const blocked: Demand[] = [];
  const started = new Map<string, number>();
  let wakeAt: number | null = null;
  for (;;) {
    const flow = firstOf(flows, left, now);
    if (flow === null) break;
    const head = flow.heads[flow.next]!;
    if ((started.get(head.run) ?? 0) >= head.room) {
      flow.next++;
      continue;
    }
    const lacking = head.pools.filter(([pool, weight]) => !fits(left(pool), head.run, weight));
    if (lacking.length === 0) {
      for (const [pool, weight] of head.pools) take(facts, left(pool), { head, pool, weight, now });
      granted.push(head);
      started.set(head.run, (started.get(head.run) ?? 0) + 1);
      flow.next++;
      flow.served = now;
      continue;
    }
    blocked.push(head);
    flow.next = flow.heads.length;
    const opensAt = opensFor(facts, lacking, left, now);
    if (opensAt !== null && (wakeAt === null || opensAt < wakeAt)) wakeAt = opensAt;
    if (!head.pools.some(([pool]) => left(pool).isShut)) holdBack(now - head.since >= PATIENCE_MS ? head.pools : lacking, left);
  }
  const places = Object.fromEntries(limitedPools(facts).map((pool) => [pool, 0]));
  const nothing: Admission = { places, closedUntil: {}, only: new Set() };
  return { granted, blocked, grants: grantsOf(granted, nothing), nothing, wakeAt };
}

/** The level of a flow; see O1. */
export function levelOf(priority: number, waitedMs: number): number {
  return priority + Math.floor(Math.max(0, waitedMs) / AGE_MS);
}

function flowsOf(facts: AdmissionFacts, demands: readonly Demand[]): readonly Flow[] {
  const flows = new Map<string, Demand[]>();
  for (const demand of demands) {
    const flow = flows.get(demand.flow);
    if (flow === undefined) flows.set(demand.flow, [demand]);
    else flow.push(demand);
  }
  return [...flows].map(([name, heads]) => ({
    heads: heads.toSorted((a, b) => a.runAt - b.runAt || (a.run === b.run ? 0 : a.run < b.run ? -1 : 1)),
    next: 0,
    served: lookup(facts.served, name) ?? Number.NEGATIVE_INFINITY,
  }));
}

function firstOf(flows: readonly Flow[], left: (pool: string) => Left, now: number): Flow | null {
  let first: { readonly flow: Flow; readonly head: Demand; readonly level: number; readonly lead: number } | null = null;
  for (const flow of flows) {
    const head = flow.heads[flow.next];
    if (head === undefined) continue;
    const level = levelOf(head.priority, now - Math.max(head.since, flow.served));
    const ahead = Math.max(...head.pools.map(([pool]) => lead(left(pool).turns, head.key)));
    const comesFirst =
      first === null ||
      level > first.level ||
      (level === first.level && (ahead < first.lead || (ahead === first.lead && isEarlier(head, first.head))));
    if (comesFirst) first = { flow, head, level, lead: ahead };
  }
  return first?.flow ?? null;
}

function isEarlier(a: Demand, b: Demand): boolean {
  if (a.since !== b.since) return a.since < b.since;
  return a.run === b.run ? a.flow < b.flow : a.run < b.run;
}

function fits(left: Left, run: string, weight: number): boolean {
  if (left.closedUntil !== null) return false;
  const total = left.slots + sum(left.own);
  return left.slots + (left.own.get(run) ?? 0) >= weight && total - left.heldSlots >= weight && left.tokens - left.heldTokens >= weight;
}

function take(
  { limits }: AdmissionFacts,
  left: Left,
  { head, pool, weight, now }: { readonly head: Demand; readonly pool: string; readonly weight: number; readonly now: number },
): void {
  const own = Math.min(left.own.get(head.run) ?? 0, weight);
  if (own > 0) left.own.set(head.run, left.own.get(head.run)! - own);
  left.slots -= weight - own;
  left.tokens -= weight;
  const rate = limitOf(limits, pool)?.rate;
  if (rate !== undefined && left.spent !== null) left.spent = spend(rate, left.spent, { at: now, weight });
  if (limitOf(limits, pool) !== undefined) left.turns = took(left.turns, head.key, weight / (limits.shares[head.key] ?? 1));
}

function holdBack(pools: Pools, left: (pool: string) => Left): void {
  for (const [pool, weight] of pools) {
    const each = left(pool);
    each.heldSlots += weight;
    each.heldTokens += weight;
  }
}

/** When time alone makes all of `lacking` fit; null when slots are what is short. */
function opensFor(facts: AdmissionFacts, lacking: Pools, left: (pool: string) => Left, now: number): number | null {
  let opensAt = now;
  for (const [pool, weight] of lacking) {
    const each = left(pool);
    const at = each.closedUntil ?? tokensIn(facts, pool, each.spent, { weight, now });
    if (at <= now) return null;
    opensAt = Math.max(opensAt, at);
  }
  return opensAt > now && Number.isFinite(opensAt) ? opensAt : null;
}

function grantsOf(granted: readonly Demand[], nothing: Admission): ReadonlyMap<string, Admission> {
  const nodes = new Map<string, Set<string>>();
  for (const { run, node } of granted) nodes.set(run, (nodes.get(run) ?? new Set()).add(node));
  return new Map([...nodes].map(([run, only]) => [run, { ...nothing, only }]));
}

function sum(weights: ReadonlyMap<string, number>): number {
  let total = 0;
  for (const weight of weights.values()) total += weight;
  return total;
}
