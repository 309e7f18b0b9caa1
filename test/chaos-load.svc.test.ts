// kill -9 of loads from PostgreSQL, of every disposition, and of exports to it in every mode and to files. Needs PostgreSQL.
// MILLRACE_KILLS=full: 173 kills.
import { afterAll, beforeAll, describe, it } from "vitest";
import { EXPORTS, killExports } from "./chaos/exports.ts";
import { postgresSource } from "./chaos/load-postgres.ts";
import { DISPOSITIONS, killLoads } from "./chaos/loads.ts";
import { chance, killsOf, limitMs, SEED } from "./chaos/random.ts";
import { startPostgres, type TestPostgres } from "./postgres.ts";

const KILLS = killsOf(5, 17);
const EXPORT_KILLS = killsOf(6, 15);

let server: TestPostgres;
beforeAll(async () => {
  server = await startPostgres({ fsync: "off" });
});
afterAll(() => server.stop());

describe(`a load of PostgreSQL that is killed (seed ${SEED})`, () => {
  it.each(DISPOSITIONS)(
    `by %s is exact in the end and never half, after ${KILLS} kills`,
    async (disposition) => {
      const source = await postgresSource(server, disposition);
      try {
        await killLoads(disposition, { source, random: chance(SEED + 500 + DISPOSITIONS.indexOf(disposition)), kills: KILLS });
      } finally {
        await source.close();
      }
    },
    limitMs(KILLS),
  );
});

describe(`an export that is killed (seed ${SEED})`, () => {
  it.each(EXPORTS)(
    `to %s by %s is exact in the end, after ${EXPORT_KILLS} kills`,
    async (destination, mode) => {
      const random = chance(SEED + 600 + EXPORTS.findIndex(([to, by]) => to === destination && by === mode));
      await killExports({ server, destination, mode, random, kills: EXPORT_KILLS });
    },
    limitMs(EXPORT_KILLS),
  );
});
