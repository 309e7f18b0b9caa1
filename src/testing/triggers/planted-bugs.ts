// Mistakes that a machine of triggers could have, each put into the sound one. The simulation must find every one of them.
import type { JobEvent } from "../../model/job-events.ts";
import type { JobInput } from "../../trigger/input.ts";
import type { JobPolicy, TriggerPolicy } from "../../trigger/policy.ts";
import type { JobState, TriggerState } from "../../trigger/state.ts";
import { type JobMachine, soundMachine as sound } from "./machine.ts";

type Change = (event: JobEvent, state: JobState) => readonly JobEvent[];

/** Events are changed after they were decided. */
function telling(change: Change): JobMachine {
  return {
    ...sound,
    decide(state, input, policy) {
      const { events, answer } = sound.decide(state, input, policy);
      return { events: events.flatMap((event) => change(event, state)), answer };
    },
  };
}

/** It decides with another policy or input than the one it is given. */
function seeing(
  change: (
    policy: JobPolicy,
    state: JobState,
    input: JobInput,
  ) => { readonly policy?: JobPolicy; readonly state?: JobState; readonly input?: JobInput },
): JobMachine {
  return {
    ...sound,
    decide(state, input, policy) {
      const seen = { state, input, policy, ...change(policy, state, input) };
      return sound.decide(seen.state, seen.input, seen.policy);
    },
  };
}

/** An event leaves the state otherwise than it should. */
function folding(change: (before: JobState, after: JobState, event: JobEvent) => JobState): JobMachine {
  return { ...sound, evolve: (state, event) => change(state, sound.evolve(state, event), event) };
}

function eachTrigger(policy: JobPolicy, change: (trigger: TriggerPolicy) => TriggerPolicy): JobPolicy {
  return { ...policy, triggers: policy.triggers.map(change) };
}

function known(state: JobState, change: (trigger: TriggerState, key: string) => TriggerState): JobState {
  return { ...state, triggers: Object.fromEntries(Object.entries(state.triggers).map(([key, trigger]) => [key, change(trigger, key)])) };
}

const isSchedule = (trigger: TriggerPolicy): trigger is TriggerPolicy & { readonly kind: "schedule" } => trigger.kind === "schedule";

export const plantedBugs: Readonly<Record<string, JobMachine>> = {
  "skipped times are not dealt with": folding((before, after, event) =>
    event.type === "trigger_skipped"
      ? known(after, (trigger, key) => ({ ...trigger, handled: before.triggers[key]?.handled ?? trigger.handled }))
      : after,
  ),
  "fired times are not dealt with": folding((before, after, event) =>
    event.type === "trigger_fired" ? known(after, (trigger, key) => ({ ...trigger, handled: before.triggers[key]!.handled })) : after,
  ),
  "a new trigger counts from a day before": folding((_, after, event) =>
    event.type === "triggers_defined" ? known(after, (trigger) => ({ ...trigger, handled: trigger.handled - 86_400_000 })) : after,
  ),
  "a changed trigger goes on where the old one was": folding((before, after, event) =>
    event.type === "triggers_defined"
      ? known(after, (trigger, key) => ({
          ...trigger,
          handled: Math.min(trigger.handled, before.triggers[key]?.handled ?? trigger.handled),
        }))
      : after,
  ),
  "jitter is forgotten": seeing((policy) => ({
    policy: eachTrigger(policy, (trigger) =>
      isSchedule(trigger) ? { ...trigger, times: { ...trigger.times, delayMs: () => 0 } } : trigger,
    ),
  })),
  "jitter is forgotten when the next wake is named": {
    ...sound,
    outstanding: (state, policy) =>
      sound.outstanding(
        state,
        eachTrigger(policy, (trigger) => (isSchedule(trigger) ? { ...trigger, times: { ...trigger.times, delayMs: () => 0 } } : trigger)),
      ),
  },
  "catchUp: latest makes up for all": seeing((policy) => ({
    policy: eachTrigger(policy, (trigger) =>
      isSchedule(trigger) && trigger.catchUp === "latest" ? { ...trigger, catchUp: "all" } : trigger,
    ),
  })),
  "catchUp: none makes up for the latest": seeing((policy) => ({
    policy: eachTrigger(policy, (trigger) =>
      isSchedule(trigger) && trigger.catchUp === "none" ? { ...trigger, catchUp: "latest" } : trigger,
    ),
  })),
  "missed times are not told": telling((event) => (event.type === "trigger_skipped" && event.reason === "missed" ? [] : [event])),
  "missed times are miscounted": telling((event) =>
    event.type === "trigger_skipped" && event.reason === "missed" && event.count > 1 ? [{ ...event, count: event.count - 1 }] : [event],
  ),
  "a pause is ignored": seeing((_, state) => ({ state: { ...known(state, (trigger) => ({ ...trigger, pause: null })), pause: null } })),
  "a pause of the whole job is ignored": seeing((_, state) => ({ state: { ...state, pause: null } })),
  "the end of a pause is not woken for": {
    ...sound,
    outstanding: (state, policy) =>
      sound.outstanding(
        {
          ...known(state, (trigger) => ({ ...trigger, pause: trigger.pause === null ? null : { ...trigger.pause, until: null } })),
          pause: null,
        },
        policy,
      ),
  },
  "a paused trigger forgets what it skips": telling((event) =>
    event.type === "trigger_skipped" && event.reason === "paused" && event.key === null ? [] : [event],
  ),
  "keys of what was skipped are forgotten": seeing((_, state, input) =>
    input.type === "happened" && input.known === "" ? { input: { ...input, known: undefined }, state: { ...state, keys: [] } } : {},
  ),
  "keys are forgotten": seeing((_, state, input) =>
    input.type === "happened" ? { input: { ...input, known: undefined }, state: { ...state, keys: [] } } : {},
  ),
  "idempotency keys are forgotten": seeing((_, state, input) =>
    input.type === "submit" ? { input: { ...input, known: undefined }, state: { ...state, keys: [] } } : {},
  ),
  "one run too many": seeing((policy) => ({
    policy: { ...policy, concurrency: { ...policy.concurrency, max: policy.concurrency.max + 1 } },
  })),
  "runs of another key are counted too": seeing((policy) => ({ policy: { ...policy, keyOf: () => null } })),
  "a place is not freed by a run that could not be planned": folding((before, after, event) =>
    event.type === "request_failed" ? { ...after, active: before.active } : after,
  ),
  "nobody is taken from the queue": telling((event) => (event.type === "run_dequeued" ? [] : [event])),
  "a run that is taken from the queue is lost": folding((before, after, event) =>
    event.type === "run_dequeued" ? { ...after, active: before.active } : after,
  ),
  "the queue is a stack": folding((before, after) =>
    after.queue.length > before.queue.length
      ? { ...after, queue: [...after.queue.filter((run) => !before.queue.includes(run)), ...before.queue] }
      : after,
  ),
  "priorities are forgotten": folding((before, after) =>
    after.queue.length > before.queue.length
      ? { ...after, queue: [...before.queue, ...after.queue.filter((run) => !before.queue.includes(run))] }
      : after,
  ),
  "nobody is asked to end for a newer run": telling((event) => (event.type === "run_cancel_asked" ? [] : [event])),
  "older ones keep waiting behind a newer one": telling((event) =>
    event.type === "run_dropped" && event.reason === "superseded" ? [] : [event],
  ),
  "whenBusy: skip queues": seeing((policy) =>
    policy.concurrency.whenBusy === "skip" ? { policy: { ...policy, concurrency: { ...policy.concurrency, whenBusy: "queue" } } } : {},
  ),
  "what was gathered is gathered again": folding((before, after, event) =>
    event.type === "trigger_fired" && event.gathered === true
      ? known(after, (trigger, key) => ({ ...trigger, noted: before.triggers[key]!.noted }))
      : after,
  ),
  "the last of what was gathered is lost": telling((event) =>
    event.type === "trigger_fired" && event.gathered === true && event.items.length > 1
      ? [{ ...event, items: event.items.slice(0, -1) }]
      : [event],
  ),
  "a window is closed too early": seeing((policy) => ({
    policy: eachTrigger(policy, (trigger) =>
      isSchedule(trigger) || trigger.gather.kind !== "batch"
        ? trigger
        : { ...trigger, gather: { ...trigger.gather, windowMs: trigger.gather.windowMs / 2 } },
    ),
  })),
  "a debounce does not begin anew": seeing((policy) => ({
    policy: eachTrigger(policy, (trigger) =>
      isSchedule(trigger) || trigger.gather.kind !== "debounce"
        ? trigger
        : { ...trigger, gather: { ...trigger.gather, mostMs: trigger.gather.quietMs } },
    ),
  })),
  "mode all fires for any": seeing((policy) => ({
    policy: eachTrigger(policy, (trigger) =>
      trigger.kind === "assets" && trigger.mode === "all" ? { ...trigger, updated: trigger.updated.slice(0, 1) } : trigger,
    ),
  })),
  "updates never grow too old": seeing((policy) => ({
    policy: eachTrigger(policy, (trigger) => (trigger.kind === "assets" ? { ...trigger, windowMs: null } : trigger)),
  })),
  "an engine with an old definition fires all the same": seeing((policy, state) => ({
    policy: eachTrigger(policy, (trigger) => ({ ...trigger, hash: state.triggers[trigger.trigger]?.hash ?? trigger.hash })),
  })),
  "a disabled trigger fires": seeing((policy) => ({ policy: eachTrigger(policy, (trigger) => ({ ...trigger, enabled: true })) })),
  "an append does not look at the version": { ...sound, expects: (_, stored) => stored },
  "ids of runs depend on the clock alone": telling((event) =>
    event.type === "trigger_fired" || event.type === "request_submitted"
      ? [{ ...event, run: `r_${Math.floor(event.at / 60_000)}` }]
      : [event],
  ),
  "a clock that goes back is believed": seeing((_, state, input) => ({
    state: input.now < state.at ? { ...state, at: input.now } : state,
  })),
};
