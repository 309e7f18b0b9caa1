// The same made models by dbt-duckdb and SQLMesh, from PyPI, in the same run: each tool in a process of its own, as its users start it. Only when asked for.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { messageOf } from "../src/model/errors.ts";
import type { Figure } from "./figure.ts";
import { type MadeModel, madeModels, madeRows, SOURCES } from "./made-models.ts";

const MODELS = 1_000;
/** Which model is edited. */
const EDITED = 500;
const RUN_MS = 1_200_000;
/** dbt 2 fetches its program from elsewhere when it is installed. */
const PACKAGES = ["dbt-core<1.11", "dbt-duckdb<1.11", "sqlmesh"];
const entry = join(resolve(fileURLToPath(import.meta.url), "../.."), "dist/cli/main.js");

/** What is timed of each tool, in order; each step leaves what the next one needs. */
const STEPS = ["compile, cold", "compile, nothing changed", "compile, one edit", "all tables built", "run, nothing changed"] as const;

interface Tool {
  readonly name: string;
  /** The files of its project besides the models. */
  make(dir: string): void;
  /** Path and text of a model. */
  model(model: MadeModel): readonly [string, string];
  /** Command of each step; undefined where the tool has no such thing. */
  readonly steps: readonly (readonly string[] | undefined)[];
}

export async function benchPeersModels(): Promise<Figure[]> {
  const programs = installed();
  const tools = [millrace(), dbt(programs), sqlmesh(programs)];
  const seconds = new Map<string, readonly (number | null)[]>();
  for (const tool of tools) seconds.set(tool.name, timed(tool));
  const mine = seconds.get("Millrace")!;
  return STEPS.flatMap((step, at) =>
    tools.flatMap(({ name }): Figure[] => {
      const value = seconds.get(name)![at];
      const wall = mine[at];
      if (value === null || value === undefined || wall === null || wall === undefined) return [];
      return [
        { name: `${name}: ${MODELS} models, ${step}`, value, unit: "s", wall, ratio: value / wall, reach: "beside ours", reached: true },
      ];
    }),
  );
}

function timed(tool: Tool): readonly (number | null)[] {
  const dir = mkdtempSync(join(tmpdir(), "millrace-bench-peer-"));
  try {
    tool.make(dir);
    const models = madeModels(MODELS);
    for (const model of models) write(dir, ...tool.model(model));
    return STEPS.map((step, at) => {
      const command = tool.steps[at];
      if (command === undefined) return null;
      if (step === "compile, one edit") write(dir, ...tool.model(edited(models[EDITED]!)));
      try {
        return measured(command, dir);
      } catch (error) {
        console.error(`peersModels: ${tool.name} could not be measured (${step}): ${messageOf(error)}`);
        return null;
      }
    });
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** With one more column. */
function edited(model: MadeModel): MadeModel {
  return { name: model.name, sql: (refer) => `select *, 1 as edited from (${model.sql(refer)})` };
}

function millrace(): Tool {
  return {
    name: "Millrace",
    make: (dir) => {
      write(dir, "millrace.yaml", "name: made\n");
      for (let source = 0; source < SOURCES; source++) {
        write(dir, `data/s${source}.csv`, madeRows(source));
        write(dir, `sources/s${source}.yaml`, `name: main.s${source}\nfrom: { files: { path: data/s${source}.csv } }\n`);
      }
    },
    model: (model) => [`models/${model.name}.sql`, `/*---\nmaterialize: table\n---*/\n${model.sql((table) => `main.${table}`)}\n`],
    steps: [
      [process.execPath, entry, "lineage", "main.m999.v", "--quiet"],
      [process.execPath, entry, "lineage", "main.m999.v", "--quiet"],
      [process.execPath, entry, "lineage", "main.m999.v", "--quiet"],
      [process.execPath, entry, "run", "--quiet"],
      [process.execPath, entry, "run", "--quiet"],
    ],
  };
}

function dbt(programs: string): Tool {
  const command = (...words: readonly string[]): readonly string[] => [
    join(programs, "dbt"),
    "--quiet",
    ...words,
    "--profiles-dir",
    ".",
    "--project-dir",
    ".",
  ];
  return {
    name: "dbt-duckdb",
    make: (dir) => {
      write(
        dir,
        "dbt_project.yml",
        "name: made\nversion: '1.0'\nconfig-version: 2\nprofile: made\nmodel-paths: [models]\nseed-paths: [seeds]\nmodels: { made: { +materialized: table } }\n",
      );
      write(dir, "profiles.yml", "made:\n  target: dev\n  outputs: { dev: { type: duckdb, path: made.duckdb, threads: 2 } }\n");
      for (let source = 0; source < SOURCES; source++) write(dir, `seeds/s${source}.csv`, madeRows(source));
    },
    model: (model) => [`models/${model.name}.sql`, `${model.sql((table) => `{{ ref('${table}') }}`)}\n`],
    steps: [command("parse"), command("parse"), command("parse"), command("build"), command("build")],
  };
}

function sqlmesh(programs: string): Tool {
  const program = join(programs, "sqlmesh");
  const plan = [program, "plan", "--auto-apply", "--no-prompts", "--skip-tests"];
  return {
    name: "SQLMesh",
    make: (dir) => {
      write(
        dir,
        "config.yaml",
        "gateways: { local: { connection: { type: duckdb, database: made.db } } }\ndefault_gateway: local\nmodel_defaults: { dialect: duckdb, start: 2026-01-01 }\n",
      );
      for (let source = 0; source < SOURCES; source++) {
        write(dir, `seeds/s${source}.csv`, madeRows(source));
        write(dir, `models/s${source}.sql`, `MODEL (name main.s${source}, kind SEED (path '../seeds/s${source}.csv'));\n`);
      }
    },
    model: (model) => [
      `models/${model.name}.sql`,
      `MODEL (name main.${model.name}, kind FULL);\n${model.sql((table) => `main.${table}`)};\n`,
    ],
    steps: [
      [program, "info", "--skip-connection"],
      [program, "info", "--skip-connection"],
      [program, "info", "--skip-connection"],
      plan,
      plan,
    ],
  };
}

/** The folder of programs of a Python environment in the user's cache, made once. */
function installed(): string {
  const folder = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "millrace-bench/modelers");
  const programs = join(folder, "bin");
  if (existsSync(join(programs, "sqlmesh")) && existsSync(join(programs, "dbt"))) return programs;
  mkdirSync(folder, { recursive: true });
  measured(["python3", "-m", "venv", folder], folder);
  measured([join(programs, "python"), "-m", "pip", "install", "--quiet", ...PACKAGES], folder);
  return programs;
}

/** Seconds. @throws Error when it fails. */
function measured([program, ...args]: readonly string[], cwd: string): number {
  const startMs = performance.now();
  const { status, stderr, stdout, error } = spawnSync(program!, args, {
    cwd,
    encoding: "utf8",
    timeout: RUN_MS,
    killSignal: "SIGKILL",
    env: { ...process.env, CI: "" },
  });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error((stderr || stdout).trim().split("\n").at(-1) ?? `it ended with ${status}`);
  return (performance.now() - startMs) / 1_000;
}

function write(dir: string, name: string, text: string): void {
  mkdirSync(dirname(join(dir, name)), { recursive: true });
  writeFileSync(join(dir, name), text);
}
