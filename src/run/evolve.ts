// The fold: state × event → state. Total: an event that does not fit the state (which a sound log never holds) changes nothing but the version.
// This file is the only one that changes the state of a node. Costs O(nodes that the event names and their direct dependents).
import type { AttemptFailed, AttemptStarted, NodeMapped, NodeWaiting, RunEvent, RunStarted } from "../model/events.ts";
import type { NodeId } from "../model/graph.ts";
import type { When } from "../model/plan.ts";
import { dependentsOf, graphOf, indexOf, nodeOf, parentOf, withItems } from "./graph.ts";
import { heapOfSorted } from "./heap.ts";
import { dropOutdated, emptyLane, freeSlot, makeReady, type Next, pushDeadline, pushRetry, readyItem, takeSlot } from "./queues.ts";
import { type FinalNodeKind, type GoingRun, type NodeState, type Running, type RunState, readyBefore } from "./state.ts";
import { extend, get, set, vectorOf } from "./vector.ts";

/** Events that name a node. */
type NodeEvent = Extract<RunEvent, { readonly node: NodeId }>;

export function evolve(state: RunState, event: RunEvent): RunState {
  const version = state.version + 1;
  const at = Math.max(state.at, event.at);
  if (state.phase === "new") return event.type === "run_started" ? started(event, version) : { phase: "new", version, at };
  if (state.phase === "finished") return { phase: "finished", version, at };
  const next: Next = { ...state, version, at };
  switch (event.type) {
    case "run_started":
      return next;
    case "cancel_requested":
      next.cancel ??= { at, cause: event.cause };
      return next;
    case "run_paused":
      next.paused = true;
      return next;
    case "run_resumed":
      next.paused = false;
      return next;
    case "concurrency_changed":
      next.concurrency = event.concurrency;
      return next;
    case "compensation_started":
      next.compensation ??= event.nodes.flatMap((id) => indexOf(next.graph, id) ?? []);
      startNextUndo(next, -1);
      return next;
    case "run_finished":
      return { phase: "finished", version, at };
    case "attempt_started":
    case "lease_extended":
    case "attempt_failed":
    case "node_succeeded":
    case "node_reused":
    case "node_skipped":
    case "node_canceled":
    case "node_waiting":
    case "node_signaled":
    case "node_mapped":
    case "node_failed":
      evolveNode(next, event);
      return next;
    default:
      return event satisfies never;
  }
}

function evolveNode(next: Next, event: NodeEvent): void {
  const index = indexOf(next.graph, event.node);
  if (index === undefined) return;
  const node = get(next.nodes, index);
  switch (event.type) {
    case "attempt_started":
      if (node.kind === "ready" || node.kind === "backoff" || node.kind === "waiting") startAttempt(next, index, node, event);
      break;
    case "lease_extended":
      if (node.kind === "running" && node.attempt === event.attempt)
        next.nodes = set(next.nodes, index, { ...node, leaseUntil: event.leaseUntil });
      break;
    case "attempt_failed":
      if (node.kind === "running" && node.attempt === event.attempt) failAttempt(next, index, node, event);
      break;
    case "node_succeeded":
      if ((node.kind === "running" || node.kind === "waiting" || node.kind === "mapped") && node.attempt === event.attempt)
        settle(next, index, { kind: event.reused === true ? "reused" : "succeeded" });
      break;
    case "node_reused":
      if (!isFinal(node)) settle(next, index, { kind: "reused" });
      break;
    case "node_skipped":
      if (!isFinal(node)) settle(next, index, { kind: "skipped", passed: isPassed(next, event.because) });
      break;
    case "node_canceled":
      if (!isFinal(node)) settle(next, index, { kind: "canceled" });
      break;
    case "node_failed":
      if (!isFinal(node) && node.kind !== "running") settle(next, index, { kind: "failed" });
      break;
    case "node_waiting":
      if (node.kind === "running" && node.attempt === event.attempt) wait(next, index, node, event);
      break;
    case "node_signaled":
      if (node.kind === "waiting" && node.wait !== "approval") {
        next.nodes = set(next.nodes, index, { ...node, until: next.at });
        pushRetry(next, index, node.attempt, next.at);
      }
      break;
    case "node_mapped":
      if (node.kind === "running" && node.attempt === event.attempt) map(next, index, node, event);
      break;
    default:
      event satisfies never;
  }
  dropOutdated(next, index);
}

export function isFinal(node: NodeState): node is Extract<NodeState, { readonly kind: FinalNodeKind }> {
  switch (node.kind) {
    case "dormant":
    case "pending":
    case "ready":
    case "running":
    case "backoff":
    case "waiting":
    case "mapped":
      return false;
    case "succeeded":
    case "reused":
    case "failed":
    case "skipped":
    case "canceled":
      return true;
    default:
      return node satisfies never;
  }
}

/** How a settled need counts for what stands on it. */
export function verdictOf(node: NodeState): "good" | "bad" | "passed" {
  if (node.kind === "succeeded" || node.kind === "reused") return "good";
  return node.kind === "skipped" && node.passed ? "passed" : "bad";
}

/** May a node start whose needs are all settled, so many of them badly, so many passed over? */
export function meets(when: When | undefined, { bad, passed }: { readonly bad: number; readonly passed: number }): boolean {
  switch (when) {
    case undefined:
    case "succeeded":
      return bad === 0 && passed === 0;
    case "noneFailed":
      return bad === 0;
    case "failed":
      return bad > 0;
    case "always":
      return true;
    default:
      return when satisfies never;
  }
}

function started(event: RunStarted, version: number): GoingRun {
  const { plan } = event;
  const graph = graphOf(plan);
  const undoing = new Set(graph.dormant);
  const ready = graph.lanes.map((): number[] => []);
  const nodes = graph.needs.map((needs, index): NodeState => {
    if (undoing.has(index)) return { kind: "dormant" };
    if (needs.length > 0) return { kind: "pending", unmet: needs.length, bad: 0, passed: 0 };
    ready[graph.laneOf[index]!]!.push(index);
    return { kind: "ready", since: event.at };
  });
  const { concurrency } = plan;
  const next: Next = {
    phase: "going",
    version,
    at: event.at,
    run: event.run,
    job: plan.job,
    seed: event.seed,
    concurrency,
    limits: plan.limits ?? {},
    compensates: plan.onFailure === "compensate",
    leaseMs: event.leaseMs,
    timeoutAt: plan.timeoutMs === null ? null : event.at + plan.timeoutMs,
    graph,
    nodes: vectorOf(nodes),
    lanes: ready.map((list) => ({
      ...emptyLane,
      ready: heapOfSorted(list.map((index) => readyItem({ graph }, index)).toSorted((a, b) => (readyBefore(a, b) ? -1 : 1))),
    })),
    deadlines: null,
    running: vectorOf(Array.from({ length: Math.min(concurrency, nodes.length) }, () => -1)),
    runningCount: 0,
    inUse: {},
    settled: { succeeded: 0, reused: 0, failed: 0, skipped: 0, canceled: 0 },
    undos: [],
    compensation: null,
    paused: false,
    cancel: null,
  };
  for (const index of ready.flat()) {
    const { queueTimeoutMs } = graph.nodes[index]!;
    if (queueTimeoutMs !== undefined) pushDeadline(next, index, event.at + queueTimeoutMs);
  }
  return next;
}

type Startable = Extract<NodeState, { readonly kind: "ready" | "backoff" | "waiting" }>;

const NO_PAST = { uncounted: 0, interruptions: 0, waits: 0, waitsSince: null };

function startAttempt(next: Next, index: number, node: Startable, event: AttemptStarted): void {
  const { timeoutMs } = nodeOf(next.graph, index);
  const { uncounted, interruptions, waits, waitsSince } = node.kind === "ready" ? NO_PAST : node;
  const slot = takeSlot(next, index);
  next.nodes = set<NodeState>(next.nodes, index, {
    kind: "running",
    attempt: event.attempt,
    uncounted,
    interruptions,
    waits,
    waitsSince,
    owner: event.owner,
    startedAt: event.at,
    deadlineAt: timeoutMs === null ? null : event.at + timeoutMs,
    leaseUntil: event.leaseUntil,
    slot,
  });
}

function failAttempt(next: Next, index: number, node: Running, event: AttemptFailed): void {
  const { attempt, retryAt } = event;
  if (retryAt === null) return settle(next, index, { kind: event.fallback === undefined ? "failed" : "succeeded" });
  const more = event.reason === "interrupted" ? 1 : 0;
  const past = { ...pastOf(node), uncounted: node.uncounted + more, interruptions: node.interruptions + more };
  freeSlot(next, index, node.slot);
  next.nodes = set<NodeState>(next.nodes, index, { ...past, kind: "backoff", retryAt });
  pushRetry(next, index, attempt, retryAt);
}

function wait(next: Next, index: number, node: Running, { wait: { kind, until } }: NodeWaiting): void {
  const { timeoutMs } = nodeOf(next.graph, index);
  const waitsSince = node.waitsSince ?? node.startedAt;
  const deadlineAt = timeoutMs === null ? null : waitsSince + timeoutMs;
  const past = { ...pastOf(node), uncounted: node.attempt, waits: node.waits + 1, waitsSince };
  freeSlot(next, index, node.slot);
  next.nodes = set<NodeState>(next.nodes, index, { ...past, kind: "waiting", wait: kind, until, deadlineAt });
  if (until !== null) pushRetry(next, index, node.attempt, until);
  if (deadlineAt !== null) pushDeadline(next, index, deadlineAt);
}

function map(next: Next, index: number, node: Running, { items }: NodeMapped): void {
  const first = next.graph.size;
  freeSlot(next, index, node.slot);
  next.nodes = set<NodeState>(next.nodes, index, { ...pastOf(node), kind: "mapped", unmet: items.length, bad: 0 });
  next.graph = withItems(next.graph, index, items.length);
  next.nodes = extend<NodeState>(
    next.nodes,
    items.map(() => ({ kind: "ready", since: next.at })),
  );
  for (let item = 0; item < items.length; item++) makeReady(next, first + item);
}

function pastOf({ attempt, uncounted, interruptions, waits, waitsSince, startedAt }: Running) {
  return { attempt, uncounted, interruptions, waits, waitsSince, startedAt };
}

/** The node has come to its end; what stands on it, made it or undoes it hears of that. */
function settle(next: Next, index: number, final: Extract<NodeState, { readonly kind: FinalNodeKind }>): void {
  const node = get(next.nodes, index);
  if (node.kind === "running") freeSlot(next, index, node.slot);
  next.nodes = set<NodeState>(next.nodes, index, final);
  next.settled = { ...next.settled, [final.kind]: next.settled[final.kind] + 1 };
  const verdict = verdictOf(final);
  for (const dependent of dependentsOf(next.graph, index)) settleNeed(next, dependent, verdict);
  const parent = parentOf(next.graph, index);
  if (parent !== undefined) settleItem(next, parent, verdict);
  const undo = final.kind === "succeeded" ? next.graph.undoneBy.get(index) : undefined;
  if (undo !== undefined) next.undos = [...next.undos, undo];
  if (next.compensation !== null) startNextUndo(next, index);
}

function settleNeed(next: Next, dependent: number, verdict: "good" | "bad" | "passed"): void {
  const node = get(next.nodes, dependent);
  if (node.kind !== "pending") return;
  const unmet = node.unmet - 1;
  const bad = node.bad + (verdict === "bad" ? 1 : 0);
  const passed = node.passed + (verdict === "passed" ? 1 : 0);
  if (unmet === 0 && meets(nodeOf(next.graph, dependent).when, { bad, passed })) makeReady(next, dependent);
  else next.nodes = set<NodeState>(next.nodes, dependent, { kind: "pending", unmet, bad, passed });
}

function settleItem(next: Next, parent: number, verdict: "good" | "bad" | "passed"): void {
  const node = get(next.nodes, parent);
  if (node.kind !== "mapped") return;
  next.nodes = set<NodeState>(next.nodes, parent, { ...node, unmet: node.unmet - 1, bad: node.bad + (verdict === "bad" ? 1 : 0) });
}

/** Undos run one after the other, whatever becomes of each; `settled` is the one that has ended, −1 before the first. */
function startNextUndo(next: Next, settled: number): void {
  const order = next.compensation ?? [];
  const place = settled === -1 ? 0 : order.indexOf(settled) + 1;
  if (settled !== -1 && place === 0) return;
  const undo = order[place];
  if (undo !== undefined && get(next.nodes, undo).kind === "dormant") makeReady(next, undo);
}

/** Is what keeps a node from running a condition that did not hold (and not a failure)? */
function isPassed(next: Next, because: NodeId | null): boolean {
  if (because === null) return true;
  const index = indexOf(next.graph, because);
  return index !== undefined && verdictOf(get(next.nodes, index)) === "passed";
}
