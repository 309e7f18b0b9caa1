// Which nodes start now: while there is room in the run, in its pools and (by the engine's admission) over all runs. First whose wait is over, longest
// first, then what is ready, by priority and the order of the plan. Lanes keep a full pool from holding up what does not count against it.
import type { Draft } from "./consequences.ts";
import type { NodeId } from "../model/graph.ts";
import { indexOf, laneOf, type LanePools, nodeOf } from "./graph.ts";
import type { RunInput } from "./input.ts";
import { type GoingRun, readyBefore, retryBefore } from "./state.ts";
import { get } from "./vector.ts";

/** Fills the free places. */
export function startAttempts(draft: Draft, owner: string, admission: RunInput["admission"]): void {
  const { only } = admission ?? {};
  const places: Record<string, number> = { ...admission?.places };
  const isOpen = (pool: string): boolean => (admission?.closedUntil[pool] ?? 0) <= draft.now;
  const common = ["*", `job:${draft.going().job ?? ""}`];
  const poolsOf = (state: GoingRun, lane: number): LanePools["pools"] => state.graph.lanes[lane]!.pools;
  const hasPlaces = (state: GoingRun, lane: number): boolean =>
    common.every((pool) => (places[pool] ?? 1) >= 1 && isOpen(pool)) &&
    poolsOf(state, lane).every(([pool, weight]) => (places[pool] ?? weight) >= weight && isOpen(pool));
  const isLimited = (state: GoingRun, lane: number): boolean =>
    common.some((pool) => places[pool] !== undefined) || poolsOf(state, lane).some(([pool]) => places[pool] !== undefined);
  const isFull = ({ paused, runningCount, concurrency }: GoingRun): boolean => paused || runningCount >= concurrency;
  for (const id of only ?? []) {
    const state = draft.going();
    if (isFull(state)) return;
    const index = indexOf(state.graph, id);
    const before = index === undefined || !hasRoom(state, laneOf(state.graph, index)) ? null : attemptsBefore(state, index, draft.now);
    if (before !== null) start(draft, id, before + 1, owner);
  }
  for (;;) {
    const state = draft.going();
    if (isFull(state)) return;
    const isFree = (lane: number): boolean =>
      hasRoom(state, lane) && (only === undefined ? hasPlaces(state, lane) : !isLimited(state, lane));
    const next = nextOf(state, draft.now, isFree);
    if (next === null) return;
    start(draft, nodeOf(state.graph, next.node).id, next.attempt + 1, owner);
    for (const pool of common) if (places[pool] !== undefined) places[pool]--;
    for (const [pool, weight] of poolsOf(state, next.lane)) if (places[pool] !== undefined) places[pool] -= weight;
  }
}

function start(draft: Draft, node: NodeId, attempt: number, owner: string): void {
  const { leaseMs } = draft.going();
  const leaseUntil = leaseMs === null ? null : draft.now + leaseMs;
  draft.emit({ type: "attempt_started", at: draft.now, node, attempt, owner, leaseUntil });
}

/** Attempts of a node that could start now; null when it could not. */
function attemptsBefore({ nodes }: GoingRun, index: number, now: number): number | null {
  const node = get(nodes, index);
  if (node.kind === "ready") return 0;
  if (node.kind === "backoff") return node.retryAt <= now ? node.attempt : null;
  return node.kind === "waiting" && node.until !== null && node.until <= now ? node.attempt : null;
}

/** Is there room in the run's own pools for a node of this lane? */
export function hasRoom({ graph, limits, inUse }: GoingRun, lane: number): boolean {
  return graph.lanes[lane]!.pools.every(([pool, weight]) => {
    const limit = limits[pool];
    return limit === undefined || (inUse[pool] ?? 0) + weight <= limit;
  });
}

interface Start {
  readonly node: number;
  readonly lane: number;
  /** The attempt before. */
  readonly attempt: number;
}

function nextOf(state: GoingRun, now: number, isFree: (lane: number) => boolean): Start | null {
  let due: { readonly lane: number; readonly retry: { retryAt: number; node: number; attempt: number } } | null = null;
  let ready: { readonly lane: number; readonly item: { priority: number; node: number } } | null = null;
  for (const [index, lane] of state.lanes.entries()) {
    if ((lane.ready === null && lane.retries === null) || !isFree(index)) continue;
    const retry = lane.retries?.item;
    if (retry !== undefined && retry.retryAt <= now && (due === null || retryBefore(retry, due.retry))) due = { lane: index, retry };
    const item = lane.ready?.item;
    if (item !== undefined && (ready === null || readyBefore(item, ready.item))) ready = { lane: index, item };
  }
  if (due !== null) return { node: due.retry.node, lane: due.lane, attempt: due.retry.attempt };
  return ready === null ? null : { node: ready.item.node, lane: ready.lane, attempt: 0 };
}

/** When the next wait after `decidedAt` is over among the nodes for which the run has room; null when there is none. */
export function nextRetryAt(state: GoingRun, decidedAt: number): number | null {
  let soonest: number | null = null;
  for (const [index, lane] of state.lanes.entries()) {
    const at = lane.retries?.item.retryAt;
    if (at !== undefined && at > decidedAt && (soonest === null || at < soonest) && hasRoom(state, index)) soonest = at;
  }
  return soonest;
}
