// Branches of a real git repository, through the command line: the branch that is checked out is the environment that commands work in.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Finished, millrace, project, start } from "../millrace.ts";

const shop = project({
  "millrace.yaml": 'name: shop\nenvironments:\n  prod: { branches: [main], kind: serving }\n  "*": { kind: research, expires: 30d }\n',
  ".gitignore": ".millrace\n",
  "data/sales.csv": "id,amount\n1,10\n2,20\n3,30\n",
  "sources/sales.yaml": "from: { files: { path: data/sales.csv } }\nprimaryKey: [id]\n",
  "models/clean/sales.sql":
    "/*---\nmaterialize: table\nchecks:\n  - query: select * from clean.sales where amount < 0\n---*/\nselect id, amount from raw.sales\n",
  "models/final/total.sql": "/*---\nmaterialize: view\n---*/\nselect sum(amount)::bigint as total from clean.sales\n",
  "exports/total.yaml": "select: final.total\nto: { files: { path: out/total.csv } }\n",
});
afterAll(() => shop.remove());

function git(...args: readonly string[]): void {
  execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@t", "-c", "commit.gpgsign=false", ...args], {
    cwd: shop.dir,
    stdio: "ignore",
  });
}

async function ok(...args: readonly string[]): Promise<Finished> {
  const done = await millrace(args, shop.dir);
  expect(done.exitCode, done.stdout + done.stderr).toBe(0);
  return done;
}

async function total(...args: readonly string[]): Promise<unknown> {
  return (await ok("query", "from final.total", "--json", ...args)).lines()[0]!["rows"];
}

beforeAll(async () => {
  git("init", "-q", "-b", "main");
  git("add", ".");
  git("commit", "-qm", "a shop");
  await ok("run");
});

describe("a branch", () => {
  it("shows what prod shows, until it is run", async () => {
    git("checkout", "-qb", "feature/New-Prices");
    expect(await total()).toEqual([[60]]);
    const { environments } = (await ok("env", "list", "--json")).lines()[0]!;
    expect(environments.map((each: any) => each.environment)).toEqual(["prod"]);
  });

  it("is not asked for by a name with a slip: what only looks ends, a run says that it makes a new one", async () => {
    git("branch", "side");
    expect(await total("--env", "side")).toEqual([[60]]);
    for (const words of [["query", "from final.total"], ["ls"], ["status"], ["plan"], ["describe", "final.total"]]) {
      const { exitCode, stderr } = await millrace([...words, "--env", "prdo"], shop.dir);
      expect([words[0], exitCode]).toEqual([words[0], 7]);
      expect(stderr).toContain("MR8702");
      expect(stderr).toContain('did you mean "prod"?');
    }
    expect((await ok("env", "create", "probe", "--env", "unheard")).exitCode).toBe(0);
    expect(await total("--env", "probe")).toEqual([[60]]);
    expect((await ok("run", "--env", "tryout")).stderr).toContain("the environment tryout is new");
    expect((await ok("run", "--env", "tryout")).stderr).not.toContain("is new");
    await ok("env", "drop", "tryout");
    await ok("env", "drop", "probe");
  });

  it("builds its own with the first run, and nothing that it did not change", async () => {
    shop.write(
      "models/clean/sales.sql",
      "/*---\nmaterialize: table\nchecks:\n  - query: select * from clean.sales where amount < 0\n---*/\nselect id, amount * 2 as amount from raw.sales\n",
    );
    git("commit", "-qam", "twice");
    const plan = (await ok("plan", "--json")).lines()[0]!["nodes"];
    expect(plan.map((node: any) => [node.asset, node.action])).toEqual([
      ["raw.sales", "reuse"],
      ["clean.sales", "build"],
      ["final.total", "build"],
      ["out.total", "reuse"],
    ]);
    await ok("run");
    expect(await total()).toEqual([[120]]);
    expect(await total("--env", "prod")).toEqual([[60]]);
    expect(await total("--env", "feature/New-Prices")).toEqual([[120]]);
    expect(await total("--env", "feature_new_prices")).toEqual([[120]]);
    const list = (await ok("env", "list", "--json")).lines()[0]!;
    expect(list["current"]).toMatchObject({ environment: "feature_new_prices", kind: "research" });
    expect(list["environments"][1]).toMatchObject({ branch: "feature/New-Prices", own: 2, expiresAt: expect.any(String) });
  });

  it("fails alone: a check that stops it leaves what it showed, and prod", async () => {
    shop.write(
      "models/clean/sales.sql",
      "/*---\nmaterialize: table\nchecks:\n  - query: select * from clean.sales where amount < 0\n---*/\nselect id, -amount as amount from raw.sales\n",
    );
    const run = await millrace(["run", "--json"], shop.dir);
    expect(run.exitCode).not.toBe(0);
    expect(run.stdout).toContain("MR4501");
    expect(await total()).toEqual([[120]]);
    git("checkout", "-q", "--", ".");
    await ok("run");
  });

  it("stays where it is while another is checked out", async () => {
    git("checkout", "-q", "main");
    expect(await total()).toEqual([[60]]);
    await ok("run");
    expect(await total()).toEqual([[60]]);
    git("checkout", "-q", "feature/New-Prices");
    expect(await total()).toEqual([[120]]);
    const runs = (await ok("runs", "--json")).lines()[0]!["runs"];
    expect(runs).toHaveLength(3);
  });

  it("is asked through an engine that serves prod", async () => {
    git("checkout", "-q", "main");
    const served = start(["serve", "--port", "0"], shop.dir);
    try {
      while (!existsSync(join(shop.dir, ".millrace/engine.json"))) await pause(50);
      await ok("run");
      expect(await total()).toEqual([[60]]);
      expect(await total("--env", "feature/New-Prices")).toEqual([[120]]);
      git("checkout", "-q", "feature/New-Prices");
      await ok("run", "--full-refresh", "--select", "clean.sales+");
      expect(await total()).toEqual([[120]]);
      expect(await total("--env", "prod")).toEqual([[60]]);
    } finally {
      served.child.kill("SIGTERM");
      await served.finished;
    }
  });

  it("is promoted, taken back, and dropped", async () => {
    git("checkout", "-q", "main");
    const diff = (await ok("env", "diff", "feature/New-Prices", "--json")).lines()[0]!;
    expect(diff["assets"].map((each: any) => [each.asset, each.change])).toEqual([
      ["clean.sales", "changed"],
      ["final.total", "changed"],
    ]);
    const promoted = await ok("env", "promote", "feature/New-Prices", "--why", "release 1");
    expect(promoted.stdout).toContain("2 assets promoted to prod");
    expect(await total()).toEqual([[120]]);
    git("merge", "-q", "feature/New-Prices");
    // The merged branch says what prod has: there is nothing to build but what is shared of it.
    const plan = (await ok("plan", "--json")).lines()[0]!["nodes"];
    expect(plan.filter((node: any) => node.action === "build").map((node: any) => node.asset)).toEqual(["out.total"]);
    await ok("env", "rollback", "--why", "too high");
    expect(await total()).toEqual([[60]]);
    await ok("env", "drop", "feature/New-Prices");
    const gone = await millrace(["env", "diff", "feature/New-Prices", "--json"], shop.dir);
    expect(gone.stdout + gone.stderr).toContain("MR8702");
  });
});
