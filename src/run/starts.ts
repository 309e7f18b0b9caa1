// Which nodes start now: while there is room in the run, in its pools and (by the engine's admission) over all runs. First whose wait is over, longest
// first, then what is ready, by priority and the order of the plan. Lanes keep a full pool from holding up what does not count against it.
import type { Admission } from "./admission/port.ts";
import type { Draft } from "./consequences.ts";
import type { NodeId } from "../model/graph.ts";
import { indexOf, laneOf, type LanePools, nodeOf } from "./graph.ts";
import type { RunInput } from "./input.ts";
import { type GoingRun, readyBefore, retryBefore } from "./state.ts";
import { get } from "./vector.ts";

/** Fills the free places. */
export function startAttempts(draft: Draft, owner: string, admission: RunInput["admission"]): void {
  const gate = admission === undefined ? openGate : createGate(draft, admission);
  for (const id of admission?.only ?? []) {
    const state = draft.going();
    if (isFull(state)) return;
    const index = indexOf(state.graph, id);
    const before = index === undefined || !hasRoom(state, laneOf(state.graph, index)) ? null : attemptsBefore(state, index, draft.now);
    if (before !== null) start(draft, id, before + 1, owner);
  }
  for (;;) {
    const state = draft.going();
    if (isFull(state)) return;
    const next = nextOf(state, draft.now, gate.isFree);
    if (next === null) return;
    start(draft, nodeOf(state.graph, next.node).id, next.attempt + 1, owner);
    gate.take(state, next.lane);
  }
}

function isFull({ paused, runningCount, concurrency }: GoingRun): boolean {
  return paused || runningCount >= concurrency;
}

interface Gate {
  readonly isFree: (state: GoingRun, lane: number) => boolean;
  /** A node of the lane has started. */
  readonly take: (state: GoingRun, lane: number) => void;
}

const openGate: Gate = { isFree: hasRoom, take: () => {} };

/** Counts the places that an admission grants while they are taken. */
function createGate(draft: Draft, { places: granted, closedUntil, only }: Admission): Gate {
  const places: Record<string, number> = { ...granted };
  const common = ["*", `job:${draft.going().job ?? ""}`].map((pool) => [pool, 1] as const);
  const poolsOf = (state: GoingRun, lane: number): LanePools["pools"] => [...common, ...state.graph.lanes[lane]!.pools];
  const isOpen = (pool: string): boolean => (closedUntil[pool] ?? 0) <= draft.now;
  return {
    isFree(state, lane) {
      if (!hasRoom(state, lane)) return false;
      const pools = poolsOf(state, lane);
      if (only !== undefined) return pools.every(([pool]) => places[pool] === undefined);
      return pools.every(([pool, weight]) => (places[pool] ?? weight) >= weight && isOpen(pool));
    },
    take(state, lane) {
      for (const [pool, weight] of poolsOf(state, lane)) if (places[pool] !== undefined) places[pool] -= weight;
    },
  };
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
  const { pools } = graph.lanes[lane]!;
  if (pools.length === 0) return true;
  return pools.every(([pool, weight]) => {
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

function nextOf(state: GoingRun, now: number, isFree: Gate["isFree"]): Start | null {
  let due: { readonly lane: number; readonly retry: { retryAt: number; node: number; attempt: number } } | null = null;
  let ready: { readonly lane: number; readonly item: { priority: number; node: number } } | null = null;
  for (let index = 0; index < state.lanes.length; index++) {
    const lane = state.lanes[index]!;
    if ((lane.ready === null && lane.retries === null) || !isFree(state, index)) continue;
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
  for (let index = 0; index < state.lanes.length; index++) {
    const at = state.lanes[index]!.retries?.item.retryAt;
    if (at !== undefined && at > decidedAt && (soonest === null || at < soonest) && hasRoom(state, index)) soonest = at;
  }
  return soonest;
}
