// Home's day: how many runs began when and how they went, beside what plain SQL counts in the state; what schedules will start, beside the clock.
import { join } from "node:path";
import { DatabaseSync } from "@photostructure/sqlite";
import { expect, it } from "vitest";
import type { RunEvent } from "../../model/events.ts";
import { openSqliteStore } from "../../store/sqlite.ts";
import { loadParts } from "../../parts.ts";
import { testProjects } from "../projects.suite.ts";
import { Workspace } from "../workspace.ts";
import { runStrip } from "./strip.ts";

const { project } = testProjects("strip", "name: shop\ntimezone: Europe/Berlin\n");
const HOUR_MS = 3_600_000;
const NOW = Date.parse("2026-03-28T22:17:42Z"); // the night that has an hour less

function opened(dir: string): Workspace {
  const refuse = (): never => {
    throw new Error("no user code is run");
  };
  return Workspace.open({ dir, env: undefined, parts: () => loadParts(refuse), signal: new AbortController().signal });
}

it("counts runs of each step by how they stand, as plain SQL over the events does", async () => {
  const dir = project({ "models/a.sql": "select 1 as a\n" });
  const workspace = opened(dir);
  workspace.stateDir();
  const store = openSqliteStore(join(dir, ".millrace/state.sqlite"));
  let state = 5;
  const pick = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const ends = ["succeeded", "failed", "partial", "canceled"] as const;
  await store.commit(
    Array.from({ length: 1_200 }, (_, n) => {
      const [run, at] = [`r_${String(n).padStart(16, "0")}`, NOW - pick(30 * HOUR_MS)];
      const place = pick(6) === 0 ? { environment: "dev" } : {};
      const plan = { job: "j", nodes: [], concurrency: 4, timeoutMs: null, params: {}, ...place };
      const began: RunEvent = { type: "run_started", at, run, trigger: "cli", plan, seed: n, fromRun: null, leaseMs: null };
      const ended: RunEvent = { type: "run_finished", at: at + 1_000, status: ends[pick(4)]! };
      return { stream: run, expectedVersion: 0, events: pick(9) === 0 ? [began] : [began, ended] };
    }),
  );
  await store.close();
  for (const hours of [1, 24, 29]) {
    const strip = await runStrip(workspace, { hours, ahead: 0, now: NOW });
    const [fromMs, stepMs] = [Date.parse(strip.from), strip.stepSeconds * 1_000];
    expect(Date.parse(strip.to) - fromMs).toBe(stepMs * strip.steps.length);
    expect(Date.parse(strip.to)).toBeGreaterThanOrEqual(NOW);
    const sql = new DatabaseSync(join(dir, ".millrace/state.sqlite"), { readOnly: true });
    const rows = sql
      .prepare(
        `select cast((began - ${fromMs}) / ${stepMs} as integer) as step, status, count(*) as runs from (
           select json_extract(events, '$[0].at') as began, coalesce(json_extract(events, '$[1].status'), 'running') as status
           from batches where json_extract(events, '$[0].plan.environment') is null)
         where began >= ${fromMs} group by step, status`,
      )
      .all() as unknown as readonly { readonly step: number; readonly status: string; readonly runs: number }[];
    sql.close();
    const counted = Array.from({ length: strip.steps.length }, () => ({}) as Record<string, number>);
    for (const { step, status, runs } of rows) counted[step]![status] = runs;
    expect(strip.steps).toEqual(counted);
    expect(strip.isCut).toBe(false);
  }
  await workspace.close();
});

it("tells what schedules start in the coming hours, each once, in their order, also where the clock is set forward", async () => {
  const task = "tasks:\n  one: { sql: select 1 }\n";
  const dir = project({
    "jobs/hourly.yaml": `triggers:\n  - schedule: { cron: "0 * * * *" }\n${task}`,
    "jobs/night.yaml": `triggers:\n  - schedule: { cron: "30 3 * * *" }\n${task}`,
    "jobs/never.yaml": `triggers:\n  - schedule: { cron: "0 12 1 1 *" }\n${task}`,
  });
  const workspace = opened(dir);
  const strip = await runStrip(workspace, { hours: 24, ahead: 6, now: NOW });
  // Berlin: 02:00 follows 01:59:59 as 03:00 (01:00 UTC); 03:30 there is 01:30 UTC.
  expect(strip.due).toEqual([
    { job: "hourly", at: "2026-03-28T23:00:00.000Z" },
    { job: "hourly", at: "2026-03-29T00:00:00.000Z" },
    { job: "hourly", at: "2026-03-29T01:00:00.000Z" },
    { job: "night", at: "2026-03-29T01:30:00.000Z" },
    { job: "hourly", at: "2026-03-29T02:00:00.000Z" },
    { job: "hourly", at: "2026-03-29T03:00:00.000Z" },
    { job: "hourly", at: "2026-03-29T04:00:00.000Z" },
  ]);
  expect((await runStrip(workspace, { hours: 24, ahead: 0, now: NOW })).due).toEqual([]);
  await workspace.close();
});
