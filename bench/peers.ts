// Peers on the same work on the same machine in the same minutes: three steps that do nothing, one workflow after the other and fifty at once. Each is
// installed from its registry into a folder of its own that is removed afterwards; what cannot be installed or does not run is said, and is no failure.
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { realClock } from "../src/engine/clock.ts";
import { createEngine } from "../src/engine/engine.ts";
import { createInlineExecutor } from "../src/executors/inline.ts";
import { messageOf } from "../src/model/errors.ts";
import { openPostgresStore } from "../src/store/postgres.ts";
import { openSqliteStore } from "../src/store/sqlite.ts";
import type { EventStore } from "../src/store/store.ts";
import { startPostgres, type TestPostgres } from "../test/postgres.ts";
import { type Figure, median } from "./figure.ts";
import { carryOut, nameOf, planOf, range, timed } from "./workflows.ts";

const scripts = resolve(fileURLToPath(import.meta.url), "../peers");
const SAMPLES = 60;
const AT_ONCE = 50;
const ROUNDS = 8;
const INSTALL_MS = 300_000;
const RUN_MS = 180_000;

interface Measured {
  readonly medianMs: number;
  readonly perSecond: number;
  /** With a process for each step, where that is the default. */
  readonly processesMs?: number;
}

interface Peer {
  readonly name: string;
  /** Installs into the folder and measures. */
  measure(this: void, folder: string, postgres: TestPostgres): Promise<string>;
}

const peers: readonly Peer[] = [
  {
    name: "DBOS on PostgreSQL",
    async measure(folder, postgres) {
      npmInstall(folder, ["@dbos-inc/dbos-sdk"]);
      return run(process.execPath, [script(folder, "dbos.mjs")], folder, { PEER_DATABASE: await postgres.createDatabase() });
    },
  },
  {
    name: "Restate",
    async measure(folder) {
      npmInstall(folder, ["@restatedev/restate-server", "@restatedev/restate-sdk"]);
      return run(newerNode(folder), [script(folder, "restate.mjs")], folder);
    },
  },
  {
    name: "Dagster in process",
    async measure(folder) {
      run("python3", ["-m", "venv", "python"], folder);
      run(join(folder, "python/bin/python"), ["-m", "pip", "install", "--quiet", "dagster"], folder);
      return run(join(folder, "python/bin/python"), [script(folder, "with-dagster.py")], folder);
    },
  },
];

export async function benchPeers(): Promise<readonly Figure[]> {
  const dir = mkdtempSync(join(tmpdir(), "millrace-bench-peers-"));
  const postgres = await startPostgres();
  try {
    const sqlite = await ours(openSqliteStore(join(dir, "state.sqlite")));
    const server = await ours(await openPostgresStore({ connection: { connectionString: await postgres.createDatabase() } }));
    const figures = [...compared("Millrace on SQLite", sqlite, sqlite), ...compared("Millrace on PostgreSQL", server, sqlite)];
    for (const { name, measure } of peers) {
      const folder = join(dir, name.replaceAll(/\W/g, ""));
      mkdirSync(folder);
      try {
        figures.push(...compared(name, measuredIn(await measure(folder, postgres)), sqlite));
      } catch (error) {
        console.error(`peers: ${name} could not be measured: ${messageOf(error)}`);
      }
    }
    return figures;
  } finally {
    await postgres.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

async function ours(store: EventStore): Promise<Measured> {
  const engine = createEngine({ store, clock: realClock, executor: createInlineExecutor(async () => ({})) });
  const three = planOf(3, (index) => (index === 0 ? [] : [nameOf(index - 1)]), 4);
  const once = async (): Promise<number> => timed(() => carryOut(engine, three));
  for (let warmUp = 0; warmUp < SAMPLES; warmUp++) await once();
  const singles: number[] = [];
  for (let sample = 0; sample < SAMPLES; sample++) singles.push(await once());
  const rates: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const ms = await timed(() => Promise.all(range(AT_ONCE).map(() => carryOut(engine, three))));
    rates.push((AT_ONCE / ms) * 1_000);
  }
  await engine.close();
  await store.close();
  return { medianMs: median(singles), perSecond: median(rates) };
}

/** The wall is ours on SQLite. */
function compared(name: string, { medianMs, perSecond, processesMs }: Measured, wall: Measured): readonly Figure[] {
  const common = { reach: "beside ours on SQLite", reached: true };
  const times = [
    ["3 steps that do nothing, median", medianMs],
    ["the same with a process per step", processesMs],
  ] as const;
  return [
    ...times.flatMap(([what, value]): readonly Figure[] =>
      value === undefined
        ? []
        : [{ ...common, name: `${name}: ${what}`, value, unit: "ms", wall: wall.medianMs, ratio: value / wall.medianMs }],
    ),
    {
      ...common,
      name: `${name}: ${AT_ONCE} at once`,
      value: perSecond,
      unit: "workflows/s",
      wall: wall.perSecond,
      ratio: perSecond / wall.perSecond,
    },
  ];
}

/** The last line that is JSON: peers also print what they like. */
function measuredIn(output: string): Measured {
  const line = output
    .split("\n")
    .filter((each) => each.startsWith("{"))
    .at(-1);
  if (line === undefined) throw new Error(`it printed no figures:\n${output.slice(-1_000)}`);
  return JSON.parse(line) as Measured;
}

function script(folder: string, name: string): string {
  copyFileSync(join(scripts, "measure.mjs"), join(folder, "measure.mjs"));
  copyFileSync(join(scripts, name), join(folder, name));
  return join(folder, name);
}

function npmInstall(folder: string, packages: readonly string[]): void {
  if (!existsSync(join(folder, "package.json"))) writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }\n');
  run("npm", ["install", "--no-audit", "--no-fund", "--loglevel", "error", ...packages], folder);
}

/** Restate's SDK does not answer on Node 20, so it gets a newer one, from its registry too. */
function newerNode(folder: string): string {
  if (Number(process.versions.node.split(".")[0]) >= 22) return process.execPath;
  const name = `node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}`;
  npmInstall(folder, [`${name}@22`]);
  return join(folder, "node_modules", name, "bin/node");
}

function run(command: string, args: readonly string[], cwd: string, env: Readonly<Record<string, string>> = {}): string {
  const isInstall = command === "npm" || args.includes("pip") || args.includes("venv");
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    encoding: "utf8",
    timeout: isInstall ? INSTALL_MS : RUN_MS,
    killSignal: "SIGKILL",
    maxBuffer: 100_000_000,
    env: { ...process.env, ...env },
  });
  if (error !== undefined) throw new Error(`${command} ${args.join(" ")}: ${error.message}`);
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${status}:\n${stderr.slice(-1_000)}`);
  return stdout;
}
