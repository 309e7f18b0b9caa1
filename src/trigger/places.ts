// Who gets a place of the job and who waits: overlap, the singleton key, the queue (T3, T4, T14).
import type { JsonValue } from "../model/answers.ts";
import { JOB_LIMITS, type RunParams, type SkipReason, type TriggerKey } from "../model/job-events.ts";
import type { Draft } from "./draft.ts";
import { jobKey } from "../model/store-events.ts";
import { runIdOf } from "./identity.ts";
import type { JobAnswer } from "./input.ts";
import { paramsOf } from "./params.ts";
import type { JobPolicy, TriggerPolicy } from "./policy.ts";
import { type JobRun, type JobState, TRIGGER_LIMITS } from "./state.ts";

export interface Fire {
  readonly scheduledFor: number;
  readonly key: string | null;
  /** Makes the run's id one of its own where neither time nor key does. */
  readonly salt: string;
  readonly items: readonly JsonValue[];
  readonly gathered: boolean;
  readonly why: string;
}

/** A trigger asks for a run. */
export function fire(draft: Draft, trigger: TriggerPolicy, request: Fire): JobAnswer {
  const { policy, at } = draft;
  const { scheduledFor, key, items } = request;
  const params = paramsOf(trigger.params, items);
  const singleton = policy.keyOf(params);
  const place = placeFor(draft, singleton, items.length);
  const why = cut(place.why === "" ? request.why : `${request.why}; ${place.why}`);
  if (place.kind === "skipped") {
    const count = request.gathered ? items.length : 1;
    skip(draft, trigger.trigger, {
      scheduledFor,
      through: scheduledFor,
      count,
      gathered: request.gathered,
      key,
      reason: place.reason,
      why,
    });
    return { kind: "skipped", why };
  }
  const run = runIdOf(scheduledFor, [jobKey(policy.job, policy.environment), trigger.trigger, scheduledFor, key ?? "", request.salt]);
  const gathered = request.gathered ? { gathered: true as const } : {};
  const { priority } = trigger;
  const { kind: decision } = place;
  draft.emit({
    type: "trigger_fired",
    at,
    trigger: trigger.trigger,
    scheduledFor,
    key,
    decision,
    why,
    run,
    params,
    items,
    ...gathered,
    singleton,
    priority,
  });
  makeRoom(draft, run, decision);
  return { kind: decision, run, why };
}

export interface Submission {
  readonly key: string | null;
  readonly by: string;
  readonly params: RunParams;
  readonly priority: number;
}

/** Somebody asks for a run. */
export function submit(draft: Draft, { key, by, params, priority }: Submission): JobAnswer {
  const { policy, at } = draft;
  const singleton = policy.keyOf(params);
  const place = placeFor(draft, singleton, 0);
  const run = runIdOf(at, [jobKey(policy.job, policy.environment), "request", at, key ?? "", draft.state().version]);
  const why = cut(place.why);
  draft.emit({ type: "request_submitted", at, key, by, decision: place.kind, why, run, params, singleton, priority });
  if (place.kind === "skipped") return { kind: "skipped", why };
  makeRoom(draft, run, place.kind);
  return { kind: place.kind, run, why };
}

/** Whoever waits and has a place now gets it; nobody overtakes one of the same key. */
export function dispatch(draft: Draft): void {
  const { policy, at } = draft;
  const held = new Map<string | null, number>();
  for (const { singleton } of draft.state().active) held.set(singleton, (held.get(singleton) ?? 0) + 1);
  for (const { run, singleton } of draft.state().queue) {
    const count = held.get(singleton) ?? 0;
    if (count >= policy.concurrency.max) continue;
    held.set(singleton, count + 1);
    draft.emit({ type: "run_dequeued", at, run });
  }
}

export interface Skip {
  readonly scheduledFor: number;
  readonly through: number;
  readonly count: number;
  readonly atLeast?: boolean;
  /** They are the oldest that were noted. */
  readonly gathered?: boolean;
  readonly key: string | null;
  readonly reason: SkipReason;
  readonly why: string;
}

export function skip(draft: Draft, trigger: TriggerKey, { atLeast, gathered, ...fields }: Skip): void {
  const flags = { ...(atLeast === true ? { atLeast } : {}), ...(gathered === true ? { gathered } : {}) };
  draft.emit({ type: "trigger_skipped", at: draft.at, trigger, ...fields, why: cut(fields.why), ...flags });
}

/** Happenings that the state holds. */
export function heldItems(state: JobState): number {
  const ofRuns = (runs: readonly JobRun[]): number => runs.reduce((sum, run) => sum + run.items.length, 0);
  return ofRuns(state.active) + ofRuns(state.queue) + Object.values(state.triggers).reduce((sum, { noted }) => sum + noted.length, 0);
}

type Place =
  | { readonly kind: "started" | "queued"; readonly why: string }
  | { readonly kind: "skipped"; readonly reason: SkipReason; readonly why: string };

function placeFor(draft: Draft, singleton: string | null, items: number): Place {
  const { policy } = draft;
  const { queue, active } = draft.state();
  const busy = ofKey(active, singleton);
  const { max, whenBusy } = policy.concurrency;
  if (busy.length < max && ofKey(queue, singleton).length === 0) return { kind: "started", why: "" };
  const why = busyText(policy, busy, singleton);
  switch (whenBusy) {
    case "skip":
      return { kind: "skipped", reason: "busy", why };
    case "cancelRunning":
      return { kind: "queued", why: `${why}, which is canceled for it` };
    case "queue": {
      if (queue.length < TRIGGER_LIMITS.queuedRuns && heldItems(draft.state()) + items <= TRIGGER_LIMITS.heldItems)
        return { kind: "queued", why };
      return { kind: "skipped", reason: "queueFull", why: `the queue of the job is full (${queue.length} runs wait)` };
    }
    default:
      return whenBusy satisfies never;
  }
}

function busyText({ concurrency }: JobPolicy, busy: readonly JobRun[], singleton: string | null): string {
  const [first] = busy;
  const of = singleton === null ? "" : ` of ${singleton}`;
  if (first === undefined) return `others${of} wait`;
  return concurrency.max === 1 ? `${first.run}${of} is going` : `${busy.length} runs${of} are going, the most is ${concurrency.max}`;
}

/** `cancelRunning`: the newest one takes the place of whoever waits, and the oldest one that is going is asked to end. */
function makeRoom(draft: Draft, run: string, decision: "started" | "queued"): void {
  if (decision === "started" || draft.policy.concurrency.whenBusy !== "cancelRunning") return;
  const { at } = draft;
  const { queue, active } = draft.state();
  const own = queue.find((each) => each.run === run)!;
  for (const other of ofKey(queue, own.singleton))
    if (other.run !== run) draft.emit({ type: "run_dropped", at, run: other.run, reason: "superseded", why: `${run} took its place` });
  const going = ofKey(active, own.singleton);
  const [oldest] = going;
  if (oldest !== undefined && !going.some((each) => each.cancelAsked))
    draft.emit({ type: "run_cancel_asked", at, run: oldest.run, why: `${run} takes its place` });
}

function ofKey(runs: readonly JobRun[], singleton: string | null): readonly JobRun[] {
  return runs.filter((run) => run.singleton === singleton);
}

function cut(why: string): string {
  return why.length > JOB_LIMITS.whyChars ? `${why.slice(0, JOB_LIMITS.whyChars - 1)}…` : why;
}
