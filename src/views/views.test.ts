// Views: what is shown of a run, the lists that cost only what has changed, the statistics for the ETA.
import { describe, expect, it } from "vitest";
import type { RunEvent } from "../model/events.ts";
import { drive, failedWith, OK, planOf } from "../run/run.fixture.ts";
import { createMemoryStore } from "../store/memory.ts";
import type { EventStore } from "../store/store.ts";
import { expectedSeconds, readAssets, readAssetsSince } from "./assets.ts";
import { foldRun, nodeName, runShowAnswer } from "./run-fold.ts";
import { listRuns } from "./runs.ts";

const T0 = Date.parse("2026-01-31T06:00:00Z");
const rows = { read: 10, loaded: 8, quarantined: 1, filtered: 1 };
const success = { kind: "succeeded" as const, facts: { rows }, reused: false };

/** a succeeds in 2 s at its second try, b fails for good, c (on b) is skipped. */
function mixedRun(run = "r_1", at = T0): readonly RunEvent[] {
  const driven = drive(planOf(["a", "b", "c: b"], { job: "nightly" }), { run, now: at });
  driven.at = at + 1_000;
  driven.report("a", 1, failedWith({ message: "busy" }));
  driven.report("b", 1, failedWith({ message: "no such table", retryable: false }));
  driven.tick(at + 1_100);
  driven.at = at + 2_000;
  driven.report("a", 2, success);
  return driven.log;
}

/** A store that counts what is read from it. */
function counted(store: EventStore): EventStore & { batchesRead: number } {
  return Object.assign({ batchesRead: 0 }, store, {
    async readAll(this: { batchesRead: number }, after: number, limit: number) {
      const batches = await store.readAll(after, limit);
      this.batchesRead += batches.length;
      return batches;
    },
  });
}

describe("one run", () => {
  it("shows its nodes with their attempts, times, rows and errors", () => {
    const answer = runShowAnswer(foldRun(mixedRun())!);
    expect(answer.run).toMatchObject({
      run: "r_1",
      job: "nightly",
      status: "partial",
      trigger: "manual",
      startedAt: "2026-01-31T06:00:00.000Z",
      finishedAt: "2026-01-31T06:00:02.000Z",
      seconds: 2,
      nodes: { succeeded: 1, failed: 1, skipped: 1, reused: 0, total: 3 },
      error: { message: "no such table", node: "b" },
    });
    expect(answer.nodes[0]).toMatchObject({
      asset: "a",
      status: "succeeded",
      rows,
      error: null,
      attempts: [
        {
          attempt: 1,
          startedAt: "2026-01-31T06:00:00.000Z",
          finishedAt: "2026-01-31T06:00:01.000Z",
          status: "failed",
          error: { message: "busy" },
        },
        { attempt: 2, startedAt: "2026-01-31T06:00:01.100Z", finishedAt: "2026-01-31T06:00:02.000Z", status: "succeeded", error: null },
      ],
    });
    expect(answer.nodes[1]).toMatchObject({ status: "failed", rows: null, error: { message: "no such table" } });
    expect(answer.nodes[2]).toMatchObject({ status: "skipped", attempts: [] });
    expect(foldRun(mixedRun())!.node("c")!.because).toBe("b");
  });

  it("shows a node that waits to be tried again as retrying, with when", () => {
    const run = drive(planOf(["a"]), { now: T0 });
    run.at = T0;
    run.report("a", 1, failedWith());
    expect(foldRun(run.log)!.node("a")).toMatchObject({
      status: "retrying",
      retryAt: "2026-01-31T06:00:00.100Z",
      error: { message: "broken" },
    });
  });

  it("is undefined without events", () => {
    expect(foldRun([])).toBeUndefined();
  });

  it("names assets and tasks", () => {
    expect([nodeName("raw.sales"), nodeName("task:train")]).toEqual([{ asset: "raw.sales" }, { task: "train" }]);
  });
});

describe("the list of runs", () => {
  it("is newest first, with rows of what was carried out, and can be narrowed by status", async () => {
    const store = createMemoryStore();
    await store.append("r_1", 0, mixedRun("r_1", T0));
    await store.append("r_2", 0, drive(planOf(["a"]), { run: "r_2", now: T0 + 60_000 }).log);
    const runs = await listRuns(store, { limit: 10 });
    expect(runs.map((run) => [run.run, run.status, run.rows.loaded])).toEqual([
      ["r_2", "running", 0],
      ["r_1", "partial", 8],
    ]);
    expect((await listRuns(store, { limit: 10, status: "running" })).map((run) => run.run)).toEqual(["r_2"]);
    expect(await listRuns(store, { limit: 1 })).toHaveLength(1);
  });

  it("costs what has changed since it was read last, and follows a run that goes on", async () => {
    const store = counted(createMemoryStore());
    for (let run = 0; run < 50; run++) await store.append(`r_${run}`, 0, mixedRun(`r_${run}`, T0 + run));
    await listRuns(store, { limit: 5 });
    expect(store.batchesRead).toBe(50);
    const going = drive(planOf(["a"]), { run: "r_new", now: T0 + 1_000_000 });
    await store.append("r_new", 0, going.log);
    await listRuns(store, { limit: 5 });
    expect(store.batchesRead).toBe(51);
    going.at = T0 + 1_005_000;
    await store.append("r_new", 2, going.report("a", 1, OK));
    expect((await listRuns(store, { limit: 1 }))[0]).toMatchObject({ run: "r_new", status: "succeeded", seconds: 5 });
    expect(store.batchesRead).toBe(52);
  });

  it("is right when two readers bring it up to date at once", async () => {
    const store = createMemoryStore();
    for (let run = 0; run < 1_200; run++) await store.append(`r_${run}`, 0, mixedRun(`r_${run}`, T0 + run));
    const [one, two] = await Promise.all([listRuns(store, { limit: 2_000 }), listRuns(store, { limit: 2_000 })]);
    expect(one).toHaveLength(1_200);
    expect(two).toEqual(one);
  });
});

describe("statistics of assets", () => {
  it("say how it went last, when it succeeded last, and how long it usually takes", async () => {
    const store = createMemoryStore();
    for (const [index, seconds] of [5, 1, 3].entries()) {
      const run = drive(planOf(["a"]), { run: `r_${index}`, now: T0 });
      run.at = T0 + seconds * 1_000;
      run.report("a", 1, success);
      await store.append(`r_${index}`, 0, run.log);
    }
    const failing = drive(planOf(["a"]), { run: "r_9", now: T0 });
    failing.at = T0 + 9_000;
    failing.report("a", 1, failedWith({ retryable: false }));
    await store.append("r_9", 0, failing.log);
    const asset = (await readAssets(store)).get("a")!;
    expect(asset).toMatchObject({ status: "failed", run: "r_9", succeededRun: "r_2", rows, tookMs: [5_000, 1_000, 3_000] });
    expect(expectedSeconds(asset)).toBe(3);
    expect(expectedSeconds(undefined)).toBeNull();
    expect([...(await readAssets(store, { nodes: ["nobody", "a"] })).keys()]).toEqual(["a"]);
  });

  it("are read of what was touched since a time, however much that is, beside other environments", async () => {
    const store = createMemoryStore();
    for (let n = 0; n < 1_000; n++) {
      const plan = planOf([`a${n}`]);
      const run = drive(n % 2 === 0 ? plan : { ...plan, environment: "dev" }, { run: `r_${n}`, now: T0 });
      run.at = T0 + n;
      run.report(`a${n}`, 1, success);
      await store.append(`r_${n}`, 0, run.log);
    }
    for (const [environment, sinceMs] of [
      ["prod", T0],
      ["prod", T0 + 500],
      ["dev", T0 + 997],
      ["dev", T0 + 1_000],
    ] as const) {
      const all = await readAssets(store, { environment });
      const since = await readAssetsSince(store, { environment, sinceMs });
      expect([...since]).toEqual([...all].filter(([, { at }]) => Date.parse(at) >= sinceMs));
    }
  });

  it("do not count reuses as durations", async () => {
    const store = createMemoryStore();
    const run = drive(planOf(["a"]), { run: "r_1", now: T0 });
    run.report("a", 1, { ...success, reused: true });
    await store.append("r_1", 0, run.log);
    expect((await readAssets(store)).get("a")).toMatchObject({ status: "reused", tookMs: [] });
  });
});
