// What a step of the fold does to the indexes beside the nodes: lanes of what may start, deadlines, places of what runs. `Next` is a state that is being
// made: a copy that nobody else has seen yet, so its fields may be set; what they refer to is shared and may not.
import { laneOf, nodeOf } from "./graph.ts";
import { pop, push } from "./heap.ts";
import { deadlineBefore, type GoingRun, type Lane, type Ready, readyBefore, retryBefore } from "./state.ts";
import { extend, get, set } from "./vector.ts";

export type Next = { -readonly [Field in keyof GoingRun]: GoingRun[Field] };

export const emptyLane: Lane = { ready: null, retries: null };

export function readyItem(next: Pick<GoingRun, "graph">, node: number): Ready {
  return { priority: nodeOf(next.graph, node).priority ?? 0, node };
}

/** All needs are as the node wants them: it waits for a place from now on. */
export function makeReady(next: Next, index: number): void {
  next.nodes = set(next.nodes, index, { kind: "ready", since: next.at });
  changeLane(next, index, (lane) => ({ ...lane, ready: push(lane.ready, readyItem(next, index), readyBefore) }));
  const { queueTimeoutMs } = nodeOf(next.graph, index);
  if (queueTimeoutMs !== undefined) pushDeadline(next, index, next.at + queueTimeoutMs);
}

export function pushRetry(next: Next, node: number, attempt: number, retryAt: number): void {
  changeLane(next, node, (lane) => ({ ...lane, retries: push(lane.retries, { retryAt, node, attempt }, retryBefore) }));
}

export function pushDeadline(next: Next, node: number, at: number): void {
  next.deadlines = push(next.deadlines, { at, node }, deadlineBefore);
}

function changeLane(next: Next, node: number, change: (lane: Lane) => Lane): void {
  const at = laneOf(next.graph, node);
  next.lanes = next.lanes.with(at, change(next.lanes[at]!));
}

/** Takes a place for a node that starts to run; returns it. */
export function takeSlot(next: Next, index: number): number {
  const slot = next.runningCount;
  next.running = slot < next.running.length ? set(next.running, slot, index) : extend(next.running, [index]);
  next.runningCount = slot + 1;
  next.inUse = counted(next, index, 1);
  return slot;
}

/** The last running node takes the place that becomes free. */
export function freeSlot(next: Next, index: number, slot: number): void {
  next.inUse = counted(next, index, -1);
  const last = next.runningCount - 1;
  next.runningCount = last;
  if (slot === last) return;
  const moved = get(next.running, last);
  const node = get(next.nodes, moved);
  if (node.kind !== "running") return;
  next.running = set(next.running, slot, moved);
  next.nodes = set(next.nodes, moved, { ...node, slot });
}

function counted(next: Next, index: number, sign: 1 | -1): Next["inUse"] {
  const { pools } = next.graph.lanes[laneOf(next.graph, index)]!;
  if (pools.length === 0) return next.inUse;
  const inUse = { ...next.inUse };
  for (const [name, weight] of pools) inUse[name] = (inUse[name] ?? 0) + sign * weight;
  return inUse;
}

/** Keeps the tops of the queues true after a node has changed; each entry is removed once. */
export function dropOutdated(next: Next, index: number): void {
  const at = laneOf(next.graph, index);
  const lane = next.lanes[at]!;
  let { ready, retries } = lane;
  while (ready !== null && get(next.nodes, ready.item.node).kind !== "ready") ready = pop(ready, readyBefore);
  while (retries !== null) {
    const { node: of, attempt, retryAt } = retries.item;
    const node = get(next.nodes, of);
    if (node.kind === "backoff" && node.attempt === attempt) break;
    if (node.kind === "waiting" && node.attempt === attempt && node.until === retryAt) break;
    retries = pop(retries, retryBefore);
  }
  if (ready !== lane.ready || retries !== lane.retries) next.lanes = next.lanes.with(at, { ready, retries });
  while (next.deadlines !== null && !isDue(next, next.deadlines.item)) next.deadlines = pop(next.deadlines, deadlineBefore);
}

function isDue(next: Next, { at, node: index }: { readonly at: number; readonly node: number }): boolean {
  const node = get(next.nodes, index);
  if (node.kind === "waiting") return node.deadlineAt === at;
  return node.kind === "ready" && node.since + (nodeOf(next.graph, index).queueTimeoutMs ?? -1) === at;
}
