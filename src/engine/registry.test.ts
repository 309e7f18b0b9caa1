// Which engines are alive, over a fake clock and the memory store; and by real processes of this machine.
import { spawn } from "node:child_process";
import { describe, expect, it } from "vitest";
import { createMemoryStore } from "../store/memory.ts";
import type { EventStore } from "../store/store.ts";
import { cardNamed } from "../testing/store.suite.ts";
import { createFakeClock } from "../testing/fake-clock.ts";
import type { Clock } from "./clock.ts";
import { isProcessGone, thisHost } from "./host.ts";
import { createRegistry, type RegistryOptions } from "./registry.ts";

const card = () => ({ version: "1", url: null, holdsWarehouse: false });

function registry(store: EventStore, clock: Clock, id: string, more: Partial<RegistryOptions> = {}) {
  const dead: string[] = [];
  const onDead = async (engines: readonly string[]): Promise<void> => {
    dead.push(...engines);
  };
  return Object.assign(createRegistry({ store, clock, id, card, onDead, ...more }), { dead });
}

describe("engines", () => {
  it("are alive while they beat and dead 8 s after the last sign of life, to all others and once", async () => {
    const [store, clock] = [createMemoryStore(), createFakeClock()];
    const [a, b] = [registry(store, clock, "a"), registry(store, clock, "b")];
    await a.start();
    await b.start();
    await store.engines.beat(cardNamed("c"));
    await clock.pass(6_000);
    expect(a.living().map((entry) => entry.id)).toEqual(["a", "b", "c"]);
    expect([...a.dead, ...b.dead]).toEqual([]);
    await clock.pass(6_000);
    expect([a.dead, b.dead].flat()).toContain("c");
    expect((await store.engines.list()).map((entry) => entry.id)).toEqual(["a", "b"]);
    await clock.pass(60_000);
    expect(a.dead.length).toBeLessThanOrEqual(1);
    await b.close();
    expect((await store.engines.list()).map((entry) => entry.id)).toEqual(["a"]);
    await clock.pass(60_000);
    expect(a.dead).not.toContain("b");
    await a.close();
  });

  it("are not taken for dead because clocks differ or jump", async () => {
    const store = createMemoryStore();
    const [clock, late] = [createFakeClock(), createFakeClock()];
    late.step(-600_000);
    const [a, b] = [registry(store, clock, "a"), registry(store, late, "b")];
    await a.start();
    await b.start();
    for (const jump of [300_000, -900_000, 0, 10, -5, 3_600_000]) {
      clock.step(jump);
      for (let round = 0; round < 5; round++) {
        await clock.pass(2_000);
        await late.pass(2_000);
      }
    }
    expect([...a.dead, ...b.dead]).toEqual([]);
    await a.close();
    await b.close();
  });

  it("are not taken for dead by one that slept, or could not reach the store", async () => {
    const [store, clock] = [createMemoryStore(), createFakeClock()];
    let away = false;
    const reached: EventStore = {
      ...store,
      engines: { ...store.engines, list: () => (away ? Promise.reject(new Error("away")) : store.engines.list()) },
    };
    const problems: string[] = [];
    const a = registry(reached, clock, "a", { onProblem: (error) => problems.push(error.message) });
    await a.start();
    await store.engines.beat(cardNamed("b"));
    await clock.pass(2_000);
    away = true;
    await clock.pass(60_000);
    away = false;
    expect(problems.length).toBeGreaterThan(10);
    await store.engines.beat(cardNamed("b"));
    await clock.pass(4_000);
    clock.step(120_000); // as after a sleep: the clock is far ahead at the next look
    await clock.pass(2_000);
    await store.engines.beat(cardNamed("b"));
    await clock.pass(4_000);
    expect(a.dead).toEqual([]);
    await a.close();
  });

  it("are found again when nobody could take over what they left, and go on being looked at meanwhile", async () => {
    const [store, clock] = [createMemoryStore(), createFakeClock()];
    let tries = 0;
    const a = registry(store, clock, "a", {
      onDead: async () => {
        if (++tries < 3) throw new Error("not now");
      },
    });
    await a.start();
    await store.engines.beat(cardNamed("b"));
    await clock.pass(30_000);
    expect(tries).toBe(3);
    expect((await store.engines.list()).map((entry) => entry.id)).toEqual(["a"]);
    await a.close();
  });

  it("that are not in the state are dead when they are asked about and not found, but not when they have just come", async () => {
    const [store, clock] = [createMemoryStore(), createFakeClock()];
    const a = registry(store, clock, "a");
    await a.start();
    expect([a.isDead("gone"), a.isDead("new"), a.isDead("a")]).toEqual([false, false, false]);
    await store.engines.beat(cardNamed("new"));
    await clock.pass(6_000);
    expect([a.isDead("gone"), a.isDead("new"), a.isDead("a")]).toEqual([true, false, false]);
    expect(a.dead).toEqual(["gone"]);
    await clock.pass(6_000);
    expect([a.isDead("new"), a.dead]).toEqual([true, ["gone", "new"]]);
    await store.engines.beat(cardNamed("new"));
    await clock.pass(2_000);
    expect([a.isDead("new"), a.isDead("gone")]).toEqual([false, true]);
    await a.close();
  });

  it("hear that they were taken for dead, and are entered anew", async () => {
    const [store, clock] = [createMemoryStore(), createFakeClock()];
    let heard = 0;
    const a = registry(store, clock, "a", { onTakenForDead: () => heard++ });
    await a.start();
    await clock.pass(10_000);
    expect(heard).toBe(0);
    await store.engines.remove(["a"]);
    await clock.pass(4_000);
    expect(heard).toBe(1);
    expect((await store.engines.list()).map((entry) => entry.id)).toEqual(["a"]);
    await a.close();
  });

  it("on the same machine are dead as soon as their process is gone", async () => {
    const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
    await new Promise((resolve) => child.once("spawn", resolve));
    const there = { host: thisHost(), pid: child.pid! };
    expect(isProcessGone(there, thisHost())).toBe(false);
    child.kill("SIGKILL");
    await new Promise((resolve) => child.once("exit", resolve));
    expect(isProcessGone(there, thisHost())).toBe(true);
    expect(isProcessGone({ ...there, host: "elsewhere" }, thisHost())).toBe(false);
    const [store, clock] = [createMemoryStore(), createFakeClock()];
    await store.engines.beat(cardNamed("b", there));
    const a = registry(store, clock, "a");
    await a.start();
    await clock.pass(0);
    expect(a.dead).toEqual(["b"]);
    await a.close();
  });
});
