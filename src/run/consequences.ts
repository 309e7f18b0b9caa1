// What follows from facts: skips of what stands on a failed node, cancels of what has not started, starts while there is room, the end. All of it is
// worked out on a draft inside one decision, so that the log never shows a half-told story.
import type { FinalRunStatus, RunEvent } from "../model/events.ts";
import { assert } from "./assert.ts";
import { evolve, isFinal } from "./evolve.ts";
import { type GoingRun, type RunState, settledCount } from "./state.ts";
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

/** Everything that stands on `failed`, directly or through others, is skipped. None of it can have started. */
export function skipDependents(draft: Draft, failed: number): void {
  const { graph } = draft.going();
  const because = graph.nodes[failed]!.id;
  const queue = [...graph.dependents[failed]!];
  for (let index = queue.pop(); index !== undefined; index = queue.pop()) {
    if (isFinal(get(draft.going().nodes, index))) continue;
    draft.emit({ type: "node_skipped", at: draft.now, node: graph.nodes[index]!.id, because });
    queue.push(...graph.dependents[index]!);
  }
}

/** After a cancel nothing that waits will start. */
export function cancelUnstarted(draft: Draft): void {
  const { graph, nodes } = draft.going();
  for (const [index, { id }] of graph.nodes.entries()) {
    const node = get(nodes, index);
    if (!isFinal(node) && node.kind !== "running") draft.emit({ type: "node_canceled", at: draft.now, node: id });
  }
}

/** Fills the free places: first whose wait is over (longest first), then what is ready, in the order of the plan. */
export function startAttempts(draft: Draft, owner: string): void {
  for (;;) {
    const state = draft.going();
    if (state.cancel !== null || state.runningCount >= state.concurrency) return;
    const due = state.retries !== null && state.retries.item.retryAt <= draft.now ? state.retries.item : null;
    const index = due?.node ?? state.ready?.item;
    if (index === undefined) return;
    const leaseUntil = state.leaseMs === null ? null : draft.now + state.leaseMs;
    const attempt = (due?.attempt ?? 0) + 1;
    draft.emit({ type: "attempt_started", at: draft.now, node: state.graph.nodes[index]!.id, attempt, owner, leaseUntil });
  }
}

export function finishIfSettled(draft: Draft): void {
  const state = draft.going();
  if (settledCount(state) < state.graph.nodes.length) return;
  draft.emit({ type: "run_finished", at: draft.now, status: statusOf(state) });
}

/** `partial`: some failed, and something else succeeded that the failed ones do not stand on. */
function statusOf(state: GoingRun): FinalRunStatus {
  const { failed, canceled, succeeded } = state.settled;
  if (canceled > 0) return state.cancel?.cause === "timeout" ? "failed" : "canceled";
  if (failed === 0) return "succeeded";
  return succeeded > 0 && someStandsApart(state) ? "partial" : "failed";
}

function someStandsApart(state: GoingRun): boolean {
  const { graph, nodes } = state;
  const below = new Set<number>();
  const queue = graph.nodes.map((_, index) => index).filter((index) => get(nodes, index).kind === "failed");
  for (let index = queue.pop(); index !== undefined; index = queue.pop()) {
    for (const need of graph.needs[index]!) {
      if (below.has(need)) continue;
      below.add(need);
      queue.push(need);
    }
  }
  return graph.nodes.some((_, index) => get(nodes, index).kind === "succeeded" && !below.has(index));
}
