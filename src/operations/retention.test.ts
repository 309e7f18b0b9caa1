// Retention on a real state file and warehouse: what is folded, what is removed, what stays; a kill at any step neither loses nor doubles.
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { logPath } from "../engine/log-files.ts";
import type { RunPlan } from "../model/plan.ts";
import { drive, failedWith, planOf } from "../run/run.fixture.ts";
import { readStatistics } from "../views/statistics.ts";
import { listRuns } from "../views/runs.ts";
import { pruneRuns } from "./retention.ts";
import { Workspace } from "./workspace.ts";

const DAY = 86_400_000;
const T0 = Date.parse("2026-01-01T06:00:00Z");
const NOW = T0 + 200 * DAY;

let dir: string;
let workspace: Workspace;
const open = (): Workspace =>
  Workspace.open({
    dir,
    env: undefined,
    signal: new AbortController().signal,
    parts: () => Promise.reject(new Error("no part of a project is needed")),
  });
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "millrace-retention-"));
  writeFileSync(join(dir, "millrace.yaml"), "name: t\nretention: { runs: 90d }\n");
  workspace = open();
});
afterEach(async () => {
  await workspace.close();
  rmSync(dir, { recursive: true });
});

interface Past {
  readonly run: string;
  readonly day: number;
  readonly seconds?: number;
  readonly outcome?: "succeeded" | "failed" | "unfinished";
  readonly plan?: Partial<RunPlan>;
  readonly start?: Parameters<typeof drive>[1];
}

/** A run of one node `a` of the job nightly, with its log and its commit in the warehouse. */
async function past({ run, day, seconds = 1, outcome = "succeeded", plan = {}, start = {} }: Past): Promise<void> {
  const driven = drive(planOf(["a"], { job: "nightly", ...plan }), { run, now: T0 + day * DAY, ...start });
  driven.at = T0 + day * DAY + seconds * 1_000;
  const rows = { read: 10, loaded: 9, quarantined: 1, filtered: 0 };
  if (outcome === "succeeded") driven.report("a", 1, { kind: "succeeded", facts: { rows }, reused: false });
  if (outcome === "failed") driven.report("a", 1, failedWith({ retryable: false }));
  await (await workspace.store()).append(run, 0, driven.log);
  const log = logPath(workspace.stateDir("logs"), run, "a", 1);
  mkdirSync(dirname(log), { recursive: true });
  writeFileSync(log, "{}\n");
  const warehouse = await workspace.warehouse();
  await warehouse.transaction((tx) =>
    tx.run(`insert into _millrace.commits values ('${run}', 'a', 1, 'a', 'v', '{}', to_timestamp(${(T0 + day * DAY) / 1000}))`),
  );
}

const runsLeft = async (): Promise<string[]> => (await listRuns(await workspace.store(), { limit: 100 })).map((row) => row.run).toSorted();
const prune = () => pruneRuns(workspace, { dryRun: false, now: NOW, warehouse: "open" });

describe("retention", () => {
  it("folds old runs into their days and removes them, their logs and their commits", async () => {
    await past({ run: "r_1", day: 0, seconds: 2 });
    await past({ run: "r_2", day: 0, seconds: 4, outcome: "failed" });
    await past({ run: "r_3", day: 1, seconds: 8 });
    await past({ run: "r_9", day: 199 });
    expect(await pruneRuns(workspace, { dryRun: true, now: NOW, warehouse: "open" })).toMatchObject({ runs: 3, logs: 3, commits: 0 });
    expect(await runsLeft()).toHaveLength(4);
    expect(await prune()).toMatchObject({ runs: 3, logs: 3, commits: 3, kept: { unfinished: 0, stoodOn: 0, lastSuccess: 0 } });
    expect(await runsLeft()).toEqual(["r_9"]);
    expect(existsSync(dirname(logPath(workspace.stateDir("logs"), "r_1", "a", 1)))).toBe(false);
    const statistics = await readStatistics(await workspace.store(), { limit: 100, of: { kind: "job", name: "nightly" } });
    expect(statistics.map(({ day, runs, statuses, rows }) => [day, runs, statuses, rows.loaded])).toEqual([
      ["2026-07-19", 1, { succeeded: 1 }, 9],
      ["2026-01-02", 1, { succeeded: 1 }, 9],
      ["2026-01-01", 2, { succeeded: 1, failed: 1 }, 9],
    ]);
    expect(statistics.at(-1)).toMatchObject({ seconds: 6, attempts: 2, nodes: { succeeded: 1, failed: 1 } });
    const [, , first] = await readStatistics(await workspace.store(), { limit: 100, of: { kind: "asset", name: "a" } });
    expect(Math.abs(first!.p50! - 2)).toBeLessThan(0.1);
    expect(Math.abs(first!.p95! - 4)).toBeLessThan(0.2);
  });

  it("keeps what has not ended, what a kept run stands on, the last success, and what is not old", async () => {
    await past({ run: "r_1", day: 0, outcome: "unfinished" });
    await past({ run: "r_2", day: 1 });
    await past({ run: "r_3", day: 2, outcome: "failed" });
    await past({ run: "r_4", day: 3, outcome: "failed" });
    await past({ run: "r_9", day: 199, outcome: "failed", start: { takeOver: { from: "r_3", nodes: new Map() } } });
    expect((await prune()).kept).toEqual({ unfinished: 1, stoodOn: 1, lastSuccess: 1 });
    expect(await runsLeft()).toEqual(["r_1", "r_2", "r_3", "r_9"]);
  });

  it("does nothing where nothing is said", async () => {
    writeFileSync(join(dir, "millrace.yaml"), "name: t\n");
    await past({ run: "r_1", day: 0 });
    expect(await prune()).toMatchObject({ before: null, runs: 0, logs: 0, commits: 0 });
    expect(await runsLeft()).toEqual(["r_1"]);
  });

  it("counts each run once, whatever it was killed between", async () => {
    for (let n = 0; n < 6; n++) await past({ run: `r_${n}`, day: n % 3 });
    await past({ run: "r_9", day: 199 });
    const store = await workspace.store();
    // Each of these calls fails once, as if the process had been killed before it, or after it.
    for (const moment of ["before remove", "after remove", "before forget", "after forget"]) {
      const broken = {
        ...store,
        remove: async (streams: readonly string[]) => {
          if (moment === "before remove") throw new Error("killed");
          await store.remove(streams.slice(0, 1));
          if (moment === "after remove") throw new Error("killed");
          await store.remove(streams);
        },
        tables: {
          ...store.tables,
          remove: async (table: string, keys: readonly string[]) => {
            if (moment === "before forget") throw new Error("killed");
            await store.tables.remove(table, keys.slice(0, 1));
            throw new Error("killed");
          },
        },
      };
      const killed = Object.assign(Object.create(workspace) as Workspace, { store: async () => broken });
      await expect(pruneRuns(killed, { dryRun: false, now: NOW, warehouse: "open" })).rejects.toThrow("killed");
    }
    await prune();
    expect(await runsLeft()).toEqual(["r_9"]);
    const statistics = await readStatistics(store, { limit: 100, of: { kind: "job", name: "nightly" } });
    expect(statistics.map(({ day, runs }) => [day, runs])).toEqual([
      ["2026-07-19", 1],
      ["2026-01-03", 2],
      ["2026-01-02", 2],
      ["2026-01-01", 2],
    ]);
    expect(await store.streams()).toEqual([expect.objectContaining({ stream: "r_9" })]);
  });
});
