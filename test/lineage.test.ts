// `millrace lineage` as people and other tools get it: trees, pictures, OpenLineage as its own client reads it, and what a change reaches.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { project } from "./millrace.ts";
import { millrace } from "./warm.ts";
import { readByOpenLineage } from "./openlineage.ts";

const shop = project({
  "millrace.yaml": "name: shop\n",
  "data/sales.csv": "id,price,sold_on,status\n1,10.50,2026-01-02,paid\n2,3.20,2026-01-03,open\n",
  "sources/sales.yaml": `description: Sales of the shop
owner: data@team
from: { files: { path: data/sales.csv } }
columns: { id: { type: bigint }, price: { type: "decimal(18,2)", description: Price in dollars }, status: { type: text } }
`,
  "models/clean/sales.sql": `/*---
materialize: table
description: Paid sales
owner: ana
checks: [{ notNull: [price] }]
---*/
select id, price as amount, price, { 'day': sold_on, 'cents': (price * 100)::integer } as more from raw.sales where status = 'paid'
`,
  "models/final/days.sql":
    "/*---\nmaterialize: table\nchecks: [{ range: { column: total, min: 0 } }]\n---*/\nselect more.day as day, sum(amount) as total, count(*) as n from clean.sales group by 1\n",
  "exports/days.yaml": "select: final.days\nowner: bob\nto: { files: { path: out/days.csv } }\n",
  "tests/days.yaml":
    "model: final.days\ngiven: { clean.sales: [{ amount: 2, more: { day: 2026-01-02, cents: 200 } }] }\nexpect: [{ total: 2 }]\n",
});
beforeAll(async () => {
  const run = await millrace(["run"], shop.dir);
  expect(run.exitCode, run.stdout + run.stderr).toBe(0);
});
afterAll(() => shop.remove());

async function lineage(...args: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await millrace(["lineage", ...args], shop.dir);
  expect(exitCode, stdout + stderr).toBe(0);
  return stdout;
}

describe("millrace lineage", () => {
  it("draws an asset as a tree, with its columns", async () => {
    expect(await lineage("final.days", "--up", "all")).toBe(`final.days
  made from
  └─ clean.sales  model
     └─ raw.sales  source
  goes into
  └─ out.days  export

  day  <- clean.sales.more.day (identity)  -> out.days.day (identity)
  total  <- clean.sales.amount (aggregate)  -> out.days.total (identity)
  n  -> out.days.n (identity)

  its rows are decided by clean.sales.more.day
`);
  });

  it("draws the way of a column as a tree, both ways", async () => {
    expect(await lineage("clean.sales.amount", "--down", "all")).toBe(`clean.sales.amount
  made from
  └─ raw.sales.price  identity
  goes into
  └─ final.days.total  aggregate
     └─ out.days.total  identity

  its rows are decided by raw.sales.status
`);
  });

  it("keeps the JSON that was promised, also as a format", async () => {
    const promised = JSON.parse(await lineage("clean.sales.amount", "--json")) as unknown;
    expect(promised).toEqual({
      v: 1,
      asset: "clean.sales",
      columns: { amount: { upstream: ["raw.sales.price"], downstream: ["final.days.total"], influences: ["raw.sales.status"] } },
      upstream: ["raw.sales"],
      downstream: ["final.days"],
    });
    expect(JSON.parse(await lineage("clean.sales.amount", "--format", "json"))).toEqual(promised);
  });

  it("writes pictures for mermaid and dot", async () => {
    expect(await lineage("clean.sales", "--format", "mermaid")).toBe(`flowchart LR
  n0["raw.sales"]
  n1["clean.sales"]:::asked
  n2["final.days"]
  n0 --> n1
  n1 --> n2
  classDef asked stroke-width:3px
`);
    const dot = await lineage("final.days.total", "--format", "dot");
    expect(dot).toContain('label="clean.sales";');
    expect(dot).toMatch(/^ {2}n\d+ -> n\d+ \[label="aggregate"\];$/m);
    expect(dot).toMatch(/^ {2}n\d+ -> n\d+ \[style=dashed\];$/m);
  });

  it("tells what a change reaches, and what would break", async () => {
    const { stdout, stderr } = await millrace(["lineage", "raw.sales.price", "--impact"], shop.dir);
    expect(stdout).toMatch(
      /^clean\.sales +model +1 +breaks +amount \(identity\), price \(identity\), more \(transform\) +notNull\(price\) +ana$/m,
    );
    expect(stdout).toMatch(/^final\.days +model +2 +values, rows +day \(identity\), total \(aggregate\) /m);
    expect(stdout).toMatch(/^out\.days +export +3 /m);
    expect(stdout).toContain("test days  tests/days.yaml");
    expect(stderr).toContain(
      "a change of raw.sales.price reaches 3 assets, 1 export, 2 checks, 1 test, owned by ana, bob; without it 1 asset would break",
    );
    const answer = JSON.parse(await lineage("clean.sales.amount", "--impact", "--json")) as Record<string, any>;
    expect(answer["tests"]).toEqual([{ test: "days", model: "final.days", file: "tests/days.yaml", names: true }]);
    expect(answer["assets"].map((each: any) => [each.asset, each.effect])).toEqual([
      ["final.days", "breaks"],
      ["out.days", "values"],
    ]);
  });

  it("refuses what it does not know, with what there is", async () => {
    for (const [args, code, exitCode] of [
      [["clean.sale"], "MR2020", 7],
      [["clean.sales", "--format", "svg"], "MR7001", 2],
      [["clean.sales", "--up", "-1"], "MR7001", 2],
      [["clean.sales", "--impact", "--format", "dot"], "MR7001", 2],
      [[], "MR7001", 2],
    ] as const) {
      const { stderr, exitCode: ended } = await millrace(["lineage", ...args], shop.dir);
      expect(stderr).toContain(code);
      expect(ended, args.join(" ")).toBe(exitCode);
    }
  });
});

describe("OpenLineage", () => {
  it("is what its own client reads, of the whole project and of a part", async () => {
    expect(readByOpenLineage(await lineage("--format", "openlineage"))).toEqual([
      { job: "clean.sales", inputs: ["raw.sales"], outputs: ["clean.sales"] },
      { job: "final.days", inputs: ["clean.sales"], outputs: ["final.days"] },
      { job: "out.days", inputs: ["final.days"], outputs: ["out.days"] },
    ]);
    expect(readByOpenLineage(await lineage("clean.sales", "--down", "0", "--format", "openlineage"))).toHaveLength(1);
  });

  it("tells values from conditions, and what decides about all rows apart", async () => {
    const events = (await lineage("--format", "openlineage"))
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, any>);
    const facet = (job: number): Record<string, any> => events[job]!["outputs"][0].facets.columnLineage;
    const ways = (fields: readonly any[]): unknown =>
      fields.map(
        ({ name, field, transformations }) =>
          `${name}.${field} ${transformations.map((each: any) => `${each.type} ${each.subtype ?? ""}`.trim()).join(", ")}`,
      );
    expect(ways(facet(0)["fields"].amount.inputFields)).toEqual(["raw.sales.price DIRECT IDENTITY"]);
    expect(ways(facet(0)["fields"].more.inputFields)).toEqual([
      "raw.sales.price DIRECT TRANSFORMATION",
      "raw.sales.sold_on DIRECT TRANSFORMATION",
    ]);
    expect(ways(facet(0)["dataset"])).toEqual(["raw.sales.status INDIRECT FILTER"]);
    expect(ways(facet(1)["fields"].total.inputFields)).toEqual(["clean.sales.amount DIRECT AGGREGATION"]);
    expect(ways(facet(1)["dataset"])).toEqual(["clean.sales.more INDIRECT GROUP_BY"]);
    // A field of a struct counts as its column.
    expect(ways(facet(1)["fields"].day.inputFields)).toEqual(["clean.sales.more DIRECT TRANSFORMATION"]);
    const { documentation, schema } = events[0]!["inputs"][0].facets;
    expect(documentation.description).toBe("Sales of the shop");
    expect(schema.fields[1]).toEqual({ name: "price", type: "DECIMAL(18,2)", description: "Price in dollars" });
  });
});

describe("what is told of columns", () => {
  it("inherits descriptions where a column is passed on unchanged, and says where they were written", async () => {
    const { asset } = (await millrace(["describe", "clean.sales", "--json"], shop.dir)).lines()[0]!;
    const told = asset.columns.map((column: any) => [column.name, column.description, column.descriptionFrom]);
    expect(told).toEqual([
      ["id", null, null],
      ["amount", "Price in dollars", "raw.sales.price"],
      ["price", "Price in dollars", "raw.sales.price"],
      ["more", null, null],
    ]);
    expect([asset.description, asset.descriptionFrom]).toEqual(["Paid sales", null]);
    expect((await millrace(["describe", "clean.sales"], shop.dir)).stdout).toMatch(
      /^amount +DECIMAL\(18,2\) +Price in dollars \(raw\.sales\.price\)$/m,
    );
  });

  it("is written as types, and checked in CI by an exit code", async () => {
    const types = (...args: readonly string[]): ReturnType<typeof millrace> => millrace(["types", ...args], shop.dir);
    expect((await types("--check")).exitCode).toBe(1);
    expect((await types()).exitCode).toBe(0);
    expect((await types("--check")).exitCode).toBe(0);
    shop.write("models/final/days.sql", "select more.day as day from clean.sales\n");
    const old = await types("--check", "--json");
    expect([old.exitCode, old.lines()[0]!["differs"]]).toEqual([1, ["final.days"]]);
    expect((await types("--out", "-")).stdout).toContain("export type FinalDays = {");
    expect((await types("--out", "-", "--check")).exitCode).toBe(2);
  });
});
