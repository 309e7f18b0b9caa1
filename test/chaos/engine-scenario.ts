// One scenario with a fleet of engines: they are killed, the rest of what may go wrong goes wrong, then there is quiet and judgement.
import { setTimeout as pause } from "node:timers/promises";
import { percentile } from "./random.ts";
import { type Fleet, type FleetOptions, judge, type Judgement, prepare, quiet, startFleet } from "./engines.ts";

export interface Scenario extends Omit<FleetOptions, "tickUntil"> {
  readonly kills: number;
  /** Mean time between two kills. */
  readonly everyMs: number;
  /** Only the first so many are killed. */
  readonly among?: number;
  /** What else happens before kill `n`. */
  readonly besides?: (fleet: Fleet, n: number) => Promise<void>;
}

const QUIET_MOST_MS = 90_000;

export async function playOut(scenario: Scenario): Promise<Judgement> {
  const { place, random, kills, everyMs, among, besides } = scenario;
  const store = await prepare(place);
  const tickUntil = Date.now() + kills * everyMs;
  const fleet = startFleet({ ...scenario, tickUntil });
  try {
    await fleet.ready();
    for (let n = 1; n <= kills; n++) {
      await pause(2 * everyMs * random.next());
      await besides?.(fleet, n);
      await fleet.killOne(among);
    }
    await quiet(store, { tickUntil, mostMs: QUIET_MOST_MS });
    const found = await judge(store, place, fleet.kills);
    console.error(JSON.stringify({ ...found, goesOnMs: found.goesOnMs.length, p95: percentile(found.goesOnMs, 0.95) }));
    return found;
  } catch (error) {
    throw new Error(`${String(error)}\n${fleet.said.join("").slice(-4_000)}`, { cause: error });
  } finally {
    await fleet.stop();
    await store.close();
  }
}
