// What `plan` says of the way in which models are built: groups, intervals, history; or all of it, with the reason.
import { describe, expect, it } from "vitest";
import type { App } from "../../app.ts";
import { testProjects } from "../projects.suite.ts";
import { reasonOf, rowsOf, runAll } from "./kept.suite.ts";

const { project, write, open } = testProjects("ways", "name: ways\n");

const FILES = {
  "sources/sales.yaml": "from: { files: { path: 'data/*.csv' } }\nload: append\n",
  "data/a.csv": "id,region,amount\n1,n,10\n2,s,20\n",
  "models/final/regions.sql":
    "/*---\nmaterialize: incremental\nincremental: { mode: maintain }\n---*/\nselect region, sum(amount) as total from raw.sales group by region\n",
  "models/final/places.sql":
    "/*---\nmaterialize: incremental\nincremental: { mode: maintain }\n---*/\nselect id, rank() over (order by amount) as place from raw.sales\n",
  "models/final/history.sql":
    "/*---\nmaterialize: snapshot\nkey: [region]\nsnapshot: { columns: [total], deletes: ignore }\n---*/\nselect region, total from final.regions\n",
};

const reasons = async (app: App): Promise<Record<string, string>> =>
  Object.fromEntries((await app.plan({})).nodes.filter(({ action }) => action === "build").map(({ asset, reason }) => [asset, reason]));

describe("plan", () => {
  it("says how aggregates and histories go on, never in silence that all is built", async () => {
    const dir = project(FILES);
    const app = await open(dir);
    await runAll(app);
    expect(await reasons(app)).toEqual({});
    write(dir, { "data/b.csv": "id,region,amount\n3,n,1\n" });
    expect(await reasons(app)).toMatchObject({
      "final.regions": "raw.sales is refreshed before it; maintained by region: the groups that its rows then touch",
      "final.places": "raw.sales is refreshed before it; full: window functions",
      "final.history": "final.regions is refreshed before it; its history goes on by columns (total), deletes are ignored",
    });
    await runAll(app, { select: "raw.sales" });
    expect(await reasons(app)).toMatchObject({
      "final.regions": expect.stringMatching(
        /^raw\.sales changed \(version .*\); maintained by region: rows whose region is among those that changed in raw\.sales$/,
      ),
      "final.places": expect.stringMatching(/; full: window functions$/),
    });
    await runAll(app);
    expect(await rowsOf(app, "select region, total, valid_to is null from final.history order by all")).toEqual([
      ["n", 10, false],
      ["n", 11, true],
      ["s", 20, true],
    ]);
  });

  it("reads through macros of the project: of an incremental model, of a view on the way, of each other, with tables of their own", async () => {
    const model = (front: string, sql: string): string => `/*---\nmaterialize: incremental\n${front}\n---*/\n${sql}\n`;
    const dir = project({
      "sources/sales.yaml": "from: { files: { path: 'data/*.csv' } }\nload: append\ncolumns: { ts: { type: timestamp } }\n",
      "data/a.csv": "id,ts,amount\n1,2026-01-01 01:00:00,10\n2,2026-01-02 01:00:00,20\n3,2026-01-03 01:00:00,30\n",
      "models/raw/rates.csv": "kind,rate\nplain,2\nodd,3\n",
      "macros/all.sql":
        "create macro shifted(x) as x + interval 1 day;\ncreate macro worth(x) as doubled(x) * (select rate from raw.rates where kind = 'plain');\ncreate macro doubled(x) as x * 2;\ncreate macro above(least) as table select * from raw.sales where amount > least;\n",
      "models/clean/seen.sql": "select id, shifted(ts) as moment, worth(amount) as worth from raw.sales\n",
      "models/final/days.sql": model(
        "incremental: { by: moment }",
        "select moment, id, worth from clean.seen where moment >= $start and moment < $end",
      ),
      "models/final/keys.sql": model("key: [id]", "select id, max(shifted(ts)) as latest from above(5) group by id"),
    });
    let app = await open(dir);
    await runAll(app);
    write(dir, { "data/b.csv": "id,ts,amount\n2,2026-01-02 02:00:00,5\n1,2026-01-01 02:00:00,50\n" });
    await runAll(app);
    expect(await reasonOf(app, "final.days")).toBe("by time (moment, day): 2026-01-02..2026-01-03 (2 days new rows of raw.sales)");
    expect(await reasonOf(app, "final.keys")).toBe("by key (id): rows whose id is among those that changed in raw.sales");
    const built = (): Promise<readonly unknown[]> =>
      rowsOf(
        app,
        "select id, moment::varchar, worth from final.days union all select id, latest::varchar, null from final.keys order by all",
      );
    const asked = (): Promise<readonly unknown[]> =>
      rowsOf(
        app,
        "select id, shifted(ts)::varchar, worth(amount) from raw.sales union all select id, max(shifted(ts))::varchar, null from above(5) group by id order by all",
      );
    expect(await built()).toEqual(await asked());
    // Another body is another query; what is planned with it is not what was planned before.
    write(dir, {
      "macros/all.sql":
        "create macro shifted(x) as x + interval 2 day;\ncreate macro worth(x) as x;\ncreate macro above(least) as table select * from raw.sales where amount > least;\n",
    });
    app = await open(dir);
    await runAll(app);
    expect(await built()).toEqual(await asked());
    write(dir, { "data/c.csv": "id,ts,amount\n9,2026-01-02 02:00:00,9\n" });
    await runAll(app);
    expect(await reasonOf(app, "final.days")).toContain("2026-01-04 (1 day new rows of raw.sales)");
    expect(await built()).toEqual(await asked());
  });
});
