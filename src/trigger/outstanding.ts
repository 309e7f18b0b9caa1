// What should be in flight now, derived from the state: runs that have their place, runs that are to end, and when to look again (T15).
import { knownOf } from "./draft.ts";
import { gatheredDueAt, windowPassesAt } from "./happenings.ts";
import type { JobPolicy, SchedulePolicy, TriggerPolicy } from "./policy.ts";
import type { JobRun, JobState, Pause, TriggerState } from "./state.ts";
import { toldAgainAt } from "./ticks.ts";

export interface Outstanding {
  /** When the next tick has something to do; null: never by itself. It may lie in the past. */
  readonly wakeAt: number | null;
  /** Runs that have their place, oldest first; starting one that is there already does nothing. */
  readonly start: readonly JobRun[];
  /** Those of them that are to end for a newer one. */
  readonly cancel: readonly JobRun[];
}

export function outstanding(state: JobState, policy: JobPolicy): Outstanding {
  return {
    wakeAt: earliest([state.pause?.until ?? null, ...policy.triggers.map((trigger) => wakeOf(state, trigger))]),
    start: state.active,
    cancel: state.active.filter((run) => run.cancelAsked),
  };
}

function wakeOf(state: JobState, trigger: TriggerPolicy): number | null {
  const known = knownOf(state, trigger);
  if (known === undefined) return state.triggers[trigger.trigger]?.pause?.until ?? null;
  const pause = known.pause ?? state.pause;
  const end = known.pause?.until ?? null;
  if (!trigger.enabled) return end;
  if (trigger.kind === "schedule") return earliest([end, scheduleWake(trigger, known, pause)]);
  if (pause !== null) return end;
  if (trigger.kind === "assets" && trigger.mode === "all") return windowPassesAt(trigger, known.noted);
  const timeout =
    trigger.kind === "sensor" && trigger.timeoutMs !== null && known.seen === null ? known.waitingSince + trigger.timeoutMs : null;
  return earliest([gatheredDueAt(trigger.gather, known.noted), timeout]);
}

function scheduleWake({ times }: SchedulePolicy, known: TriggerState, pause: Pause | null): number | null {
  const nominal = times.next(known.handled);
  if (nominal === null) return null;
  const dueAt = nominal + times.delayMs(nominal);
  if (pause === null) return dueAt;
  return Math.max(dueAt, toldAgainAt(known, pause));
}

function earliest(times: readonly (number | null)[]): number | null {
  let first: number | null = null;
  for (const time of times) if (time !== null && (first === null || time < first)) first = time;
  return first;
}
