// A year of made-up projects on virtual time, held against what is counted without them: by the calendar, by hand, by the specification of each policy.
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Temporal } from "temporal-polyfill";
import { afterAll, describe, expect, it } from "vitest";
import { defineAsset, defineJob } from "../../model/definitions/typescript.ts";
import { randomOf } from "../random.ts";
import { iso } from "./iso.ts";
import { simulate, simulateDeciding } from "./simulate.ts";
import type { World } from "./world.ts";

type Job = Parameters<typeof defineJob>[0];

const YEAR = { from: "2026-01-01", to: "2027-01-01" };
const DAY = { from: "2026-03-02", to: "2026-03-03" };
const nightly = { schedule: { cron: "0 6 * * *" } };
const step = { work: { shell: "./work.sh" } };
const job = (spec: Omit<Job, "select">) => ({ definitions: [defineJob({ select: "", ...spec })] });
const minutes = (count: number): number => count * 60_000;
const timesOf = (runs: readonly { readonly scheduledAt: string }[]): readonly string[] =>
  runs.map(({ scheduledAt }) => scheduledAt.slice(11, 16));

describe("schedules over a year", () => {
  it("fire on the working days of a country, as the calendar counts them", async () => {
    const { runs } = await simulate(
      {
        config: { timezone: "Europe/Berlin", calendars: { work: { country: "DE", holidays: ["public"], weekends: false } } },
        ...job({ name: "daily", triggers: [{ schedule: { cron: "0 7 * * *", calendar: "work" } }], tasks: step }),
      },
      YEAR,
    );
    expect(runs.map(({ scheduledAt }) => scheduledAt)).toEqual(
      daysOf(2026)
        .filter((day) => day.dayOfWeek <= 5 && !germanHolidays(2026).includes(day.toString()))
        .map((day) =>
          day.toZonedDateTime({ timeZone: "Europe/Berlin", plainTime: "07:00" }).toInstant().toString({ smallestUnit: "millisecond" }),
        ),
    );
    expect(new Set(runs.map(({ status }) => status))).toEqual(new Set(["succeeded"]));
  });

  it("fire once a day in the hole of the clock and in its double hour, and every real hour", async () => {
    const year = await simulate(
      {
        config: { timezone: "Europe/Berlin" },
        definitions: [
          defineJob({ name: "night", select: "", triggers: [{ schedule: { cron: "30 2 * * *" } }], tasks: step }),
          defineJob({ name: "hourly", select: "", triggers: [{ schedule: { cron: "0 * * * *" } }], tasks: step }),
        ],
      },
      YEAR,
    );
    const dayOf = ({ scheduledAt }: { scheduledAt: string }): string =>
      Temporal.Instant.from(scheduledAt).toZonedDateTimeISO("Europe/Berlin").toPlainDate().toString();
    expect(year.runsOf("night").map(dayOf)).toEqual(daysOf(2026).map(String));
    expect(year.runsOf("hourly")).toHaveLength(365 * 24);
    expect(year.runsOf("hourly").filter((run) => dayOf(run) === "2026-03-29")).toHaveLength(23);
    expect(year.runsOf("hourly").filter((run) => dayOf(run) === "2026-10-25")).toHaveLength(25);
  });

  it("make up for what was missed while no engine ran as `catchUp` says, and tell the rest", async () => {
    const policies = ["none", "latest", "all"] as const;
    const definitions = policies.map((catchUp) =>
      defineJob({ name: catchUp, select: "", triggers: [{ schedule: { cron: "0 * * * *", catchUp } }], tasks: step }),
    );
    const world = { down: [{ from: "2026-03-02 05:30", to: "2026-03-02 12:10" }] };
    const { runs, skipped } = await simulate({ definitions }, { ...DAY, world });
    const missed = ["06:00", "07:00", "08:00", "09:00", "10:00", "11:00", "12:00"];
    const firedOf = (name: string): readonly string[] =>
      timesOf(runs.filter((run) => run.job === name && missed.includes(run.scheduledAt.slice(11, 16))));
    expect([firedOf("none"), firedOf("latest"), firedOf("all")]).toEqual([[], ["12:00"], missed]);
    expect(skipped.map(({ job: name, reason, count }) => [name, reason, count])).toEqual([
      ["none", "missed", 7],
      ["latest", "missed", 6],
    ]);
    const late = runs.find((run) => run.job === "latest" && run.scheduledAt.includes("T12:00"));
    expect(late?.startedAt).toBe("2026-03-02T12:10:00.000Z");
  });
});

describe("runs that take longer than the time between them", () => {
  const busy = (whenBusy: "queue" | "skip" | "cancelRunning") =>
    simulate(job({ name: "slow", triggers: [{ schedule: { cron: "0 * * * *" } }], concurrency: { whenBusy }, tasks: step }), {
      ...DAY,
      world: { attempt: () => ({ takesMs: minutes(90) }) },
    });

  it("queue: one after the other, the last are still waiting at the end of the day", async () => {
    const { runs, skipped } = await busy("queue");
    // 16 runs of 90 minutes fill the day; 24 were due.
    expect(runs.map(({ status }) => status)).toEqual([
      ...Array<string>(15).fill("succeeded"),
      "running",
      ...Array<string>(8).fill("queued"),
    ]);
    expect(runs[1]).toMatchObject({ scheduledAt: "2026-03-02T01:00:00.000Z", startedAt: "2026-03-02T01:30:00.000Z" });
    expect(skipped).toEqual([]);
  });

  it("skip: every second time, each skip with its reason", async () => {
    const { runs, skipped } = await busy("skip");
    expect(timesOf(runs)).toEqual(Array.from({ length: 12 }, (_, index) => `${String(index * 2).padStart(2, "0")}:00`));
    expect(skipped.map(({ reason, at }) => [reason, at.slice(11, 13)])).toEqual(
      Array.from({ length: 12 }, (_, index) => ["busy", String(index * 2 + 1).padStart(2, "0")]),
    );
  });

  it("cancelRunning: none gets to its end but for what nothing follows", async () => {
    const { runs } = await busy("cancelRunning");
    expect(runs.map(({ status }) => status)).toEqual([...Array<string>(23).fill("canceled"), "running"]);
  });
});

describe("what goes wrong", () => {
  it("is retried through an outage and fails when the outage is longer than the tries", async () => {
    const spec = { name: "pull", triggers: [nightly], retry: { attempts: 4, delay: "10m", maxDelay: "10m", jitter: false }, tasks: step };
    const pull = (to: string) => simulate(job(spec), { ...DAY, world: { outages: [{ node: "work", from: "2026-03-02 05:00", to }] } });
    // Tries at 6:00:00, 6:10:01, 6:20:02 and 6:30:03.
    const short = (await pull("2026-03-02 06:20")).runs[0];
    expect(short).toMatchObject({ status: "succeeded", finishedAt: "2026-03-02T06:20:03.000Z" });
    expect(short?.nodes[0]).toMatchObject({ node: "task:work", attempts: 3, status: "succeeded" });
    const long = (await pull("2026-03-02 07:00")).runs[0];
    expect(long).toMatchObject({ status: "failed", finishedAt: "2026-03-02T06:30:04.000Z" });
    expect(long?.nodes[0]).toMatchObject({ attempts: 4, status: "failed", error: "task:work is down" });
  });

  it("ends an attempt that hangs by its time-out", async () => {
    const spec = { name: "hang", triggers: [nightly], tasks: { work: { ...step.work, timeout: "5m" } } };
    const { runs } = await simulate(job(spec), { ...DAY, world: { attempt: () => ({ takesMs: Infinity }) } });
    expect(runs[0]).toMatchObject({ status: "failed", finishedAt: "2026-03-02T06:05:00.000Z" });
  });

  it("a killed engine goes on where it was: nothing that was done is done again, the rest is", async () => {
    const tasks = { first: step.work, second: { ...step.work, after: "first" }, third: { ...step.work, after: "second" } };
    const world = { attempt: () => ({ takesMs: minutes(10) }), crashes: { at: ["2026-03-02 06:15"] } };
    const { runs } = await simulate(job({ name: "long", triggers: [nightly], tasks }), { ...DAY, world });
    expect(runs).toHaveLength(1);
    expect(runs[0]?.nodes.map(({ attempts }) => attempts)).toEqual([1, 2, 1]);
    expect(runs[0]).toMatchObject({ status: "succeeded", finishedAt: "2026-03-02T06:35:05.000Z" });
  });

  it("a year of crashes loses no day and doubles none", async () => {
    const world = { seed: 3, attempt: () => ({ takesMs: minutes(60) }), crashes: { everyMs: minutes(300) } };
    const { runs } = await simulate(job({ name: "daily", triggers: [nightly], tasks: step }), { ...YEAR, world });
    expect(runs.map(({ scheduledAt }) => scheduledAt.slice(0, 10))).toEqual(daysOf(2026).map(String));
    expect(new Set(runs.map(({ status }) => status))).toEqual(new Set(["succeeded"]));
    expect(runs.filter((run) => run.nodes[0]!.attempts > 1).length).toBeGreaterThan(20);
  });

  it("undoes what was done when the job says so", async () => {
    const tasks = { book: { ...step.work, compensate: { shell: "./cancel.sh" } }, pay: { ...step.work, after: "book" } };
    const { runs } = await simulate(job({ name: "order", triggers: [nightly], onFailure: "compensate", tasks }), {
      ...DAY,
      world: { attempt: ({ node }) => (node === "task:pay" ? { fails: "terminal" } : {}) },
    });
    expect(runs[0]?.status).toBe("failed");
    expect(Object.fromEntries(runs[0]!.nodes.map(({ node, status }) => [node, status]))).toEqual({
      "task:book": "succeeded",
      "task:pay": "failed",
      "task:book.undo": "succeeded",
    });
  });
});

describe("what comes from outside", () => {
  it("approvals are given, refused or time out", async () => {
    const tasks = { ask: { approval: { title: "Publish?" }, timeout: "2h" }, publish: { ...step.work, after: "ask" } };
    const { runs } = await simulate(job({ name: "release", triggers: [nightly], tasks }), {
      from: "2026-03-02",
      to: "2026-03-05",
      world: {
        approvals: ({ at }) =>
          at.getUTCDate() === 2
            ? { afterMs: minutes(30), by: "ana" }
            : at.getUTCDate() === 3
              ? { afterMs: minutes(30), accept: false, by: "ana", why: "not today" }
              : undefined,
      },
    });
    expect(runs.map(({ status, finishedAt }) => [status, finishedAt?.slice(11, 19)])).toEqual([
      ["succeeded", "06:30:01"],
      ["failed", "06:30:00"],
      ["failed", "08:00:00"],
    ]);
    expect(runs[0]?.nodes[0]?.output).toMatchObject({ accepted: true, by: "ana" });
  });

  it("files start a run each, also those that came while no engine ran, and none twice", async () => {
    const spec = { name: "load", triggers: [{ files: { path: "inbox/*.csv", settle: "10s" } }], concurrency: { max: 5 }, tasks: step };
    const files = [
      { path: "inbox/a.csv", at: "2026-03-02 03:00", content: "1" },
      { path: "inbox/a.csv", at: "2026-03-02 04:00", content: "1" },
      { path: "inbox/a.csv", at: "2026-03-02 05:00", content: "2" },
      { path: "inbox/b.csv", at: "2026-03-02 07:00" },
      { path: "inbox/notes.txt", at: "2026-03-02 08:00" },
    ];
    const world = { files, down: [{ from: "2026-03-02 06:00", to: "2026-03-02 09:00" }] };
    const { runs } = await simulate(job(spec), { ...DAY, world });
    expect(runs.map(({ items, startedAt }) => [(items[0] as { path: string }).path, startedAt?.slice(11, 19)])).toEqual([
      ["inbox/a.csv", "03:00:10"],
      ["inbox/a.csv", "05:00:10"],
      ["inbox/b.csv", "09:00:00"],
    ]);
  });

  it("deliveries carry parameters, count once, and are lost while nobody takes them", async () => {
    const spec = {
      name: "hook",
      params: { order: { type: "integer" } } as const,
      triggers: [{ webhook: { path: "/orders", params: { order: "${event:body.id}" } } }],
      tasks: step,
    };
    const webhooks = [
      { path: "/orders", at: "2026-03-02 01:00", id: "d1", body: { id: 7 } },
      { path: "/orders", at: "2026-03-02 01:05", id: "d1", body: { id: 7 } },
      { path: "/orders", at: "2026-03-02 02:00", id: "d2", body: { id: "seven" } },
      { path: "/orders", at: "2026-03-02 03:00", id: "d3", body: { id: 8 } },
    ];
    const world = { webhooks, down: [{ from: "2026-03-02 02:30", to: "2026-03-02 04:00" }] };
    const { runs, skipped } = await simulate(job(spec), { ...DAY, world });
    expect(runs.map(({ params }) => params)).toEqual([{ order: "7" }]);
    expect(skipped.map(({ reason }) => reason)).toEqual(["unplanned", "noEngine"]);
    await expect(simulate(job(spec), { ...DAY, world: { webhooks: [{ path: "/order", at: 0 }] } })).rejects.toMatchObject({
      code: "MR1617",
    });
  });

  it("jobs follow updates of assets: by other jobs and by others, unless nothing had changed", async () => {
    const definitions = [
      defineAsset({ name: "raw.orders", key: ["id"], extract: async function* () {} }),
      defineJob({ name: "pull", select: "raw.orders", triggers: [nightly] }),
      defineJob({ name: "react", select: "", triggers: [{ assets: { updated: "raw.orders" } }], tasks: step }),
    ];
    const { runs } = await simulate(
      { definitions },
      {
        from: "2026-03-02",
        to: "2026-03-04",
        world: {
          attempt: ({ at }) => ({ takesMs: minutes(5), reused: at.getUTCDate() === 3 }),
          updates: [{ asset: "raw.orders", at: "2026-03-02 20:00" }],
        },
      },
    );
    expect(runs.map(({ job: name, startedAt }) => [name, startedAt?.slice(8, 16)])).toEqual([
      ["pull", "02T06:00"],
      ["react", "02T06:05"],
      ["react", "02T20:00"],
      ["pull", "03T06:00"],
    ]);
  });

  it("sensors look, requests ask, jobs follow jobs", async () => {
    const definitions = [
      defineJob({ name: "watch", select: "", triggers: [{ sensor: { sql: "select true", every: "10m" } }], tasks: step }),
      defineJob({ name: "after", select: "", triggers: [{ job: { finished: "watch" } }], tasks: step }),
      defineJob({ name: "hand", select: "", params: { day: { type: "date", required: true } }, tasks: step }),
    ];
    const { runs } = await simulate(
      { definitions },
      {
        ...DAY,
        world: {
          sensors: ({ at }) => (at.getUTCHours() >= 12 ? "noon" : null),
          requests: [{ job: "hand", at: "2026-03-02 09:00", params: { day: "2026-03-01" } }],
        },
      },
    );
    expect(runs.map(({ job: name, trigger, startedAt }) => [name, trigger, startedAt?.slice(11, 19)])).toEqual([
      ["hand", "manual", "09:00:00"],
      ["watch", "sensor", "12:00:00"],
      ["after", "job", "12:00:01"],
    ]);
  });
});

describe("tasks", () => {
  it("have their conditions, lists, loops, waits and sub-jobs decided as in a real run", async () => {
    const definitions = [
      defineJob({
        name: "main",
        select: "",
        triggers: [nightly],
        tasks: {
          count: { shell: "./count.sh" },
          big: { shell: "./big.sh", when: "outputs.count.n > 10" },
          small: { shell: "./small.sh", when: "outputs.count.n <= 10" },
          each: { shell: "./each.sh", map: { over: "${outputs.count.names}", max: 1 } },
          poll: { shell: "./poll.sh", repeat: { until: "output.done", delay: "1m", max: 10 }, after: "each" },
          rest: { wait: "30m", after: "poll" },
          other: { job: { name: "part", params: { names: "${outputs.count.n}" } }, after: "rest" },
        },
      }),
      defineJob({ name: "part", select: "", params: { names: { type: "integer" } }, tasks: step }),
    ];
    const { runs } = await simulate(
      { definitions },
      {
        ...DAY,
        world: {
          attempt: ({ node, attempt }) =>
            node === "task:count"
              ? { output: { n: 3, names: ["a", "b", "c"] } }
              : node === "task:poll"
                ? { output: { done: attempt === 3 } }
                : {},
        },
      },
    );
    const [main, part] = ["main", "part"].map((name) => runs.find((run) => run.job === name));
    expect(Object.fromEntries(main!.nodes.map(({ node, status, attempts }) => [node.slice(5), `${status} ${attempts}`]))).toMatchObject({
      big: "skipped 1",
      small: "succeeded 1",
      "each[2]": "succeeded 1",
      poll: "succeeded 3",
      rest: "succeeded 2",
      other: "succeeded 2",
    });
    expect(part).toMatchObject({ status: "succeeded", params: { names: "3" }, trigger: `job:${main!.run}` });
    // 1 s each: count, the list, its three items one by one; three polls a minute apart; half an hour; a second of the other job.
    expect(main).toMatchObject({ status: "succeeded", finishedAt: "2026-03-02T06:32:09.000Z" });
  });

  it("share the places of a pool over all runs", async () => {
    const definitions = Array.from({ length: 4 }, (_, index) =>
      defineJob({ name: `job${index}`, select: "", triggers: [nightly], tasks: { call: { shell: "./call.sh", pool: "erp" } } }),
    );
    const world = { attempt: () => ({ takesMs: minutes(10) }) };
    const { runs } = await simulate({ definitions, config: { pools: { erp: { slots: 2 } } } }, { ...DAY, world });
    expect(runs.map(({ finishedAt }) => finishedAt?.slice(11, 16)).toSorted((a = "", b = "") => a.localeCompare(b))).toEqual([
      "06:10",
      "06:10",
      "06:20",
      "06:20",
    ]);
  });
});

describe("a simulation", () => {
  const year = (seed: number) =>
    simulate(job({ name: "daily", triggers: [nightly], retry: { attempts: 3, delay: "5m" }, tasks: step }), {
      ...YEAR,
      world: {
        seed,
        attempt: ({ random }) => (random() < 0.2 ? { fails: "retryable" } : { takesMs: random() * 60_000 }),
        crashes: { everyMs: minutes(9_000) },
      },
    });

  it("is the same for the same seed, and another for another", async () => {
    const [one, same, other] = [await year(1), await year(1), await year(2)];
    expect(same).toEqual(one);
    expect(other.runs).not.toEqual(one.runs);
    // 0.2³ of 365 runs fail: about 3.
    expect(one.runs.filter(({ status }) => status === "failed").length).toBeLessThan(12);
  });

  it("comes to the same where runs follow the course of earlier ones as where each is decided by itself", async () => {
    let [runs, faults] = [0, 0];
    for (let seed = 0; seed < 25; seed++) {
      const random = randomOf(seed);
      const tasks = {
        a: step.work,
        b: { ...step.work, after: "a", timeout: "20m" },
        c: { ...step.work, after: "a" },
        d: { ...step.work, after: ["b", "c"], when: random.pick(["succeeded", "always", "noneFailed"]) },
      };
      const whenBusy = random.pick(["queue", "skip", "cancelRunning"] as const);
      const retry = { attempts: 1 + random.whole(2), delay: "1m" };
      const definitions = [
        defineJob({ name: "one", select: "", triggers: [{ schedule: { cron: "*/20 * * * *" } }], concurrency: { whenBusy }, retry, tasks }),
        defineJob({ name: "two", select: "", triggers: [{ job: { finished: "one", status: "any" } }], tasks: step }),
      ];
      const often = random.whole(3) * 0.05;
      const world: World = {
        seed,
        ...(random.chance(0.2)
          ? {}
          : {
              attempt: ({ node, random: own }) =>
                own() < often
                  ? { fails: own() < 0.5 ? "terminal" : "retryable" }
                  : { takesMs: node === "task:b" && own() < often ? 3_600_000 : 300_000 },
            }),
        ...(random.chance(0.5) ? { crashes: { everyMs: minutes(100) } } : {}),
        ...(random.chance(0.5) ? { down: [{ from: "2026-03-02 10:05", to: "2026-03-02 11:00" }] } : {}),
        ...(random.chance(0.3) ? { outages: [{ node: "c", from: "2026-03-02 15:07", to: "2026-03-02 16:00" }] } : {}),
      };
      const [each, once] = [
        await simulateDeciding("each", { definitions }, { ...DAY, world }),
        await simulateDeciding("once", { definitions }, { ...DAY, world }),
      ];
      expect(once.runs.length, `seed ${seed}`).toBe(each.runs.length);
      expect(once, `seed ${seed}`).toEqual(each);
      runs += each.runs.length;
      faults += each.runs.filter(({ status }) => status !== "succeeded").length;
    }
    expect(runs).toBeGreaterThan(2_000);
    expect(faults).toBeGreaterThan(100);
  });

  it("writes times as the platform does", () => {
    const random = randomOf(1);
    const times = Array.from({ length: 1_000 }, () => random.whole(4_000_000_000) * 1_000 + random.whole(1_000));
    expect([0, -1, 253_402_300_799_999, ...times].map(iso)).toEqual(
      [0, -1, 253_402_300_799_999, ...times].map((at) => new Date(at).toISOString()),
    );
  });

  it("tells what is wrong with a project before anything happens", async () => {
    const wrong = job({ name: "daily", triggers: [{ schedule: { cron: "61 * * * *" } }], tasks: step });
    await expect(simulate(wrong, YEAR)).rejects.toMatchObject({ name: "MillraceError" });
  });
});

describe("a project in a folder", () => {
  const dir = mkdtempSync(join(tmpdir(), "millrace-simulate-"));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));
  const example = fileURLToPath(new URL("../../../examples/real-estate", import.meta.url));
  cpSync(example, dir, { recursive: true });
  mkdirSync(join(dir, "jobs"), { recursive: true });
  writeFileSync(
    join(dir, "jobs/weekly.yaml"),
    "select: '+out.asking'\ntriggers: [{ schedule: { cron: '0 5 * * 1' } }]\nretry: { attempts: 2, delay: 1m }\n",
  );

  it("has its assets carried out in their order, and fails where a source fails", async () => {
    const simulation = await simulate(dir, {
      from: "2026-05-01",
      to: "2026-07-01",
      world: {
        outages: [
          { node: "raw.county_sales", from: "2026-06-01", to: "2026-06-08" },
          { node: "raw.listings", from: "2026-06-01", to: "2026-06-08" },
        ],
      },
    });
    const runs = simulation.runsOf("weekly");
    expect(runs).toHaveLength(9);
    expect(runs.filter(({ status }) => status !== "succeeded").map(({ scheduledAt }) => scheduledAt.slice(0, 10))).toEqual(["2026-06-01"]);
    const order = runs[0]!.nodes.map(({ node }) => node);
    expect(order.at(-1)).toBe("out.asking");
    expect(order.length).toBeGreaterThan(2);
  });
});

function daysOf(year: number): readonly Temporal.PlainDate[] {
  const first = Temporal.PlainDate.from({ year, month: 1, day: 1 });
  return Array.from({ length: first.daysInYear }, (_, index) => first.add({ days: index }));
}

/** Those of all of Germany; Easter by Gauss. */
function germanHolidays(year: number): readonly string[] {
  const [a, b, c, k] = [year % 19, year % 4, year % 7, Math.floor(year / 100)];
  const p = Math.floor((13 + 8 * k) / 25);
  const m = (15 - p + k - Math.floor(k / 4)) % 30;
  const d = (19 * a + m) % 30;
  const e = (2 * b + 4 * c + 6 * d + ((4 + k - Math.floor(k / 4)) % 7)) % 7;
  const easter = Temporal.PlainDate.from({ year, month: 3, day: 22 }).add({ days: d + e });
  const fixed = ["01-01", "05-01", "10-03", "12-25", "12-26"].map((day) => `${year}-${day}`);
  return [...fixed, ...[-2, 1, 39, 50].map((days) => easter.add({ days }).toString())];
}
