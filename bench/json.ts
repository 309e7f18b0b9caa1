// How fast JSON lines and a JSON document become a table with its proof, against DuckDB's plain read_json on the same file in the same process.
// Plain read_json is measured twice: with types inferred over the whole file, as we do, and by its first 20,480 records, as it does by default.
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance, type DuckDBConnection } from "@duckdb/node-api";
import type { Format } from "../src/formats/format.ts";
import { builtModule } from "./built.ts";
import { type Figure, median } from "./figure.ts";

const ROWS = 2_000_000;
const TURNS = 5;

const MAKE = `select i as id, 'person ' || (i * 7919) % 1000000 as name, ((i * 104729) % 10000000) / 100 as price, i % 3 = 0 as active,
  ['Berlin', 'New York', 'Köln'][1 + i % 3] as city, (timestamp '2020-01-01' + to_seconds(i))::varchar as at, (date '2026-01-01' + (i % 28)::int)::varchar as day,
  case when i % 10 < 7 then 'some "quoted" text' end as note from range(${ROWS}) t(i)`;

export async function benchJson(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), "millrace-bench-json-"));
  const instance = await DuckDBInstance.create(join(folder, "bench.duckdb"));
  const connection = await instance.connect();
  try {
    const figures: Figure[] = [];
    for (const name of ["ndjson", "json"] as const) {
      const path = join(folder, `bench.${name}`);
      await connection.run(`copy (${MAKE}) to '${path}' (format json, array ${name === "json"})`);
      figures.push(...(await compare(name, path, connection, folder)));
      rmSync(path);
    }
    return figures;
  } finally {
    connection.closeSync();
    instance.closeSync();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function compare(name: "ndjson" | "json", path: string, connection: DuckDBConnection, tempDir: string): Promise<Figure[]> {
  const format = await readerOf(name);
  const layout = name === "json" ? "array" : "newline_delimited";
  const times = { ours: [] as number[], whole: [] as number[], sampled: [] as number[] };
  const timed = async (work: () => Promise<unknown>): Promise<number> => {
    await connection.run("drop table if exists t");
    await connection.run("checkpoint");
    const before = performance.now();
    await work();
    return (performance.now() - before) / 1000;
  };
  for (let turn = 0; turn < TURNS; turn++) {
    times.sampled.push(await timed(() => connection.run(`create table t as from read_json('${path}', format = '${layout}')`)));
    times.whole.push(
      await timed(() => connection.run(`create table t as from read_json('${path}', format = '${layout}', sample_size = -1)`)),
    );
    const request = {
      connection,
      path,
      name: "bench",
      into: `"t"`,
      rejectedInto: `"r"`,
      columns: new Map(),
      options: {},
      tempDir,
    } as const;
    times.ours.push(
      await timed(async () => {
        const { rows } = await format.stage({ ...request, otherwise: "infer", repair: "note" });
        if (rows !== ROWS) throw new Error(`${rows} rows of ${ROWS} were read`);
      }),
    );
  }
  const kind = name === "json" ? "a JSON document" : "JSON lines";
  const what = `${kind}, ${ROWS / 1e6} M rows × 8 columns, ${Math.round(statSync(path).size / 1e6)} MB, typed, with proof`;
  const reach = name === "json" ? 0.3 : 0.65;
  return [
    figure(`${what}; wall: read_json, types of the whole file`, median(times.ours), median(times.whole), reach),
    figure(`${what}; wall: read_json, types of a sample`, median(times.ours), median(times.sampled), null),
  ];
}

async function readerOf(name: "ndjson" | "json"): Promise<Format> {
  const loaded = (await import(builtModule(`formats/json/${name}`))) as Record<string, Format>;
  const format = loaded[name];
  if (format === undefined) throw new Error(`no reader of ${name}`);
  return format;
}

function figure(name: string, seconds: number, wallSeconds: number, share: number | null): Figure {
  const ratio = wallSeconds / seconds;
  return {
    name,
    value: Math.round(ROWS / seconds),
    unit: "rows/s",
    wall: Math.round(ROWS / wallSeconds),
    ratio,
    reach: share === null ? "no bound" : `≥ ${share} × plain read_json`,
    reached: share === null || ratio >= share,
  };
}
