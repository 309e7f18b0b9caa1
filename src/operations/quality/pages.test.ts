// What the pages of quarantine, quality, partitions and jobs are answered, on whole projects with real files and DuckDB.
import { describe, expect, it } from "vitest";
import type { QuarantineDecisionAnswer } from "../../model/answers.ts";
import { testProjects } from "../projects.suite.ts";

const { project, write, open } = testProjects("pages", "name: shop\ndefaults: { retry: { attempts: 1 } }\n");
const QUIET = (): void => {};

const ORDERS = `id,price,ordered,note
1,10.50,2026-01-02,a
2,12 USD,2026-01-02,b
3,"1.234,50",2026-01-02,c
4,"1,250.00",2026-01-02,d
5,n/a,2026-01-02,e
6,7,02.01.2026,f
7,8,03/04/2026,g
8,8,13/04/2026,h
9,"1,500",2026-01-02,i
10,abc,2026-01-02,j
`;
const SHOP = {
  "data/orders.csv": ORDERS,
  "sources/orders.yaml": `from: { files: { path: data/orders.csv } }
columns: { id: { type: integer }, price: { type: "decimal(9,2)" }, ordered: { type: date }, note: { type: varchar } }
contract: { maxQuarantined: 95% }
`,
  "models/clean/orders.sql": `/*---
materialize: table
checks: [ { rule: { name: not_small, where: "price > 7.50", onFail: quarantine } } ]
---*/
select id, price, ordered from raw.orders
`,
  "models/final/total.sql": "/*---\nmaterialize: table\n---*/\nselect sum(price) as total from clean.orders\n",
};

describe("records in quarantine", () => {
  it("show the cell that breaks the rule and what it may have meant, and nothing where two things could be meant", async () => {
    const app = await open(project(SHOP));
    await app.run({}, QUIET);
    const answer = await app.quarantineRecords({ asset: "raw.orders", limit: 100 });
    const names = answer.columns.map(({ name }) => name);
    expect(
      answer.records.map(({ cells, failing, suggestion }) => [cells[0], failing.map((place) => names[place]), suggestion?.value]),
    ).toEqual([
      ["2", ["price"], "12.00"],
      ["3", ["price"], "1234.50"],
      ["4", ["price"], "1250.00"],
      ["5", ["price"], null],
      ["6", ["ordered"], "2026-01-02"],
      ["7", ["ordered"], undefined],
      ["8", ["ordered"], "2026-04-13"],
      ["9", ["price"], undefined],
      ["10", ["price"], undefined],
    ]);
    expect(answer.downstream).toEqual(["clean.orders", "final.total"]);
    const [first] = (await app.quarantineRecords({ asset: "raw.orders", limit: 2 })).records;
    const rest = await app.quarantineRecords({ asset: "raw.orders", limit: 100, cursor: "2" });
    expect([first?.cells[0], rest.records[0]?.cells[0], rest.next]).toEqual(["2", "4", null]);
  });

  it("are loaded with the cells that a person corrected, the others as they came", async () => {
    const dir = project(SHOP);
    const app = await open(dir);
    await app.run({}, QUIET);
    const { records } = await app.quarantineRecords({ asset: "raw.orders", limit: 100 });
    const idOf = (id: string): string => records.find(({ cells }) => cells[0] === id)!.id;
    const corrections = [
      { _id: idOf("2"), price: "12.00" },
      { _id: idOf("6"), ordered: "2026-01-02" },
    ];
    const told: QuarantineDecisionAnswer[] = [];
    const decide = (dryRun: boolean): Promise<unknown> =>
      app.quarantineDecide({ act: "fix", named: ["raw.orders"], records: corrections, dryRun }, QUIET, (answer) => void told.push(answer));
    await decide(true);
    expect(told[0]).toMatchObject({ records: 2, loaded: 2, stillBroken: { rows: 0 } });
    await decide(false);
    await app.run({ select: "clean.orders or final.total" }, QUIET);
    const rows: unknown[] = [];
    await app.query("select id, price::double, ordered::varchar from raw.orders order by id", (part) => {
      if ("rows" in part) rows.push(...part.rows);
    });
    expect(rows).toEqual([
      [1, 10.5, "2026-01-02"],
      [2, 12, "2026-01-02"],
      [6, 7, "2026-01-02"],
    ]);
    expect(await app.quarantineRecords({ asset: "raw.orders", limit: 1 })).toMatchObject({
      total: 7,
      decisions: [{ act: "fix", rows: 2 }],
    });
    // 7 is too small for the model: it waits there, where only right or wrong can be said of it.
    const model = await app.quarantineRecords({ asset: "clean.orders", limit: 10 });
    expect(model.acts).toEqual(["accept", "replay", "discard"]);
    expect(model.records.map(({ failing }) => failing.map((place) => model.columns[place]!.name))).toEqual([["price"]]);
  });
});

describe("quality", () => {
  it("tells what each check found over time, since when one fails, and what has none", async () => {
    const check = (least: number): string =>
      `/*---\nmaterialize: table\nchecks: [ { range: { column: n, min: ${least}, onFail: warn } }, { notNull: [n] } ]\n---*/\nselect 5 as n, 'x' as text\n`;
    const dir = project({ "models/a.sql": check(1), "models/b.sql": "/*---\nmaterialize: table\n---*/\nselect n from main.a\n" });
    const first = await open(dir);
    await first.run({}, QUIET);
    expect(await first.quality()).toMatchObject({ score: 100, coverage: { assets: 2, tested: 1, columns: 3, testedColumns: 1 } });
    write(dir, { "models/a.sql": check(9) });
    const again = await open(dir);
    await again.run({ fullRefresh: true }, QUIET);
    const answer = await again.quality();
    expect(answer).toMatchObject({ score: 50, days: [{ passed: 1, warned: 1, failed: 0, score: 50 }] });
    expect(answer.gaps).toMatchObject([
      { asset: "main.b", checks: 0, columns: 1, untested: ["n"] },
      { asset: "main.a", checks: 2, columns: 2, untested: ["text"], dependents: 1 },
    ]);
    const [worst, sound] = answer.checks;
    expect(worst).toMatchObject({ check: "range(n)", status: "warned", failing: 1, flips: 1, sample: [{ n: 5 }] });
    expect(worst?.history.map(({ status }) => status)).toEqual(["passed", "warned"]);
    expect(worst?.since).toBe(worst?.at);
    expect(sound).toMatchObject({ check: "notNull(n)", status: "passed", since: null, flips: 0 });
  });
});

describe("a partition", () => {
  it("tells what made it, what it read and why it is stale", async () => {
    const day = (date: string, amount: number): Record<string, string> => ({ [`data/${date}.csv`]: `sold,amount\n${date},${amount}\n` });
    const dir = project({
      ...day("2026-11-01", 1),
      ...day("2026-11-02", 2),
      "sources/sales.yaml":
        "from: { files: { path: 'data/${partition.key}.csv' } }\npartition: { by: day, column: sold, start: 2026-11-01, end: 2026-11-04 }\n",
      "models/clean/sales.sql":
        "/*---\nmaterialize: table\npartition: { by: day, column: sold }\n---*/\nselect * from raw.sales where sold >= $start and sold < $end\n",
    });
    const app = await open(dir);
    const { run } = await app.run({}, QUIET);
    const of = (partition: string) => app.partitionShow({ asset: "clean.sales", partition });
    expect(await of("2026-11-01")).toMatchObject({
      status: "present",
      rows: 1,
      run,
      why: null,
      inputs: [{ asset: "raw.sales", changed: false }],
    });
    expect(await app.partitionShow({ asset: "raw.sales", partition: "2026-11-03" })).toMatchObject({
      status: "failed",
      run: null,
      last: { run, status: "failed" },
    });
    write(dir, day("2026-11-01", 7));
    await app.run({ select: "raw.sales", partition: "2026-11-01" }, QUIET);
    expect(await of("2026-11-01")).toMatchObject({
      status: "stale",
      why: "raw.sales changed",
      inputs: [{ asset: "raw.sales", changed: true }],
    });
    await expect(of("2026-13-01")).rejects.toMatchObject({ code: "MR8202" });
    await expect(app.partitionShow({ asset: "raw.nothing", partition: "x" })).rejects.toMatchObject({ code: "MR6102" });
  });
});

describe("jobs", () => {
  it("tell what they build, what starts them, and how they went last", async () => {
    const dir = project({
      "models/a.sql": "select 1 as n",
      "jobs/nightly.yaml":
        "select: main.a\nowner: '@ana'\nparams: { day: { type: date, default: 2026-01-01 } }\ntriggers: [ { schedule: { every: 1h } } ]\n",
    });
    const app = await open(dir);
    const { run } = await app.run({ job: "nightly", params: { day: "2026-01-01" } }, QUIET);
    await app.pauseTriggers({ job: "nightly", until: "2h", why: "moving" });
    expect((await app.jobs()).jobs).toMatchObject([
      {
        job: "nightly",
        owner: "@ana",
        select: "main.a",
        triggers: 1,
        params: ["day"],
        last: { run, status: "succeeded" },
        paused: { of: "job", why: "moving" },
      },
    ]);
  });
});
