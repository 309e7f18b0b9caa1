// Many small nodes through the built command line, as users run them: 10,000 partitions enqueued, built with a row each, and found to be as they are;
// 10,000 items of a mapped task in TypeScript and in SQL.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { DuckDBInstance } from "@duckdb/node-api";
import type { Figure } from "./figure.ts";

const NODES = 10_000;
const DAY_MS = 86_400_000;
const FIRST_DAY = "2000-01-01";
const main = resolve(fileURLToPath(import.meta.url), "../../dist/cli/main.js");
/** Prints its own peak of memory, in kilobytes, after the command. */
const PEAK = "process.once('exit',()=>require('fs').writeSync(2,'\\npeak '+process.resourceUsage().maxRSS))";

interface Spent {
  readonly seconds: number;
  readonly megabytes: number;
}

export async function benchBackfill(): Promise<readonly Figure[]> {
  const dir = mkdtempSync(join(tmpdir(), "millrace-bench-backfill-"));
  const dayAfter = (days: number): string => new Date(Date.parse(FIRST_DAY) + days * DAY_MS).toISOString().slice(0, 10);
  // Two projects: a job without a selection also builds what its project has.
  const [tasks, assets] = [join(dir, "tasks"), join(dir, "assets")];
  const files = {
    "tasks/millrace.yaml": "name: tasks\n",
    "assets/millrace.yaml": "name: assets\n",
    "assets/models/clean/days.sql": `/*---\nmaterialize: table\npartition: { by: day, column: sold, start: ${FIRST_DAY}, end: ${dayAfter(NODES)} }\n---*/\nselect $start as sold, 1 as amount\n`,
    "tasks/pipelines/tasks.ts":
      'import { defineTask } from "millrace";\nexport const nothing = defineTask({ name: "nothing", run: () => null });\n',
    "tasks/jobs/items.yaml": `tasks:\n  each: { typescript: "pipelines/tasks.ts#nothing", map: { over: "select i from range(${NODES}) t(i)" } }\n`,
    "tasks/jobs/queries.yaml": `tasks:\n  each: { sql: "select \${item.i} + 1 as n", map: { over: "select i from range(${NODES}) t(i)" } }\n`,
  };
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), text);
  }
  try {
    const range = ["backfill", "clean.days", "--from", FIRST_DAY, "--to", dayAfter(NODES - 1)];
    const items = millrace(tasks, ["run", "items", "--json"]);
    const enqueued = millrace(assets, [...range, "--detach", "--json"]);
    millrace(assets, ["cancel", "--all", "--json"]);
    const built = millrace(assets, [...range, "--json"]);
    const same = millrace(assets, [...range, "--json"]);
    const queries = millrace(tasks, ["run", "queries", "--json"]);
    const wall = await bareCommits(join(dir, "bare.duckdb"));
    return [
      figure(`${NODES} items of a task that does nothing`, items.seconds, "s", { limit: 10 }),
      figure("memory of that", items.megabytes, "MB", { limit: 300 }),
      figure(`${NODES} items of SQL, each a transaction`, queries.seconds, "s", { wall }),
      figure(`${NODES} partitions enqueued, the command's start included`, enqueued.seconds, "s", { limit: 2 }),
      figure(`${NODES} partitions that are as they would be built`, same.seconds, "s", { limit: 60 }),
      figure(`${NODES} partitions of a row, each a transaction`, built.seconds, "s", { wall }),
      figure("memory of that", built.megabytes, "MB", { limit: 400 }),
    ];
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function millrace(cwd: string, args: readonly string[]): Spent {
  const before = performance.now();
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--import", `data:text/javascript,${importOf(PEAK)}`, main, ...args], {
    cwd,
    encoding: "utf8",
    maxBuffer: 1e9,
  });
  const seconds = (performance.now() - before) / 1_000;
  if (status !== 0) throw new Error(`millrace ${args.join(" ")} ended with ${status}: ${stdout.slice(-500)}${stderr.slice(-500)}`);
  return { seconds, megabytes: Number(/peak (\d+)/.exec(stderr)![1]) / 1_000 };
}

function importOf(commonJs: string): string {
  return encodeURIComponent(`import { createRequire } from "node:module"; const require = createRequire("file:///"); ${commonJs}`);
}

/** One row in a transaction of its own, as often as there are nodes. */
async function bareCommits(path: string): Promise<number> {
  const instance = await DuckDBInstance.create(path);
  const connection = await instance.connect();
  await connection.run("create table done (node varchar, result varchar)");
  const statement = await connection.prepare("insert into done values ($1, $2)");
  const before = performance.now();
  for (let node = 0; node < NODES; node++) {
    statement.bind([`n${node}`, "{}"]);
    await statement.run();
  }
  const seconds = (performance.now() - before) / 1_000;
  statement.destroySync();
  connection.closeSync();
  instance.closeSync();
  return seconds;
}

type Reach = { readonly limit: number } | { readonly wall: number };

function figure(name: string, value: number, unit: string, reach: Reach): Figure {
  if ("limit" in reach)
    return { name, value, unit, wall: null, ratio: null, reach: `≤ ${reach.limit} ${unit}`, reached: value <= reach.limit };
  const words = "for the record, beside as many bare commits of DuckDB";
  return { name, value, unit, wall: reach.wall, ratio: value / reach.wall, reach: words, reached: true };
}
