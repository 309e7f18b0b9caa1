// Environments of a project: what is of a branch's own, what is prod's, and that neither sees the other.
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openApp, type App } from "../../app.ts";
import { testProjects } from "../projects.suite.ts";
import { Workspace } from "../workspace.ts";
import { collectEnvironments } from "./collect.ts";

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

const changed = (amount: string): string =>
  `/*---\nmaterialize: table\n---*/\nselect id, ${amount} as amount from raw.sales where amount > 10\n`;

describe("an environment", () => {
  it("builds what its branch changed and what reads it, and takes the rest from prod", async () => {
    const dir = projects.project(FILES);
    expect((await run(dir, "prod")).status).toBe("succeeded");
    projects.write(dir, {
      "models/clean/sales.sql": changed("amount + 1"),
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

  it("is promoted in one step, taken back in one, and leaves prod to others meanwhile", async () => {
    const dir = projects.project(FILES);
    await run(dir, "prod");
    projects.write(dir, { "models/clean/sales.sql": changed("amount + 1") });
    await run(dir, "dev");
    const diff = await inEnvironment(dir, "prod", (app) => app.envDiff("dev"));
    expect(diff.assets.map(({ asset, change }) => [asset, change])).toEqual([
      ["clean.sales", "changed"],
      ["clean.seen", "changed"],
      ["final.total", "changed"],
    ]);
    expect(diff.moved).toEqual([]);
    await inEnvironment(dir, "other", (app) => app.envCreate("other"));
    const promoted = await inEnvironment(dir, "prod", (app) => app.envPromote({ environment: "dev", dryRun: false }));
    expect(promoted.assets).toHaveLength(3);
    expect(await query(dir, "prod", "from final.total")).toEqual([[104]]);
    expect(await query(dir, "dev", "from final.total")).toEqual([[104]]);
    // Nobody else's branch has changed: it sees what it saw.
    expect(await query(dir, "other", "from final.total")).toEqual([[100]]);
    expect(await query(dir, "prod", "from final__other.total")).toEqual([[100]]);
    const plan = await inEnvironment(dir, "prod", (app) => app.plan({}));
    expect(plan.nodes.filter(({ action, reason }) => action === "build" && !reason.includes("asked")).map(({ asset }) => asset)).toEqual(
      [],
    );
    const back = await inEnvironment(dir, "prod", (app) => app.envRollback({}));
    expect(back.assets).toHaveLength(3);
    expect(await query(dir, "prod", "from final.total")).toEqual([[100]]);
    expect(await query(dir, "other", "from final.total")).toEqual([[100]]);
    await inEnvironment(dir, "prod", (app) => app.envRollback({ of: back.promotion }));
    expect(await query(dir, "prod", "from final.total")).toEqual([[104]]);
    expect(await query(dir, "prod", "select * from clean.seen order by id")).toEqual([
      [2, 42],
      [3, 62],
    ]);
  });

  it("has views that read its own by names in texts, and gives prod its macros until it is taken back", async () => {
    const seen =
      "/*---\nmaterialize: view\n---*/\nselect id, doubled(amount) as double from query_table(['clean.sales', 'clean.none']) -- 'clean.sales'\n";
    const dir = projects.project({
      ...FILES,
      "models/clean/none.sql": "select 0 as id, 0 as amount where false",
      "models/clean/seen.sql": seen,
      "macros/doubled.sql": "create macro doubled(x) as x * 2;",
    });
    await run(dir, "prod");
    projects.write(dir, { "models/clean/sales.sql": changed("amount + 1"), "macros/doubled.sql": "create macro doubled(x) as x * 20;" });
    expect((await run(dir, "dev")).status).toBe("succeeded");
    const called = () => query(dir, "prod", "select list(double order by id), doubled(1) from clean.seen");
    const doubles = (env: string) => query(dir, env, "select double from clean.seen order by id");
    expect([await doubles("dev"), await doubles("prod")]).toEqual([
      [[420], [620]],
      [[40], [60]],
    ]);
    await inEnvironment(dir, "prod", (app) => app.envPromote({ environment: "dev", dryRun: false }));
    expect(await called()).toEqual([[[420, 620], 20]]);
    const { promotion } = await inEnvironment(dir, "prod", (app) => app.envRollback({}));
    expect(await called()).toEqual([[[40, 60], 2]]);
    await inEnvironment(dir, "prod", (app) => app.envRollback({ of: promotion }));
    expect(await called()).toEqual([[[420, 620], 20]]);
    // A whole query in a text has no names at places.
    projects.write(dir, {
      "models/clean/seen.sql": seen.replace(/query_table.*/, "query('from clean.sales')"),
      "models/clean/sales.sql": changed("amount"),
    });
    let code = "";
    await inEnvironment(dir, "dev", (app) => app.run({}, (told) => void (told.type === "node" && (code ||= told.error?.code ?? ""))));
    expect(code).toBe("MR8701");
  });

  it("is not promoted over what prod has become", async () => {
    const dir = projects.project(FILES);
    await run(dir, "prod");
    projects.write(dir, { "models/clean/sales.sql": changed("amount + 1") });
    await run(dir, "dev");
    projects.write(dir, {
      "data/sales.csv": "id,amount\n1,10\n2,20\n3,30\n4,40\n",
      "models/clean/sales.sql": FILES["models/clean/sales.sql"],
    });
    await run(dir, "prod");
    await expect(inEnvironment(dir, "prod", (app) => app.envPromote({ environment: "dev", dryRun: false }))).rejects.toMatchObject({
      code: "MR8703",
    });
    expect(await query(dir, "prod", "from final.total")).toEqual([[180]]);
    projects.write(dir, { "models/clean/sales.sql": changed("amount + 1") });
    await run(dir, "dev");
    await inEnvironment(dir, "prod", (app) => app.envPromote({ environment: "dev", dryRun: false }));
    expect(await query(dir, "prod", "from final.total")).toEqual([[186]]);
  });

  it("is prod's again when its branch says the same, and gone when it is dropped", async () => {
    const dir = projects.project(FILES);
    await run(dir, "prod");
    projects.write(dir, { "models/clean/sales.sql": changed("amount + 1") });
    await run(dir, "dev");
    projects.write(dir, { "models/clean/sales.sql": FILES["models/clean/sales.sql"] });
    await run(dir, "dev");
    expect(await query(dir, "dev", "from final.total")).toEqual([[100]]);
    expect((await inEnvironment(dir, "dev", (app) => app.envDiff("dev"))).assets).toEqual([]);
    projects.write(dir, { "models/clean/sales.sql": changed("amount + 5") });
    await run(dir, "dev");
    expect(await inEnvironment(dir, "prod", (app) => app.envDrop("dev"))).toEqual({ environment: "dev", assets: 3 });
    expect(await query(dir, "prod", "select count(*) from duckdb_schemas() where schema_name like '%\\_\\_dev' escape '\\'")).toEqual([
      [0],
    ]);
    expect(await query(dir, "dev", "from final.total")).toEqual([[100]]);
  });

  it("keeps runs, failures, history and quarantine apart", async () => {
    const dir = projects.project({ ...FILES, "data/sales.csv": "id,amount\n1,10\n2,20\n3,x\n" });
    projects.write(dir, {
      "sources/sales.yaml": "from: { files: { path: data/sales.csv } }\nload: replace\ncolumns: { amount: { type: bigint } }\n",
    });
    await run(dir, "prod");
    const of = async (env: string) =>
      inEnvironment(dir, env, async (app) => ({
        runs: (await app.runs({ limit: 10 })).runs.length,
        aside: (await app.quarantineList({ limit: 10 })).items.map(({ asset, raw }) => [asset, raw]),
        loads: (await app.history("raw.sales", { schema: false })).events.filter(({ kind }) => kind === "loaded").length,
        built: (await app.history("clean.sales", { schema: false })).versions.length,
        failed: (await app.status()).assets.failed,
        listed: (await app.list({})).assets.map(({ asset, status }) => [asset, status]),
      }));
    const current = ["raw.sales", "clean.sales", "clean.seen", "final.total"].map((asset) => [asset, "current"]);
    const prod = { runs: 1, aside: [["raw.sales", "3,x"]], loads: 1, built: 1, failed: 0, listed: current };
    expect(await of("prod")).toEqual(prod);
    projects.write(dir, { "models/clean/sales.sql": changed("error('no')") });
    expect((await run(dir, "dev")).status).toBe("failed");
    const dev = await of("dev");
    expect(dev).toMatchObject({ runs: 1, aside: [], loads: 1, failed: 1 });
    await expect(inEnvironment(dir, "prod", (app) => app.envPromote({ environment: "dev", dryRun: false }))).rejects.toMatchObject({
      code: "MR8703",
    });
    projects.write(dir, { "models/clean/sales.sql": FILES["models/clean/sales.sql"] });
    expect(await of("prod")).toEqual(prod);
    await inEnvironment(dir, "dev", (app) => app.run({ fullRefresh: true, select: "raw.sales" }, () => {}));
    expect((await of("dev")).aside).toEqual([["raw.sales", "3,x"]]);
    const rows = await inEnvironment(dir, "dev", (app) =>
      rowsOf(app, "select count(distinct _load), count(*) from _millrace.rows('raw.sales')"),
    );
    expect(rows).toEqual([[1, 2]]);
    await inEnvironment(dir, "dev", (app) => app.quarantineDiscard({ named: ["raw.sales"] }));
    expect((await of("dev")).aside).toEqual([]);
    expect(await of("prod")).toEqual(prod);
    await expect(inEnvironment(dir, "dev", (app) => app.rollback({ asset: "clean.sales", to: "x", dryRun: false }))).rejects.toMatchObject({
      code: "MR8704",
    });
  });

  it("of the kind e2e builds everything itself, from a sample where one is named", async () => {
    const config = `name: shop\nenvironments:\n  prod: { branches: [main] }\n  staging: { kind: e2e, sample: 2 }\n  whole: { kind: e2e }\n`;
    const dir = projects.project({ ...FILES, "millrace.yaml": config });
    await run(dir, "prod");
    expect((await run(dir, "staging")).nodes).toMatchObject({ succeeded: 4, reused: 0 });
    expect(await query(dir, "staging", "select count(*) from raw.sales")).toEqual([[2]]);
    expect(await query(dir, "staging", "select count(*) = (select count(*) from raw.sales where amount > 10) from clean.sales")).toEqual([
      [true],
    ]);
    expect((await run(dir, "staging")).nodes).toMatchObject({ succeeded: 0, reused: 4 });
    expect((await run(dir, "whole")).nodes).toMatchObject({ succeeded: 3, reused: 1 });
    expect(await query(dir, "whole", "from final.total")).toEqual([[100]]);
    expect((await run(dir, "whole")).nodes).toMatchObject({ succeeded: 0, reused: 4 });
    for (const dryRun of [true, false])
      await expect(inEnvironment(dir, "prod", (app) => app.envPromote({ environment: "staging", dryRun }))).rejects.toMatchObject({
        code: "MR8711",
        message: expect.stringContaining("(raw.sales)"),
      });
    expect(await query(dir, "prod", "select count(*) from raw.sales")).toEqual([[3]]);
    await inEnvironment(dir, "prod", (app) => app.envPromote({ environment: "whole", dryRun: false }));
    expect(await query(dir, "prod", "from final.total")).toEqual([[100]]);
  });

  it("belongs to one branch: another whose name comes to the same is refused, until it is dropped", async () => {
    const dir = projects.project(FILES);
    await run(dir, "prod");
    const onBranch = (branch: string): void => projects.write(dir, { ".git/HEAD": `ref: refs/heads/${branch}\n` });
    onBranch("Fix/a");
    projects.write(dir, { "models/clean/sales.sql": changed("amount + 1") });
    await run(dir, "Fix/a");
    await run(dir, "fix_a");
    onBranch("fix-a");
    projects.write(dir, { "models/clean/sales.sql": changed("amount + 2") });
    await expect(run(dir, "fix-a")).rejects.toMatchObject({ code: "MR8710", message: expect.stringContaining("the branch Fix/a;") });
    expect(await query(dir, "fix_a", "from final.total")).toEqual([[104]]);
    await inEnvironment(dir, "prod", (app) => app.envDrop("fix_a"));
    await run(dir, "fix-a");
    expect(await query(dir, "fix_a", "from final.total")).toEqual([[108]]);
  });

  it.each([
    ["mode: append", "dev", [1, 2, 20, 30]],
    ["mode: append, forwardOnly: true", "dev", [1, 2, 20, 30]],
  ])("of a model with %s begins %s with the rows that no query gives again", async (how, env, expected) => {
    const log = `/*---\nmaterialize: incremental\nincremental: { ${how} }\n---*/\nselect amount from clean.log\n`;
    const dir = projects.project({
      "data/log.csv": "amount\n1\n2\n",
      "sources/log.yaml": "from: { files: { path: data/log.csv } }\nload: replace\n",
      "models/clean/log.sql": "select amount from raw.log",
      "models/final/log.sql": log,
    });
    await run(dir, "prod");
    projects.write(dir, { "data/log.csv": "amount\n2\n3\n", "models/clean/log.sql": "select amount * 10 as amount from raw.log" });
    await inEnvironment(dir, "prod", (app) => app.run({ select: "raw.log" }, () => {}));
    expect((await run(dir, env)).status).toBe("succeeded");
    const amounts = "select amount from final.log order by 1";
    expect((await query(dir, env, amounts)).flat()).toEqual(expected);
    await inEnvironment(dir, "prod", (app) => app.envPromote({ environment: env, dryRun: false }));
    expect((await query(dir, "prod", amounts)).flat()).toEqual(expected);
    await inEnvironment(dir, "again", (app) => app.run({ fullRefresh: true, select: "final.log" }, () => {}));
    expect((await query(dir, "again", amounts)).flat()).toEqual([20, 30]);
  });

  it("goes when nobody uses it, with its tables, but nothing goes that another holds", async () => {
    const config = `name: shop\nenvironments:\n  prod: { branches: [main] }\n  "*": { kind: research, expires: 1d }\n  other: { kind: research }\n`;
    const dir = projects.project({ ...FILES, "millrace.yaml": config });
    await run(dir, "prod");
    projects.write(dir, { "models/clean/sales.sql": changed("amount + 1") });
    await run(dir, "dev");
    await inEnvironment(dir, "other", (app) => app.envCreate("other"));
    const promoted = await inEnvironment(dir, "prod", (app) => app.envPromote({ environment: "dev", dryRun: false }));
    const collect = async (days: number) => {
      const workspace = Workspace.open({
        dir,
        env: "prod",
        parts: () => Promise.reject(new Error("no parts")),
        signal: new AbortController().signal,
      });
      try {
        return await collectEnvironments(workspace, { dryRun: false, now: Date.now() + days * 86_400_000 });
      } finally {
        await workspace.close();
      }
    };
    expect(await collect(0.5)).toEqual({ dryRun: false, expired: [], acts: 0, tables: 0 });
    // "other" holds what was before the promotion.
    expect(await collect(8)).toEqual({ dryRun: false, expired: ["dev"], acts: 1, tables: 0 });
    expect(await query(dir, "other", "from final.total")).toEqual([[100]]);
    // Its branch says what prod has by now: the next run lets go of it.
    await run(dir, "other");
    expect(await query(dir, "other", "from final.total")).toEqual([[104]]);
    expect(await collect(20)).toMatchObject({ expired: [], tables: 2 });
    await expect(inEnvironment(dir, "prod", (app) => app.envRollback({ of: promoted.promotion }))).rejects.toMatchObject({
      code: "MR8706",
    });
    expect(await query(dir, "prod", "from final.total")).toEqual([[104]]);
    const tables = "select count(*) from duckdb_tables() where schema_name = '_millrace_data'";
    expect(await query(dir, "prod", tables)).toEqual([[3]]);
    // Files of a model that its branch alone had.
    projects.write(dir, {
      "models/clean/files.sql": "/*---\nmaterialize: external\nexternal: { path: out/files }\n---*/\nselect 1 as one",
    });
    await run(dir, "files");
    rmSync(join(dir, "models/clean/files.sql"));
    await inEnvironment(dir, "prod", (app) => app.envDrop("files"));
    expect(readdirSync(join(dir, "out/.files__files.versions"))).toHaveLength(1);
    expect(await collect(8)).toMatchObject({ acts: 1 });
    expect(readdirSync(join(dir, "out"))).toEqual([]);
  });
});
