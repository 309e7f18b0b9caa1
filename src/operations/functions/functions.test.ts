// Macros, seeds and functions of TypeScript in whole projects: what runs, what is built again, what tests see.
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { App } from "../../app.ts";
import { MillraceError } from "../../model/errors.ts";
import { testProjects } from "../projects.suite.ts";

const { project, write, open } = testProjects("functions", "name: shop\n");

async function built(app: App): Promise<Readonly<Record<string, string>>> {
  const nodes: Record<string, string> = {};
  const summary = await app.run({}, (event) => {
    if (event.type === "node" && event.asset !== undefined)
      nodes[event.asset] = `${event.status}${event.error === null || event.error === undefined ? "" : `: ${event.error.message}`}`;
  });
  expect(summary.status, JSON.stringify(nodes)).toBe("succeeded");
  return nodes;
}

/** Everything that is wrong with the project: codes and places. */
async function wrong(app: App): Promise<readonly (readonly unknown[])[]> {
  const thrown = await app.plan({}).catch((error: unknown) => error);
  const errors = thrown instanceof MillraceError ? (thrown.errors.length > 0 ? thrown.errors : [thrown]) : [];
  return errors.map(({ code, location }) => [code, location?.file, location?.line]);
}

async function rows(app: App, sql: string): Promise<readonly (readonly unknown[])[]> {
  const found: (readonly unknown[])[] = [];
  await app.query(sql, (part) => {
    if ("rows" in part) found.push(...part.rows);
  });
  return found;
}

const shop = {
  "models/clean/regions.csv": "region,tax\nnorth,0.1\nsouth,0.2\n",
  "models/clean/regions.yaml": "description: Tax per region\ncolumns: { tax: { type: double } }\nchecks: [{ unique: [region] }]\n",
  "macros/money.sql":
    "create macro net(price, place) as price * (1 - tax_of(place));\ncreate macro tax_of(r) as (select t.tax from clean.regions t where t.region = r);",
  "macros/rows.sql":
    "create macro regions_above(least) as table select region from clean.regions where tax > least;\ncreate macro spare(x) as x;",
  "models/final/prices.sql": "/*---\nmaterialize: table\n---*/\nselect s.region, round(net(100, s.region), 2) as net from clean.regions s",
  "models/final/high.sql": "from regions_above(0.15)",
  "models/final/plain.sql": "/*---\nmaterialize: table\n---*/\nselect count(*) as n from clean.regions",
};

describe("macros and seeds of a project", () => {
  it("run, also where macros call each other and read assets that are only built in this run", async () => {
    const dir = project(shop);
    const app = await open(dir);
    await built(app);
    expect(await rows(app, "select region, net::double from final.prices order by 1")).toEqual([
      ["north", 90],
      ["south", 80],
    ]);
    expect(await rows(app, "from final.high")).toEqual([["south"]]);
    expect(await rows(app, "select net(10, 'north')::double")).toEqual([[9]]);
    expect((await app.describe("clean.regions")).asset).toMatchObject({ description: "Tax per region", kind: "source" });
  });

  it("build again what calls a changed macro, and nothing else; a macro that is gone is gone from the warehouse, except where a view still calls it", async () => {
    const dir = project(shop);
    await built(await open(dir));
    const again = await built(await open(dir));
    expect(again).toMatchObject({ "final.prices": "reused", "final.plain": "reused" });
    write(dir, { "macros/money.sql": shop["macros/money.sql"].replace("1 - tax_of", "1 - 2 * tax_of") });
    const app = await open(dir);
    expect(await built(app)).toMatchObject({ "final.prices": "succeeded", "final.plain": "reused" });
    expect(await rows(app, "select net::double from final.prices order by region")).toEqual([[80], [60]]);
    rmSync(join(dir, "macros/rows.sql"));
    write(dir, {
      "models/final/high.sql": "select region from clean.regions where tax > 0.15",
      "models/final/plain.sql": `${shop["models/final/plain.sql"]} where tax > 0`,
    });
    const last = await open(dir);
    await built(last);
    await expect(rows(last, "select spare(1)")).rejects.toThrow(/spare/);
    expect(await rows(last, "from final.high")).toEqual([["south"]]);
  });

  it("are in sight of unit tests", async () => {
    const dir = project({
      ...shop,
      "tests/prices.yaml":
        "model: final.prices\ngiven:\n  clean.regions:\n    - { region: east, tax: 0.5 }\nexpect:\n  - { region: east, net: 50 }\n",
    });
    const app = await open(dir);
    const answer = await app.test({ names: [] }, () => {});
    expect(JSON.stringify(answer)).toContain('"passed"');
  });

  it("tell what is wrong in them with their places", async () => {
    const dir = project({
      ...shop,
      "macros/money.sql": "create macro net(price, place) as price * taxes;",
      "macros/rows.sql": "create macro regions_above(x) as table select nosuch(x) as y",
    });
    const app = await open(dir);
    expect(await wrong(app)).toEqual([
      ["MR2003", "macros/money.sql", 1],
      ["MR2008", "macros/rows.sql", 1],
    ]);
  });
});

describe("the errors of a project", () => {
  it("are told in one go, each in its own file at its line, with what may be meant", async () => {
    const dir = project({
      "models/raw/people.csv": "name,born\nAda,1815\n",
      "models/a.sql": "-- a\nselect nam from raw.people",
      "models/b.sql": "select * from raw.peple",
      "models/c.sql": "select 1 as",
      "models/d.sql": "select upperr(name) as n from raw.people",
      "checks/e.sql": "/*---\non: raw.people\n---*/\nselect * from raw.people where borne < 0",
      "exports/f.yaml": "sql: |\n  select name, brn\n  from raw.people\nto: { files: { path: out/f.csv } }\n",
    });
    const app = await open(dir);
    const thrown = await app.plan({}).catch((error: unknown) => error);
    const errors = (thrown as MillraceError).errors.map(
      ({ code, location, hint }) => `${code} ${location?.file}:${location?.line}:${location?.column} ${hint?.slice(0, 24)}`,
    );
    expect(errors).toEqual([
      'MR2003 checks/e.sql:4:32 did you mean "born"? — a',
      'MR2003 exports/f.yaml:2:16 did you mean "born"? — a',
      'MR2003 models/a.sql:2:8 did you mean "name"? — a',
      'MR2002 models/b.sql:1:15 did you mean "raw.people',
      "MR2001 models/c.sql:1:12 DuckDB's parser stopped ",
      'MR2008 models/d.sql:1:8 did you mean "upper"?',
    ]);
  });
});

const functionsFile = (body: string): string => `import { defineFunction } from "millrace";
export const initials = defineFunction({
  name: "initials", parameters: ["VARCHAR", "INTEGER"], returns: "VARCHAR",
  call: (name, most) => ${body},
});
`;

describe("functions registered from TypeScript", () => {
  const files = {
    "models/raw/people.csv": "name,born\nAda Lovelace,1815-12-10\nAlan Turing,1912-06-23\n,\n",
    "models/clean/people.sql": "/*---\nmaterialize: table\n---*/\nselect initials(name, 2) as short, name from raw.people",
    "models/clean/other.sql": "/*---\nmaterialize: table\n---*/\nselect count(*) as n from raw.people",
    "pipelines/functions.ts": functionsFile('name === null ? null : name.split(" ").map((word) => word[0]).slice(0, most ?? 1).join("")'),
  };

  it("are called in models, and their code is a part of them", async () => {
    const dir = project(files);
    const app = await open(dir);
    await built(app);
    expect((await rows(app, "select short from clean.people order by name")).slice(0, 2)).toEqual([["AL"], ["AT"]]);
    expect(await built(await open(dir))).toMatchObject({ "clean.people": "reused" });
    const text = readFileSync(join(dir, "pipelines/functions.ts"), "utf8");
    writeFileSync(join(dir, "pipelines/functions.ts"), text.replace('join("")', 'join(".")'));
    const changed = await open(dir);
    expect(await built(changed)).toMatchObject({ "clean.people": "succeeded", "clean.other": "reused" });
    expect((await rows(changed, "select short from clean.people order by name")).slice(0, 2)).toEqual([["A.L"], ["A.T"]]);
  });

  it("that throw or give another type fail the model with their words", async () => {
    const dir = project({ ...files, "pipelines/functions.ts": functionsFile("7 as never") });
    const app = await open(dir);
    const events: string[] = [];
    const summary = await app.run({}, (event) => void events.push(JSON.stringify(event)));
    expect(summary.status).toBe("partial");
    expect(events.join("\n")).toContain("initials(): 7 is no VARCHAR");
  });

  it("are refused in a view, and two of one name", async () => {
    const dir = project({
      ...files,
      "models/clean/people.sql": "select initials(name, 2) as short from raw.people",
      "macros/initials.sql": "create macro initials(a, b) as a",
    });
    const app = await open(dir);
    expect((await wrong(app)).map(([code]) => code)).toContain("MR2041");
    rmSync(join(dir, "macros/initials.sql"));
    expect(await wrong(await open(dir))).toEqual([["MR2042", "models/clean/people.sql", 1]]);
  });
});

describe("assets of TypeScript with declared columns", () => {
  const files = {
    "models/raw/people.csv": "name,born\nAda,1815\n",
    "pipelines/scored.ts": `import { defineAsset } from "millrace";
export const scored = defineAsset({
  name: "clean.scored", needs: ["raw.people"], columns: { name: { type: "text" }, score: { type: "double" } },
  async *transform({ read }) { for await (const batch of read("raw.people")) yield batch.map((row) => ({ name: row["name"], score: 0.5, more: 1 })); },
});
`,
    "models/final/top.sql": "/*---\nmaterialize: table\n---*/\nselect name, round(score * 100) as percent from clean.scored",
    "models/final/more.sql": "/*---\nmaterialize: table\n---*/\nselect more from clean.scored",
  };

  it("are known before the first run: what reads them has columns, types and lineage; what is not declared waits for the run", async () => {
    const app = await open(project(files));
    const { asset } = await app.describe("final.top");
    expect(asset.columns.map(({ name, type }) => `${name} ${type}`)).toEqual(["name VARCHAR", "percent DOUBLE"]);
    const lineage = await app.lineage("final.top", { up: 1, down: 1 });
    expect(JSON.stringify(lineage)).toContain("clean.scored.score");
    expect(await built(app)).toMatchObject({ "final.top": "succeeded", "final.more": "succeeded" });
  });
});

describe("macros on a branch", () => {
  it("are its own: what it builds and reads calls them, and prod's views go on calling prod's", async () => {
    const files = {
      "models/raw/prices.csv": "price\n10\n20\n",
      "macros/net.sql": "create macro net(price) as price * 2;",
      "models/final/seen.sql": "select net(price) as net from raw.prices",
      "models/final/kept.sql": "/*---\nmaterialize: table\n---*/\nselect net(price) as net from raw.prices",
    };
    const dir = project(files);
    await built(await open(dir));
    write(dir, { "macros/net.sql": "create macro net(price) as price * 3;" });
    const branch = await open(dir, "feature");
    await built(branch);
    const all = "select sum(s.net)::integer, (select sum(k.net)::integer from final.kept k) from final.seen s";
    expect(await rows(branch, all)).toEqual([[90, 90]]);
    expect(await rows(await open(dir, "feature"), all)).toEqual([[90, 90]]);
    const prod = await open(dir);
    expect(await rows(prod, all)).toEqual([[60, 60]]);
    await prod.envPromote({ environment: "feature", dryRun: false });
    expect(await rows(prod, all)).toEqual([[90, 90]]);
  });
});
