// One fact over the state: total, the only place where the state of a job changes.
import type { JobEvent, RequestSubmitted, TriggerFired, TriggersDefined, TriggerSkipped } from "../model/job-events.ts";
import { remember, REQUESTS } from "./keys.ts";
import type { JobRun, JobState, Noted, TriggerState } from "./state.ts";

export function evolve(before: JobState, event: JobEvent): JobState {
  const state = { ...before, version: before.version + 1, at: event.at };
  switch (event.type) {
    case "triggers_defined":
      return { ...state, triggers: defined(state, event) };
    case "trigger_noted": {
      const keys = remember(state.keys, event.trigger, event.key, "");
      const noted = { at: event.at, key: event.key, item: event.item, slot: event.slot ?? null };
      return withTrigger({ ...state, keys }, event.trigger, (trigger) => ({ ...trigger, noted: withNoted(trigger.noted, noted) }));
    }
    case "trigger_fired":
      return fired(state, event);
    case "trigger_skipped":
      return skipped(state, event);
    case "request_submitted": {
      const keys = event.key === null ? state.keys : remember(state.keys, REQUESTS, event.key, event.run);
      return event.decision === "skipped" ? { ...state, keys } : placed({ ...state, keys }, event.decision, requested(event));
    }
    case "run_dequeued": {
      const run = state.queue.find((each) => each.run === event.run);
      if (run === undefined) return state;
      return { ...state, queue: without(state.queue, event.run), active: [...state.active, run] };
    }
    case "run_dropped":
      return { ...state, queue: without(state.queue, event.run) };
    case "run_cancel_asked":
      return { ...state, active: state.active.map((run) => (run.run === event.run ? { ...run, cancelAsked: true } : run)) };
    case "run_ended":
      return { ...state, active: without(state.active, event.run), unplanned: null };
    case "request_failed": {
      const { run, at, code, why } = event;
      return { ...state, active: without(state.active, run), unplanned: { run, at, code, why } };
    }
    case "trigger_paused": {
      const pause = { at: event.at, until: event.until, by: event.by, why: event.why };
      return event.trigger === null ? { ...state, pause } : withTrigger(state, event.trigger, (trigger) => ({ ...trigger, pause }));
    }
    case "trigger_resumed": {
      // A sensor did not look meanwhile: its wait begins anew.
      const waiting = (trigger: TriggerState): TriggerState => ({ ...trigger, waitingSince: event.at });
      if (event.trigger !== null) return withTrigger(state, event.trigger, (trigger) => waiting({ ...trigger, pause: null }));
      const triggers = Object.fromEntries(Object.entries(state.triggers).map(([key, trigger]) => [key, waiting(trigger)]));
      return { ...state, pause: null, triggers };
    }
    case "sensor_changed":
      return withTrigger(state, event.trigger, (trigger) => ({ ...trigger, seen: event.seen, waitingSince: event.at, failedAt: null }));
    case "sensor_failed":
      return withTrigger(state, event.trigger, (trigger) => ({ ...trigger, failedAt: event.at }));
    default:
      return event satisfies never;
  }
}

function defined(state: JobState, event: TriggersDefined): JobState["triggers"] {
  const entries = Object.entries(event.triggers).map(([key, { kind, hash }]) => {
    const known = state.triggers[key];
    if (known?.kind !== kind) return [key, newTrigger(kind, hash, event.at)] as const;
    if (known.hash === hash) return [key, known] as const;
    return [
      key,
      { ...known, hash, handled: Math.max(known.handled, event.at), waitingSince: event.at, seen: null, failedAt: null },
    ] as const;
  });
  return Object.fromEntries(entries);
}

function newTrigger(kind: TriggerState["kind"], hash: string, at: number): TriggerState {
  const counts = { fired: 0, skipped: 0, lastFired: null, lastSkipped: null };
  return { kind, hash, handled: at, pause: null, noted: [], ...counts, seen: null, waitingSince: at, failedAt: null };
}

function fired(state: JobState, event: TriggerFired): JobState {
  const keys = event.key === null ? state.keys : remember(state.keys, event.trigger, event.key, event.run);
  const { trigger, scheduledFor, at, run, params, items, singleton, priority, why } = event;
  const job: JobRun = { run, trigger, scheduledFor, at, by: null, params, items, singleton, priority, cancelAsked: false };
  const next = withTrigger({ ...state, keys }, trigger, (known) => ({
    ...known,
    handled: handledBy(known, scheduledFor),
    noted: event.gathered === true ? known.noted.slice(items.length) : known.noted,
    lastFired: { scheduledFor, at, run, why },
    fired: known.fired + 1,
  }));
  return placed(next, event.decision, job);
}

function skipped(state: JobState, event: TriggerSkipped): JobState {
  const keys = event.key === null ? state.keys : remember(state.keys, event.trigger, event.key, "");
  const { scheduledFor, through, at, reason, why, count } = event;
  return withTrigger({ ...state, keys }, event.trigger, (known) => ({
    ...known,
    handled: handledBy(known, through),
    noted: notedAfter(known.noted, event),
    lastSkipped: { scheduledFor, at, reason, why },
    skipped: known.skipped + count,
    waitingSince: reason === "timedOut" ? at : known.waitingSince,
  }));
}

function notedAfter(noted: readonly Noted[], { gathered, count, reason, through }: TriggerSkipped): readonly Noted[] {
  if (gathered === true) return noted.slice(count);
  return reason === "windowPassed" ? noted.filter((one) => one.at > through) : noted;
}

/** Only the times of a schedule are dealt with for ever. */
function handledBy(trigger: TriggerState, nominal: number): number {
  return trigger.kind === "schedule" ? Math.max(trigger.handled, nominal) : trigger.handled;
}

function requested({ run, at, by, params, singleton, priority }: RequestSubmitted): JobRun {
  return { run, trigger: null, scheduledFor: at, at, by, params, items: [], singleton, priority, cancelAsked: false };
}

function placed(state: JobState, decision: "started" | "queued", run: JobRun): JobState {
  if (decision === "started") return { ...state, active: [...state.active, run] };
  // T14: behind all of at least its priority.
  const behind = state.queue.findLastIndex((other) => other.priority >= run.priority) + 1;
  return { ...state, queue: state.queue.toSpliced(behind, 0, run) };
}

function withNoted(noted: readonly Noted[], one: Noted): readonly Noted[] {
  return [...(one.slot === null ? noted : noted.filter((other) => other.slot !== one.slot)), one];
}

function without(runs: readonly JobRun[], run: string): readonly JobRun[] {
  return runs.filter((each) => each.run !== run);
}

function withTrigger(state: JobState, key: string, change: (trigger: TriggerState) => TriggerState): JobState {
  const trigger = state.triggers[key];
  return trigger === undefined ? state : { ...state, triggers: { ...state.triggers, [key]: change(trigger) } };
}
