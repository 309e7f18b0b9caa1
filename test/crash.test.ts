// kill -9 at random moments, with real processes, SQLite and DuckDB: afterwards `millrace run` gives the tables of an undisturbed run, nothing doubled,
// nothing lost. The project has every kind of load, a model chain, a check that quarantines, an export. 200 kills.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { chance, killsOf, limitMs, SEED } from "./chaos/random.ts";
import { millrace, project, rows, start } from "./millrace.ts";

const KILLS = killsOf(200, 200);
const EPOCHS = Math.ceil(KILLS / 25);
const KILLS_EACH = KILLS / EPOCHS;
const ROWS = 1_000;

/** Delivery `n`: new keys, changed keys, some bad prices. */
function delivery(n: number): string {
  const { next } = chance(n + 1);
  const lines = ["id,price,sold_on"];
  for (let index = 0; index < ROWS; index++) {
    const id = Math.floor(next() * ROWS * 2);
    const bad = next() < 0.01;
    lines.push(`${id},${bad ? "n/k" : (next() * 1000).toFixed(2)},2026-01-${String(1 + Math.floor(next() * 28)).padStart(2, "0")}`);
  }
  return `${lines.join("\n")}\n`;
}

const FILES = {
  "millrace.yaml": "name: crash\ndefaults: { retry: { attempts: 3, delay: 10ms } }\n",
  "sources/replaced.yaml": "from: { files: { path: data/replaced.csv } }\ncolumns: { price: { type: 'decimal(18,2)' } }\n",
  "sources/appended.yaml": "from: { files: { path: 'data/append_*.csv' } }\nload: append\ncolumns: { price: { type: 'decimal(18,2)' } }\n",
  "sources/merged.yaml":
    "from: { files: { path: 'data/append_*.csv' } }\nload: merge\nprimaryKey: [id]\ncolumns: { price: { type: 'decimal(18,2)' } }\n",
  "models/clean/sales.sql":
    "/*---\nmaterialize: table\nchecks:\n  - notNull: [id]\n  - rule: { name: not_dear, where: 'price < 990', onFail: quarantine }\n---*/\nselect id, price, sold_on from raw.appended\n",
  "models/final/days.sql":
    "/*---\nmaterialize: table\n---*/\nselect sold_on, count(*) as n, sum(price) as total from clean.sales group by all order by all\n",
  "models/final/both.sql":
    "select 'merged' as what, count(*) as n, sum(price) as total from raw.merged union all select 'replaced', count(*), sum(price) from raw.replaced\n",
  "exports/days.yaml": "select: final.days\nto: { files: { path: out/days.csv } }\n",
};

/** What must be the same whatever happened: contents, counts and ledger sums. */
const TRUTH = [
  "select * from final.days order by all",
  "select * from final.both order by all",
  "select count(*), count(distinct id), sum(price) from raw.merged",
  "select count(*), sum(price) from raw.appended",
  "select asset, sum(rows_read), sum(rows_loaded), sum(rows_quarantined), sum(rows_filtered) from _millrace.loads where rows_read <> 0 group by 1 order by 1",
  "select asset, rule, count(*) from _millrace.quarantine group by all order by all",
];

async function truth(dir: string): Promise<unknown> {
  const tables = [];
  for (const sql of TRUTH) tables.push(await rows(dir, sql));
  return { tables, exported: readFileSync(join(dir, "out/days.csv"), "utf8") };
}

/** One pair of projects: one is killed again and again, the other is left in peace; both get the same deliveries. */
async function disturb(kills: number, next: () => number): Promise<void> {
  const disturbed = project(FILES);
  const calm = project(FILES);
  const deliver = (n: number): void => {
    for (const { write } of [disturbed, calm]) {
      write(`data/append_${String(n).padStart(3, "0")}.csv`, delivery(n));
      write("data/replaced.csv", delivery(n));
    }
  };
  const complete = async (dir: string): Promise<number> => {
    const before = Date.now();
    const { exitCode, stdout, stderr } = await millrace(["run", "--json"], dir);
    expect(exitCode, stdout + stderr).toBe(0);
    return Date.now() - before;
  };
  try {
    deliver(0);
    const runMs = await complete(calm.dir);
    let deliveries = 1;
    for (let killed = 0; killed < kills;) {
      const { child, finished } = start(["run", "--json"], disturbed.dir);
      const timer = setTimeout(() => child.kill("SIGKILL"), next() * runMs);
      const { signal, exitCode, stdout, stderr } = await finished;
      clearTimeout(timer);
      if (signal === "SIGKILL") killed++;
      else {
        expect(exitCode, stdout + stderr).toBe(0);
        // The run came through: a new delivery and a changed file give the next kills something to hit.
        deliver(deliveries++);
        await complete(calm.dir);
      }
    }
    await complete(disturbed.dir);
    expect(await truth(disturbed.dir)).toEqual(await truth(calm.dir));
  } finally {
    disturbed.remove();
    calm.remove();
  }
}

describe("kill -9 at any moment, then run again", () => {
  it(
    `gives the tables of an undisturbed run, ${EPOCHS} times after ${KILLS_EACH} kills`,
    async () => {
      const { next } = chance(SEED);
      for (let epoch = 0; epoch < EPOCHS; epoch++) await disturb(KILLS_EACH, next);
    },
    limitMs(KILLS),
  );
});
