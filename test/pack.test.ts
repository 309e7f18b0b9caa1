// The package as a user gets it: packed, installed in an empty folder outside the repository, first project, first run; its size and count of packages.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { repository } from "./millrace.ts";

const INSTALLED_MB_MAX = 145;
const PACKAGES_MAX = 70;
let dir = "";

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "millrace-pack-"));
  const [{ filename }] = JSON.parse(
    execFileSync("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", dir], {
      cwd: repository,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }),
  ) as [{ filename: string }];
  writeFileSync(join(dir, "package.json"), JSON.stringify({ name: "somebody", private: true }));
  execFileSync("npm", ["install", "--no-audit", "--no-fund", join(dir, filename)], { cwd: dir, stdio: "ignore" });
}, 300_000);

afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe("the packed package", () => {
  it("makes a project that runs at once", () => {
    const npx = (args: readonly string[], cwd: string): string =>
      execFileSync("npx", ["millrace", ...args], { cwd, encoding: "utf8", env: { ...process.env, CI: "" } });
    npx(["init", "my-data"], dir);
    const project = join(dir, "my-data");
    const events = npx(["run", "--json"], project)
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, any>);
    const summary = events.at(-1)!;
    expect(summary).toMatchObject({ v: 1, type: "summary", status: "succeeded" });
    expect(summary["rows"].read).toBe(summary["rows"].loaded + summary["rows"].quarantined + summary["rows"].filtered);
    expect(summary["rows"].read).toBeGreaterThan(0);
    expect(readdirSync(project, { recursive: true }).filter((name) => !String(name).startsWith(".millrace")).length).toBeLessThanOrEqual(
      20,
    );
  }, 120_000);

  it(`takes at most ${INSTALLED_MB_MAX} MB and ${PACKAGES_MAX} packages`, () => {
    const modules = join(dir, "node_modules");
    let bytes = 0;
    let packages = 0;
    for (const entry of readdirSync(modules, { recursive: true, withFileTypes: true })) {
      if (entry.isFile()) {
        bytes += statSync(join(entry.parentPath, entry.name)).size;
        if (entry.name === "package.json" && /node_modules\/(@[^/]+\/)?[^/]+$/.test(entry.parentPath)) packages++;
      }
    }
    expect(bytes / 1e6).toBeLessThanOrEqual(INSTALLED_MB_MAX);
    expect(packages).toBeLessThanOrEqual(PACKAGES_MAX);
  });
});
