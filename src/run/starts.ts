// Which nodes start now: while there is room in the run, in its pools and (by the engine's admission) over all runs. First whose wait is over, longest
// first, then what is ready, by priority and the order of the plan. Lanes keep a full pool from holding up what does not count against it.
import type { Draft } from "./consequences.ts";
import { type LanePools, nodeOf } from "./graph.ts";
import type { RunInput } from "./input.ts";
import { type GoingRun, readyBefore, retryBefore } from "./state.ts";

/** Fills the free places. */
export function startAttempts(draft: Draft, owner: string, admission: RunInput["admission"]): void {
  const places: Record<string, number> = { ...admission?.places };
  const only = admission?.only;
  const isOpen = (pool: string): boolean => (admission?.closedUntil[pool] ?? 0) <= draft.now;
  const common = ["*", `job:${draft.going().job ?? ""}`];
  const poolsOf = (state: GoingRun, lane: number): LanePools["pools"] => state.graph.lanes[lane]!.pools;
  const hasPlaces = (state: GoingRun, lane: number): boolean =>
    common.every((pool) => (places[pool] ?? 1) >= 1 && isOpen(pool)) &&
    poolsOf(state, lane).every(([pool, weight]) => (places[pool] ?? weight) >= weight && isOpen(pool));
  const isLimited = (state: GoingRun, lane: number): boolean =>
    common.some((pool) => places[pool] !== undefined) || poolsOf(state, lane).some(([pool]) => places[pool] !== undefined);
  for (;;) {
    const state = draft.going();
    if (state.paused || state.runningCount >= state.concurrency) return;
    const next = nextOf(state, draft.now, {
      isFree: (lane) => hasRoom(state, lane) && (only !== undefined || hasPlaces(state, lane)),
      may: (lane, node) => only === undefined || !isLimited(state, lane) || only.has(nodeOf(state.graph, node).id),
    });
    if (next === null) return;
    const leaseUntil = state.leaseMs === null ? null : draft.now + state.leaseMs;
    const { id } = nodeOf(state.graph, next.node);
    draft.emit({ type: "attempt_started", at: draft.now, node: id, attempt: next.attempt + 1, owner, leaseUntil });
    for (const pool of common) if (places[pool] !== undefined) places[pool]--;
    for (const [pool, weight] of poolsOf(state, next.lane)) if (places[pool] !== undefined) places[pool] -= weight;
  }
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

interface Allowed {
  readonly isFree: (lane: number) => boolean;
  readonly may: (lane: number, node: number) => boolean;
}

function nextOf(state: GoingRun, now: number, { isFree, may }: Allowed): Start | null {
  let due: { readonly lane: number; readonly retry: { retryAt: number; node: number; attempt: number } } | null = null;
  let ready: { readonly lane: number; readonly item: { priority: number; node: number } } | null = null;
  for (const [index, lane] of state.lanes.entries()) {
    if ((lane.ready === null && lane.retries === null) || !isFree(index)) continue;
    const retry = lane.retries?.item;
    if (retry !== undefined && retry.retryAt <= now && may(index, retry.node) && (due === null || retryBefore(retry, due.retry)))
      due = { lane: index, retry };
    const item = lane.ready?.item;
    if (item !== undefined && may(index, item.node) && (ready === null || readyBefore(item, ready.item))) ready = { lane: index, item };
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
