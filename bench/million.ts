// A million finished node-attempts in the state: what they take on the disk, how fast the read tables are folded from nothing (once, after an upgrade that
// changed them), and what `runs` and `status` then ask of the store, right after a run has ended. On SQLite and on a PostgreSQL that is started here.
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import type { RunEvent } from "../src/model/events.ts";
import type { PlanNode, RunPlan } from "../src/model/plan.ts";
import { openPostgresStore } from "../src/store/postgres.ts";
import { openSqliteStore } from "../src/store/sqlite.ts";
import type { Append, EventStore } from "../src/store/store.ts";
import { readAssets } from "../src/views/assets.ts";
import { listRuns } from "../src/views/runs.ts";
import { startPostgres } from "../test/postgres.ts";
import { type Figure, median } from "./figure.ts";

const NODES = 100;
const RUNS = 10_000;
/** Runs written at once, as engines that work side by side write them. */
const ABREAST = 100;
const TURNS = 7;
const T0 = Date.parse("2026-01-01T00:00:00Z");

export async function benchMillion(): Promise<Figure[]> {
  const figures: Figure[] = [];
  const dir = mkdtempSync(join(tmpdir(), "millrace-bench-million-"));
  try {
    const path = join(dir, "state.sqlite");
    figures.push(
      ...(await measured(
        "SQLite",
        async () => openSqliteStore(path),
        async () => statSync(path).size,
      )),
    );
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
  const server = await startPostgres();
  try {
    const connectionString = await server.createDatabase();
    const size = async (): Promise<number> => {
      const client = new Client(connectionString);
      await client.connect();
      await client.query("vacuum analyze");
      const { rows } = await client.query<{ bytes: string }>("select pg_database_size(current_database()) as bytes");
      await client.end();
      return Number(rows[0]!.bytes);
    };
    figures.push(...(await measured("PostgreSQL", () => openPostgresStore({ connection: { connectionString } }), size)));
  } finally {
    await server.stop();
  }
  return figures;
}

async function measured(name: string, open: () => Promise<EventStore>, bytes: () => Promise<number>): Promise<Figure[]> {
  const store = await open();
  const empty = await bytes();
  const before = performance.now();
  for (let first = 0; first < RUNS; first += ABREAST) await writeRuns(store, first, ABREAST);
  const wrote = performance.now() - before;
  const perAttempt = ((await bytes()) - empty) / (RUNS * NODES);
  const fold = await timed(async () => {
    await listRuns(store, { limit: 20 });
    await readAssets(store);
  });
  await store.close();
  const times = { runs: [] as number[], status: [] as number[] };
  for (let turn = 0; turn < TURNS; turn++) {
    const again = await open();
    await writeRuns(again, RUNS + turn, 1);
    times.runs.push(await timed(() => listRuns(again, { limit: 20 })));
    times.status.push(
      await timed(async () => {
        await listRuns(again, { limit: 5 });
        await readAssets(again);
      }),
    );
    await again.close();
  }
  const million = `${(RUNS * NODES) / 1e6} M node-attempts in ${name}`;
  const none = { wall: null, ratio: null };
  return [
    { name: `${million}: written`, value: wrote / 1_000, unit: "s", ...none, reach: "told", reached: true },
    { name: `${million}: bytes of each`, value: perAttempt, unit: "B", ...none, reach: "≤ 600 B", reached: perAttempt <= 600 },
    { name: `${million}: read tables from nothing`, value: fold / 1_000, unit: "s", ...none, reach: "≤ 60 s", reached: fold <= 60_000 },
    { name: `${million}: runs`, value: median(times.runs), unit: "ms", ...none, reach: "≤ 150 ms", reached: median(times.runs) <= 150 },
    {
      name: `${million}: status`,
      value: median(times.status),
      unit: "ms",
      ...none,
      reach: "≤ 150 ms",
      reached: median(times.status) <= 150,
    },
  ];
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const before = performance.now();
  await work();
  return performance.now() - before;
}

/** Chains of nodes, as the engine stores them: the end of a node and the start of the next in one append. */
export async function writeRuns(store: EventStore, first: number, count: number): Promise<void> {
  for (let step = 0; step <= NODES + 1; step++) {
    const appends: Append[] = [];
    for (let run = first; run < first + count; run++) {
      const at = T0 + run * 60_000 + step * 100;
      const id = `r_${String(run).padStart(16, "0")}`;
      const started: RunEvent = { type: "run_started", at, run: id, trigger: "schedule", plan, seed: run, fromRun: null, leaseMs: null };
      const events: RunEvent[] = step === 0 ? [started] : [];
      if (step > 1)
        events.push({
          type: "node_succeeded",
          at,
          node: name(step - 2),
          attempt: 1,
          tookMs: 100,
          rows: { read: 1_000, loaded: 990, quarantined: 0, filtered: 10 },
        });
      if (step > 0 && step <= NODES)
        events.push({ type: "attempt_started", at, node: name(step - 1), attempt: 1, owner: "e_01K742SG0EJYAP2E", leaseUntil: null });
      if (step > NODES) events.push({ type: "run_finished", at, status: "succeeded" });
      appends.push({ stream: id, expectedVersion: step <= 1 ? step : 2 * (step - 1), events });
    }
    const answers = await store.commit(appends);
    if (!answers.every(Boolean)) throw new Error(`an append was refused at step ${step}`);
  }
}

function name(index: number): string {
  return `clean.table_${index}`;
}

const retry = { attempts: 3, delayMs: 1_000, factor: 2, maxDelayMs: 60_000, jitter: true };
const plan: RunPlan = {
  job: "nightly",
  nodes: Array.from({ length: NODES }, (_, index): PlanNode => {
    const needs = index === 0 ? [] : [name(index - 1)];
    return { id: name(index), kind: "model", needs, action: "build", reason: "new", change: "none", retry, timeoutMs: 3_600_000 };
  }),
  concurrency: 4,
  timeoutMs: null,
  params: {},
};
