// The cache of definitions: it only makes reading faster, whatever happens to it.
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readProject } from "./read.ts";

const MODELS = 80;
let dir = "";
let cache = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "millrace-cache-"));
  cache = join(dir, ".millrace/cache/definitions.json");
  writeFileSync(join(dir, "millrace.yaml"), "name: cached\n");
  mkdirSync(join(dir, "models"));
  for (let index = 0; index < MODELS; index++) write(index, `description: number ${index}\nkey: [a${index}]\nchecks:\n  - notNull: [a]`);
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function write(index: number, frontMatter: string): void {
  writeFileSync(join(dir, `models/m${index}.sql`), `/*---\n${frontMatter}\n---*/\nselect ${index} as a`);
}

describe("the cache of definitions", () => {
  it("gives what parsing gives, places included", async () => {
    const parsed = await readProject(dir);
    expect(statSync(cache).isFile()).toBe(true);
    const cached = await readProject(dir);
    expect(cached.nodes).toEqual(parsed.nodes);
    expect(parsed.nodes).toHaveLength(MODELS);
    expect({ ...cached.locate("main.m7", ["checks", 0, "notNull"]) }).toEqual({ ...parsed.locate("main.m7", ["checks", 0, "notNull"]) });
    expect(cached.locate("main.m7", ["checks", 0, "notNull"])).toMatchObject({ line: 5, column: 14, length: 3 });
  });

  it("forgets what changed and never hides a mistake", async () => {
    await readProject(dir);
    write(3, "materialise: table");
    const project = await readProject(dir);
    expect(project.errors.map(({ code, location }) => `${code} ${location?.file}:${location?.line}`)).toEqual(["MR1020 models/m3.sql:2"]);
    // The same mistake again, now from the cache.
    const again = await readProject(dir);
    expect(again.errors.map(({ code, location }) => `${code} ${location?.file}:${location?.line}`)).toEqual(["MR1020 models/m3.sql:2"]);
  });

  it("is made again when it is damaged or of another version", async () => {
    const { nodes } = await readProject(dir);
    for (const text of ["{", "null", "[]", '["other",{}]', readFileSync(cache, "utf8").slice(0, 500)]) {
      writeFileSync(cache, text);
      expect((await readProject(dir)).nodes).toEqual(nodes);
    }
  });

  it("is done without where nothing can be written", async () => {
    mkdirSync(join(dir, ".millrace"));
    // A file in place of the folder refuses everybody, root included.
    writeFileSync(join(dir, ".millrace/cache"), "");
    chmodSync(join(dir, ".millrace"), 0o555);
    const project = await readProject(dir);
    chmodSync(join(dir, ".millrace"), 0o755);
    expect(project.errors).toEqual([]);
    expect(project.nodes).toHaveLength(MODELS);
  });

  it("does not let one definition change another", async () => {
    write(1, "key: [same]");
    write(2, "key: [same]");
    const first = await readProject(dir);
    const second = await readProject(dir);
    for (const { nodes } of [first, second]) {
      const [a, b] = nodes.filter((node) => node.id === "main.m1" || node.id === "main.m2");
      expect(a!.kind === "model" && b!.kind === "model" && a!.spec.key !== b!.spec.key).toBe(true);
    }
  });
});
