// layout: stored rows lie in order, a filter reads little of them, and another layout is another order of the same rows, nothing more.
import { describe, expect, it } from "vitest";
import type { App } from "../../app.ts";
import type { NodeEventAnswer } from "../../model/answers.ts";
import { openWarehouse } from "../../sql/warehouse.ts";
import { testProjects } from "../projects.suite.ts";

const { project, write, open } = testProjects("layout", "name: layouts\n");

const ROWS = 400_000;
const model = (layout: string): string =>
  `/*---\nmaterialize: table\n${layout}---*/\nselect i as id, (i * 7919) % ${ROWS} as k, i % 3 as region from range(${ROWS}) r(i); -- end\n`;

async function run(app: App): Promise<Record<string, NodeEventAnswer>> {
  const nodes: Record<string, NodeEventAnswer> = {};
  const summary = await app.run({}, (progress) => {
    if (progress.type === "node") nodes[progress.asset ?? ""] = progress;
  });
  expect(summary.status, JSON.stringify(nodes)).toBe("succeeded");
  return nodes;
}

/** Row groups that may hold the value, by what DuckDB knows of each; and how many there are. */
async function rowGroups(dir: string, column: string, value: number): Promise<{ matching: number; all: number }> {
  const warehouse = await openWarehouse({ path: `${dir}/.millrace/warehouse.duckdb` });
  try {
    return await warehouse.session(async (session) => {
      const live = await session.row<{ physical: string }>(
        "select physical from _millrace.versions v join _millrace.environments e using (asset, version) where v.asset = 'clean.t'",
      );
      const row = await session.row<{ matching: number; all: number }>(
        `select count(distinct row_group_id) filter (where ${value} between regexp_extract(stats, 'Min: (-?\\d+)', 1)::bigint and regexp_extract(stats, 'Max: (-?\\d+)', 1)::bigint) as matching,
           count(distinct row_group_id) as "all" from pragma_storage_info('_millrace_data.${live!.physical}') where column_name = '${column}' and segment_type <> 'VALIDITY'`,
      );
      return row!;
    });
  } finally {
    warehouse.close();
  }
}

describe("layout", () => {
  it("lets a filter read one row group in place of all, and another layout keeps version and readers downstream", async () => {
    const dir = project({
      "models/clean/t.sql": model(""),
      "models/clean/n.sql": "/*---\nmaterialize: table\n---*/\nselect count(*) as n, sum(k) as k from clean.t\n",
    });
    let app = await open(dir);
    await run(app);
    const none = await rowGroups(dir, "k", 5_000);
    expect(none.matching).toBe(none.all);

    write(dir, { "models/clean/t.sql": model("layout: { sort: k }\n") });
    app = await open(dir);
    const before = (await app.describe("clean.t")).asset.version;
    expect((await app.plan({})).nodes.map(({ asset, action, change }) => [asset, action, change])).toEqual([
      ["clean.t", "build", "none"],
      ["clean.n", "reuse", "none"],
    ]);
    const nodes = await run(app);
    expect([nodes["clean.t"]?.status, nodes["clean.n"]?.status]).toEqual(["succeeded", "reused"]);
    expect((await app.describe("clean.t")).asset.version).toBe(before);
    expect(await rowGroups(dir, "k", 5_000)).toEqual({ matching: 1, all: none.all });
    expect((await run(app))["clean.t"]?.status).toBe("reused");

    write(dir, { "models/clean/t.sql": model("layout: { partition: region, sort: [k] }\n") });
    app = await open(dir);
    await run(app);
    const sorted: unknown[] = [];
    await app.query(
      "select count(*) from (select region, k, lag(region) over () as r, lag(k) over () as l from clean.t) where region < r or (region = r and k < l)",
      (part) => void ("rows" in part && sorted.push(...part.rows)),
    );
    expect(sorted).toEqual([[0]]);
  });

  it("names its columns when one is not there", async () => {
    const app = await open(project({ "models/clean/t.sql": model("layout: { sort: [k, regon] }\n") }));
    const error = await app.plan({}).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "MR4640", hint: 'did you mean "region"?', location: { file: "models/clean/t.sql", line: 3 } });
  });

  it.each([
    ["incremental", "key: [nope]", 'select 1 as "Id"', "key names nope"],
    ["incremental", "incremental: { by: soldon }", "select date '2026-01-01' as sold_on", "incremental.by names soldon"],
    ["incremental", "incremental: { mode: partition, by: [id, zz] }", "select 1 as id", "incremental.by names zz"],
    ["incremental", "key: [id]\nincremental: { cursor: at }", "select 1 as id", "incremental.cursor names at"],
    ["view", "columns: { prise: Price paid }", "select 1 as price", "columns.prise names prise"],
  ])("holds all that %s with %s names to its columns before anything runs", async (how, settings, query, words) => {
    const sql = `/*---\nmaterialize: ${how}\n${settings}\n---*/\n${query}`;
    const app = await open(project({ "models/clean/t.sql": sql }));
    const error = await app.plan({}).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "MR4640", message: `clean.t: ${words}, which is no column of its query` });
  });

  it("tells a check's unknown column and a wrong type at their places, all in one go", async () => {
    const front =
      "materialize: table\nchecks:\n  - notNull: [ID, zz]\ncolumns:\n  id: { type: banana }\n  at: { type: TEXT }\n  n: { type: bigint }";
    const sql = `/*---\n${front}\n---*/\nselect 1 as id, date '2026-01-01' as at, 2::bigint as n`;
    const error: any = await (await open(project({ "models/clean/t.sql": sql }))).plan({}).catch((thrown: unknown) => thrown);
    expect(error.errors.map(({ code, message, location: { line } }: any) => [code, line, message])).toEqual([
      ["MR4640", 4, "clean.t: the check notNull(ID, zz) names zz, which is no column of its query"],
      ["MR4014", 6, 'clean.t: columns.id: the type "banana" is not known'],
      ["MR4648", 7, "clean.t: columns.at says TEXT, but the query gives DATE"],
    ]);
    expect(error.errors[2].hint).toBe("write it in the query: (…)::VARCHAR as at; or declare DATE");
  });

  it("takes a type however it is written, of lists and structs too", async () => {
    const front =
      "materialize: table\ncolumns:\n  a: { type: 'struct(x int, y varchar)' }\n  b: { type: 'Int[]' }\n  c: { type: 'numeric(9, 2)' }";
    const sql = `/*---\n${front}\n---*/\nselect {'x': 1, 'y': 'b'} as a, [1] as b, 1::decimal(9,2) as c`;
    expect((await run(await open(project({ "models/clean/t.sql": sql }))))["clean.t"]?.status).toBe("succeeded");
  });

  it("knows the column that deletes: close adds, in any case", async () => {
    const front = "materialize: incremental\nkey: [ID]\nincremental: { deletes: close }\ncolumns: { Deleted_At: When it went, iD: Which }";
    const app = await open(project({ "models/clean/t.sql": `/*---\n${front}\n---*/\nselect 1 as id` }));
    expect((await run(app))["clean.t"]?.status).toBe("succeeded");
  });

  it("orders what an incremental model holds whenever all of it is made", async () => {
    const sql = model("layout: { sort: k }\n").replace("materialize: table", "materialize: incremental\nkey: [id]");
    const dir = project({ "models/clean/t.sql": sql });
    await run(await open(dir));
    expect((await rowGroups(dir, "k", 5_000)).matching).toBe(1);
  });
});
