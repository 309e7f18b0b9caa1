// The fold: state × event → state. Total: an event that does not fit the state (which a sound log never holds) changes nothing but the version.
// This file is the only one that changes the state of a node. Costs O(nodes that the event names and their direct dependents).
import type { AttemptFailed, AttemptStarted, RunEvent, RunStarted } from "../model/events.ts";
import type { NodeId } from "../model/graph.ts";
import { graphOf } from "./graph.ts";
import { heapOfSorted, pop, push } from "./heap.ts";
import { type FinalNodeKind, type GoingRun, type NodeState, type Running, type RunState, readyBefore, retryBefore } from "./state.ts";
import { get, set, vectorOf } from "./vector.ts";

/** The state that is being made: a copy that nobody else has seen yet, so its fields may be set; what they refer to is shared and may not. */
type Next = { -readonly [Field in keyof GoingRun]: GoingRun[Field] };

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
    case "run_finished":
      return { phase: "finished", version, at };
    case "attempt_started":
    case "lease_extended":
    case "attempt_failed":
    case "node_succeeded":
    case "node_reused":
    case "node_skipped":
    case "node_canceled":
      evolveNode(next, event);
      return next;
    default:
      return event satisfies never;
  }
}

function evolveNode(next: Next, event: NodeEvent): void {
  const index = next.graph.indexes.get(event.node);
  if (index === undefined) return;
  const node = get(next.nodes, index);
  switch (event.type) {
    case "attempt_started":
      if (node.kind === "ready" || node.kind === "backoff") startAttempt(next, index, node, event);
      break;
    case "lease_extended":
      if (node.kind === "running" && node.attempt === event.attempt)
        next.nodes = set(next.nodes, index, { ...node, leaseUntil: event.leaseUntil });
      break;
    case "attempt_failed":
      if (node.kind === "running" && node.attempt === event.attempt) failAttempt(next, index, node, event);
      break;
    case "node_succeeded":
      if (node.kind !== "running" || node.attempt !== event.attempt) break;
      settle(next, index, node, event.reused === true ? "reused" : "succeeded");
      readyDependents(next, index);
      break;
    case "node_reused":
      if (isFinal(node)) break;
      settle(next, index, node, "reused");
      readyDependents(next, index);
      break;
    case "node_skipped":
      if (!isFinal(node)) settle(next, index, node, "skipped");
      break;
    case "node_canceled":
      if (!isFinal(node)) settle(next, index, node, "canceled");
      break;
    default:
      event satisfies never;
  }
  dropOutdated(next);
}

export function isFinal(node: NodeState): node is { readonly kind: FinalNodeKind } {
  switch (node.kind) {
    case "pending":
    case "ready":
    case "running":
    case "backoff":
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

function started(event: RunStarted, version: number): GoingRun {
  const { plan } = event;
  const graph = graphOf(plan);
  const ready: number[] = [];
  const nodes = graph.needs.map((needs, index): NodeState => {
    if (needs.length > 0) return { kind: "pending", unmet: needs.length };
    ready.push(index);
    return { kind: "ready" };
  });
  const { concurrency } = plan;
  return {
    phase: "going",
    version,
    at: event.at,
    run: event.run,
    seed: event.seed,
    concurrency,
    leaseMs: event.leaseMs,
    timeoutAt: plan.timeoutMs === null ? null : event.at + plan.timeoutMs,
    graph,
    nodes: vectorOf(nodes),
    ready: heapOfSorted(ready),
    retries: null,
    running: vectorOf(Array.from({ length: Math.min(concurrency, nodes.length) }, () => -1)),
    runningCount: 0,
    settled: { succeeded: 0, reused: 0, failed: 0, skipped: 0, canceled: 0 },
    cancel: null,
  };
}

function startAttempt(next: Next, index: number, node: NodeState, event: AttemptStarted): void {
  const slot = next.runningCount;
  if (slot >= next.running.length) return;
  const { timeoutMs } = next.graph.nodes[index]!;
  next.nodes = set<NodeState>(next.nodes, index, {
    kind: "running",
    attempt: event.attempt,
    interruptions: node.kind === "backoff" ? node.interruptions : 0,
    owner: event.owner,
    startedAt: event.at,
    deadlineAt: timeoutMs === null ? null : event.at + timeoutMs,
    leaseUntil: event.leaseUntil,
    slot,
  });
  next.running = set(next.running, slot, index);
  next.runningCount = slot + 1;
}

function failAttempt(next: Next, index: number, node: Running, event: AttemptFailed): void {
  if (event.retryAt === null) return settle(next, index, node, "failed");
  const { attempt, retryAt } = event;
  const interruptions = node.interruptions + (event.reason === "interrupted" ? 1 : 0);
  freeSlot(next, node.slot);
  next.nodes = set<NodeState>(next.nodes, index, { kind: "backoff", attempt, interruptions, retryAt });
  next.retries = push(next.retries, { retryAt, node: index, attempt }, retryBefore);
}

function settle(next: Next, index: number, node: NodeState, kind: FinalNodeKind): void {
  if (node.kind === "running") freeSlot(next, node.slot);
  next.nodes = set<NodeState>(next.nodes, index, { kind });
  next.settled = { ...next.settled, [kind]: next.settled[kind] + 1 };
}

/** The last running node takes the place that becomes free. */
function freeSlot(next: Next, slot: number): void {
  const last = next.runningCount - 1;
  next.runningCount = last;
  if (slot === last) return;
  const moved = get(next.running, last);
  const node = get(next.nodes, moved);
  if (node.kind !== "running") return;
  next.running = set(next.running, slot, moved);
  next.nodes = set<NodeState>(next.nodes, moved, { ...node, slot });
}

function readyDependents(next: Next, index: number): void {
  for (const dependent of next.graph.dependents[index]!) {
    const node = get(next.nodes, dependent);
    if (node.kind !== "pending") continue;
    const unmet = node.unmet - 1;
    next.nodes = set<NodeState>(next.nodes, dependent, unmet > 0 ? { kind: "pending", unmet } : { kind: "ready" });
    if (unmet === 0) next.ready = push(next.ready, dependent, readyBefore);
  }
}

/** Keeps the tops of both queues true; each entry is removed once. */
function dropOutdated(next: Next): void {
  while (next.ready !== null && get(next.nodes, next.ready.item).kind !== "ready") next.ready = pop(next.ready, readyBefore);
  while (next.retries !== null) {
    const node = get(next.nodes, next.retries.item.node);
    if (node.kind === "backoff" && node.attempt === next.retries.item.attempt) break;
    next.retries = pop(next.retries, retryBefore);
  }
}
