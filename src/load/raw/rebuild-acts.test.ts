// What people and partitions did to an asset stands after it was built again: corrected and accepted records, partitions that were loaded one by one.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sourceSpec } from "../../model/definitions/source.ts";
import { openWarehouse, type Warehouse } from "../../sql/warehouse.ts";
import { amend } from "../amend/amend.ts";
import type { AmendRequest } from "../amend/prepare.ts";
import { type Overrides, page, request, textFile } from "../deliveries.suite.ts";
import { load } from "../load.ts";
import type { PartitionRequest } from "../partition-port.ts";
import type { LoadRequest, LoadResult } from "../request.ts";
import { rebuild } from "./rebuild.ts";

let folder: string;
let root: string;
let warehouse: Warehouse;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "millrace-rebuild-"));
  root = join(folder, "raw");
  warehouse = await openWarehouse({ path: join(folder, "warehouse.duckdb") });
});
afterEach(() => {
  warehouse.close();
  rmSync(folder, { recursive: true });
});

type Spec = Partial<LoadRequest["spec"]>;
let runs = 0;
const rows = (sql: string): Promise<unknown[]> => warehouse.session((session) => session.rows(sql));
const run = (overrides: Overrides): Promise<LoadResult> => load(warehouse, request(folder, { raw: { root }, ...overrides }));

function file(name: string, text: string): ReturnType<typeof textFile> {
  const path = join(folder, `f${++runs}`);
  writeFileSync(path, text);
  return { ...textFile(name, text), original: () => Promise.resolve(path) };
}

function replay(spec: Spec): Promise<LoadResult> {
  const { asset, codeHash, audit, repair, tempDir, spec: whole } = request(folder, { deliveries: [], spec });
  const token = { run: `replay${++runs}`, node: asset, attempt: 1 };
  const kept = (given: { name: string; path: string }) => textFile(given.name, readFileSync(given.path, "utf8"));
  return rebuild(warehouse, { asset, codeHash, audit, repair, tempDir, spec: whole, token, root, file: kept });
}

function decide(spec: Spec, given: Partial<AmendRequest>): ReturnType<typeof amend> {
  return amend(warehouse, {
    asset: "raw.t",
    spec: sourceSpec.parse({ from: {}, ...spec }),
    act: "fix",
    correction: { kind: "none" },
    by: "ana",
    why: "a test",
    token: { run: `fix${++runs}`, node: "raw.t", attempt: 1 },
    audit: () => Promise.resolve({ results: [] }),
    checks: [],
    tempDir: folder,
    dryRun: false,
    ...given,
  });
}

async function contents(): Promise<unknown> {
  return {
    rows: await rows("select * from _millrace.rows('raw.t') order by all"),
    quarantine: await rows(
      "select id, load, rule, file, line, raw, status, decided_by from _millrace.quarantine where asset = 'raw.t' order by all",
    ),
    decisions: await rows("select decision, load from _millrace.decisions order by all"),
    partitions: await rows("select partition, load, rows from _millrace.partitions where asset = 'raw.t' order by all"),
    loads: await rows("select load, mode, rows_read, rows_loaded, rows_quarantined from _millrace.loads order by load"),
    shadows: await rows("select asset from _millrace.versions where asset <> 'raw.t'"),
  };
}

describe("a record that was corrected", () => {
  for (const mode of ["replace", "append", "merge", "snapshot"] as const)
    it(`in an asset loaded by ${mode} stays corrected, with the place it came from`, async () => {
      const spec: Spec = {
        load: mode,
        columns: { id: { type: "integer" }, price: { type: "decimal(9,2)" } },
        ...(mode === "merge" || mode === "snapshot" ? { primaryKey: "id" } : {}),
        ...(mode === "snapshot" ? { deletes: "ignore" } : {}),
      };
      await run({ deliveries: [file("a.csv", "id,price\n1,10.50\n2,12 USD\n3,n/a\n")], spec });
      await decide(spec, { where: "price like '%USD'", correction: { kind: "set", set: { price: "replace(price, ' USD', '')" } } });
      if (mode !== "replace") await run({ deliveries: [file("b.csv", "id,price\n4,1.00\n")], spec });
      const before = await contents();
      await replay(spec);
      expect(await contents()).toEqual(before);
      await replay(spec);
      expect(await contents()).toEqual(before);
    });
});

describe("partitions", () => {
  const day = (column: string | null, key: string): PartitionRequest => ({
    name: key,
    parts: [
      {
        key,
        startMs: Date.parse(key),
        endMs: Date.parse(key) + 86_400_000,
        bounds: [{ kind: "value", column, value: key }],
        values: {},
        inputs: {},
      },
    ],
  });

  it.each([null, "day"])("that were loaded one by one, and again, stand as they stood (column: %s)", async (column) => {
    const spec: Spec = { load: "append" };
    for (const [at, key] of ["2026-01-01", "2026-01-02", "2026-01-01"].entries())
      await run({
        deliveries: [
          page(`p${at}`, [
            { id: at, day: key },
            { id: at + 10, day: key },
          ]),
        ],
        spec,
        partition: day(column, key),
      });
    const before = await contents();
    expect(await rows("select id from raw.t order by id")).toEqual([{ id: 1 }, { id: 2 }, { id: 11 }, { id: 12 }]);
    await replay(spec);
    expect(await contents()).toEqual(before);
  });
});
