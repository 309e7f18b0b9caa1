// What keeping raw costs a load: the same load with and without, in turns, in warehouses of their own; and how fast what was kept is built again.
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { files } from "../src/connectors/files/index.ts";
import type { Delivery, KeptFile, ReadContext, TableDelivery } from "../src/load/connector.ts";
import { load } from "../src/load/load.ts";
import { rebuild } from "../src/load/raw/rebuild.ts";
import type { LoadRequest } from "../src/load/request.ts";
import { sourceSpec } from "../src/model/definitions/source.ts";
import { openWarehouse, type Warehouse } from "../src/sql/warehouse.ts";
import { writeSample } from "./csv.ts";
import { type Figure, median } from "./figure.ts";

const ROWS = 2_000_000;
const PAGE_ROWS = 500;
const PAGES = 400;
const SMALL_FILES = 300;
const TURNS = 3;
/** A load with raw takes no longer than this, beside one without. */
const RATIO_MAX = 1.15;

let runs = 0;
const token = (): LoadRequest["token"] => ({ run: `r${++runs}`, node: "raw.t", attempt: 1 });

function requestOf(folder: string, deliveries: AsyncIterable<Delivery>): LoadRequest {
  return {
    asset: "raw.t",
    spec: sourceSpec.parse({ from: {}, load: "replace", guards: { fullPages: "off" } }),
    deliveries,
    token: token(),
    codeHash: "code",
    sourceState: null,
    audit: () => Promise.resolve({ results: [] }),
    repair: "note",
    fullRefresh: true,
    tempDir: folder,
  };
}

function table(rows: number): TableDelivery {
  return {
    kind: "table",
    name: "public.t",
    fill: async ({ connection, into }) => {
      await connection.run(`create table ${into} as select i as id, lpad((i * 7919 % 99999)::varchar, 5, '0') as zip, 'name ' || i % 977 as name,
        date '2000-01-01' + (i % 9000)::integer as day, (i % 9000000 / 100)::decimal(18, 2) as price, (i % 1000)::integer as quantity, i % 2 = 0 as flag,
        'city ' || i % 313 as city, (i * 31 % 900000)::double / 100 as amount, timestamp '2023-01-01' + to_seconds(i) as seen_at,
        'a note of ' || i % 5003 as note, md5((i % 100003)::varchar) as code from range(${rows}) t(i)`);
      const described = (await connection.runAndReadAll(`describe ${into}`)).getRowObjectsJson();
      return {
        rows,
        columns: described.map((row) => {
          const name = row["column_name"] as string;
          return { name, label: name, type: row["column_type"] as string, exactText: true, why: "" };
        }),
      };
    },
  };
}

async function* pages(): AsyncGenerator<Delivery> {
  for (let at = 0; at < PAGES; at++) {
    const rows = Array.from({ length: PAGE_ROWS }, (_, index) => ({
      id: at * PAGE_ROWS + index,
      name: `name ${index % 97}`,
      city: `city ${index % 31}`,
      price: index / 4,
      at: "2026-01-02T03:04:05Z",
      flag: index % 2 === 0,
    }));
    yield { kind: "rows", name: `page ${at}`, rows };
  }
}

interface Work {
  readonly name: string;
  readonly rows: number;
  deliveries(context: ReadContext): AsyncIterable<Delivery>;
  kept?(
    context: Omit<ReadContext, "connection">,
  ): (file: KeptFile, connection: ReadContext["connection"]) => ReturnType<NonNullable<typeof files.kept>>;
}

async function once(folder: string, work: Work, raw: "keep" | "off"): Promise<{ readonly load: number; readonly replay: number }> {
  const dir = mkdtempSync(join(folder, "w-"));
  const warehouse: Warehouse = await openWarehouse({ path: join(dir, "warehouse.duckdb"), memoryLimit: "512MB" });
  const reading = { projectDir: dir, tempDir: dir, since: undefined, signal: new AbortController().signal, connections: {}, log: () => {} };
  try {
    const request = await warehouse.session(async ({ connection }) => requestOf(dir, work.deliveries({ ...reading, connection })));
    let start = performance.now();
    await load(warehouse, { ...request, ...(raw === "keep" ? { raw: { root: join(dir, "raw") } } : {}) });
    const seconds = (performance.now() - start) / 1000;
    if (raw === "off") return { load: seconds, replay: 0 };
    start = performance.now();
    await rebuild(warehouse, { ...request, token: token(), root: join(dir, "raw"), file: work.kept?.(reading) });
    return { load: seconds, replay: (performance.now() - start) / 1000 };
  } finally {
    warehouse.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

async function figuresOf(folder: string, work: Work): Promise<Figure[]> {
  const without: number[] = [];
  const withRaw: number[] = [];
  const replays: number[] = [];
  await once(folder, work, "off");
  for (let turn = 0; turn < TURNS; turn++) {
    without.push((await once(folder, work, "off")).load);
    const kept = await once(folder, work, "keep");
    withRaw.push(kept.load);
    replays.push(kept.replay);
  }
  const [plain, kept, again] = [median(without), median(withRaw), median(replays)];
  const rate = (seconds: number): number => Math.round(work.rows / seconds);
  return [
    {
      name: `raw, ${work.name}, kept (beside not kept)`,
      value: rate(kept),
      unit: "rows/s",
      wall: rate(plain),
      ratio: plain / kept,
      reach: `≥ ${Math.round(100 / RATIO_MAX)} % of the load without`,
      reached: kept <= plain * RATIO_MAX,
    },
    {
      name: `raw, ${work.name}, replayed (beside loaded)`,
      value: rate(again),
      unit: "rows/s",
      wall: rate(plain),
      ratio: plain / again,
      reach: "—",
      reached: true,
    },
  ];
}

/** 2 M rows of CSV, many small files, tables, pages. */
export async function benchRaw(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), "millrace-bench-raw-"));
  try {
    const csv = join(folder, "bench.csv");
    writeSample(csv, ROWS, 0);
    for (let at = 0; at < SMALL_FILES; at++) writeSample(join(folder, `small-${at}.csv`), 10, 0);
    const ofFiles = (path: string): Pick<Work, "deliveries" | "kept"> => ({
      deliveries: (context) => files.read!({ path }, context),
      kept: (context) => (file, connection) => files.kept!({ path }, file, { ...context, connection }),
    });
    const megabytes = Math.round(statSync(csv).size / 1e6);
    return [
      ...(await figuresOf(folder, { name: `CSV, 2 M rows, ${megabytes} MB`, rows: ROWS, ...ofFiles(csv) })),
      ...(await figuresOf(folder, {
        name: `CSV, ${SMALL_FILES} files of 10 rows`,
        rows: SMALL_FILES * 10,
        ...ofFiles(join(folder, "small-*.csv")),
      })),
      ...(await figuresOf(folder, { name: "a table of 2 M × 12", rows: ROWS, deliveries: () => one(table(ROWS)) })),
      ...(await figuresOf(folder, { name: `${PAGES} pages of ${PAGE_ROWS}`, rows: PAGES * PAGE_ROWS, deliveries: pages })),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function* one(delivery: Delivery): AsyncGenerator<Delivery> {
  yield delivery;
}
