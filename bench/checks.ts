// What twenty checks on a million rows cost: against the same counts in one hand-written query, and against one query per check as most tools do it.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compileChecks } from "../src/checks/compile.ts";
import { auditTable } from "../src/load/audit.ts";
import type { CheckEntry } from "../src/model/definitions/check.ts";
import { physicalTable } from "../src/sql/ledger/publish.ts";
import type { Transaction } from "../src/sql/session.ts";
import { openWarehouse, type Warehouse } from "../src/sql/warehouse.ts";
import { type Figure, median } from "./figure.ts";

const ROWS = 1_000_000;
const TURNS = 7;
const TABLE = physicalTable("bench_checks");
const CREATE = `create table ${TABLE} as select i as id, i % 1000 as place, (i * 7919) % 999983 as number, 'name' || (i % 5000) as name,
  case when i % 100 = 0 then null else i * 1.5 end as price, date '2020-01-01' + (i % 3000)::int as day, (i % 5 + 1) as borough,
  lpad((i % 99999)::varchar, 5, '0') as zip from range(${ROWS}) r(i)`;

/** Each check beside the count that a person would write for it. */
const CHECKS: readonly (readonly [CheckEntry, string])[] = [
  [{ notNull: "id" }, "count_if(id is null)"],
  [{ notNull: ["name", "day"] }, "count_if(name is null or day is null)"],
  [{ notNull: "zip" }, "count_if(zip is null)"],
  [{ unique: "id" }, "count(id) - count(distinct id)"],
  [{ unique: ["number", "name"] }, "count(*) - count(distinct (number, name))"],
  [{ acceptedValues: { column: "borough", values: [1, 2, 3, 4, 5] } }, "count_if(borough not in (1, 2, 3, 4, 5))"],
  [{ range: { column: "price", min: 0 } }, "count_if(price < 0)"],
  [{ range: { column: "price", max: 1e9 } }, "count_if(price > 1e9)"],
  [{ range: { column: "number", min: 0, max: 999983 } }, "count_if(number < 0 or number > 999983)"],
  [{ range: { column: "day", min: "2020-01-01" } }, "count_if(day < date '2020-01-01')"],
  [{ range: { column: "place", min: 0, max: 999 } }, "count_if(place < 0 or place > 999)"],
  [{ length: { column: "zip", min: 5, max: 5 } }, "count_if(length(zip) <> 5)"],
  [{ length: { column: "name", max: 20 } }, "count_if(length(name) > 20)"],
  [{ matches: { column: "zip", pattern: "^[0-9]{5}$" } }, "count_if(not regexp_matches(zip, '^[0-9]{5}$'))"],
  [{ matches: { column: "name", pattern: "^name" } }, "count_if(not regexp_matches(name, '^name'))"],
  [{ references: { column: "place", to: "raw.places.code" } }, "count_if(place not in (select code from raw.places))"],
  [{ rowCount: { min: 1 } }, "count(*)"],
  [{ rule: "price is null or price < 1e9" }, "count_if(not (price is null or price < 1e9))"],
  [{ rule: "day <= date '2030-01-01'" }, "count_if(not (day <= date '2030-01-01'))"],
  [{ notNull: "borough", where: "price > 10" }, "count_if(borough is null and price > 10)"],
];
/** Three that fail: for 10,000, 100 and 1,000,000 rows. */
const FAILING: readonly CheckEntry[] = [{ notNull: "price" }, { range: { column: "id", min: 100 } }, { unique: "place", severity: "warn" }];

export async function benchChecks(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), "millrace-bench-checks-"));
  const warehouse = await openWarehouse({ path: join(folder, "w.duckdb") });
  try {
    await warehouse.session(async (session) => {
      await session.run(CREATE);
      await session.run("create schema raw; create table raw.places as select i as code from range(1000) r(i)");
    });
    const entries = CHECKS.map(([entry]) => entry);
    const fused = `select ${CHECKS.map(([, sql]) => sql).join(", ")} from ${TABLE}`;
    const single = CHECKS.map(([, sql]) => `select ${sql} from ${TABLE}`);
    const failing = [...entries, ...FAILING];
    const aside = [...entries, ...FAILING.map((entry) => ({ ...entry, onFail: entry["unique"] === undefined ? "quarantine" : "warn" }))];
    const times = { hand: [] as number[], each: [] as number[], sound: [] as number[], failing: [] as number[], aside: [] as number[] };
    for (let turn = 0; turn < TURNS; turn++) {
      times.hand.push(await undone(warehouse, (tx) => tx.run(fused)));
      times.each.push(
        await undone(warehouse, async (tx) => {
          for (const sql of single) await tx.run(sql);
        }),
      );
      times.sound.push(await audit(warehouse, entries));
      times.failing.push(await audit(warehouse, failing));
      times.aside.push(await audit(warehouse, aside));
    }
    const wall = median(times.hand);
    return [
      figure("20 checks, all sound", median(times.sound), wall, 1.5),
      figure("the same counts, one query per check (for comparison)", median(times.each), wall, null),
      figure("23 checks, three of them failing, with samples", median(times.failing), wall, 4),
      figure("the same, 10,099 rows set aside", median(times.aside), wall, 8),
    ];
  } finally {
    warehouse.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function audit(warehouse: Warehouse, entries: readonly CheckEntry[]): Promise<number> {
  const { checks } = compileChecks(entries, { asset: "clean.bench", file: "bench" });
  const candidate = { asset: "clean.bench", table: TABLE, load: "l", run: "r", physical: "bench_checks" };
  return undone(warehouse, (tx) => auditTable(tx, candidate, checks));
}

/** Milliseconds of `work` in a transaction that is rolled back. */
async function undone(warehouse: Warehouse, work: (tx: Transaction) => Promise<unknown>): Promise<number> {
  const back = new Error("rolled back");
  const measured = { ms: 0 };
  await warehouse
    .transaction(async (tx) => {
      const before = performance.now();
      await work(tx);
      measured.ms = performance.now() - before;
      throw back;
    })
    .catch((error: unknown) => {
      if (error !== back) throw error;
    });
  return measured.ms;
}

function figure(name: string, value: number, wall: number, factor: number | null): Figure {
  const ratio = value / wall;
  const reach = factor === null ? "no bound" : `≤ ${factor} × one hand-written query`;
  return {
    name: `${name} (${ROWS.toLocaleString("en")} rows)`,
    value,
    unit: "ms",
    wall,
    ratio,
    reach,
    reached: factor === null || ratio <= factor,
  };
}
