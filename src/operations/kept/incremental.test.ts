// Incremental models in whole projects: what a run does and says, what it refuses, checks that block, code that changes, going back.
import { describe, expect, it } from "vitest";
import type { App } from "../../app.ts";
import type { MillraceError } from "../../model/errors.ts";
import { testProjects } from "../projects.suite.ts";
import { reasonOf, rowsOf, run } from "./kept.suite.ts";

const { project, write, open } = testProjects("incremental", "name: increments\n");

const SALES = "id,sold,region,amount\n1,2026-01-01,n,10\n2,2026-01-01,s,20\n3,2026-01-02,n,30\n4,2026-01-05,n,40\n";
const SOURCE = { "sources/sales.yaml": "from: { files: { path: data/*.csv } }\nprimaryKey: [id]\nload: merge\n", "data/a.csv": SALES };
const model = (front: string, sql: string): string => `/*---\nmaterialize: incremental\n${front}\n---*/\n${sql}\n`;
const BOUND = "where sold >= $start and sold < $end";
const DAILY = { "models/daily.sql": model("incremental: { by: sold }", `select sold, region, amount from raw.sales ${BOUND}`) };

const planned = async (app: App, asset: string): Promise<string> =>
  (await app.plan({})).nodes.find((node) => node.asset === asset)?.reason ?? "";
const versions = (app: App): Promise<unknown[]> =>
  rowsOf(app, "select version from _millrace.versions where asset = 'main.daily' order by \"at\"").then((rows) =>
    rows.map((row) => (row as unknown[])[0]),
  );
const failure = (work: Promise<unknown>): Promise<MillraceError> =>
  work.then(
    () => expect.fail("it should fail"),
    (error: MillraceError) => error,
  );
/** Errors of a project whose only model this is. */
async function refused(front: string, sql: string): Promise<string[]> {
  const app = await open(project({ ...SOURCE, "models/bad.sql": model(front, sql) }));
  const error = await failure(app.plan({}));
  const all = error.errors !== undefined && error.errors.length > 0 ? error.errors : [error];
  return all.map(({ code, location }) => `${code} ${location?.file}:${location?.line}`);
}

describe("an incremental model", () => {
  it("by time does the intervals that a load touched, fills the gaps, and says so in plan and describe", async () => {
    const dir = project({ ...SOURCE, ...DAILY });
    const app = await open(dir);
    expect((await run(app)).summary.status).toBe("succeeded");
    expect(await reasonOf(app, "main.daily")).toBe("by time (sold, day): never built; 5 days, 2026-01-01..2026-01-05");
    write(dir, { "data/b.csv": "id,sold,region,amount\n5,2026-01-02,n,5\n6,2026-01-08,s,7\n2,2026-01-03,s,21\n" });
    expect(await planned(app, "main.daily")).toBe("raw.sales is refreshed before it; by time (sold, day)");
    expect((await run(app)).nodes["main.daily"]).toMatchObject({ status: "succeeded", rows: { loaded: 5 } });
    expect(await reasonOf(app, "main.daily")).toBe(
      "by time (sold, day): 2026-01-01..2026-01-03, 2026-01-06..2026-01-08 (4 days new rows of raw.sales, 3 days never built)",
    );
    expect((await app.describe("main.daily")).asset.incremental).toMatchObject({
      mode: "time",
      intervals: [{ from: "2026-01-01T00:00:00Z", to: "2026-01-09T00:00:00Z" }],
    });
    expect(await rowsOf(app, "from main.daily except all select sold, region, amount from raw.sales")).toEqual([]);
    expect(await rowsOf(app, "select count(*) from main.daily")).toEqual([[6]]);
    expect((await run(app)).nodes["main.daily"]).toMatchObject({ status: "reused" });
  });

  it("begins at `start:` and looks back again", async () => {
    const now = new Date().toISOString().slice(0, 10);
    const dir = project({
      ...SOURCE,
      "data/today.csv": `id,sold,region,amount\n9,${now},n,1\n`,
      "models/daily.sql": model(
        "incremental: { by: sold, start: 2026-01-02, lookback: 2d, unit: month }",
        `select sold, region, amount from raw.sales ${BOUND}`,
      ),
      "models/late.sql": model("incremental: { by: sold, start: 2026-01-02 }", `select sold, region, amount from raw.sales ${BOUND}`),
    });
    const app = await open(dir);
    await run(app);
    expect(await rowsOf(app, "select min(sold)::varchar from main.late")).toEqual([["2026-01-02"]]);
    expect(await rowsOf(app, "select min(sold)::varchar from main.daily")).toEqual([["2026-01-01"]]); // months begin with their first day
    expect(await planned(app, "main.daily")).toContain("its last intervals lie within its lookback of 2d");
    expect((await run(app)).nodes["main.daily"]).toMatchObject({ status: "reused" }); // looked at, and the same
    expect(await planned(app, "main.late")).toContain("unchanged");
  });

  it("does again what meets a changed row of a joined table, all where that is not known, and what is ignored not at all", async () => {
    const joined = (front: string): string =>
      model(front, `select s.sold, r.name, s.amount from raw.sales s join raw.regions r using (region) ${BOUND}`);
    const dir = project({
      ...SOURCE,
      "sources/regions.yaml": "from: { files: { path: regions.csv } }\n",
      "regions.csv": "region,name\nn,north\ns,south\n",
      "models/daily.sql": joined("incremental: { by: sold }"),
      "models/ignored.sql": joined("incremental: { by: sold, ignore: [raw.regions] }"),
      "models/all.sql": model(
        "incremental: { by: sold }",
        `select sold, (select max(name) from raw.regions) as last, amount from raw.sales ${BOUND}`,
      ),
    });
    const app = await open(dir);
    await run(app);
    write(dir, { "regions.csv": "region,name\nn,North\ns,south\n" });
    await run(app);
    expect(await reasonOf(app, "main.daily")).toBe(
      "by time (sold, day): 2026-01-01..2026-01-02, 2026-01-05 (3 days rows that meet what changed in raw.regions)",
    );
    expect(await reasonOf(app, "main.all")).toBe(
      "by time (sold, day): all 5 days: raw.regions changed, and no column of it tells the interval of its rows",
    );
    expect(await rowsOf(app, "select distinct name from main.daily order by 1")).toEqual([["North"], ["south"]]);
    expect(await rowsOf(app, "select distinct name from main.ignored order by 1")).toEqual([["north"], ["south"]]);
  });

  it("with other code is built anew beside; forward-only keeps the rows that are there and adds its columns to them", async () => {
    const dir = project({ ...SOURCE, ...DAILY });
    let app = await open(dir);
    await run(app);
    const more = `select sold, region, amount, amount * 2 as twice from raw.sales ${BOUND}`;
    write(dir, { "models/daily.sql": model("incremental: { by: sold }", more) });
    app = await open(dir);
    expect(await planned(app, "main.daily")).toContain("its SQL or its settings changed, a new version is built beside; 5 days");
    await run(app);
    expect(await rowsOf(app, "select count(*), count(twice) from main.daily")).toEqual([[4, 4]]);
    write(dir, {
      "models/daily.sql": model(
        "incremental: { by: sold, forwardOnly: true }",
        `select sold, region, amount, amount * 2 as twice, 'new' as made from raw.sales ${BOUND}`,
      ),
      "data/b.csv": "id,sold,region,amount\n7,2026-01-05,s,7\n",
    });
    app = await open(dir);
    await run(app);
    expect(await rowsOf(app, "select sold::varchar, made from main.daily order by all")).toEqual([
      ["2026-01-01", null],
      ["2026-01-01", null],
      ["2026-01-02", null],
      ["2026-01-05", "new"],
      ["2026-01-05", "new"],
    ]);
    expect((await run(app, { fullRefresh: true })).summary.status).toBe("succeeded");
    expect(await rowsOf(app, "select count(made) from main.daily")).toEqual([[5]]);
  });

  it("by key replaces, takes away, closes or keeps rows; the same key twice is told once", async () => {
    const files = {
      "sources/items.yaml": "from: { files: { path: items.csv } }\n",
      "items.csv": "id,seen,v\n1,2026-01-01,a\n1,2026-01-03,b\n1,2026-01-02,c\n2,2026-01-01,d\n,2026-01-01,e\n",
    };
    const sql = "select id, seen, v from raw.items";
    const dir = project({
      ...files,
      "models/gone.sql": model("key: [id]\nincremental: { cursor: seen }", sql),
      "models/closed.sql": model("key: [id]\nincremental: { cursor: seen, deletes: close }", sql),
      "models/stays.sql": model("key: [id]\nincremental: { cursor: seen, deletes: ignore }", sql),
    });
    const app = await open(dir);
    expect((await run(app)).nodes["main.gone"]).toMatchObject({ rows: { read: 5, loaded: 3, filtered: 2 } });
    expect(await rowsOf(app, "select id, v from main.gone order by all nulls last")).toEqual([
      [1, "b"],
      [2, "d"],
      [null, "e"],
    ]);
    write(dir, { "items.csv": "id,seen,v\n1,2026-01-05,z\n,2026-01-02,f\n" });
    await run(app);
    const rows = (name: string): Promise<unknown[]> => rowsOf(app, `select id, v from main.${name} order by all nulls last`);
    expect(await rows("gone")).toEqual([
      [1, "z"],
      [null, "f"],
    ]);
    expect(await rows("stays")).toEqual([
      [1, "z"],
      [2, "d"],
      [null, "f"],
    ]);
    expect(await rowsOf(app, "select id, v, deleted_at is not null from main.closed order by all nulls last")).toEqual([
      [1, "z", false],
      [2, "d", true],
      [null, "f", false],
    ]);
    write(dir, { "items.csv": "id,seen,v\n2,2026-01-06,back\n" });
    await run(app);
    expect(await rowsOf(app, "select id, deleted_at is not null from main.closed order by all nulls last")).toEqual([
      [1, true],
      [2, false],
      [null, true],
    ]);
  });

  it("reads from its cursor on, and from where late rows came", async () => {
    const dir = project({
      ...SOURCE,
      "models/latest.sql": model("key: [id]\nincremental: { cursor: sold }", "select id, sold, amount from raw.sales where sold >= $start"),
      "models/log.sql": model("incremental: { mode: append, cursor: sold }", "select id, sold, amount from raw.sales where sold >= $start"),
    });
    const app = await open(dir);
    await run(app);
    write(dir, { "data/b.csv": "id,sold,region,amount\n7,2026-01-05,n,7\n8,2026-01-02,n,8\n1,2026-01-06,n,11\n" });
    await run(app);
    expect(await reasonOf(app, "main.latest")).toContain("sold from 2026-01-01T00:00:00.000Z on, since raw.sales has late rows");
    expect(await rowsOf(app, "from main.latest except all select id, sold, amount from raw.sales")).toEqual([]);
    expect(await rowsOf(app, "select id from main.log order by all")).toEqual([[1], [1], [2], [3], [4], [7], [8]]);
  });

  it("keeps what readers see when a check says stop; records that break one wait once", async () => {
    const front =
      "incremental: { by: sold }\nchecks: [{ range: { column: amount, max: 50 } }, { rule: { name: known, where: \"region <> 'x'\" }, onFail: quarantine }]";
    const dir = project({ ...SOURCE, "models/daily.sql": model(front, `select id, sold, region, amount from raw.sales ${BOUND}`) });
    const app = await open(dir);
    await run(app);
    const before = await rowsOf(app, "from main.daily order by all");
    write(dir, { "data/b.csv": "id,sold,region,amount\n7,2026-01-05,n,999\n" });
    expect((await run(app)).nodes["main.daily"]).toMatchObject({ status: "failed", error: { code: "MR4501" } });
    expect(await rowsOf(app, "from main.daily order by all")).toEqual(before);
    write(dir, { "data/b.csv": "id,sold,region,amount\n7,2026-01-05,n,9\n8,2026-01-05,x,1\n" });
    await run(app);
    write(dir, { "data/c.csv": "id,sold,region,amount\n10,2026-01-05,n,3\n" });
    await run(app);
    expect(await rowsOf(app, "select id from main.daily order by id")).toEqual([[1], [2], [3], [4], [7], [10]]);
    expect(await rowsOf(app, "select count(*) from _millrace.quarantine where asset = 'main.daily' and status = 'open'")).toEqual([[1]]);
  });

  it("can be rolled back to the version before, with its intervals, and goes on from there", async () => {
    const dir = project({ ...SOURCE, ...DAILY });
    const app = await open(dir);
    await run(app);
    const before = await rowsOf(app, "from main.daily order by all");
    write(dir, { "data/b.csv": "id,sold,region,amount\n2,2026-01-03,s,21\n6,2026-01-08,s,7\n" });
    await run(app);
    const [first] = await versions(app);
    await app.rollback({ asset: "main.daily", to: String(first), by: "test" } as Parameters<App["rollback"]>[0]);
    expect(await rowsOf(app, "from main.daily order by all")).toEqual(before);
    await run(app);
    expect(await rowsOf(app, "from main.daily order by all")).toEqual(before); // it holds while nothing changes
    write(dir, { "data/c.csv": "id,sold,region,amount\n11,2026-01-01,s,5\n" });
    await run(app);
    expect(await rowsOf(app, "(select sold, region, amount from raw.sales except all from main.daily)")).toEqual([]);
    expect(await rowsOf(app, "select count(*) from main.daily")).toEqual([[6]]);
  });

  it("is built whole when what it reads gives it other columns", async () => {
    const dir = project({
      "sources/items.yaml": "from: { files: { path: items.csv } }\n",
      "items.csv": "id,at\n1,2026-01-01\n2,2026-01-02\n",
      "models/all.sql": model("incremental: { by: at }", "select * from raw.items"),
    });
    const app = await open(dir);
    await run(app);
    write(dir, { "items.csv": "id,at,more\n1,2026-01-01,x\n2,2026-01-02,y\n" });
    await run(app);
    expect(await rowsOf(app, "select id, more from main.all order by id")).toEqual([
      [1, "x"],
      [2, "y"],
    ]);
    expect(await reasonOf(app, "main.all")).toContain("its columns are others now (more); 2 days");
  });

  it("refuses at its definition what does not go together, at its place", async () => {
    expect(await refused("description: how", "select 1 as a")).toEqual(["MR4610 models/bad.sql:2"]);
    expect(await refused("incremental: { mode: merge }", "select 1 as a")).toEqual(["MR4610 models/bad.sql:3"]);
    expect(await refused("incremental:\n  by: sold\n  deletes: delete\n  cursor: sold", "select sold from raw.sales")).toEqual([
      "MR4610 models/bad.sql:5",
      "MR4610 models/bad.sql:6",
    ]);
    expect(await refused("key: [id]", `select id\nfrom raw.sales\n${BOUND}`)).toEqual([
      "MR4611 models/bad.sql:7",
      "MR4611 models/bad.sql:7",
    ]);
    expect(await refused("incremental: { by: sold, start: yesterday }", "select sold from raw.sales")).toEqual(["MR4610 models/bad.sql:3"]);
    expect(await refused("incremental: { mode: append, deletes: close }", "select id from raw.sales")).toEqual(["MR4610 models/bad.sql:3"]);
    expect(await refused("incremental: { by: sold }", "select sold from raw.sales where region = $partition")).toEqual([
      "MR4611 models/bad.sql:5",
    ]);
  });

  it("fails with advice where its column cannot carry its intervals", async () => {
    const failed = async (front: string, sql: string): Promise<string | undefined> => {
      const { nodes } = await run(await open(project({ ...SOURCE, "models/bad.sql": model(front, sql) })));
      return nodes["main.bad"]?.error?.code;
    };
    expect(
      await failed("incremental: { by: day }", `select date_trunc('month', sold) as day, count(*) as n from raw.sales ${BOUND} group by 1`),
    ).toBe("MR4613");
    expect(await failed("incremental: { by: region }", "select region from raw.sales")).toBe("MR4613");
    expect(await failed("incremental: { by: sold, unit: hour }", `select sold::date as sold from raw.sales ${BOUND}`)).toBe("MR4613");
    expect(await failed("incremental: { by: sold }", "select sold from raw.sales where sold > $start and sold <= $end")).toBe("MR4613");
    expect(
      await failed("incremental: { by: at }", "select now() as at, region from raw.sales where region <> strftime($start, '%Y')"),
    ).toBe("MR4612");
  });
});
