// Models at work: 1,000 small tables against DuckDB running the same statements, a run in which nothing changed, and TPC-H's questions as models.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { DuckDBInstance } from "@duckdb/node-api";
import { extensionPath } from "../test/tpc.ts";
import { type Figure, median } from "./figure.ts";
import { madeModels, madeRows, SOURCES } from "./made-models.ts";

const MODELS = 1_000;
const TURNS = 3;
const entry = join(resolve(fileURLToPath(import.meta.url), "../.."), "dist/cli/main.js");

export async function benchModels(): Promise<Figure[]> {
  return [...(await smallTables()), ...(await tpch())];
}

async function smallTables(): Promise<readonly Figure[]> {
  const plain: number[] = [];
  const built: number[] = [];
  const unchanged: number[] = [];
  for (let turn = 0; turn < TURNS; turn++) {
    const dir = mkdtempSync(join(tmpdir(), "millrace-bench-models-"));
    try {
      write(dir, "millrace.yaml", "name: made\n");
      for (let source = 0; source < SOURCES; source++) {
        write(dir, `data/s${source}.csv`, madeRows(source));
        write(dir, `sources/s${source}.yaml`, `from: { files: { path: data/s${source}.csv } }\n`);
      }
      const models = madeModels(MODELS);
      for (const model of models)
        write(
          dir,
          `models/${model.name}.sql`,
          `/*---\nmaterialize: table\n---*/\n${model.sql((table) => (table.startsWith("s") ? `raw.${table}` : `main.${table}`))}\n`,
        );
      plain.push(await plainBuild(join(dir, "plain.duckdb"), dir, models));
      millrace(["run", "--quiet", "--select", "raw.*"], dir);
      built.push(millrace(["run", "--quiet"], dir));
      unchanged.push(millrace(["run", "--quiet"], dir));
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  }
  const [wall, value] = [median(plain), median(built)];
  const rate = MODELS / value;
  return [
    {
      name: `${MODELS} small tables built, process and all`,
      value: rate,
      unit: "tables/s",
      wall: MODELS / wall,
      ratio: rate / (MODELS / wall),
      reach: "≥ 0.6 of plain DuckDB",
      reached: rate >= 0.6 * (MODELS / wall),
    },
    {
      name: `${MODELS} models, a run with nothing changed, process and all`,
      value: median(unchanged),
      unit: "s",
      wall: null,
      ratio: null,
      reach: "≤ 1 s",
      reached: median(unchanged) <= 1,
    },
  ];
}

/** The same statements, each committed by itself, in a file that is closed in the end. Seconds, without the loads. */
async function plainBuild(path: string, dir: string, models: ReturnType<typeof madeModels>): Promise<number> {
  const instance = await DuckDBInstance.create(path);
  const connection = await instance.connect();
  for (let source = 0; source < SOURCES; source++)
    await connection.run(`create table s${source} as select * from read_csv('${join(dir, `data/s${source}.csv`)}')`);
  const startMs = performance.now();
  for (const model of models) await connection.run(`create table ${model.name} as ${model.sql((table) => table)}`);
  connection.disconnectSync();
  instance.closeSync();
  return (performance.now() - startMs) / 1_000;
}

async function tpch(): Promise<readonly Figure[]> {
  const dir = mkdtempSync(join(tmpdir(), "millrace-bench-tpch-"));
  try {
    const data = join(dir, "tpch.duckdb");
    const instance = await DuckDBInstance.create(data, { allow_unsigned_extensions: "true" });
    const connection = await instance.connect();
    await connection.run(`load '${extensionPath("tpch")}'`);
    await connection.run("call dbgen(sf=1)");
    const texts = (await connection.runAndReadAll("select query from tpch_queries() order by query_nr"))
      .getRows()
      .map(([text]) => String(text));
    const tables = (await connection.runAndReadAll("select table_name from duckdb_tables()")).getRows().map(([name]) => String(name));
    connection.disconnectSync();
    instance.closeSync();
    write(dir, "millrace.yaml", `name: tpch\nconnections: { data: { duckdb: { path: ${data} } } }\n`);
    for (const table of tables)
      write(dir, `sources/${table}.yaml`, `name: main.${table}\nfrom: { duckdb: { connection: data, table: ${table} } }\n`);
    for (const [at, text] of texts.entries()) write(dir, `models/q${at + 1}.sql`, `/*---\nmaterialize: table\n---*/\n${text}\n`);
    millrace(["run", "--quiet", "--select", tables.map((table) => `main.${table}`).join(" ")], dir);
    const plain: number[] = [];
    const ours: number[] = [];
    const questions = texts.map((_, at) => `main.q${at + 1}`).join(" ");
    for (let turn = 0; turn < TURNS; turn++) {
      plain.push(await plainQuestions(data, texts));
      ours.push(millrace(["run", "--quiet", "--full-refresh", "--select", questions], dir));
    }
    const [wall, value] = [median(plain), median(ours)];
    return [
      {
        name: "TPC-H at scale 1 as models, process and all",
        value,
        unit: "s",
        wall,
        ratio: value / wall,
        reach: "≤ 1.05 of plain DuckDB",
        reached: value <= 1.05 * wall,
      },
    ];
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function plainQuestions(path: string, texts: readonly string[]): Promise<number> {
  const startMs = performance.now();
  const instance = await DuckDBInstance.create(path);
  const connection = await instance.connect();
  for (const [at, text] of texts.entries()) await connection.run(`create or replace table q${at + 1} as ${text}`);
  connection.disconnectSync();
  instance.closeSync();
  return (performance.now() - startMs) / 1_000;
}

function millrace(args: readonly string[], cwd: string): number {
  const startMs = performance.now();
  const { status, stderr, stdout } = spawnSync(process.execPath, [entry, ...args], {
    cwd,
    encoding: "utf8",
    env: { ...process.env, CI: "" },
  });
  if (status !== 0) throw new Error(`${args.join(" ")} ended with ${status}: ${stderr}${stdout}`);
  return (performance.now() - startMs) / 1_000;
}

function write(dir: string, name: string, text: string): void {
  mkdirSync(dirname(join(dir, name)), { recursive: true });
  writeFileSync(join(dir, name), text);
}
