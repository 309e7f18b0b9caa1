// External models: files that others read, a view that reads them, versions side by side, and what a kill or a hand leaves.
import { existsSync, lstatSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { App } from "../../app.ts";
import type { NodeEventAnswer } from "../../model/answers.ts";
import { testProjects } from "../projects.suite.ts";

const { project, write, open } = testProjects("external", "name: external\n");

const model = (external: string, sql: string): string => `/*---\nmaterialize: external\nexternal: ${external}\n---*/\n${sql}\n`;

async function run(app: App): Promise<Record<string, NodeEventAnswer>> {
  const nodes: Record<string, NodeEventAnswer> = {};
  await app.run({}, (progress) => {
    if (progress.type === "node") nodes[progress.asset ?? ""] = progress;
  });
  return nodes;
}

async function rowsOf(app: App, sql: string): Promise<unknown[]> {
  const rows: unknown[] = [];
  await app.query(sql, (part) => void ("rows" in part && rows.push(...part.rows)));
  return rows;
}

const VALUES = `select * from (values (1, 'Ulm', 1.50::decimal(9,2), date '2026-01-02', {a: 1, b: ['x', null]}, null::integer),
  (2, 'a b/c', null, null, null, 7), (3, null, 0.1, date '2026-01-03', {a: null, b: []}, 8), (4, '', 2, null, null, 9)) v(id, city, price, day, parts, n)`;

describe("an external model", () => {
  for (const [external, count] of [
    ["{ path: out/t, partitionBy: city }", 4],
    ["{ path: out/t/, format: parquet, compression: zstd }", 1],
    ["{ path: out/t, format: csv, compression: gzip }", 1],
    ["{ path: out/t, format: csv, partitionBy: [n] }", 4],
    ["{ path: out/t, format: ndjson }", 1],
  ] as const)
    it(`is files that read as what the query gave: ${external}`, async () => {
      // DuckDB does not tell an empty value of a folder from none in all formats: such rows stay out of this one.
      const sql = external.includes("partitionBy: city") ? `${VALUES} where city <> '' or city is null` : VALUES;
      const dir = project({ "models/clean/t.sql": model(external, sql), "models/clean/n.sql": "select count(*) as n from clean.t" });
      const app = await open(dir);
      const nodes = await run(app);
      expect(nodes["clean.t"]?.status, JSON.stringify(nodes)).toBe("succeeded");
      expect(await rowsOf(app, `select count(*) from ((${sql}) except (select * from clean.t))`)).toEqual([[0]]);
      const types = "select column_name, column_type from (describe";
      expect(await rowsOf(app, `${types} clean.t)`)).toEqual(await rowsOf(app, `${types} ${sql})`));
      const files = readdirSync(join(dir, "out/t"), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
      expect(files).toHaveLength(external.includes("partitionBy: city") ? 3 : count);
      if (external.includes("city"))
        expect(readdirSync(join(dir, "out/t")).toSorted()).toEqual(["city=Ulm", "city=__HIVE_DEFAULT_PARTITION__", "city=a%20b%2Fc"]);
      expect((await run(app))["clean.t"]?.status).toBe("reused");
    });

  it("keeps a few versions, of which one can be shown again, and removes older ones", async () => {
    const dir = project({ "models/clean/t.sql": model("{ path: out/t }", "select 0 as v") });
    for (let v = 1; v <= 5; v++) {
      write(dir, { "models/clean/t.sql": model("{ path: out/t }", `select ${v} as v`) });
      expect((await run(await open(dir)))["clean.t"]?.status).toBe("succeeded");
    }
    const app = await open(dir);
    expect(readdirSync(join(dir, "out/.t.versions"))).toHaveLength(3);
    expect(await rowsOf(app, `select v from read_parquet('${dir}/out/t/*.parquet')`)).toEqual([[5]]);
    const [version] = (
      await rowsOf(
        app,
        `select version from _millrace.versions where asset = 'clean.t' and view_sql is not null order by "at" desc offset 1`,
      )
    ).flat();
    await app.rollback({ asset: "clean.t", to: String(version), dryRun: false });
    expect(await rowsOf(app, "select v from clean.t")).toEqual([[4]]);
    expect((await app.plan({})).nodes[0]).toMatchObject({
      action: "build",
      change: "none",
      reason: "out/t does not lead to the files that readers see",
    });
    await run(app);
    expect(await rowsOf(app, `select v from read_parquet('${dir}/out/t/*.parquet')`)).toEqual([[4]]);
    expect((await app.plan({})).nodes[0]).toMatchObject({ action: "reuse", reason: expect.stringContaining("rolled back") });
  });

  it("stays as it is when a check says stop, and writes nothing over what it did not make", async () => {
    const checked = (sql: string): string => model("{ path: out/t }\nchecks: [{ rowCount: { max: 1 } }]", sql);
    const dir = project({ "models/clean/t.sql": checked("select 1 as v") });
    await run(await open(dir));
    write(dir, { "models/clean/t.sql": checked("select unnest([1, 2]) as v") });
    const app = await open(dir);
    expect((await run(app))["clean.t"]).toMatchObject({ status: "failed" });
    expect(await rowsOf(app, "select v from clean.t")).toEqual([[1]]);
    expect(readdirSync(join(dir, "out/.t.versions"))).toHaveLength(1);

    const other = project({ "models/clean/t.sql": model("{ path: out/t }", "select 1 as v") });
    mkdirSync(join(other, "out/t"), { recursive: true });
    writeFileSync(join(other, "out/t/mine.txt"), "mine");
    expect((await run(await open(other)))["clean.t"]).toMatchObject({ status: "failed", error: { code: "MR4645" } });
    expect(existsSync(join(other, "out/t/mine.txt"))).toBe(true);
  });

  it("puts right what a kill or a hand left, without a new version", async () => {
    const dir = project({
      "models/clean/t.sql": model("{ path: out/t }", "select 1 as v"),
      "models/clean/n.sql": "/*---\nmaterialize: table\n---*/\nselect * from clean.t",
    });
    let app = await open(dir);
    await run(app);
    const versions = join(dir, "out/.t.versions");
    const [folder] = readdirSync(versions);
    const version = (await app.describe("clean.t")).asset.version;

    // Killed after it was published and before the path led there; another one while it wrote.
    rmSync(join(dir, "out/t"));
    symlinkSync(".t.versions/clean_t-0000000000000000", join(dir, "out/t"));
    mkdirSync(join(versions, ".clean_t-1111111111111111.part"));
    app = await open(dir);
    expect((await app.plan({})).nodes.map(({ action, reason }) => [action, reason.slice(0, 24)])).toEqual([
      ["build", "out/t does not lead to t"],
      ["reuse", expect.any(String)],
    ]);
    await run(app);
    expect(readdirSync(versions)).toEqual([folder]);
    expect(await rowsOf(app, `select v from read_parquet('${dir}/out/t/*.parquet')`)).toEqual([[1]]);

    rmSync(versions, { recursive: true });
    app = await open(dir);
    expect((await app.plan({})).nodes[0]).toMatchObject({ action: "build", reason: "the files of out/t are not there any more" });
    const nodes = await run(app);
    expect([nodes["clean.t"]?.status, nodes["clean.n"]?.status]).toEqual(["succeeded", "reused"]);
    expect((await app.describe("clean.t")).asset.version).toBe(version);
    expect(lstatSync(join(dir, "out/t")).isSymbolicLink()).toBe(true);
    expect(await rowsOf(app, "select v from clean.t")).toEqual([[1]]);
  });

  it("has no row and is read all the same; what a format cannot hold is refused", async () => {
    const dir = project({
      "models/clean/t.sql": model("{ path: out/t, partitionBy: k }", "select 1 as v, 'a' as k where false"),
      "models/clean/h.sql": model("{ path: out/h }", "select 170141183460469231731687303715884105727::hugeint as h"),
    });
    const app = await open(dir);
    const nodes = await run(app);
    expect(nodes["clean.t"]?.status).toBe("succeeded");
    expect(await rowsOf(app, "select * from clean.t")).toEqual([]);
    expect(nodes["clean.h"]).toMatchObject({ status: "failed", error: { code: "MR4646" } });
    expect((await run(app))["clean.t"]?.status).toBe("reused");
  });

  it("writes where an environment variable says", async () => {
    process.env["KEPT_OUT"] = "out/elsewhere";
    try {
      const dir = project({ "models/clean/t.sql": model('{ path: "${env:KEPT_OUT}/t" }', "select 1 as v") });
      const app = await open(dir);
      expect((await run(app))["clean.t"]?.status).toBe("succeeded");
      expect(readdirSync(join(dir, "out/elsewhere/t"))).toEqual(["data.parquet"]);
      expect((await app.plan({})).nodes[0]).toMatchObject({ action: "reuse" });
    } finally {
      delete process.env["KEPT_OUT"];
    }
  });

  it("is read by models of every kind, and they follow it", async () => {
    const dir = project({
      "sources/sales.yaml": "from: { files: { path: data/*.csv } }\nload: append\n",
      "data/a.csv": "id,region,amount\n1,n,10\n2,s,20\n",
      "models/clean/t.sql": model("{ path: out/t, partitionBy: region }", "select id, region, amount from raw.sales"),
      "models/final/maintained.sql":
        "/*---\nmaterialize: incremental\nincremental: { mode: maintain }\n---*/\nselect region, sum(amount) as total from clean.t group by region",
      "models/final/keyed.sql": "/*---\nmaterialize: incremental\nkey: [id]\n---*/\nselect id, amount from clean.t",
      "models/final/history.sql":
        "/*---\nmaterialize: snapshot\nkey: [region]\n---*/\nselect region, sum(amount) as total from clean.t group by region",
    });
    const app = await open(dir);
    await run(app);
    write(dir, { "data/b.csv": "id,region,amount\n3,n,1\n" });
    const nodes = await run(app);
    expect(Object.values(nodes).map(({ status }) => status)).toEqual(Array.from({ length: 5 }, () => "succeeded"));
    expect(await rowsOf(app, "select * from final.maintained order by all")).toEqual([
      ["n", 11],
      ["s", 20],
    ]);
    expect(await rowsOf(app, "select * from final.keyed order by all")).toHaveLength(3);
    expect(await rowsOf(app, "select region, total from final.history where valid_to is null order by all")).toEqual([
      ["n", 11],
      ["s", 20],
    ]);
  });
});
