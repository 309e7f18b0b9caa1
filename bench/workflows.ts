// Workflows as rivals measure them: three steps that do nothing, one after the other, start to known end; fifty at once; a fan-out of 10,000 with its
// join; 10,000 items of a mapped node. On SQLite and on a real PostgreSQL, each beside the bare commits of the same store.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createEngine, type Engine } from "../src/engine/engine.ts";
import { realClock } from "../src/engine/clock.ts";
import { createInlineExecutor } from "../src/executors/inline.ts";
import type { PlanNode, RunPlan } from "../src/model/plan.ts";
import { decide, step } from "../src/run/decide.ts";
import { newRun, type RunState } from "../src/run/state.ts";
import { openPostgresStore } from "../src/store/postgres.ts";
import { openSqliteStore } from "../src/store/sqlite.ts";
import type { EventStore } from "../src/store/store.ts";
import { startPostgres } from "../test/postgres.ts";
import { type Figure, median } from "./figure.ts";

const SAMPLES = 100;
const AT_ONCE = 50;
const ROUNDS = 20;
const FAN = 10_000;

interface Bench {
  readonly name: string;
  readonly store: EventStore;
  readonly medianMs: number;
  readonly perSecond: number;
}

export async function benchWorkflows(): Promise<readonly Figure[]> {
  const dir = mkdtempSync(join(tmpdir(), "millrace-bench-workflows-"));
  const postgres = await startPostgres();
  const sqlite = openSqliteStore(join(dir, "state.sqlite"));
  const server = await openPostgresStore({ connection: { connectionString: await postgres.createDatabase() } });
  try {
    return [
      ...(await benchStore({ name: "SQLite", store: sqlite, medianMs: 1, perSecond: 2_000 })),
      ...(await benchStore({ name: "PostgreSQL", store: server, medianMs: 5, perSecond: 500 })),
      ...benchEvents(),
    ];
  } finally {
    await sqlite.close();
    await server.close();
    await postgres.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

async function benchStore({ name, store, medianMs, perSecond }: Bench): Promise<readonly Figure[]> {
  const executor = createInlineExecutor(async ({ node }) => (node === "task:map" ? { items: range(FAN) } : {}));
  const engine = createEngine({ store, clock: realClock, executor });
  const three = planOf(3, (index) => (index === 0 ? [] : [nameOf(index - 1)]), 4);
  const once = async (): Promise<number> => timed(() => carryOut(engine, three));
  for (let warmUp = 0; warmUp < SAMPLES; warmUp++) await once();
  const singles: number[] = [];
  const walls: number[] = [];
  for (let sample = 0; sample < SAMPLES; sample++) {
    singles.push(await once());
    // What must be durable one after the other: the start, three ends of which each begins the next.
    walls.push(await timed(() => bareCommits(store, `bare${name}${sample}`, 4)));
  }
  const rates: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const ms = await timed(() => Promise.all(range(AT_ONCE).map(() => carryOut(engine, three))));
    rates.push((AT_ONCE / ms) * 1_000);
  }
  const before = process.memoryUsage().rss;
  const fanMs = await timed(() =>
    carryOut(
      engine,
      planOf(FAN + 1, (index) => (index === FAN ? range(FAN).map(nameOf) : []), FAN),
    ),
  );
  const fanMb = (process.memoryUsage().rss - before) / 1e6;
  const mapMs = await timed(() =>
    carryOut(engine, { ...planOf(1, () => [], 100), nodes: [{ ...nodeOf(0, []), id: "task:map", mapped: true }] }),
  );
  await engine.close();
  const wall = median(walls);
  const single = median(singles);
  return [
    figure(`${name}: 3 steps that do nothing, median`, single, "ms", medianMs, { wall }),
    figure(`${name}: ${AT_ONCE} at once`, median(rates), "workflows/s", perSecond, { atLeast: true }),
    figure(`${name}: fan-out of ${FAN} and join`, fanMs / 1_000, "s", 10, {}),
    figure(`${name}: memory of that`, fanMb, "MB", 300, {}),
    figure(`${name}: ${FAN} items of a mapped node`, mapMs / 1_000, "s", 10, {}),
  ];
}

/** What one event costs, by the size of the plan: it must not matter. */
function benchEvents(): readonly Figure[] {
  const cost = (size: number): number => {
    const plan = planOf(size, (index) => (index < 10 ? [] : [nameOf(index - 10)]), 10);
    let state: RunState = step(newRun, {
      type: "start",
      now: 0,
      owner: "e",
      run: "r",
      trigger: "",
      plan,
      seed: 1,
      leaseMs: null,
      takeOver: null,
    }).state;
    const report = (index: number): void => {
      const input = { type: "report", now: 0, owner: "e", node: nameOf(index), attempt: 1 } as const;
      ({ state } = step(state, { ...input, outcome: { kind: "succeeded", facts: {}, reused: false } }));
    };
    const steps = Math.min(900, size - 20);
    for (let index = 0; index < 90; index++) report(index);
    const before = performance.now();
    for (let index = 90; index < steps; index++) report(index);
    if (decide(state, { type: "tick", now: 0, owner: "e" }).length > 0) throw new Error("something was left to do");
    return ((performance.now() - before) / (steps - 90)) * 1_000;
  };
  cost(1_000);
  const [small, large] = [cost(1_000), cost(100_000)];
  return [figure("one event in a plan of 100,000 nodes", large, "µs", small * 3, { wall: small, reach: "≤ 3 × that in a plan of 1,000" })];
}

async function bareCommits(store: EventStore, stream: string, count: number): Promise<void> {
  for (let index = 0; index < count; index++)
    if (!(await store.append(stream, index, [{ type: "node_skipped", at: 0, node: "x", because: null }]))) throw new Error("refused");
}

export async function carryOut(engine: Engine, plan: RunPlan): Promise<void> {
  const { status } = await engine.run(await engine.start(plan));
  if (status !== "succeeded") throw new Error(`the run ended as ${status}`);
}

export async function timed(work: () => Promise<unknown>): Promise<number> {
  const before = performance.now();
  await work();
  return performance.now() - before;
}

export function range(size: number): readonly number[] {
  return Array.from({ length: size }, (_, index) => index);
}

export function nameOf(index: number): string {
  return `task:n${index}`;
}

function nodeOf(index: number, needs: readonly string[]): PlanNode {
  const retry = { attempts: 3, delayMs: 1_000, factor: 2, maxDelayMs: 60_000, jitter: true };
  return { id: nameOf(index), kind: "task", needs, action: "build", reason: "", change: "none", retry, timeoutMs: null };
}

export function planOf(size: number, needsOf: (index: number) => readonly string[], concurrency: number): RunPlan {
  return { job: null, nodes: range(size).map((index) => nodeOf(index, needsOf(index))), concurrency, timeoutMs: null, params: {} };
}

interface More {
  readonly wall?: number;
  readonly atLeast?: true;
  readonly reach?: string;
}

function figure(name: string, value: number, unit: string, limit: number, { wall, atLeast, reach }: More): Figure {
  const reached = atLeast === true ? value >= limit : value <= limit;
  const words = reach ?? `${atLeast === true ? "≥" : "≤"} ${limit} ${unit}`;
  return { name, value, unit, wall: wall ?? null, ratio: wall === undefined ? null : value / wall, reach: words, reached };
}
