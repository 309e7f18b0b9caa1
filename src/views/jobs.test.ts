// The states of jobs and the keys they took, folded from what is new; runs' streams are no concern of theirs.
import { describe, expect, it } from "vitest";
import type { JobEvent } from "../model/job-events.ts";
import { jobStream } from "../model/store-events.ts";
import { drive, planOf } from "../run/run.fixture.ts";
import { createMemoryStore } from "../store/memory.ts";
import { evolve } from "../trigger/evolve.ts";
import { NEW_JOB } from "../trigger/state.ts";
import { readAssets } from "./assets.ts";
import { readJob, readJobs, recallKey } from "./jobs.ts";
import { listRuns } from "./runs.ts";
import { historyRow } from "./triggers.ts";

const fired = {
  trigger: "webhook",
  scheduledFor: 5,
  decision: "started",
  why: "a webhook was delivered",
  params: {},
  items: [],
  singleton: null,
  priority: 0,
} as const;
const log: readonly JobEvent[] = [
  { type: "triggers_defined", at: 1, triggers: { webhook: { kind: "webhook", hash: "w" } } },
  { type: "trigger_fired", at: 5, key: "d1", run: "r_1", ...fired },
  {
    type: "trigger_skipped",
    at: 6,
    trigger: "webhook",
    scheduledFor: 6,
    through: 6,
    count: 1,
    key: "d2",
    reason: "busy",
    why: "r_1 is going",
  },
  {
    type: "request_submitted",
    at: 7,
    key: "k",
    by: "ana",
    decision: "queued",
    why: "r_1 is going",
    run: "r_2",
    params: {},
    singleton: null,
    priority: 0,
  },
  { type: "run_ended", at: 8, run: "r_1", status: "succeeded" },
  { type: "run_dequeued", at: 8, run: "r_2" },
];

describe("jobs", () => {
  it("are the fold of their streams, however often they are asked for", async () => {
    const store = createMemoryStore();
    for (const [index, event] of log.entries()) {
      await store.append(jobStream("nightly"), index, [event]);
      expect(await readJob(store, "nightly")).toEqual(log.slice(0, index + 1).reduce(evolve, NEW_JOB));
    }
    expect([...(await readJobs(store)).keys()]).toEqual(["nightly"]);
    expect(await readJob(store, "other")).toEqual(NEW_JOB);
  });

  it("and runs do not mix", async () => {
    const store = createMemoryStore();
    const run = drive(planOf(["a"]), { run: "r_1" });
    await store.append("r_1", 0, run.log);
    await store.append(jobStream("nightly"), 0, log);
    expect([...(await readJobs(store)).keys()]).toEqual(["nightly"]);
    expect((await listRuns(store, { limit: 10 })).map((row) => row.run)).toEqual(["r_1"]);
    expect([...(await readAssets(store)).keys()].filter((node) => node !== "a")).toEqual([]);
  });

  it("remember every key: of what fired, of what was skipped, of requests", async () => {
    const store = createMemoryStore();
    await store.append(jobStream("nightly"), 0, log);
    expect(await recallKey(store, "nightly", "webhook", "d1")).toBe("r_1");
    expect(await recallKey(store, "nightly", "webhook", "d2")).toBe("");
    expect(await recallKey(store, "nightly", "", "k")).toBe("r_2");
    expect(await recallKey(store, "nightly", "webhook", "k")).toBeUndefined();
    expect(await recallKey(store, "other", "webhook", "d1")).toBeUndefined();
  });
});

it("the history tells what was done and what was not, newest first, with the reason", () => {
  expect(
    log
      .toReversed()
      .flatMap((event) => historyRow(event) ?? [])
      .map(({ what, run, reason, why }) => [what, run, reason, why]),
  ).toEqual([
    ["queued", "r_2", null, "by ana: r_1 is going"],
    ["skipped", null, "busy", "r_1 is going"],
    ["fired", "r_1", null, "a webhook was delivered"],
    ["defined", null, null, "webhook"],
  ]);
});
