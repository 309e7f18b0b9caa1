// kill -9 of `quarantine fix` and of `replay`: said again, each does its work once. The audit trail tells of one decision, the rows are those of an undisturbed
// project, with the same load, file and line, and nothing of the dead is left. MILLRACE_KILLS=full: 28 kills.
import { expect, it } from "vitest";
import { killer } from "./chaos/kills.ts";
import { chance, killsOf, limitMs, SEED } from "./chaos/random.ts";
import { inWarehouse, leftovers } from "./chaos/warehouse.ts";
import { millrace, project } from "./millrace.ts";

const KILLS = killsOf(4, 14);
const ROWS = 300;
const BROKEN = 4;
const FIX = ["quarantine", "fix", "raw.sales", "--set", "price = replace(price, ' USD', '')", "--yes", "--why", "currency", "--json"];

const FILES = {
  "millrace.yaml": "name: repairs\ndefaults: { retry: { attempts: 3, delay: 10ms } }\n",
  "sources/raw/sales.yaml": "from: { files: { path: 'data/*.csv' } }\nload: append\ncolumns: { price: { type: 'decimal(9,2)' } }\n",
};

/** File `n`: some prices have their currency in the cell. */
function sales(n: number): string {
  const lines = Array.from(
    { length: ROWS },
    (_, index) => `${n * ROWS + index},${index}.25${index % (ROWS / BROKEN) === 10 ? " USD" : ""}`,
  );
  return `id,price\n${lines.join("\n")}\n`;
}

/** What `deliveries` files give when every cell of them is right. */
function whole(deliveries: number): unknown[][] {
  return Array.from({ length: deliveries * ROWS }, (_, id) => [String(id), `${id % ROWS}.25`]);
}

it(
  `a fix that is killed and said again is one decision, after ${KILLS} kills (seed ${SEED})`,
  async () => {
    const made = project(FILES);
    const attack = killer(made.dir, chance(SEED + 700));
    let deliveries = 0;
    const deliver = async (): Promise<void> => {
      made.write(`data/${String(deliveries++).padStart(3, "0")}.csv`, sales(deliveries - 1));
      await attack.complete(["run", "--json"]);
    };
    try {
      await deliver();
      await attack.learn(FIX);
      while (attack.hits < KILLS) {
        await deliver();
        for (let deaths = 0; deaths < 4 && attack.hits < KILLS; deaths++) if (!(await attack.strike(FIX))) break;
        const again = await millrace(FIX, made.dir);
        // One of the dead had done it already: then there is nothing left to fix.
        if (again.exitCode !== 0) expect([again.exitCode, again.stdout], again.stderr).toEqual([1, expect.stringContaining("MR8401")]);
        await inWarehouse(made.dir, async (query) => {
          expect(await query("select id::varchar, price::varchar from raw.sales order by id")).toEqual(whole(deliveries));
          expect(await query("select status, count(*)::int from _millrace.quarantine group by all")).toEqual([
            ["fixed", deliveries * BROKEN],
          ]);
          const decisions = await query("select act, rows::int, why, json_array_length(ids)::int from _millrace.decisions");
          expect(decisions).toEqual(Array.from({ length: deliveries }, () => ["fix", BROKEN, "currency", BROKEN]));
          expect(await query("select load from _millrace.loads where rows_read <> rows_loaded + rows_quarantined + rows_filtered")).toEqual(
            [],
          );
        });
      }
      await attack.complete(["run", "--json"]);
      expect(await leftovers(made.dir)).toEqual([]);
      const history = await millrace(["history", "raw.sales", "--json"], made.dir);
      const events = history.lines()[0]!["events"] as readonly { readonly kind: string }[];
      expect(events.filter(({ kind }) => kind === "fixed")).toHaveLength(deliveries);
      expect(attack.hits).toBeGreaterThanOrEqual(KILLS);
    } finally {
      made.remove();
    }
  },
  limitMs(KILLS),
);

it(
  `a replay that is killed shows the rows of before or after it, and the same in the end, after ${KILLS} kills (seed ${SEED})`,
  async () => {
    const made = project({
      ...FILES,
      "sources/raw/keyed.yaml": "from: { files: { path: 'data/*.csv' } }\nload: merge\nprimaryKey: [id]\n",
    });
    const { dir } = made;
    const attack = killer(dir, chance(SEED + 800));
    const shown = (asset: string) =>
      inWarehouse(dir, (query) => query(`select id, price, _load, _file, _line from _millrace.rows('${asset}') order by all`));
    try {
      for (let n = 0; n < 3; n++) {
        made.write(`data/${n}.csv`, sales(n));
        await attack.complete(["run", "--json"]);
      }
      await attack.complete(FIX);
      for (const asset of ["raw.sales", "raw.keyed"]) {
        const args = ["replay", asset, "--json"];
        const before = await shown(asset);
        expect(before).toHaveLength(3 * ROWS);
        await attack.learn(args);
        expect(await shown(asset)).toEqual(before);
        const until = attack.hits + KILLS / 2;
        while (attack.hits < until) {
          for (let deaths = 0; deaths < 3 && attack.hits < until; deaths++) {
            if (!(await attack.strike(args))) break;
            expect(await shown(asset)).toEqual(before);
          }
          await attack.complete(args);
          expect(await shown(asset)).toEqual(before);
          expect(await leftovers(dir)).toEqual([]);
        }
      }
      expect(attack.hits).toBeGreaterThanOrEqual(KILLS);
    } finally {
      made.remove();
    }
  },
  limitMs(KILLS),
);
