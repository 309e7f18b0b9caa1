// kill -9 at random moments over SQLite: three engines on one state file; and two that serve one project (ticks, loads, mapped tasks, waits, retries, undos,
// jobs in jobs) while a command runs beside them now and then. Nothing is lost, doubled or stuck, and work goes on soon. MILLRACE_KILLS=full: 220 kills.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openSqliteStore } from "../src/store/sqlite.ts";
import { bundleProgram, type Program } from "./chaos/bundle.ts";
import { playOut } from "./chaos/engine-scenario.ts";
import { chance, killsOf, limitMs, mostly, SEED } from "./chaos/random.ts";
import { serveProject } from "./chaos/served.ts";

const SETTLE_MOST_MS = 90_000;

let program: Program;
let dir: string;
beforeAll(async () => {
  program = await bundleProgram("engine-worker.ts");
  dir = mkdtempSync(join(tmpdir(), "millrace-chaos-"));
});
afterAll(() => {
  program.remove();
  rmSync(dir, { recursive: true, force: true });
});

describe(`three engines on one SQLite file (seed ${SEED})`, () => {
  const KILLS = killsOf(40, 160);
  it(
    `${KILLS} kills, engines that hang`,
    async () => {
      const freezes: Promise<void>[] = [];
      const { wrong, goesOnMs } = await playOut({
        program: program.path,
        random: chance(SEED + 3),
        skewsMs: [0, 0, 0],
        hosts: "one",
        kills: KILLS,
        everyMs: 250,
        place: { kind: "sqlite", dir },
        async besides(fleet, n) {
          if (n % 90 === 6) freezes.push(fleet.freezeOne(13_000));
          if (n === KILLS) await Promise.all(freezes);
        },
      });
      expect(wrong).toEqual([]);
      expect(goesOnMs.length).toBeGreaterThan(0);
      expect(mostly(goesOnMs)).toBeLessThanOrEqual(5_000);
    },
    limitMs(KILLS),
  );
});

describe(`two engines that serve one project on SQLite (seed ${SEED})`, () => {
  const KILLS = killsOf(16, 60);
  it(
    `${KILLS} kills`,
    async () => {
      const random = chance(SEED);
      const served = await serveProject({
        state: "",
        serves: 2,
        random,
        openStore: async (folder) => openSqliteStore(join(folder, ".millrace/state.sqlite")),
      });
      try {
        for (let n = 1; n <= KILLS; n++) {
          await pause(800 * random.next());
          if (n % 4 === 0) served.deliver();
          if (n % 10 === 5) await served.killRun(1_000 * random.next());
          await served.killOne(random.next() < 0.7 ? "measure" : "hurry");
        }
        await served.settle(SETTLE_MOST_MS);
        expect(await served.judge()).toEqual([]);
        expect(mostly(served.goesOnMs)).toBeLessThanOrEqual(5_000);
      } finally {
        await served.remove();
      }
    },
    limitMs(KILLS),
  );
});
