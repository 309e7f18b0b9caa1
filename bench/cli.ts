// How long a user waits for the command line: whole processes, against bare node and node with DuckDB open, in turns so that noise hits both.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type Figure, median } from "./figure.ts";

const TURNS = 9;
const PLAN_TURNS = 5;
const MODELS = 1_000;
const ASSETS = 100;
const repository = resolve(fileURLToPath(import.meta.url), "../..");
const entry = join(repository, "dist/cli/main.js");
const OPEN_DUCKDB =
  'const { DuckDBInstance } = await import("@duckdb/node-api"); const c = await (await DuckDBInstance.create(process.argv[1])).connect(); await c.runAndReadAll("select 1"); process.exit(0)';

function milliseconds(args: readonly string[], cwd: string): number {
  const before = performance.now();
  const { status, stderr } = spawnSync(process.execPath, args, { cwd, encoding: "utf8", env: { ...process.env, CI: "" } });
  if (status !== 0) throw new Error(`${args.join(" ")} ended with ${status}: ${stderr}`);
  return performance.now() - before;
}

export async function benchCli(): Promise<Figure[]> {
  const dir = mkdtempSync(join(tmpdir(), "millrace-bench-cli-"));
  try {
    const small = join(dir, "small");
    write(small, "millrace.yaml", "name: small\n");
    for (let n = 0; n < ASSETS; n++)
      write(
        small,
        `models/main/m${n}.sql`,
        `/*---\nmaterialize: table\n---*/\nselect ${n} as n${n > 0 ? `, m${n - 1}.n as before from main.m${n - 1} as m${n - 1}` : ""}\n`,
      );
    const large = join(dir, "large");
    write(large, "millrace.yaml", "name: large\n");
    for (let n = 0; n < MODELS; n++)
      write(
        large,
        `models/main/m${n}.sql`,
        `select ${n} as n, 'x' as label${n > 9 ? `, up.n + 1 as before from main.m${n - 10} as up where up.n > 0` : ""}\n`,
      );
    milliseconds([entry, "run", "--quiet"], small);
    const bare: number[] = [];
    const duckdb: number[] = [];
    const help: number[] = [];
    const query: number[] = [];
    const unchanged: number[] = [];
    const plan: number[] = [];
    const coldPlan: number[] = [];
    for (let turn = 0; turn < TURNS; turn++) {
      bare.push(milliseconds(["-e", "0"], dir));
      help.push(milliseconds([entry, "--help"], dir));
      duckdb.push(milliseconds(["--input-type=module", "-e", OPEN_DUCKDB, join(dir, "bare.duckdb")], repository));
      query.push(milliseconds([entry, "query", "select 1"], small));
      unchanged.push(milliseconds([entry, "run", "--quiet"], small));
      if (turn >= PLAN_TURNS) continue;
      rmSync(join(large, ".millrace"), { recursive: true, force: true });
      coldPlan.push(milliseconds([entry, "plan", "--quiet"], large));
      plan.push(milliseconds([entry, "plan", "--quiet"], large));
    }
    return [
      against("millrace --help", median(help), median(bare), 2.5, "bare node"),
      against('query "select 1"', median(query), median(duckdb), 1.6, "bare node with DuckDB open"),
      below(`plan of ${MODELS} models, nothing known`, median(coldPlan), 1_500, median(duckdb)),
      below(`plan of ${MODELS} models, known from before`, median(plan), 1_500, median(duckdb)),
      below(`a run in which nothing changed, ${ASSETS} assets`, median(unchanged), 500, median(duckdb)),
    ];
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function against(name: string, value: number, wall: number, factor: number, what: string): Figure {
  return { name, value, unit: "ms", wall, ratio: value / wall, reach: `≤ ${factor} × ${what}`, reached: value / wall <= factor };
}

/** The reach is a time; the wall tells how much of it this machine needs for node and DuckDB alone. */
function below(name: string, value: number, most: number, wall: number): Figure {
  return { name, value, unit: "ms", wall, ratio: value / wall, reach: `≤ ${most} ms`, reached: value <= most };
}

function write(dir: string, path: string, text: string): void {
  mkdirSync(join(dir, path, ".."), { recursive: true });
  writeFileSync(join(dir, path), text);
}
