// The example of docs/testing.md is copied into a project as it is printed, and its test passes there.
import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, expect, it } from "vitest";
import { project, repository } from "./millrace.ts";

const text = readFileSync(join(repository, "docs/testing.md"), "utf8");
const files = Object.fromEntries([...text.matchAll(/^`([\w./]+)`\n```\w+\n([\s\S]*?)```/gm)].map((match) => [match[1]!, match[2]!]));
const example = project({ ...files, "millrace.yaml": "name: example\n", "package.json": '{ "type": "module" }' });
afterAll(() => example.remove());

it("the example of docs/testing.md passes as it is printed", async () => {
  expect(Object.keys(files)).toEqual(["jobs/orders.yaml", "tests/orders.test.ts"]);
  mkdirSync(join(example.dir, "node_modules"));
  symlinkSync(repository, join(example.dir, "node_modules/millrace"));
  symlinkSync(join(repository, "node_modules/vitest"), join(example.dir, "node_modules/vitest"));
  const vitest = join(repository, "node_modules/vitest/vitest.mjs");
  const { stdout } = await promisify(execFile)(process.execPath, [vitest, "run", "--root", example.dir], { cwd: example.dir });
  expect(stdout).toMatch(/Tests\s.*1 passed/);
});
