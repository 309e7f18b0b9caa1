// Given events, when something happens, then events: the machine of a job by example. What holds in any world is checked in src/testing/triggers.
import { describe, expect, it } from "vitest";
import type { FireTimes } from "../model/fire-times.ts";
import type { JobEvent } from "../model/job-events.ts";
import { step } from "./decide.ts";
import { evolve } from "./evolve.ts";
import type { JobAnswer, JobInput } from "./input.ts";
import { outstanding } from "./outstanding.ts";
import { paramsOf } from "./params.ts";
import type { EventPolicy, JobPolicy, SchedulePolicy, TriggerPolicy } from "./policy.ts";
import { type JobState, NEW_JOB, TRIGGER_LIMITS } from "./state.ts";

const HOUR = 3_600_000;
const MINUTE = 60_000;
const hourly: FireTimes = {
  next: (after) => (Math.floor(after / HOUR) + 1) * HOUR,
  previous: (before) => (Math.ceil(before / HOUR) - 1) * HOUR,
  delayMs: () => 0,
};
const common = { enabled: true, params: {}, priority: 0 };
const schedule = (catchUp: SchedulePolicy["catchUp"] = "latest"): SchedulePolicy => ({
  ...common,
  kind: "schedule",
  trigger: "schedule",
  hash: "s1",
  times: hourly,
  catchUp,
});
const webhook = (more: Partial<EventPolicy> = {}): EventPolicy => ({
  ...common,
  kind: "webhook",
  trigger: "webhook",
  hash: "w1",
  gather: { kind: "each" },
  ...more,
});
const job = (
  triggers: readonly TriggerPolicy[],
  concurrency: Partial<JobPolicy["concurrency"]> = {},
  keyOf: JobPolicy["keyOf"] = () => null,
): JobPolicy => ({
  job: "nightly",
  triggers,
  priority: 0,
  concurrency: { max: 1, whenBusy: "queue", ...concurrency },
  keyOf,
});

type Untimed = JobInput extends infer Input ? (Input extends JobInput ? Omit<Input, "now"> : never) : never;

/** A job to which things happen. */
function world(policy: JobPolicy) {
  let state: JobState = NEW_JOB;
  let answer: JobAnswer = { kind: "nothing" };
  const log: JobEvent[] = [];
  const tell = (now: number, input: Untimed): readonly string[] => {
    const decision = step(state, { ...input, now }, policy);
    expect(decision.events.reduce(evolve, state)).toEqual(decision.state);
    ({ state, answer } = decision);
    log.push(...decision.events);
    return decision.events.map(words);
  };
  return { tell, state: () => state, answer: () => answer, log, outstanding: () => outstanding(state, policy) };
}

function words(event: JobEvent): string {
  switch (event.type) {
    case "trigger_fired":
      return `${event.decision} for ${event.scheduledFor / HOUR}h`;
    case "trigger_skipped":
      return `skipped ${event.count} as ${event.reason}`;
    case "request_submitted":
      return `submitted: ${event.decision}`;
    default:
      return event.type;
  }
}

const happened = (key: string, item: Record<string, string> = {}): Untimed => ({
  type: "happened",
  trigger: "webhook",
  key,
  item,
});

describe("a schedule", () => {
  it("fires its time once, and names the next", () => {
    const { tell, outstanding: next } = world(job([schedule()]));
    tell(0.5 * HOUR, { type: "define" });
    expect(next().wakeAt).toBe(HOUR);
    expect(tell(HOUR, { type: "tick" })).toEqual(["started for 1h"]);
    expect(tell(HOUR, { type: "tick" })).toEqual([]);
    expect(next().wakeAt).toBe(2 * HOUR);
    expect(next().start.map(({ scheduledFor }) => scheduledFor)).toEqual([HOUR]);
  });

  it.each([
    ["none", ["skipped 5 as missed"]],
    ["latest", ["skipped 4 as missed", "started for 6h"]],
    ["all", ["started for 2h", "queued for 3h", "queued for 4h", "queued for 5h", "queued for 6h"]],
  ] as const)("after a night of downtime, catchUp: %s", (catchUp, expected) => {
    const { tell } = world(job([schedule(catchUp)]));
    tell(1.5 * HOUR, { type: "define" });
    expect(tell(6.5 * HOUR, { type: "tick" })).toEqual(expected);
  });

  it("makes up for a bounded number and says how many it dropped", () => {
    const { tell, log } = world(job([schedule("all")], { max: 10_000 }));
    tell(0, { type: "define" });
    tell(700.5 * HOUR, { type: "tick" });
    expect(log.filter(({ type }) => type === "trigger_fired")).toHaveLength(TRIGGER_LIMITS.catchUpRuns);
    expect(log.find(({ type }) => type === "trigger_skipped")).toMatchObject({
      count: 200,
      scheduledFor: HOUR,
      through: 200 * HOUR,
      reason: "missed",
    });
  });

  it("counts at least so many when there are too many to count", () => {
    const { tell, log } = world(job([schedule("none")]));
    tell(0, { type: "define" });
    tell(50_000.5 * HOUR, { type: "tick" });
    expect(log.at(-1)).toMatchObject({ count: TRIGGER_LIMITS.missedCounted, atLeast: true, through: 50_000 * HOUR });
  });

  it("never fires for times before it was defined, nor again after the clock went back", () => {
    const { tell } = world(job([schedule()]));
    tell(5.5 * HOUR, { type: "define" });
    expect(tell(6 * HOUR, { type: "tick" })).toEqual(["started for 6h"]);
    expect(tell(4.2 * HOUR, { type: "tick" })).toEqual([]);
    expect(tell(6.1 * HOUR, { type: "tick" })).toEqual([]);
    expect(tell(7 * HOUR, { type: "tick" })).toEqual(["queued for 7h"]);
  });

  it("counts anew when its definition has changed; an engine with the old one does nothing", () => {
    const old = job([schedule()]);
    const { tell, state } = world(old);
    tell(0, { type: "define" });
    const changed = job([{ ...schedule(), hash: "s2" }]);
    const after = step(state(), { type: "define", now: 3.5 * HOUR }, changed).state;
    expect(step(after, { type: "tick", now: 3.6 * HOUR }, changed).events).toEqual([]);
    expect(step(after, { type: "tick", now: 4 * HOUR }, old).events).toEqual([]);
    expect(outstanding(after, old).wakeAt).toBeNull();
    expect(step(after, { type: "tick", now: 4 * HOUR }, changed).events.map(words)).toEqual(["started for 4h"]);
  });

  it("gives a run the same id whoever decides", () => {
    const ids = [0, 30_000].map((lateMs) => {
      const { tell, log } = world(job([schedule()]));
      tell(0, { type: "define" });
      tell(HOUR + lateMs, { type: "tick" });
      return (log.at(-1) as { run: string }).run;
    });
    expect(ids[0]).toBe(ids[1]);
    expect(ids[0]).toMatch(/^r_[0-9A-HJKMNP-TV-Z]{22}$/);
  });
});

describe("a pause", () => {
  it("ends by itself, and what it kept from firing is told with who and why", () => {
    const { tell, log, outstanding: next } = world(job([schedule()]));
    tell(0, { type: "define" });
    tell(0.5 * HOUR, { type: "pause", trigger: null, until: 3.5 * HOUR, by: "ana", why: "source is down" });
    expect(tell(HOUR, { type: "tick" })).toEqual(["skipped 1 as paused"]);
    expect(log.at(-1)).toMatchObject({ why: "paused by ana: source is down" });
    expect(next().wakeAt).toBe(2 * HOUR);
    expect(tell(4 * HOUR, { type: "tick" })).toEqual(["skipped 2 as paused", "trigger_resumed", "started for 4h"]);
  });

  it("holds files and skips webhooks", () => {
    const files: EventPolicy = { ...webhook(), kind: "files", trigger: "files", hash: "f1" };
    const { tell, answer } = world(job([files, webhook()]));
    tell(0, { type: "define" });
    tell(0, { type: "pause", trigger: null, until: null, by: "ana", why: "" });
    expect(tell(1, { type: "happened", trigger: "files", key: "a.csv", item: {} })).toEqual([]);
    expect(answer().kind).toBe("held");
    expect(tell(2, happened("d1"))).toEqual(["skipped 1 as paused"]);
    tell(3, { type: "resume", trigger: null, by: "ana" });
    expect(tell(4, { type: "happened", trigger: "files", key: "a.csv", item: {} })).toHaveLength(1);
    expect(tell(5, happened("d1"))).toEqual([]);
    expect(answer().kind).toBe("duplicate");
  });
});

describe("overlap", () => {
  it("queues by default and gives the free place to the oldest of the highest priority", () => {
    const { tell, state } = world(job([webhook()]));
    tell(0, { type: "define" });
    tell(1, happened("a"));
    tell(2, happened("b"));
    tell(3, { type: "submit", key: null, by: "ana", params: {}, priority: 5 });
    expect(state().queue).toHaveLength(2);
    const [urgent] = state().queue;
    expect(urgent).toMatchObject({ by: "ana", priority: 5 });
    expect(tell(4, { type: "ended", run: state().active[0]!.run, status: "succeeded" })).toEqual(["run_ended", "run_dequeued"]);
    expect(state().active.map(({ run }) => run)).toEqual([urgent!.run]);
  });

  it("skips and says which run is going", () => {
    const { tell, log, answer } = world(job([webhook()], { whenBusy: "skip" }));
    tell(0, { type: "define" });
    tell(1, happened("a"));
    expect(tell(2, happened("b"))).toEqual(["skipped 1 as busy"]);
    const [first] = log.filter(({ type }) => type === "trigger_fired") as { run: string }[];
    expect(answer()).toMatchObject({ kind: "skipped", why: `a webhook was delivered; ${first!.run} is going` });
  });

  it("cancels the one that is going, and only the newest one waits", () => {
    const { tell, state, outstanding: next } = world(job([webhook()], { whenBusy: "cancelRunning" }));
    tell(0, { type: "define" });
    tell(1, happened("a"));
    expect(tell(2, happened("b"))).toHaveLength(2);
    expect(tell(3, happened("c")).slice(1)).toEqual(["run_dropped"]);
    expect(next().cancel.map(({ run }) => run)).toEqual([state().active[0]!.run]);
    expect(state().queue).toHaveLength(1);
  });

  it("counts runs of the same key", () => {
    const { tell, state } = world(job([webhook({ params: { tenant: "${event:tenant}" } })], { max: 1 }, ({ tenant }) => String(tenant)));
    tell(0, { type: "define" });
    tell(1, happened("a", { tenant: "x" }));
    tell(2, happened("b", { tenant: "y" }));
    tell(3, happened("c", { tenant: "x" }));
    expect(state().active.map(({ singleton }) => singleton)).toEqual(["x", "y"]);
    expect(state().queue.map(({ singleton }) => singleton)).toEqual(["x"]);
  });

  it("does not let the queue grow without end", () => {
    const { tell, state } = world(job([webhook()]));
    tell(0, { type: "define" });
    for (let index = 0; index < TRIGGER_LIMITS.queuedRuns + 1; index++) tell(index, happened(`k${index}`));
    expect(state().queue).toHaveLength(TRIGGER_LIMITS.queuedRuns);
    expect(tell(9_999, happened("one more"))).toEqual(["skipped 1 as queueFull"]);
  });
});

describe("happenings", () => {
  it("are taken once, also when the state has forgotten them", () => {
    const { tell, answer, state } = world(job([webhook()], { whenBusy: "skip" }));
    tell(0, { type: "define" });
    tell(1, happened("first"));
    expect(tell(2, happened("first"))).toEqual([]);
    expect(answer()).toMatchObject({ kind: "duplicate", run: state().active[0]!.run });
    for (let index = 0; index < TRIGGER_LIMITS.recentKeys + 64; index++) tell(3, happened(`k${index}`));
    expect(tell(4, { ...happened("first"), known: "r_1" } as Untimed)).toEqual([]);
    expect(answer()).toMatchObject({ kind: "duplicate", run: "r_1" });
  });

  it("become one run when there has been silence, at the latest after ten times that", () => {
    const { tell, log, outstanding: next } = world(job([webhook({ gather: { kind: "debounce", quietMs: MINUTE, mostMs: 10 * MINUTE } })]));
    tell(0, { type: "define" });
    tell(1, happened("a", { n: "1" }));
    tell(30_000, happened("b", { n: "2" }));
    expect(next().wakeAt).toBe(90_000);
    expect(tell(89_999, { type: "tick" })).toEqual([]);
    expect(tell(90_000, { type: "tick" })).toHaveLength(1);
    expect(log.at(-1)).toMatchObject({ items: [{ n: "1" }, { n: "2" }], key: null, gathered: true });
    for (let second = 100; second < 1_000; second += 30) tell(second * 1_000, happened(`k${second}`));
    expect(next().wakeAt).toBe(100_000 + 10 * MINUTE);
  });

  it("become one run when there are enough of them, or the window is over", () => {
    const { tell, state, outstanding: next } = world(job([webhook({ gather: { kind: "batch", windowMs: MINUTE, max: 2 } })], { max: 9 }));
    tell(0, { type: "define" });
    expect(tell(1, happened("a"))).toEqual(["trigger_noted"]);
    expect(tell(2, happened("b"))).toHaveLength(2);
    tell(10, happened("c"));
    expect(next().wakeAt).toBe(10 + MINUTE);
    expect(tell(10 + MINUTE, { type: "tick" })).toHaveLength(1);
    expect(state().active.map(({ items }) => items.length)).toEqual([2, 1]);
  });

  it("of assets come together within the window, or it is told what was missing", () => {
    const assets: TriggerPolicy = {
      ...common,
      kind: "assets",
      trigger: "assets",
      hash: "a1",
      updated: ["raw.a", "raw.b"],
      mode: "all",
      windowMs: HOUR,
      gather: { kind: "each" },
    };
    const { tell, log } = world(job([assets]));
    const updated = (asset: string, run: string): Untimed => ({
      type: "happened",
      trigger: "assets",
      key: `${asset}@${run}`,
      item: { asset, run },
    });
    tell(0, { type: "define" });
    tell(1, updated("raw.a", "r1"));
    expect(tell(2 * HOUR, { type: "tick" })).toEqual(["skipped 1 as windowPassed"]);
    expect(log.at(-1)).toMatchObject({ why: "raw.b was not updated within the window of raw.a" });
    tell(3 * HOUR, updated("raw.a", "r2"));
    tell(3.1 * HOUR, updated("raw.a", "r3"));
    expect(tell(3.2 * HOUR, updated("raw.b", "r4"))).toEqual(["trigger_noted", "started for 3.2h"]);
    expect(log.at(-1)).toMatchObject({ items: [{ run: "r3" }, { run: "r4" }] });
  });

  it("of another job fire for the status that is waited for", () => {
    const ended: TriggerPolicy = {
      ...common,
      kind: "job",
      trigger: "job",
      hash: "j1",
      finished: "load",
      status: "succeeded",
      gather: { kind: "each" },
    };
    const { tell, log } = world(job([ended]));
    tell(0, { type: "define" });
    expect(tell(1, { type: "happened", trigger: "job", key: "r1", item: { run: "r1", status: "failed" } })).toEqual([
      "skipped 1 as otherStatus",
    ]);
    expect(log.at(-1)).toMatchObject({ why: "load ended failed, not succeeded" });
    expect(tell(2, { type: "happened", trigger: "job", key: "r2", item: { run: "r2", status: "succeeded" } })).toHaveLength(1);
  });

  it("that bring too much along are refused with its size", () => {
    const { tell } = world(job([webhook()]));
    tell(0, { type: "define" });
    expect(tell(1, happened("a", { body: "x".repeat(5_000) }))).toEqual(["skipped 1 as tooLarge"]);
  });
});

describe("a sensor", () => {
  const sensor: TriggerPolicy = {
    ...common,
    kind: "sensor",
    trigger: "sensor",
    hash: "x1",
    everyMs: MINUTE,
    timeoutMs: 2 * HOUR,
    gather: { kind: "each" },
  };
  const seen = (value: string | null): Untimed => ({ type: "sensed", trigger: "sensor", result: { seen: value, item: {} } });

  it("fires when what it sees changes, and leaves no event when it does not", () => {
    const { tell } = world(job([sensor]));
    tell(0, { type: "define" });
    expect(tell(1, seen(null))).toEqual([]);
    expect(tell(2, seen("true"))).toHaveLength(2);
    expect(tell(3, seen("true"))).toEqual([]);
    expect(tell(4, seen(null))).toEqual(["sensor_changed"]);
    expect(tell(5, seen("true"))).toHaveLength(2);
  });

  it("that throws for a day is told once an hour", () => {
    const { tell, log } = world(job([sensor]));
    tell(0, { type: "define" });
    for (let minute = 0; minute < 1_440; minute++)
      tell(minute * MINUTE, {
        type: "sensed",
        trigger: "sensor",
        result: { error: { code: "MR9001", message: "boom" }, failures: minute + 1 },
      });
    expect(log.filter(({ type }) => type === "sensor_failed")).toHaveLength(24);
  });

  it("that is not true within its timeout is told, and waits anew", () => {
    const { tell, outstanding: next } = world(job([sensor]));
    tell(0, { type: "define" });
    expect(next().wakeAt).toBe(2 * HOUR);
    expect(tell(2 * HOUR, { type: "tick" })).toEqual(["skipped 1 as timedOut"]);
    expect(next().wakeAt).toBe(4 * HOUR);
  });
});

describe("a request", () => {
  it("with a key that was used answers with the same run", () => {
    const { tell, answer, state } = world(job([]));
    expect(tell(1, { type: "submit", key: "k", by: "ana", params: {} })).toEqual(["submitted: started"]);
    const { run } = state().active[0]!;
    tell(2, { type: "ended", run, status: "succeeded" });
    expect(tell(3, { type: "submit", key: "k", by: "bob", params: {} })).toEqual([]);
    expect(answer()).toMatchObject({ kind: "duplicate", run });
  });

  it("that cannot be planned gives its place back", () => {
    const { tell, state } = world(job([]));
    tell(1, { type: "submit", key: null, by: "ana", params: {} });
    tell(2, { type: "submit", key: null, by: "ana", params: {} });
    const { run } = state().active[0]!;
    expect(tell(3, { type: "unplanned", run, code: "MR1001", why: "the project has errors" })).toEqual(["request_failed", "run_dequeued"]);
  });
});

it("the state stays small whatever comes in (T10)", () => {
  const { tell, state } = world(job([webhook()], { max: 1, whenBusy: "skip" }));
  tell(0, { type: "define" });
  for (let index = 0; index < 5_000; index++) tell(index, happened(`key number ${index}`));
  expect(JSON.stringify(state()).length).toBeLessThan(100_000);
  expect(state().keys.reduce((sum, { count }) => sum + count, 0)).toBeLessThanOrEqual(TRIGGER_LIMITS.recentKeys);
});

it("parameters take what happened: as it is, within a text, and as a list of several; what it does not have is not given", () => {
  const template = { path: "${event:file.path}", text: "in ${event:file.path}!", fixed: 7, none: "${event:nothing}" };
  expect(paramsOf(template, [{ file: { path: "a.csv" } }])).toEqual({ path: "a.csv", text: "in a.csv!", fixed: 7 });
  expect(paramsOf({ path: "${event:path}" }, [{ path: "a" }, { path: "b" }])).toEqual({ path: ["a", "b"] });
});
