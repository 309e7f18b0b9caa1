// Loads against a real warehouse: modes, contract, quarantine, account, idempotence, fences.
import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { raiseFence } from "../sql/ledger/fence.ts";
import type { Warehouse } from "../sql/warehouse.ts";
import { openWarehouse } from "../sql/warehouse.ts";
import { auditWith } from "./audit.ts";
import { listQuarantine, showQuarantine } from "./quarantine.ts";
import { load, startOfLoad } from "./load.ts";
import type { FileDelivery } from "./connector.ts";
import { request, textFile, page, type Overrides } from "./deliveries.suite.ts";
import type { LoadResult } from "./request.ts";

let folder: string;
let warehouse: Warehouse;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "millrace-load-"));
  warehouse = await openWarehouse({ path: join(folder, "warehouse.duckdb") });
});
afterEach(async () => {
  await expectReplay();
  warehouse.close();
  rmSync(folder, { recursive: true });
});

/** Whatever a test did: killed now, the warehouse would come back with the same contents (DuckDB must be able to replay its log). */
async function expectReplay(): Promise<void> {
  const copy = join(folder, "copy.duckdb");
  copyFileSync(warehouse.path, copy);
  if (existsSync(`${warehouse.path}.wal`)) copyFileSync(`${warehouse.path}.wal`, `${copy}.wal`);
  const after = await openWarehouse({ path: copy });
  try {
    expect(await contentsOf(after)).toEqual(await contentsOf(warehouse));
  } finally {
    after.close();
  }
}

async function contentsOf(of: Warehouse): Promise<unknown> {
  return of.session(async (session) => {
    const views = await session.rows<{ name: string }>(
      "select view_name as name from duckdb_views() where schema_name = '_millrace_rows' order by all",
    );
    const contents: unknown[] = [];
    for (const { name } of views) contents.push(name, await session.rows(`from _millrace.rows('${name}') order by all`));
    return contents;
  });
}

const run = (overrides: Overrides): Promise<LoadResult> => load(warehouse, request(folder, overrides));
const rows = (sql: string): Promise<unknown[]> => warehouse.session((session) => session.rows(sql));

describe("replace", () => {
  it("publishes one file, with origins but without hidden columns", async () => {
    const result = await run({ deliveries: [textFile("a.csv", "id,Sale Price\n1,x\n2,y\n")] });
    expect(result.rows).toEqual({ read: 2, loaded: 2, quarantined: 0, filtered: 0 });
    expect(await rows("from raw.t order by id")).toEqual([
      { id: 1, sale_price: "x" },
      { id: 2, sale_price: "y" },
    ]);
    expect(await rows("select id, _file, _line, _load from _millrace.rows('raw.t') order by id")).toEqual([
      { id: 1, _file: "a.csv", _line: 2, _load: result.load },
      { id: 2, _file: "a.csv", _line: 3, _load: result.load },
    ]);
  });

  it("joins files of several schemas by name and counts lines in each", async () => {
    await run({ deliveries: [textFile("a.csv", "id,name\n1,x\n"), textFile("b.csv", "name,id,extra\ny,2,z\nw,3,\n")] });
    expect(await rows("select id, name, extra, _file, _line from _millrace.rows('raw.t') order by id")).toEqual([
      { id: 1, name: "x", extra: null, _file: "a.csv", _line: 2 },
      { id: 2, name: "y", extra: "z", _file: "b.csv", _line: 2 },
      { id: 3, name: "w", extra: null, _file: "b.csv", _line: 3 },
    ]);
  });

  it("keeps the text of a column that is a number in one file only", async () => {
    await run({ deliveries: [textFile("a.csv", "zip\n1.50\n"), textFile("b.csv", "zip\nA1\n")] });
    expect(await rows("from raw.t order by zip")).toEqual([{ zip: "1.50" }, { zip: "A1" }]);
  });

  it("keeps the version when the contents are the same", async () => {
    const first = await run({ deliveries: [textFile("a.csv", "id\n1\n")] });
    const second = await run({ deliveries: [textFile("a.csv", "id\n1\n")] });
    expect(second).toMatchObject({ changed: false, version: first.version });
    const third = await run({ deliveries: [textFile("a.csv", "id\n2\n")] });
    expect(third.changed).toBe(true);
    expect(await rows("from raw.t")).toEqual([{ id: 2 }]);
  });

  it("does not read files again whose contents are the same", async () => {
    const [a, b] = [textFile("a.csv", "id\n1\n"), textFile("b.csv", "id\n2\n")];
    const unread = { stage: () => Promise.reject(new Error("read again")) };
    await run({ deliveries: [a, b] });
    expect(
      await run({
        deliveries: [
          { ...a, ...unread },
          { ...b, ...unread },
        ],
      }),
    ).toMatchObject({ changed: false, rows: { read: 0 } });
    expect(await run({ deliveries: [{ ...a, ...unread }] }).catch((error: Error) => error.message)).toContain("read again"); // one is gone
    expect(await run({ deliveries: [a, textFile("b.csv", "id\n3\n")] })).toMatchObject({ changed: true, rows: { read: 2 } });
    expect(await run({ deliveries: [a, b], codeHash: "other" })).toMatchObject({ changed: true, rows: { read: 2 } });
  });

  it("renames columns whose new names are old names of others", async () => {
    await run({ deliveries: [textFile("a.csv", "a,b,C d\n1,2,3\n")], spec: { columns: { b: { from: "a" }, a: { from: "b" } } } });
    expect(await rows("from raw.t")).toEqual([{ b: 1, a: 2, c_d: 3 }]);
  });

  it("casts a declared type in place", async () => {
    await run({ deliveries: [textFile("a.csv", "a,b\n1,x\n2,y\n")], spec: { columns: { a: { type: "integer" }, b: { type: "text" } } } });
    expect(await rows("select a, typeof(a) as t, _line from _millrace.rows('raw.t') order by a")).toEqual([
      { a: 1, t: "INTEGER", _line: 2 },
      { a: 2, t: "INTEGER", _line: 3 },
    ]);
  });

  it("refuses to empty an asset unless told to", async () => {
    await run({ deliveries: [textFile("a.csv", "id\n1\n")] });
    await expect(run({ deliveries: [textFile("a.csv", "id\n")] })).rejects.toMatchObject({ code: "MR4007" });
    await run({ deliveries: [textFile("a.csv", "id\n")], spec: { contract: { emptyDelivery: "accept" } } });
    expect(await rows("from raw.t")).toEqual([]);
  });

  it("makes an empty asset of a source that has never yielded anything", async () => {
    expect((await run({ deliveries: [] })).rows).toEqual({ read: 0, loaded: 0, quarantined: 0, filtered: 0 });
    expect(await rows("from raw.t")).toEqual([]);
    await run({ deliveries: [page("p1", [{ id: 1 }])] });
    expect(await rows("select id from raw.t")).toEqual([{ id: 1 }]);
  });

  it("names the file that cannot be read and loads nothing", async () => {
    const broken = { ...textFile("b.csv", "id\n2\n"), stage: () => Promise.reject(new Error("torn")) };
    await expect(run({ deliveries: [textFile("a.csv", "id\n1\n"), broken] })).rejects.toMatchObject({
      code: "MR4016",
      message: expect.stringContaining("b.csv"),
    });
    expect(await rows("select table_name from duckdb_tables() where schema_name = '_millrace_data'")).toEqual([]);
  });
});

describe("declared columns and the contract", () => {
  const csv = 'id, SALE PRICE ,zip\n1,"$1,200.50",00501\n2,abc,10001\n3,$-,\n';
  const columns = { sale_price: { from: "SALE PRICE", type: "decimal(18,2)", parse: "money" }, zip: { type: "text" } };

  it("reads money, keeps text and quarantines what does not fit, with its line", async () => {
    const result = await run({ deliveries: [textFile("a.csv", csv)], spec: { columns } });
    expect(result.rows).toEqual({ read: 3, loaded: 2, quarantined: 1, filtered: 0 });
    expect(await rows("select * exclude(id) from raw.t order by id")).toEqual([
      { sale_price: "1200.50", zip: "00501" },
      { sale_price: "0.00", zip: null },
    ]);
    const { items } = await warehouse.session((session) => listQuarantine(session, { asset: "raw.t" }));
    expect(items).toEqual([
      expect.objectContaining({
        rule: "badValue(sale_price)",
        file: "a.csv",
        line: 3,
        raw: "2,abc,10001",
        reason: expect.stringContaining("abc"),
      }),
    ]);
    const shown = await warehouse.session((session) => showQuarantine(session, items[0]!.id));
    expect(shown?.row).toEqual({ id: 2, "SALE PRICE": "abc", zip: "10001" });
    expect(await rows("select _line from _millrace.rows('raw.t') order by id")).toEqual([{ _line: 2 }, { _line: 4 }]);
  });

  it("loads NULL for a bad value, or fails, as the contract says", async () => {
    const result = await run({ deliveries: [textFile("a.csv", csv)], spec: { columns, contract: { badValue: "null" } } });
    expect(result.rows.loaded).toBe(3);
    expect(result.warnings).toEqual([expect.stringContaining("sale_price")]);
    await expect(
      run({ deliveries: [textFile("a.csv", csv)], spec: { columns, contract: { badValue: "fail" } }, codeHash: "fail" }),
    ).rejects.toMatchObject({
      code: "MR4005",
      message: expect.stringContaining("a.csv, line 3"),
    });
  });

  it("holds the limit on quarantined rows", async () => {
    await expect(
      run({ deliveries: [textFile("a.csv", csv)], spec: { columns, contract: { maxQuarantined: "10%" } } }),
    ).rejects.toMatchObject({ code: "MR4006" });
  });

  it("quarantines a missing required value", async () => {
    const result = await run({ deliveries: [textFile("a.csv", csv)], spec: { columns: { zip: { required: true } } } });
    expect(result.rows).toMatchObject({ loaded: 2, quarantined: 1 });
  });

  it("turns text in a column of numbers into bad values, not the column into text", async () => {
    await run({ deliveries: [textFile("a.csv", "n\n1\n2\n")] });
    const result = await run({ deliveries: [textFile("a.csv", "n\n3\nx\n")] });
    expect(result.rows).toMatchObject({ loaded: 1, quarantined: 1 });
    expect(await rows("select typeof(n) as t, n from raw.t")).toEqual([{ t: "BIGINT", n: 3 }]);
  });

  it("widens among numbers, keeps a variant, or fails", async () => {
    await run({ deliveries: [textFile("a.csv", "n\n1\n")] });
    await run({ deliveries: [textFile("a.csv", "n\n1.25\n")] });
    expect(await rows("select n from raw.t")).toEqual([{ n: "1.25" }]);
    await run({ deliveries: [textFile("a.csv", "n\n7.50\nten\n")], spec: { contract: { typeChange: "variant" } } });
    expect(await rows("select n, n__text from raw.t order by n")).toEqual([
      { n: "7.50", n__text: null },
      { n: null, n__text: "ten" },
    ]);
    await run({ deliveries: [textFile("a.csv", "n\n8.50\n")], spec: { contract: { typeChange: "variant" } } });
    expect(await rows("select n, n__text from raw.t order by n")).toEqual([{ n: "8.50", n__text: null }]);
    await expect(run({ deliveries: [textFile("a.csv", "n\nten\n")], spec: { contract: { typeChange: "fail" } } })).rejects.toMatchObject({
      code: "MR4004",
    });
  });

  it("adds, ignores, quarantines or refuses a new column", async () => {
    const next = (newColumn: "add" | "ignore" | "quarantine" | "fail"): Promise<LoadResult> =>
      run({ deliveries: [textFile("a.csv", `id,more\n1,\n2,${newColumn}\n`)], spec: { contract: { newColumn } }, codeHash: newColumn });
    await run({ deliveries: [textFile("a.csv", "id\n1\n")] });
    await expect(next("fail")).rejects.toMatchObject({ code: "MR4002" });
    await next("ignore");
    expect(await rows("from raw.t order by id")).toEqual([{ id: 1 }, { id: 2 }]);
    expect((await next("quarantine")).rows).toMatchObject({ loaded: 1, quarantined: 1 });
    await next("add");
    expect(await rows("from raw.t order by id")).toEqual([
      { id: 1, more: null },
      { id: 2, more: "add" },
    ]);
  });

  it("fills a missing column with NULL or fails; a from that never matched is a mistake", async () => {
    await run({ deliveries: [textFile("a.csv", "id,b\n1,x\n")] });
    await expect(run({ deliveries: [textFile("a.csv", "id\n1\n")], spec: { contract: { missingColumn: "fail" } } })).rejects.toMatchObject({
      code: "MR4003",
    });
    await run({ deliveries: [textFile("a.csv", "id\n1\n")] });
    expect(await rows("from raw.t")).toEqual([{ id: 1, b: null }]);
    await expect(
      run({ asset: "raw.u", deliveries: [textFile("a.csv", "id\n1\n")], spec: { columns: { price: { from: "PRCIE" } } } }),
    ).rejects.toMatchObject({ code: "MR4003" });
  });
});

describe("merge, append, snapshot", () => {
  it("merges by key, null-safe; of the same key in one load the higher cursor wins", async () => {
    const spec: Overrides["spec"] = { load: "merge", primaryKey: ["a", "b"], cursor: "at" };
    await run({
      spec,
      deliveries: [
        page("p1", [
          { a: 1, b: null, at: 5, v: "old" },
          { a: 2, b: 1, at: 5, v: "stays" },
        ]),
      ],
    });
    const result = await run({
      spec,
      deliveries: [
        page("p1", [
          { a: 1, b: null, at: 9, v: "new" },
          { a: 1, b: null, at: 7, v: "late" },
          { a: 3, b: 3, at: 1, v: "added" },
        ]),
      ],
    });
    expect(result.rows).toEqual({ read: 3, loaded: 2, quarantined: 0, filtered: 1 });
    expect(result.filtered).toEqual({ superseded: 1 });
    expect(await rows("select a, v from raw.t order by a")).toEqual([
      { a: 1, v: "new" },
      { a: 2, v: "stays" },
      { a: 3, v: "added" },
    ]);
    expect(result.cursor).toBe("9");
  });

  it("keeps the version when a merge brings nothing new", async () => {
    const spec = { load: "merge", primaryKey: "a" } as const;
    const first = await run({ spec, deliveries: [page("p", [{ a: 1, v: "x" }])] });
    const second = await run({ spec, deliveries: [page("p", [{ a: 1, v: "x" }])] });
    expect(second).toMatchObject({ changed: false, version: first.version, rows: { read: 1, loaded: 0, filtered: 1 } });
  });

  it("appends from the cursor on: the boundary is neither lost nor doubled", async () => {
    const spec = { cursor: "at" } as const;
    await run({
      spec,
      deliveries: [
        page("p", [
          { at: "2026-01-01", v: 1 },
          { at: "2026-01-02", v: 2 },
        ]),
      ],
    });
    expect((await startOfLoad(warehouse, { asset: "raw.t", spec, fullRefresh: false })).since).toBe("2026-01-02");
    const result = await run({
      spec,
      deliveries: [
        page("p", [
          { at: "2026-01-01", v: 1 },
          { at: "2026-01-02", v: 2 },
          { at: "2026-01-02", v: 3 },
          { at: "2026-01-03", v: 4 },
        ]),
      ],
    });
    expect(result.filtered).toEqual({ beforeCursor: 1, alreadyLoaded: 1 });
    expect(await rows("select v from raw.t order by v")).toEqual([1, 2, 3, 4].map((v) => ({ v })));
  });

  it("looks back as far as it is told", async () => {
    const spec = { cursor: "at", lookback: "1d" } as const;
    await run({ spec, deliveries: [page("p", [{ at: "2026-01-02", v: 2 }])] });
    expect((await startOfLoad(warehouse, { asset: "raw.t", spec, fullRefresh: false })).since).toBe("2026-01-01");
    await run({
      spec,
      deliveries: [
        page("p", [
          { at: "2026-01-01", v: 9 },
          { at: "2026-01-02", v: 2 },
        ]),
      ],
    });
    expect(await rows("select v from raw.t order by v")).toEqual([{ v: 2 }, { v: 9 }]);
  });

  it("takes a file once by path and content, and replaces the rows of a changed one", async () => {
    const spec = { load: "append" } as const;
    await run({ spec, deliveries: [textFile("a.csv", "id\n1\n"), textFile("b.csv", "id\n2\n")] });
    const again = await run({ spec, deliveries: [textFile("a.csv", "id\n1\n"), textFile("b.csv", "id\n2\n")] });
    expect(again).toMatchObject({ changed: false, rows: { read: 0, loaded: 0 } });
    await run({ spec, deliveries: [textFile("a.csv", "id\n1\n"), textFile("b.csv", "id\n7\n8\n"), textFile("c.csv", "id\n3\n")] });
    expect(await rows("select id from raw.t order by id")).toEqual([1, 3, 7, 8].map((id) => ({ id })));
    await expect(run({ spec: { ...spec, changedFile: "fail" }, deliveries: [textFile("a.csv", "id\n5\n")] })).rejects.toMatchObject({
      code: "MR4009",
    });
    await run({ spec: { ...spec, changedFile: "ignore" }, deliveries: [textFile("a.csv", "id\n5\n")] });
    expect(await rows("select count(*) as n from raw.t")).toEqual([{ n: 4 }]);
  });

  it("says when a key that a changed file lost may stand in a file that was merged over", async () => {
    const spec = { load: "merge", primaryKey: "id" } as const;
    const first = textFile("a.csv", "id,n\n1,10\n2,20\n");
    await run({ spec, deliveries: [first] });
    await run({ spec, deliveries: [first, textFile("b.csv", "id,n\n2,21\n3,30\n")] });
    const shorter = await run({ spec, deliveries: [first, textFile("b.csv", "id,n\n3,30\n")] });
    expect(shorter.warnings).toEqual([expect.stringContaining("--full-refresh --select raw.t")]);
    const same = await run({ spec, deliveries: [first, textFile("b.csv", "id,n\n3,31\n")] });
    expect(same.warnings).toEqual([]);
  });

  it("says that a changed definition leaves the rows of earlier loads as they were", async () => {
    const spec = { load: "append" } as const;
    expect((await run({ spec, deliveries: [textFile("a.csv", "id,n\n1,10\n")] })).warnings).toEqual([]);
    const renamed = { ...spec, columns: { amount: { from: "n" } } };
    const result = await run({ spec: renamed, codeHash: "other", deliveries: [textFile("b.csv", "id,n\n2,20\n")] });
    expect(result.warnings[0]).toContain("--full-refresh --select raw.t");
    expect(await rows("select id, amount from raw.t order by id")).toEqual([
      { id: 1, amount: null },
      { id: 2, amount: 20 },
    ]);
  });

  it("adds columns and widens types in place", async () => {
    const spec = { load: "append" } as const;
    await run({ spec, deliveries: [page("1", [{ a: 1 }])] });
    await run({ spec, deliveries: [page("2", [{ a: 2.5, b: "x" }])] });
    expect(await rows("from raw.t order by a")).toEqual([
      { a: 1, b: null },
      { a: 2.5, b: "x" },
    ]);
    expect(await rows("select number, changes from _millrace.schemas where asset = 'raw.t' order by number")).toHaveLength(2);
  });

  it("joins nested values of several shapes, and turns them to JSON where no struct holds both", async () => {
    const spec = { load: "append" } as const;
    const typed = (name: string, type: string, value: string): FileDelivery => {
      const file = textFile(name, `v\n${value}\n`);
      return {
        ...file,
        stage: async (request) => {
          const staged = await file.stage(request);
          await request.connection.run(`create or replace table ${request.into} as select (${value})::${type} as v`);
          return { ...staged, columns: staged.columns.map((column) => ({ ...column, type, exactText: false })) };
        },
      };
    };
    await run({ spec, deliveries: [typed("1", "STRUCT(a INTEGER)", "{'a': 1}")] });
    await run({ spec, deliveries: [typed("2", 'STRUCT(a BIGINT, "b c" VARCHAR[])', "{'a': 2, 'b c': ['x']}")] });
    expect(await rows("select v from raw.t order by v.a")).toEqual([{ v: { a: 1, "b c": null } }, { v: { a: 2, "b c": ["x"] } }]);
    await run({ spec, deliveries: [typed("3", "STRUCT(z DATE)", "{'z': '2020-01-01'}")] });
    expect(await rows("select v, typeof(v) as t, _file from _millrace.rows('raw.t') order by _file")).toEqual([
      { v: '{"a":1,"b c":null}', t: "JSON", _file: "1" },
      { v: '{"a":2,"b c":["x"]}', t: "JSON", _file: "2" },
      { v: '{"z":"2020-01-01"}', t: "JSON", _file: "3" },
    ]);
    expect((await run({ spec, deliveries: [textFile("4", "v\nplain\n")] })).rows.loaded).toBe(1);
  });

  it("keeps history in a snapshot", async () => {
    const spec = { load: "snapshot", primaryKey: "id" } as const;
    await run({
      spec,
      deliveries: [
        page("p", [
          { id: 1, v: "a" },
          { id: 2, v: "b" },
          { id: 3, v: "c" },
        ]),
      ],
    });
    const second = await run({
      spec,
      deliveries: [
        page("p", [
          { id: 1, v: "a" },
          { id: 2, v: "B" },
        ]),
      ],
    });
    expect(second.rows).toEqual({ read: 2, loaded: 1, quarantined: 0, filtered: 1 });
    expect(await rows("select id, v, valid_to is null as current from raw.t order by id, valid_from")).toEqual([
      { id: 1, v: "a", current: true },
      { id: 2, v: "b", current: false },
      { id: 2, v: "B", current: true },
      { id: 3, v: "c", current: false },
    ]);
    expect(
      await run({
        spec,
        deliveries: [
          page("p", [
            { id: 1, v: "a" },
            { id: 2, v: "B" },
          ]),
        ],
      }),
    ).toMatchObject({ changed: false });
  });

  it("carries a replaced asset over into merge", async () => {
    await run({ deliveries: [page("p", [{ id: 1, v: "a" }])] });
    await run({ deliveries: [page("p", [{ id: 2, v: "b" }])], spec: { load: "merge", primaryKey: "id" } });
    expect(await rows("from raw.t order by id")).toEqual([
      { id: 1, v: "a" },
      { id: 2, v: "b" },
    ]);
  });

  it("says that a merge needs a key, and that a key must be a column", async () => {
    await expect(run({ spec: { load: "merge" }, deliveries: [page("p", [{ a: 1 }])] })).rejects.toMatchObject({ code: "MR4012" });
    await expect(run({ spec: { load: "merge", primaryKey: "nope" }, deliveries: [page("p", [{ a: 1 }])] })).rejects.toMatchObject({
      code: "MR4010",
    });
  });
});

describe("once and only once", () => {
  it("reports the commit of an earlier attempt without reading anything", async () => {
    const first = await run({ run: "r1", deliveries: [page("p", [{ a: 1 }])], spec: { load: "append" } });
    const second = await run({
      run: "r1",
      attempt: 2,
      deliveries: [
        {
          ...page("p", []),
          get rows(): never {
            throw new Error("read again");
          },
        },
      ],
      spec: { load: "append" },
    });
    expect(second).toEqual(first);
    expect(await rows("select count(*) as n from raw.t")).toEqual([{ n: 1 }]);
  });

  it("refuses the commit of a stale attempt", async () => {
    await raiseFence(warehouse, { run: "r1", node: "raw.t", attempt: 2 });
    await expect(run({ run: "r1", attempt: 1, deliveries: [page("p", [{ a: 1 }])] })).rejects.toMatchObject({ code: "MR5006" });
    await expect(raiseFence(warehouse, { run: "r1", node: "raw.t", attempt: 1 })).rejects.toMatchObject({ code: "MR5006" });
    await run({ run: "r1", attempt: 2, deliveries: [page("p", [{ a: 1 }])] });
  });

  it("lets checks set rows aside, and publishes nothing when one says stop", async () => {
    const audit = auditWith([
      {
        name: "noTwo",
        kind: "rule",
        severity: "error",
        onFail: "quarantine",
        where: null,
        tolerate: { rows: 0 },
        test: { kind: "row", bad: "t.id = 2" },
        columns: ["id"],
        needs: [],
        location: null,
      },
    ]);
    const result = await run({ deliveries: [textFile("a.csv", "id\n1\n2\n3\n")], audit });
    expect(result.rows).toEqual({ read: 3, loaded: 2, quarantined: 1, filtered: 0 });
    expect(await rows("select id, _line from _millrace.rows('raw.t') order by id")).toEqual([
      { id: 1, _line: 2 },
      { id: 3, _line: 4 },
    ]);
    const { items } = await warehouse.session((session) => listQuarantine(session));
    expect(items).toEqual([expect.objectContaining({ rule: "noTwo", file: "a.csv", line: 3 })]);
    const failed = { check: "c", kind: "rule", status: "failed", severity: "error", failing: 1, onFail: "stop", sample: [] } as const;
    await expect(
      run({ deliveries: [textFile("a.csv", "id\n9\n")], audit: () => Promise.resolve({ results: [failed] }) }),
    ).rejects.toMatchObject({ code: "MR4501", results: [failed] });
    expect(await rows("select count(*) as n from raw.t")).toEqual([{ n: 2 }]);
    expect(await rows("select count(*) as n from _millrace.loads")).toEqual([{ n: 1 }]);
  });

  it("stops at once when it is told to, also inside a long statement, and leaves nothing", async () => {
    const stop = new AbortController();
    const slow: Overrides["audit"] = async (tx) => {
      setTimeout(() => stop.abort(new Error("canceled")), 50);
      await tx.rows("select count(*) from range(100000000) a, range(1000000) b where a.range = b.range + 1");
      return { results: [] };
    };
    const startedMs = performance.now();
    await expect(run({ deliveries: [textFile("a.csv", "id\n1\n")], audit: slow, signal: stop.signal })).rejects.toThrow("canceled");
    expect(performance.now() - startedMs).toBeLessThan(30_000);
    expect(await rows("select table_name from duckdb_tables() where schema_name = '_millrace_data'")).toEqual([]);
    expect(await rows("from _millrace.loads")).toEqual([]);
  });

  it("quarantines elements of a page that are no objects", async () => {
    const result = await run({ deliveries: [page("p", [{ a: 1 }, "x" as never, null as never, { a: 2 }])] });
    expect(result.rows).toEqual({ read: 4, loaded: 2, quarantined: 2, filtered: 0 });
    expect(await rows("select a, _file, _line from _millrace.rows('raw.t') order by a")).toEqual([
      { a: 1, _file: "p", _line: 1 },
      { a: 2, _file: "p", _line: 4 },
    ]);
  });
});
