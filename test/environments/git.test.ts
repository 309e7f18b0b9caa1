// Branches of a real git repository, through the command line: the branch that is checked out is the environment that commands work in.
import { execFileSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { serveIn } from "../engine.ts";
import { type Finished, millrace, project, start } from "../millrace.ts";

const shop = project({
  "millrace.yaml":
    'name: shop\nenvironments:\n  prod: { branches: [main], kind: serving }\n  "*": { kind: research, expires: 30d }\n' +
    'deploy: { secret: "${env:PUSH_SECRET}", branches: ["!wip/*"] }\n',
  ".gitignore": ".millrace\nout/\n",
  "data/sales.csv": "id,amount\n1,10\n2,20\n3,30\n",
  "sources/sales.yaml": "from: { files: { path: data/sales.csv } }\nprimaryKey: [id]\n",
  "models/clean/sales.sql":
    "/*---\nmaterialize: table\nchecks:\n  - query: select * from clean.sales where amount < 0\n---*/\nselect id, amount from raw.sales\n",
  "models/final/total.sql": "/*---\nmaterialize: view\n---*/\nselect sum(amount)::bigint as total from clean.sales\n",
  "exports/total.yaml": "select: final.total\nto: { files: { path: out/total.csv } }\n",
});
afterAll(() => shop.remove());

function git(...args: readonly string[]): string {
  const own = ["-c", "user.name=t", "-c", "user.email=t@t", "-c", "commit.gpgsign=false"];
  return execFileSync("git", [...own, ...args], { cwd: shop.dir, stdio: ["ignore", "pipe", "ignore"] })
    .toString()
    .trim();
}

/** A commit on a branch that is checked out nowhere afterwards; its id. */
function committed(branch: string, files: Readonly<Record<string, string>>): string {
  const here = git("symbolic-ref", "--short", "HEAD");
  git("checkout", "-q", "-B", branch);
  for (const [path, text] of Object.entries(files)) shop.write(path, text);
  git("add", ".");
  git("commit", "-qm", `of ${branch}`);
  git("checkout", "-q", here);
  return git("rev-parse", branch);
}

const sales = (amount: string): Readonly<Record<string, string>> => ({
  "models/clean/sales.sql": `/*---\nmaterialize: table\n---*/\nselect id, ${amount} as amount from raw.sales\n`,
});

async function environment(name: string): Promise<Record<string, any> | undefined> {
  const { environments } = (await ok("env", "list", "--json")).lines()[0]!;
  return environments.find((each: any) => each.environment === name);
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
    const { nodes: plan, changes } = (await ok("plan", "--json")).lines()[0]! as Record<string, any>;
    expect(changes.against).toEqual({ kind: "environment", name: "prod" });
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
    const promoted = await millrace(["env", "promote", "feature/New-Prices"], shop.dir);
    expect([promoted.exitCode === 0, promoted.stderr]).toEqual([false, expect.stringContaining("MR8703")]);
    expect(await total("--env", "prod")).toEqual([[60]]);
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
    const served = await serveIn(shop.dir);
    try {
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

describe("millrace deploy", () => {
  it("brings the environment of a branch to its commit, whatever is checked out, and does it once", async () => {
    const commit = committed("discount", { ...sales("amount / 2"), "models/clean/codes.csv": "code\nten\n" });
    const deployed = (await ok("deploy", "--ref", "discount", "--json")).lines()[0]!;
    expect(deployed).toMatchObject({ environment: "discount", branch: "discount", commit, author: "t", status: "deployed" });
    expect(deployed["run"].nodes).toMatchObject({ succeeded: 3 });
    expect([await total(), await total("--env", "discount")]).toEqual([[[60]], [[30]]]);
    expect(existsSync(join(shop.dir, "models/clean/codes.csv"))).toBe(false);
    expect((await environment("discount"))!["deployed"]).toMatchObject({ commit, ref: "discount", author: "t", isCurrent: true });
    expect((await ok("deploy", "--ref", "discount")).stdout).toContain("already");
    // What its branch's own files do later is no deploy.
    committed("discount", sales("amount / 4"));
    git("checkout", "-q", "discount");
    await ok("run");
    expect((await environment("discount"))!["deployed"]).toMatchObject({ commit, isCurrent: false });
    git("checkout", "-q", "main");
  });

  it("refuses what does not compile with all its errors, and what is no branch; the environment stays", async () => {
    committed("discount", { ...sales("nothing"), "models/final/total.sql": "select sum(amounts) as total from raw.sales" });
    const { exitCode, stderr } = await millrace(["deploy", "--ref", "discount"], shop.dir);
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain('column "nothing" does not exist');
    expect(stderr).toContain('column "amounts" does not exist');
    expect(await total("--env", "discount")).toEqual([[15]]);
    git("tag", "v1");
    expect((await millrace(["deploy", "--ref", "v1"], shop.dir)).stderr).toContain("MR8712");
    expect((await millrace(["deploy", "--ref", "nowhere"], shop.dir)).stderr).toContain("MR8713");
  });

  it("follows pushes to the repository while it is served: branches come, go on and go, the served files go forward", async () => {
    const remote = project({});
    const other = project({});
    execFileSync("git", ["init", "-q", "--bare", "-b", "main", remote.dir]);
    git("remote", "add", "origin", remote.dir);
    git("push", "-q", "origin", "main");
    const pushed = (branch: string, files: Readonly<Record<string, string>>): string => {
      const commit = committed(branch, files);
      git("push", "-qf", "origin", branch);
      git("branch", "-qD", branch);
      return commit;
    };
    const served = start(["serve", "--port", "0", "--json"], shop.dir, { PUSH_SECRET: "s3cret" });
    const seen: Record<string, any>[] = [];
    let rest = "";
    served.child.stdout!.on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      seen.push(...lines.filter((line) => line !== "").map((line) => JSON.parse(line) as Record<string, any>));
    });
    const told = async (type: string, of: Record<string, unknown> = {}): Promise<Record<string, any>> => {
      for (;;) {
        const at = seen.findIndex((line) => line["type"] === type && Object.entries(of).every(([key, value]) => line[key] === value));
        if (at >= 0) return seen.splice(at, 1)[0]!;
        if (served.child.exitCode !== null) throw new Error(`serve ended: ${JSON.stringify(seen)}`);
        await pause(20);
      }
    };
    const { url } = (await told("serving")) as { readonly url: string };
    const hook = async (branch: string, after: string, headers: Readonly<Record<string, string>> = {}): Promise<[number, string]> => {
      const body = JSON.stringify({ ref: `refs/heads/${branch}`, after });
      const signature = `sha256=${createHmac("sha256", "s3cret").update(body).digest("hex")}`;
      const response = await fetch(`${url}/hooks/push`, {
        method: "POST",
        headers: { "x-hub-signature-256": signature, "x-github-delivery": `${branch} ${after}`, ...headers },
        body,
      });
      return [response.status, ((await response.json()) as { readonly status: string }).status];
    };
    try {
      const first = pushed("autumn", sales("amount + 1"));
      expect(await hook("autumn", first, { "x-hub-signature-256": "sha256=00" })).toEqual([401, undefined]);
      expect(await hook("wip/x", first)).toEqual([202, "skipped"]);
      expect(await hook("autumn", first)).toEqual([202, "queued"]);
      expect(await hook("autumn", first)).toEqual([200, "duplicate"]);
      expect(await told("deployed")).toMatchObject({ branch: "autumn", environment: "autumn", commit: first, status: "deployed" });
      expect([await total(), await total("--env", "autumn")]).toEqual([[[60]], [[63]]]);
      expect(await hook("autumn", first)).toEqual([200, "duplicate"]);

      // What does not compile leaves what was there; the next push makes it good. GitLab sends its secret as it is.
      const broken = pushed("autumn", sales("nothing"));
      expect(await hook("autumn", broken)).toEqual([202, "queued"]);
      expect((await told("problem"))["error"].message).toContain("nothing");
      const second = pushed("autumn", sales("amount + 2"));
      const gitlab = { "x-hub-signature-256": "", "x-gitlab-token": "s3cret", "x-gitlab-event-uuid": "u2" };
      expect(await hook("autumn", second, gitlab)).toEqual([401, undefined]);
      const { "x-hub-signature-256": _none, ...token } = gitlab;
      const response = await fetch(`${url}/hooks/push`, {
        method: "POST",
        headers: token,
        body: JSON.stringify({ ref: "refs/heads/autumn", after: second }),
      });
      expect(response.status).toBe(202);
      expect(await told("deployed")).toMatchObject({ commit: second, status: "deployed" });
      // Told late and out of order: what the branch is by now counts.
      expect(await hook("autumn", first)).toEqual([202, "queued"]);
      expect(await told("deployed")).toMatchObject({ commit: second, status: "current" });

      // Somebody else pushes to main, which is served from here.
      execFileSync("git", ["clone", "-q", remote.dir, other.dir]);
      for (const [path, text] of Object.entries(sales("amount * 10"))) other.write(path, text);
      const own = ["-c", "user.name=o", "-c", "user.email=o@o", "-C", other.dir];
      execFileSync("git", [...own, "commit", "-qam", "times ten"]);
      execFileSync("git", [...own, "push", "-q"], { stdio: "ignore" });
      const third = execFileSync("git", [...own, "rev-parse", "HEAD"])
        .toString()
        .trim();
      // Where somebody works in the files that are served nothing is done, until it is sent again.
      shop.write("models/clean/sales.sql", "select 1 as id, 1 as amount");
      expect(await hook("main", third)).toEqual([202, "queued"]);
      expect((await told("problem", { what: "a push of main" }))["error"].code).toBe("MR8714");
      git("checkout", "-q", "--", ".");
      expect(await hook("main", third)).toEqual([202, "queued"]);
      expect(await told("deployed")).toMatchObject({ environment: "prod", commit: third, status: "deployed" });
      expect(git("rev-parse", "HEAD")).toBe(third);
      expect([await total(), await total("--env", "autumn")]).toEqual([[[600]], [[66]]]);
      expect((await ok("deploy")).stdout).toContain("already");

      git("push", "-q", "origin", "--delete", "autumn");
      expect(await hook("autumn", "0".repeat(40))).toEqual([202, "queued"]);
      expect(await told("deployed")).toMatchObject({ branch: "autumn", environment: "autumn", status: "dropped" });
      expect(await environment("autumn")).toBeUndefined();
    } finally {
      served.child.kill("SIGTERM");
      await served.finished;
      remote.remove();
      other.remove();
    }
  });
});
