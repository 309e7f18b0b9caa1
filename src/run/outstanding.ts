// What should be in flight now, derived from the state: the same after a normal step, a restart and a lost race. Costs O(attempts in flight).
import type { NodeId } from "../model/graph.ts";
import { isUndoing } from "./consequences.ts";
import { CANCEL_GRACE_MS } from "./decide.ts";
import { nodeOf } from "./graph.ts";
import { nextRetryAt } from "./starts.ts";
import type { RunState } from "./state.ts";
import { get } from "./vector.ts";

export type Effect =
  /** `owner` carries this attempt out. */
  | { readonly type: "run_attempt"; readonly node: NodeId; readonly attempt: number; readonly owner: string }
  /** Should end: the run is canceled. */
  | { readonly type: "abort_attempt"; readonly node: NodeId; readonly attempt: number; readonly owner: string }
  /** A tick at `at` (run time) will have something to do. */
  | { readonly type: "wake"; readonly at: number };

/**
 * An attempt that runs somewhere and is not named here is outdated and should end. `decidedAt`: when time was last looked at; what was due by then and did
 * not start found no place, and is woken by whoever makes room.
 */
export function outstanding(state: RunState, decidedAt: number = Number.NEGATIVE_INFINITY): readonly Effect[] {
  if (state.phase !== "going") return [];
  const effects: Effect[] = [];
  let wakeAt = Number.POSITIVE_INFINITY;
  for (let slot = 0; slot < state.runningCount; slot++) {
    const index = get(state.running, slot);
    const node = get(state.nodes, index);
    if (node.kind !== "running") continue;
    const { id } = nodeOf(state.graph, index);
    const goesOn = state.cancel === null || isUndoing(state, index);
    effects.push({ type: goesOn ? "run_attempt" : "abort_attempt", node: id, attempt: node.attempt, owner: node.owner });
    if (!goesOn) wakeAt = Math.min(wakeAt, state.cancel.at + CANCEL_GRACE_MS);
    wakeAt = Math.min(wakeAt, node.deadlineAt ?? wakeAt, node.leaseUntil ?? wakeAt);
  }
  // A node whose wait is over but for which there is no room is woken by whoever makes room.
  if (!state.paused && state.runningCount < state.concurrency) wakeAt = Math.min(wakeAt, nextRetryAt(state, decidedAt) ?? wakeAt);
  if (state.deadlines !== null) wakeAt = Math.min(wakeAt, state.deadlines.item.at);
  if (state.cancel === null && state.timeoutAt !== null) wakeAt = Math.min(wakeAt, state.timeoutAt);
  if (wakeAt !== Number.POSITIVE_INFINITY) effects.push({ type: "wake", at: wakeAt });
  return effects;
}
