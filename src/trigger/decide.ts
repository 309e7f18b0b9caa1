// The decision: state × input × policy → events. [] when nothing is to happen. What follows from an input (a place that is free again) is in its events.
// Invariants: SPEC.md.
import type { JobEvent, TriggerKind } from "../model/job-events.ts";
import { type Draft, draftOf } from "./draft.ts";
import { fireGathered, happen, sense } from "./happenings.ts";
import type { JobAnswer, JobInput, PauseInput, ResumeInput, SubmitInput } from "./input.ts";
import { recall, REQUESTS } from "./keys.ts";
import { dispatch, skip, submit } from "./places.ts";
import type { JobPolicy } from "./policy.ts";
import type { JobState } from "./state.ts";
import { endPause, endPauses, fireSchedule } from "./ticks.ts";

export interface JobStep {
  readonly events: readonly JobEvent[];
  /** The fold of `events` over the state that was given. */
  readonly state: JobState;
  /** What became of the input. */
  readonly answer: JobAnswer;
}

const NOTHING: JobAnswer = { kind: "nothing" };

/** Decides; the answer is for whoever asked. */
export function step(state: JobState, input: JobInput, policy: JobPolicy): JobStep {
  const draft = draftOf(state, policy, input.now);
  const answer = take(draft, input);
  dispatch(draft);
  return { events: draft.events, state: draft.state(), answer };
}

function take(draft: Draft, input: JobInput): JobAnswer {
  const { at } = draft;
  switch (input.type) {
    case "define":
      define(draft);
      return NOTHING;
    case "tick":
      tick(draft);
      return NOTHING;
    case "happened":
      return happen(draft, input);
    case "sensed":
      return sense(draft, input);
    case "submit":
      return request(draft, input);
    case "ended":
      if (isActive(draft, input.run)) draft.emit({ type: "run_ended", at, run: input.run, status: input.status });
      return NOTHING;
    case "unplanned":
      if (isActive(draft, input.run)) draft.emit({ type: "request_failed", at, run: input.run, code: input.code, why: input.why });
      return NOTHING;
    case "pause":
      pause(draft, input);
      return NOTHING;
    case "resume":
      resume(draft, input);
      return NOTHING;
    case "drop":
      if (draft.state().queue.some(({ run }) => run === input.run))
        draft.emit({ type: "run_dropped", at, run: input.run, reason: "withdrawn", why: `${input.by}: ${input.why}` });
      return NOTHING;
    default:
      return input satisfies never;
  }
}

function define(draft: Draft): void {
  const { at, policy } = draft;
  const triggers = Object.fromEntries(
    policy.triggers.map(({ trigger, kind, hash }) => [trigger, { kind, hash }] satisfies [string, { kind: TriggerKind; hash: string }]),
  );
  const known = draft.state().triggers;
  const keys = Object.keys(triggers);
  if (keys.length === Object.keys(known).length && keys.every((key) => known[key]?.hash === triggers[key]!.hash)) return;
  for (const [key, { noted, kind }] of Object.entries(known))
    if (noted.length > 0 && triggers[key]?.kind !== kind)
      skip(draft, key, {
        scheduledFor: noted[0]!.at,
        through: noted.at(-1)!.at,
        count: noted.length,
        key: null,
        reason: "withdrawn",
        why: "the trigger was taken out of the job",
      });
  draft.emit({ type: "triggers_defined", at, triggers });
}

function tick(draft: Draft): void {
  endPauses(draft);
  for (const trigger of draft.policy.triggers) {
    if (trigger.kind === "schedule") fireSchedule(draft, trigger);
    else fireGathered(draft, trigger);
  }
}

function request(draft: Draft, { key, by, params, priority, known }: SubmitInput): JobAnswer {
  const taken = key === null ? undefined : (recall(draft.state().keys, REQUESTS, key) ?? known);
  if (taken !== undefined) return { kind: "duplicate", run: taken, why: "this idempotency key was used before" };
  return submit(draft, { key, by, params, priority: priority ?? draft.policy.priority });
}

function pause(draft: Draft, { trigger, until, by, why }: PauseInput): void {
  if (trigger !== null && draft.state().triggers[trigger] === undefined) return;
  if (until !== null && until <= draft.at) return;
  draft.emit({ type: "trigger_paused", at: draft.at, trigger, until, by, why });
}

function resume(draft: Draft, { trigger, by }: ResumeInput): void {
  const state = draft.state();
  const paused = trigger === null ? state.pause : (state.triggers[trigger]?.pause ?? null);
  if (paused !== null) endPause(draft, trigger, { pause: paused, by, cause: "asked" });
}

function isActive(draft: Draft, run: string): boolean {
  return draft.state().active.some((each) => each.run === run);
}
