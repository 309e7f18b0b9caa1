// The load path around the readers: what contract, ledger and publication cost, beside the bare statements they stand on, in the same warehouse.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Delivery, FileDelivery } from "../src/load/connector.ts";
import { load } from "../src/load/load.ts";
import type { LoadRequest } from "../src/load/request.ts";
import { sourceSpec } from "../src/model/definitions/source.ts";
import { openWarehouse, type Warehouse } from "../src/sql/warehouse.ts";
import { type Figure, median } from "./figure.ts";

const ROWS = 1_000_000;
const PAGE_ROWS = 1_000;
const MERGED_ROWS = 100_000;
const TURNS = 5;
const SMALL_LOADS = 50;

let runs = 0;

async function loadOnce(
  warehouse: Warehouse,
  folder: string,
  asset: string,
  deliveries: Iterable<Delivery>,
  spec: object = {},
): Promise<void> {
  const request: LoadRequest = {
    asset,
    spec: sourceSpec.parse({ from: {}, ...spec }),
    deliveries: (async function* () {
      yield* deliveries;
    })(),
    token: { run: `r${++runs}`, node: asset, attempt: 1 },
    codeHash: "code",
    sourceState: null,
    audit: () => Promise.resolve({ results: [] }),
    repair: "note",
    fullRefresh: true,
    tempDir: folder,
  };
  await load(warehouse, { ...request, fullRefresh: spec === undefined || !("load" in spec) });
}

/** A "file" whose reader is one statement, so that only the load path is measured. */
function statementFile(name: string, rows: number): FileDelivery {
  return {
    kind: "file",
    name,
    sizeBytes: 0,
    modifiedMs: 0,
    format: "statement",
    hash: () => Promise.resolve(name),
    stage: async ({ connection, into }) => {
      await connection.run(`create table ${into} as ${statement(rows)}`);
      return {
        rows,
        columns: ["id", "name", "price", "day"].map((label, index) => ({
          name: label,
          label,
          type: ["BIGINT", "VARCHAR", "DOUBLE", "DATE"][index]!,
          exactText: true,
          why: "",
        })),
        origins: [{ firstRow: 0, line: 2 }],
        hasRejected: false,
        records: { read: rows, quarantined: 0, repaired: 0 },
        lines: null,
        sizeBytes: 0,
        hash: name,
        understood: { format: "statement", compression: "none", confidence: 1, doubts: [], warnings: [], road: "" },
      };
    },
  };
}

function statement(rows: number): string {
  return `select range as id, 'name ' || range % 977 as name, range / 4 as price, date '2020-01-01' + (range % 1000)::integer as day from range(${rows})`;
}

function* pages(rows: number): Iterable<Delivery> {
  for (let from = 0; from < rows; from += PAGE_ROWS) {
    const page = Array.from({ length: PAGE_ROWS }, (_, index) => ({
      id: from + index,
      name: `name ${(from + index) % 977}`,
      price: (from + index) / 4,
      day: "2020-01-01",
    }));
    yield { kind: "rows", name: `page ${from}`, rows: page };
  }
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return (performance.now() - startedMs) / 1000;
}

function figure(name: string, value: number, wall: number, unit: string, most: number): Figure {
  const ratio = value / wall;
  return { name, value, unit, wall, ratio, reach: `≤ ${most}× the bare statements`, reached: ratio <= most };
}

/** Loads of each kind beside their bare statements. */
export async function benchLoad(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), "millrace-bench-load-"));
  const warehouse = await openWarehouse({ path: join(folder, "warehouse.duckdb"), memoryLimit: "512MB" });
  const bare = (sql: string): Promise<number> => warehouse.session((session) => seconds(() => session.run(sql)));
  try {
    const turns: Record<string, number[]> = { plain: [], file: [], rows: [], bareMerge: [], merge: [] };
    for (let turn = 0; turn < TURNS; turn++) {
      turns["plain"]!.push(await bare(`create or replace table plain as ${statement(ROWS)}`));
      turns["file"]!.push(await seconds(() => loadOnce(warehouse, folder, "raw.file", [statementFile(`f${turn}`, ROWS)])));
      turns["rows"]!.push(await seconds(() => loadOnce(warehouse, folder, "raw.rows", pages(ROWS))));
    }
    await loadOnce(warehouse, folder, "raw.merged", [statementFile("base", ROWS)], { load: "merge", primaryKey: "id" });
    for (let turn = 0; turn < TURNS; turn++) {
      await bare(`create or replace table incoming as ${statement(MERGED_ROWS)}`);
      turns["bareMerge"]!.push(
        await bare(`begin; delete from plain where id in (select id from incoming); insert into plain from incoming; commit`),
      );
      turns["merge"]!.push(
        await seconds(() =>
          loadOnce(warehouse, folder, "raw.merged", [statementFile(`m${turn}`, MERGED_ROWS)], { load: "merge", primaryKey: "id" }),
        ),
      );
    }
    const small = await seconds(async () => {
      for (let index = 0; index < SMALL_LOADS; index++) {
        await loadOnce(warehouse, folder, "raw.small", [{ kind: "rows", name: "p", rows: [{ id: index }] }]);
      }
    });
    const bareSmall = await seconds(async () => {
      for (let index = 0; index < SMALL_LOADS; index++) {
        await bare(
          `begin; create or replace table small as select ${index} as id; create or replace view small_view as from small; commit`,
        );
      }
    });
    const rate = ROWS / median(turns["rows"]!);
    return [
      figure("replace of 1 M rows, with contract, account and publication", median(turns["file"]!), median(turns["plain"]!), "s", 1.5),
      {
        name: "rows of JavaScript into the warehouse",
        value: rate,
        unit: "rows/s",
        wall: ROWS / median(turns["plain"]!),
        ratio: null,
        reach: "≥ 200,000 rows/s",
        reached: rate >= 200_000,
      },
      figure("merge of 100 k rows into 1 M", median(turns["merge"]!), median(turns["bareMerge"]!), "s", 12),
      figure("a load of one row", (small / SMALL_LOADS) * 1000, (bareSmall / SMALL_LOADS) * 1000, "ms", 20),
    ];
  } finally {
    warehouse.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
