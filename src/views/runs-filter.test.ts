// Lists of runs by filters and cursors are what filtering all runs gives, on every kind of filter, whatever runs at once.
import { expect, it } from "vitest";
import type { RunEvent } from "../model/events.ts";
import { createMemoryStore } from "../store/memory.ts";
import { openSqliteStore } from "../store/sqlite.ts";
import { listRuns, type RunFilter, type RunRow } from "./runs.ts";

const JOBS = [null, "nightly", "hourly", "hourly.eu"];
const TRIGGERS = ["schedule", "webhook.orders", "webhook.sales", "millrace run"];
const ENVIRONMENTS = [undefined, "dev"];
const ENDS = ["succeeded", "failed", "partial", null] as const;

it.each([
  ["memory", createMemoryStore],
  ["SQLite", () => openSqliteStore(":memory:")],
])("in the %s store", async (_, open) => {
  const store = open();
  const pick = <Value>(from: readonly Value[], n: number, step: number): Value => from[Math.floor(n / step) % from.length]!;
  for (let n = 0; n < 256; n++) {
    const run = `r_${String((n * 37) % 256).padStart(16, "0")}`;
    const environment = pick(ENVIRONMENTS, n, 16);
    const plan = { job: pick(JOBS, n, 1), nodes: [], concurrency: 1, timeoutMs: null, params: {} };
    const place = environment === undefined ? {} : { environment };
    const events: RunEvent[] = [
      {
        type: "run_started",
        at: 1_000 * Math.floor(n / 3),
        run,
        trigger: pick(TRIGGERS, n, 4),
        plan: { ...plan, ...place },
        seed: 1,
        fromRun: null,
        leaseMs: null,
      },
    ];
    const status = pick(ENDS, n, 32);
    if (status === "failed" || status === "partial") events.push(failure(n));
    if (status !== null) events.push({ type: "run_finished", at: 1_000 * n + 1, status });
    await store.append(run, 0, events);
  }
  const all = await listRuns(store, { limit: 1_000 });
  expect(all).toHaveLength(256);
  const filters: RunFilter[] = [];
  for (const status of [undefined, "failed", "running"] as const)
    for (const job of [undefined, "hourly", "none"])
      for (const trigger of [undefined, "webhook", "webhook.sales"])
        for (const environment of [undefined, "prod", "dev"])
          for (const error of [undefined, "MR2104"])
            filters.push(
              Object.fromEntries(Object.entries({ status, job, trigger, environment, error }).filter(([, value]) => value !== undefined)),
            );
  const [busy] = all.filter(({ error }) => error?.code === "MR5203");
  filters.push({ error: busy!.error!.fingerprint }, { error: "MR0000" });
  expect(new Set(all.flatMap(({ error }) => (error === null ? [] : [error.fingerprint]))).size, "numbers and times apart").toBe(2);
  for (const filter of filters) {
    const wanted = all.filter((row) => fits(row, filter)).map(({ run }) => run);
    const found: string[] = [];
    for (let below: RunRow | undefined; ;) {
      const page = await listRuns(store, { ...filter, limit: 7, ...(below === undefined ? {} : { below }) });
      found.push(...page.map(({ run }) => run));
      below = page.at(-1);
      if (page.length < 7) break;
    }
    expect(found, JSON.stringify(filter)).toEqual(wanted);
    const middle = new Date(43_000).toISOString();
    const before = await listRuns(store, { ...filter, limit: 1_000, below: { startedAt: middle, run: "" } });
    expect(before.map(({ run }) => run)).toEqual(all.filter((row) => fits(row, filter) && row.startedAt < middle).map(({ run }) => run));
  }
  await store.close();
});

/** Of two kinds, with other numbers, ids and times each. */
function failure(n: number): RunEvent {
  const error =
    n % 2 === 0
      ? { code: "MR2104", message: `column "amuont" does not exist in r_${String(n).padStart(16, "0")}`, retryable: false }
      : { code: "MR5203", message: `the server was busy ${n} times since 2026-11-0${(n % 9) + 1}T10:00:00Z\nsee its log`, retryable: true };
  return { type: "attempt_failed", at: 1_000 * n, node: "raw.a", attempt: 1, reason: "error", error, retryAt: null };
}

function fits(row: RunRow, { status, job, trigger, environment, error }: RunFilter): boolean {
  if (error !== undefined && row.error?.code !== error && row.error?.fingerprint !== error) return false;
  if (status !== undefined && row.status !== status) return false;
  if (job !== undefined && row.job !== job) return false;
  if (environment !== undefined && (row.environment ?? "prod") !== environment) return false;
  return trigger === undefined || row.trigger === trigger || row.trigger.startsWith(`${trigger}.`);
}
