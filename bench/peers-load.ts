// Loaders on the same work on the same machine in the same minutes: a CSV file and a table of PostgreSQL into a new DuckDB file, whole processes as a user
// starts them. dlt and Sling come from PyPI into a folder of the user's cache; what cannot be installed or does not run is said, and is no failure.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Client } from "pg";
import { messageOf } from "../src/model/errors.ts";
import { startPostgres } from "../test/postgres.ts";
import { writeSample } from "./csv.ts";
import { type Figure, median } from "./figure.ts";

const ROWS = 1_000_000;
const TURNS = 3;
const INSTALL_MS = 300_000;
const RUN_MS = 300_000;
const PACKAGES = ["dlt[duckdb,filesystem]", "sqlalchemy", "pyarrow", "pandas", "psycopg2-binary", "sling"];
const root = resolve(fileURLToPath(import.meta.url), "../..");
const entry = join(root, "dist/cli/main.js");

interface Work {
  readonly name: string;
  readonly kind: "csv" | "postgres";
  /** Folder of the file, or the URL of the server. */
  readonly source: string;
  /** `from:` of our source. */
  readonly from: string;
  /** Options of Sling that name the source. */
  readonly stream: readonly string[];
}

/** Seconds of one load into `folder`, which is empty. */
type Loader = (work: Work, folder: string) => number;

export async function benchPeersLoad(): Promise<readonly Figure[]> {
  const dir = mkdtempSync(join(tmpdir(), "millrace-bench-loaders-"));
  const postgres = await startPostgres();
  try {
    const url = await postgres.createDatabase();
    const client = new Client({ connectionString: url });
    await client.connect();
    await client.query(`create table orders (id bigint primary key, email text, amount double precision, price numeric(12,2), created_at timestamptz, day date,
      active boolean, note text); insert into orders select n, 'customer' || n % 100000 || '@example.com', n * 1.25, (n * 37 % 1000000)::numeric / 100,
      timestamptz '2024-01-01' + n * interval '13 seconds', date '2024-01-01' + n % 700, n % 3 = 0, case when n % 4 > 0 then 'a note, number ' || n end
      from generate_series(1, ${ROWS}) n; analyze orders`);
    await client.end();
    const files = join(dir, "files");
    mkdirSync(files);
    const file = join(files, "rows.csv");
    writeSample(file, ROWS, 0);
    const works: readonly Work[] = [
      {
        name: "CSV",
        kind: "csv",
        source: files,
        from: `files: { path: ${JSON.stringify(file)} }`,
        stream: ["--src-stream", `file://${file}`],
      },
      {
        name: "PostgreSQL",
        kind: "postgres",
        source: url.replace(/^postgres:/, "postgresql+psycopg2:"), // as SQLAlchemy names it
        from: `postgres: { url: ${JSON.stringify(url)}, table: orders }`,
        stream: ["--src-conn", url, "--src-stream", "public.orders"],
      },
    ];
    const python = installed();
    const loaders: Readonly<Record<string, Loader>> = {
      Millrace: ours,
      dlt: (work, folder) =>
        seconds(join(python, "python"), [join(root, "bench/peers/load-with-dlt.py"), work.kind, work.source, join(folder, "peer.duckdb")]),
      Sling: (work, folder) =>
        seconds(join(python, "sling"), [
          "run",
          ...work.stream,
          "--tgt-conn",
          `duckdb://${join(folder, "peer.duckdb")}`,
          "--tgt-object",
          "main.peer",
        ]),
    };
    return works.flatMap((work) => compared(work, loaders, dir));
  } finally {
    await postgres.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

/** In turns, so that noise hits all. */
function compared(work: Work, loaders: Readonly<Record<string, Loader>>, dir: string): Figure[] {
  const times = new Map<string, number[]>();
  const failed = new Set<string>();
  for (let turn = 0; turn < TURNS; turn++) {
    for (const [name, load] of Object.entries(loaders)) {
      if (failed.has(name)) continue;
      const folder = mkdtempSync(join(dir, "load-"));
      try {
        times.set(name, [...(times.get(name) ?? []), load(work, folder)]);
      } catch (error) {
        failed.add(name);
        console.error(`peersLoad: ${name} could not be measured (${work.name}): ${messageOf(error)}`);
      }
      rmSync(folder, { recursive: true, force: true });
    }
  }
  const mine = median(times.get("Millrace") ?? []);
  return [...times].map(([name, all]) => {
    const value = median(all);
    return {
      name: `${name}: ${ROWS} rows, ${work.name} → DuckDB`,
      value,
      unit: "s",
      wall: mine,
      ratio: value / mine,
      reach: "beside ours",
      reached: true,
    };
  });
}

function ours({ from }: Work, folder: string): number {
  mkdirSync(join(folder, "sources"));
  writeFileSync(join(folder, "millrace.yaml"), "name: peer\n");
  writeFileSync(join(folder, "sources/rows.yaml"), `from:\n  ${from}\n`);
  return seconds(process.execPath, [entry, "run", "--quiet"], folder);
}

/** The folder of programs of a Python environment in the user's cache, made once. */
function installed(): string {
  const folder = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "millrace-bench/loaders");
  const programs = join(folder, "bin");
  if (existsSync(join(programs, "sling"))) return programs;
  try {
    mkdirSync(folder, { recursive: true });
    run("python3", ["-m", "venv", folder], { timeoutMs: INSTALL_MS });
    run(join(programs, "python"), ["-m", "pip", "install", "--quiet", ...PACKAGES], { timeoutMs: INSTALL_MS });
  } catch (error) {
    console.error(`peersLoad: nothing could be installed: ${messageOf(error)}`);
  }
  return programs;
}

function seconds(command: string, args: readonly string[], cwd?: string): number {
  const startedMs = performance.now();
  run(command, args, { timeoutMs: RUN_MS, cwd });
  return (performance.now() - startedMs) / 1_000;
}

function run(
  command: string,
  args: readonly string[],
  { timeoutMs, cwd }: { readonly timeoutMs: number; readonly cwd?: string | undefined },
): void {
  const { status, stderr, stdout, error } = spawnSync(command, args, { cwd, encoding: "utf8", timeout: timeoutMs, killSignal: "SIGKILL" });
  if (error !== undefined) throw new Error(error.message);
  if (status !== 0) throw new Error((stderr || stdout).trim().split("\n").at(-1) ?? `it ended with ${status}`);
}
