// The decision: state × input → events. [] when nothing is to happen. One input gives the whole truth at once: what follows from it (skips, cancels,
// starts, the end) is computed to a fixpoint before it returns. Invariants: SPEC.md.
import { EVENT_FORMAT } from "../model/event-format.ts";
import type { RunEvent } from "../model/events.ts";
import {
  beginCompensation,
  cancelUnstarted,
  type Draft,
  draftOf,
  endMapped,
  finishIfSettled,
  followUp,
  fulfil,
  isUndoing,
} from "./consequences.ts";
import { isFinal } from "./evolve.ts";
import { indexOf, nodeOf } from "./graph.ts";
import type { CancelInput, Outcome, ReportInput, RunInput, StartInput } from "./input.ts";
import { retryDelayMs, retries } from "./retry.ts";
import { startAttempts } from "./starts.ts";
import type { GoingRun, RunState, Running } from "./state.ts";
import { get } from "./vector.ts";

/** How long a canceled run waits for its attempts to end before it ends without them. */
export const CANCEL_GRACE_MS = 5_000;
/** A node whose engine stops or dies this often is given up: it may be what kills the engine. */
export const INTERRUPTIONS_MAX = 50;

export interface Step {
  readonly events: readonly RunEvent[];
  /** The fold of `events` over the state that was given. */
  readonly state: RunState;
}

export function decide(state: RunState, input: RunInput): readonly RunEvent[] {
  return step(state, input).events;
}

/** `decide` and the state after its events, which it has computed anyway. */
export function step(state: RunState, input: RunInput): Step {
  switch (state.phase) {
    case "new":
      return input.type === "start" ? start(state, input) : { events: [], state };
    case "going":
      return proceed(state, input);
    case "finished":
      return { events: [], state };
    default:
      return state satisfies never;
  }
}

function start(state: RunState, input: StartInput): Step {
  const { now, run, trigger, plan, seed, leaseMs, takeOver, parent } = input;
  const draft = draftOf(state, now);
  const from = { fromRun: takeOver?.from ?? null, ...(parent === undefined ? {} : { parent }) };
  draft.emit({ type: "run_started", format: EVENT_FORMAT, at: now, run, trigger, plan, seed, ...from, leaseMs });
  const { graph } = draft.going();
  for (const [index, node] of plan.nodes.entries()) {
    if (node.compensates !== undefined || isFinal(get(draft.going().nodes, index))) continue;
    if (node.action === "reuse") draft.emit({ type: "node_reused", at: now, node: node.id, from: null });
    else if (takeOver !== null) {
      // What stands on something that is built anew cannot be taken over.
      const facts = takeOver.nodes.get(node.id);
      const settled = graph.needs[index]!.every((need) => get(draft.going().nodes, need).kind === "reused");
      if (facts !== undefined && settled) draft.emit({ type: "node_reused", at: now, node: node.id, from: takeOver.from, ...facts });
    }
    if (get(draft.going().nodes, index).kind === "reused") followUp(draft, index);
  }
  return settle(draft, input);
}

function proceed(state: GoingRun, input: RunInput): Step {
  const draft = draftOf(state, input.now);
  switch (input.type) {
    case "start":
      return { events: [], state };
    case "report":
      report(draft, state, input);
      break;
    case "tick":
      break;
    case "adopt":
      for (const { node, running } of runningOf(state))
        if (input.dead?.includes(running.owner) ?? running.owner !== input.owner) interrupt(draft, node, running, "its engine ended");
      break;
    case "heartbeat":
      heartbeat(draft, state, input);
      break;
    case "cancel":
      if (input.node !== undefined) cancelNode(draft, state, input.node, input);
      else if (state.cancel === null) requestCancel(draft, { by: input.by, why: input.why, cause: "request" });
      break;
    case "signal":
      signal(draft, state, input);
      break;
    case "pause":
      if (!state.paused) draft.emit({ type: "run_paused", at: draft.now, by: input.by, why: input.why });
      break;
    case "resume":
      if (state.paused) draft.emit({ type: "run_resumed", at: draft.now, by: input.by });
      break;
    case "setConcurrency": {
      const { concurrency, by } = input;
      if (concurrency >= 1 && concurrency !== state.concurrency)
        draft.emit({ type: "concurrency_changed", at: draft.now, concurrency, by });
      break;
    }
    default:
      return input satisfies never;
  }
  if (input.type === "tick") passTime(draft, state);
  return settle(draft, input);
}

function settle(draft: Draft, input: RunInput): Step {
  beginCompensation(draft);
  if (input.owner !== null) startAttempts(draft, input.owner, input.admission);
  finishIfSettled(draft);
  return fulfil(draft);
}

function report(draft: Draft, state: GoingRun, input: ReportInput): void {
  const node = indexOf(state.graph, input.node);
  if (node === undefined) return;
  const running = get(state.nodes, node);
  if (running.kind !== "running" || running.attempt !== input.attempt) return;
  end(draft, node, running, input.outcome);
}

/** The live attempt of a node has ended. */
function end(draft: Draft, node: number, running: Running, outcome: Outcome): void {
  const { id } = nodeOf(draft.going().graph, node);
  const at = draft.now;
  switch (outcome.kind) {
    case "succeeded": {
      const tookMs = at - running.startedAt;
      const reused = outcome.reused ? { reused: true as const } : {};
      draft.emit({ type: "node_succeeded", at, node: id, attempt: running.attempt, tookMs, ...reused, ...outcome.facts });
      followUp(draft, node);
      return;
    }
    case "skipped":
      if (cancelInstead(draft, node)) return;
      draft.emit({ type: "node_skipped", at, node: id, because: null, why: outcome.why });
      followUp(draft, node);
      return;
    case "waiting":
      if (cancelInstead(draft, node)) return;
      draft.emit({ type: "node_waiting", at, node: id, attempt: running.attempt, wait: outcome.wait });
      return;
    case "mapped":
      if (cancelInstead(draft, node)) return;
      draft.emit({ type: "node_mapped", at, node: id, attempt: running.attempt, items: outcome.items });
      if (endMapped(draft, node)) followUp(draft, node);
      return;
    case "timeout":
      fail(draft, node, running, { reason: "timeout", error: outcome.error });
      return;
    case "failed":
      fail(draft, node, running, {
        reason: "error",
        error: outcome.error,
        ...(outcome.checks === undefined ? {} : { checks: outcome.checks }),
      });
      return;
    case "lost":
      fail(draft, node, running, { reason: "lost", error: outcome.error });
      return;
    case "interrupted":
      interrupt(draft, node, running, "its engine was stopped");
      return;
    default:
      outcome satisfies never;
  }
}

/** In a canceled run an attempt that ends without success is canceled, whatever it says. */
function cancelInstead(draft: Draft, node: number): boolean {
  const { cancel, graph } = draft.going();
  if (cancel === null || isUndoing(draft.going(), node)) return false;
  draft.emit({ type: "node_canceled", at: draft.now, node: nodeOf(graph, node).id });
  return true;
}

type Failure = Pick<Extract<RunEvent, { type: "attempt_failed" }>, "error" | "checks"> & { readonly reason: "error" | "lost" | "timeout" };

/** An attempt that counts as a try has failed. */
function fail(draft: Draft, node: number, running: Running, failure: Failure): void {
  if (cancelInstead(draft, node)) return;
  const state = draft.going();
  const { id, retry, fallback } = nodeOf(state.graph, node);
  const at = draft.now;
  const tries = running.attempt - running.uncounted;
  const { error } = failure;
  const again = retries(retry, failure) && tries < retry.attempts;
  const delayMs = again ? retryDelayMs(retry, { seed: state.seed, node, tries, retryAfterMs: error.retryAfterMs }) : 0;
  const end = again ? { retryAt: at + delayMs } : { retryAt: null, ...(fallback === undefined ? {} : { fallback }) };
  draft.emit({ type: "attempt_failed", at, node: id, attempt: running.attempt, ...failure, ...end });
  if (!again) followUp(draft, node);
}

/** An attempt ended through no fault of its own: it starts again at once and does not count as a try. */
function interrupt(draft: Draft, node: number, running: Running, what: string): void {
  if (cancelInstead(draft, node)) return;
  const { id } = nodeOf(draft.going().graph, node);
  const at = draft.now;
  const again = running.interruptions < INTERRUPTIONS_MAX;
  const message = `attempt ${running.attempt} was interrupted: ${what}${again ? "" : `; that makes ${INTERRUPTIONS_MAX + 1} times`}`;
  const error = { code: "MR6005", message, retryable: again };
  draft.emit({ type: "attempt_failed", at, node: id, attempt: running.attempt, reason: "interrupted", error, retryAt: again ? at : null });
  if (!again) followUp(draft, node);
}

function heartbeat(draft: Draft, state: GoingRun, input: RunInput & { type: "heartbeat" }): void {
  if (state.leaseMs === null) return;
  const leaseUntil = draft.now + state.leaseMs;
  for (const { node: id, attempt } of input.attempts) {
    const index = indexOf(state.graph, id);
    const node = index === undefined ? undefined : get(state.nodes, index);
    if (node?.kind !== "running" || node.attempt !== attempt || (node.leaseUntil ?? 0) >= leaseUntil) continue;
    draft.emit({ type: "lease_extended", at: draft.now, node: id, attempt, leaseUntil });
  }
}

/** Someone decides an approval; any other node that waits is tried at once. */
function signal(draft: Draft, state: GoingRun, { node: id, signal: said }: RunInput & { type: "signal" }): void {
  const index = indexOf(state.graph, id);
  const node = index === undefined ? undefined : get(state.nodes, index);
  if (index === undefined || node?.kind !== "waiting") return;
  const at = draft.now;
  draft.emit({ type: "node_signaled", at, node: id, signal: said });
  if (node.wait !== "approval") return;
  const { by, why, fields, accept } = said;
  if (accept) {
    const output = { accepted: true, by, why, fields };
    draft.emit({ type: "node_succeeded", at, node: id, attempt: node.attempt, tookMs: at - node.startedAt, output });
  } else {
    const error = { code: "MR6010", message: `${by} rejected ${id}${why === "" ? "" : `: ${why}`}`, retryable: false };
    draft.emit({ type: "node_failed", at, node: id, error });
  }
  followUp(draft, index);
}

/** One node alone, and the items that it was mapped to. */
function cancelNode(draft: Draft, state: GoingRun, id: string, { by, why }: CancelInput): void {
  const index = indexOf(state.graph, id);
  if (index === undefined || state.cancel !== null) return;
  const items = state.graph.items.find((each) => each.parent === index);
  const last = items === undefined ? 0 : items.first + items.count;
  const all = [index];
  for (let item = items?.first ?? 0; item < last; item++) all.push(item);
  for (const each of all) {
    const node = get(draft.going().nodes, each);
    if (isFinal(node) || node.kind === "dormant") continue;
    draft.emit({ type: "node_canceled", at: draft.now, node: nodeOf(state.graph, each).id, by, why });
    followUp(draft, each);
  }
}

function requestCancel(draft: Draft, request: { readonly by: string; readonly why: string; readonly cause: "request" | "timeout" }): void {
  draft.emit({ type: "cancel_requested", at: draft.now, ...request });
  cancelUnstarted(draft);
}

/** Whatever is due at `now`: the run's time-out, attempts that are over their time or without a sign of life, a cancel that has waited long enough. */
function passTime(draft: Draft, state: GoingRun): void {
  const { now } = draft;
  if (state.timeoutAt !== null && now >= state.timeoutAt && state.cancel === null)
    requestCancel(draft, { by: "timeout", why: "the run took longer than its timeout", cause: "timeout" });
  failOverdue(draft);
  for (const { node, running } of runningOf(state)) {
    const { cancel } = draft.going();
    const { id, timeoutMs } = nodeOf(state.graph, node);
    if (running.deadlineAt !== null && now >= running.deadlineAt)
      fail(draft, node, running, {
        reason: "timeout",
        error: {
          code: "MR6003",
          message: `${id} took longer than its timeout of ${timeoutMs} ms`,
          retryable: true,
        },
      });
    else if (running.leaseUntil !== null && now >= running.leaseUntil) interrupt(draft, node, running, "its engine gave no sign of life");
    else if (cancel !== null && now >= cancel.at + CANCEL_GRACE_MS && !isUndoing(state, node))
      draft.emit({ type: "node_canceled", at: now, node: id });
  }
}

/** Nodes that were ready or waiting for longer than they may. */
function failOverdue(draft: Draft): void {
  for (;;) {
    const { deadlines, nodes, graph } = draft.going();
    if (deadlines === null || draft.now < deadlines.item.at) return;
    const { node: index } = deadlines.item;
    const { id, queueTimeoutMs, timeoutMs } = nodeOf(graph, index);
    const error =
      get(nodes, index).kind === "ready"
        ? { code: "MR6013", message: `${id} found no place within its queueTimeout of ${queueTimeoutMs} ms`, retryable: true }
        : { code: "MR6003", message: `${id} waited longer than its timeout of ${timeoutMs} ms`, retryable: true };
    draft.emit({ type: "node_failed", at: draft.now, node: id, error });
    followUp(draft, index);
  }
}

function runningOf(state: GoingRun): readonly { readonly node: number; readonly running: Running }[] {
  const list = [];
  for (let slot = 0; slot < state.runningCount; slot++) {
    const node = get(state.running, slot);
    const running = get(state.nodes, node);
    if (running.kind === "running" && !isFinal(running)) list.push({ node, running });
  }
  return list;
}
