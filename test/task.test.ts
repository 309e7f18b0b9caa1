// Tasks in TypeScript through the built command line: what they are given, when they are done again.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { millrace, project } from "./millrace.ts";

const task = (name: string, more: string): string => `
export const ${name} = defineTask({ name: "${name}", after: ["clean.t"], ${more}
  async run({ query, projectDir }) {
    let sum = 0;
    for await (const rows of query("select sum(a)::int as sum from clean.t")) sum += rows[0].sum;
    appendFileSync(projectDir + "/${name}.log", sum + "\\n");
    return { sum };
  },
});`;
const files = project({
  "millrace.yaml": "name: tasks\n",
  "data/t.csv": "a\n1\n2\n",
  "sources/t.yaml": 'from: { files: { path: "data/*.csv" } }\n',
  "models/clean/t.sql": "/*---\nmaterialize: table\n---*/\nselect a from raw.t\n",
  "pipelines/tasks.ts": `import { appendFileSync } from "node:fs";\nimport { defineTask } from "millrace";\n${task("always", "")}\n${task("once", "reuse: true,")}\n`,
});
afterAll(() => files.remove());

it("does a task in every run, and one with reuse only when what it comes after changed", async () => {
  const run = async (...args: string[]): Promise<Record<string, string>> => {
    const done = await millrace(["run", "--json", ...args], files.dir);
    expect(done.exitCode, done.stdout + done.stderr).toBe(0);
    return Object.fromEntries(done.lines().flatMap((line) => (line["task"] === undefined ? [] : [[line["task"], line["status"]]])));
  };
  const log = (name: string): string =>
    readFileSync(join(files.dir, `${name}.log`), "utf8")
      .trim()
      .replaceAll("\n", " ");
  expect(await run()).toEqual({ always: "succeeded", once: "succeeded" });
  expect(await run()).toEqual({ always: "succeeded", once: "reused" });
  expect([log("always"), log("once")]).toEqual(["3 3", "3"]);
  files.write("data/t.csv", "a\n1\n4\n");
  expect(await run()).toEqual({ always: "succeeded", once: "succeeded" });
  expect(await run("--full-refresh")).toEqual({ always: "succeeded", once: "succeeded" });
  expect([log("always"), log("once")]).toEqual(["3 3 5 5", "3 5 5"]);
});
