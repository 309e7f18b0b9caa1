// TypeScript in a project: what define… functions made becomes nodes; what is wrong is told at its place.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import * as z from "zod";
import { defineAsset } from "../index.ts";
import { definitionTag } from "../model/define.ts";
import { loadDefinition } from "./modules.ts";
import { readProject } from "./read.ts";
import type { Project } from "./reader.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function write(files: Readonly<Record<string, string>>): string {
  const dir = mkdtempSync(join(tmpdir(), "millrace-ts-"));
  folders.push(dir);
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), content);
  }
  return dir;
}

async function read(files: Readonly<Record<string, string>>): Promise<Project> {
  return readProject(write({ "millrace.yaml": "name: ts\n", ...files }), {
    connectors: { files: z.strictObject({ path: z.string() }) },
    checks: ["notNull"],
  });
}

const pipeline = `import { defineAsset, defineCheck, defineConnector, defineJob, defineTask, sql } from "millrace";
import * as z from "zod";
import { rows } from "./lib/rows.ts";

export const rates = defineAsset({
  name: "Raw.rates", key: ["day"], cursor: "day", description: "daily",
  async *extract() { yield rows; },
});
export const scored = defineAsset({ name: "clean.scored", needs: ["Raw.Rates"], async *transform({ read }) { yield* read("raw.rates"); } });
export const train = defineTask({ name: "train", after: ["clean.scored"], before: ["out.x"], run: async () => ({ accuracy: 1 }) });
export const nightly = defineJob({ name: "nightly", select: "+clean.scored" });
export default rates;
export const notMine = { name: "x" };
`;
const library = "export const rows = [{ day: '2026-01-01' }];\n";

describe("pipelines", () => {
  it("become nodes and jobs, the same object exported twice once", async () => {
    const project = await read({
      "pipelines/all.ts": pipeline
        .replace('import * as z from "zod";\n', "")
        .replace("defineCheck, defineConnector, ", "")
        .replace(", sql", ""),
      "pipelines/again.ts": 'export { rates as copy } from "./all.ts";\n',
      "pipelines/lib/rows.ts": library,
      "pipelines/all.test.ts": "throw new Error('not loaded')",
      "exports/x.yaml": "select: raw.rates\nto: { files: { path: a } }\n",
    });
    expect(project.errors).toEqual([]);
    const nodes = project.nodes.filter((node) => node.kind !== "export");
    expect(
      nodes.map((node) => [
        node.kind,
        node.id,
        "exportName" in node ? node.module : node.kind === "task" && "module" in node.action && node.action.module,
      ]),
    ).toEqual([
      ["extract", "raw.rates", "pipelines/again.ts"],
      ["transform", "clean.scored", "pipelines/all.ts"],
      ["task", "task:train", "pipelines/all.ts"],
    ]);
    expect(nodes[0]).toMatchObject({ spec: { primaryKey: ["day"], cursor: "day" }, description: "daily" });
    expect(nodes[1]).toMatchObject({ needs: ["raw.rates"] });
    expect(nodes[2]).toMatchObject({ after: ["clean.scored"], before: ["out.x"] });
    expect(project.jobs).toMatchObject([{ name: "nightly", spec: { select: "+clean.scored" } }]);
  });

  it("share this package with whoever loads them", async () => {
    const dir = write({
      "millrace.yaml": "",
      "pipelines/a.ts": 'import { defineAsset } from "millrace";\nexport const make = defineAsset;\n',
    });
    expect(await loadDefinition(dir, "pipelines/a.ts", "make")).toBe(defineAsset);
    await expect(loadDefinition(dir, "pipelines/a.ts", "gone")).rejects.toMatchObject({ code: "MR1062" });
  });

  it("bring connectors and checks that YAML may use", async () => {
    const project = await read({
      "pipelines/own.ts": `const tag = Symbol.for("millrace.definition");
export const c = { [tag]: "connector", name: "crm", options: undefined };
export const k = { [tag]: "check", name: "sane" };\n`,
      "sources/a.yaml": "from: { crm: { anything: 1 } }\nchecks: [{ sane: true }, { snae: true }]\n",
    });
    expect(project.errors.map((error) => `${error.code} ${error.hint?.split("\n")[0]}`)).toEqual(['MR1043 did you mean "sane"?']);
    expect(Object.keys(project.own.connectors)).toEqual(["crm"]);
    expect(String(definitionTag)).toBe("Symbol(millrace.definition)");
  });

  it("are hashed by what they say: not by comments, types or layout, and with what they import", async () => {
    const hashOf = async (text: string, lib = library): Promise<string> => {
      const project = await read({ "pipelines/a.ts": text, "pipelines/lib/rows.ts": lib });
      expect(project.errors).toEqual([]);
      return project.nodes[0]!.codeHash;
    };
    const text =
      'import { defineAsset } from "millrace";\nimport { rows } from "./lib/rows.ts";\nexport const a = defineAsset({ name: "raw.a", async *extract() { yield rows; } });\n';
    const plain = await hashOf(text);
    expect(await hashOf(text.replace("export", "// why\n\nexport").replace("async *extract()", "async  *extract( ) /* c */"))).toBe(plain);
    expect(await hashOf(text, "// c\nexport const rows: readonly object[] = [ { day: '2026-01-01' } ];\n")).toBe(plain);
    expect(await hashOf(text, library.replace("01-01", "01-02"))).not.toBe(plain);
    expect(await hashOf(text.replace("yield rows", "yield [...rows]"))).not.toBe(plain);
  });

  it("are loaded where no cache can be written", async () => {
    const dir = write({
      "millrace.yaml": "",
      ".millrace/cache": "a file where the folder should be",
      "pipelines/a.ts": 'import { defineTask } from "millrace";\nexport const t: unknown = defineTask({ name: "one", run: () => 1 });\n',
    });
    const project = await readProject(dir);
    expect(project.errors).toEqual([]);
    expect(project.nodes.map((node) => node.id)).toEqual(["task:one"]);
  });

  it("are read anew when they change", async () => {
    const dir = write({
      "millrace.yaml": "",
      "pipelines/a.ts": 'import { defineTask } from "millrace";\nexport const t = defineTask({ name: "one", run: () => 1 });\n',
    });
    expect((await readProject(dir)).nodes.map((node) => node.id)).toEqual(["task:one"]);
    writeFileSync(
      join(dir, "pipelines/a.ts"),
      'import { defineTask } from "millrace";\nexport const t = defineTask({ name: "two", run: () => 1 });\n',
    );
    expect((await readProject(dir)).nodes.map((node) => node.id)).toEqual(["task:two"]);
  });

  it.each([
    ["is no TypeScript", "export const a = 1;\nconst = 3;\n", "MR1060", 2],
    ["throws", "export const a = 1;\n\nfunction f(): never { throw new Error('boom'); }\nf();\n", "MR1061", 3],
    ["imports what is not there", 'import x from "not-there";\nexport const a = x;\n', "MR1061", 1],
    ["imports a module that throws", 'import { a } from "./lib/bad.ts";\nexport const b = a;\n', "MR1061", 2],
    [
      "gives a definition a wrong key",
      'import { defineTask } from "millrace";\n\nexport const t = defineTask({ name: "x", runn: () => 1 } as never);\n',
      "MR1901",
      3,
    ],
    [
      "mentions an asset that is not there",
      'import { defineTask } from "millrace";\nexport const t = defineTask({\n  name: "x",\n  after: ["a.b"],\n  run: () => 1 });\n',
      "MR1044",
      4,
    ],
  ])("is told at its place when it %s", async (_what, text, code, line) => {
    const project = await read({ "pipelines/a.ts": text, "pipelines/lib/bad.ts": "\nthrow new Error('x');\nexport const a = 1;\n" });
    const mine = project.errors.filter((error) => error.location?.file === "pipelines/a.ts" || code === "MR1061");
    expect(mine.map((error) => [error.code, error.location?.line])).toContainEqual([code, line]);
  });

  it("may be the settings of the project", async () => {
    const dir = write({
      "millrace.config.ts": "const name: string = 'typed';\nexport default { name, defaults: { timeout: '5m' } };\n",
      "models/a.sql": "select 1 as a",
    });
    const project = await readProject(dir);
    expect(project).toMatchObject({ name: "typed", configFile: "millrace.config.ts", errors: [] });
    expect(project.nodes[0]!.timeout).toBe("5m");
  });

  it("told of wrong settings in TypeScript, at their place", async () => {
    const project = await readProject(
      write({ "millrace.config.ts": "export default {\n  name: 'x',\n  defaults: { timout: '5m' },\n};\n" }),
    );
    expect(project.errors.map((error) => [error.code, error.location?.line, error.hint?.split("\n")[0]])).toEqual([
      ["MR1020", 3, 'did you mean "timeout"?'],
    ]);
  });

  it("told of settings in two files", async () => {
    const project = await readProject(write({ "millrace.yaml": "", "millrace.config.ts": "export default {}" }));
    expect(project.errors.map((error) => error.code)).toEqual(["MR1008"]);
  });
});
