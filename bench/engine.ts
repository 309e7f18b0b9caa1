// The control plane: durable runs of nodes that do nothing, on SQLite, against the bare commits of SQLite for the same steps, in turns so that noise hits
// both. The wall of a chain is one commit per node; the wall of a fan-out is the same rows in two commits.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createEngine, type Engine } from "../src/engine/engine.ts";
import { realClock } from "../src/engine/clock.ts";
import { createInlineExecutor } from "../src/executors/inline.ts";
import type { PlanNode, RunPlan } from "../src/model/plan.ts";
import { openDatabase } from "../src/store/sqlite-database.ts";
import { openSqliteStore } from "../src/store/sqlite.ts";
import { type Figure, median } from "./figure.ts";

const NODES = 1_000;
const TURNS = 11;
/** Runs before the measurement, so that the code is compiled: the wall has nothing to compile. */
const WARM_UPS = 8;
const LARGE = 100_000;
/** About what one step stores: the end of a node and the start of the next. */
export const STEP_TEXT = JSON.stringify([
  { type: "node_succeeded", at: 1_760_000_000_000, node: "main.n100", attempt: 1, tookMs: 0 },
  { type: "attempt_started", at: 1_760_000_000_000, node: "main.n101", attempt: 1, owner: "e_01K000000000000", leaseUntil: null },
]);

export async function benchEngine(): Promise<Figure[]> {
  const dir = mkdtempSync(join(tmpdir(), "millrace-bench-engine-"));
  const store = openSqliteStore(join(dir, "state.sqlite"));
  const engine = createEngine({ store, clock: realClock, executor: createInlineExecutor(async () => ({})) });
  const database = openDatabase(join(dir, "bare.sqlite"));
  try {
    const insert = database.prepare("insert into batches (stream, after, count, events) values (?, ?, 2, ?)");
    const bare = (stream: string, commits: number, rowsPerCommit: number): number => {
      const before = performance.now();
      for (let commit = 0; commit < commits; commit++) {
        database.exec("begin immediate");
        for (let row = 0; row < rowsPerCommit; row++) insert.run(stream, (commit * rowsPerCommit + row) * 2, STEP_TEXT);
        database.exec("commit");
      }
      return performance.now() - before;
    };
    const chain = planOf(NODES, (index) => (index === 0 ? [] : [stepName(index - 1)]), 4);
    const fan = planOf(NODES, () => [], NODES);
    const times = { chain: [] as number[], fan: [] as number[], bareChain: [] as number[], bareFan: [] as number[] };
    await measured(
      engine,
      planOf(50, () => [], 10),
    );
    for (let warmUp = 0; warmUp < WARM_UPS; warmUp++) await measured(engine, fan);
    for (let turn = 0; turn < TURNS; turn++) {
      times.bareChain.push(bare(`chain${turn}`, NODES, 1));
      times.chain.push(await measured(engine, chain));
      times.bareFan.push(bare(`fan${turn}`, 2, NODES));
      times.fan.push(await measured(engine, fan));
    }
    const large = await measured(
      engine,
      planOf(LARGE, (index) => (index < 100 ? [] : [stepName(index - 100), stepName(index - 1 - (index % 90))]), 100),
    );
    return [
      against(`durable chain of ${NODES} nodes`, median(times.chain), median(times.bareChain), 3),
      against(`durable fan-out of ${NODES} nodes`, median(times.fan), median(times.bareFan), 5),
      {
        name: `durable run of ${LARGE} nodes, 100 at once`,
        value: large,
        unit: "ms",
        wall: null,
        ratio: null,
        reach: "≤ 30 s",
        reached: large <= 30_000,
      },
    ];
  } finally {
    database.close();
    await engine.close();
    await store.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

export async function measured(engine: Engine, plan: RunPlan): Promise<number> {
  const before = performance.now();
  const { status } = await engine.run(await engine.start(plan));
  if (status !== "succeeded") throw new Error(`the run ended as ${status}`);
  return performance.now() - before;
}

export function stepName(index: number): string {
  return `main.n${index}`;
}

export function planOf(size: number, needsOf: (index: number) => readonly string[], concurrency: number): RunPlan {
  const nodes = Array.from({ length: size }, (_, index): PlanNode => {
    const retry = { attempts: 3, delayMs: 1_000, factor: 2, maxDelayMs: 60_000, jitter: true };
    return {
      id: stepName(index),
      kind: "model",
      needs: needsOf(index),
      action: "build",
      reason: "new",
      change: "none",
      retry,
      timeoutMs: 3_600_000,
    };
  });
  return { job: null, nodes, concurrency, timeoutMs: null, params: {} };
}

function against(what: string, value: number, wall: number, factor: number): Figure {
  return {
    name: what,
    value,
    unit: "ms",
    wall,
    ratio: value / wall,
    reach: `≤ ${factor} × the bare SQLite commits`,
    reached: value / wall <= factor,
  };
}
