// The grid of partitions tells what asking for each asset tells, partition by partition, and what plain SQL counts in the ledger.
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import type { PartitionGridAnswer } from "../../model/grid-answers.ts";
import { openApp } from "../../app.ts";
import { testProjects } from "../projects.suite.ts";
import { numbersOf, runLengths } from "./run-lengths.ts";

const { project, write, open } = testProjects("grid", "name: grid\ndefaults: { retry: { attempts: 1 } }\n");
const QUIET = (): void => {};
const STATUS: Readonly<Record<string, string>> = {
  p: "present",
  m: "missing",
  s: "stale",
  f: "failed",
  r: "running",
  q: "quarantined",
};

const day = (n: number): string => new Date(Date.UTC(2026, 0, n + 1)).toISOString().slice(0, 10);
const ROWS = Array.from({ length: 60 }, (_, n) => `${n},${day(n % 30)},${["north", "south", "o'hare"][n % 3]},${n % 11 === 3 ? -1 : n}`);
const DAYS = "partition: { by: day, column: sold, start: 2026-01-01, end: 2026-01-21 }";
const model = (front: string, sql: string): string => `/*---\nmaterialize: table\n${front}\n---*/\n${sql}\n`;
const FILES = {
  "data/sales.csv": `id,sold,region,amount\n${ROWS.join("\n")}\n`,
  "data/rates.csv": "rate\n2\n",
  "sources/sales.yaml": `from: { files: { path: data/sales.csv } }
columns: { id: { type: integer }, sold: { type: date }, region: { type: varchar }, amount: { type: integer } }
`,
  "sources/rates.yaml": "from: { files: { path: data/rates.csv } }\ncolumns: { rate: { type: integer } }\n",
  "models/a/days.sql": model(
    `${DAYS}\nchecks: [ { rule: { name: positive, where: "amount >= 0", onFail: quarantine } } ]`,
    "select id, sold, region, amount from raw.sales",
  ),
  "models/a/same.sql": model(DAYS, "select d.id, d.sold, d.amount * r.rate as twice from a.days d cross join raw.rates r"),
  "models/a/both.sql": model(DAYS, "select d.id, d.sold, d.amount + s.twice as sum from a.days d join a.same s on d.id = s.id"),
  "models/a/weeks.sql": model(
    "partition: { by: week, column: sold, start: 2025-12-29, end: 2026-01-19 }",
    "select id, sold, amount from a.days",
  ),
  "models/a/regions.sql": model(
    `partition: { sold: { by: day, column: sold, start: 2026-01-05, end: 2026-01-12 }, region: { values: [north, south, "o'hare"], column: region } }`,
    "select id, sold, region, amount from a.days",
  ),
  "models/a/lists.sql": model(
    `partition: { values: [south, "o'hare", north], column: region }`,
    "select id, region, amount from raw.sales",
  ),
};

const random = (seed: number): ((below: number) => number) => {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
};

it("tells the same from what it kept as anew, whatever was written meanwhile, also in another process or from a damaged file", async () => {
  const dir = project(FILES);
  const app = await open(dir);
  await app.run({ select: "raw.rates or raw.sales or a.lists" }, QUIET);
  const pick = random(7);
  for (let turn = 0; turn < 5; turn++) {
    const first = 1 + pick(12);
    const asset = ["a.days", "a.same", "a.both", "a.weeks", "a.regions"][turn === 0 ? 0 : pick(5)]!;
    const days = [first, first + pick(6)].map((n) => `2026-01-${String(n).padStart(2, "0")}`);
    await app.run({ select: `+${asset}`, partition: days.join("..") }, QUIET).catch(QUIET); // not all are of every asset
    const told = await app.partitionGrid({ limit: 1_000 });
    const again = copyOf(dir, turn % 2 === 0 ? "kept" : "damaged");
    const other = await openApp({ dir: again });
    expect({ ...(await other.partitionGrid({ limit: 1_000 })), at: "" }, `turn ${turn}`).toEqual({ ...told, at: "" });
    await other.close();
  }
  await same(app);
});

function copyOf(dir: string, how: "kept" | "damaged"): string {
  const copy = mkdtempSync(join(tmpdir(), "millrace-grid-copy-"));
  onTestFinished(() => rmSync(copy, { recursive: true, force: true }));
  cpSync(dir, copy, { recursive: true });
  const cache = join(copy, ".millrace/cache");
  const files = readdirSync(cache).filter((name) => name.startsWith("partitions."));
  expect(files).toHaveLength(1);
  if (how === "damaged") writeFileSync(join(cache, files[0]!), readFileSync(join(cache, files[0]!)).subarray(0, 200));
  return copy;
}

it("knows runs of equal numbers again", () => {
  const pick = random(3);
  for (let turn = 0; turn < 50; turn++) {
    const numbers = new Uint8Array(pick(300));
    for (let at = 0; at < numbers.length;) at = Math.max(at + 1, fillFrom(numbers, at, pick));
    const told = runLengths(numbers, "-pmsfrq");
    expect([...numbersOf(told, "-pmsfrq", numbers.length)], told).toEqual([...numbers]);
  }
});

function fillFrom(numbers: Uint8Array, at: number, pick: (below: number) => number): number {
  const end = at + pick(40);
  numbers.fill(pick(7), at, end);
  return end;
}

it("tells each partition as its asset does, whatever was built, changed, failed, set aside or taken out of the definition", async () => {
  const dir = project(FILES);
  let app = await open(dir);
  await same(app);
  await app.run({ select: "+a.days", partition: "2026-01-03..2026-01-15" }, QUIET);
  await app.run({ select: "raw.rates or a.same or a.both or a.regions or a.weeks or a.lists" }, QUIET);
  await same(app);
  write(dir, { "data/sales.csv": FILES["data/sales.csv"].replace("\n4,2026-01-05,", "\n400,2026-01-05,") });
  app = await open(dir);
  await app.run({ select: "raw.sales or a.days", partition: "2026-01-01..2026-01-15" }, QUIET);
  const changed = await same(app);
  expect(Object.keys(changed)).toEqual(expect.arrayContaining(["p", "m", "s", "q"]));
  write(dir, {
    "models/a/lists.sql": FILES["models/a/lists.sql"].replace("id, region, amount", "id, region, amount + 1 as amount"),
    "models/a/both.sql": FILES["models/a/both.sql"].replace("2026-01-21", "2026-01-10"),
    "models/a/same.sql": FILES["models/a/same.sql"].replace("r.rate as twice", "error(r.rate::varchar)::integer as twice"),
  });
  app = await open(dir);
  await app.run({ select: "a.same" }, QUIET).catch(QUIET);
  expect(Object.keys(await same(app))).toEqual(expect.arrayContaining(["f", "s"]));
});

async function same(app: Awaited<ReturnType<typeof open>>): Promise<Readonly<Record<string, number>>> {
  const grid = await app.partitionGrid({ limit: 1_000 });
  const told = decoded(grid);
  const counts: Record<string, number> = {};
  expect(grid.totals.map(({ asset }) => asset).toSorted()).toEqual(["a.both", "a.days", "a.lists", "a.regions", "a.same", "a.weeks"]);
  for (const { asset, ...total } of grid.totals) {
    const { list = [], ...own } = (await app.describe(asset, { partitions: true })).asset.partitions!;
    expect(total, asset).toEqual(own);
    expect(Object.fromEntries(told.get(asset) ?? []), asset).toEqual(
      Object.fromEntries(list.map(({ partition, status }) => [partition, status])),
    );
    for (const { status } of list) counts[status[0]!] = (counts[status[0]!] ?? 0) + 1;
    const rows: (readonly unknown[])[] = [];
    await app.query(`select count(*) from _millrace.partitions where asset = '${asset}'`, (part) => {
      if ("rows" in part) rows.push(...(part.rows as readonly (readonly unknown[])[]));
    });
    expect(total.present + total.stale + total.quarantined, asset).toBe(Number(rows[0]![0]) - total.failed);
  }
  return counts;
}

function decoded({ axes, rows }: PartitionGridAnswer): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const parts = axes.map((axis) => {
    let before = "";
    return axis.parts === ""
      ? []
      : axis.parts.split("\n").map((line) => (before = before.slice(0, Number.parseInt(line[0]!, 36)) + line.slice(1)));
  });
  const all = new Map<string, Map<string, string>>();
  for (const { asset, key, axis, from, cells } of rows) {
    const own = all.get(asset) ?? new Map<string, string>();
    all.set(asset, own);
    let at = from;
    for (const [, count, letter] of cells.matchAll(/(\d*)([a-z-])/g))
      for (let left = Number(count || 1); left > 0; left--, at++)
        if (letter !== "-") own.set(key.replace("*", parts[axis]![at]!), STATUS[letter!]!);
  }
  return all;
}
