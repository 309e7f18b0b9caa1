// kill -9 at random moments over PostgreSQL: engines as processes on one database, with clocks that are minutes apart, engines that hang longer than they may,
// and a database that is gone for seconds. Nothing is lost, doubled or stuck, and what a dead engine was at goes on soon.
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundleProgram, type Program } from "./chaos/bundle.ts";
import { judge, prepare, quiet, startFleet } from "./chaos/engines.ts";
import { chance, KILLS_FACTOR, percentile, SEED } from "./chaos/random.ts";
import { startPostgres, type TestPostgres } from "./postgres.ts";

/** Clocks of the three engines. */
const SKEWS_MS = [0, 4 * 60_000, -7 * 60_000];
const QUIET_MOST_MS = 90_000;

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

describe(`three engines on one PostgreSQL (seed ${SEED})`, () => {
  const KILLS = 200 * KILLS_FACTOR;
  it(`on one machine: ${KILLS} kills, engines that hang, a database that is away`, async () => {
    const [random, schema, everyMs] = [chance(SEED), "one", 220];
    const store = await prepare(url, schema);
    const tickUntil = Date.now() + KILLS * everyMs;
    const fleet = startFleet({ program: program.path, random, url, schema, tickUntil, skewsMs: SKEWS_MS, hosts: "one" });
    try {
      await fleet.ready();
      const freezes: Promise<void>[] = [];
      for (let n = 1; n <= KILLS; n++) {
        await pause(2 * everyMs * random.next());
        if (n % 60 === 20) freezes.push(fleet.freezeOne(11_000));
        if (n % 100 === 50) {
          await server.halt();
          await pause(1_000 + 2_000 * random.next());
          await server.resume();
        }
        await fleet.killOne();
      }
      await Promise.all(freezes);
      await quiet(store, { tickUntil, mostMs: QUIET_MOST_MS });
      const found = await judge(store, url, { schema, kills: fleet.kills });
      console.log({
        ...found,
        goesOnMs: found.goesOnMs.length,
        p50: percentile(found.goesOnMs, 0.5),
        p95: percentile(found.goesOnMs, 0.95),
      });
      expect(found.wrong).toEqual([]);
      expect(percentile(found.goesOnMs, 0.95)).toBeLessThanOrEqual(5_000);
    } catch (error) {
      console.error(fleet.said.join("").slice(-4_000));
      throw error;
    } finally {
      await fleet.stop();
      await store.close();
    }
  }, 600_000);
});
