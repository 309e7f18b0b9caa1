// Environments of a project: what is of a branch's own, what is prod's, and that neither sees the other.
import { describe, expect, it } from "vitest";
import { openApp, type App } from "../../app.ts";
import { testProjects } from "../projects.suite.ts";

const CONFIG = `name: shop\nenvironments:\n  prod: { branches: [main], kind: serving }\n  "*": { kind: research }\n`;
const FILES = {
  "data/sales.csv": "id,amount\n1,10\n2,20\n3,30\n",
  "sources/sales.yaml": "from: { files: { path: data/sales.csv } }\nload: replace\n",
  "models/clean/sales.sql": "/*---\nmaterialize: table\n---*/\nselect id, amount from raw.sales where amount > 10\n",
  "models/clean/seen.sql": "/*---\nmaterialize: view\n---*/\nselect id, amount * 2 as double from clean.sales\n",
  "models/final/total.sql": "/*---\nmaterialize: table\n---*/\nselect sum(double) as total from clean.seen\n",
};
const projects = testProjects("environments", CONFIG);

export async function inEnvironment<Result>(dir: string, env: string, work: (app: App) => Promise<Result>): Promise<Result> {
  const app = await openApp({ dir, env });
  try {
    return await work(app);
  } finally {
    await app.close();
  }
}

async function rowsOf(app: App, sql: string): Promise<unknown[]> {
  const rows: unknown[] = [];
  await app.query(sql, (part) => {
    if ("rows" in part) rows.push(...part.rows);
  });
  return rows;
}

const run = (dir: string, env: string) => inEnvironment(dir, env, (app) => app.run({}, () => {}));
const query = (dir: string, env: string, sql: string) => inEnvironment(dir, env, (app) => rowsOf(app, sql));

describe("an environment", () => {
  it("builds what its branch changed and what reads it, and takes the rest from prod", async () => {
    const dir = projects.project(FILES);
    expect((await run(dir, "prod")).status).toBe("succeeded");
    projects.write(dir, {
      "models/clean/sales.sql": "/*---\nmaterialize: table\n---*/\nselect id, amount + 1 as amount from raw.sales where amount > 10\n",
    });
    const plan = await inEnvironment(dir, "dev", (app) => app.plan({}));
    expect(plan.nodes.map(({ asset, action, reason }) => [asset, action, reason])).toEqual([
      ["raw.sales", "reuse", "as in prod"],
      ["clean.sales", "build", expect.any(String)],
      ["clean.seen", "build", expect.any(String)],
      ["final.total", "build", expect.any(String)],
    ]);
    expect((await run(dir, "dev")).status).toBe("succeeded");
    expect(await query(dir, "dev", "from final.total")).toEqual([[104]]);
    expect(await query(dir, "prod", "from final.total")).toEqual([[100]]);
    expect(await query(dir, "dev", "select * from clean.seen order by id")).toEqual([
      [2, 42],
      [3, 62],
    ]);
    expect(await query(dir, "prod", "select * from clean__dev.seen order by id")).toEqual([
      [2, 42],
      [3, 62],
    ]);
    expect(await query(dir, "dev", "select count(*) from raw.sales")).toEqual([[3]]);
    const again = await inEnvironment(dir, "dev", (app) => app.plan({}));
    expect(again.nodes.filter(({ action }) => action === "build")).toEqual([]);
  });
});
