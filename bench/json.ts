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
const EVENT_ROWS = 1_000_000;
const TURNS = 5;

const MAKE = `select i as id, 'person ' || (i * 7919) % 1000000 as name, ((i * 104729) % 10000000) / 100 as price, i % 3 = 0 as active,
  ['Berlin', 'New York', 'Köln'][1 + i % 3] as city, (timestamp '2020-01-01' + to_seconds(i))::varchar as at, (date '2026-01-01' + (i % 28)::int)::varchar as day,
  case when i % 10 < 7 then 'some "quoted" text' end as note from range(${ROWS}) t(i)`;

/** Events as programs send them: objects in objects, a list of objects, a list of texts, keys that some records lack. */
const MAKE_EVENTS = `select i as id, ['view', 'click', 'order'][1 + i % 3] as type, (timestamp '2024-01-01' + to_seconds(i))::varchar as at,
  {id: (i * 7919) % 100000, name: 'person ' || (i * 7919) % 100000, address: {city: ['Berlin', 'New York', 'Köln'][1 + i % 3], zip: lpad((i % 99999)::varchar, 5, '0')}} as user,
  [{sku: 'SKU-' || (i + n) % 5000, quantity: 1 + (i + n) % 9, price: ((i + n) * 104729 % 100000) / 100} for n in range(i % 3 + 1)] as items,
  ['a', 'b', 'tag ' || i % 50] as tags, {path: '/shop/' || i % 1000, referrer: case when i % 4 = 0 then 'https://example.com/?q=' || i % 77 end} as page from range(${EVENT_ROWS}) t(i)`;

interface Sample {
  readonly rows: number;
  readonly make: string;
  /** In the name of the figure. */
  readonly of: string;
  readonly share: number;
}

const LINES: Sample = { rows: ROWS, make: MAKE, of: `JSON lines, ${ROWS / 1e6} M rows × 8 columns`, share: 0.65 };
const DOCUMENT: Sample = { rows: ROWS, make: MAKE, of: `a JSON document, ${ROWS / 1e6} M rows × 8 columns`, share: 0.3 };
const EVENTS: Sample = { rows: EVENT_ROWS, make: MAKE_EVENTS, of: `JSON lines, ${EVENT_ROWS / 1e6} M nested events`, share: 0.6 };

export async function benchJson(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), "millrace-bench-json-"));
  const instance = await DuckDBInstance.create(join(folder, "bench.duckdb"));
  const connection = await instance.connect();
  try {
    const figures: Figure[] = [];
    for (const [name, sample] of [
      ["ndjson", LINES],
      ["ndjson", EVENTS],
      ["json", DOCUMENT],
    ] as const) {
      const path = join(folder, `bench.${name}`);
      await connection.run(`copy (${sample.make}) to '${path}' (format json, array ${name === "json"})`);
      figures.push(...(await compare(name, sample, path, connection, folder)));
      rmSync(path);
    }
    return figures;
  } finally {
    connection.closeSync();
    instance.closeSync();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function compare(
  name: "ndjson" | "json",
  sample: Sample,
  path: string,
  connection: DuckDBConnection,
  tempDir: string,
): Promise<Figure[]> {
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
        if (rows !== sample.rows) throw new Error(`${rows} rows of ${sample.rows} were read`);
      }),
    );
  }
  const what = `${sample.of}, ${Math.round(statSync(path).size / 1e6)} MB, typed, with proof`;
  const figure = (wall: string, wallSeconds: number, share: number | null): Figure => {
    const seconds = median(times.ours);
    const ratio = wallSeconds / seconds;
    return {
      name: `${what}; wall: read_json, ${wall}`,
      value: Math.round(sample.rows / seconds),
      unit: "rows/s",
      wall: Math.round(sample.rows / wallSeconds),
      ratio,
      reach: share === null ? "no bound" : `≥ ${share} × plain read_json`,
      reached: share === null || ratio >= share,
    };
  };
  return [figure("types of the whole file", median(times.whole), sample.share), figure("types of a sample", median(times.sampled), null)];
}

async function readerOf(name: "ndjson" | "json"): Promise<Format> {
  const loaded = (await import(builtModule(`formats/json/${name}`))) as Record<string, Format>;
  const format = loaded[name];
  if (format === undefined) throw new Error(`no reader of ${name}`);
  return format;
}
