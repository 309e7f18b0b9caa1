// Rows that depend on their past, on branches: they begin with prod's, and what prod got since is never lost by a promotion.
import { describe, expect, it } from "vitest";
import { type App, openApp } from "../../app.ts";
import { testProjects } from "../projects.suite.ts";

const CONFIG = `name: shop\nenvironments:\n  prod: { branches: [main], kind: serving }\n  "*": { kind: research }\n`;
const { project, write } = testProjects("past", CONFIG);

async function inEnvironment<Result>(dir: string, env: string | undefined, work: (app: App) => Promise<Result>): Promise<Result> {
  const app = await openApp({ dir, ...(env === undefined ? {} : { env }) });
  try {
    return await work(app);
  } finally {
    await app.close();
  }
}

const run = async (dir: string, env?: string, request: Parameters<App["run"]>[0] = {}): Promise<void> => {
  const summary = await inEnvironment(dir, env, (app) => app.run(request, () => {}));
  expect(summary.status, JSON.stringify(summary)).toBe("succeeded");
};
const query = (dir: string, env: string, sql: string): Promise<string[]> =>
  inEnvironment(dir, env, async (app) => {
    const rows: string[] = [];
    await app.query(sql, (part) => void ("rows" in part && rows.push(...part.rows.map((row) => (row as unknown[]).join(" ")))));
    return rows;
  });
const promote = (dir: string, environment: string): Promise<unknown> =>
  inEnvironment(dir, "prod", (app) => app.envPromote({ environment, dryRun: false }));

const model = (front: string, text: string, from = "raw.log"): string =>
  `/*---\nmaterialize: ${front}\n---*/\nselect id, v${text} as v, seen from ${from}\n`;
const files = (rows: string): Record<string, string> => ({ "data/log.csv": `id,v,seen\n${rows}` });
const SOURCE = { "sources/log.yaml": "from: { files: { path: data/log.csv } }\nload: replace\n" };
const FIRST = "1,a,2026-01-01\n2,b,2026-01-02\n";
const [SECOND, THIRD, FOURTH] = ["3,x,2026-01-03\n", "4,y,2026-01-04\n", "5,z,2026-01-05\n"];

/** Their own code changes on the branch. */
const FORWARD: Readonly<Record<string, string>> = {
  appended: "incremental\nincremental: { mode: append, forwardOnly: true }",
  closed: "incremental\nkey: [id]\nincremental: { deletes: close, forwardOnly: true }",
  since: "incremental\nkey: [id]\nincremental: { cursor: seen, deletes: ignore, forwardOnly: true }",
  history: "snapshot\nkey: [id]",
};
/** The code of a view that they read changes. */
const ABOVE: Readonly<Record<string, string>> = {
  log: "incremental\nincremental: { mode: append }",
  kept: "incremental\nkey: [id]\nincremental: { deletes: ignore }",
  parts: "incremental\nincremental: { mode: partition, by: id, deletes: ignore }",
};
const NAMES = [...Object.keys(FORWARD), ...Object.keys(ABOVE)];
const models = (text: string): Record<string, string> => ({
  "models/clean/log.sql": model("view", text),
  ...Object.fromEntries(Object.entries(FORWARD).map(([name, front]) => [`models/final/${name}.sql`, model(front, text)])),
  ...Object.fromEntries(Object.entries(ABOVE).map(([name, front]) => [`models/final/${name}.sql`, model(front, "", "clean.log")])),
});
const rowsOf = async (dir: string, env: string): Promise<Record<string, string[]>> => {
  const all = NAMES.map((name) => `select '${name}' as name, id, v from final.${name}`).join(" union all ");
  const rows: Record<string, string[]> = {};
  for (const row of await query(dir, env, `from (${all}) order by all`)) {
    const [name = "", ...rest] = row.split(" ");
    (rows[name] ??= []).push(rest.join(" "));
  }
  return rows;
};
const each = (rows: readonly string[]): Record<string, readonly string[]> => Object.fromEntries(NAMES.map((name) => [name, rows]));

describe("rows that depend on their past", () => {
  it("are promoted with what prod got since the branch ran", async () => {
    const dir = project({ ...SOURCE, ...files(FIRST), ...models("") });
    await run(dir, "prod");
    write(dir, models(" || '7'"));
    await run(dir, "b7");
    for (const rows of [SECOND, THIRD]) {
      write(dir, { ...files(rows), ...models("") });
      await run(dir, "prod");
    }
    const before = each(["1 a", "2 b", "3 x", "4 y"]);
    expect(await rowsOf(dir, "prod")).toEqual(before);
    const moved = await inEnvironment(dir, "prod", (app) => app.envDiff("b7")).then((diff) => diff.moved);
    expect(moved.map(({ asset }) => asset)).toEqual(expect.arrayContaining(NAMES.map((name) => `final.${name}`)));
    await expect(promote(dir, "b7")).rejects.toMatchObject({ code: "MR8703" });
    write(dir, files(FOURTH));
    await run(dir, "prod", { select: "raw.log" });
    write(dir, models(" || '7'"));
    await run(dir, "b7");
    expect(await rowsOf(dir, "prod")).toEqual(before);
    await promote(dir, "b7");
    expect(await rowsOf(dir, "prod")).toEqual(each(["1 a", "2 b", "3 x", "4 y", "5 z7"]));
    expect(await query(dir, "prod", "select id from final.history where valid_to is null")).toEqual(["5"]);
    expect(await query(dir, "prod", "select id from final.closed where deleted_at is null")).toEqual(["5"]);
    // Prod goes on from there, and a branch with it.
    write(dir, files("6,q,2026-01-06\n"));
    await run(dir, "prod");
    expect(await rowsOf(dir, "prod")).toEqual(each(["1 a", "2 b", "3 x", "4 y", "5 z7", "6 q7"]));
  });

  it("begin again although nothing else of them changed", async () => {
    const dir = project({ ...SOURCE, ...files(FIRST), ...models("") });
    await run(dir, "prod");
    write(dir, models(" || '7'"));
    await run(dir, "b7");
    for (const rows of [SECOND, FIRST]) {
      write(dir, { ...files(rows), ...models("") });
      await run(dir, "prod");
    }
    write(dir, models(" || '7'"));
    const plan = await inEnvironment(dir, "b7", (app) => app.plan({}));
    expect(plan.nodes.find(({ asset }) => asset === "final.appended")).toMatchObject({ action: "build" });
    await run(dir, "b7");
    await promote(dir, "b7");
    for (const rows of Object.values(await rowsOf(dir, "prod"))) expect(rows).toContain("3 x");
  });

  it("get new code for new rows only, on a branch as in prod", async () => {
    const timed = { "models/final/timed.sql": model("incremental\nincremental: { by: seen, forwardOnly: true }", "") };
    const dir = project({ ...SOURCE, ...files(FIRST), ...models(""), ...timed });
    await run(dir, "prod");
    write(dir, files(`${FIRST}${SECOND}`));
    await run(dir, "prod", { select: "raw.log" });
    for (const [path, text] of Object.entries({ ...models(" || '7'"), ...timed })) {
      if (!path.includes("clean")) write(dir, { [path]: text.replace("v as v", "v || '7' as v") });
    }
    const plan = await inEnvironment(dir, "b7", (app) => app.plan({ select: "final.closed final.timed" }));
    expect(plan.nodes.map(({ reason }) => reason).join("\n")).toContain("it begins with the rows that prod has");
    await run(dir, "b7");
    const timedRows = "select id, v from final.timed order by all";
    const [rows, ranged] = [await rowsOf(dir, "b7"), await query(dir, "b7", timedRows)];
    await run(dir, "prod");
    expect([rows, ranged]).toEqual([await rowsOf(dir, "prod"), await query(dir, "prod", timedRows)]);
    expect(ranged).toEqual(["1 a", "2 b", "3 x7"]);
    expect(rows["since"]).toEqual(["1 a", "2 b", "3 x7"]);
    expect(rows["closed"]).toEqual(["1 a", "2 b", "3 x7"]);
  });

  it("begin with nothing in e2e, and are not promoted from there over what prod has", async () => {
    const dir = project({
      "millrace.yaml": `${CONFIG}  staging: { kind: e2e, sample: 1 }\n  whole: { kind: e2e }\n`,
      ...SOURCE,
      ...files(FIRST),
      "models/final/log.sql": model("snapshot\nkey: [id]", ""),
      "models/final/all.sql": model("incremental\nincremental: { mode: append }", ""),
    });
    await run(dir, "prod");
    await run(dir, "staging");
    for (const asset of ["final.log", "final.all"]) expect(await query(dir, "staging", `select count(*) from ${asset}`)).toEqual(["1"]);
    expect(await query(dir, "staging", "select count(*) from final.log where valid_to is not null")).toEqual(["0"]);
    await run(dir, "whole");
    await expect(promote(dir, "whole")).rejects.toMatchObject({
      code: "MR8703",
      message: expect.stringContaining("its rows did not begin with those that prod has"),
    });
    expect(await query(dir, "prod", "select count(*) from final.log")).toEqual(["2"]);
  });
});

describe("the environment of a branch", () => {
  it("is run with the branch's code only, and what refuses a promotion says how", async () => {
    const table = (v: string): string => model("table", v);
    const dir = project({ ...SOURCE, ...files(FIRST), "models/final/log.sql": table("") });
    const onBranch = (head: string): void => write(dir, { ".git/HEAD": `${head}\n` });
    onBranch("ref: refs/heads/main");
    await run(dir);
    onBranch("ref: refs/heads/feature/x");
    write(dir, { "models/final/log.sql": table(" || '7'") });
    await run(dir);
    onBranch("ref: refs/heads/main");
    write(dir, { ...files(SECOND), "models/final/log.sql": table("") });
    await run(dir);
    await expect(promote(dir, "feature_x")).rejects.toMatchObject({
      code: "MR8703",
      hint: "build it on what prod is now: git checkout feature/x && millrace run",
    });
    const refused = { code: "MR8710", message: expect.stringContaining("feature/x"), hint: "git checkout feature/x && millrace run" };
    await expect(inEnvironment(dir, "feature_x", (app) => app.run({}, () => {}))).rejects.toMatchObject(refused);
    expect(await query(dir, "feature_x", "select v from final.log order by all")).toEqual(["a7", "b7"]);
    await inEnvironment(dir, "feature_x", (app) => app.plan({}));
    // An environment of no branch is anybody's.
    await run(dir, "staging");
    onBranch("ref: refs/heads/other");
    await run(dir, "staging");
    // Where no branch is checked out, --env is believed.
    onBranch("0123456789012345678901234567890123456789");
    write(dir, { "models/final/log.sql": table(" || '7'") });
    await run(dir, "feature_x");
    await promote(dir, "feature_x");
    expect(await query(dir, "prod", "from final.log select v")).toEqual(["x7"]);
  });
});
