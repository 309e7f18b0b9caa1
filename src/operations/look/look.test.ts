// What pages ask of assets, on whole projects: the graph, source text, rows, profile, checks, search.
import { describe, expect, it } from "vitest";
import { testProjects } from "../projects.suite.ts";

const { open, project, write } = testProjects("look", "name: shop\nenvironments: { prod: { branches: [main] } }\n");

const FILES = {
  "data/sales.csv": `id,area,price\n${Array.from({ length: 30 }, (_, id) => `${id},${id % 3 === 0 ? "north" : "south"},${id === 7 ? "" : id * 10}`).join("\n")}\n`,
  "sources/sales.yaml": `description: What the tills wrote
owner: "@ana"
from: { files: { path: data/sales.csv } }
primaryKey: [id]
`,
  "models/clean/sales.sql": `/*---
materialize: table
tags: [finance]
checks:
  - unique: [id]
  - rule: { name: price_is_small, where: "price < 250", severity: warn }
---*/
select id, area, price from raw.sales
`,
  "models/final/areas.sql": "select area, sum(price)::integer as total from clean.sales group by area\n",
  "exports/areas.yaml": "select: final.areas\nto: { files: { path: out/areas.csv } }\n",
};

describe("an asset is looked at", () => {
  it("in a graph of all: by place what each reads, how it stands, what its checks found", async () => {
    const unbuilt = await (await open(project(FILES))).assetGraph({ soon: false });
    expect(unbuilt.nodes.map(({ status }) => status)).toEqual(["missing", "missing", "missing", "missing"]);
    const app = await open(project(FILES));
    await app.run({}, () => {});
    const { nodes } = await app.assetGraph({ soon: false });
    const named = nodes.map(({ asset, needs }) => [asset, needs.map((need) => nodes[need]!.asset)]);
    expect(named).toEqual([
      ["clean.sales", ["raw.sales"]],
      ["final.areas", ["clean.sales"]],
      ["out.areas", ["final.areas"]],
      ["raw.sales", []],
    ]);
    expect(nodes[0]).toMatchObject({
      group: "clean",
      kind: "model",
      materialize: "table",
      status: "current",
      rows: 30,
      columns: 3,
      tags: ["finance"],
      checks: { passed: 1, warned: 1, failed: 0, unknown: 0 },
    });
    expect(nodes[3]).toMatchObject({ owner: "@ana", description: "What the tills wrote" });
  });

  it("by its rows: pages of them, in an order, those that fit a condition", async () => {
    const app = await open(project(FILES));
    const page = { asset: "clean.sales", limit: 10, offset: 0 };
    await expect(app.assetRows(page)).rejects.toMatchObject({ code: "MR8160" });
    await app.run({}, () => {});
    const first = await app.assetRows({ ...page, order: "id" });
    expect(first).toMatchObject({ total: 30, more: true, offset: 0, columns: [{ name: "id" }, { name: "area" }, { name: "price" }] });
    expect(first.rows.map(([id]) => id)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    const last = await app.assetRows({ ...page, offset: 25, order: "id", direction: "down" });
    expect(last.rows.map(([id]) => id)).toEqual([4, 3, 2, 1, 0]);
    expect(last.more).toBe(false);
    const north = await app.assetRows({ ...page, where: "area = 'north' and price > 200 -- said so" });
    expect(north).toMatchObject({ total: 3, more: false });
    expect((await app.assetRows({ ...page, where: "price is null" })).rows).toEqual([[7, "south", null]]);
    await expect(app.assetRows({ ...page, order: "nothing" })).rejects.toMatchObject({ code: "MR8161" });
    await expect(app.assetRows({ ...page, where: "no_such = 1" })).rejects.toMatchObject({ code: "MR8001" });
    await expect(app.assetRows({ ...page, where: "true) ; drop view clean.sales; select (1" })).rejects.toMatchObject({ code: "MR8002" });
    await expect(app.assetRows({ ...page, asset: "out.areas" })).rejects.toMatchObject({ code: "MR8160" });
    await expect(app.assetRows({ ...page, asset: "clean.salez" })).rejects.toMatchObject({ code: "MR6102" });
    expect((await app.assetRows(page)).total).toBe(30);
  });

  it("by what its columns hold", async () => {
    const app = await open(project(FILES));
    await app.run({}, () => {});
    const { rows, sampled, columns } = await app.assetProfile("clean.sales");
    expect([rows, sampled]).toEqual([30, 30]);
    const [id, area, price] = columns;
    expect(id).toMatchObject({ name: "id", min: "0", max: "29", nulls: 0 });
    expect(area!.frequent).toEqual([
      { value: "south", rows: 20 },
      { value: "north", rows: 10 },
    ]);
    expect(price).toMatchObject({ nulls: 1, max: "290" });
    expect(columns.every(({ distinct, nulls }) => distinct + nulls <= 30)).toBe(true);
  });

  it("by its text, in which no secret stands", async () => {
    const dir = project(FILES);
    write(dir, {
      ".env": "TILL_PASSWORD=hunter2hunter2\n",
      "models/final/areas.sql": `${FILES["models/final/areas.sql"]}-- hunter2hunter2\n`,
    });
    write(dir, { "sources/more.yaml": "from: { files: { path: data/sales.csv } }\ndescription: ${env:TILL_PASSWORD}\n" });
    const app = await open(dir);
    const model = await app.assetSource("clean.sales");
    expect(model).toMatchObject({ file: "models/clean/sales.sql", language: "sql", sql: "select id, area, price from raw.sales" });
    expect(model.text).toBe(FILES["models/clean/sales.sql"]);
    expect((await app.assetSource("raw.sales")).language).toBe("yaml");
  });
});

describe("checks", () => {
  it("are listed with how they went and since when one does not pass; assets without any are named", async () => {
    const dir = project(FILES);
    const app = await open(dir);
    await app.run({}, () => {});
    const { checks, unchecked, totals } = await app.checkList({});
    expect(checks.map(({ check, status }) => [check, status])).toEqual([
      ["unique(id)", "passed"],
      ["price_is_small", "warned"],
    ]);
    const warned = checks[1]!;
    expect(warned).toMatchObject({ severity: "warn", failing: 5 });
    expect(warned.since).toBe(warned.recent[0]!.at);
    expect(unchecked).toEqual(["raw.sales", "final.areas"]);
    expect(totals).toEqual({ checks: 2, passed: 1, warned: 1, failed: 0, unknown: 0, assets: 3, checkedAssets: 1 });
    write(dir, { "models/clean/sales.sql": FILES["models/clean/sales.sql"].replace("from raw.sales", "from raw.sales where price < 250") });
    const again = await open(dir);
    await again.run({}, () => {});
    const passed = (await again.checkList({ select: "clean.sales" })).checks[1]!;
    expect(passed).toMatchObject({ status: "passed", since: null });
    expect(passed.recent.map(({ status }) => status)).toEqual(["warned", "passed"]);
  });
});

describe("how columns changed", () => {
  it("is told of all assets since a time, without what they began with", async () => {
    const dir = project(FILES);
    const app = await open(dir);
    await app.run({}, () => {});
    expect((await app.assetDrift(0)).changes).toEqual([]);
    const began = Date.now();
    write(dir, { "data/sales.csv": FILES["data/sales.csv"].replace("price", "price,till").replaceAll(/^(\d+,.*)$/gm, "$1,a") });
    const again = await open(dir);
    await again.run({}, () => {});
    const { changes } = await again.assetDrift(began);
    expect(changes).toMatchObject([{ asset: "raw.sales", what: expect.stringMatching(/^till added/) }]);
    expect((await again.assetDrift(Date.now() + 60_000)).changes).toEqual([]);
  });
});

describe("a search", () => {
  it("finds names before descriptions, columns by their own names, all words together", async () => {
    const app = await open(project(FILES));
    await app.run({}, () => {});
    const names = async (q: string): Promise<readonly string[]> =>
      (await app.search({ q, limit: 50 })).found.map(({ kind, name }) => `${kind} ${name}`);
    const sales = await names("sales");
    expect(sales.slice(0, 2)).toEqual(["asset raw.sales", "asset clean.sales"]);
    expect(sales.filter((each) => each.startsWith("column"))).toEqual([]);
    expect(await names("total")).toEqual(expect.arrayContaining(["column final.areas.total"]));
    expect(await names("clean price")).toEqual(["column clean.sales.price"]);
    expect(await names("tills wrote")).toEqual(["asset raw.sales"]);
    expect((await names("MR8160"))[0]).toBe("code MR8160");
    expect(await names("@ana")).toEqual(["owner @ana"]);
    expect((await names("succeeded"))[0]).toMatch(/^run r_/);
    expect(await names("  ")).toEqual([]);
    expect(await app.search({ q: "s", limit: 1 })).toMatchObject({ found: [{}], total: expect.any(Number) });
  });
});
