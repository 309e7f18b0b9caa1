// Random deliveries against a model in plain JavaScript that shares no code with the loader: the table, the quarantine and the counts must be
// those of the model after every load, and again in a copy of the files taken at that moment, as after kill -9 (DuckDB replays its log).
// RECONCILE_RUNS names how many.
import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readRowObjects } from "../sql/values.ts";
import { openWarehouse, type Warehouse } from "../sql/warehouse.ts";
import { page, request, textFile } from "./deliveries.suite.ts";
import type { Delivery } from "./connector.ts";
import { load } from "./load.ts";

/** One record: key, cursor, a value that may not be an integer. */
interface Given {
  readonly k: number | null;
  readonly c: number | null;
  readonly v: string;
}
type Mode = "replace" | "append" | "merge";

const record = fc.record({
  k: fc.option(fc.integer({ min: 0, max: 3 })),
  c: fc.option(fc.integer({ min: 0, max: 4 })),
  v: fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: -9, max: 9 }).map(String) },
    { weight: 1, arbitrary: fc.constantFrom("x", "1.5", "0x1F") },
  ),
});
const delivery = fc.array(record, { maxLength: 6 });
const history = fc.record({
  mode: fc.constantFrom<Mode>("replace", "append", "merge"),
  kind: fc.constantFrom("rows", "file"),
  keyed: fc.boolean(),
  loads: fc.array(fc.array(delivery, { minLength: 1, maxLength: 2 }), { minLength: 1, maxLength: 4 }),
});

interface Expected {
  rows: Given[];
  /** Records ever quarantined that still count, as `k,c,v`. */
  quarantined: string[];
  /** Contents of files by name, for files that are taken once. */
  files: Map<string, string>;
}

const isGood = (given: Given): boolean => /^-?\d+$/.test(given.v);
const keyOf = (given: Given): string => String(given.k);

/** Of each key the record with the highest cursor, else the last. */
function winners(records: readonly Given[]): Given[] {
  const best = new Map<string, Given>();
  for (const given of records) {
    const known = best.get(keyOf(given));
    if (known === undefined || (given.c ?? -1) >= (known.c ?? -1)) best.set(keyOf(given), given);
  }
  return records.filter((given) => best.get(keyOf(given)) === given);
}

function step(
  state: Expected,
  mode: Mode,
  keyed: boolean,
  kind: string,
  pages: readonly (readonly Given[])[],
): { loaded: number; quarantined: number; filtered: number } {
  const fresh =
    kind === "rows" || mode === "replace" ? pages : pages.filter((rows, index) => state.files.get(`f${index}`) !== JSON.stringify(rows));
  const all = fresh.flat();
  const good = all.filter(isGood);
  const kept = keyed || mode === "merge" ? winners(good) : good;
  state.quarantined = all.filter((given) => !isGood(given)).map((given) => `${given.k},${given.c},${given.v}`);
  if (mode === "replace") state.rows = kept;
  else if (mode === "append") state.rows = [...state.rows, ...kept];
  else state.rows = [...state.rows.filter((old) => !kept.some((given) => keyOf(given) === keyOf(old))), ...kept];
  return { loaded: kept.length, quarantined: all.length - good.length, filtered: good.length - kept.length };
}

const asText = (rows: readonly Given[]): string[] => rows.map((row) => `${row.k}|${row.c}|${Number(row.v)}`).toSorted();

let folder: string;
let warehouse: Warehouse;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "millrace-reconcile-"));
  warehouse = await openWarehouse({ path: join(folder, "warehouse.duckdb"), threads: 1 });
});
afterEach(() => {
  warehouse.close();
  rmSync(folder, { recursive: true });
});

/** The asset as another process would find it if this one were killed now. */
async function afterKill(asset: string): Promise<string[]> {
  const copy = join(folder, "copy.duckdb");
  for (const ending of ["", ".wal"]) {
    rmSync(copy + ending, { force: true });
    if (existsSync(`${warehouse.path}${ending}`)) copyFileSync(`${warehouse.path}${ending}`, copy + ending);
  }
  const instance = await DuckDBInstance.create(copy);
  const connection = await instance.connect();
  const rows = await readRowObjects(await connection.run(`from ${asset}`));
  connection.closeSync();
  instance.closeSync();
  return asText(rows as unknown as Given[]);
}

describe("a load reconciles", () => {
  it("for random records, duplicates, bad values, modes and kinds of delivery", async () => {
    let number = 0;
    await fc.assert(
      fc.asyncProperty(history, async ({ mode, kind, keyed, loads }) => {
        const asset = `raw.t${++number}`;
        const state: Expected = { rows: [], quarantined: [], files: new Map() };
        for (const [round, pages] of loads.entries()) {
          // Under append and merge every load brings files of its own; taken-once is tested beside.
          const prefix = mode === "replace" ? "" : `${round}-`;
          const deliveries = pages.map((rows, index): Delivery =>
            kind === "rows"
              ? page(
                  `p${index}`,
                  rows.map((row) => ({ ...row })),
                )
              : textFile(`${prefix}f${index}`, `k,c,v\n${rows.map((row) => `${row.k ?? ""},${row.c ?? ""},${row.v}\n`).join("")}`),
          );
          const expected = step(state, mode, keyed, kind, pages);
          const result = await load(
            warehouse,
            request(folder, {
              asset,
              deliveries,
              spec: {
                load: mode,
                columns: { k: { type: "integer" }, c: { type: "integer" }, v: { type: "integer" } },
                contract: { emptyDelivery: "accept" },
                ...(keyed || mode === "merge" ? { primaryKey: "k", cursor: "c" } : {}),
              },
            }),
          );
          const { rows } = result;
          expect(rows.read).toBe(pages.flat().length);
          expect(rows.read).toBe(rows.loaded + rows.quarantined + rows.filtered);
          if (result.changed) expect(rows).toMatchObject(expected);
          const seen = await warehouse.session((session) => session.rows(`from ${asset}`));
          expect(asText(seen as unknown as Given[])).toEqual(asText(state.rows));
          if (result.changed) {
            const raw = await warehouse.session((session) =>
              session.rows<{ k: string; c: string; v: string }>(
                `select "row" ->> 'k' as k, "row" ->> 'c' as c, "row" ->> 'v' as v from _millrace.quarantine where load = '${result.load}' and status = 'open'`,
              ),
            );
            expect(raw.map((item) => `${item.k},${item.c},${item.v}`).toSorted()).toEqual(state.quarantined.toSorted());
          }
          expect(await afterKill(asset)).toEqual(asText(state.rows));
        }
      }),
      { numRuns: Number(process.env["RECONCILE_RUNS"] ?? 20), seed: 20_260 },
    );
    const files = await warehouse.session((session) =>
      session.rows("select 1 from _millrace.files where rows_read <> rows_loaded + rows_quarantined + rows_filtered"),
    );
    expect(files).toEqual([]);
  }, 240_000);
});
