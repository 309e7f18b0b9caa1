// kill -9 of runs that build incremental models in every mode: a killed run leaves each of them as it was or as it should be, with the intervals to match;
// the next run that is left in peace makes all of them what their queries give, and leaves nothing of the dead.
import { describe, expect, it } from "vitest";
import { facts } from "./chaos/load-facts.ts";
import { killer } from "./chaos/kills.ts";
import { chance, killsOf, limitMs, SEED } from "./chaos/random.ts";
import { inWarehouse, leftovers, type Query } from "./chaos/warehouse.ts";
import { project } from "./millrace.ts";

const KILLS = killsOf(4, 7);

const QUERIES = {
  "main.by_day": "select day, count(*) as n, sum(v) as v from raw.items where BOUND group by day",
  "main.by_key": "select id, seq, v, t from raw.items",
  "main.by_part": "select id % 7 as part, id, v from raw.items where v % 3 > 0",
  "main.onward": "select id % 11 as part, sum(v) as v, max(seq) as seq from main.by_key group by 1",
} as const;
const FRONTS: Readonly<Record<keyof typeof QUERIES, string>> = {
  "main.by_day": "incremental: { by: day }\nchecks: [{ notNull: [day, n] }, { unique: [day] }]",
  "main.by_key": "key: [id]\nincremental: { cursor: seq }",
  "main.by_part": "incremental: { mode: partition, by: part }",
  "main.onward": "key: [part]",
};
const DAYS = 40;
const dayOf = (id: number): string => new Date(Date.UTC(2026, 0, 1 + (id % DAYS))).toISOString().slice(0, 10);
const modelText = (name: keyof typeof QUERIES): string =>
  `/*---\nmaterialize: incremental\n${FRONTS[name]}\n---*/\n${QUERIES[name].replace("BOUND", "day >= $start and day < $end")}\n`;

type Shown = Readonly<Record<string, string>>;

async function shown(query: Query): Promise<Shown> {
  const all: Record<string, string> = {};
  for (const name of Object.keys(QUERIES)) all[name] = JSON.stringify(await query(`from ${name} order by all`));
  return all;
}

/** By plain SQL over what the source is now. */
async function wanted(query: Query): Promise<Shown> {
  const all: Record<string, string> = {};
  for (const [name, sql] of Object.entries(QUERIES))
    all[name] = JSON.stringify(await query(`from (${sql.replace("BOUND", "true")}) order by all`));
  return all;
}

describe(`incremental models whose run is killed (seed ${SEED})`, () => {
  it(
    `are as before or as they should be, after ${KILLS} kills`,
    async () => {
      const random = chance(SEED + 77);
      const world = facts();
      const files = Object.keys(QUERIES).map((name) => [
        `models/${name.slice("main.".length)}.sql`,
        modelText(name as keyof typeof QUERIES),
      ]);
      const made = project({
        "millrace.yaml": "name: increments\ndefaults: { retry: { attempts: 3, delay: 10ms } }\n",
        "sources/items.yaml":
          "from: { files: { path: items.csv } }\nprimaryKey: [id]\ncolumns: { id: { type: bigint }, seq: { type: bigint }, v: { type: bigint }, day: { type: date } }\n",
        ...(Object.fromEntries(files) as Record<string, string>),
      });
      const change = (): void => {
        world.change();
        const rows = world.full.map(({ id, seq, v, t }) => `${id},${seq},${v},"${t}",${dayOf(id)}`);
        made.write("items.csv", `id,seq,v,t,day\n${rows.join("\n")}\n`);
      };
      const run = ["run", "--json"];
      const attack = killer(made.dir, random);
      try {
        change();
        await attack.complete(run);
        change();
        await attack.learn(run);
        let before = await inWarehouse(made.dir, shown);
        while (attack.hits < KILLS) {
          change();
          for (let deaths = 1 + random.whole(3); deaths > 0 && attack.hits < KILLS; deaths--) {
            if (!(await attack.strike(run))) break;
            const [found, should] = await inWarehouse(made.dir, async (query) => [await shown(query), await wanted(query)] as const);
            for (const name of ["main.by_day", "main.by_key", "main.by_part"])
              if (found[name] !== before[name]) expect(found[name], `half of ${name} is shown`).toEqual(should[name]);
          }
          await attack.complete(run);
          before = await inWarehouse(made.dir, shown);
          expect(before).toEqual(await inWarehouse(made.dir, wanted));
          const counts = await inWarehouse(made.dir, (query) =>
            query(
              `select asset, "rows" from _millrace.versions join _millrace.environments using (asset, version) where asset like 'main.%' order by asset`,
            ),
          );
          expect(counts.map(([asset, rows]) => [asset, Number(rows)])).toEqual(
            Object.keys(QUERIES)
              .toSorted()
              .map((name) => [name, (JSON.parse(before[name]!) as unknown[]).length]),
          );
          expect(await leftovers(made.dir)).toEqual([]);
        }
        expect(attack.hits).toBeGreaterThanOrEqual(KILLS);
      } finally {
        made.remove();
      }
    },
    limitMs(KILLS),
  );
});
