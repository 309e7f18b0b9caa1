// Going back to a version: rows, files, cursor and quarantine are those of it, also where the table was changed in place; known answers by plain SQL.
import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readLiveVersion } from "../sql/ledger/publish.ts";
import { openWarehouse, type Warehouse } from "../sql/warehouse.ts";
import { auditWith } from "./audit.ts";
import type { FileDelivery } from "./connector.ts";
import { page, request, textFile, type Overrides } from "./deliveries.suite.ts";
import { load, startOfLoad } from "./load.ts";
import { releaseRollback, rollBack, type RollbackDone } from "./rollback.ts";
import type { LoadResult } from "./request.ts";
import { readVersions, wayTo } from "./versions.ts";

let folder: string;
let warehouse: Warehouse;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "millrace-rollback-"));
  warehouse = await openWarehouse({ path: join(folder, "warehouse.duckdb") });
});
afterEach(async () => {
  // Killed now, the warehouse would come back with the same contents.
  const copy = join(folder, "copy.duckdb");
  copyFileSync(warehouse.path, copy);
  if (existsSync(`${warehouse.path}.wal`)) copyFileSync(`${warehouse.path}.wal`, `${copy}.wal`);
  const after = await openWarehouse({ path: copy });
  const contents = (of: Warehouse) => of.session((session) => session.rows("from raw.t order by all"));
  expect(await contents(after)).toEqual(await contents(warehouse));
  after.close();
  warehouse.close();
  rmSync(folder, { recursive: true });
});

let backs = 0;
const run = (overrides: Overrides): Promise<LoadResult> => load(warehouse, request(folder, overrides));
const rows = (sql: string): Promise<unknown[]> => warehouse.session((session) => session.rows(sql));
const back = (version: string): Promise<RollbackDone> =>
  warehouse.transaction((tx) => rollBack(tx, { asset: "raw.t", version, by: "ann", why: "bad rows", id: `back_${++backs}` }));
const code = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "no error",
    (error: { code?: string }) => error.code ?? String(error),
  );

describe("a replaced asset", () => {
  it("shows the version before, says who went back, and can go forward again", async () => {
    const one = await run({ deliveries: [textFile("a.csv", "id\n1\n2\n")] });
    const two = await run({ deliveries: [textFile("a.csv", "id\n9\n")] });
    expect(await back(one.version)).toMatchObject({ from: two.version, to: one.version, rows: 2, loadsUndone: [two.load] });
    expect(await rows("from raw.t order by id")).toEqual([{ id: 1 }, { id: 2 }]);
    expect(await rows("select id, _file, _line, _load from _millrace.rows('raw.t') order by id")).toEqual([
      { id: 1, _file: "a.csv", _line: 2, _load: one.load },
      { id: 2, _file: "a.csv", _line: 3, _load: one.load },
    ]);
    expect(await rows('select from_version, to_version, "by", why, ended_at from _millrace.rollbacks')).toEqual([
      { from_version: two.version, to_version: one.version, by: "ann", why: "bad rows", ended_at: null },
    ]);
    expect((await warehouse.session((session) => readLiveVersion(session, "raw.t")))!.rolledBack).toMatchObject({
      by: "ann",
      from: two.version,
    });
    await back(two.version);
    expect(await rows("from raw.t")).toEqual([{ id: 9 }]);
  });

  it("takes the next delivery as if the one that was taken back had never come", async () => {
    const one = await run({ deliveries: [textFile("a.csv", "id\n1\n")] });
    await run({ deliveries: [textFile("a.csv", "id\n9\n")] });
    await back(one.version);
    const again = await run({ deliveries: [textFile("a.csv", "id\n9\n")] });
    expect(again.changed).toBe(true);
    expect(await rows("from raw.t")).toEqual([{ id: 9 }]);
    expect(await rows("select count(*) as n from _millrace.rollbacks where ended_at is null")).toEqual([{ n: 0 }]);
  });

  it("brings the quarantine of the version back", async () => {
    const spec = { columns: { id: { type: "bigint" } } };
    const one = await run({ spec, deliveries: [textFile("a.csv", "id\n1\nx\n")] });
    await run({ spec, deliveries: [textFile("a.csv", "id\n1\ny\nz\n")] });
    await back(one.version);
    expect(await rows("select raw, status from _millrace.quarantine order by raw")).toMatchObject([
      { status: "open" },
      { status: "superseded" },
      { status: "superseded" },
    ]);
  });
});

describe("an asset that grows in place", () => {
  it("gives back the rows of an append, and loads what was taken back again: nothing is lost, nothing doubled", async () => {
    const spec = { load: "append", cursor: "id" } as const;
    const one = await run({ spec, deliveries: [page("p1", [{ id: 1 }, { id: 2 }])] });
    await run({ spec, deliveries: [page("p2", [{ id: 2 }, { id: 3 }])] });
    await run({ spec, deliveries: [page("p3", [{ id: 3 }, { id: 4 }])] });
    expect((await startOfLoad(warehouse, request(folder, { spec, deliveries: [] }))).since).toBe(4);
    await back(one.version);
    expect(await rows("from raw.t order by id")).toEqual([{ id: 1 }, { id: 2 }]);
    expect((await startOfLoad(warehouse, request(folder, { spec, deliveries: [] }))).since).toBe(2);
    await run({ spec, deliveries: [page("p4", [{ id: 2 }, { id: 3 }, { id: 4 }, { id: 5 }])] });
    expect(await rows("from raw.t order by id")).toEqual([{ id: 1 }, { id: 2 }, { id: 3 }, { id: 4 }, { id: 5 }]);
  });

  it("takes the files of an append that was taken back again, and only those", async () => {
    const spec = { load: "append" } as const;
    const files = [textFile("1.csv", "id\n1\n"), textFile("2.csv", "id\n2\n"), textFile("3.csv", "id\n3\n")];
    const one = await run({ spec, deliveries: files.slice(0, 1) });
    await run({ spec, deliveries: files.slice(0, 2) });
    await run({ spec, deliveries: [...files.slice(0, 1), textFile("2.csv", "id\n22\n23\n")] });
    await back(one.version);
    expect(await rows("from raw.t")).toEqual([{ id: 1 }]);
    expect((await run({ spec, deliveries: files })).rows).toEqual({ read: 2, loaded: 2, quarantined: 0, filtered: 0 });
    expect(await rows("from raw.t order by id")).toEqual([{ id: 1 }, { id: 2 }, { id: 3 }]);
  });

  it("gives back the values that a merge replaced, and the columns and types of then", async () => {
    const spec = { load: "merge", primaryKey: "id" } as const;
    const one = await run({ spec, deliveries: [textFile("a.csv", "id,price\n1,10\n2,20\n")] });
    await run({ spec, deliveries: [textFile("b.csv", "id,price,note\n2,21.50,new\n3,30.25,x\n")] });
    await back(one.version);
    expect(await rows("from raw.t order by id")).toEqual([
      { id: 1, price: 10 },
      { id: 2, price: 20 },
    ]);
    expect(await rows("select column_type from (describe raw.t)")).toEqual([{ column_type: "BIGINT" }, { column_type: "BIGINT" }]);
    await run({ spec, deliveries: [textFile("b.csv", "id,price,note\n2,22.00,again\n")] });
    expect(await rows("select id, price::varchar as price, note from raw.t order by id")).toEqual([
      { id: 1, price: "10.00", note: null },
      { id: 2, price: "22.00", note: "again" },
    ]);
  });

  it("opens what a snapshot had closed", async () => {
    const spec = { load: "snapshot", primaryKey: "id" } as const;
    const one = await run({ spec, deliveries: [textFile("a.csv", "id,v\n1,a\n2,b\n")] });
    await run({ spec, deliveries: [textFile("a.csv", "id,v\n1,c\n")] });
    expect(await rows("select count(*) as n from raw.t where valid_to is not null")).toEqual([{ n: 2 }]);
    await back(one.version);
    expect(await rows("select id, v, valid_to from raw.t order by id")).toEqual([
      { id: 1, v: "a", valid_to: null },
      { id: 2, v: "b", valid_to: null },
    ]);
  });

  it("gives back rows of earlier loads that a check of a later one set aside", async () => {
    const spec = { load: "append" } as const;
    const one = await run({ spec, deliveries: [textFile("1.csv", "id\n1\n-5\n")] });
    const audit = auditWith([
      {
        name: "positive",
        kind: "rule",
        severity: "error",
        onFail: "quarantine",
        where: null,
        tolerate: { rows: 0 },
        test: { kind: "row", bad: "t.id < 0" },
        columns: ["id"],
        needs: [],
        location: null,
      },
    ]);
    await run({ spec, deliveries: [textFile("2.csv", "id\n2\n")], audit });
    expect(await rows("from raw.t order by id")).toEqual([{ id: 1 }, { id: 2 }]);
    await back(one.version);
    expect(await rows("from raw.t order by id")).toEqual([{ id: -5 }, { id: 1 }]);
  });

  it("goes forward again to the version that was left, with its files", async () => {
    const spec = { load: "append" } as const;
    const files = [textFile("1.csv", "id\n1\n"), textFile("2.csv", "id\n2\n")];
    const one = await run({ spec, deliveries: files.slice(0, 1) });
    const two = await run({ spec, deliveries: files });
    await back(one.version);
    await back(two.version);
    expect(await rows("from raw.t order by id")).toEqual([{ id: 1 }, { id: 2 }]);
    expect(await run({ spec, deliveries: files })).toMatchObject({ changed: false, rows: { loaded: 0 } });
  });
});

describe("what cannot be gone back to", () => {
  it("is said with what can be", async () => {
    expect(await code(back("v_1"))).toBe("MR8301");
    const versions: LoadResult[] = [];
    for (let n = 1; n <= 5; n++) versions.push(await run({ deliveries: [textFile("a.csv", `id\n${n}\n`)] }));
    expect(await code(back("v_nobody"))).toBe("MR8302");
    expect(await code(back(versions[0]!.version))).toBe("MR8303");
    expect(await code(back(versions[4]!.version))).toBe("MR8304");
    expect(await code(back(versions[2]!.version))).toBe("no error");
    const known = await warehouse.session((session) => readVersions(session, "raw.t"));
    expect(known.versions.filter((each) => wayTo(known, each.version) !== undefined)).toHaveLength(3);
    expect(await rows("from raw.t")).toEqual([{ id: 3 }]);
  });

  it("is released once", async () => {
    const one = await run({ deliveries: [textFile("a.csv", "id\n1\n")] });
    await run({ deliveries: [textFile("a.csv", "id\n2\n")] });
    await back(one.version);
    expect(await warehouse.transaction((tx) => releaseRollback(tx, "raw.t"))).toBe(true);
    expect(await warehouse.transaction((tx) => releaseRollback(tx, "raw.t"))).toBe(false);
  });
});

/** Random loads; then back to any version that is kept, compared with what was read when it was published; then the rest again. */
describe("going back and forth", () => {
  it("gives exactly the rows of then, and after loading again those of now, for random files, keys and modes", async () => {
    const files = fc.array(fc.tuple(fc.integer({ min: 1, max: 4 }), fc.array(fc.integer({ min: 0, max: 6 }), { maxLength: 4 })), {
      minLength: 1,
      maxLength: 3,
    });
    const modes = fc.constantFrom("append", "merge", "replace", "snapshot");
    let serial = 0;
    await fc.assert(
      fc.asyncProperty(modes, fc.array(files, { minLength: 2, maxLength: 6 }), fc.nat(), async (mode, loads, pick) => {
        const asset = `raw.p${++serial}`;
        const spec = { load: mode, ...(mode === "merge" || mode === "snapshot" ? { primaryKey: "id" } : {}) } as const;
        // Files keep what they once had: a delivery is of everything that is there.
        const there = new Map<number, readonly number[]>();
        const deliver = (): FileDelivery[] =>
          [...there].map(([name, ids]) => textFile(`${name}.csv`, `id,v\n${ids.map((id) => `${id},x${name}\n`).join("")}`));
        const shown =
          `select * exclude (${mode === "snapshot" ? "valid_from, valid_to" : "nothing"}) ${mode === "snapshot" ? ", valid_to is null as now" : ""} from ${asset} order by all`.replace(
            " exclude (nothing)",
            "",
          );
        const seen = new Map<string, unknown>();
        const states: ReadonlyMap<number, readonly number[]>[] = [];
        const loadNow = () => run({ asset, spec: { ...spec, contract: { emptyDelivery: "accept" } }, deliveries: deliver() });
        for (const delivery of loads) {
          for (const [name, ids] of delivery) there.set(name, ids);
          const { version } = await loadNow();
          if (!seen.has(version)) seen.set(version, await rows(shown));
          states.push(new Map(there));
        }
        const now = await rows(shown);
        const known = await warehouse.session((session) => readVersions(session, asset));
        const kept = known.versions.filter((each) => each.version !== known.live && wayTo(known, each.version) !== undefined);
        if (kept.length === 0) return;
        const target = kept[pick % kept.length]!;
        await warehouse.transaction((tx) => rollBack(tx, { asset, version: target.version, by: "t", why: null, id: `b${++backs}` }));
        expect(await rows(shown)).toEqual(seen.get(target.version));
        // A merge depends on the order in which files came, a snapshot keeps what it saw: only these two must come out as they were.
        await loadNow();
        if (mode === "append" || mode === "replace") expect(await rows(shown)).toEqual(now);
      }),
      { numRuns: 25, seed: 20261121 },
    );
    await rows("create schema if not exists raw");
    await rows("create or replace view raw.t as select 1 as id");
  });
});
