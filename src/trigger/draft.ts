// A decision in the making: the events so far and the state after them.
import type { JobEvent } from "../model/job-events.ts";
import { evolve } from "./evolve.ts";
import type { JobPolicy, TriggerPolicy } from "./policy.ts";
import { type JobState, type Pause, TRIGGER_LIMITS, type TriggerState } from "./state.ts";

export interface Draft {
  readonly policy: JobPolicy;
  /** Time of its events: `now`, where the clock has not gone back a little. */
  readonly at: number;
  readonly events: readonly JobEvent[];
  state(): JobState;
  emit(event: JobEvent): void;
}

export function draftOf(before: JobState, policy: JobPolicy, now: number): Draft {
  let state = before;
  const events: JobEvent[] = [];
  const isSkew = now < before.at && before.at - now < TRIGGER_LIMITS.skewMs;
  return {
    policy,
    at: isSkew ? before.at : now,
    events,
    state: () => state,
    emit(event) {
      events.push(event);
      state = evolve(state, event);
    },
  };
}

/** What is known of a trigger, where this engine read the definition that counts (T11). */
export function knownOf(state: JobState, trigger: TriggerPolicy): TriggerState | undefined {
  const known = state.triggers[trigger.trigger];
  return known?.hash === trigger.hash ? known : undefined;
}

/** The pause that keeps a trigger from firing at `at`: its own, else the job's. */
export function pauseAt(state: JobState, trigger: TriggerState, at: number): Pause | null {
  return [trigger.pause, state.pause].find((pause) => pause !== null && (pause.until === null || at < pause.until)) ?? null;
}

export function pauseText(pause: Pause): string {
  return `paused by ${pause.by}${pause.why === "" ? "" : `: ${pause.why}`}`;
}
