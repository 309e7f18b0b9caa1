// New projects, their JSON Schemas, and the doctor: what a newcomer meets first.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import * as z from "zod";
import { nodeCheck, projectDoctor } from "./doctor.ts";
import { valueAt } from "./document.ts";
import { initProject } from "./init.ts";
import { jsonSchema, SCHEMA_KINDS, type SchemaParts } from "./json-schema.ts";
import { readProject } from "./read.ts";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "millrace-init-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const files = z.strictObject({ path: z.union([z.string(), z.array(z.string())]), skipLines: z.int().optional() });
const options = { connectors: { files }, checks: ["notNull", "unique", "rule", "acceptedValues"], materializations: ["view", "table"] };
const parts: SchemaParts = {
  connectors: {
    files: { summary: "Files", options: files, capabilities: { read: true, write: ["replace"] } },
    http: { summary: "HTTP", options: z.strictObject({ url: z.string() }), capabilities: { read: true, write: [] } },
  },
  checks: { notNull: { summary: "No nulls", options: z.strictObject({ columns: z.array(z.string()) }), short: "columns" } },
};

/** What stands at a dotted path of the schema of a kind. */
function part(kind: string, path: string): unknown {
  return valueAt(jsonSchema(kind, parts), path.split("."));
}

describe("initProject", () => {
  it("makes at most ten short files that are a sound project", async () => {
    const made = await initProject(join(dir, "my-data"), { template: "starter", force: false });
    expect(made.files.length).toBeLessThanOrEqual(10);
    for (const file of made.files.filter((name) => !name.endsWith(".csv"))) {
      expect(readFileSync(join(made.dir, file), "utf8").split("\n").length, file).toBeLessThanOrEqual(40);
    }
    const project = await readProject(made.dir, options);
    expect(project.errors).toEqual([]);
    expect(project.warnings).toEqual([]);
    expect(project.name).toBe("my-data");
    expect(project.nodes.map((node) => node.id)).toEqual(["raw.orders", "clean.orders", "final.revenue", "out.revenue"]);
    expect(JSON.parse(readFileSync(join(made.dir, "package.json"), "utf8"))).toMatchObject({
      name: "my-data",
      dependencies: { millrace: expect.any(String) },
    });
    expect(readFileSync(join(made.dir, ".gitignore"), "utf8")).toMatch(/^\.millrace\/$[\s\S]*^secrets\.env$/m);
  });

  it("gives everybody the same data, with rows that are wrong", async () => {
    const made = await initProject(join(dir, "a"), { template: "starter", force: false });
    const lines = readFileSync(join(made.dir, "data/orders.csv"), "utf8").trim().split("\n");
    expect(lines).toHaveLength(62);
    expect(lines.filter((line) => /to be agreed|\$0\.00|-\$25\.00/.test(line))).toHaveLength(3);
    expect(new Set(lines.map((line) => line.split(",")[0])).size).toBe(61);
  });

  it("refuses a folder that is not empty, and with --yes keeps what is there", async () => {
    writeFileSync(join(dir, "README.md"), "mine");
    await expect(initProject(dir, { template: "starter", force: false })).rejects.toMatchObject({ code: "MR1070" });
    expect(readdirSync(dir)).toEqual(["README.md"]);
    const made = await initProject(dir, { template: "starter", force: true });
    expect(made.kept).toEqual(["README.md"]);
    expect(readFileSync(join(dir, "README.md"), "utf8")).toBe("mine");
  });

  it("says which template was meant and what cannot be written", async () => {
    await expect(initProject(join(dir, "x"), { template: "startr", force: false })).rejects.toMatchObject({
      code: "MR1071",
      hint: expect.stringContaining('"starter"'),
    });
    expect(existsSync(join(dir, "x"))).toBe(false);
    writeFileSync(join(dir, "file"), "");
    await expect(initProject(join(dir, "file"), { template: "empty", force: false })).rejects.toMatchObject({ code: "MR1072" });
    await expect(initProject(join(dir, "file/below"), { template: "empty", force: false })).rejects.toMatchObject({ code: "MR1072" });
  });

  it("makes a project around CSV files that are there", async () => {
    mkdirSync(join(dir, "data"));
    for (const name of ["Sales 2024.csv", "sales_2024.csv", "7up.csv"]) writeFileSync(join(dir, "data", name), "a\n1\n");
    const made = await initProject(dir, { template: "starter", force: false, from: "csv:data/*.csv", cwd: dir });
    const project = await readProject(made.dir, options);
    expect(project.errors).toEqual([]);
    expect(project.nodes.map((node) => node.id)).toEqual(["raw._7up", "raw.sales_2024", "raw.sales_2024_2", "clean._7up"]);
    for (let number = 0; number < 5; number++) writeFileSync(join(dir, "data", `n${number}.csv`), "a\n1\n");
    const many = await initProject(join(dir, "many"), { template: "starter", force: false, from: "csv:data/*.csv", cwd: dir });
    expect(many.files).toContain("sources/registry.csv");
    expect((await readProject(many.dir, options)).nodes.filter((node) => node.kind === "source")).toHaveLength(8);
    await expect(initProject(join(dir, "none"), { template: "starter", force: false, from: "csv:*.tsv", cwd: dir })).rejects.toMatchObject({
      code: "MR1071",
    });
  });
});

describe("jsonSchema", () => {
  it("knows every kind, with the connectors and checks joined in", () => {
    const from = part("source", "properties.from");
    expect(from).toMatchObject({ minProperties: 1, maxProperties: 1, additionalProperties: false });
    expect(Object.keys(part("source", "properties.from.properties") as object)).toEqual(["files", "http"]);
    expect(part("source", "properties.from.properties.files.anyOf.0.required")).toEqual(["path"]);
    expect(part("source", "properties.checks.items.properties.notNull.anyOf.0")).toEqual({ type: "array", items: { type: "string" } });
    expect(part("source", "properties.checks.items.properties.severity.enum")).toEqual(["error", "warn"]);
    expect(part("source", "additionalProperties")).toBe(false);
    expect(Object.keys(part("export", "properties.to.properties") as object)).toEqual(["files"]);
    const connection = "properties.connections.additionalProperties.properties.http.anyOf.0";
    expect(part("project", connection)).toMatchObject({ type: "object" });
    expect(part("project", `${connection}.required`)).toBeUndefined();
    expect(Object.keys(jsonSchema(undefined, parts))).toEqual(SCHEMA_KINDS);
    expect(JSON.stringify(jsonSchema(undefined, parts))).not.toContain("~standard");
  });

  it("says which kind was meant", () => {
    expect(() => jsonSchema("sorce", parts)).toThrow(
      expect.objectContaining({ code: "MR7001", hint: expect.stringContaining('"source"') }),
    );
  });
});

describe("projectDoctor", () => {
  it("looks at the machine and the project", async () => {
    const made = await initProject(join(dir, "p"), { template: "starter", force: false });
    const checks = await projectDoctor(made.dir, options);
    expect(checks.map((check) => [check.name, check.status === "failed"])).toEqual([
      ["node", false],
      ["duckdb", false],
      ["project", false],
      ["state", false],
      ["disk", false],
      ["warehouse", false],
      ["engine", false],
    ]);
    expect(checks.find((check) => check.name === "duckdb")!.detail).toMatch(/1\.5\.\d/);
  });

  it("names the process that holds the warehouse, without opening it", async () => {
    const made = await initProject(join(dir, "p"), { template: "empty", force: false });
    const path = join(made.dir, ".millrace/warehouse.duckdb");
    mkdirSync(join(made.dir, ".millrace"));
    const script = `import("@duckdb/node-api").then(async (duckdb) => { const db = await duckdb.DuckDBInstance.create(${JSON.stringify(path)}); console.log("held"); setInterval(() => db, 1000); });`;
    const holder = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
    try {
      await new Promise((resolve) => holder.stdout.once("data", resolve));
      const found = (await projectDoctor(made.dir)).find((check) => check.name === "warehouse");
      // Only Linux tells who holds a lock.
      if (process.platform === "linux")
        expect(found).toMatchObject({ status: "warn", detail: expect.stringContaining(`process ${holder.pid}`) });
      else expect(found).toMatchObject({ status: "ok" });
    } finally {
      holder.kill("SIGKILL");
      await new Promise((resolve) => holder.once("exit", resolve));
    }
    expect((await projectDoctor(made.dir)).find((check) => check.name === "warehouse")).toMatchObject({ status: "ok" });
  });

  it("tells what is wrong and how to repair it", async () => {
    expect((await projectDoctor(dir)).find((check) => check.name === "project")).toMatchObject({ status: "failed", fix: "millrace init" });
    writeFileSync(join(dir, "millrace.yaml"), "nam: x\n");
    writeFileSync(join(dir, "secrets.env"), "A=b\n");
    mkdirSync(join(dir, ".millrace"));
    writeFileSync(join(dir, ".millrace/engine.json"), '{"pid":999999999,"url":"http://127.0.0.1:1"}');
    const checks = await projectDoctor(dir);
    expect(checks.find((check) => check.name === "project")).toMatchObject({ status: "failed", detail: expect.stringContaining("MR1020") });
    expect(checks.find((check) => check.name === "secrets")).toMatchObject({ status: "warn" });
    expect(checks.find((check) => check.name === "engine")).toMatchObject({ status: "warn", detail: expect.stringContaining("gone") });
    expect(nodeCheck("20.18.1").status).toBe("failed");
    expect(nodeCheck("20.19.0").status).toBe("ok");
    expect(nodeCheck("24.0.0").status).toBe("ok");
  });
});
