// Jobs with tasks through the built command line: approvals across processes, kills while they wait, a thousand items.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { millrace, project, start } from "./millrace.ts";

const folders: { remove(): void }[] = [];
afterAll(() => {
  for (const folder of folders) folder.remove();
});

function job(files: Readonly<Record<string, string>>) {
  const made = project({ "millrace.yaml": "name: jobs\n", ...files });
  folders.push(made);
  return made;
}

/** Looks until there is an answer; the test's own time-out ends it otherwise. */
async function soon<Answer>(look: () => Promise<Answer | undefined>): Promise<Answer> {
  for (;;) {
    const answer = await look();
    if (answer !== undefined) return answer;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

describe("an approval", () => {
  const files = {
    "data/t.csv": "a\n1\n2\n",
    "sources/t.yaml": 'from: { files: { path: "data/*.csv" } }\n',
    "exports/t.yaml": "select: raw.t\nto: { files: { path: out/t.csv } }\n",
    "jobs/nightly.yaml": `
select: "+out.t"
tasks:
  publish: { approval: { title: Publish?, fields: { reason: string } }, after: [raw.t], before: [out.t] }
  notify: { shell: 'echo "\${outputs.publish.by}: \${outputs.publish.fields.reason}" >> notes.txt', after: [out.t], when: always }
`,
  };

  it("survives the death of its engine, is decided while nobody runs, and then goes on", async () => {
    const { dir } = job(files);
    const waiting = start(["run", "nightly", "--json"], dir);
    const need = await soon(async () => {
      const status = await millrace(["status", "--json"], dir);
      const needs = (status.exitCode === 0 ? status.lines()[0]!["needs"] : []) as { command: string }[];
      return needs.find(({ command }) => command.startsWith("millrace approve"));
    });
    waiting.child.kill("SIGKILL");
    await waiting.finished;
    const [, , run, task] = need.command.split(" ");
    const shown = await millrace(["run", "show", run!], dir);
    expect(shown.stdout).toContain("publish waits for approval: Publish?");
    expect(shown.stderr).toContain(`millrace approve ${run} publish`);

    const missing = await millrace(["approve", run!, task!, "--json"], dir);
    expect([missing.exitCode, missing.lines()[0]!["error"].code]).toEqual([2, "MR6211"]);
    const decided = await millrace(["approve", run!, task!, "--field", "reason=checked twice", "--by", "ana", "--json"], dir);
    expect(decided.lines()[0]).toMatchObject({
      v: 1,
      run,
      task: "publish",
      accepted: true,
      by: "ana",
      fields: { reason: "checked twice" },
    });
    const again = await millrace(["approve", run!, task!, "--field", "reason=x"], dir);
    expect([again.exitCode, again.stderr.includes("ana approved it")]).toEqual([1, true]);

    expect(existsSync(join(dir, "out/t.csv"))).toBe(false);
    const done = await millrace(["run", "nightly", "--json"], dir);
    expect(done.lines().at(-1)).toMatchObject({ type: "summary", run, status: "succeeded" });
    expect(readFileSync(join(dir, "out/t.csv"), "utf8")).toBe("a\n1\n2\n");
    expect(readFileSync(join(dir, "notes.txt"), "utf8")).toBe("ana: checked twice\n");
  });

  it("wakes the process that waits", async () => {
    const { dir } = job(files);
    const waiting = start(["run", "nightly", "--json"], dir);
    const run = await soon(async () => {
      const listed = await millrace(["runs", "--json"], dir);
      const [first] = (listed.exitCode === 0 ? listed.lines()[0]!["runs"] : []) as { run: string }[];
      if (first === undefined) return undefined;
      const shown = await millrace(["run", "show", first.run, "--json"], dir);
      const nodes = shown.lines()[0]!["nodes"] as { waitsFor?: unknown }[];
      return nodes.some(({ waitsFor }) => waitsFor !== undefined) ? first.run : undefined;
    });
    const rejected = await millrace(["approve", run, "publish", "--reject", "--why", "wrong month"], dir);
    expect(rejected.exitCode, rejected.stderr).toBe(0);
    const done = await waiting.finished;
    expect(done.exitCode).toBe(1);
    expect(done.lines().find((line) => line["task"] === "publish")).toMatchObject({ status: "failed", error: { code: "MR6010" } });
    expect(done.lines().find((line) => line["asset"] === "out.t")).toMatchObject({ status: "skipped" });
  });
});

it("carries out a thousand items of a mapped task", async () => {
  const { dir } = job({
    "jobs/many.yaml": `
tasks:
  make: { sql: "create table done (i bigint)" }
  each: { sql: "select \${item.i} + 1 as n", map: { over: "select i from range(1000) t(i)" }, after: [make] }
  count: { sql: "select json_array_length(\${outputs.each}) as n" }
`,
  });
  const done = await millrace(["run", "many", "--json"], dir);
  const lines = done.lines();
  expect(lines.at(-1)).toMatchObject({ status: "succeeded" });
  expect(lines.find((line) => line["task"] === "count")).toMatchObject({ output: { n: 1_000 } });
  expect(lines.find((line) => line["task"] === "each[999]")).toMatchObject({ output: { n: 1_000 } });
});

it("does the SQL of a task once, however often its engine is killed", async () => {
  const steps = Array.from({ length: 30 }, (_, index) => index);
  const tasks = steps.map(
    (index) => `  t${index}: { sql: "insert into done values (${index})", after: [${index === 0 ? "make" : `t${index - 1}`}] }`,
  );
  const { dir } = job({ "jobs/chain.yaml": `tasks:\n  make: { sql: "create table done (i int)" }\n${tasks.join("\n")}\n` });
  // The kill comes at another place each time: when so many tasks have been reported.
  for (const reported of [2, 5, 6]) {
    const { child, finished } = start(["run", "chain", "--json"], dir);
    let seen = 0;
    child.stdout!.on("data", (text: string) => {
      seen += text.split('"type":"node"').length - 1;
      if (seen >= reported) child.kill("SIGKILL");
    });
    await finished;
  }
  const done = await millrace(["run", "chain", "--json"], dir);
  expect(done.lines().at(-1)).toMatchObject({ status: "succeeded" });
  const counted = await millrace(["query", "select i, count(*) as n from done group by i order by i", "--json"], dir);
  expect(counted.lines()[0]!["rows"]).toEqual(steps.map((index) => [index, 1]));
});
