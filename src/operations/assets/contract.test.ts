// Contracts in whole projects: what a plan says of columns, tables of lists, histories, and schemas in the formats of others.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { testProjects } from "../projects.suite.ts";

const { project, write, open } = testProjects("contract", "name: contracts\ndefaults: { retry: { attempts: 1 } }\n");

async function run(dir: string): Promise<string> {
  return (await (await open(dir)).run({}, () => {})).status;
}
async function rows(dir: string, sql: string): Promise<unknown[]> {
  const found: unknown[] = [];
  await (
    await open(dir)
  ).query(sql, (part) => {
    if ("rows" in part) found.push(...part.rows);
  });
  return found;
}

describe("plan", () => {
  const files = {
    "data/a.csv": "id,price,town\n1,10,Ely\n2,11,Bath\n",
    "sources/s.yaml": 'from: { files: { path: "data/*.csv" } }\n',
    "models/clean/m.sql": "select id,\n  price * 2 as twice\nfrom raw.s\n",
  };
  it("shows what becomes of columns, the statement, and a rename that may be meant", async () => {
    const dir = project(files);
    expect(await run(dir)).toBe("succeeded");
    write(dir, { "data/a.csv": "id,sale_price,town\n1,10.5,Ely\n2,11,Bath\n" });
    const { schema } = await (await open(dir)).plan({});
    expect(schema).toMatchObject([
      {
        asset: "raw.s",
        changes: [
          { column: "price", change: "missing", policy: "missingColumn: null" },
          { column: "sale_price", change: "added", policy: "newColumn: add" },
        ],
        ddl: ['create or replace table "raw"."s" ("id" BIGINT, "price" BIGINT, "town" VARCHAR, "sale_price" DECIMAL(18,1))'],
        fails: null,
        breaks: [],
      },
    ]);
    expect(schema?.[0]?.warnings.join()).toContain("sale_price may be price under another name");
    expect(await rows(dir, "select column_name from (describe raw.s)")).toEqual([["id"], ["price"], ["town"]]);
  });

  it("shows the alterations of a table that is added to", async () => {
    const dir = project({ ...files, "sources/s.yaml": 'from: { files: { path: "data/*.csv" } }\nload: append\n' });
    await run(dir);
    write(dir, { "data/b.csv": "id,price,town,note\n3,10.5,Ely,x\n" });
    expect((await (await open(dir)).plan({})).schema).toMatchObject([
      { ddl: ['alter table "raw"."s" alter column "price" type DECIMAL(20,1)', 'alter table "raw"."s" add column "note" VARCHAR'] },
    ]);
  });

  it("shows the model that breaks, with its place, and what the contract would refuse", async () => {
    const dir = project(files);
    await run(dir);
    write(dir, { "sources/s.yaml": 'from: { files: { path: "data/*.csv" } }\ncolumns: { price: { type: text } }\n' });
    expect((await (await open(dir)).plan({})).schema).toMatchObject([
      {
        changes: [{ column: "price", change: "retyped", detail: "BIGINT → VARCHAR" }],
        breaks: [{ file: "models/clean/m.sql", line: 2, column: 9 }],
      },
    ]);
    write(dir, {
      "sources/s.yaml": 'from: { files: { path: "data/*.csv" } }\ncontract: { newColumn: fail }\n',
      "data/a.csv": "id,price,town,new\n1,2,3,4\n",
    });
    expect((await (await open(dir)).plan({})).schema).toMatchObject([{ fails: { code: "MR4002" }, breaks: [] }]);
  });

  it("compiles models against the columns that a changed definition gives", async () => {
    const dir = project(files);
    await run(dir);
    write(dir, {
      "sources/s.yaml": 'from: { files: { path: "data/*.csv" } }\ncolumns: { cost: { from: price } }\n',
      "models/clean/m.sql": "select id, cost * 2 as twice from raw.s\n",
    });
    expect(await run(dir)).toBe("succeeded");
    expect(await rows(dir, "select twice from clean.m order by id")).toEqual([["20"], ["22"]].map(([n]) => [Number(n)]));
  });
});

describe("a list as a table", () => {
  const order = (id: number, skus: readonly string[]): string => JSON.stringify({ id, items: skus.map((sku) => ({ sku, n: 1 })) });
  const files = {
    "data/a.ndjson": `${order(1, ["a", "b"])}\n${order(2, [])}\n`,
    "sources/orders.yaml": "from: { files: { path: data/*.ndjson } }\nprimaryKey: id\nload: merge\nnested: { items: table }\n",
    "models/clean/skus.sql": "select sku, count(*) as n from raw.orders__items group by sku\n",
  };
  it("follows what is merged into its parent, and is an asset to all commands", async () => {
    const dir = project(files);
    expect(await run(dir)).toBe("succeeded");
    write(dir, { "data/b.ndjson": `${order(1, ["c"])}\n${order(3, ["d", "e"])}\n` });
    expect(await run(dir)).toBe("succeeded");
    expect(await rows(dir, "select _parent_id, _position, sku from raw.orders__items order by all")).toEqual([
      [1, 0, "c"],
      [3, 0, "d"],
      [3, 1, "e"],
    ]);
    expect(await rows(dir, "select sku from clean.skus order by sku")).toEqual([["c"], ["d"], ["e"]]);
    const app = await open(dir);
    expect((await app.list({})).assets.map(({ asset }) => asset)).toContain("raw.orders__items");
    expect((await app.describe("raw.orders__items", { partitions: false })).asset).toMatchObject({
      upstream: ["raw.orders"],
      downstream: ["clean.skus"],
    });
    expect((await app.history("raw.orders", { schema: true })).events.map(({ kind, why }) => `${kind}: ${why}`)).toContainEqual(
      "values: items: nested(table) × 3 (elements, rows of the table of this list)",
    );
  });
});

describe("history --schema", () => {
  it("says who, when and what changed, by which policy", async () => {
    const dir = project({ "data/a.csv": "id,a\n1,1\n", "sources/s.yaml": "from: { files: { path: data/a.csv } }\n" });
    await run(dir);
    write(dir, { "data/a.csv": "id,a,b\n1,1.5,x\n" });
    await run(dir);
    const { events } = await (await open(dir)).history("raw.s", { schema: true });
    const schema = events.filter(({ kind }) => kind === "schema");
    expect(schema.map(({ by, why }) => [by, why])).toEqual([
      ["manual", 'version 2: a widened, BIGINT → DECIMAL(20,1) (typeChange: widen); b added, from "b" (newColumn: add)'],
      ["manual", "version 1: 2 columns"],
    ]);
    expect(schema.every(({ at, run: id }) => at !== "" && id !== null)).toBe(true);
  });
});

describe("contract", () => {
  it("is exported, imported as a source that loads the same rows, and exported the same again", async () => {
    const dir = project({
      "data/a.csv": "id,price,day\n1,1.50,2026-01-02\n2,2.25,2026-01-03\n",
      "sources/s.yaml": `from: { files: { path: data/a.csv } }
description: Prices
primaryKey: id
columns: { price: { type: "decimal(18,2)", required: true, description: In euros } }
checks: [{ notNull: [id] }, { range: { column: price, min: 0 } }]
`,
    });
    await run(dir);
    const app = await open(dir);
    const first = await app.contractExport({ asset: "raw.s", format: "odcs", out: join(dir, "s.odcs.yaml") });
    expect(first.lost).toEqual([]);
    const imported = await app.contractImport({ file: join(dir, "s.odcs.yaml"), name: "raw.again", path: "data/a.csv" });
    expect(imported.lost).toEqual([]);
    expect(await run(dir)).toBe("succeeded");
    expect(await rows(dir, "from raw.again order by id")).toEqual(await rows(dir, "from raw.s order by id"));
    const second = await (await open(dir)).contractExport({ asset: "raw.again", format: "odcs" });
    expect(second.text.replaceAll("again", "s")).toBe(readFileSync(join(dir, "s.odcs.yaml"), "utf8"));
  });

  it("is checked as a registry checks it", async () => {
    const record = (fields: readonly object[]): string => JSON.stringify({ type: "record", name: "R", fields });
    const dir = project({
      "old.avsc": record([{ name: "a", type: "int" }]),
      "optional.avsc": record([
        { name: "a", type: "long" },
        { name: "b", type: ["null", "string"], default: null },
      ]),
      "needed.avsc": record([
        { name: "a", type: "int" },
        { name: "b", type: "string" },
      ]),
      "old.json": JSON.stringify({ type: "object", properties: { a: { type: "integer" } }, additionalProperties: false }),
    });
    const check = async (what: string, mode: string): Promise<unknown> =>
      (await open(dir)).contractCheck({ what: join(dir, what), against: [join(dir, "old.avsc")], mode });
    expect(await check("optional.avsc", "backward")).toMatchObject({ compatible: true, kind: "avro" });
    expect(await check("optional.avsc", "forward")).toMatchObject({ compatible: false, problems: [{ path: "/a", direction: "forward" }] });
    expect(await check("needed.avsc", "backward")).toMatchObject({
      problems: [{ path: "/b", problem: expect.stringContaining("no default") as string }],
    });
    expect(await check("needed.avsc", "none")).toMatchObject({ compatible: true });
    await expect(check("old.json", "full")).rejects.toMatchObject({ code: "MR4624" });
  });
});
