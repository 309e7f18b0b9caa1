import { describe, expect, it } from "vitest";
import { MillraceError } from "../../model/errors.ts";
import type { JobEvent } from "../../model/job-events.ts";
import type { Message, MessageSource } from "../../model/message.ts";
import { createMemoryStore } from "../../store/memory.ts";
import type { EventStore } from "../../store/store.ts";
import { createFakeClock } from "../../testing/fake-clock.ts";
import type { JobPolicy, TriggerPolicy } from "../../trigger/policy.ts";
import { drive, OK, planOf } from "../../run/run.fixture.ts";
import { readJob, recallKey } from "../../views/jobs.ts";
import { createJobDesk, type JobDesk } from "../jobs/desk.ts";
import { createAlarm } from "./alarm.ts";
import { createMessages } from "./messages.ts";
import { followRunEvents } from "./run-events.ts";
import { createSensors, type Sight } from "./sensors.ts";

const HOUR_MS = 3_600_000;
const gather = { kind: "each" } as const;
const common = { hash: "h", enabled: true, params: {}, priority: 0, gather };

function policy(trigger: TriggerPolicy, max = 100): JobPolicy {
  return { job: "nightly", triggers: [trigger], concurrency: { max, whenBusy: "queue" }, keyOf: () => null, priority: 0 };
}

const sensorPolicy = policy({ ...common, trigger: "sensor", kind: "sensor", everyMs: 60_000, timeoutMs: null });
const messagePolicy = policy({ ...common, trigger: "message", kind: "message" });

async function deskOf(store: EventStore, clock: { now(): number }, own: JobPolicy): Promise<JobDesk> {
  const desk = createJobDesk({ store, clock, policy: own, recall: (...key) => recallKey(store, ...key) });
  await desk.refresh();
  await desk.tell({ type: "define" });
  return desk;
}

const eventsOf = (store: EventStore): Promise<readonly JobEvent[]> => store.read<JobEvent>("job:nightly");

describe("a sensor", () => {
  async function watched(look: () => Promise<Sight>) {
    const [store, clock] = [createMemoryStore(), createFakeClock()];
    const desk = await deskOf(store, clock, sensorPolicy);
    let looks = 0;
    const sensors = createSensors({
      clock,
      signal: new AbortController().signal,
      desk: () => desk,
      look: async () => {
        looks++;
        return look();
      },
      onProblem: (error) => {
        throw error;
      },
    });
    sensors.set([{ job: "nightly", trigger: "sensor", file: "jobs/nightly.yaml", hash: "h", options: { sql: "…", every: "1m" } }]);
    return { store, clock, sensors, looks: () => looks };
  }

  it("fires once for what it sees, and again for what is new", async () => {
    let seen: string | null = null;
    const { store, clock, sensors, looks } = await watched(async () => ({ seen, item: null }));
    await clock.pass(10 * 60_000);
    expect(looks()).toBe(11);
    seen = "a";
    await clock.pass(10 * 60_000);
    seen = null;
    await clock.pass(2 * 60_000);
    seen = "b";
    await clock.pass(10 * 60_000);
    expect((await eventsOf(store)).filter(({ type }) => type === "trigger_fired")).toHaveLength(2);
    sensors.close();
  });

  it("that throws for a day looks ever less often and leaves a handful of events", async () => {
    const { store, clock, sensors, looks } = await watched(async () => {
      throw new MillraceError({ code: "MR8104", message: "no route to host" });
    });
    await clock.pass(24 * HOUR_MS);
    // 1, 3, 7, 15, 31 and 63 minutes after the first, then hourly.
    expect(looks()).toBeGreaterThan(24);
    expect(looks()).toBeLessThan(32);
    const failures = (await eventsOf(store)).filter(({ type }) => type === "sensor_failed");
    expect(failures.length).toBeGreaterThan(1);
    expect(failures.length).toBeLessThanOrEqual(25);
    expect(failures[0]).toMatchObject({ failures: 1, why: "no route to host" });
    sensors.close();
  });

  it("keeps its pace again once it works", async () => {
    let broken = true;
    const { clock, sensors, looks } = await watched(async () => {
      if (broken) throw new Error("no route to host");
      return { seen: null, item: null };
    });
    await clock.pass(HOUR_MS);
    broken = false;
    await clock.pass(HOUR_MS);
    const before = looks();
    await clock.pass(10 * 60_000);
    expect(looks() - before).toBe(10);
    sensors.close();
  });
});

describe("messages", () => {
  it("are acknowledged when they are durable, and taken once", async () => {
    const [store, clock] = [createMemoryStore(), createFakeClock()];
    const desk = await deskOf(store, clock, messagePolicy);
    let hand: ((message: Message) => Promise<void>) | undefined;
    const source: MessageSource = {
      subscribe: async (options, take) => {
        expect(options).toEqual({ topic: "orders" });
        hand = take;
        return { close: async () => {} };
      },
    };
    const problems: unknown[] = [];
    const messages = createMessages({
      sources: { memory: source },
      signal: new AbortController().signal,
      desk: () => desk,
      onProblem: (error) => problems.push(error),
    });
    const trigger = { job: "nightly", trigger: "message", file: "jobs/nightly.yaml", hash: "h" };
    messages.set([{ ...trigger, options: { memory: { topic: "orders" } } }]);
    await clock.pass(1);
    await hand!({ id: "0/1", item: { order: 1 } });
    await hand!({ id: "0/1", item: { order: 1 } });
    await hand!({ id: "0/2", item: { order: 2 } });
    expect((await eventsOf(store)).filter(({ type }) => type === "trigger_fired")).toHaveLength(2);
    messages.set([{ ...trigger, hash: "other", options: { kafka: {} } }]);
    await clock.pass(1);
    expect(problems).toMatchObject([{ code: "MR1046" }]);
    await messages.close();
  });
});

describe("the desk of a job", () => {
  it("loses and doubles nothing when several engines tell the same things at once", async () => {
    const [store, clock] = [createMemoryStore(), createFakeClock()];
    const desks = await Promise.all([1, 2, 3].map(() => deskOf(store, clock, messagePolicy)));
    await Promise.all(
      desks.flatMap((desk) =>
        Array.from({ length: 30 }, (_, n) => desk.tell({ type: "happened", trigger: "message", key: `m${n}`, item: null })),
      ),
    );
    const fired = (await eventsOf(store)).filter((event) => event.type === "trigger_fired");
    expect(fired).toHaveLength(30);
    expect(new Set(fired.map(({ key }) => key))).toEqual(new Set(Array.from({ length: 30 }, (_, n) => `m${n}`)));
  });

  it("gives the same run for the same idempotency key, whoever asks", async () => {
    const [store, clock] = [createMemoryStore(), createFakeClock()];
    const [a, b] = [await deskOf(store, clock, messagePolicy), await deskOf(store, clock, messagePolicy)];
    const submit = { type: "submit", key: "order-7", by: "someone", params: {} } as const;
    const first = await a.tell(submit);
    expect(first.kind).toBe("started");
    expect(await b.tell(submit)).toMatchObject({ kind: "duplicate", run: (first as { readonly run: string }).run });
  });
});

describe("the alarm", () => {
  it("rings for each due time in order, once, with one timer; what is set anew rings at its new time alone", async () => {
    const clock = createFakeClock();
    const rung: [string, number][] = [];
    const begin = clock.now();
    const alarm = createAlarm(clock, (key) => rung.push([key, clock.now() - begin]));
    for (let n = 0; n < 1_000; n++) alarm.set(`k${n}`, begin + ((n * 7_919) % 1_000) * 1_000);
    alarm.set("k1", begin + 5_000_000);
    alarm.set("k2", null);
    await clock.pass(1_000_000);
    expect(rung).toHaveLength(998);
    expect(rung.map(([, at]) => at)).toEqual(rung.map(([, at]) => at).toSorted((x, y) => x - y));
    expect(rung.every(([key, at]) => at === ((Number(key.slice(1)) * 7_919) % 1_000) * 1_000)).toBe(true);
    await clock.pass(5_000_000);
    expect(rung.at(-1)).toEqual(["k1", 5_000_000]);
    alarm.close();
  });
});

describe("a job in two environments of one state", () => {
  const assets = policy({ ...common, trigger: "assets", kind: "assets", updated: ["raw.a"], mode: "any", windowMs: null }, 1);

  it("has in each its own places, keys and pauses", async () => {
    const [store, clock] = [createMemoryStore(), createFakeClock()];
    const desks = [await deskOf(store, clock, assets), await deskOf(store, clock, { ...assets, environment: "dev" })] as const;
    const runOf = (answer: unknown): string => (answer as { readonly run: string }).run;
    const ask = (key: string) => Promise.all(desks.map((desk) => desk.tell({ type: "submit", key, by: "ana", params: {} })));
    const [prod, dev] = await ask("k");
    expect([prod, dev]).toMatchObject([{ kind: "started" }, { kind: "started" }]);
    expect(prod).not.toEqual(dev);
    expect(await ask("k")).toMatchObject([
      { run: runOf(prod), kind: "duplicate" },
      { run: runOf(dev), kind: "duplicate" },
    ]);
    expect(await ask("l")).toMatchObject([{ kind: "queued" }, { kind: "queued" }]);
    await desks[1].tell({ type: "pause", trigger: null, until: null, by: "ana", why: "" });
    await desks[1].tell({ type: "ended", run: runOf(dev), status: "failed" });
    const states = [await readJob(store, "nightly"), await readJob(store, "nightly", "dev")];
    expect(states.map(({ pause, queue, active }) => [pause !== null, queue.length, active.length])).toEqual([
      [false, 1, 1],
      [true, 0, 1],
    ]);
  });

  it("hears of the runs of its own, also of those while its engine was down and that of the other was not", async () => {
    const [store, clock] = [createMemoryStore(), createFakeClock()];
    const follow = async (environment: string) => {
      const desk = await deskOf(store, clock, environment === "prod" ? assets : { ...assets, environment });
      const onProblem = (error: unknown): void => {
        throw error;
      };
      return followRunEvents({ store, clock, environment, desks: () => new Map([["nightly", desk]]), onProblem });
    };
    const ran = async (run: string, environment?: string): Promise<void> => {
      const driver = drive({ ...planOf(["raw.a"]), ...(environment === undefined ? {} : { environment }) }, { run });
      driver.report("raw.a", 1, OK);
      await store.append(run, 0, driver.log);
    };
    const fired = async (environment?: string): Promise<readonly unknown[]> =>
      (await store.read<JobEvent>(environment === undefined ? "job:nightly" : `job:nightly@${environment}`)).flatMap((event) =>
        event.type === "trigger_fired" ? event.items : [],
      );
    await ran("r_0");
    await (await follow("dev")).close();
    await ran("r_1", "dev");
    const prod = await follow("prod");
    await ran("r_2");
    await clock.pass(5_000);
    await prod.close();
    const dev = await follow("dev");
    await dev.close();
    expect([await fired(), await fired("dev")]).toEqual([[{ asset: "raw.a", run: "r_2" }], [{ asset: "raw.a", run: "r_1" }]]);
  });
});
