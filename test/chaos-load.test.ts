// kill -9 of loads from files and from an HTTP API, of every disposition. The kills are spread over the whole load by a seed (CHAOS_SEED), at moments and at
// writes; the API also kills at its pages. MILLRACE_KILLS=full: 136 kills.
import { describe, it } from "vitest";
import { fileSource, httpSource } from "./chaos/load-sources.ts";
import { DISPOSITIONS, killLoads } from "./chaos/loads.ts";
import { chance, killsOf, limitMs, SEED } from "./chaos/random.ts";

const KILLS = killsOf(5, 17);

describe.each([
  ["files", fileSource],
  ["an HTTP API", httpSource],
])(`a load of %s that is killed (seed ${SEED})`, (name, open) => {
  it.each(DISPOSITIONS)(
    `by %s is exact in the end and never half, after ${KILLS} kills`,
    async (disposition) => {
      const source = await open(disposition);
      try {
        await killLoads(disposition, { source, random: chance(SEED + name.length * 10 + DISPOSITIONS.indexOf(disposition)), kills: KILLS });
      } finally {
        await source.close();
      }
    },
    limitMs(KILLS),
  );
});
