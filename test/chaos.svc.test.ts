// kill -9 at random moments over PostgreSQL: engines as processes on one database, with clocks that are minutes apart, engines that hang longer than they may,
// and a database that is gone for seconds. Nothing is lost, doubled or stuck, and what a dead engine was at goes on soon. MILLRACE_KILLS=full: 280 kills, with those of test/chaos.test.ts 500.
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openPostgresStore } from "../src/store/postgres.ts";
import { bundleProgram, type Program } from "./chaos/bundle.ts";
import { playOut } from "./chaos/engine-scenario.ts";
import { chance, killsOf, limitMs, mostly, SEED } from "./chaos/random.ts";
import { serveProject } from "./chaos/served.ts";
import { startPostgres, type TestPostgres } from "./postgres.ts";

/** Clocks of the three engines. */
const SKEWS_MS = [0, 4 * 60_000, -7 * 60_000];
/** Longer than an engine may be silent. */
const FREEZE_MS = 13_000;
const SETTLE_MOST_MS = 90_000;

let server: TestPostgres;
let url: string;
let program: Program;
beforeAll(async () => {
  [server, program] = await Promise.all([startPostgres({ fsync: "off" }), bundleProgram("engine-worker.ts")]);
  url = await server.createDatabase();
});
afterAll(async () => {
  program.remove();
  await server.stop();
});

async function outage(ms: number): Promise<void> {
  await server.halt();
  await pause(ms);
  await server.resume();
}

describe(`three engines on one PostgreSQL (seed ${SEED})`, () => {
  const KILLS = killsOf(45, 200);
  it(
    `on one machine: ${KILLS} kills, engines that hang, a database that is away`,
    async () => {
      const random = chance(SEED);
      const freezes: Promise<void>[] = [];
      const { wrong, goesOnMs } = await playOut({
        program: program.path,
        random,
        skewsMs: SKEWS_MS,
        hosts: "one",
        kills: KILLS,
        everyMs: 220,
        place: { kind: "postgres", url, schema: "one" },
        async besides(fleet, n) {
          if (n % 90 === 6) freezes.push(fleet.freezeOne(FREEZE_MS));
          if (n % 100 === 30) await outage(1_000 + 2_000 * random.next());
          if (n === KILLS) await Promise.all(freezes);
        },
      });
      expect(wrong).toEqual([]);
      expect(goesOnMs.length).toBeGreaterThan(0);
      expect(mostly(goesOnMs)).toBeLessThanOrEqual(5_000);
    },
    limitMs(KILLS),
  );

  const FAR_KILLS = killsOf(12, 20);
  it(
    `on a machine each: ${FAR_KILLS} kills that only silence tells of`,
    async () => {
      const { wrong, goesOnMs } = await playOut({
        program: program.path,
        random: chance(SEED + 1),
        skewsMs: SKEWS_MS,
        hosts: "each",
        kills: FAR_KILLS,
        everyMs: 700,
        place: { kind: "postgres", url, schema: "each" },
        among: 2, // one goes on and sees the others die
      });
      expect(wrong).toEqual([]);
      expect(goesOnMs.length).toBeGreaterThan(0);
      expect(mostly(goesOnMs)).toBeLessThanOrEqual(15_000);
    },
    limitMs(FAR_KILLS),
  );
});

describe(`three engines that serve one project with its state in PostgreSQL (seed ${SEED})`, () => {
  const KILLS = killsOf(16, 60);
  it(
    `${KILLS} kills, engines that hang, a database that is away`,
    async () => {
      const random = chance(SEED + 2);
      const served = await serveProject({
        state: `state: { postgres: { url: "${url}", schema: served } }\n`,
        serves: 3,
        random,
        openStore: () => openPostgresStore({ connection: { connectionString: url }, schema: "served" }),
      });
      const freezes: Promise<void>[] = [];
      try {
        for (let n = 1; n <= KILLS; n++) {
          await pause(800 * random.next());
          if (n % 4 === 0) served.deliver();
          if (n % 25 === 3) freezes.push(served.freezeOne(FREEZE_MS));
          if (n % 25 === 11) await outage(1_000 + 2_000 * random.next());
          await served.killOne(random.next() < 0.7 ? "measure" : "hurry");
        }
        await Promise.all(freezes);
        // All three are listed, one of them holds the warehouse, and the dead are not there any more.
        await expect.poll(() => served.engines(), { timeout: 60_000, interval: 1_000 }).toEqual(["holds", "waits", "waits"]);
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
