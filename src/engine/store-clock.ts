// Time as the store tells it, so that engines on machines whose clocks are minutes apart agree on it: no schedule fires early, no wait or time-out of a run
// is cut short. How far this machine is off is measured at the start and now and then while the time is asked for, so no timer runs for it.
import type { EventStore } from "../store/store.ts";
import type { Clock } from "./clock.ts";

const MEASURE_EVERY_MS = 10_000;

/** The clock itself where the store has no time of its own: all its engines are on this machine. Errors: those of the store. */
export async function createStoreClock(store: Pick<EventStore, "now">, clock: Clock): Promise<Clock> {
  const { now } = store;
  if (now === undefined) return clock;
  let offsetMs = 0;
  let measuredAt = 0;
  let measuring = false;

  const measure = async (): Promise<void> => {
    const before = clock.now();
    const storeNow = await now();
    const after = clock.now();
    measuredAt = after;
    const measuredMs = Math.round(storeNow - (before + after) / 2);
    // What the question itself took is how wrong the measure may be; a smaller difference is none.
    if (Math.abs(measuredMs - offsetMs) > Math.abs(after - before) / 2 + 1) offsetMs = measuredMs;
  };
  const measureSoon = (): void => {
    measuring = true;
    measure()
      .catch(() => {}) // a store that is away is told by whoever works with it; the offset stays
      .finally(() => {
        measuring = false;
      });
  };
  await measure();
  return {
    ...clock,
    now() {
      const machine = clock.now();
      if (!measuring && Math.abs(machine - measuredAt) >= MEASURE_EVERY_MS) measureSoon();
      return machine + offsetMs;
    },
  };
}
