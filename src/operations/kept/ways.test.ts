// What `plan` says of the way in which models are built: groups, intervals, history; or all of it, with the reason.
import { describe, expect, it } from "vitest";
import type { App } from "../../app.ts";
import { testProjects } from "../projects.suite.ts";

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
    expect((await app.run({}, () => {})).status).toBe("succeeded");
    expect(await reasons(app)).toEqual({});
    write(dir, { "data/b.csv": "id,region,amount\n3,n,1\n" });
    expect(await reasons(app)).toMatchObject({
      "final.regions": "raw.sales is refreshed before it; maintained by region: the groups that its rows then touch",
      "final.places": "raw.sales is refreshed before it; full: window functions",
      "final.history": "final.regions is refreshed before it; its history goes on by columns (total), deletes are ignored",
    });
    await app.run({ select: "raw.sales" }, () => {});
    expect(await reasons(app)).toMatchObject({
      "final.regions": expect.stringMatching(
        /^raw\.sales changed \(version .*\); maintained by region: rows whose region is among those that changed in raw\.sales$/,
      ),
      "final.places": expect.stringMatching(/; full: window functions$/),
    });
    expect((await app.run({}, () => {})).status).toBe("succeeded");
    const rows: unknown[] = [];
    await app.query(
      "select region, total, valid_to is null from final.history order by all",
      (part) => void ("rows" in part && rows.push(...part.rows)),
    );
    expect(rows).toEqual([
      ["n", 10, false],
      ["n", 11, true],
      ["s", 20, true],
    ]);
  });
});
