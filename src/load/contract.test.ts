// Every policy of a contract in every mode of loading, against a real warehouse: what stands in the asset, in quarantine, and in the history.
import { createHmac } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { LoadMode } from "../model/definitions/source.ts";
import { openWarehouse, type Warehouse } from "../sql/warehouse.ts";
import { load } from "./load.ts";
import { page, request, textFile, type Overrides } from "./deliveries.suite.ts";
import type { LoadResult } from "./request.ts";

let folder: string;
let warehouse: Warehouse;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "millrace-contract-"));
  warehouse = await openWarehouse({ path: join(folder, "warehouse.duckdb") });
});
afterEach(() => {
  warehouse.close();
  rmSync(folder, { recursive: true });
});

const run = (overrides: Overrides): Promise<LoadResult> => load(warehouse, request(folder, overrides));
const rows = (sql: string): Promise<unknown[]> => warehouse.session((session) => session.rows(sql));
const MODES = ["replace", "append", "merge", "snapshot"] as const satisfies readonly LoadMode[];

/** Rows of the first load stay in all modes but `replace`; a snapshot closes a row that changed or is gone. */
function loads(mode: LoadMode, contract: NonNullable<Overrides["spec"]>["contract"], extra: NonNullable<Overrides["spec"]> = {}) {
  const spec = { load: mode, primaryKey: "id", ...(contract === undefined ? {} : { contract }), ...extra };
  return async (first: string, second: string): Promise<LoadResult> => {
    await run({ spec, deliveries: [textFile("1.csv", first)] });
    return run({ spec, deliveries: [textFile("2.csv", second)] });
  };
}

const live = (mode: LoadMode, columns: string): Promise<unknown[]> =>
  rows(`select ${columns} from raw.t ${mode === "snapshot" ? "where valid_to is null" : ""} order by id`);
const keepsRows = (mode: LoadMode): boolean => mode === "append" || mode === "merge";
const schemaChanges = async (): Promise<unknown[]> => {
  const [row] = (await rows("select changes from _millrace.schemas order by number desc limit 1")) as { changes: string }[];
  return JSON.parse(row!.changes) as unknown[];
};
const valueChanges = (): Promise<unknown[]> => rows(`select "column", rule, "values" from _millrace.changes order by "at", "column", rule`);

describe.each(MODES)("a new column, load: %s", (mode) => {
  it("is added, NULL in the rows before", async () => {
    await loads(mode, { newColumn: "add" })("id,a\n1,x\n", "id,a,b\n2,y,z\n");
    const first = keepsRows(mode) ? [{ id: 1, a: "x", b: null }] : [];
    expect(await live(mode, "id, a, b")).toEqual([...first, { id: 2, a: "y", b: "z" }]);
    expect(await schemaChanges()).toMatchObject([{ column: "b", change: "added", policy: "newColumn: add" }]);
  });

  it("is ignored, and how many values that were is recorded", async () => {
    const result = await loads(mode, { newColumn: "ignore" })("id,a\n1,x\n", "id,a,b\n2,y,z\n");
    expect(result.rows).toEqual({ read: 1, loaded: 1, quarantined: 0, filtered: 0 });
    expect(await rows("select column_name from (describe raw.t) where column_name = 'b'")).toEqual([]);
    expect(await valueChanges()).toEqual([{ column: "b", rule: "newColumn(ignore)", values: 1 }]);
  });

  it("sends rows that have a value in it to quarantine", async () => {
    const result = await loads(mode, { newColumn: "quarantine" })("id,a\n1,x\n", "id,a,b\n2,y,z\n3,w,\n");
    expect(result.rows).toEqual({ read: 2, loaded: 1, quarantined: 1, filtered: 0 });
  });

  it("fails the load", async () => {
    await expect(loads(mode, { newColumn: "fail" })("id,a\n1,x\n", "id,a,b\n2,y,z\n")).rejects.toMatchObject({ code: "MR4002" });
    expect(await live(mode, "id, a")).toEqual([{ id: 1, a: "x" }]);
  });
});

describe.each(MODES)("a missing column, load: %s", (mode) => {
  it("is NULL", async () => {
    const result = await loads(mode, { missingColumn: "null" })("id,a\n1,x\n", "id\n2\n");
    expect(result.warnings.join()).toContain("is not in the delivery: NULL");
    expect((await live(mode, "id, a")).at(-1)).toEqual({ id: 2, a: null });
    expect(await valueChanges()).toEqual([{ column: "a", rule: "missingColumn(null)", values: 1 }]);
  });

  it("is its default, where it has one", async () => {
    await loads(mode, {}, { columns: { a: { default: "none" } } })("id,a\n1,x\n", "id\n2\n");
    expect((await live(mode, "id, a")).at(-1)).toEqual({ id: 2, a: "none" });
  });

  it("fails the load", async () => {
    await expect(loads(mode, { missingColumn: "fail" })("id,a\n1,x\n", "id\n2\n")).rejects.toMatchObject({ code: "MR4003" });
  });
});

describe.each(MODES)("another type, load: %s", (mode) => {
  const price = "id,a\n1,10\n";
  it("widens in place along the lattice", async () => {
    await loads(mode, { typeChange: "widen" })(price, "id,a\n2,2.5\n");
    expect(await rows("select column_type as type from (describe raw.t) where column_name = 'a'")).toEqual([{ type: "DECIMAL(21,2)" }]);
    expect(await live(mode, "id, a")).toEqual([...(keepsRows(mode) ? [{ id: 1, a: "10.00" }] : []), { id: 2, a: "2.50" }]);
    expect(await schemaChanges()).toMatchObject([
      { column: "a", change: "widened", detail: "BIGINT → DECIMAL(21,2)", policy: "typeChange: widen" },
    ]);
    expect(await valueChanges()).toEqual([{ column: "a", rule: "typeChange(widen)", values: 1 }]);
  });

  it("never widens to text: such values go to quarantine", async () => {
    const result = await loads(mode, { typeChange: "widen" })(price, "id,a\n2,n/k\n3,11\n");
    expect(result.rows).toEqual({ read: 2, loaded: 1, quarantined: 1, filtered: 0 });
    expect(await rows("select column_type as type from (describe raw.t) where column_name = 'a'")).toEqual([{ type: "BIGINT" }]);
  });

  it("keeps what does not fit in a column of text beside it", async () => {
    await loads(mode, { typeChange: "variant" })(price, "id,a\n2,n/k\n3,11\n");
    expect((await live(mode, "id, a, a__text")).slice(-2)).toEqual([
      { id: 2, a: null, a__text: "n/k" },
      { id: 3, a: 11, a__text: null },
    ]);
    expect(await schemaChanges()).toMatchObject([{ column: "a__text", change: "added", policy: "typeChange: variant" }]);
    expect(await valueChanges()).toContainEqual({ column: "a", rule: "typeChange(variant)", values: 1 });
  });

  it("sends what does not fit to quarantine", async () => {
    const result = await loads(mode, { typeChange: "quarantine" })(price, "id,a\n2,2.5\n3,11\n");
    expect(result.rows).toEqual({ read: 2, loaded: 1, quarantined: 1, filtered: 0 });
  });

  it("fails the load", async () => {
    await expect(loads(mode, { typeChange: "fail" })(price, "id,a\n2,2.5\n")).rejects.toMatchObject({ code: "MR4004" });
  });
});

describe.each(MODES)("a bad value, load: %s", (mode) => {
  const columns = { columns: { a: { type: "integer" } } };
  it.each([
    ["quarantine", { loaded: 1, quarantined: 1 }],
    ["null", { loaded: 2, quarantined: 0 }],
  ] as const)("goes where badValue: %s says", async (badValue, counts) => {
    const result = await loads(mode, { badValue }, columns)("id,a\n1,1\n", "id,a\n2,x\n3,3\n");
    expect(result.rows).toMatchObject({ read: 2, filtered: 0, ...counts });
    if (badValue === "null") expect(await valueChanges()).toEqual([{ column: "a", rule: "badValue(null)", values: 1 }]);
  });

  it("fails the load", async () => {
    await expect(loads(mode, { badValue: "fail" }, columns)("id,a\n1,1\n", "id,a\n2,x\n")).rejects.toMatchObject({ code: "MR4005" });
  });
});

describe("what was done to values", () => {
  it("is counted by column and rule, with examples", async () => {
    await run({
      spec: {
        columns: {
          price: { parse: "money", default: 0 },
          day: { parse: "%d/%m/%Y", nulls: ["n/a"] },
          state: { map: { Y: "yes", N: "no" } },
          n: { type: "integer" },
        },
      },
      deliveries: [textFile("a.csv", "price,day,state,n\n$1.50,31/12/2025,Y,007\n,n/a,N,2\n2.25,01/02/2026,maybe, 3\n")],
    });
    expect(await rows("from raw.t order by n")).toEqual([
      { price: "0.00", day: null, state: "no", n: 2 },
      { price: "2.25", day: "2026-02-01", state: "maybe", n: 3 },
      { price: "1.50", day: "2025-12-31", state: "yes", n: 7 },
    ]);
    expect(await rows(`select "column", rule, "values", sample->0 as sample from _millrace.changes order by "column", rule`)).toEqual([
      { column: "day", rule: "nulls", values: 1, sample: '{"from":"n/a","to":null}' },
      { column: "day", rule: "parse(%d/%m/%Y)", values: 2, sample: '{"from":"31/12/2025","to":"2025-12-31"}' },
      { column: "n", rule: "cast(INTEGER)", values: 1, sample: '{"from":"007","to":"7"}' },
      { column: "n", rule: "trim", values: 1, sample: '{"from":" 3","to":"3"}' },
      { column: "price", rule: "default", values: 1, sample: '{"from":null,"to":"0.00"}' },
      { column: "price", rule: "parse(money)", values: 1, sample: '{"from":"$1.50","to":"1.50"}' },
      { column: "state", rule: "map", values: 2, sample: '{"from":"Y","to":"yes"}' },
    ]);
  });

  it("shows no value of a column with personal data", async () => {
    await run({
      spec: { columns: { a: { map: { secret: "x" } } }, pii: { a: "drop" } },
      deliveries: [textFile("a.csv", "id,a\n1,secret\n")],
    });
    expect(JSON.stringify(await rows("select sample from _millrace.changes"))).not.toContain("secret");
  });

  it("refuses a default that its column cannot hold", async () => {
    const spec = { columns: { a: { type: "integer", default: "none" } } };
    await expect(run({ spec, deliveries: [textFile("a.csv", "a\n1\n")] })).rejects.toMatchObject({ code: "MR4621" });
  });
});

describe("a column under another name", () => {
  const first = "id,price,town\n1,10.5,Ely\n2,11.5,Bath\n3,12.5,York\n";
  const second = "id,unit cost,town\n1,10.5,Ely\n2,11.5,Bath\n3,12.5,York\n";
  it("is proposed by its values, and not renamed", async () => {
    await run({ deliveries: [textFile("1.csv", first)] });
    const { warnings } = await run({ deliveries: [textFile("2.csv", second)] });
    expect(warnings.join("\n")).toContain('columns: { price: { from: "unit cost" } }');
    expect(await rows("select price, unit_cost from raw.t where id = 1")).toEqual([{ price: null, unit_cost: "10.50" }]);
    expect(await rows(`select "column" from _millrace.changes where rule = 'renameProposed'`)).toEqual([{ column: "price" }]);
  });

  it.each(["replace", "append"] as const)("is taken over by from: (load: %s)", async (mode) => {
    await run({ spec: { load: mode }, deliveries: [textFile("1.csv", first)] });
    await run({
      spec: { load: mode, columns: { price: { from: "unit cost" } } },
      codeHash: "new",
      deliveries: [textFile("2.csv", second)],
    });
    expect(await rows("select price from raw.t order by all desc limit 1")).toEqual([{ price: "12.50" }]);
    expect(await schemaChanges()).toEqual([
      { column: "price", change: "renamed", detail: 'from "price" → "unit cost"', policy: "definition" },
    ]);
  });
});

describe("compatibility", () => {
  it.each([
    ["forward", "id,a\n1,1\n", "id,a\n2,2.5\n", "MR4620"],
    ["full", "id,a\n1,1\n", "id,a\n2,2.5\n", "MR4620"],
    ["none", "id,a\n1,1\n", "id,a\n2,2.5\n", null],
    ["full", "id,a\n1,1\n", "id,a,b\n2,2,new\n", null],
  ] as const)("%s: %j then %j", async (compatibility, first, second, code) => {
    const spec = { contract: { compatibility } };
    await run({ spec, deliveries: [textFile("1.csv", first)] });
    const again = run({ spec, deliveries: [textFile("2.csv", second)] });
    if (code === null) await again;
    else await expect(again).rejects.toMatchObject({ code });
  });

  it("refuses a definition that narrows a type", async () => {
    await run({ spec: {}, deliveries: [textFile("1.csv", "id,a\n1,1\n")] });
    const spec = { contract: { compatibility: "backward" as const }, columns: { a: { type: "integer" } } };
    await expect(run({ spec, codeHash: "new", deliveries: [textFile("2.csv", "id,a\n1,1\n")] })).rejects.toMatchObject({ code: "MR4620" });
  });
});

describe("nested values", () => {
  const order = {
    id: 1,
    customer: { name: "Ann", mail: "a@b" },
    items: [
      { sku: "a", n: 1 },
      { sku: "b", n: 2 },
    ],
    tags: ["x", "y"],
    extra: { z: [1] },
  };
  it("are structs and lists, of pages where their path is named", async () => {
    await run({
      spec: { nested: { customer: "struct", items: "struct", tags: "struct", extra: "struct" } },
      deliveries: [page("p", [order])],
    });
    expect(await rows("select customer.name as name, items[2].sku as sku, tags[1] as tag, extra.z[1] as z from raw.t")).toEqual([
      { name: "Ann", sku: "b", tag: "x", z: 1 },
    ]);
  });

  it("become JSON, nothing, or a list of structs for a table, by path", async () => {
    await run({
      spec: { nested: { customer: "json", items: "struct", "items.n": "drop", tags: "table", extra: "drop" } },
      deliveries: [page("p", [order, { id: 2, customer: null, items: null, tags: [], extra: null }])],
    });
    expect(await rows("select customer ->> 'mail' as mail, items[1] as item, tags from raw.t order by id")).toEqual([
      { mail: "a@b", item: { sku: "a" }, tags: [{ value: "x" }, { value: "y" }] },
      { mail: null, item: null, tags: [] },
    ]);
    expect(await rows("select column_name from (describe raw.t) where column_name = 'extra'")).toEqual([]);
    expect(await rows(`select "column", rule, "values" from _millrace.changes order by all`)).toEqual([
      { column: "extra", rule: "nested(drop)", values: 2 },
      { column: "items.n", rule: "nested(drop)", values: 2 },
      { column: "tags", rule: "nested(table)", values: 2 },
    ]);
  });

  it("of several shapes become a table without loss", async () => {
    await run({
      spec: { nested: { items: "table" } },
      deliveries: [
        page("p", [
          { id: 1, items: [1, "a", { b: 2 }] },
          { id: 2, items: { c: 3 } },
        ]),
      ],
    });
    expect(await rows("select id, list_transform(items, lambda x: x.value::varchar) as items from raw.t order by id")).toEqual([
      { id: 1, items: ["1", '"a"', '{"b":2}'] },
      { id: 2, items: ['{"c":3}'] },
    ]);
  });
});

describe("personal data", () => {
  const text = "id,mail,phone,name,town\n1,a@b.c,0301,Ann,Ely\n2,a@b.c,,Bob,Bath\n3,,0302,Cid,York\n";
  it("is hashed with a key, masked, redacted or dropped before it stands anywhere", async () => {
    const spec = { pii: { mail: "hash", phone: "mask", name: "redact", town: "drop" } } as const;
    await run({ spec, deliveries: [textFile("a.csv", text)] });
    const key = readFileSync(join(folder, "pii.key"), "utf8").trim();
    const hash = createHmac("sha256", key).update("a@b.c").digest("hex");
    expect(await rows("from raw.t order by id")).toEqual([
      { id: 1, mail: hash, phone: "0*****", name: "[redacted]" },
      { id: 2, mail: hash, phone: null, name: "[redacted]" },
      { id: 3, mail: null, phone: "0*****", name: "[redacted]" },
    ]);
    expect(await valueChanges()).toContainEqual({ column: "mail", rule: "pii(hash)", values: 2 });
    expect(JSON.stringify(await rows("from _millrace.changes"))).not.toMatch(/a@b|0301|Ann|Ely/);
  });

  it("is not looked for in vain: a slip in a name fails the load", async () => {
    await expect(run({ spec: { pii: { male: "hash" } }, deliveries: [textFile("a.csv", text)] })).rejects.toMatchObject({ code: "MR4628" });
  });
});

describe("a declared type that is none", () => {
  it.each([
    ["integre", 'columns: price: the type "integre" is not known', 'did you mean "integer" or "uinteger"?'],
    ["TIMESTMAP", 'columns: price: the type "TIMESTMAP" is not known', 'did you mean "timestamp" or "timestamptz"?'],
    ["decimla(10,2)", 'columns: price: the type "decimla(10,2)" is not known', 'did you mean "decimal"?'],
    ["colour", 'columns: price: the type "colour" is not known', expect.stringMatching(/^Types are text, /)],
    ["decimal(99,2)", expect.stringMatching(/is not known: .*38/), expect.stringContaining("decimal(18,2)")],
  ])("is named with the ones it may have meant: %s", async (type, message, hint) => {
    await expect(run({ deliveries: [textFile("1.csv", "price\n1\n")], spec: { columns: { price: { type } } } })).rejects.toMatchObject({
      code: "MR4014",
      message,
      hint,
    });
  });
});
