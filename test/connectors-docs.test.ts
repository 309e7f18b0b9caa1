// The connector of docs/connectors.md, as it stands there, in the suite that all connectors pass.
import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, expect, it } from "vitest";
import { readGuide } from "./guides.ts";
import { project, repository } from "./millrace.ts";

const { files } = readGuide(readFileSync(join(repository, "docs/connectors.md"), "utf8"));
const example = project({ ...files, "millrace.yaml": "name: example\n", "package.json": '{ "type": "module" }' });
afterAll(() => example.remove());

it("the connector of the guide passes the suite that the guide names", async () => {
  mkdirSync(join(example.dir, "node_modules"));
  symlinkSync(repository, join(example.dir, "node_modules/millrace"));
  for (const name of ["vitest", "zod"]) symlinkSync(join(repository, "node_modules", name), join(example.dir, "node_modules", name));
  const vitest = join(repository, "node_modules/vitest/vitest.mjs");
  const { stdout } = await promisify(execFile)(process.execPath, [vitest, "run", "--root", example.dir], {
    cwd: example.dir,
    env: { ...process.env, NO_COLOR: "1", TMPDIR: join(example.dir, "..") },
  });
  expect(stdout).toMatch(/Tests\s.*8 passed/);
});
