// How fast and in how much memory a delimited file becomes a table with its proof, against DuckDB's plain read_csv on the same file in the same process.
// Times: medians of turns taken in alternation. Memory: one load per process, its peak resident size.
import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { builtModule } from "./built.ts";
import { type Figure, median } from "./figure.ts";

const ROWS = 2_000_000;
const LARGE_ROWS = 20_000_000;
const TURNS = 5;
const MEMORY_LIMIT = "512MB";
const MEMORY_MAX_MB = 1024;
const DAMAGED_ROWS = 16_000;
const FLUSH_CHARACTERS = 1 << 20;
const root = resolve(fileURLToPath(import.meta.url), "../..");

/** Runs in a process of its own: loads in turns and prints the seconds of each and the peak memory in MB. */
const CHILD = `(async () => {
const [reader, folder, file, turns, ...ways] = process.argv.slice(1);
const loaded = await import(reader);
const { delimited } = loaded.delimited === undefined ? loaded.default : loaded;
const { DuckDBInstance } = await import("@duckdb/node-api");
const instance = await DuckDBInstance.create(folder + "/bench.duckdb", { memory_limit: "${MEMORY_LIMIT}", temp_directory: folder + "/spill" });
const connection = await instance.connect();
const seconds = {};
let rows = 0;
for (let turn = 0; turn < Number(turns); turn++)
  for (const way of ways) {
    await connection.run("DROP TABLE IF EXISTS t");
    await connection.run("CHECKPOINT");
    const start = performance.now();
    if (way === "plain" || way === "plainText") await connection.run("CREATE TABLE t AS FROM read_csv('" + file + "'" + (way === "plain" ? ")" : ", all_varchar=true)"));
    else {
      const staged = await delimited.stage({ connection, path: file, name: "bench.csv", into: '"t"', rejectedInto: '"r"', columns: new Map(), otherwise: way, repair: "note", options: {}, tempDir: folder });
      rows = staged.rows;
      if (process.env.BENCH_VERBOSE) console.error(staged.understood.road, staged.columns.map((c) => c.type).join(" "));
    }
    (seconds[way] ??= []).push((performance.now() - start) / 1000);
  }
console.log(JSON.stringify({ rows, seconds, peakMb: process.resourceUsage().maxRSS / 1024 }));
process.exit(0);
})()`;

interface Measured {
  readonly rows: number;
  readonly seconds: Readonly<Record<string, readonly number[]>>;
  readonly peakMb: number;
}

function measure(folder: string, file: string, turns: number, ways: readonly string[]): Measured {
  const args = ["-e", CHILD, builtModule("formats/delimited/index"), folder, file, String(turns), ...ways];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: "utf8", maxBuffer: 1 << 24 });
  rmSync(join(folder, "bench.duckdb"), { force: true });
  rmSync(join(folder, "bench.duckdb.wal"), { force: true });
  if (status !== 0) throw new Error(`the load ended with ${status}: ${stderr}`);
  return JSON.parse(stdout) as Measured;
}

const WORDS = "north river stone market ledger harbour copper winter signal orchard bridge candle".split(" ");

const pad = (number: number, width: number): string => String(number).padStart(width, "0");

/** A seeded file of 12 columns: counters, codes with leading zeros, quoted and plain text, dates, decimals, booleans, timestamps. */
export function writeSample(path: string, rows: number, damagedEvery: number): void {
  let state = 12_345;
  const int = (below: number): number => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const word = (): string => WORDS[int(WORDS.length)]!;
  const day = (year: number): string => `${year}-${pad(1 + int(12), 2)}-${pad(1 + int(28), 2)}`;
  const file = openSync(path, "w");
  let text = "id,zip,name,sold_on,price,share,quantity,flag,city,amount,seen_at,note\n";
  for (let i = 0; i < rows; i++) {
    const name = int(10) < 3 ? `"${word()}, ${word()}"` : `${word()} ${word()}`;
    const note = int(10) < 3 ? "" : int(20) === 0 ? `"the ""${word()}"" ${word()}"` : `${word()} ${word()} ${word()}`;
    const time = `${pad(int(24), 2)}:${pad(int(60), 2)}:${pad(int(60), 2)}`;
    const start = `${i + 1},${pad(int(99_999), 5)},${name},${day(2000 + int(24))},${(int(9_000_000) / 100).toFixed(2)},0.${pad(int(1_000_000), 6)}`;
    const damage = damagedEvery > 0 && i % damagedEvery === 0 ? '"' : "";
    text += `${start},${int(1000)},${int(2) === 0 ? "false" : "true"},${damage}${word()},${(int(900_000) / 100 - 3000).toFixed(2)},${day(2023)} ${time},${note}\n`;
    if (text.length < FLUSH_CHARACTERS) continue;
    writeSync(file, text);
    text = "";
  }
  writeSync(file, text);
  closeSync(file);
}

function rateFigure(name: string, seconds: number, plainSeconds: number, shareMin: number): Figure {
  const ratio = plainSeconds / seconds;
  return {
    name,
    value: Math.round(ROWS / seconds),
    unit: "rows/s",
    wall: Math.round(ROWS / plainSeconds),
    ratio,
    reach: `≥ ${shareMin * 100} % of plain read_csv`,
    reached: ratio >= shareMin,
  };
}

function memoryFigure(name: string, peakMb: number): Figure {
  return {
    name,
    value: Math.round(peakMb),
    unit: "MB",
    wall: MEMORY_MAX_MB,
    ratio: peakMb / MEMORY_MAX_MB,
    reach: `≤ ${MEMORY_MAX_MB} MB`,
    reached: peakMb <= MEMORY_MAX_MB,
  };
}

/** 2 M rows: rates as typed, as text and with damaged rows, and the peak memory. */
export async function benchCsv(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), "millrace-bench-csv-"));
  try {
    const file = join(folder, "bench.csv");
    writeSample(file, ROWS, 0);
    const { rows, seconds } = measure(folder, file, TURNS, ["plain", "infer", "plainText", "text"]);
    if (rows !== ROWS) throw new Error(`${rows} rows of ${ROWS}`);
    const plain = median(seconds["plain"] ?? []);
    const peak = measure(folder, file, 1, ["infer"]).peakMb;
    const damaged = join(folder, "damaged.csv");
    writeSample(damaged, ROWS, Math.floor(ROWS / DAMAGED_ROWS));
    const broken = median(measure(folder, damaged, 1, ["infer"]).seconds["infer"] ?? []);
    return [
      rateFigure("csv, typed by the whole file, with proof", median(seconds["infer"] ?? []), plain, 0.65),
      rateFigure("csv, as text, with proof", median(seconds["text"] ?? []), median(seconds["plainText"] ?? []), 0.75),
      rateFigure(`csv, typed, with ${DAMAGED_ROWS} damaged rows repaired`, broken, plain, 0.3),
      memoryFigure("csv, peak memory of 2 M rows", peak),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** 20 M rows (2.3 GB): the peak memory must be that of 2 M. */
export async function benchCsvLarge(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), "millrace-bench-csv-"));
  try {
    const file = join(folder, "bench.csv");
    writeSample(file, LARGE_ROWS, 0);
    return [memoryFigure("csv, peak memory of 20 M rows", measure(folder, file, 1, ["infer"]).peakMb)];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
