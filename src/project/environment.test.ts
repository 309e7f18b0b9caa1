// Environments: names from branches, and the branch from .git itself.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { environmentOf, gitBranch, safeEnvironmentName } from "./environment.ts";
import { findProject } from "./find.ts";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "millrace-env-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

describe("safeEnvironmentName", () => {
  it("is lower case with _ for all but letters and digits", () => {
    expect(safeEnvironmentName("feature/ABC-12 Über")).toBe("feature_abc_12_uber");
    expect(safeEnvironmentName("main")).toBe("main");
  });

  it("cuts long names and keeps them apart by a hash", () => {
    const [a, b] = [safeEnvironmentName(`${"x".repeat(80)}a`), safeEnvironmentName(`${"x".repeat(80)}b`)];
    expect(a).toHaveLength(40);
    expect(a).not.toBe(b);
  });

  it("refuses what has no letter or digit", () => {
    expect(() => safeEnvironmentName("///")).toThrow(expect.objectContaining({ code: "MR1080" }));
  });

  it("takes either form: a safe name is its own", () => {
    fc.assert(
      fc.property(fc.stringMatching(/[a-zA-Z0-9]/), (name) => {
        const safe = safeEnvironmentName(name);
        expect(safe).toMatch(/^[a-z0-9_]{1,40}$/);
        expect(safeEnvironmentName(safe)).toBe(safe);
      }),
    );
  });
});

describe("gitBranch", () => {
  it("is the branch that HEAD names, from any folder below", () => {
    mkdirSync(join(dir, ".git"));
    mkdirSync(join(dir, "a/b"), { recursive: true });
    writeFileSync(join(dir, ".git/HEAD"), "ref: refs/heads/feature/x\n");
    expect(gitBranch(join(dir, "a/b"))).toBe("feature/x");
    writeFileSync(join(dir, ".git/HEAD"), "8f3c0d1e\n");
    expect(gitBranch(dir)).toBeUndefined();
  });

  it("follows the file that a work tree has in place of the folder", () => {
    mkdirSync(join(dir, "real"));
    writeFileSync(join(dir, "real/HEAD"), "ref: refs/heads/tree\n");
    writeFileSync(join(dir, ".git"), "gitdir: real\n");
    expect(gitBranch(dir)).toBe("tree");
  });
});

describe("environmentOf", () => {
  const config = { environments: { prod: { branches: ["main", "master"], kind: "serving" as const }, "*": { kind: "e2e" as const } } };
  it("is what was asked for, else the branch's", () => {
    expect(environmentOf(config, { asked: "Feature/X", branch: "main" })).toMatchObject({ name: "feature_x", kind: "e2e" });
    expect(environmentOf(config, { branch: "master" })).toMatchObject({ name: "prod", kind: "serving" });
    expect(environmentOf(config, { branch: "feature/x" })).toMatchObject({ name: "feature_x", kind: "e2e" });
    expect(environmentOf(config, {})).toMatchObject({ name: "prod" });
    expect(environmentOf({}, { branch: "anything" })).toMatchObject({ name: "prod", kind: "serving" });
  });
});

describe("findProject", () => {
  it("is the nearest folder upwards", () => {
    mkdirSync(join(dir, "inner/models/clean"), { recursive: true });
    writeFileSync(join(dir, "millrace.yaml"), "");
    expect(findProject(join(dir, "inner/models"))).toBe(dir);
    writeFileSync(join(dir, "inner/millrace.config.ts"), "");
    expect(findProject(join(dir, "inner/models/clean"))).toBe(join(dir, "inner"));
  });

  it("says which file was probably meant", () => {
    writeFileSync(join(dir, "millrace.yml"), "");
    expect(() => findProject(dir)).toThrow(expect.objectContaining({ code: "MR1002", hint: "rename millrace.yml to millrace.yaml" }));
    expect(() => findProject(join(dir, "gone"))).toThrow(expect.objectContaining({ code: "MR1002" }));
  });
});
