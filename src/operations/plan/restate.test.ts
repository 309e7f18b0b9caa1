// `--restate` makes intervals and partitions again and nothing else; `--forward-only` leaves what is there.
import { describe, expect, it } from "vitest";
import type { App } from "../port.ts";
import { testProjects } from "../projects.suite.ts";

const { open, project, write } = testProjects(
  "restate",
  `name: shop\nenvironments:\n  prod: { branches: [main], kind: serving }\n  "*": { kind: research }\n`,
);

const SALES = "id,price,sold_on\n1,10,2026-01-02\n2,20,2026-01-03\n3,30,2026-01-05\n";
const FILES = {
  "data/sales.csv": SALES,
  "sources/sales.yaml": "from: { files: { path: data/sales.csv } }\n",
  // What changes in the source does nothing again by itself: only a restatement does.
  "models/clean/days.sql":
    "/*---\nmaterialize: incremental\nincremental: { by: sold_on, ignore: [raw.sales] }\n---*/\nselect id, price, sold_on from raw.sales where sold_on >= $start and sold_on < $end\n",
  "models/final/total.sql": "/*---\nmaterialize: table\n---*/\nselect sum(price)::integer as total from clean.days\n",
};

const rowsOf = async (app: App, sql: string): Promise<readonly unknown[]> => {
  const rows: unknown[] = [];
  await app.query(sql, (part) => {
    if ("rows" in part) rows.push(...part.rows);
  });
  return rows;
};
const DAYS = "select id, price from clean.days order by id";

describe("an incremental model", () => {
  it("is restated in the named intervals alone, with what stands on it; another run does nothing more", async () => {
    const dir = project(FILES);
    const app = await open(dir);
    await app.run({}, () => {});
    write(dir, { "data/sales.csv": SALES.replace(",10,", ",11,").replace(",20,", ",22,").replace(",30,", ",33,") });
    await app.run({}, () => {});
    const restate = { asset: "clean.days", from: "2026-01-03", to: "2026-01-04" };
    const planned = await app.plan({ restate });
    expect(planned.nodes.map(({ asset, action }) => [asset, action])).toEqual([
      ["clean.days", "build"],
      ["final.total", "build"],
    ]);
    expect(planned.nodes[0]!.reason).toContain("restated");
    expect(await app.run({ restate }, () => {})).toMatchObject({ status: "succeeded" });
    expect(await rowsOf(app, DAYS)).toEqual([
      [1, 10],
      [2, 22],
      [3, 30],
    ]);
    expect(await rowsOf(app, "from final.total")).toEqual([[62]]);
    expect((await app.plan({})).nodes.filter(({ action }) => action === "build")).toEqual([]);
  });

  it("is restated in the environment that asked, whose own it becomes; prod has it after a promotion", async () => {
    const dir = project(FILES);
    const prod = await open(dir, "prod");
    await prod.run({}, () => {});
    write(dir, { "data/sales.csv": SALES.replace(",10,", ",11,").replace(",20,", ",22,").replace(",30,", ",33,") });
    await prod.run({}, () => {});
    const restate = { asset: "clean.days", from: "2026-01-03", to: "2026-01-04" };
    const before = [
      [1, 10],
      [2, 20],
      [3, 30],
    ];
    const after = [
      [1, 10],
      [2, 22],
      [3, 30],
    ];
    for (const kept of [false, true]) {
      const dev = await open(dir, kept ? "kept" : "dev");
      expect(await dev.run({}, () => {})).toMatchObject({ status: "succeeded" });
      expect(await rowsOf(dev, DAYS)).toEqual(before);
      const plan = await dev.plan({ restate });
      expect(plan.nodes.filter(({ action }) => action === "build").map(({ asset }) => asset)).toEqual(["clean.days", "final.total"]);
      const done = kept
        ? await dev.apply({ plan: (await dev.planFile({ restate })).text }, () => {})
        : await dev.run({ restate }, () => {});
      expect(done).toMatchObject({ status: "succeeded" });
      expect(await rowsOf(dev, DAYS)).toEqual(after);
      expect(await rowsOf(dev, "from final.total")).toEqual([[62]]);
      // It stays so: nothing is as in prod again by itself.
      await dev.run({}, () => {});
      expect(await rowsOf(dev, DAYS)).toEqual(after);
    }
    const there = await open(dir, "prod");
    expect(await rowsOf(there, DAYS)).toEqual(before);
    await there.envPromote({ environment: "dev", dryRun: false });
    expect(await rowsOf(there, DAYS)).toEqual(after);
    await there.run({}, () => {});
    expect(await rowsOf(there, DAYS)).toEqual(after);
  });

  it("is restated by a plan that is kept and applied", async () => {
    const dir = project(FILES);
    const app = await open(dir);
    await app.run({}, () => {});
    write(dir, { "data/sales.csv": SALES.replace(",30,", ",33,") });
    await app.run({}, () => {});
    const { text } = await app.planFile({ restate: { asset: "clean.days", from: "2026-01-05" } });
    expect(await app.apply({ plan: text }, () => {})).toMatchObject({ status: "succeeded" });
    expect(await rowsOf(app, DAYS)).toEqual([
      [1, 10],
      [2, 20],
      [3, 33],
    ]);
  });

  it("changes its code for new rows alone with --forward-only, and stays so", async () => {
    const dir = project({ ...FILES, "models/clean/days.sql": FILES["models/clean/days.sql"].replace(", ignore: [raw.sales]", "") });
    let app = await open(dir);
    await app.run({}, () => {});
    write(dir, {
      "models/clean/days.sql": FILES["models/clean/days.sql"]
        .replace(", ignore: [raw.sales]", "")
        .replace("id, price,", "id, price * 2 as price,"),
      "data/sales.csv": `${SALES}4,40,2026-01-06\n`,
    });
    app = await open(dir);
    await app.run({ forwardOnly: true }, () => {});
    const expected = [
      [1, 10],
      [2, 20],
      [3, 30],
      [4, 80],
    ];
    expect(await rowsOf(app, DAYS)).toEqual(expected);
    await app.run({}, () => {});
    expect(await rowsOf(app, DAYS)).toEqual(expected);
  });
});

it("asks nothing of what did not change with --forward-only", async () => {
  const maintained =
    "/*---\nmaterialize: incremental\nincremental: { mode: maintain }\n---*/\nselect sold_on, sum(price) as price from raw.sales group by sold_on\n";
  const app = await open(project({ ...FILES, "models/final/maintained.sql": maintained }));
  await app.run({}, () => {});
  await app.run({}, () => {});
  const plan = await app.plan({ forwardOnly: true });
  expect(plan.nodes.filter(({ action }) => action !== "reuse")).toEqual([]);
  expect((plan.changes?.assets ?? []).filter(({ change }) => change !== "metadata")).toEqual([]);
});

const PARTS = {
  ...FILES,
  "models/clean/days.sql": "select id, price, sold_on from raw.sales\n",
  "models/clean/parts.sql":
    "/*---\nmaterialize: table\npartition: { by: day, column: sold_on, start: 2026-01-01, end: 2026-01-08 }\n---*/\nselect id, price, sold_on from clean.days where sold_on >= $start and sold_on < $end\n",
};

describe("a partitioned model", () => {
  it("is restated in the named partitions although nothing that is known of them changed", async () => {
    const dir = project(PARTS);
    const app = await open(dir);
    const { run } = await app.run({}, () => {});
    const restate = { asset: "clean.parts", from: "2026-01-02", to: "2026-01-03" };
    const planned = await app.plan({ restate });
    expect(planned.intervals).toEqual([{ asset: "clean.parts", from: "2026-01-02", to: "2026-01-03", count: 2 }]);
    const again = await app.run({ restate }, () => {});
    expect(again).toMatchObject({ status: "succeeded", nodes: { succeeded: 2, reused: 0 } });
    expect(await rowsOf(app, "select partition, run from _millrace.partitions order by 1 limit 4")).toEqual([
      ["2026-01-01", run],
      ["2026-01-02", again.run],
      ["2026-01-03", again.run],
      ["2026-01-04", run],
    ]);
  });

  it("keeps its partitions with --forward-only, in later runs too", async () => {
    const dir = project(PARTS);
    let app = await open(dir);
    await app.run({}, () => {});
    write(dir, { "models/clean/parts.sql": PARTS["models/clean/parts.sql"].replace("id, price,", "id, price * 2 as price,") });
    app = await open(dir);
    expect((await app.plan({})).nodes.find(({ asset }) => asset === "clean.parts")).toMatchObject({ action: "build" });
    await app.run({ forwardOnly: true }, () => {});
    expect((await app.plan({})).nodes.find(({ asset }) => asset === "clean.parts")).toMatchObject({ action: "reuse" });
    expect(await rowsOf(app, "select price from clean.parts order by id")).toEqual([[10], [20], [30]]);
  });
});

it("keeps its partitions with --forward-only in the environment that asked, and prod as it was", async () => {
  const dir = project(PARTS);
  await (await open(dir, "prod")).run({}, () => {});
  write(dir, { "models/clean/parts.sql": PARTS["models/clean/parts.sql"].replace("id, price,", "id, price * 2 as price,") });
  const prices = "select price from clean.parts order by id";
  const dev = await open(dir, "dev");
  await dev.run({ forwardOnly: true }, () => {});
  expect(await rowsOf(dev, prices)).toEqual([[10], [20], [30]]);
  await dev.run({}, () => {});
  expect(await rowsOf(dev, prices)).toEqual([[10], [20], [30]]);
  const prod = await open(dir, "prod");
  expect(await rowsOf(prod, prices)).toEqual([[10], [20], [30]]);
  expect((await prod.plan({})).nodes.find(({ asset }) => asset === "clean.parts")).toMatchObject({ action: "build" });
  await prod.envPromote({ environment: "dev", dryRun: false });
  expect((await prod.plan({})).nodes.filter(({ action }) => action === "build")).toEqual([]);
});

it.each([
  [{ asset: "final.total", from: "2026-01-01" }, "MR8814"],
  [{ asset: "clean.days", from: "soon" }, "MR8814"],
  [{ asset: "clean.days", from: "2026-01-02", to: "2026-01-01" }, "MR8814"],
  [{ asset: "clean.dayz", from: "2026-01-02" }, "MR6102"],
])("a restatement of %j is refused with %s", async (restate, code) => {
  const app = await open(project(FILES));
  await expect(app.plan({ restate })).rejects.toMatchObject({ code });
});
