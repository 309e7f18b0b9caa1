// Tier 4: the real engine with limits over a fake clock. What is in flight is counted by the handlers, not by the engine.
import { describe, expect, it } from "vitest";
import { createInlineExecutor } from "../executors/inline.ts";
import type { Attempt, AttemptResult } from "../model/attempt.ts";
import { MillraceError } from "../model/errors.ts";
import { type Limits, NO_LIMITS } from "../model/limits.ts";
import type { PlanNode } from "../model/plan.ts";
import { planOf, RETRY } from "../run/run.fixture.ts";
import { createMemoryStore } from "../store/memory.ts";
import { createFakeClock } from "../testing/fake-clock.ts";
import { createEngine, type EngineOptions } from "./engine.ts";

const down = (): MillraceError => new MillraceError({ code: "MR3501", message: "no answer", retryable: true });

/** An engine whose attempts take `tookMs`; `seen` is what ran when. */
function world(
  limits: Partial<Limits>,
  { tookMs = 100, fails = (): boolean => false, ...options }: Partial<EngineOptions & WorldOptions> = {},
) {
  const clock = createFakeClock();
  const seen: { run: string; node: string; from: number; to: number }[] = [];
  let inFlight = 0;
  let most = 0;
  const handler = async ({ run, node }: Attempt): Promise<AttemptResult> => {
    const from = clock.elapsedMs();
    most = Math.max(most, ++inFlight);
    await new Promise<void>((resolve) => {
      clock.after(tookMs, resolve);
    });
    inFlight--;
    seen.push({ run, node, from, to: clock.elapsedMs() });
    if (fails(node, clock.elapsedMs())) throw down();
    return {};
  };
  const store = createMemoryStore();
  const make = (more: Partial<EngineOptions> = {}) =>
    createEngine({ clock, store, executor: createInlineExecutor(handler), limits: { ...NO_LIMITS, ...limits }, ...options, ...more });
  return { clock, store, engine: make(), make, seen, most: () => most };
}

interface WorldOptions {
  readonly tookMs: number;
  readonly fails: (node: string, at: number) => boolean;
}

const inPool = (weight = 1): Partial<PlanNode> => ({ pools: { api: weight } });
const many = (count: number, name = "n"): readonly string[] => Array.from({ length: count }, (_, index) => `${name}${index}`);

describe("places of a pool", () => {
  it("are shared by all runs, and each that becomes free is taken at once", async () => {
    const { clock, engine, most } = world({ pools: { api: { slots: 2 } } });
    const runs = await Promise.all([1, 2, 3].map(() => engine.start(planOf(many(4), {}, inPool()))));
    const summaries = await clock.until(Promise.all(runs.map((run) => engine.run(run))));
    expect(summaries.map(({ status }) => status)).toEqual(["succeeded", "succeeded", "succeeded"]);
    expect(most()).toBe(2);
    expect(clock.elapsedMs()).toBe((12 / 2) * 100);
  });

  it("are taken by weight", async () => {
    const { clock, engine, most } = world({ pools: { api: { slots: 5 } } });
    const run = await engine.start(planOf(many(6), {}, inPool(2)));
    await clock.until(engine.run(run));
    expect(most()).toBe(2);
  });

  it("hold up nothing that does not count against them", async () => {
    const { clock, engine, seen } = world({ pools: { api: { slots: 1 } } });
    const plan = planOf(["a", "b", "c", "d"]);
    const run = await engine.start({ ...plan, nodes: plan.nodes.map((node) => (node.id === "d" ? node : { ...node, ...inPool() })) });
    await clock.until(engine.run(run));
    expect(seen.map(({ node, from }) => [node, from])).toEqual([
      ["a", 0],
      ["d", 0],
      ["b", 100],
      ["c", 200],
    ]);
  });

  it("are handed on in the commit that frees them: a chain takes no longer for them", async () => {
    const { clock, engine, store } = world({ pools: { "*": { slots: 1 } } });
    const run = await engine.start(planOf(["a", "b: a", "c: b"]));
    await clock.until(engine.run(run));
    const batches = await store.readAll(0, 100);
    expect(batches.map(({ events }) => events.map(({ type }) => type))).toEqual([
      ["run_started"],
      ["attempt_started"],
      ["node_succeeded", "attempt_started"],
      ["node_succeeded", "attempt_started"],
      ["node_succeeded", "run_finished"],
    ]);
  });

  it("can be those of everything, of a job, of an asset", async () => {
    for (const pool of ["*", "job:nightly", "asset:n0"]) {
      const { clock, engine, most } = world({ pools: { [pool]: { slots: 1 } } });
      const runs = await Promise.all([1, 2].map(() => engine.start(planOf(["n0"], { job: "nightly" }, { pools: { "asset:n0": 1 } }))));
      await clock.until(Promise.all(runs.map((run) => engine.run(run))));
      expect([pool, most()]).toEqual([pool, 1]);
    }
  });

  it("are free again when the engine that held them died", async () => {
    const { clock, engine, make } = world({ pools: { api: { slots: 1 } } }, { tookMs: 1_000 });
    const killed = await engine.start(planOf(["a"], {}, inPool()));
    void engine.run(killed);
    await clock.pass(10);
    const next = make();
    const run = await next.start(planOf(["b"], {}, inPool()));
    const { status } = await clock.until(next.run(run));
    expect(status).toBe("succeeded");
  });

  it("go to every tenant in turn, whatever one of them has asked for before", async () => {
    const { clock, engine, seen } = world({ pools: { api: { slots: 1 } } });
    const big = await engine.start(planOf(many(50), { key: "big" }, inPool()));
    const bigDone = engine.run(big);
    await clock.pass(150);
    const small = await engine.start(planOf(many(3), { key: "small" }, inPool()));
    await clock.until(engine.run(small));
    const first = seen.findIndex(({ run }) => run === small);
    expect(seen.slice(first).map(({ run }) => (run === small ? "small" : "big"))).toEqual(["small", "big", "small", "big", "small"]);
    await clock.until(bigDone);
  });

  it("go to what has the higher priority first", async () => {
    const { clock, engine, seen } = world({ pools: { api: { slots: 1 } } });
    const low = await engine.start(planOf(many(3), { priority: -10 }, inPool()));
    const lowDone = engine.run(low);
    await clock.pass(50);
    const high = await engine.start(planOf(many(2), {}, inPool()));
    await clock.until(engine.run(high));
    await clock.until(lowDone);
    expect(seen.map(({ run }) => (run === low ? "low" : "high"))).toEqual(["low", "high", "high", "low", "low"]);
  });

  it("leave a retry waiting without a spin", async () => {
    const { clock, engine, store } = world(
      { pools: { api: { slots: 1 } } },
      { tookMs: 60_000, fails: (node, at) => node === "a" && at < 70_000 },
    );
    const first = await engine.start(planOf(["a"], {}, inPool()));
    const done = engine.run(first);
    await clock.pass(10);
    const second = await engine.start(planOf(["b"], {}, inPool()));
    await clock.until(Promise.all([engine.run(second), done]), 1_000_000);
    expect((await store.readAll(0, 100)).length).toBeLessThan(12);
  });
});

describe("several engines on one store", () => {
  const sharing = { isDead: (): boolean => false };
  /** An engine that begins reads what is there in turns of its own that take no time of the clock. */
  const begun = async (clock: ReturnType<typeof createFakeClock>): Promise<void> => {
    for (let turn = 0; turn < 10; turn++) {
      await clock.pass(0);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };

  it("never take the last place both, and none of them is left out", async () => {
    const { clock, make, most } = world({ pools: { api: { slots: 2 } } }, sharing);
    const engines = [make(), make(), make()];
    const runs = await Promise.all(engines.map(async (engine) => ({ engine, run: await engine.start(planOf(many(6), {}, inPool())) })));
    const done = Promise.all(runs.map(({ engine, run }) => engine.run(run)));
    await begun(clock);
    const summaries = await clock.until(done, 1_000_000);
    expect(summaries.map(({ status }) => status)).toEqual(["succeeded", "succeeded", "succeeded"]);
    expect(most()).toBe(2);
  });

  it("keep a rate together", async () => {
    const { clock, make, seen } = world({ pools: { api: { rate: { count: 2, perMs: 1_000 } } } }, { ...sharing, tookMs: 5 });
    const engines = [make(), make()];
    const runs = await Promise.all(engines.map(async (engine) => ({ engine, run: await engine.start(planOf(many(5), {}, inPool())) })));
    const done = Promise.all(runs.map(({ engine, run }) => engine.run(run)));
    await begun(clock);
    await clock.until(done, 1_000_000);
    const starts = seen.map(({ from }) => from).toSorted((a, b) => a - b);
    for (const [index, from] of starts.entries()) expect((starts[index + 2] ?? Infinity) - from).toBeGreaterThanOrEqual(1_000);
  });

  it("send one probe to a connection that was down", async () => {
    const breakers = { county: { failures: 2, pauseMs: 10_000, maxPauseMs: 10_000 } };
    const { clock, make, seen } = world({ breakers }, { ...sharing, tookMs: 100, fails: (_, at) => at < 9_000 });
    const plan = planOf(many(2), {}, { connection: "county", retry: { ...RETRY, attempts: 10 } });
    const engines = [make(), make()];
    const runs = await Promise.all(engines.map(async (engine) => ({ engine, run: await engine.start(plan) })));
    const done = Promise.all(runs.map(({ engine, run }) => engine.run(run)));
    await begun(clock);
    await clock.until(done, 1_000_000);
    const later = seen.filter(({ from }) => from > 1_000).toSorted((a, b) => a.from - b.from);
    expect(later[0]!.to).toBeLessThanOrEqual(later[1]!.from);
  });
});

describe("a rate", () => {
  it("is kept over any window and waited for, not burnt", async () => {
    const { clock, engine, seen } = world({ pools: { api: { rate: { count: 3, perMs: 1_000 } } } }, { tookMs: 10 });
    const run = await engine.start(planOf(many(10), {}, inPool()));
    const { status } = await clock.until(engine.run(run), 60_000);
    expect(status).toBe("succeeded");
    expect(seen.map(({ from }) => from)).toEqual([0, 0, 0, 1_000, 1_000, 1_000, 2_000, 2_000, 2_000, 3_000]);
  });

  it("is remembered by the next engine", async () => {
    const { clock, engine, make, seen } = world({ pools: { api: { rate: { count: 2, perMs: 60_000 } } } }, { tookMs: 10 });
    await clock.until(engine.run(await engine.start(planOf(many(2), {}, inPool()))), 60_000);
    await engine.close();
    const next = make();
    await clock.until(next.run(await next.start(planOf(["late"], {}, inPool()))), 120_000);
    expect(seen.at(-1)).toMatchObject({ node: "late", from: 60_000 });
  });
});

describe("the circuit breaker of a connection", () => {
  const county: Partial<PlanNode> = { connection: "county", retry: { ...RETRY, attempts: 10 } };

  it("opens after failures in a row over runs; then nodes wait and no attempt is burnt until a probe succeeds", async () => {
    const breakers = { county: { failures: 3, pauseMs: 30_000, maxPauseMs: 60_000 } };
    const { clock, engine, seen } = world({ breakers }, { tookMs: 10, fails: (_, at) => at < 100_000 });
    const runs = await Promise.all(many(4, "r").map((name) => engine.start(planOf([name], {}, county))));
    const summaries = await clock.until(Promise.all(runs.map((run) => engine.run(run))), 600_000);
    expect(summaries.map(({ status }) => status)).toEqual(many(4).map(() => "succeeded"));
    const failed = seen.filter(({ to }) => to < 100_000);
    // Four in flight before it opened, then one probe at 30 s and one at 90 s.
    expect(failed.map(({ from }) => Math.round(from / 1_000))).toEqual([0, 0, 0, 0, 30, 90]);
    expect(seen.slice(failed.length)).toHaveLength(4);
  });

  it("can be turned off", async () => {
    const { clock, engine, seen } = world({ breakers: { county: null } }, { tookMs: 10, fails: (_, at) => at < 300 });
    await clock.until(engine.run(await engine.start(planOf(many(8), { concurrency: 8 }, county))), 600_000);
    expect(Math.max(...seen.map(({ from }) => from))).toBeLessThan(1_000);
  });
});
