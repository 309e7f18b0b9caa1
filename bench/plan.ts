// How long the compiler takes for a project of 1,000 models (stars, CTEs, joins, windows; two parents each), against the time DuckDB itself needs
// to bind the same texts in the same process: cold, with nothing changed, after one edit in the middle, and with the lineage of every column.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { modelSpec } from "../src/model/definitions/model.ts";
import type { ProjectNode } from "../src/model/graph.ts";
import { buildGraph } from "../src/plan/graph.ts";
import { planRun } from "../src/plan/plan.ts";
import { type CompileCache, openCompileCache } from "../src/sql/compile/cache.ts";
import { withCodeHashes } from "../src/sql/compile/hash.ts";
import { compile } from "../src/sql/compile/compile.ts";
import type { SqlUnit } from "../src/sql/compile/errors.ts";
import { type Figure, median } from "./figure.ts";
import { CUSTOMERS, ORDERS, ordersProject, ordersSchemas, unit } from "./orders-project.ts";

const MODELS = 1_000;
const TURNS = 5;
/** Those of the compiler (bench/compile.ts): types, lineage, fingerprints, and the planning on top. */
const COLD_MS = 3_000;
const WARM_MS = 400;
const EDIT_MS = 600;

export async function benchPlan(): Promise<Figure[]> {
  const dir = mkdtempSync(join(tmpdir(), "millrace-bench-plan-"));
  try {
    const models = ordersProject(MODELS);
    const edited = models.map((model, index) => (index === MODELS / 2 ? unit(model.id, `${model.sql} and a.id > 0`) : model));
    const cache = join(dir, "compile.json");
    await plan(models, openCompileCache(cache));
    const [wall, cold, warm, edit, lineage]: number[][] = [[], [], [], [], []];
    for (let turn = 0; turn < TURNS; turn++) {
      wall!.push(await bare(models));
      cold!.push(await timed(() => plan(models)));
      warm!.push(await timed(() => plan(models, openCompileCache(cache))));
      edit!.push(await timed(() => plan(edited, { ...openCompileCache(cache), save: () => {} })));
      lineage!.push(await timed(() => compile({ models, schemas: ordersSchemas, lineage: "columns" })));
    }
    const figure = (name: string, values: readonly number[], most: number | null): Figure => {
      const value = median(values);
      const against = median(wall!);
      const reach = most === null ? "no reach: for information" : `≤ ${most} ms`;
      return { name, value, unit: "ms", wall: against, ratio: value / against, reach, reached: most === null || value <= most };
    };
    return [
      figure(`plan of ${MODELS} models, nothing known`, cold!, COLD_MS),
      figure(`plan of ${MODELS} models, nothing changed`, warm!, WARM_MS),
      figure(`plan of ${MODELS} models, one edited`, edit!, EDIT_MS),
      figure(`lineage of every column of ${MODELS} models`, lineage!, null),
    ];
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function plan(models: readonly SqlUnit[], cache?: CompileCache): Promise<void> {
  const compiled = await compile({ models, schemas: ordersSchemas, ...(cache === undefined ? {} : { cache }) });
  cache?.save();
  if (compiled.errors.length > 0) throw compiled.errors[0]!;
  const nodes = models.map((model) => node(model));
  const dependencies = new Map([...compiled.models].map(([id, query]) => [id, query.dependencies.filter((need) => need.startsWith("m."))]));
  const { graph } = buildGraph({ nodes: withCodeHashes(nodes, compiled.models), dependencies });
  planRun({ graph, live: new Map(), sources: new Map() });
}

const spec = modelSpec.parse({});

function node(model: SqlUnit): ProjectNode {
  const common = { description: undefined, tags: [], owner: undefined, retry: undefined, timeout: undefined, codeHash: "", checks: [] };
  return { ...model, ...common, kind: "model", spec };
}

/** DuckDB alone: the same texts bound into empty tables, fifty statements at a time. */
async function bare(models: readonly SqlUnit[]): Promise<number> {
  const instance = await DuckDBInstance.create(":memory:", { threads: "1" });
  const connection = await instance.connect();
  await connection.run(
    `create schema raw; create schema m; create table raw.orders (${ORDERS}); create table raw.customers (${CUSTOMERS})`,
  );
  const statements = models.map(({ id, sql }) => `create table ${id} as ${sql}\nwith no data`);
  const spent = await timed(async () => {
    for (let from = 0; from < statements.length; from += 50) await connection.run(statements.slice(from, from + 50).join(";\n"));
  });
  connection.closeSync();
  instance.closeSync();
  return spent;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const before = performance.now();
  await work();
  return performance.now() - before;
}
