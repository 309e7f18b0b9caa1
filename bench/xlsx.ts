// How fast a workbook becomes a table with its proof, beside the wall: expanding the same parts of the ZIP and looking for every cell in them, nothing more.
// Both are measured in a process of their own without a loader of ours, on the JavaScript that users run (built.ts): threads inherit the loader.
import { mkdtempSync, rmSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import type { outputFor as OutputFor } from "../src/formats/write/output.ts";
import type { writeRows as WriteRows } from "../src/formats/write/rows.ts";
import { builtModule } from "./built.ts";
import { type Figure, median } from "./figure.ts";

const ROWS = 70_000;
const TURNS = 5;
const REACH_ROWS_PER_SECOND = 30_000;

/** 21 columns as offices have them: numbers, money, dates, times, flags, codes and texts, some of them empty. */
const MAKE = `select i as id, 'Customer ' || (i * 7919) % 100000 as customer, ((i * 104729) % 10000000) / 100 as amount, (i % 97)::decimal(9,2) / 4 as rate,
  date '2020-01-01' + (i % 2000)::int as ordered_on, timestamp '2020-01-01' + to_seconds(i * 61) as created_at, i % 3 = 0 as active,
  lpad((i % 99999)::varchar, 5, '0') as zip, ['Berlin', 'New York', 'Köln', 'São Paulo'][1 + i % 4] as city, 'street ' || i % 500 || ', no. ' || i % 90 as address,
  i % 12 as month, i * 3 as c12, i / 7 as c13, case when i % 10 < 7 then 'a note with "quotes"' end as note, i % 1000 as c15, (i % 777) * 1.5 as c16,
  'SKU-' || i % 5000 as sku, i % 5 as grade, case when i % 20 = 0 then null else i * 2 end as c19, 'category ' || i % 30 as category, i % 2 as flag
  from range(${ROWS}) t(i)`;

/** Looks at the cells and reads the workbook into a table, in turns; prints the seconds of each. */
const CHILD = `(async () => {
const { DuckDBInstance } = await import("@duckdb/node-api");
const { openPromise } = await import("yauzl");
const [format, path, folder, rowCount, turns] = process.argv.slice(1);
const { excel } = await import(format);
const connection = await (await DuckDBInstance.create(folder + "/read.duckdb")).connect();
const asked = { connection, path, name: "bench.xlsx", into: '"t"', rejectedInto: '"r"', columns: new Map(), otherwise: "infer", repair: "note", options: {}, tempDir: folder };
async function read() {
  const { rows, columns } = await excel.stage(asked);
  if (rows !== Number(rowCount) || columns.length !== 21) throw new Error(rows + " rows × " + columns.length + " columns were read");
}
async function lookAtCells() {
  const zip = await openPromise(path, { lazyEntries: true, autoClose: false });
  let cells = 0;
  for await (const entry of zip.eachEntry()) {
    let rest = "";
    for await (const piece of await zip.openReadStreamPromise(entry)) {
      const text = rest + piece.toString("latin1");
      let last = 0;
      for (let at = text.indexOf("<c"); at !== -1; at = text.indexOf("<c", at + 2)) {
        cells++;
        last = at + 2;
      }
      rest = text.slice(Math.max(last, text.length - 1));
    }
  }
  zip.close();
  if (cells < rowCount * 20) throw new Error("only " + cells + " cells were seen");
}
async function timed(work) {
  const before = performance.now();
  await work();
  return (performance.now() - before) / 1000;
}
const times = { ours: [], wall: [] };
for (let turn = 0; turn < turns; turn++) {
  times.wall.push(await timed(lookAtCells));
  times.ours.push(await timed(read));
  await connection.run("drop table t");
}
console.log(JSON.stringify(times));
process.exit(0);
})().catch((error) => { console.error(error); process.exit(1); });`;

export async function benchXlsx(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), "millrace-bench-xlsx-"));
  const instance = await DuckDBInstance.create(join(folder, "bench.duckdb"));
  const connection = await instance.connect();
  try {
    const path = join(folder, "bench.xlsx");
    const { writeRows } = (await import(builtModule("formats/write/rows"))) as { readonly writeRows: typeof WriteRows };
    const { outputFor } = (await import(builtModule("formats/write/output"))) as { readonly outputFor: typeof OutputFor };
    const started = performance.now();
    await writeRows(connection, MAKE, path, outputFor({ path, format: "excel", given: {} }));
    const writeSeconds = (performance.now() - started) / 1000;
    const times = timesOf(path, folder);
    const value = Math.round(ROWS / median(times.ours));
    const wall = Math.round(ROWS / median(times.wall));
    const written = Math.round(ROWS / writeSeconds);
    return [
      {
        name: "a workbook, 70,000 rows × 21 columns, typed, with proof; wall: its parts expanded and every cell looked for",
        value,
        unit: "rows/s",
        wall,
        ratio: value / wall,
        reach: `≥ ${REACH_ROWS_PER_SECOND.toLocaleString("en")} rows/s`,
        reached: value >= REACH_ROWS_PER_SECOND,
      },
      { name: "the same workbook, written", value: written, unit: "rows/s", wall: null, ratio: null, reach: "no bound", reached: true },
    ];
  } finally {
    connection.closeSync();
    instance.closeSync();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Seconds of each turn. */
function timesOf(path: string, folder: string): { readonly ours: readonly number[]; readonly wall: readonly number[] } {
  const args = ["-e", CHILD, builtModule("formats/excel/index"), path, folder, String(ROWS), String(TURNS)];
  // What is imported by name is found from here.
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8", cwd: dirname(import.meta.dirname) });
  if (status !== 0) throw new Error(`the reading ended with ${status}: ${stderr}`);
  return JSON.parse(stdout) as ReturnType<typeof timesOf>;
}
