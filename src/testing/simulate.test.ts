// The simulation of the control plane: the core as it is comes through, and every planted bug is found.
import { describe, expect, it } from "vitest";
import { plant, plantedBugs, SEEDS_TO_FIND_A_BUG } from "./planted-bugs.ts";
import { simulateEngine } from "./simulate-engine.ts";
import { simulate, type SimulateOptions } from "./simulate.ts";

/** `npm run simulate` and CI go through many more. */
const SEEDS = 400;
const ENGINE_SEEDS = 100;

function firstFailure(options: SimulateOptions): string | null {
  for (let seed = 0; seed < SEEDS_TO_FIND_A_BUG; seed++) {
    try {
      simulate(seed, options);
    } catch (error) {
      return (error as Error).message;
    }
  }
  return null;
}

describe("the simulation", () => {
  it(`finds nothing wrong in ${SEEDS} worlds, in which every kind of end and fault occurs`, () => {
    const statuses = new Set<string>();
    const reasons = new Set<string>();
    for (let seed = 0; seed < SEEDS; seed++) {
      const { log, status } = simulate(seed);
      statuses.add(status);
      for (const event of log) if (event.type === "attempt_failed") reasons.add(event.reason);
    }
    expect([...statuses].toSorted()).toEqual(["canceled", "failed", "partial", "succeeded"]);
    expect([...reasons].toSorted()).toEqual(["error", "interrupted", "lost", "timeout"]);
  });

  it("is the same for the same seed", () => {
    expect(simulate(42).log).toEqual(simulate(42).log);
  });
});

describe(`planted bugs, found within ${SEEDS_TO_FIND_A_BUG} seeds`, () => {
  it("are at least 20", () => {
    expect(plantedBugs.length).toBeGreaterThanOrEqual(20);
  });

  for (const bug of plantedBugs)
    it(`a core that ${bug.name}`, async () => {
      expect(firstFailure({ core: await plant(bug) })).toMatch(/^seed \d+: [RL]\d+: /);
    });

  it("a store whose append never finds that someone else was first", () => {
    expect(firstFailure({ appendIgnoresVersion: true })).not.toBeNull();
  });
});

describe("the simulation of the real engine loop", () => {
  it(`finds nothing wrong in ${ENGINE_SEEDS} worlds`, async () => {
    for (let seed = 0; seed < ENGINE_SEEDS; seed++) await simulateEngine(seed);
  });

  it("is the same for the same seed", async () => {
    expect((await simulateEngine(7)).log).toEqual((await simulateEngine(7)).log);
  });
});
