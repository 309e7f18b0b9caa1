// The fold: state × event → state. Total: an event that does not fit the state (which a sound log never holds) changes nothing but the version.
// This file is the only one that changes the state of a node. Costs O(nodes that the event names and their direct dependents).
import type { AttemptFailed, AttemptStarted, RunEvent, RunStarted } from "../model/events.ts";
import type { NodeId } from "../model/graph.ts";
import { graphOf } from "./graph.ts";
import { heapOfSorted, pop, push } from "./heap.ts";
import { type FinalNodeKind, type GoingRun, type NodeState, type RunState, readyBefore, retryBefore } from "./state.ts";
import { get, set, vectorOf } from "./vector.ts";

/** Events that name a node. */
type NodeEvent = Extract<RunEvent, { readonly node: NodeId }>;

export function evolve(state: RunState, event: RunEvent): RunState {
  const version = state.version + 1;
  const at = Math.max(state.at, event.at);
  if (state.phase === "new") return event.type === "run_started" ? started(event, version) : { phase: "new", version, at };
  if (state.phase === "finished") return { phase: "finished", version, at };
  const next: GoingRun = { ...state, version, at };
  switch (event.type) {
    case "run_started":
      return next;
    case "cancel_requested":
      return next.cancel === null ? { ...next, cancel: { at, cause: event.cause } } : next;
    case "run_finished":
      return { phase: "finished", version, at };
    case "attempt_started":
    case "lease_extended":
    case "attempt_failed":
    case "node_succeeded":
    case "node_reused":
    case "node_skipped":
    case "node_canceled":
      return evolveNode(next, event);
    default:
      return event satisfies never;
  }
}

function evolveNode(next: GoingRun, event: NodeEvent): RunState {
  const index = next.graph.indexes.get(event.node);
  if (index === undefined) return next;
  const node = get(next.nodes, index);
  switch (event.type) {
    case "attempt_started":
      return node.kind === "ready" || node.kind === "backoff" ? withAttempt(next, index, node, event) : next;
    case "lease_extended":
      return node.kind === "running" && node.attempt === event.attempt
        ? { ...next, nodes: set(next.nodes, index, { ...node, leaseUntil: event.leaseUntil }) }
        : next;
    case "attempt_failed":
      return node.kind === "running" && node.attempt === event.attempt ? withFailure(next, index, node, event) : next;
    case "node_succeeded":
      if (node.kind !== "running" || node.attempt !== event.attempt) return next;
      return withDependentsReady(withFinal(next, index, node, event.reused === true ? "reused" : "succeeded"), index);
    case "node_reused":
      return isFinal(node) ? next : withDependentsReady(withFinal(next, index, node, "reused"), index);
    case "node_skipped":
      return isFinal(node) ? next : withFinal(next, index, node, "skipped");
    case "node_canceled":
      return isFinal(node) ? next : withFinal(next, index, node, "canceled");
    default:
      return event satisfies never;
  }
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

function withAttempt(state: GoingRun, index: number, node: NodeState, event: AttemptStarted): GoingRun {
  const slot = state.runningCount;
  if (slot >= state.running.length) return state;
  const { timeoutMs } = state.graph.nodes[index]!;
  const running: NodeState = {
    kind: "running",
    attempt: event.attempt,
    interruptions: node.kind === "backoff" ? node.interruptions : 0,
    owner: event.owner,
    startedAt: event.at,
    deadlineAt: timeoutMs === null ? null : event.at + timeoutMs,
    leaseUntil: event.leaseUntil,
    slot,
  };
  return withoutOutdated({
    ...state,
    nodes: set(state.nodes, index, running),
    running: set(state.running, slot, index),
    runningCount: slot + 1,
  });
}

function withFailure(state: GoingRun, index: number, node: NodeState & { kind: "running" }, event: AttemptFailed): GoingRun {
  if (event.retryAt === null) return withFinal(state, index, node, "failed");
  const { attempt } = event;
  const interruptions = node.interruptions + (event.reason === "interrupted" ? 1 : 0);
  const freed = withoutRunning(state, node.slot);
  return withoutOutdated({
    ...freed,
    nodes: set(freed.nodes, index, { kind: "backoff", attempt, interruptions, retryAt: event.retryAt }),
    retries: push(freed.retries, { retryAt: event.retryAt, node: index, attempt }, retryBefore),
  });
}

function withFinal(state: GoingRun, index: number, node: NodeState, kind: FinalNodeKind): GoingRun {
  const freed = node.kind === "running" ? withoutRunning(state, node.slot) : state;
  return withoutOutdated({
    ...freed,
    nodes: set(freed.nodes, index, { kind }),
    settled: { ...freed.settled, [kind]: freed.settled[kind] + 1 },
  });
}

/** The last running node takes the place that became free. */
function withoutRunning(state: GoingRun, slot: number): GoingRun {
  const last = state.runningCount - 1;
  if (slot === last) return { ...state, runningCount: last };
  const moved = get(state.running, last);
  const node = get(state.nodes, moved);
  if (node.kind !== "running") return state;
  return { ...state, runningCount: last, running: set(state.running, slot, moved), nodes: set(state.nodes, moved, { ...node, slot }) };
}

function withDependentsReady(state: GoingRun, index: number): GoingRun {
  let { nodes, ready } = state;
  for (const dependent of state.graph.dependents[index]!) {
    const node = get(nodes, dependent);
    if (node.kind !== "pending") continue;
    if (node.unmet > 1) nodes = set(nodes, dependent, { kind: "pending", unmet: node.unmet - 1 });
    else {
      nodes = set(nodes, dependent, { kind: "ready" });
      ready = push(ready, dependent, readyBefore);
    }
  }
  return { ...state, nodes, ready };
}

/** Keeps the tops of both queues true; each entry is removed once. */
function withoutOutdated(state: GoingRun): GoingRun {
  let { ready, retries } = state;
  while (ready !== null && get(state.nodes, ready.item).kind !== "ready") ready = pop(ready, readyBefore);
  while (retries !== null) {
    const node = get(state.nodes, retries.item.node);
    if (node.kind === "backoff" && node.attempt === retries.item.attempt) break;
    retries = pop(retries, retryBefore);
  }
  return ready === state.ready && retries === state.retries ? state : { ...state, ready, retries };
}
