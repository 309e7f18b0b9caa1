// The command line as scripts rely on it: words, exit codes, what goes to stdout, JSON.
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { version } from "../src/model/version.ts";
import { type Finished, millrace, project, repository, rows, start } from "./millrace.ts";

const FILES = {
  "millrace.yaml": "name: shop\n",
  "data/sales.csv":
    "id,area,price,sold_on\n1,north,$10.50,2026-01-02\n2,south,$20.00,2026-01-03\n3,north,n/k,2026-01-04\n4,south,$-,2026-01-05\n",
  "sources/sales.yaml":
    "description: Sales of the shop\nfrom: { files: { path: data/sales.csv } }\nprimaryKey: [id]\ncolumns: { price: { type: 'decimal(18,2)', parse: money } }\n",
  "models/clean/sales.sql":
    "/*---\nmaterialize: table\nchecks:\n  - notNull: [id]\n  - unique: [id]\n  - range: { column: price, min: 1, severity: warn }\n---*/\nselect id, area, price, sold_on from raw.sales\n",
  "models/final/areas.sql": "-- how much each area sold\nselect area, sum(price) as total from clean.sales group by area\n",
  "exports/areas.yaml": "select: final.areas\nto: { files: { path: out/areas.csv } }\n",
};

const nodesOf = (plan: Finished): any[] => plan.lines()[0]!["nodes"];

describe("a small project", () => {
  const shop = project(FILES);
  let events: Record<string, any>[] = [];
  beforeAll(async () => {
    const run = await millrace(["run", "--json"], shop.dir);
    expect(run.exitCode, run.stdout + run.stderr).toBe(0);
    events = run.lines();
  });
  afterAll(() => shop.remove());

  it("answers each object with its version", () => {
    expect(events.every((event) => event["v"] === 1)).toBe(true);
  });

  it("tells each finished node and ends with the summary", () => {
    expect(events.filter((event) => event["type"] === "node").map((event) => [event["asset"], event["status"]])).toEqual([
      ["raw.sales", "succeeded"],
      ["clean.sales", "succeeded"],
      ["final.areas", "succeeded"],
      ["out.areas", "succeeded"],
    ]);
    expect(events.at(-1)).toMatchObject({
      type: "summary",
      status: "succeeded",
      nodes: { succeeded: 4, failed: 0, skipped: 0, reused: 0 },
      rows: { read: 4, loaded: 3, quarantined: 1, filtered: 0 },
    });
  });

  it("shares what was made", () => {
    expect(readFileSync(join(shop.dir, "out/areas.csv"), "utf8").split("\n").toSorted()).toEqual([
      "",
      "area,total",
      "north,10.50",
      "south,20.00",
    ]);
  });

  it("keeps what it did not understand, with file, line, reason and raw form", async () => {
    const { items } = (await millrace(["quarantine", "list", "--json"], shop.dir)).lines()[0]!;
    expect(items).toMatchObject([{ asset: "raw.sales", file: "data/sales.csv", line: 4, raw: "3,north,n/k,2026-01-04" }]);
    expect(items[0].reason).toContain("price");
    const shown = await millrace(["quarantine", "show", items[0].id, "--json"], shop.dir);
    expect(shown.lines()[0]!["item"]).toMatchObject({ id: items[0].id, raw: items[0].raw });
  });

  it("knows where each row came from without showing it in select *", async () => {
    expect(await rows(shop.dir, "select id, _file, _line from _millrace.rows('raw.sales') order by id")).toEqual([
      [1, "data/sales.csv", 2],
      [2, "data/sales.csv", 3],
      [4, "data/sales.csv", 5],
    ]);
    const { columns } = (await millrace(["query", "from raw.sales", "--json"], shop.dir)).lines()[0]!;
    expect(columns.map((column: any) => column.name)).toEqual(["id", "area", "price", "sold_on"]);
  });

  it("plans nothing when nothing changed, and says so by the exit code", async () => {
    const plan = await millrace(["plan", "--json", "--exit-code"], shop.dir);
    expect(plan.exitCode).toBe(0);
    expect(plan.lines()[0]!["nodes"].map((node: any) => node.action)).toEqual(["reuse", "reuse", "reuse", "reuse"]);
  });

  it("does not rebuild for a comment or formatting, but for a change", async () => {
    shop.write("models/final/areas.sql", "/* words */ SELECT area,\n  sum(price) AS total FROM clean.sales GROUP BY area -- end\n");
    expect((await millrace(["plan", "--json", "--exit-code"], shop.dir)).exitCode).toBe(0);
    shop.write("models/final/areas.sql", "select area, sum(price) as total, count(*) as n from clean.sales group by area\n");
    const plan = await millrace(["plan", "--json", "--exit-code"], shop.dir);
    expect(plan.exitCode).toBe(4);
    expect(
      nodesOf(plan)
        .filter((node) => node.action === "build")
        .map((node) => node.asset),
    ).toEqual(["final.areas", "out.areas"]);
    shop.write("models/final/areas.sql", FILES["models/final/areas.sql"]);
  });

  it.each([
    ["ls", ["ls"], "assets"],
    ["describe", ["describe", "clean.sales"], "asset"],
    ["status", ["status"], "needs"],
    ["history", ["history", "raw.sales"], "events"],
    ["history --schema", ["history", "raw.sales", "--schema"], "events"],
    ["runs", ["runs"], "runs"],
    ["lineage", ["lineage", "clean.sales"], "upstream"],
    ["check", ["check"], "checks"],
    ["doctor", ["doctor"], "checks"],
    ["inspect", ["inspect", "data/sales.csv"], "columns"],
  ])("%s answers one object with --json and a text without", async (_name, words, key) => {
    const asked = await millrace([...words, "--json"], shop.dir);
    expect(asked.exitCode, asked.stderr).toBe(0);
    expect(asked.lines()).toHaveLength(1);
    expect(asked.lines()[0]).toMatchObject({ v: 1 });
    expect(asked.lines()[0]).toHaveProperty(key);
    const told = await millrace(words, shop.dir);
    expect(told.exitCode, told.stderr).toBe(0);
    expect(told.stdout.length).toBeGreaterThan(0);
  });

  it("describes an asset", async () => {
    const { asset } = (await millrace(["describe", "clean.sales", "--json"], shop.dir)).lines()[0]!;
    expect(asset).toMatchObject({ asset: "clean.sales", kind: "model", rows: 3, upstream: ["raw.sales"], downstream: ["final.areas"] });
    expect(asset.columns.map((column: any) => [column.name, column.type])).toEqual([
      ["id", "BIGINT"],
      ["area", "VARCHAR"],
      ["price", "DECIMAL(18,2)"],
      ["sold_on", "DATE"],
    ]);
    expect(asset.checks).toHaveLength(3);
  });

  it("finds the origin of a column", async () => {
    const answer = (await millrace(["lineage", "final.areas.total", "--up", "all", "--json"], shop.dir)).lines()[0]!;
    expect(answer["columns"].total.upstream).toEqual(expect.arrayContaining(["clean.sales.price"]));
  });

  it("shows a run and its log", async () => {
    const { runs } = (await millrace(["runs", "--json"], shop.dir)).lines()[0]!;
    const shown = (await millrace(["run", "show", runs.at(-1).run, "--json"], shop.dir)).lines()[0]!;
    expect(shown["nodes"]).toHaveLength(4);
    expect(shown["run"].status).toBe("succeeded");
    expect((await millrace(["logs", runs.at(-1).run, "--json"], shop.dir)).exitCode).toBe(0);
  });

  it("prints rows in every format", async () => {
    const sql = "select id, price from clean.sales order by id limit 1";
    const printed = async (format: string): Promise<string> => (await millrace(["query", sql, "--format", format], shop.dir)).stdout;
    expect(await printed("csv")).toBe("id,price\n1,10.50\n");
    expect(JSON.parse(await printed("json"))).toEqual([{ id: 1, price: "10.50" }]);
    expect(await printed("ndjson")).toBe('{"id":1,"price":"10.50"}\n');
    expect(await printed("md")).toBe("| id | price |\n|---|---|\n| 1 | 10.50 |\n");
    expect((await printed("parquet")).startsWith("PAR1")).toBe(true);
  });

  it("refuses a query that writes and leaves the data alone", async () => {
    expect((await millrace(["query", "create table clean.x as select 1"], shop.dir)).exitCode).toBe(1);
    expect((await millrace(["query", "delete from clean.sales"], shop.dir)).exitCode).toBe(1);
    expect(await rows(shop.dir, "select count(*) from clean.sales")).toEqual([[3]]);
  });

  it("rebuilds what is asked for with --full-refresh, and only that", async () => {
    const run = (await millrace(["run", "--full-refresh", "--select", "clean.sales", "--json"], shop.dir)).lines();
    expect(run.at(-1)).toMatchObject({ status: "succeeded", nodes: { succeeded: 1 } });
  });

  it("builds only what a selection names", async () => {
    shop.write("models/main/one.sql", "select 1 as n\n");
    const plan = (await millrace(["plan", "--select", "main.one", "--json"], shop.dir)).lines()[0]!;
    expect(plan["nodes"].map((node: any) => node.asset)).toEqual(["main.one"]);
  });
});

describe("what a newcomer meets", () => {
  it("a renamed column is told when it happens, not found months later", async () => {
    const inbox = project({
      "millrace.yaml": "name: inbox\n",
      "in/1.csv": "id,price\n1,10\n",
      "sources/sales.yaml": "from: { files: { path: 'in/*.csv' } }\nload: append\n",
    });
    expect((await millrace(["run"], inbox.dir)).stderr).not.toContain("column");
    writeFileSync(join(inbox.dir, "in/2.csv"), "id,amount\n2,20\n");
    const second = await millrace(["run"], inbox.dir);
    expect(second.stderr).toContain('raw.sales  column "amount" is new: added as amount');
    expect(second.stderr).toContain('raw.sales  column price ("price") is not in the delivery: NULL');
    inbox.remove();
  });

  it("personal data is masked before it can be read", async () => {
    const shop = project({
      "millrace.yaml": "name: shop\n",
      "data/a.csv": "id,owner\n1,Ann\n",
      "sources/a.yaml": "from: { files: { path: data/a.csv } }\npii: { owner: mask }\n",
    });
    expect((await millrace(["run"], shop.dir)).stderr).not.toContain("Ann");
    expect(await rows(shop.dir, "select owner from raw.a")).toEqual([["A*****"]]);
    shop.remove();
  });

  it("nothing to list is said, and a pause says how to end exactly what was paused", async () => {
    const fresh = project({
      "millrace.yaml": "name: fresh\n",
      "jobs/j.yaml": "select: []\ntriggers: [{ schedule: { every: 1h } }, { job: { finished: other } }]\n",
      "jobs/other.yaml": "select: []\n",
    });
    expect((await millrace(["runs"], fresh.dir)).stderr).toContain("there were no runs yet");
    expect((await millrace(["runs", "--status", "failed"], fresh.dir)).stderr).toContain("there is no such run");
    expect((await millrace(["backfill", "list"], fresh.dir)).stderr).toContain("there is no backfill yet");
    expect((await millrace(["triggers", "pause", "j", "schedule"], fresh.dir)).stdout).toContain("millrace triggers resume j schedule\n");
    expect((await millrace(["triggers", "pause", "j"], fresh.dir)).stdout).toContain("millrace triggers resume j\n");
    fresh.remove();
  });

  it("help is shown by its word too, of everything or of one command", async () => {
    const [all, one, below] = [["help"], ["help", "run"], ["help", "run", "show"]].map((words) => millrace(words, repository));
    expect(await all).toMatchObject({ exitCode: 0, stdout: (await millrace(["--help"], repository)).stdout });
    expect(await one).toMatchObject({ exitCode: 0, stdout: (await millrace(["run", "--help"], repository)).stdout });
    expect((await below)!.stdout).toContain("millrace run show r_01JD");
    expect((await millrace(["help", "rnu"], repository)).exitCode).toBe(2);
  });

  it("global options may stand in front of the command", async () => {
    const shop = project({ "millrace.yaml": "name: shop\n" });
    const listed = await millrace(["--project", shop.dir, "--json", "ls"], repository);
    expect(listed.lines()).toMatchObject([{ v: 1, assets: [] }]);
    shop.remove();
  });

  it("an output that was deleted is written again, and only that", async () => {
    const shop = project({
      "millrace.yaml": "name: shop\n",
      "exports/a.yaml": "sql: select 1 as a\nto: { files: { path: out/a.csv } }\n",
      "exports/b.yaml": "sql: select 2 as b\nto: { files: { path: out/b.csv } }\n",
    });
    expect((await millrace(["run"], shop.dir)).exitCode).toBe(0);
    rmSync(join(shop.dir, "out/a.csv"));
    const again = await millrace(["run", "--json"], shop.dir);
    expect(again.lines().at(-1)).toMatchObject({ nodes: { succeeded: 1, reused: 1 } });
    expect(readFileSync(join(shop.dir, "out/a.csv"), "utf8")).toBe("a\n1\n");
    shop.remove();
  });

  it("a view that fails while it is shared is an error of the export with its cause", async () => {
    const views = project({
      "millrace.yaml": "name: views\n",
      "models/clean/a.sql": "select cast(x as int) as n from (values ('1'), ('b')) t(x)\n",
      "exports/a.yaml": "select: clean.a\nto: { files: { path: out/a.csv } }\n",
    });
    const run = await millrace(["run", "--json"], views.dir);
    expect(run.exitCode).toBe(1);
    expect(run.lines().find((event) => event["asset"] === "out.a")).toMatchObject({ status: "failed", error: { code: "MR8004" } });
    views.remove();
  });

  it("the mark under a long query that fails stands where the mistake is", async () => {
    const shop = project({ "millrace.yaml": "name: long\n" });
    const query = `select ${Array.from({ length: 40 }, (_, index) => `${index} as column_${index}`).join(", ")}, 1 frm nowhere order by at desc`;
    const failed = await millrace(["query", query, "--json"], shop.dir);
    expect(failed.lines()[0]!["error"].location.column).toBe(query.indexOf("nowhere") + 1);
    shop.remove();
  });
});

describe("exit codes", () => {
  const shop = project(FILES);
  afterAll(() => shop.remove());

  it.each([
    ["an unknown command", ["rum"], 2],
    ["an unknown option", ["run", "--slect", "x"], 2],
    ["a bad value of an option", ["query", "select 1", "--format", "xml"], 2],
    ["a selector that matches nothing", ["run", "--select", "clean.nothing"], 7],
    ["an asset that is not there", ["describe", "clean.nothing"], 7],
    ["a run that is not there", ["run", "show", "r_nothing"], 7],
    ["a query that fails", ["query", "select * from nothing"], 1],
    ["a file that is not there", ["inspect", "nothing.csv"], 1],
  ])("%s", async (_name, words, exitCode) => {
    const finished = await millrace(words, shop.dir);
    expect(finished.exitCode, finished.stdout + finished.stderr).toBe(exitCode);
    expect(finished.stderr.length).toBeGreaterThan(0);
  });

  it("an error of the project is 3, and all of them are told in one go", async () => {
    const broken = project({
      ...FILES,
      "sources/sales.yaml": "form: { files: { path: x } }\n",
      "models/clean/sales.sql": "select idd from raw.sales where\n",
    });
    const finished = await millrace(["run"], broken.dir);
    expect(finished.exitCode).toBe(3);
    expect(finished.stderr).toContain("sources/sales.yaml:1:1");
    expect(finished.stderr).toContain("models/clean/sales.sql");
    broken.remove();
  });

  it("no project is 3 and says how to make one", async () => {
    const empty = project({});
    const finished = await millrace(["run"], empty.dir);
    expect(finished.exitCode).toBe(3);
    expect(finished.stderr).toContain("millrace init");
    empty.remove();
  });

  it("Ctrl-C leaves 130 within 5 s, and the next run goes on where it stopped", async () => {
    const slow = project({
      "millrace.yaml": "name: slow\n",
      "models/main/a.sql": "/*---\nmaterialize: table\n---*/\nselect 1 as n\n",
      "models/main/b.sql":
        "/*---\nmaterialize: table\n---*/\nselect count(*) as n from range(200000) as x, range(100000) as y, main.a where hash(x.range + y.range) = 0\n",
    });
    const { child, finished } = start(["run"], slow.dir);
    await new Promise<void>((resolve) => child.stderr!.on("data", (text: string) => String(text).includes("main.a") && resolve()));
    const before = Date.now();
    child.kill("SIGINT");
    const interrupted = await finished;
    expect(interrupted.exitCode).toBe(130);
    expect(interrupted.stdout).toContain("interrupted: ");
    expect(interrupted.stderr).toContain("goes on where it stopped");
    expect(Date.now() - before).toBeLessThan(5_000);
    slow.write("models/main/b.sql", "/*---\nmaterialize: table\n---*/\nselect n + 1 as n from main.a\n");
    const again = (await millrace(["run", "--json"], slow.dir)).lines();
    expect(again.at(-1)).toMatchObject({ status: "succeeded" });
    expect(await rows(slow.dir, "select n from main.b")).toEqual([[2]]);
    slow.remove();
  });
});

describe("a check that says stop", () => {
  const shop = project({
    ...FILES,
    "models/clean/sales.sql": FILES["models/clean/sales.sql"].replace("severity: warn", "severity: error"),
  });
  afterAll(() => shop.remove());

  it("keeps the version before, skips what stands on it, and tells which rows broke it", async () => {
    shop.write("data/sales.csv", "id,area,price,sold_on\n1,north,$10.50,2026-01-02\n");
    expect((await millrace(["run"], shop.dir)).exitCode).toBe(0);
    shop.write("data/sales.csv", "id,area,price,sold_on\n1,north,$10.50,2026-01-02\n2,south,$0.10,2026-01-03\n");
    const run = await millrace(["run", "--json"], shop.dir);
    expect(run.exitCode).toBe(1);
    const failed = run.lines().find((line) => line["asset"] === "clean.sales")!;
    expect(failed).toMatchObject({ status: "failed", error: { code: "MR4501" } });
    expect(failed["checks"]).toContainEqual(
      expect.objectContaining({ check: "range(price)", status: "failed", failing: 1, sample: [expect.objectContaining({ id: 2 })] }),
    );
    expect(run.lines().find((line) => line["asset"] === "final.areas")).toMatchObject({ status: "skipped" });
    expect(run.lines().at(-1)).toMatchObject({ type: "summary", nodes: { failed: 1, skipped: 2 } });
    expect(await rows(shop.dir, "select id from clean.sales")).toEqual([[1]]);
  });

  it("goes on from the failure when the data is mended", async () => {
    const { runs } = (await millrace(["runs", "--json"], shop.dir)).lines()[0]!;
    shop.write("data/sales.csv", "id,area,price,sold_on\n1,north,$10.50,2026-01-02\n2,south,$5.10,2026-01-03\n");
    expect((await millrace(["run", "--select", "raw.sales"], shop.dir)).exitCode).toBe(0);
    const again = await millrace(["run", "--from-failure", runs[0].run, "--json"], shop.dir);
    expect(again.exitCode, again.stdout + again.stderr).toBe(0);
    expect(await rows(shop.dir, "select id from clean.sales order by id")).toEqual([[1], [2]]);
  });
});

describe("a job that takes longer than its timeout", () => {
  it("ends, is failed, and exits with 124", async () => {
    const shop = project({
      "millrace.yaml": "name: shop\n",
      "jobs/quick.yaml": "select: main.a\ntimeout: 1s\n",
      "models/main/a.sql":
        "/*---\nmaterialize: table\n---*/\nselect count(*) as n from range(200000) as x, range(100000) as y where hash(x.range + y.range) = 0\n",
    });
    const run = await millrace(["run", "quick", "--json"], shop.dir);
    expect(run.exitCode, run.stdout + run.stderr).toBe(124);
    expect(run.lines().at(-1)).toMatchObject({ status: "failed", error: { code: "MR6002" } });
    shop.remove();
  });
});

describe("a run that was killed", () => {
  it("is not taken for another request with as many nodes", async () => {
    const shop = project({
      "millrace.yaml": "name: shop\n",
      "models/main/a.sql":
        "/*---\nmaterialize: table\n---*/\nselect count(*) as n from range(200000) as x, range(100000) as y where hash(x.range + y.range) = 0\n",
      "models/main/b.sql": "/*---\nmaterialize: table\n---*/\nselect 1 as n\n",
    });
    const { child, finished } = start(["run", "--select", "main.a", "--json"], shop.dir);
    await new Promise<void>((resolve) => child.stdout!.once("data", () => resolve()));
    child.kill("SIGKILL");
    await finished;
    const run = (await millrace(["run", "--select", "main.b", "--json"], shop.dir)).lines();
    expect(run.filter((line) => line["type"] === "node").map((line) => line["asset"])).toEqual(["main.b"]);
    expect((await millrace(["runs", "--json"], shop.dir)).lines()[0]!["runs"].map((each: any) => each.status)).toEqual([
      "succeeded",
      "canceled",
    ]);
    shop.remove();
  });
});

describe("a snapshot of several files", () => {
  const shop = project({
    "millrace.yaml": "name: shop\n",
    "data/a1.csv": "id,name\n1,one\n",
    "sources/people.yaml": "from: { files: { path: 'data/a*.csv' } }\nload: snapshot\nprimaryKey: [id]\n",
  });
  afterAll(() => shop.remove());

  it("is of all of them: a file that comes later closes nothing that the others still hold", async () => {
    expect((await millrace(["run"], shop.dir)).exitCode).toBe(0);
    shop.write("data/a2.csv", "id,name\n2,two\n");
    expect((await millrace(["run"], shop.dir)).exitCode).toBe(0);
    expect(await rows(shop.dir, "select id from raw.people where valid_to is null order by id")).toEqual([[1], [2]]);
    shop.write("data/a1.csv", "id,name\n3,three\n");
    const run = await millrace(["run", "--json"], shop.dir);
    const { read, loaded, quarantined, filtered } = run.lines().at(-1)!["rows"];
    expect(read).toBe(loaded + quarantined + filtered);
    expect(await rows(shop.dir, "select id, valid_to is null from raw.people order by id")).toEqual([
      [1, false],
      [2, true],
      [3, true],
    ]);
  });
});

describe("help", () => {
  it("leads with examples", async () => {
    const { stdout, exitCode } = await millrace(["run", "--help"], repository);
    expect(exitCode).toBe(0);
    expect(stdout.trimStart().startsWith("Examples:")).toBe(true);
  });

  it("suggests the nearest command", async () => {
    expect((await millrace(["qurey"], repository)).stderr).toContain("query");
  });

  it("explains every code that can be shown", async () => {
    const { codes } = (await millrace(["explain", "--json"], repository)).lines()[0]!;
    expect(codes.length).toBeGreaterThan(30);
    for (const { title, why, fix } of codes) expect([title, why, fix].every((sentence: string) => sentence.length > 3)).toBe(true);
  });

  it("completes in bash, zsh and fish", async () => {
    for (const shell of ["bash", "zsh", "fish"]) expect((await millrace(["completion", shell], repository)).stdout).toContain("quarantine");
  });

  it("has one version", () => {
    expect(JSON.parse(readFileSync(join(repository, "package.json"), "utf8")).version).toBe(version);
  });

  it("says what is wrong and goes on working when a file is mended", async () => {
    const shop = project({ ...FILES, "models/clean/sales.sql": "select id, aera from raw.sales\n" });
    await millrace(["run", "--select", "raw.sales"], shop.dir);
    const typo = await millrace(["plan"], shop.dir);
    expect(typo.exitCode).toBe(3);
    expect(typo.stderr).toContain("models/clean/sales.sql:1:12");
    expect(typo.stderr).toContain("area");
    writeFileSync(join(shop.dir, "models/clean/sales.sql"), "select id, area, price from raw.sales\n");
    expect((await millrace(["run"], shop.dir)).exitCode).toBe(0);
    shop.remove();
  });

  it("has a thread for a file while as many queries run as may at once", async () => {
    const waiting = project({
      // What is asked of a file behind 15 long works tells how many of them ended before it: with 4 threads at least 12.
      "behind.cjs": `setImmediate(() => {
        let ended = 0;
        for (let n = 0; n < 15; n++) require("crypto").pbkdf2("a", "b", 50_000, 64, "sha512", () => ended++);
        require("fs").stat(".", () => console.error("behind", ended));
      });\n`,
    });
    const endedBefore = async (size: string | undefined): Promise<number> => {
      const env = { NODE_OPTIONS: `--require ${join(waiting.dir, "behind.cjs")}`, UV_THREADPOOL_SIZE: size };
      const { stderr } = await start(["--version"], waiting.dir, env).finished;
      return Number(/behind (\d+)/.exec(stderr)?.[1]);
    };
    expect(await endedBefore("4")).toBeGreaterThanOrEqual(12);
    expect(await endedBefore("16")).toBeLessThan(12);
    expect(await endedBefore(undefined)).toBeLessThan(12);
    waiting.remove();
  });
});
