// Time as the store tells it, over fake clocks that are apart.
import { describe, expect, it } from "vitest";
import { createFakeClock } from "../testing/fake-clock.ts";
import { createStoreClock } from "./store-clock.ts";

describe("the clock of an engine", () => {
  it("is the machine's where the store has none of its own", async () => {
    const clock = createFakeClock();
    expect(await createStoreClock({}, clock)).toBe(clock);
  });

  it("is the store's however far the machine's is off, also after that was set", async () => {
    const [machine, stores] = [createFakeClock(), createFakeClock()];
    const pass = async (ms: number): Promise<void> => {
      await Promise.all([machine.pass(ms), stores.pass(ms)]);
    };
    machine.step(240_000);
    let questions = 0;
    const clock = await createStoreClock({ now: async () => (questions++, stores.now()) }, machine);
    expect(clock.now() - stores.now()).toBe(0);
    await pass(5_000);
    expect([clock.now() - stores.now(), questions]).toEqual([0, 1]);
    machine.step(-420_000);
    clock.now(); // whoever asks first finds out
    await pass(1);
    expect([clock.now() - stores.now(), questions]).toEqual([0, 2]);
  });

  it("stays as it was measured while the store is away, and does not follow an answer that took long", async () => {
    const [machine, stores] = [createFakeClock(), createFakeClock()];
    machine.step(-60_000);
    let answer = async (): Promise<number> => stores.now();
    const clock = await createStoreClock({ now: () => answer() }, machine);
    answer = () => Promise.reject(new Error("away"));
    await Promise.all([machine.pass(20_000), stores.pass(20_000)]);
    clock.now();
    await machine.pass(1);
    await stores.pass(1);
    expect(clock.now() - stores.now()).toBe(0);
    answer = async () => {
      const asked = stores.now();
      await Promise.all([machine.pass(30_000), stores.pass(30_000)]);
      return asked;
    };
    await Promise.all([machine.pass(20_000), stores.pass(20_000)]);
    clock.now();
    await new Promise((resolve) => setImmediate(resolve));
    await Promise.all([machine.pass(1), stores.pass(1)]);
    expect(clock.now() - stores.now()).toBe(0);
  });
});
