// Tier 4: the real engine over a fake clock, the memory store and handlers that do what the test says.
import { describe, expect, it } from "vitest";
import { createInlineExecutor } from "../executors/inline.ts";
import type { Attempt, AttemptHandler, AttemptResult } from "../model/attempt.ts";
import { MillraceError } from "../model/errors.ts";
import type { RunEvent } from "../model/events.ts";
import { runEventsOf } from "../model/store-events.ts";
import { planOf, words } from "../run/run.fixture.ts";
import { createMemoryStore } from "../store/memory.ts";
import type { EventStore } from "../store/store.ts";
import { createFakeClock } from "../testing/fake-clock.ts";
import { foldRun } from "../views/run-fold.ts";
import { createEngine, type EngineOptions } from "./engine.ts";

function world(handler: AttemptHandler, options: Partial<EngineOptions> & { store?: EventStore } = {}) {
  const clock = createFakeClock();
  const store = options.store ?? createMemoryStore();
  let seed = 1;
  const random = (): number => ((seed = (seed * 16_807) % 2_147_483_647) - 1) / 2_147_483_646;
  const make = (more: Partial<EngineOptions> = {}) =>
    createEngine({ clock, executor: createInlineExecutor(handler), random, ...options, store, ...more });
  const log = async (run: string): Promise<readonly string[]> => words(await store.read(run));
  return { clock, store, engine: make(), make, log };
}

const retryable = (): MillraceError => new MillraceError({ code: "MR3501", message: "busy", retryable: true } as never);

/** A handler that waits for the abort and then rejects with its reason. */
const untilAborted: AttemptHandler = ({ signal }) =>
  new Promise<AttemptResult>((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
  });

describe("a run", () => {
  it("is carried out in the order of its needs, and its facts are kept", async () => {
    const order: string[] = [];
    const { clock, engine, store, log } = world(async ({ node, attempt, token, run }) => {
      order.push(node);
      expect(token).toBe(`${run}/${node}#${attempt}`);
      return { rows: { read: 3, loaded: 2, quarantined: 1, filtered: 0 }, output: { node }, reused: node === "c" };
    });
    const run = await engine.start(planOf(["a", "b: a", "c: b"]));
    const summary = await clock.until(engine.run(run));
    expect(order).toEqual(["a", "b", "c"]);
    expect(summary).toMatchObject({
      run,
      status: "succeeded",
      interrupted: false,
      nodes: { succeeded: 2, reused: 1, total: 3 },
      rows: { read: 6, loaded: 4, quarantined: 2, filtered: 0 },
    });
    expect(await log(run)).toEqual([
      "run started",
      "started a#1",
      "succeeded a#1",
      "started b#1",
      "succeeded b#1",
      "started c#1",
      "succeeded c#1",
      "finished succeeded",
    ]);
    expect(foldRun(await store.read(run))!.node("b")).toMatchObject({ status: "succeeded", output: { node: "b" } });
  });

  it("E2 stores the end of a node and the start of the next in one commit, and everything of one turn too", async () => {
    const { clock, engine, store } = world(async () => ({}));
    const runs = await Promise.all([engine.start(planOf(["a", "b: a"])), engine.start(planOf(["x", "y", "z"]))]);
    await clock.until(Promise.all(runs.map((run) => engine.run(run))));
    const batches = await store.readAll(0, 100);
    const of = (run: string): readonly (readonly string[])[] =>
      batches.filter((batch) => batch.stream === run).map((batch) => words(runEventsOf(batch)));
    expect(of(runs[0])).toEqual([
      ["run started"],
      ["started a#1"],
      ["succeeded a#1", "started b#1"],
      ["succeeded b#1", "finished succeeded"],
    ]);
    expect(of(runs[1]).slice(1)).toEqual([
      ["started x#1", "started y#1", "started z#1"],
      ["succeeded x#1", "succeeded y#1", "succeeded z#1", "finished succeeded"],
    ]);
  });

  it("E1 begins no attempt before its start is stored", async () => {
    const store = createMemoryStore();
    const begun: string[] = [];
    const { clock, engine } = world(
      async ({ run, node }) => {
        begun.push(...words(await store.read(run)).filter((word) => word === `started ${node}#1`));
        return {};
      },
      { store },
    );
    await clock.until(engine.run(await engine.start(planOf(["a", "b: a"]))));
    expect(begun).toEqual(["started a#1", "started b#1"]);
  });

  it("tries again what may help, with the delay of the policy, and not what cannot", async () => {
    const { clock, engine, log } = world(async ({ node, attempt }) => {
      if (node === "a" && attempt < 3) throw retryable();
      if (node === "b") throw new MillraceError({ code: "MR6006", message: "no use" });
      if (node === "c") throw new TypeError("x is not a function");
      return {};
    });
    const run = await engine.start(planOf(["a", "b", "c"]));
    const summary = await clock.until(engine.run(run));
    expect(clock.elapsedMs()).toBe(300);
    expect(summary).toMatchObject({ status: "partial", nodes: { succeeded: 1, failed: 2 }, seconds: 0.3 });
    expect((await log(run)).filter((word) => word.startsWith("error"))).toHaveLength(4);
  });

  it("keeps what was thrown: MR9001 with its message for what is not ours, cut to its limit", async () => {
    const { clock, engine, store } = world(async () => {
      throw new TypeError("x".repeat(10_000));
    });
    const run = await engine.start(planOf(["a"]));
    await clock.until(engine.run(run));
    const { error } = foldRun(await store.read(run))!.node("a")!;
    expect(error).toMatchObject({ code: "MR9001", retryable: false });
    expect(error!.message.length).toBeLessThanOrEqual(4_000);
  });

  it("fails a node whose output is too large or no JSON", async () => {
    const outputs = { a: "x".repeat(20_000), b: 10n as never, c: (() => {}) as never, d: { fine: true } };
    const { clock, engine, store } = world(async ({ node }) => ({ output: outputs[node as keyof typeof outputs] }));
    const run = await engine.start(planOf(["a", "b", "c", "d"]));
    await clock.until(engine.run(run));
    const nodes = foldRun(await store.read(run))!.nodes();
    expect(nodes.map((node) => node.error?.code ?? node.status)).toEqual(["MR6006", "MR6006", "MR6006", "succeeded"]);
  });

  it("is answered at once when it has ended, and MR6101 when it is not there", async () => {
    const { clock, engine } = world(async () => ({}));
    const run = await engine.start(planOf([]));
    expect(await clock.until(engine.run(run))).toMatchObject({ status: "succeeded" });
    expect(await clock.until(engine.run(run))).toMatchObject({ status: "succeeded" });
    await expect(clock.until(engine.run("r_nobody"))).rejects.toMatchObject({ code: "MR6101" });
    await expect(engine.cancel("r_nobody")).rejects.toMatchObject({ code: "MR6101" });
    await expect(engine.start(planOf([]), { fromRun: "r_nobody" })).rejects.toMatchObject({ code: "MR6101" });
  });
});

describe("time", () => {
  it("times an attempt out, aborts it, and tries again when the old one has ended or had its grace", async () => {
    const begun: (readonly [number, number])[] = [];
    const { clock, engine } = world(({ attempt, signal }) => {
      begun.push([attempt, clock.elapsedMs()]);
      if (attempt === 1) return new Promise(() => {}); // never heeds the abort
      if (attempt === 2) return untilAborted({ signal } as Attempt);
      return Promise.resolve({});
    });
    const run = await engine.start(planOf(["a"], {}, { timeoutMs: 3_000 }));
    expect(await clock.until(engine.run(run))).toMatchObject({ status: "succeeded" });
    // 1 is over at 3,000 and waited for until 4,000, though 2 could begin at 3,100; 2 is over at 6,100 and heeds it; 3 begins after the delay.
    expect(begun).toEqual([
      [1, 0],
      [2, 4_000],
      [3, 6_300],
    ]);
  });

  it("times a run out and says so", async () => {
    const { clock, engine, log } = world(untilAborted);
    const run = await engine.start(planOf(["a", "b: a"], { timeoutMs: 1_000 }));
    expect(await clock.until(engine.run(run))).toMatchObject({ status: "failed", error: { code: "MR6002" } });
    expect(clock.elapsedMs()).toBe(1_000);
    expect(await log(run)).toEqual(["run started", "started a#1", "cancel by timeout", "canceled b", "canceled a", "finished failed"]);
  });

  it("does not wait longer because the clock went back", async () => {
    const { clock, engine } = world(async ({ attempt }) => {
      if (attempt > 1) return {};
      clock.step(-3_600_000);
      throw retryable();
    });
    await clock.until(engine.run(await engine.start(planOf(["a"]))));
    expect(clock.elapsedMs()).toBe(100);
  });
});

describe("stop, crash and cancel", () => {
  it("E4 a signal aborts the attempts and leaves the run to be resumed", async () => {
    const { clock, engine, make, log } = world(({ node, attempt, signal }) =>
      node === "b" && attempt === 1 ? untilAborted({ signal } as Attempt) : Promise.resolve({}),
    );
    const controller = new AbortController();
    const run = await engine.start(planOf(["a", "b: a", "c: b"]));
    const first = engine.run(run, { signal: controller.signal });
    await clock.pass(10);
    controller.abort();
    expect(await clock.until(first)).toMatchObject({ status: "running", interrupted: true, nodes: { succeeded: 1 } });
    expect((await log(run)).at(-1)).toMatch(/^interrupted b#1/);
    const next = make();
    expect((await next.unfinished()).map((row) => row.run)).toEqual([run]);
    expect(await clock.until(next.run(run))).toMatchObject({ status: "succeeded", interrupted: false });
    expect((await log(run)).slice(-5)).toEqual(["started b#2", "succeeded b#2", "started c#1", "succeeded c#1", "finished succeeded"]);
    expect(await next.unfinished()).toEqual([]);
  });

  it("keeps what an attempt still achieves while it is stopped, and waits at most 5 s", async () => {
    const { clock, engine, log } = world(
      ({ node, signal }) =>
        new Promise((resolve) => {
          if (node === "a") signal.addEventListener("abort", () => clock.after(3_000, () => resolve({})));
        }),
    );
    const controller = new AbortController();
    const run = await engine.start(planOf(["a", "deaf"]));
    const going = engine.run(run, { signal: controller.signal });
    await clock.pass(10);
    controller.abort();
    await clock.until(going);
    expect(clock.elapsedMs()).toBe(5_010);
    expect((await log(run)).slice(-1)).toEqual(["succeeded a#1"]);
  });

  it("goes on with what a dead engine left, as a new attempt", async () => {
    const { clock, engine, make, log } = world(({ attempt }) => (attempt === 1 ? new Promise(() => {}) : Promise.resolve({})));
    const run = await engine.start(planOf(["a"]));
    void engine.run(run);
    await clock.pass(10);
    expect(await clock.until(make().run(run))).toMatchObject({ status: "succeeded" });
    expect(await log(run)).toEqual([
      "run started",
      "started a#1",
      expect.stringMatching(/^interrupted a#1/),
      "started a#2",
      "succeeded a#2",
      "finished succeeded",
    ]);
  });

  it("does nothing more for an engine that was believed dead and is not", async () => {
    let late: ((result: AttemptResult) => void) | undefined;
    const { clock, engine, make, log } = world(({ node, attempt }) =>
      node === "a" && attempt === 1 ? new Promise<AttemptResult>((resolve) => (late = resolve)) : Promise.resolve({}),
    );
    const run = await engine.start(planOf(["a", "b: a"]));
    const zombie = engine.run(run);
    await clock.pass(10);
    await clock.until(make().run(run));
    late!({});
    expect(await clock.until(zombie)).toMatchObject({ status: "succeeded" });
    expect((await log(run)).filter((word) => word.startsWith("started b"))).toEqual(["started b#1"]);
  });

  it("cancels a run: attempts are aborted with MR6007, nothing else starts", async () => {
    const reasons: unknown[] = [];
    const { clock, engine, log } = world(async (attempt) => {
      attempt.signal.addEventListener("abort", () => reasons.push((attempt.signal.reason as MillraceError).code));
      return untilAborted(attempt);
    });
    const run = await engine.start(planOf(["a", "b: a"]));
    const going = engine.run(run);
    await clock.pass(10);
    expect(await clock.until(engine.cancel(run, { by: "ana", why: "wrong file" }))).toBe(true);
    expect(await clock.until(going)).toMatchObject({ status: "canceled", nodes: { canceled: 2 } });
    expect(clock.elapsedMs()).toBe(10);
    expect(reasons).toEqual(["MR6007"]);
    expect(await log(run)).toEqual(["run started", "started a#1", "cancel by ana", "canceled b", "canceled a", "finished canceled"]);
  });

  it("ends a canceled run whose attempt is deaf after 5 s", async () => {
    const { clock, engine } = world(() => new Promise(() => {}));
    const run = await engine.start(planOf(["a"]));
    const going = engine.run(run);
    await clock.pass(10);
    void engine.cancel(run);
    expect(await clock.until(going)).toMatchObject({ status: "canceled" });
    expect(clock.elapsedMs()).toBe(5_010);
  });

  it("cancels a run that a dead process left", async () => {
    const { clock, engine, make, log } = world(() => new Promise(() => {}));
    const run = await engine.start(planOf(["a", "b: a"]));
    void engine.run(run);
    await clock.pass(10);
    const other = make();
    expect(await other.cancel(run, { by: "ana" })).toBe(true);
    expect((await log(run)).at(-1)).toBe("finished canceled");
    expect(await other.cancel(run)).toBe(false);
  });

  it("takes over what succeeded in a failed run, and does the rest", async () => {
    let broken = true;
    const carriedOut: string[] = [];
    const rows = { read: 7, loaded: 7, quarantined: 0, filtered: 0 };
    const { clock, engine, store } = world(async ({ node }) => {
      carriedOut.push(node);
      if (node === "b" && broken) throw new Error("broken");
      return { rows };
    });
    const plan = planOf(["a", "b", "c: a b", "d: a"]);
    const first = await engine.start(plan);
    expect(await clock.until(engine.run(first))).toMatchObject({ status: "partial", nodes: { succeeded: 2, failed: 1, skipped: 1 } });
    broken = false;
    carriedOut.length = 0;
    const second = await engine.start(plan, { fromRun: first });
    expect(await clock.until(engine.run(second))).toMatchObject({
      status: "succeeded",
      nodes: { succeeded: 2, reused: 2 },
      rows: { read: 14 },
    });
    expect(carriedOut).toEqual(["b", "c"]);
    expect(foldRun(await store.read(second))!.node("a")).toMatchObject({ status: "reused", from: first, rows });
  });

  it("closes by stopping everything", async () => {
    const { clock, engine } = world(untilAborted);
    const going = engine.run(await engine.start(planOf(["a"])));
    await clock.pass(10);
    await clock.until(engine.close());
    expect(await clock.until(going)).toMatchObject({ interrupted: true });
  });
});

describe("observers", () => {
  it("are told each event after it is stored, with the run so far", async () => {
    const { clock, engine, store } = world(async () => ({}));
    const told: RunEvent[] = [];
    const run = await engine.start(planOf(["a"]));
    await clock.until(engine.run(run, { onEvent: (event, fold) => told.push(event) && expect(fold.row()).toBeDefined() }));
    expect(told).toEqual((await store.read(run)).slice(1));
  });

  it("E3 cannot hurt the run, whether they throw or reject", async () => {
    const problems: string[] = [];
    const { clock, engine } = world(async () => ({}), { onProblem: (error) => problems.push(error.message) });
    const throwing = engine.run(await engine.start(planOf(["a"])), {
      onEvent: () => {
        throw new Error("thrown");
      },
    });
    const rejecting = engine.run(await engine.start(planOf(["a"])), {
      onEvent: (): void => Promise.reject(new Error("rejected")) as never,
    });
    expect(await clock.until(Promise.all([throwing, rejecting]))).toMatchObject([{ status: "succeeded" }, { status: "succeeded" }]);
    expect(new Set(problems)).toEqual(new Set(["thrown", "rejected"]));
  });
});

/** Fails the next `times` commits, before or after they are done. */
function flaky(when: "before" | "after"): EventStore & { times: number } {
  const store = createMemoryStore();
  return Object.assign({ times: 0 }, store, {
    async commit(this: { times: number }, appends: Parameters<EventStore["commit"]>[0]) {
      const fails = this.times-- > 0;
      if (fails && when === "before") throw new MillraceError({ code: "MR6024", message: "locked", retryable: true });
      const answers = await store.commit(appends);
      if (fails) throw new MillraceError({ code: "MR6022", message: "who knows", retryable: true });
      return answers;
    },
  });
}

describe("a store in trouble", () => {
  for (const when of ["before", "after"] as const)
    it(`is asked again when it failed ${when} it had written, and nothing is doubled`, async () => {
      const store = flaky(when);
      let begun = 0;
      const { clock, engine, log } = world(async () => ({ output: ++begun }), { store });
      const run = await engine.start(planOf(["a", "b: a"]));
      store.times = 3;
      expect(await clock.until(engine.run(run))).toMatchObject({ status: "succeeded" });
      expect(begun).toBe(2);
      expect((await log(run)).filter((word) => word.startsWith("started"))).toEqual(["started a#1", "started b#1"]);
    });

  it("ends the wait with its error when it goes on failing; the run stays resumable", async () => {
    const store = flaky("before");
    const { clock, engine, make } = world(async () => ({}), { store });
    const run = await engine.start(planOf(["a"]));
    store.times = 1_000;
    await expect(clock.until(engine.run(run))).rejects.toMatchObject({ code: "MR6024" });
    store.times = 0;
    expect(await clock.until(make().run(run))).toMatchObject({ status: "succeeded" });
  });
});

describe("an engine of a newer version beside this one", () => {
  it("has runs that this one leaves alone, and says so", async () => {
    const { clock, store, engine, make } = world(untilAborted);
    const run = await engine.start(planOf(["a"]));
    const going = engine.run(run);
    await clock.pass(10);
    const strange = { type: "node_dreamed", at: 0, node: "a" } as unknown as RunEvent;
    expect(await store.append(run, 2, [strange])).toBe(true);
    await expect(clock.until(going)).rejects.toMatchObject({ code: "MR6026" });
    await expect(make().run(run)).rejects.toMatchObject({ code: "MR6026" });
    expect(await store.read(run)).toHaveLength(3);
  });
});

describe("a mapped node", () => {
  it("hands on what its items answered, in their order, also to a run that takes it over", async () => {
    const seen: unknown[] = [];
    const mapped = { ...planOf(["m", "r: m"]) };
    const plan = { ...mapped, nodes: [{ ...mapped.nodes[0]!, mapped: true as const }, mapped.nodes[1]!] };
    const { clock, engine } = world(async ({ node, item, earlier }) => {
      if (node === "m") return { items: [3, 5] };
      if (node === "r") seen.push(earlier("m")?.output);
      return item === undefined ? {} : { output: Number(item) ** 2 };
    });
    const run = await engine.start(plan);
    expect(await clock.until(engine.run(run))).toMatchObject({ status: "succeeded" });
    const again = await engine.start(plan, { fromRun: run, takeOver: (node) => node === "m" });
    expect(await clock.until(engine.run(again))).toMatchObject({ status: "succeeded" });
    expect(seen).toEqual([
      [9, 25],
      [9, 25],
    ]);
  });
});
