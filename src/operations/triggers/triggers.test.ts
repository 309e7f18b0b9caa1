// `millrace triggers` on a project in a folder: times, words, pauses and the history, with the real store.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { type App, openApp } from "../../app.ts";
import { readProject } from "../../project/read.ts";
import { policiesOf } from "./policy.ts";
import { localTime, parseTime } from "./times.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function projectDir(job: string, config = "timezone: Europe/Berlin\n"): string {
  const dir = mkdtempSync(join(tmpdir(), "millrace-triggers-"));
  folders.push(dir);
  const files = { "millrace.yaml": config, "models/a.sql": "select 1 as a", "jobs/nightly.yaml": job };
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), content);
  }
  return dir;
}

async function withApp<Result>(dir: string, work: (app: App) => Promise<Result>): Promise<Result> {
  const app = await openApp({ dir });
  try {
    return await work(app);
  } finally {
    await app.close();
  }
}

const JOB = `select: main.a
params: { region: { type: string, default: all } }
triggers:
  - schedule: { cron: "0 6 * * 1-5", timezone: America/New_York, jitter: 5m }
  - schedule: { cron: "30 2 * * *", name: early }
  - webhook: { path: /hooks/a, params: { region: "\${event:region}" }, batch: { window: 1m, max: 10 } }
concurrency: { max: 2, whenBusy: skip, key: params.region }
`;

describe("the list", () => {
  it("tells next times in UTC and in the project's zone, words and warnings", async () => {
    const { triggers, timezone } = await withApp(projectDir(JOB), (app) => app.triggers({ next: 2, from: "2026-03-27T12:00:00Z" }));
    expect(timezone).toBe("Europe/Berlin");
    expect(triggers).toMatchObject([
      {
        job: "nightly",
        trigger: "schedule",
        kind: "schedule",
        spec: { cron: "0 6 * * 1-5", timezone: "America/New_York", jitter: "5m" },
        words: "at 06:00 on Monday to Friday, New York time, up to 5 minutes later",
        last: null,
        next: ["2026-03-30T10:00:00.000Z", "2026-03-31T10:00:00.000Z"],
        nextLocal: ["Mon 2026-03-30 12:00 CEST", "Tue 2026-03-31 12:00 CEST"],
        warnings: [],
      },
      {
        trigger: "early",
        next: ["2026-03-28T01:30:00.000Z", "2026-03-29T01:00:00.000Z"],
        nextLocal: ["Sat 2026-03-28 02:30 CET", "Sun 2026-03-29 03:00 CEST"],
        warnings: [
          "02:30 on 2026-03-29 does not exist in Europe/Berlin: it fires at 03:00, when the clocks have gone forward",
          "02:30 on 2026-10-25 happens twice in Europe/Berlin: it fires the first time only",
        ],
      },
      { kind: "webhook", words: "when /hooks/a is called, gathered for 1m or 10 of them", next: [] },
    ]);
  });

  it("of a job that is not there is an error with the names of those that are", async () => {
    await expect(withApp(projectDir(JOB), (app) => app.triggers({ job: "nightlyy", next: 1 }))).rejects.toMatchObject({ code: "MR1614" });
  });
});

describe("a pause", () => {
  it("is kept, shown with who and why, and ended", async () => {
    const dir = projectDir(JOB);
    await withApp(dir, async (app) => {
      expect(await app.pauseTriggers({ job: "nightly", trigger: "early", why: "moving" })).toMatchObject({ changed: true, until: null });
    });
    await withApp(dir, async (app) => {
      const { triggers } = await app.triggers({ next: 1 });
      expect(triggers.find(({ trigger }) => trigger === "early")).toMatchObject({
        next: [],
        paused: { of: "trigger", why: "moving", until: null },
      });
      expect(triggers.find(({ trigger }) => trigger === "schedule")).toMatchObject({ paused: null });
      await app.resumeTriggers({ job: "nightly", trigger: "early" });
      expect((await app.resumeTriggers({ job: "nightly", trigger: "early" })).changed).toBe(false);
      const { history } = await app.triggerHistory({ job: "nightly", limit: 10 });
      expect(history.map(({ what }) => what)).toEqual(["resumed", "paused", "defined"]);
    });
  });

  it("with an end leaves the times after it", async () => {
    await withApp(projectDir(JOB), async (app) => {
      await app.pauseTriggers({ job: "nightly", until: "2100-01-01" });
      const { triggers } = await app.triggers({ job: "nightly", next: 1 });
      expect(triggers[0]!.next[0]).toMatch(/^2100-01-01T/);
    });
  });

  it.each([
    [{ job: "nightly", trigger: "nope" }, "MR1614"],
    [{ job: "nightly", until: "soon" }, "MR1615"],
    [{ job: "nightly", until: "2001-01-01" }, "MR1615"],
  ])("%o is refused", async (act, code) => {
    await expect(withApp(projectDir(JOB), (app) => app.pauseTriggers(act))).rejects.toMatchObject({ code });
  });
});

describe("policies", () => {
  it("say what the definitions say", async () => {
    const policy = (await policiesOf(await readProject(projectDir(JOB)))).get("nightly")!;
    expect(policy).toMatchObject({ concurrency: { max: 2, whenBusy: "skip" }, priority: 0 });
    expect(policy.triggers).toMatchObject([
      { trigger: "schedule", kind: "schedule", catchUp: "latest", enabled: true },
      { trigger: "early" },
      { trigger: "webhook", gather: { kind: "batch", windowMs: 60_000, max: 10 }, params: { region: "${event:region}" } },
    ]);
    expect(policy.keyOf({ region: "north" })).toBe("north");
    expect(policy.keyOf({})).toBe("all");
  });

  it("change their hash with what a trigger waits for, and with nothing else", async () => {
    const hashes = async (job: string, config?: string): Promise<readonly string[]> =>
      (await policiesOf(await readProject(projectDir(job, config)))).get("nightly")!.triggers.map(({ hash }) => hash);
    const [schedule, early, webhook] = await hashes(JOB);
    expect(await hashes(JOB.replace("name: early", "priority: 3"))).toEqual([schedule, early, webhook]);
    expect((await hashes(JOB.replace("30 2", "31 2")))[1]).not.toBe(early);
    expect((await hashes(JOB, "timezone: UTC\n"))[1]).not.toBe(early);
    expect((await hashes(JOB, "timezone: UTC\n"))[2]).toBe(webhook);
  });
});

describe("times", () => {
  const context = { now: Date.UTC(2026, 2, 1), timezone: "Europe/Berlin" };
  it.each([
    ["2h", "2026-03-01T02:00:00.000Z"],
    ["2026-03-29", "2026-03-28T23:00:00.000Z"],
    ["2026-03-29 02:30", "2026-03-29T01:00:00.000Z"],
    ["2026-03-29T02:30:15Z", "2026-03-29T02:30:15.000Z"],
    ["2026-03-29T02:30+02:00", "2026-03-29T00:30:00.000Z"],
  ])("%s", (text, expected) => {
    expect(new Date(parseTime(text, context)).toISOString()).toBe(expected);
  });

  it("are shown with the zone's own name where it has one", () => {
    const at = Date.UTC(2026, 0, 5, 11);
    expect(["America/New_York", "Europe/Berlin", "UTC", "Asia/Kathmandu"].map((zone) => localTime(at, zone))).toEqual([
      "Mon 2026-01-05 06:00 EST",
      "Mon 2026-01-05 12:00 CET",
      "Mon 2026-01-05 11:00 UTC",
      "Mon 2026-01-05 16:45 GMT+5:45",
    ]);
  });
});

describe("a sensor", () => {
  const SENSOR = `select: main.a
triggers:
  - sensor: { sql: "select 7 as newest", every: 1h }
  - schedule: { cron: "0 6 * * *" }
`;

  it("is looked at without starting anything, and forgets what it saw", async () => {
    await withApp(projectDir(SENSOR), async (app) => {
      const act = { job: "nightly", trigger: "sensor" };
      expect(await app.lookAtTrigger(act)).toEqual({
        ...act,
        seen: "7",
        before: null,
        item: { newest: 7, value: 7 },
        wouldFire: true,
        why: "its condition holds",
      });
      expect(await app.resetTrigger(act), "there is nothing to forget").toMatchObject({ changed: false });
      expect((await app.triggerHistory({ job: "nightly", limit: 20 })).history.filter(({ what }) => what !== "defined")).toEqual([]);
      await app.pauseTriggers({ job: "nightly" });
      expect(await app.lookAtTrigger(act)).toMatchObject({ wouldFire: false, why: "it is paused" });
      await expect(app.lookAtTrigger({ job: "nightly", trigger: "schedule" })).rejects.toMatchObject({ code: "MR1614" });
    });
  });
});

describe("the days on both sides of a change of the clocks", () => {
  it.each([
    ["forward", "2026-03-27T12:00:00Z", ["Sat 2026-03-28 02:30 CET", "Sun 2026-03-29 03:00 CEST", "Mon 2026-03-30 02:30 CEST"]],
    ["back", "2026-10-23T12:00:00Z", ["Sat 2026-10-24 02:30 CEST", "Sun 2026-10-25 02:30 CEST", "Mon 2026-10-26 02:30 CET"]],
  ])("when they go %s", async (_, from, nextLocal) => {
    const early = await withApp(projectDir(JOB), async (app) =>
      (await app.triggers({ next: 3, from })).triggers.find(({ trigger }) => trigger === "early"),
    );
    expect(early?.nextLocal).toEqual(nextLocal);
    expect(early?.warnings.length).toBeGreaterThan(0);
  });
});
