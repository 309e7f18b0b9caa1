// What comes from outside: each thing once (T2), alone or gathered (T9), or with its reason why not (T5).
import { JOB_LIMITS } from "../model/job-events.ts";
import { type Draft, knownOf, pauseAt, pauseText } from "./draft.ts";
import type { HappenedInput, JobAnswer, SensedInput } from "./input.ts";
import { recall } from "./keys.ts";
import { fire, heldItems, type Skip, skip } from "./places.ts";
import type { AssetsPolicy, Gather, SensorPolicy, TriggerPolicy } from "./policy.ts";
import { type Noted, TRIGGER_LIMITS, type TriggerState } from "./state.ts";

const UNKNOWN: JobAnswer = { kind: "held", why: "this engine and the one that defined the triggers read different definitions" };

export function happen(draft: Draft, input: HappenedInput): JobAnswer {
  const { at } = draft;
  const trigger = draft.policy.triggers.find((each) => each.trigger === input.trigger);
  const known = trigger === undefined ? undefined : knownOf(draft.state(), trigger);
  if (trigger === undefined || known === undefined || trigger.kind === "schedule" || trigger.kind === "sensor") return UNKNOWN;
  const { key, item } = input;
  const taken = recall(draft.state().keys, trigger.trigger, key) ?? input.known;
  if (taken !== undefined) return { kind: "duplicate", run: taken, why: "it was taken before" };
  const pause = pauseAt(draft.state(), known, at);
  if (pause !== null && trigger.kind === "files") return { kind: "held", why: pauseText(pause) };
  const refuse = (reason: Skip["reason"], why: string): JobAnswer => {
    skip(draft, trigger.trigger, { scheduledFor: at, through: at, count: 1, key, reason, why });
    return { kind: "skipped", why };
  };
  if (!trigger.enabled) return refuse("disabled", "the trigger says enabled: false");
  if (pause !== null) return refuse("paused", pauseText(pause));
  const bytes = JSON.stringify(item).length;
  if (bytes > JOB_LIMITS.itemBytes) return refuse("tooLarge", `it brings ${bytes} bytes along, the most is ${JOB_LIMITS.itemBytes}`);
  if (trigger.kind === "job" && trigger.status !== "any") {
    const status = fieldOf(item, "status");
    if (status !== trigger.status) return refuse("otherStatus", `${trigger.finished} ended ${status}, not ${trigger.status}`);
  }
  if (heldItems(draft.state()) >= TRIGGER_LIMITS.heldItems)
    return refuse("queueFull", `${TRIGGER_LIMITS.heldItems} happenings wait for runs of this job`);
  if (trigger.kind === "assets" && trigger.mode === "all") return noteAsset(draft, trigger, input);
  return gather(draft, trigger, { key, item, why: whyOf(trigger, input) });
}

/** A sensor has looked; only a change of what it sees is an event. */
export function sense(draft: Draft, { trigger: key, result }: SensedInput): JobAnswer {
  const { at } = draft;
  const trigger = draft.policy.triggers.find((each) => each.trigger === key);
  const known = trigger === undefined ? undefined : knownOf(draft.state(), trigger);
  if (trigger?.kind !== "sensor" || known === undefined || !trigger.enabled) return UNKNOWN;
  const pause = pauseAt(draft.state(), known, at);
  if (pause !== null) return { kind: "held", why: pauseText(pause) };
  if ("error" in result) {
    const { code, message } = result.error;
    if (known.failedAt === null || at - known.failedAt >= TRIGGER_LIMITS.toldEveryMs)
      draft.emit({ type: "sensor_failed", at, trigger: key, failures: result.failures, code, why: message.slice(0, JOB_LIMITS.whyChars) });
    return { kind: "nothing" };
  }
  const { seen } = result;
  if (seen !== known.seen || known.failedAt !== null) draft.emit({ type: "sensor_changed", at, trigger: key, seen });
  if (seen === null || seen === known.seen) return { kind: "nothing" };
  return gather(draft, trigger, { key: `${seen}@${draft.state().version}`, item: result.item, why: "its condition holds" });
}

/** Fires windows that are over and tells what did not come together in time. */
export function fireGathered(draft: Draft, trigger: TriggerPolicy): void {
  const known = knownOf(draft.state(), trigger);
  if (known === undefined || !trigger.enabled || trigger.kind === "schedule" || pauseAt(draft.state(), known, draft.at) !== null) return;
  if (trigger.kind === "assets" && trigger.mode === "all") {
    passWindow(draft, trigger, known);
    return;
  }
  const dueAt = gatheredDueAt(trigger.gather, known.noted);
  if (dueAt !== null && draft.at >= dueAt) fireNoted(draft, trigger, "the window is over");
  if (trigger.kind === "sensor") passTimeout(draft, trigger);
}

/** When what was noted fires; null while there is nothing. */
export function gatheredDueAt(gather: Gather, noted: readonly Noted[]): number | null {
  const [first, last] = [noted[0], noted.at(-1)];
  if (first === undefined || last === undefined) return null;
  switch (gather.kind) {
    case "each":
      return first.at; // it was gathered under another definition
    case "debounce":
      return Math.min(last.at + gather.quietMs, first.at + gather.mostMs);
    case "batch":
      return first.at + gather.windowMs;
    default:
      return gather satisfies never;
  }
}

/** When the oldest update no longer counts; null while there is none. */
export function windowPassesAt({ windowMs }: AssetsPolicy, noted: readonly Noted[]): number | null {
  // Not always the first: a clock may have been set back.
  return windowMs === null || noted.length === 0 ? null : Math.min(...noted.map(({ at }) => at)) + windowMs + 1;
}

interface Happening {
  readonly key: string;
  readonly item: HappenedInput["item"];
  readonly why: string;
}

function gather(draft: Draft, trigger: Exclude<TriggerPolicy, { kind: "schedule" }>, { key, item, why }: Happening): JobAnswer {
  const { at } = draft;
  if (trigger.gather.kind === "each") return fire(draft, trigger, { scheduledFor: at, key, salt: "", items: [item], gathered: false, why });
  draft.emit({ type: "trigger_noted", at, trigger: trigger.trigger, key, item });
  const { noted } = draft.state().triggers[trigger.trigger]!;
  const max = trigger.gather.kind === "batch" ? trigger.gather.max : TRIGGER_LIMITS.gatheredItems;
  if (noted.length >= max) return fireNoted(draft, trigger, `there are ${noted.length}`);
  return { kind: "noted", why: trigger.gather.kind === "batch" ? "it waits for its window to close" : "it waits for silence" };
}

function fireNoted(draft: Draft, trigger: TriggerPolicy, why: string): JobAnswer {
  const noted = draft.state().triggers[trigger.trigger]!.noted.slice(0, TRIGGER_LIMITS.gatheredItems);
  const count = `${noted.length} ${noted.length === 1 ? "happening" : "happenings"}`;
  const salt = `${noted[0]!.key} ${draft.state().version}`;
  const items = noted.map(({ item }) => item);
  const answer = fire(draft, trigger, { scheduledFor: draft.at, key: null, salt, items, gathered: true, why: `${count}: ${why}` });
  return answer;
}

function noteAsset(draft: Draft, trigger: AssetsPolicy, { key, item }: HappenedInput): JobAnswer {
  const { at } = draft;
  passWindow(draft, trigger, draft.state().triggers[trigger.trigger]!);
  const asset = fieldOf(item, "asset");
  draft.emit({ type: "trigger_noted", at, trigger: trigger.trigger, key, item, slot: asset });
  const { noted } = draft.state().triggers[trigger.trigger]!;
  const missing = trigger.updated.filter((each) => !noted.some(({ slot }) => slot === each));
  if (missing.length > 0) return { kind: "noted", why: `it waits for ${missing.join(", ")}` };
  return fireNoted(draft, trigger, `${trigger.updated.join(", ")} were updated`);
}

function passWindow(draft: Draft, trigger: AssetsPolicy, known: TriggerState): void {
  const { windowMs } = trigger;
  if (windowMs === null) return;
  const old = known.noted.filter((noted) => noted.at + windowMs < draft.at);
  if (old.length === 0) return;
  const missing = trigger.updated.filter((each) => !known.noted.some(({ slot }) => slot === each));
  const came = old.map(({ slot }) => slot).join(", ");
  const why = `${missing.join(", ")} ${missing.length === 1 ? "was" : "were"} not updated within the window of ${came}`;
  const times = old.map(({ at }) => at);
  const [scheduledFor, through] = [Math.min(...times), Math.max(...times)];
  skip(draft, trigger.trigger, { scheduledFor, through, count: old.length, key: null, reason: "windowPassed", why });
}

function passTimeout(draft: Draft, trigger: SensorPolicy): void {
  const known = draft.state().triggers[trigger.trigger]!;
  const { timeoutMs } = trigger;
  if (timeoutMs === null || known.seen !== null || draft.at < known.waitingSince + timeoutMs) return;
  const since = draft.at - known.waitingSince;
  const why = `its condition did not hold for ${Math.round(since / 1_000)} s`;
  skip(draft, trigger.trigger, { scheduledFor: draft.at, through: draft.at, count: 1, key: null, reason: "timedOut", why });
}

function whyOf(trigger: TriggerPolicy, { item }: HappenedInput): string {
  switch (trigger.kind) {
    case "files":
      return `a file arrived: ${fieldOf(item, "path")}`;
    case "webhook":
      return "a webhook was delivered";
    case "message":
      return "a message came";
    case "assets":
      return `${fieldOf(item, "asset")} was updated`;
    case "job":
      return `${trigger.finished} ended ${fieldOf(item, "status")}`;
    case "schedule":
    case "sensor":
      return "its condition holds";
    default:
      return trigger satisfies never;
  }
}

function fieldOf(item: HappenedInput["item"], name: string): string {
  const value = typeof item === "object" && item !== null && name in item ? (item as Readonly<Record<string, unknown>>)[name] : undefined;
  return typeof value === "string" ? value : "something";
}
