// Records leave quarantine: what is corrected, accepted or tried again stands in the asset once, and every count reconciles.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sourceSpec } from "../../model/definitions/source.ts";
import { openWarehouse, type Warehouse } from "../../sql/warehouse.ts";
import { page, request, textFile, type Overrides } from "../deliveries.suite.ts";
import { load } from "../load.ts";
import { amend, type AmendOutcome } from "./amend.ts";
import type { AmendRequest } from "./prepare.ts";

let folder: string;
let warehouse: Warehouse;
let runs = 0;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "millrace-amend-"));
  warehouse = await openWarehouse({ path: join(folder, "w.duckdb") });
});
afterEach(() => {
  warehouse.close();
  rmSync(folder, { recursive: true, force: true });
});

const COLUMNS = { id: { type: "integer" }, price: { type: "decimal(9,2)" } };

function loaded(overrides: Overrides): ReturnType<typeof load> {
  return load(warehouse, request(folder, overrides));
}

function decide(given: Partial<AmendRequest>, spec: Parameters<typeof sourceSpec.parse>[0] = {}): Promise<AmendOutcome> {
  return amend(warehouse, {
    asset: "raw.t",
    spec: sourceSpec.parse({ from: {}, columns: COLUMNS, ...(spec as object) }),
    act: "fix",
    correction: { kind: "none" },
    by: "ana",
    why: "a test",
    token: { run: `r_fix${++runs}`, node: "raw.t", attempt: 1 },
    audit: () => Promise.resolve({ results: [] }),
    checks: [],
    tempDir: folder,
    dryRun: false,
    ...given,
  });
}

function rows(sql: string): Promise<readonly unknown[]> {
  return warehouse.session((session) => session.rows(sql));
}

const THREE = textFile("sales.csv", "id,price,note\n1,10.50,a\n2,12 USD,b\n3,,c\n4,n/a,d\n");

describe("a correction", () => {
  it("shows what it would do, and does it once with the place the record came from", async () => {
    await loaded({ deliveries: [THREE], spec: { columns: COLUMNS } });
    const correction = { kind: "set", set: { price: "replace(price, ' USD', '')" } } as const;
    const seen = await decide({ correction, where: "price like '%USD'", dryRun: true });
    expect(seen).toMatchObject({ records: 1, loaded: 1, changes: [{ column: "price", before: "12 USD", after: "12" }], total: 3 });
    expect(await rows("select count(*)::integer as n from raw.t")).toEqual([{ n: 2 }]);
    await decide({ correction, where: "price like '%USD'" });
    expect(
      await rows("select id, price::varchar as price, note, _file, _line::integer as line from _millrace.rows('raw.t') order by id"),
    ).toEqual([
      { id: 1, price: "10.50", note: "a", _file: "sales.csv", line: 2 },
      { id: 2, price: "12.00", note: "b", _file: "sales.csv", line: 3 },
      { id: 3, price: null, note: "c", _file: "sales.csv", line: 4 },
    ]);
    expect(await rows("select status, decided_by from _millrace.quarantine order by line")).toEqual([
      { status: "fixed", decided_by: "ana" },
      { status: "open", decided_by: null },
    ]);
    expect(await rows(`select act, "rows"::integer as n, "by", why from _millrace.decisions`)).toEqual([
      { act: "fix", n: 1, by: "ana", why: "a test" },
    ]);
    await expect(decide({ correction, where: "price like '%USD'" })).rejects.toMatchObject({ code: "MR8401" });
  });

  it("computes with typed columns where the cells allow it", async () => {
    await loaded({ deliveries: [THREE], spec: { columns: COLUMNS } });
    await decide({ correction: { kind: "set", set: { price: "id * 100" } } });
    expect(await rows("select id, price::integer as price from raw.t where id in (2, 4) order by id")).toEqual([
      { id: 2, price: 200 },
      { id: 4, price: 400 },
    ]);
  });

  it("leaves what still breaks the contract as it was, and says so", async () => {
    await loaded({ deliveries: [THREE], spec: { columns: COLUMNS } });
    const outcome = await decide({ correction: { kind: "set", set: { price: "replace(price, ' USD', '')" } } });
    expect(outcome).toMatchObject({ records: 2, loaded: 1, stillBrokenRows: 1, stillBroken: [{ rule: "badValue(price)" }] });
    expect(await rows("select raw, status from _millrace.quarantine where status = 'open'")).toEqual([{ raw: "4,n/a,d", status: "open" }]);
    await expect(decide({ act: "replay" })).rejects.toMatchObject({ code: "MR8406" });
  });

  it("takes cells from a file by the records' ids", async () => {
    await loaded({ deliveries: [THREE], spec: { columns: COLUMNS } });
    const [first] = (await rows("select id from _millrace.quarantine where raw like '%n/a%'")) as readonly { id: string }[];
    await decide({ correction: { kind: "cells", records: [{ _id: first!.id, price: "9.99" }] } });
    expect(await rows("select price::varchar as price from raw.t where id = 4")).toEqual([{ price: "9.99" }]);
    await expect(decide({ correction: { kind: "cells", records: [{ _id: "q_none", price: "1" }] } })).rejects.toMatchObject({
      code: "MR8404",
    });
    await expect(decide({ correction: { kind: "set", set: { prise: "1" } } })).rejects.toMatchObject({
      code: "MR8402",
      hint: 'did you mean "price"?',
    });
    await expect(decide({ correction: { kind: "set", set: { price: "no_such(1)" } } })).rejects.toMatchObject({ code: "MR8403" });
  });

  it("outlives a load that finds the same files, and is asked for anew when they changed", async () => {
    await loaded({ deliveries: [THREE], spec: { columns: COLUMNS } });
    await decide({ correction: { kind: "set", set: { price: "1" } } });
    expect((await loaded({ deliveries: [THREE], spec: { columns: COLUMNS } })).changed).toBe(false);
    expect(await rows("select count(*)::integer as n from raw.t")).toEqual([{ n: 4 }]);
    await loaded({ deliveries: [textFile("sales.csv", "id,price,note\n1,10.50,a\n2,12 USD,b\n")], spec: { columns: COLUMNS } });
    expect(await rows("select status, count(*)::integer as n from _millrace.quarantine group by all order by all")).toMatchObject([
      { status: "fixed", n: 2 },
      { status: "open", n: 1 },
    ]);
    expect(await rows("select count(*)::integer as n from raw.t")).toEqual([{ n: 1 }]);
  });
});

describe("accepting", () => {
  it("loads the record with nothing where a value cannot be read", async () => {
    await loaded({ deliveries: [THREE], spec: { columns: COLUMNS } });
    expect(await decide({ act: "accept" })).toMatchObject({ loaded: 2, total: 4 });
    expect(await rows("select id from raw.t where price is null order by id")).toEqual([{ id: 2 }, { id: 3 }, { id: 4 }]);
  });
});

describe("pages that bring the same record again", () => {
  const bad = page("page 1", [
    { id: 1, price: 1 },
    { id: 2, price: "x" },
  ]);
  it("do not load it twice", async () => {
    const spec = { columns: COLUMNS, load: "append" } as const;
    await loaded({ deliveries: [bad], spec });
    await decide({ correction: { kind: "set", set: { price: "5" } } }, spec);
    const again = await loaded({ deliveries: [page("page 1", [{ id: 2, price: "x" }])], spec });
    expect(again.rows).toMatchObject({ read: 1, loaded: 0, quarantined: 1 });
    expect(await rows('select status from _millrace.quarantine order by "at"')).toEqual([{ status: "fixed" }, { status: "decided" }]);
    expect(await rows("select count(*)::integer as n from raw.t")).toEqual([{ n: 2 }]);
  });
});

describe("a merge", () => {
  it("keeps the row that a later load brought", async () => {
    const spec = { columns: COLUMNS, load: "merge", primaryKey: "id" } as const;
    await loaded({ deliveries: [page("a", [{ id: 1, price: "x" }])], spec });
    await loaded({ deliveries: [page("b", [{ id: 1, price: 7 }])], spec });
    expect(await decide({ correction: { kind: "set", set: { price: "5" } } }, spec)).toMatchObject({ loaded: 0, superseded: 1 });
    expect(await rows("select price::integer as price from raw.t")).toEqual([{ price: 7 }]);
    await loaded({ deliveries: [page("c", [{ id: 2, price: "y" }])], spec });
    expect(await decide({ correction: { kind: "set", set: { price: "6" } } }, spec)).toMatchObject({ loaded: 1, superseded: 0 });
    expect(await rows("select id, price::integer as price from raw.t order by id")).toEqual([
      { id: 1, price: 7 },
      { id: 2, price: 6 },
    ]);
  });
});

describe("a snapshot", () => {
  it("records the corrected row as the newest of its key", async () => {
    const spec = { columns: COLUMNS, load: "snapshot", primaryKey: "id" } as const;
    await loaded({
      deliveries: [
        page("a", [
          { id: 1, price: 1 },
          { id: 2, price: "x" },
        ]),
      ],
      spec,
    });
    expect(await decide({ correction: { kind: "set", set: { price: "5" } } }, spec)).toMatchObject({ loaded: 1 });
    expect(await rows("select id, price::integer as price from raw.t where valid_to is null order by id")).toEqual([
      { id: 1, price: 1 },
      { id: 2, price: 5 },
    ]);
  });
});

describe("nested values", () => {
  it("go through as they were", async () => {
    const columns = { id: { type: "integer" } };
    await loaded({
      deliveries: [
        page("a", [
          { id: 1, tags: ["a", "b"], who: { name: "é" } },
          { id: "x", tags: ["c"], who: { name: "d" } },
        ]),
      ],
      spec: { columns },
    });
    await decide({ correction: { kind: "set", set: { id: "2" } } }, { columns });
    expect(await rows("select id, tags::varchar as tags, who::varchar as who from raw.t where id = 2")).toMatchObject([{ id: 2 }]);
    const [row] = (await rows("select to_json(tags)::varchar as tags, to_json(who)::varchar as who from raw.t where id = 2")) as readonly {
      tags: string;
      who: string;
    }[];
    expect([JSON.parse(row!.tags), JSON.parse(row!.who)]).toEqual([["c"], { name: "d" }]);
  });
});
