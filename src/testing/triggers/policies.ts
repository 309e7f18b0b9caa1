// Random policies of a job: triggers of all kinds, with times that are cheap to compute.
import type { FireTimes } from "../../model/fire-times.ts";
import type { Gather, JobPolicy, TriggerPolicy } from "../../trigger/policy.ts";
import type { Random } from "../random.ts";

const MINUTE_MS = 60_000;
export const ASSETS = ["raw.a", "raw.b", "raw.c"] as const;

/** Every so often, but not always: some multiples are left out, as days off are. */
export function timesOf(
  everyMs: number,
  { offsetMs, leftOut, jitterMs }: { offsetMs: number; leftOut: number; jitterMs: number },
): FireTimes {
  const fires = (index: number): boolean => leftOut === 0 || index % leftOut !== 0;
  const next = (after: number): number => {
    let index = Math.floor((after - offsetMs) / everyMs) + 1;
    while (!fires(index)) index++;
    return index * everyMs + offsetMs;
  };
  const previous = (before: number): number => {
    let index = Math.ceil((before - offsetMs) / everyMs) - 1;
    while (!fires(index)) index--;
    return index * everyMs + offsetMs;
  };
  return { next, previous, delayMs: (nominal) => (jitterMs === 0 ? 0 : ((nominal / 1_000) * 7_919) % Math.min(jitterMs, everyMs)) };
}

function gatherOf(random: Random): Gather {
  if (random.chance(0.4)) return { kind: "each" };
  if (random.chance(0.5)) {
    const quietMs = (1 + random.whole(5)) * MINUTE_MS;
    return { kind: "debounce", quietMs, mostMs: quietMs * 10 };
  }
  return { kind: "batch", windowMs: (1 + random.whole(10)) * MINUTE_MS, max: 2 + random.whole(5) };
}

/** `generation` makes another definition of the same trigger. */
export function randomTrigger(random: Random, trigger: string, generation: number): TriggerPolicy {
  const common = { trigger, hash: `${trigger}#${generation}`, enabled: !random.chance(0.05), params: {}, priority: random.whole(3) };
  const gather = gatherOf(random);
  switch (random.whole(7)) {
    case 0:
    case 1:
    case 2: {
      const everyMs = random.pick([1, 5, 15, 60, 240]) * MINUTE_MS;
      const options = {
        offsetMs: random.whole(60) * 1_000,
        leftOut: random.pick([0, 0, 3, 7]),
        jitterMs: random.pick([0, 0, 30_000, 300_000]),
      };
      return { ...common, kind: "schedule", times: timesOf(everyMs, options), catchUp: random.pick(["none", "latest", "all"]) };
    }
    case 3:
      return { ...common, kind: random.pick(["files", "webhook", "message"]), gather };
    case 4: {
      const updated = ASSETS.slice(0, 2 + random.whole(2));
      const mode = random.pick(["all", "any"] as const);
      return { ...common, kind: "assets", updated, mode, windowMs: random.pick([null, 30 * MINUTE_MS]), gather };
    }
    case 5:
      return { ...common, kind: "job", finished: "other", status: random.pick(["succeeded", "any"]), gather };
    default:
      return { ...common, kind: "sensor", everyMs: MINUTE_MS, timeoutMs: random.pick([null, 90 * MINUTE_MS]), gather };
  }
}

export function randomPolicy(random: Random): JobPolicy {
  const triggers = Array.from({ length: 1 + random.whole(4) }, (_, index) => randomTrigger(random, `t${index}`, 0));
  const keyed = random.chance(0.3);
  return {
    job: "simulated",
    triggers,
    priority: 0,
    concurrency: { max: 1 + random.whole(3), whenBusy: random.pick(["queue", "queue", "skip", "cancelRunning"]) },
    keyOf: keyed ? (params) => (typeof params["tenant"] === "string" ? params["tenant"] : null) : () => null,
  };
}
