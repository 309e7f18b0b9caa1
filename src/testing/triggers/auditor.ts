// Reads the log of a job and nothing else (besides what the definitions say) and tells what breaks an invariant of src/trigger/SPEC.md, by its number.
// Written without the machine: it counts for itself.
import type { JobEvent, RequestSubmitted, TriggerFired, TriggerNoted, TriggerSkipped } from "../../model/job-events.ts";
import type { JobPolicy, SchedulePolicy, TriggerPolicy } from "../../trigger/policy.ts";
import { TRIGGER_LIMITS } from "../../trigger/state.ts";

export interface JobLog {
  /** What was appended at once. */
  readonly batches: readonly (readonly JobEvent[])[];
  /** Places and keys do not change in a simulation; triggers are found by their hash. */
  readonly policy: JobPolicy;
  readonly definitions: ReadonlyMap<string, TriggerPolicy>;
  /** Everything has come to rest by then. */
  readonly endedAt: number;
}

interface Run {
  readonly singleton: string | null;
  readonly priority: number;
  readonly order: number;
}

interface Trigger {
  definition: TriggerPolicy;
  handled: number;
  pause: { readonly until: number | null } | null;
  noted: TriggerNoted[];
}

export function auditJob({ batches, policy, definitions, endedAt }: JobLog): readonly string[] {
  const broken: string[] = [];
  const tell = (rule: string, what: string): void => void broken.push(`${rule}: ${what}`);
  const triggers = new Map<string, Trigger>();
  const keys = new Set<string>();
  const runs = new Set<string>();
  const queue = new Map<string, Run>();
  const active = new Map<string, Run>();
  const asked = new Set<string>();
  let jobPause: { readonly until: number | null } | null = null;
  let [lastAt, order] = [0, 0];
  const { max, whenBusy } = policy.concurrency;
  const going = (singleton: string | null): number => [...active.values()].filter((run) => run.singleton === singleton).length;

  const takeKey = (scope: string, key: string | null): void => {
    if (key === null) return;
    const name = `${scope} ${key}`;
    if (keys.has(name)) tell(scope === "" ? "T13" : "T2", `${name} was taken twice`);
    keys.add(name);
  };
  const place = (event: {
    readonly run: string;
    readonly decision: "started" | "queued";
    readonly singleton: string | null;
    readonly priority: number;
  }): void => {
    const { run, decision, singleton, priority } = event;
    if (runs.has(run)) tell("T1", `${run} was made twice`);
    runs.add(run);
    const made = { singleton, priority, order: order++ };
    if (decision === "started") {
      active.set(run, made);
      if (going(singleton) > max) tell("T3", `${going(singleton)} runs of ${singleton} are going, the most is ${max}`);
    } else {
      if (whenBusy === "skip") tell("T4", `${run} was queued, but whenBusy is skip`);
      if (going(singleton) < max && ![...queue.values()].some((other) => other.singleton === singleton))
        tell("T14", `${run} waits while there is a place`);
      queue.set(run, made);
    }
  };
  const checkKey = ({ run, params, singleton }: TriggerFired | RequestSubmitted): void => {
    if (policy.keyOf(params) !== singleton) tell("T3", `${run} has the key ${singleton}, its parameters say ${policy.keyOf(params)}`);
  };
  const isPaused = (trigger: Trigger, at: number): boolean =>
    [trigger.pause, jobPause].some((pause) => pause !== null && (pause.until === null || at < pause.until));

  const checkFired = (event: TriggerFired, trigger: Trigger): void => {
    const { definition } = trigger;
    if (!definition.enabled) tell("T11", `${event.trigger} fired though it is disabled`);
    if (isPaused(trigger, event.at)) tell("T6", `${event.trigger} fired while it was paused`);
    if (definition.kind === "schedule") checkScheduled(event, trigger, definition);
    else if (event.gathered === true) checkGathered(event, trigger);
    else if (definition.gather.kind !== "each") tell("T9", `${event.trigger} fired alone, but it gathers`);
  };
  const checkScheduled = (event: TriggerFired, trigger: Trigger, { times, catchUp }: SchedulePolicy): void => {
    const expected = times.next(trigger.handled);
    if (event.scheduledFor !== expected)
      tell("T5", `${event.trigger} fired for ${event.scheduledFor}, the next after ${trigger.handled} is ${expected}`);
    if (event.scheduledFor <= trigger.handled) tell("T1", `${event.trigger} fired for ${event.scheduledFor} again`);
    const dueAt = event.scheduledFor + times.delayMs(event.scheduledFor);
    if (event.at < dueAt) tell("T8", `${event.trigger} fired at ${event.at}, before ${dueAt}`);
    if (catchUp === "none" && event.at - dueAt > TRIGGER_LIMITS.onTimeMs)
      tell("T5", `${event.trigger} was made up for, but catchUp is none`);
    const newer = times.next(event.scheduledFor);
    if (catchUp === "latest" && newer !== null && newer + times.delayMs(newer) <= event.at)
      tell("T5", `${event.trigger} fired for another than the latest`);
    trigger.handled = Math.max(trigger.handled, event.scheduledFor);
  };
  const checkGathered = (event: TriggerFired | TriggerSkipped, trigger: Trigger): void => {
    const count = event.type === "trigger_fired" ? event.items.length : event.count;
    const taken = trigger.noted.slice(0, count);
    if (taken.length < count) tell("T9", `${event.trigger} took ${count} of ${trigger.noted.length}`);
    if (event.type === "trigger_fired") {
      const expected = JSON.stringify(taken.map(({ item }) => item));
      if (JSON.stringify(event.items) !== expected) tell("T9", `${event.trigger} took ${JSON.stringify(event.items)}, not ${expected}`);
      if (taken.length > 0) checkWindow(event, trigger.definition, taken);
    }
    trigger.noted = trigger.noted.slice(count);
  };
  const checkWindow = (event: TriggerFired, definition: TriggerPolicy, taken: readonly TriggerNoted[]): void => {
    const [first, last] = [taken[0]!, taken.at(-1)!];
    if (definition.kind === "assets" && definition.mode === "all") {
      if (definition.updated.some((asset) => !taken.some(({ slot }) => slot === asset)))
        tell("T9", `${event.trigger} fired without all of its assets`);
      if (definition.windowMs !== null && last.at - first.at > definition.windowMs)
        tell("T9", `${event.trigger} fired over more than its window`);
      return;
    }
    if (definition.kind === "schedule" || definition.gather.kind === "each") return;
    const { gather } = definition;
    const dueAt = gather.kind === "debounce" ? Math.min(last.at + gather.quietMs, first.at + gather.mostMs) : first.at + gather.windowMs;
    const isFull = gather.kind === "batch" && taken.length >= gather.max;
    if (event.at < dueAt && !isFull) tell("T9", `${event.trigger} fired at ${event.at}, its window ends at ${dueAt}`);
  };
  const checkSkipped = (event: TriggerSkipped, trigger: Trigger): void => {
    const { definition } = trigger;
    if (event.reason === "busy" && whenBusy !== "skip") tell("T4", `${event.trigger} was skipped as busy, but whenBusy is ${whenBusy}`);
    if (event.reason === "missed" && definition.kind !== "schedule") tell("T5", `${event.trigger} is no schedule and missed nothing`);
    if (event.reason === "paused" && !isPaused(trigger, event.at) && !hadPause(trigger, event))
      tell("T5", `${event.trigger} was skipped as paused`);
    if (event.gathered === true) checkGathered(event, trigger);
    else if (event.reason === "windowPassed") trigger.noted = trigger.noted.filter(({ at }) => at > event.through);
    if (definition.kind !== "schedule") return;
    const { times } = definition;
    let count = 0;
    for (
      let at = times.next(trigger.handled);
      at !== null && at <= event.through && count <= TRIGGER_LIMITS.missedCounted * 2;
      at = times.next(at)
    )
      count++;
    if (event.atLeast === true ? count < event.count : count !== event.count)
      tell("T5", `${event.trigger} skipped ${event.count} of the ${count} times from ${trigger.handled} to ${event.through}`);
    if (event.through <= trigger.handled) tell("T1", `${event.trigger} skipped ${event.through} again`);
    trigger.handled = Math.max(trigger.handled, event.through);
  };
  // A pause that has run out is told right before it is resumed.
  const hadPause = (trigger: Trigger, event: TriggerSkipped): boolean =>
    [trigger.pause, jobPause].some((pause) => pause !== null && pause.until !== null && event.through <= pause.until);

  const read = (event: JobEvent): void => {
    if (event.at < lastAt && lastAt - event.at < TRIGGER_LIMITS.skewMs)
      tell("T12", `${event.type} is ${lastAt - event.at} ms older than the one before`);
    lastAt = event.at;
    const trigger = "trigger" in event && event.trigger !== null ? triggers.get(event.trigger) : undefined;
    switch (event.type) {
      case "triggers_defined":
        for (const key of triggers.keys()) if (!(key in event.triggers)) triggers.delete(key);
        for (const [key, { hash, kind }] of Object.entries(event.triggers)) {
          const known = triggers.get(key);
          const definition = definitions.get(hash)!;
          if (known?.definition.kind !== kind) triggers.set(key, { definition, handled: event.at, pause: null, noted: [] });
          else if (known.definition.hash !== hash) {
            known.definition = definition;
            known.handled = Math.max(known.handled, event.at);
          }
        }
        break;
      case "trigger_noted":
        takeKey(event.trigger, event.key);
        if (trigger === undefined) break;
        if (event.slot !== undefined) trigger.noted = trigger.noted.filter(({ slot }) => slot !== event.slot);
        trigger.noted.push(event);
        break;
      case "trigger_fired":
        takeKey(event.trigger, event.key);
        if (trigger === undefined) tell("T11", `${event.trigger} is not defined`);
        else checkFired(event, trigger);
        checkKey(event);
        place(event);
        break;
      case "trigger_skipped":
        takeKey(event.trigger, event.key);
        if (event.reason === "busy" && going(null) + active.size === 0)
          tell("T5", `${event.trigger} was skipped as busy while nothing was going`);
        if (trigger !== undefined) checkSkipped(event, trigger);
        break;
      case "request_submitted":
        takeKey("", event.key);
        checkKey(event);
        if (event.decision !== "skipped") place({ ...event, decision: event.decision });
        break;
      case "run_dequeued": {
        const run = queue.get(event.run);
        if (run === undefined) {
          tell("T4", `${event.run} did not wait`);
          break;
        }
        const before = [...queue.values()].some(
          (other) =>
            other.singleton === run.singleton &&
            (other.priority > run.priority || (other.priority === run.priority && other.order < run.order)),
        );
        if (before) tell("T14", `${event.run} overtook another`);
        queue.delete(event.run);
        active.set(event.run, run);
        if (going(run.singleton) > max) tell("T3", `${going(run.singleton)} runs of ${run.singleton} are going, the most is ${max}`);
        break;
      }
      case "run_dropped":
        if (!queue.delete(event.run)) tell("T4", `${event.run} was dropped, but did not wait`);
        break;
      case "run_cancel_asked":
        if (whenBusy !== "cancelRunning") tell("T4", `${event.run} was asked to end, but whenBusy is ${whenBusy}`);
        asked.add(event.run);
        break;
      case "run_ended":
      case "request_failed":
        if (!active.delete(event.run)) tell("T4", `${event.run} ended, but had no place`);
        break;
      case "trigger_paused":
        if (event.trigger === null) jobPause = { until: event.until };
        else if (trigger !== undefined) trigger.pause = { until: event.until };
        break;
      case "trigger_resumed":
        if (event.trigger === null) jobPause = null;
        else if (trigger !== undefined) trigger.pause = null;
        break;
      case "sensor_changed":
      case "sensor_failed":
        break;
      default:
        event satisfies never;
    }
  };

  for (const batch of batches) {
    for (const event of batch) read(event);
    // T14, between any two appends.
    for (const [run, { singleton }] of queue) if (going(singleton) < max) tell("T14", `${run} waits while there is a place`);
    if (whenBusy === "cancelRunning")
      for (const [run, { singleton }] of queue)
        if (![...active].some(([id, other]) => other.singleton === singleton && asked.has(id)))
          tell("T4", `${run} waits, but nobody was asked to end for it`);
  }
  // What must have happened by the end.
  for (const run of [...queue.keys(), ...active.keys()]) tell("T4", `${run} never ended`);
  for (const [key, trigger] of triggers) {
    if (isPaused(trigger, endedAt) || !trigger.definition.enabled) continue;
    if (trigger.pause?.until != null || (jobPause !== null && (jobPause as { until: number | null }).until !== null))
      tell("T15", `the pause of ${key} has run out and was not ended`);
    if (trigger.definition.kind === "schedule") {
      const { times } = trigger.definition;
      const next = times.next(trigger.handled);
      if (next !== null && next + times.delayMs(next) <= endedAt) tell("T15", `${key} was due at ${next} and nothing was told of it`);
    } else if (trigger.noted.length > 0 && !(trigger.definition.kind === "assets" && trigger.definition.mode === "all"))
      tell("T15", `${trigger.noted.length} happenings of ${key} wait for ever`);
  }
  return broken;
}
