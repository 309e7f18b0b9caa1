// Acts on what is there, through the command line with real processes, SQLite and DuckDB: going back, doing again, canceling, asking why, retention.
// What must be true is counted by plain SQL.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { project, rows, start, type Finished } from "./millrace.ts";
import { millrace } from "./warm.ts";

let made: ReturnType<typeof project>;
beforeEach(() => {
  made = project({
    "millrace.yaml": "name: acts\n",
    "sources/sales.yaml": "from: { files: { path: 'data/sales_*.csv' } }\nload: append\n",
    "models/clean/sales.sql": "/*---\nmaterialize: table\n---*/\nselect id, price from raw.sales where price > 0\n",
    "models/final/total.sql": "/*---\nmaterialize: table\n---*/\nselect count(*) as n, sum(price) as total from clean.sales\n",
    "data/sales_1.csv": "id,price\n1,10\n2,20\n",
  });
});
afterEach(() => made.remove());

const run = (...args: string[]): Promise<Finished> => millrace(args, made.dir);
async function json(...args: string[]): Promise<Record<string, any>> {
  const done = await run(...args, "--json");
  const lines = done.lines();
  if (lines.length === 0) throw new Error(`nothing on stdout: ${done.stderr}`);
  return lines.at(-1)!;
}
async function built(): Promise<string> {
  const summary = await json("run");
  expect(summary).toMatchObject({ type: "summary", status: "succeeded" });
  return summary["run"] as string;
}
const total = async (): Promise<unknown> => (await rows(made.dir, "select n, total from final.total"))[0];

describe("rollback", () => {
  it("shows the version before, names what is stale, keeps it until something changes, and loses no row", async () => {
    await built();
    made.write("data/sales_2.csv", "id,price\n3,30\n4,40\n");
    const bad = await built();
    expect(await total()).toEqual([4, 100]);

    const dry = await json("rollback", "raw.sales", "--before", bad, "--dry-run");
    expect(dry).toMatchObject({ asset: "raw.sales", dryRun: true, rows: 2 });
    expect(await rows(made.dir, "select count(*) from raw.sales")).toEqual([[4]]);
    const done = await json("rollback", "raw.sales", "--to", dry["to"], "--why", "file 2 is wrong");
    expect(done).toMatchObject({
      from: dry["from"],
      to: dry["to"],
      rows: 2,
      why: "file 2 is wrong",
      loadsUndone: [expect.stringMatching(/^l_/)],
    });
    expect(done["stale"].map((each: { asset: string }) => each.asset)).toEqual(["clean.sales", "final.total"]);
    expect(await rows(made.dir, "select id from raw.sales order by id")).toEqual([[1], [2]]);

    const plan = (await json("plan"))["nodes"] as { asset: string; action: string; reason: string }[];
    expect(plan[0]).toMatchObject({
      asset: "raw.sales",
      action: "reuse",
      reason: expect.stringMatching(/^rolled back to v_\w+ by .+ run --full-refresh or a change/),
    });
    await built();
    expect(await total()).toEqual([2, 30]);
    expect(await json("run")).toMatchObject({ nodes: { succeeded: 0, reused: 3 } });

    const history = await json("history", "raw.sales");
    expect(history["events"][0]).toMatchObject({
      kind: "rolledBack",
      why: "file 2 is wrong",
      by: done["by"],
      detail: { from: done["from"], version: done["to"] },
    });
    expect(history["versions"].map((each: { live: boolean; kept: boolean }) => [each.live, each.kept])).toEqual([
      [false, true],
      [true, true],
    ]);

    // A new file: everything that is there is loaded, what was taken back too, each row once.
    made.write("data/sales_3.csv", "id,price\n5,50\n");
    await built();
    expect(await rows(made.dir, "select id from raw.sales order by id")).toEqual([[1], [2], [3], [4], [5]]);
    expect(await total()).toEqual([5, 150]);
  });

  it("of a model holds against runs, ends with --full-refresh or a change, and can be released", async () => {
    await built();
    const { version: first } = (await json("history", "clean.sales"))["versions"][0];
    made.write("models/clean/sales.sql", "/*---\nmaterialize: table\n---*/\nselect id, price * 100 as price from raw.sales\n");
    await built();
    expect(await total()).toEqual([2, 3000]);
    await json("rollback", "clean.sales", "--to", first);
    await built();
    expect(await total()).toEqual([2, 30]);
    expect((await json("plan"))["nodes"][1]).toMatchObject({ asset: "clean.sales", action: "reuse" });
    await json("run", "--full-refresh", "--select", "clean.sales");
    await built();
    expect(await total()).toEqual([2, 3000]);

    await json("rollback", "clean.sales", "--to", first);
    expect(await json("rollback", "clean.sales", "--release")).toMatchObject({ asset: "clean.sales", released: true });
    await built();
    expect(await total()).toEqual([2, 3000]);
  });

  it("says what cannot be gone back to, and how many versions are kept", async () => {
    expect(await json("rollback", "raw.sales", "--to", "v_1")).toMatchObject({ error: { code: "MR8301" } });
    made.write("millrace.yaml", "name: acts\nretention: { versions: 2 }\n");
    for (const factor of [1, 2, 3, 4]) {
      made.write("models/clean/sales.sql", `/*---\nmaterialize: table\n---*/\nselect id, price * ${factor} as price from raw.sales\n`);
      await built();
    }
    const versions = (await json("history", "clean.sales"))["versions"] as { version: string; kept: boolean }[];
    expect(versions.map(({ kept }) => kept)).toEqual([true, true, false, false]);
    const gone = await run("rollback", "clean.sales", "--to", versions[3]!.version);
    expect(gone.exitCode).toBe(1);
    expect(gone.stderr).toContain("MR8303");
    expect(gone.stderr).toContain(versions[1]!.version);
    expect(await json("rollback", "clean.sales", "--to", "nobody")).toMatchObject({ error: { code: "MR8302" } });
    expect(await json("rollback", "clean.sales", "--to", versions[0]!.version)).toMatchObject({ error: { code: "MR8304" } });
    expect(await json("rollback", "clean.sals", "--to", "x")).toMatchObject({ error: { code: "MR6102" } });
    expect((await run("rollback", "clean.sales")).exitCode).toBe(2);
  });
});

const FAILING = "/*---\nmaterialize: table\nchecks: [ { rule: { name: small, where: 'total < 5' } } ]\n---*/\n";

describe("again", () => {
  it("retries what failed and takes over the rest, or one node with what stands on it", async () => {
    made.write("models/final/total.sql", `${FAILING}select count(*) as n, sum(price) as total from clean.sales\n`);
    made.write("models/final/share.sql", "/*---\nmaterialize: table\n---*/\nselect total / n as mean from final.total\n");
    const failed = await json("run");
    expect(failed).toMatchObject({ status: "failed", nodes: { succeeded: 2, failed: 1, skipped: 1 } });
    const why = await json("why", failed["run"]);
    expect(why["causes"][0]).toMatchObject({ kind: "failed", node: "final.total", code: "MR4501" });
    expect(why["blocks"]).toEqual(["final.share"]);
    expect(why["sentences"].join(" ")).toMatch(/final\.total failed: MR4501.*That holds up final\.share\./s);
    expect((await json("why", "final.share"))["sentences"].join(" ")).toContain("It was skipped because final.total ended failed.");

    made.write(
      "models/final/total.sql",
      `${FAILING.replace("total < 5", "total < 500")}select count(*) as n, sum(price) as total from clean.sales\n`,
    );
    expect(await json("retry", failed["run"])).toMatchObject({ status: "succeeded", nodes: { succeeded: 2, reused: 2 } });
    const again = await json("retry", failed["run"], "clean.sales");
    expect(again).toMatchObject({ status: "succeeded", nodes: { succeeded: 3, reused: 1 } });
    const shown = (await json("run", "show", again["run"]))["nodes"] as { asset: string; attempts: unknown[] }[];
    expect(shown.filter((node) => node.attempts.length > 0).map((node) => node.asset)).toEqual([
      "clean.sales",
      "final.total",
      "final.share",
    ]);
    expect(await json("retry", failed["run"], "nobody")).toMatchObject({ error: { code: "MR8310" } });
    expect(await json("retry", "r_nobody")).toMatchObject({ error: { code: "MR6101" } });
  });

  it("forks a run with other parameters, and says what code has changed since", async () => {
    made.write(
      "models/clean/sales.sql",
      "/*---\nmaterialize: table\n---*/\nselect id, price from raw.sales where price >= $param.low::int\n",
    );
    made.write("jobs/daily.yaml", "select: '+final.total'\nparams: { low: { type: string, default: '0' } }\n");
    const { run: first } = await json("run", "daily");
    expect(await total()).toEqual([2, 30]);
    const forked = (await run("fork", first as string, "--param", "low=15", "--json")).lines();
    expect(forked[0]).toMatchObject({ type: "fork", from: first, params: { low: "15" } });
    expect(await total()).toEqual([1, 20]);
    made.write(
      "models/final/total.sql",
      "/*---\nmaterialize: table\n---*/\nselect count(*) as n, sum(price) * 10 as total from clean.sales\n",
    );
    const after = (await run("fork", first as string, "--json")).lines();
    expect(after[0]).toMatchObject({
      params: { low: "0" },
      codeChanged: [{ asset: "final.total", change: "its SQL or its settings changed" }],
    });
    expect(await total()).toEqual([2, 300]);
    expect((await json("why", after.at(-1)!["run"]))["sentences"].join(" ")).toContain(`Somebody asked for ${first} again`);
  });

  it("replays from the raw zone without the source, all loads or some, and never doubles a row", async () => {
    await built();
    made.write("data/sales_2.csv", "id,price\n3,30\n");
    await built();
    const loads = await rows(made.dir, 'select load from _millrace.loads where rows_loaded > 0 order by "at"');
    const told = (await run("replay", "raw.sales", "--loads", loads[0]![0], "--json")).lines();
    expect(told[0]).toMatchObject({ type: "replay", asset: "raw.sales", files: ["data/sales_1.csv"], rows: 2 });
    expect(told.at(-1)).toMatchObject({ status: "succeeded", rows: { read: 3, loaded: 3 } });
    expect(await rows(made.dir, "select id from raw.sales order by id")).toEqual([[1], [2], [3]]);
    made.write("data/sales_1.csv", "gone");
    expect((await run("replay", "raw.sales", "--json")).lines().at(-1)).toMatchObject({
      status: "succeeded",
      rows: { read: 3, loaded: 3 },
    });
    expect(await rows(made.dir, "select id from raw.sales order by id")).toEqual([[1], [2], [3]]);
    expect((await json("plan"))["nodes"].find((node: { asset: string }) => node.asset === "clean.sales")).toMatchObject({
      action: "build",
    });
    made.write("data/sales_1.csv", "id,price\n1,10\n2,20\n");
    expect((await run("replay", "raw.sales", "--where", "id = 3", "--json")).lines()[0]).toMatchObject({ files: ["data/sales_2.csv"] });
    expect(await rows(made.dir, "select id from raw.sales order by id")).toEqual([[1], [2], [3]]);
    expect(await json("replay", "clean.sales", "--where", "true")).toMatchObject({ error: { code: "MR8308" } });
    expect(await json("replay", "raw.sales", "--loads", "l_nobody")).toMatchObject({ error: { code: "MR8312" } });
  });
});

describe("a partitioned asset", () => {
  it("is replayed by a range, retried as a backfill, and not rolled back as a whole", async () => {
    made.write("data/sales_1.csv", "id,price,day\n1,10,2026-01-01\n2,20,2026-01-02\n3,30,2026-01-03\n");
    made.write(
      "models/clean/sales.sql",
      "/*---\nmaterialize: table\npartition: { by: day, column: day, start: 2026-01-01, end: 2026-01-04 }\n---*/\nselect id, price, day from raw.sales where day >= $start and day < $end\n",
    );
    await built();
    expect(await rows(made.dir, "select count(*) from clean.sales")).toEqual([[3]]);
    const before = (await json("history", "clean.sales"))["versions"][0].version as string;
    const lines = (await run("replay", "clean.sales", "--from", "2026-01-01", "--to", "2026-01-02", "--json")).lines();
    expect(lines[0]).toMatchObject({ type: "replay", partitions: { from: "2026-01-01", to: "2026-01-02" } });
    expect(lines.at(-1)).toMatchObject({ status: "succeeded", nodes: { succeeded: 2 } });
    expect(await rows(made.dir, "select id from clean.sales order by id")).toEqual([[1], [2], [3]]);
    const back = await json("rollback", "clean.sales", "--to", before);
    expect(["MR8302", "MR8303", "MR8313"]).toContain(back["error"].code);
    const { backfill } = (await run("backfill", "clean.sales", "--from", "2026-01-01", "--to", "2026-01-03", "--json")).lines()[0]!;
    expect(await json("retry", backfill)).toMatchObject({ error: { code: "MR8312" } });
    expect(await json("replay", "raw.sales", "--from", "2026-01-01", "--to", "2026-01-02")).toMatchObject({ error: { code: "MR8210" } });
  });
});

const SLOW = `import { defineTask } from "millrace";
export const slow = defineTask({ name: "slow", run: ({ signal }) => new Promise((done, fail) => {
  const timer = setTimeout(done, 60_000);
  signal.addEventListener("abort", () => { clearTimeout(timer); fail(signal.reason); });
}) });
export const after = defineTask({ name: "after", after: ["task:slow"], run: async () => 2 });
`;

/** A run that goes on in a process of its own until it is told to stop. */
async function going(): Promise<ReturnType<typeof start> & { readonly run: string }> {
  made.write("pipelines/slow.ts", SLOW);
  const started = start(["run", "--select", "task:slow task:after", "--json"], made.dir);
  const name = await new Promise<string>((resolve) => {
    let text = "";
    started.child.stdout!.on("data", (part: string) => {
      text += part;
      const found = /"type":"started".*"task:slow"|"run":"(r_\w+)"/.exec(text);
      if (found !== null) resolve(/"run":"(r_\w+)"/.exec(text)?.[1] ?? "");
    });
  });
  return { ...started, run: name };
}

describe("cancel", () => {
  it("ends a run that another process carries, soon, and says who and why", async () => {
    const live = await going();
    expect((await json("why", "task:after"))["waitsFor"]).toEqual([{ kind: "need", node: "task:slow", status: "running" }]);
    const atMs = performance.now();
    expect(await json("cancel", live.run, "--why", "wrong day")).toMatchObject({
      canceled: [{ run: live.run, node: null, ended: true }],
      why: "wrong day",
    });
    const done = await live.finished;
    expect(performance.now() - atMs).toBeLessThan(10_000); // the task would have taken a minute
    expect(done.lines().at(-1)).toMatchObject({ type: "summary", status: "canceled" });
    expect((await json("why", live.run))["sentences"].join(" ")).toMatch(/canceled by .+: wrong day/);
    expect(await json("cancel", live.run)).toMatchObject({ error: { code: "MR8309" } });
  });

  it("ends one node alone, or all that fit a filter", async () => {
    const live = await going();
    expect(await json("cancel", "--where", "asset=raw.sales")).toMatchObject({ error: { code: "MR8312" } });
    expect(await json("cancel", live.run, "slow", "--why", "only this")).toMatchObject({
      canceled: [{ run: live.run, node: "task:slow", ended: true }],
    });
    expect((await live.finished).lines().at(-1)).toMatchObject({ status: "failed", nodes: { succeeded: 0, skipped: 1 } });
    const other = await going();
    expect(await json("cancel", "--where", "asset=task:slow")).toMatchObject({ canceled: [{ run: other.run, ended: true }] });
    await other.finished;
    expect(await json("cancel", "--all")).toMatchObject({ canceled: [] });
    expect((await run("cancel")).exitCode).toBe(2);
  });

  it("ends what a killed process left", async () => {
    const live = await going();
    live.child.kill("SIGKILL");
    await live.finished;
    expect(await json("cancel", live.run)).toMatchObject({ canceled: [{ run: live.run, ended: true }] });
    expect((await json("runs"))["runs"][0]).toMatchObject({ run: live.run, status: "canceled" });
  });
});

describe("retention", () => {
  it("removes what is older than the setting, and says so first when asked", async () => {
    await built();
    made.write("data/sales_2.csv", "id,price\n3,30\n");
    await built();
    expect(await json("retention")).toMatchObject({ before: null, runs: 0 });
    made.write("millrace.yaml", "name: acts\nretention: { runs: 1ms }\n");
    const dry = await json("retention", "--dry-run");
    expect(dry).toMatchObject({ dryRun: true, runs: 1, kept: { lastSuccess: 1 } });
    expect(await json("retention")).toMatchObject({ dryRun: false, runs: 1 });
    expect((await json("runs"))["runs"]).toHaveLength(1);
    await built();
    expect(await total()).toEqual([3, 60]);
  });
});

describe("why", () => {
  it("follows a change up to where it began, and refuses what has no name", async () => {
    await built();
    made.write("data/sales_2.csv", "id,price\n3,30\n");
    const why = await json("why", "final.total");
    expect(why["sentences"].join(" ")).toContain(
      "A run would build it: clean.sales is refreshed before it. Behind that: raw.sales (its source changed",
    );
    expect(why["causes"]).toContainEqual({ kind: "plan", node: "raw.sales", reason: expect.stringContaining("changed"), change: "none" });
    expect(await json("why", "final.totl")).toMatchObject({ error: { code: "MR8311" } });
    made.write("jobs/nightly.yaml", "select: '+final.total'\ntriggers: [ { schedule: { cron: '0 6 * * *' } } ]\n");
    expect((await json("why", "nightly"))["sentences"]).toContain("nightly has never run.");
  });
});

describe("status, runs and check", () => {
  it("tell first what is broken and what that holds up, then what stands still, then what is held back", async () => {
    await built();
    const { version: first } = (await json("history", "clean.sales"))["versions"][0];
    made.write("models/clean/sales.sql", "/*---\nmaterialize: table\n---*/\nselect id, price + 1 as price from raw.sales\n");
    await built();
    await json("rollback", "clean.sales", "--to", first, "--why", "plus one is wrong");
    made.write("models/final/total.sql", `${FAILING}select count(*) as n, sum(price) as total from clean.sales\n`);
    made.write("models/final/share.sql", "/*---\nmaterialize: table\n---*/\nselect total / n as mean from final.total\n");
    expect(await json("check")).toMatchObject({ checks: [{ asset: "final.total" }], passedOver: [] });
    await json("run");
    const live = await going();
    live.child.kill("SIGKILL");
    await live.finished;
    const needs = (await json("status"))["needs"] as { what: string; why: string; command: string }[];
    expect(needs.map(({ what }) => what)).toEqual([
      "final.total failed, which holds up final.share",
      `run ${live.run} did not end`,
      `clean.sales is held at version ${first}`,
    ]);
    expect(needs[2]).toMatchObject({
      why: expect.stringContaining("plus one is wrong"),
      command: "millrace rollback clean.sales --release",
    });

    const ids = async (...args: string[]): Promise<string[]> =>
      (await json("runs", ...args))["runs"].map((each: { run: string }) => each.run);
    expect(await ids("--status", "running")).toEqual([live.run]);
    expect(await ids("--asset", "slow")).toEqual([live.run]);
    expect(await ids("--asset", "raw.sales", "--since", "1h")).toHaveLength(3);
    expect(await ids("--since", "2099-01-01")).toEqual([]);
    expect((await run("runs", "--status", "nope")).exitCode).toBe(2);
    await json("cancel", live.run);
    const again = await json("retry", (await ids("--status", "failed"))[0]!);
    expect((await json("run", "show", again["run"]))["run"]).toMatchObject({ trigger: "retry", fromRun: expect.stringMatching(/^r_/) });
  });

  it("an interrupted run says so in its summary, and check names what was never built", async () => {
    made.write("models/final/total.sql", `${FAILING}select count(*) as n, sum(price) as total from clean.sales\n`);
    expect(await json("check")).toMatchObject({ checks: [], passedOver: ["final.total"] });
    const live = await going();
    live.child.kill("SIGINT");
    const done = await live.finished;
    expect(done.exitCode).toBe(130);
    expect(done.lines().at(-1)).toMatchObject({ type: "summary", status: "running", interrupted: true });
  });
});
