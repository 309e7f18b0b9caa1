// `millrace schema` is what editors check definitions by: everything that the guides, the examples and new projects write passes, and what the
// project's reader refuses does not. Validated by ajv, which knows nothing of this product.
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { openTools } from "../src/app.ts";
import { FOLDERS } from "../src/project/folders.ts";
import { guideOf, readGuide } from "./guides.ts";
import { project, repository } from "./millrace.ts";
import { millrace } from "./warm.ts";

const schemas = await (await openTools()).jsonSchema(undefined);
const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false });
type Validators = ReadonlyMap<string, ValidateFunction>;
const compiled = (all: Readonly<Record<string, unknown>>): Validators =>
  new Map(
    Object.entries(all).flatMap(([kind, schema]) => (typeof schema === "object" ? [[kind, ajv.compile(schema as object)] as const] : [])),
  );
const builtIn = compiled(schemas);

/** The kind of a file by its path in a project, and the part of it that is a definition. */
function definitionOf(path: string, text: string): { readonly kind: string; readonly value: unknown } | undefined {
  const [folder = ""] = path.split("/");
  const isYaml = /\.ya?ml$/.test(path);
  const frontMatter = (): unknown => parse(/\/\*---\n([\s\S]*?)\n---\*\//.exec(text)?.[1] ?? "{}");
  if (path === "millrace.yaml") return { kind: "project", value: parse(text) };
  if (path.endsWith(".sql") && (folder === "models" || folder === "checks"))
    return text.includes("/*---") ? { kind: folder.slice(0, -1), value: frontMatter() } : undefined;
  if (!isYaml || !(folder in FOLDERS)) return undefined;
  return { kind: folder === "models" ? "described" : folder.slice(0, -1), value: parse(text) };
}

/** Definitions of a project's files that the schemas refuse. */
function refused(files: Readonly<Record<string, string>>, validators = builtIn): readonly string[] {
  return Object.entries(files).flatMap(([path, text]) => {
    const found = definitionOf(path, text);
    if (found === undefined || found.value === null) return [];
    const validate = validators.get(found.kind)!;
    if (validate(found.value)) return [];
    return [`${path}: ${ajv.errorsText(validate.errors)}`];
  });
}

function filesIn(folder: string): Readonly<Record<string, string>> {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    names.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [relative(folder, path), readFileSync(path, "utf8")];
    }),
  );
}

/** A project's own connectors and checks are in the schemas that are asked for in its folder. */
async function validatorsOf(files: Readonly<Record<string, string>>): Promise<Validators> {
  if (!Object.keys(files).some((path) => path.startsWith("pipelines/"))) return builtIn;
  const made = project({ "millrace.yaml": "name: guide\n", ...files });
  const asked = await millrace(["schema", "--json"], made.dir);
  made.remove();
  expect(asked.exitCode, asked.stderr).toBe(0);
  return compiled(asked.lines()[0]!);
}

describe("the schemas for editors", () => {
  it("are there for every file that a project has", () => {
    expect(Object.keys(schemas).toSorted()).toEqual([
      "check",
      "component",
      "described",
      "export",
      "job",
      "model",
      "project",
      "source",
      "test",
    ]);
    const isCode = (name: string): boolean => name === "pipelines" || name === "macros";
    const folders = Object.keys(FOLDERS).filter((name) => !isCode(name));
    expect(folders.filter((name) => !(name.slice(0, -1) in schemas))).toEqual([]);
  });

  const guides = readdirSync(join(repository, "docs")).filter((name) => name.endsWith(".md"));
  it.each(["../README.md", ...guides])("take what docs/%s writes", async (name) => {
    const { files } = guideOf(join(repository, "docs", name));
    expect(refused(files, await validatorsOf(files))).toEqual([]);
  });

  it.each(readdirSync(join(repository, "examples")))("take the example %s", (name) => {
    expect(refused(filesIn(join(repository, "examples", name)))).toEqual([]);
  });

  it("take a new project", async () => {
    const made = project({});
    expect((await millrace(["init", "new"], made.dir)).exitCode).toBe(0);
    const files = filesIn(join(made.dir, "new"));
    expect(Object.keys(files).filter((path) => definitionOf(path, files[path]!) !== undefined).length).toBeGreaterThan(3);
    expect(refused(files)).toEqual([]);
    made.remove();
  });

  const WRONG: readonly (readonly [path: string, text: string])[] = [
    ["millrace.yaml", "nam: shop\n"],
    ["sources/a.yaml", "from: { flies: { path: a.csv } }\n"],
    ["sources/a.yaml", "from: { files: { path: a.csv } }\nload: merged\n"],
    ["models/a.sql", "/*---\nmaterialise: table\n---*/ select 1\n"],
    ["models/a.sql", "/*---\nchecks: [{ notnull: [a] }]\n---*/ select 1\n"],
    ["models/a.yaml", "lookup: { from: a.b }\n"],
    ["exports/a.yaml", "select: a.b\nto: { files: { path: a.csv }, s3: {} }\n"],
    ["jobs/a.yaml", "triggers: [{ schedule: { cron: 5 } }]\n"],
    ["tests/a.yaml", "model: a.b\nexpected: []\n"],
    ["checks/a.sql", "/*---\non: [a]\n---*/ select 1\n"],
  ];
  it.each(WRONG)("refuse what is wrong in %s: %s", (path, text) => {
    expect(refused({ [path]: text })).toHaveLength(1);
  });

  it("take a unit test with all that it may say", () => {
    const { files } = readGuide(
      "`tests/a.yaml`\n```yaml\nmodel: a.b\nnow: 2026-01-31T00:00:00Z\ngiven: { raw.a: [{ x: 1 }] }\nchecks: { failing: [notNull(x)] }\nexpect: [{ x: 1 }]\nordered: true\n```\n",
    );
    expect(refused(files)).toEqual([]);
  });
});
