// What a schedule owes at a time: which of its nominal times fire and which are told as skipped (T1, T5–T8), and the ends of pauses.
import type { FireTimes } from "../model/fire-times.ts";
import type { TriggerKey } from "../model/job-events.ts";
import { type Draft, knownOf, pauseAt, pauseText } from "./draft.ts";
import { fire, skip } from "./places.ts";
import type { SchedulePolicy } from "./policy.ts";
import { type Pause, TRIGGER_LIMITS, type TriggerState } from "./state.ts";

interface Missed {
  /** Nominal times, oldest first, of at most `limit` newest ones. */
  readonly times: readonly number[];
  /** There are more before them. */
  readonly more: boolean;
}

/** Fires what a schedule owes at the draft's time. */
export function fireSchedule(draft: Draft, trigger: SchedulePolicy): void {
  const known = knownOf(draft.state(), trigger);
  if (known === undefined || !trigger.enabled) return;
  const pause = pauseAt(draft.state(), known, draft.at);
  if (pause !== null) {
    if (draft.at >= toldAgainAt(known, pause)) tellPaused(draft, trigger, { pause, through: draft.at });
    return;
  }
  const due = dueTimes(trigger.times, known.handled, draft.at);
  const newest = due.times.at(-1);
  if (newest === undefined) return;
  const onTime = draft.at - newest - trigger.times.delayMs(newest) <= TRIGGER_LIMITS.onTimeMs;
  const firing = toFire(trigger, due.times, onTime);
  const missed = due.times.slice(0, due.times.length - firing.length);
  if (missed.length > 0)
    skip(draft, trigger.trigger, {
      scheduledFor: missed[0]!,
      through: missed.at(-1)!,
      count: missed.length,
      atLeast: due.more,
      key: null,
      reason: "missed",
      why: missedText(trigger, firing.length),
    });
  for (const scheduledFor of firing) {
    const late = draft.at - scheduledFor - trigger.times.delayMs(scheduledFor) > TRIGGER_LIMITS.onTimeMs;
    const why = late ? `its time, made up for (catchUp: ${trigger.catchUp})` : "its time";
    fire(draft, trigger, { scheduledFor, key: null, salt: "", items: [], gathered: false, why });
  }
}

function toFire(trigger: SchedulePolicy, times: readonly number[], onTime: boolean): readonly number[] {
  switch (trigger.catchUp) {
    case "none":
      return onTime ? times.slice(-1) : [];
    case "latest":
      return times.slice(-1);
    case "all":
      return times.slice(-TRIGGER_LIMITS.catchUpRuns);
    default:
      return trigger.catchUp satisfies never;
  }
}

function missedText({ catchUp }: SchedulePolicy, fired: number): string {
  const nobody = "no engine fired it in time";
  if (catchUp === "all") return `${nobody}; catchUp: all makes up for ${fired} at once, not for these before them`;
  return `${nobody}, and catchUp is ${catchUp}`;
}

/** Ends pauses that have run out; what they kept from firing is told. */
export function endPauses(draft: Draft): void {
  const ended = (pause: Pause | null): pause is Pause => pause?.until != null && pause.until <= draft.at;
  const { pause } = draft.state();
  if (ended(pause)) endPause(draft, null, { pause, by: pause.by, cause: "expired" });
  for (const [key, known] of Object.entries(draft.state().triggers))
    if (ended(known.pause)) endPause(draft, key, { pause: known.pause, by: known.pause.by, cause: "expired" });
}

interface PauseEnd {
  readonly pause: Pause;
  readonly by: string;
  readonly cause: "asked" | "expired";
}

export function endPause(draft: Draft, key: TriggerKey | null, { pause, by, cause }: PauseEnd): void {
  const through = Math.min(draft.at, pause.until ?? draft.at);
  for (const trigger of draft.policy.triggers)
    if (trigger.kind === "schedule" && trigger.enabled && (key === null || key === trigger.trigger))
      tellPaused(draft, trigger, { pause, through });
  draft.emit({ type: "trigger_resumed", at: draft.at, trigger: key, by, cause });
}

function tellPaused(draft: Draft, trigger: SchedulePolicy, { pause, through }: { readonly pause: Pause; readonly through: number }): void {
  const known = knownOf(draft.state(), trigger);
  if (known === undefined) return;
  const due = dueTimes(trigger.times, known.handled, through);
  if (due.times.length === 0) return;
  skip(draft, trigger.trigger, {
    scheduledFor: due.times[0]!,
    through: due.times.at(-1)!,
    count: due.times.length,
    atLeast: due.more,
    key: null,
    reason: "paused",
    why: pauseText(pause),
  });
}

/** When skips of a paused trigger may be told again. */
export function toldAgainAt(known: TriggerState, pause: Pause): number {
  const { lastSkipped } = known;
  return lastSkipped === null || lastSkipped.reason !== "paused" || lastSkipped.at < pause.at
    ? 0
    : lastSkipped.at + TRIGGER_LIMITS.toldEveryMs;
}

/** Nominal times beyond `handled` whose time (with jitter) has come. */
export function dueTimes(times: FireTimes, handled: number, at: number): Missed {
  const newestFirst: number[] = [];
  let nominal = times.previous(at + 1);
  while (nominal !== null && nominal > handled) {
    if (newestFirst.length >= TRIGGER_LIMITS.missedCounted) return { times: newestFirst.reverse(), more: true };
    if (newestFirst.length > 0 || nominal + times.delayMs(nominal) <= at) newestFirst.push(nominal);
    nominal = times.previous(nominal);
  }
  return { times: newestFirst.reverse(), more: false };
}
