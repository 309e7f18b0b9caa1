// What follows from facts: skips of what cannot start any more, ends of mapped nodes, cancels of what has not started, undos of a failed run, the end.
// All of it is worked out on a draft inside one decision, so that the log never shows a half-told story.
import type { FinalRunStatus, RunEvent } from "../model/events.ts";
import type { NodeId } from "../model/graph.ts";
import { assert } from "./assert.ts";
import { evolve, isFinal, meets, verdictOf } from "./evolve.ts";
import { dependentsOf, nodeOf, parentOf } from "./graph.ts";
import { type GoingRun, type NodeState, type RunState, settledCount } from "./state.ts";
import { get } from "./vector.ts";

export interface Draft {
  /** Time of this decision; never before the newest event. */
  readonly now: number;
  emit(event: RunEvent): void;
  going(): GoingRun;
  current(): RunState;
  readonly events: readonly RunEvent[];
}

export function draftOf(state: RunState, now: number): Draft {
  const events: RunEvent[] = [];
  let current = state;
  return {
    now: Math.max(now, state.at),
    events,
    emit(event) {
      events.push(event);
      current = evolve(current, event);
    },
    going() {
      assert(current.phase === "going", "a run that is going on");
      return current;
    },
    current: () => current,
  };
}

export function fulfil(draft: Draft): { readonly events: readonly RunEvent[]; readonly state: RunState } {
  return { events: draft.events, state: draft.current() };
}

/** A node has settled: what can no longer start because of it is skipped, directly or through others, and a mapped node ends with its last item. */
export function followUp(draft: Draft, settled: number): void {
  const { graph } = draft.going();
  if (dependentsOf(graph, settled).length === 0 && parentOf(graph, settled) === undefined) return;
  const queue = [{ index: settled, because: nodeOf(graph, settled).id }];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    const isGood = verdictOf(get(draft.going().nodes, next.index)) === "good";
    for (const dependent of dependentsOf(graph, next.index)) {
      const node = get(draft.going().nodes, dependent);
      const { id, when } = nodeOf(graph, dependent);
      if (node.kind !== "pending" || !isHopeless(node, when)) continue;
      // What is hopeless because of another need is skipped in its name.
      if (isGood && when !== "failed") continue;
      const because = when === "failed" ? null : next.because;
      const why = because === null ? { why: "nothing that it stands on failed" } : {};
      draft.emit({ type: "node_skipped", at: draft.now, node: id, because, ...why });
      queue.push({ index: dependent, because: because ?? id });
    }
    const parent = parentOf(graph, next.index);
    if (parent !== undefined && endMapped(draft, parent)) queue.push({ index: parent, because: nodeOf(graph, parent).id });
  }
}

function isHopeless(node: Extract<NodeState, { kind: "pending" }>, when: Parameters<typeof meets>[0]): boolean {
  // What is settled well later changes nothing for a node that wants all to be well.
  const wantsAll = when === undefined || when === "succeeded" || when === "noneFailed";
  return (wantsAll && !meets(when, node)) || (node.unmet === 0 && !meets(when, node));
}

/** Ends a mapped node whose items are all settled. */
export function endMapped(draft: Draft, index: number): boolean {
  const { nodes, graph } = draft.going();
  const node = get(nodes, index);
  if (node.kind !== "mapped" || node.unmet > 0) return false;
  const { id } = nodeOf(graph, index);
  const items = graph.items.find((each) => each.parent === index)!.count;
  const { bad, attempt, startedAt } = node;
  const at = draft.now;
  if (bad === 0) draft.emit({ type: "node_succeeded", at, node: id, attempt, tookMs: at - startedAt, output: { items } });
  else {
    const error = { code: "MR6011", message: `${bad} of ${items} items of ${id} failed`, retryable: false };
    draft.emit({ type: "node_failed", at, node: id, error });
  }
  return true;
}

/** After a cancel nothing that waits will start. Undos stay: a run that is over its time is undone, one that a person canceled is not. */
export function cancelUnstarted(draft: Draft): void {
  const { graph, nodes, cancel, compensates } = draft.going();
  const undone = cancel?.cause === "timeout" && compensates;
  for (let index = 0; index < graph.size; index++) {
    const node = get(nodes, index);
    if (isFinal(node) || node.kind === "running" || (node.kind === "dormant" && undone)) continue;
    draft.emit({ type: "node_canceled", at: draft.now, node: nodeOf(graph, index).id });
  }
}

/** Does this node undo another, in a run that has come to that? */
export function isUndoing({ compensation }: GoingRun, index: number): boolean {
  return compensation !== null && compensation.includes(index);
}

/** When all but the undos is settled (a person's cancel settles those, too), they begin, newest success first; or they are not needed. */
export function beginCompensation(draft: Draft): void {
  const state = draft.going();
  const { graph, compensation } = state;
  if (graph.dormant.length === 0 || compensation !== null) return;
  const dormant = graph.dormant.filter((index) => get(state.nodes, index).kind === "dormant");
  if (dormant.length === 0 || settledCount(state) < graph.size - dormant.length) return;
  const undone = state.compensates && state.settled.failed + state.settled.canceled > 0;
  const order = undone ? state.undos.toReversed() : [];
  const ids = (indexes: readonly number[]): readonly NodeId[] => indexes.map((index) => nodeOf(graph, index).id);
  if (order.length > 0) draft.emit({ type: "compensation_started", at: draft.now, nodes: ids(order) });
  const why = undone ? "what it would undo was not done" : "the run did not fail";
  for (const node of ids(dormant.filter((index) => !order.includes(index))))
    draft.emit({ type: "node_skipped", at: draft.now, node, because: null, why });
}

export function finishIfSettled(draft: Draft): void {
  const state = draft.going();
  if (settledCount(state) < state.graph.size) return;
  draft.emit({ type: "run_finished", at: draft.now, status: statusOf(state) });
}

/** `partial`: some failed, and something else succeeded that the failed ones do not stand on. */
function statusOf(state: GoingRun): FinalRunStatus {
  const { failed, canceled, succeeded } = state.settled;
  if (state.compensation !== null) return "failed";
  if (state.cancel !== null && canceled > 0) return state.cancel.cause === "timeout" ? "failed" : "canceled";
  if (failed + canceled === 0) return "succeeded";
  return succeeded > 0 && someStandsApart(state) ? "partial" : "failed";
}

function someStandsApart(state: GoingRun): boolean {
  const { graph, nodes } = state;
  const below = new Set<number>();
  const isBad = (index: number): boolean => ["failed", "canceled"].includes(get(nodes, index).kind);
  const queue = graph.nodes.map((_, index) => index).filter(isBad);
  for (let index = queue.pop(); index !== undefined; index = queue.pop()) {
    for (const need of graph.needs[index]!) {
      if (below.has(need)) continue;
      below.add(need);
      queue.push(need);
    }
  }
  return graph.nodes.some(
    (_, index) => verdictOf(get(nodes, index)) === "good" && get(nodes, index).kind === "succeeded" && !below.has(index),
  );
}
