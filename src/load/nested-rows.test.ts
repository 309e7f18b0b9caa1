// Rows of pages with objects and lists: what DuckDB holds is what was given, and a table does not turn around with what a later load brings.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { outputFor } from "../formats/write/output.ts";
import { writeRows } from "../formats/write/rows.ts";
import { sourceSpec } from "../model/definitions/source.ts";
import { openWarehouse, type Warehouse } from "../sql/warehouse.ts";
import type { Row } from "./connector.ts";
import { page, request, type Overrides } from "./deliveries.suite.ts";
import { load } from "./load.ts";
import { nestedTypes } from "./nested-type.ts";
import { rebuild } from "./raw/rebuild.ts";
import type { LoadResult } from "./request.ts";
import { RowsFile } from "./rows-file.ts";

let folder: string;
let warehouse: Warehouse;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "millrace-nested-"));
  warehouse = await openWarehouse({ path: join(folder, "warehouse.duckdb") });
});
afterEach(() => {
  warehouse.close();
  rmSync(folder, { recursive: true });
});

const rows = <R>(sql: string): Promise<R[]> => warehouse.session((session) => session.rows<R>(sql));
const append = (given: readonly Row[], spec: NonNullable<Overrides["spec"]> = {}, rest: Partial<Overrides> = {}): Promise<LoadResult> =>
  load(warehouse, request(folder, { deliveries: [page("p", given)], spec: { load: "append", ...spec }, ...rest }));
const typeOf = async (column: string): Promise<string> =>
  (await rows<{ type: string }>(`select column_type as type from (describe raw.t) where column_name = '${column}'`))[0]!.type;

let files = 0;
/** Type, and values as JSON, of the column `v`. */
async function held(values: readonly unknown[]): Promise<{ readonly type: string; readonly json: readonly (string | null)[] }> {
  const file = new RowsFile(join(folder, `f${++files}.ndjson`));
  for (const v of values) file.add({ v });
  file.finish();
  try {
    const types = nestedTypes({ spec: sourceSpec.parse({ from: {} }), committed: null, readings: new Map() });
    return await warehouse.session(async (session) => {
      const [column] = await file.load(session, `temp.main.t${files}`, types);
      const found = await session.rows<{ json: string | null }>(
        `select to_json(v)::varchar as json from temp.main.t${files} order by rowid`,
      );
      return { type: column!.type, json: found.map(({ json }) => json) };
    });
  } finally {
    file.remove();
  }
}

/** Without fields that are null; a struct cannot tell them from missing ones. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== "object" || value === null) return value === 0 ? 0 : value;
  const entries = Object.entries(value).flatMap(([key, entry]) => (entry === null ? [] : [[key, withoutNulls(entry)] as const]));
  return Object.fromEntries(entries);
}

describe("objects and lists of a page", () => {
  it.each<[string, readonly unknown[], string]>([
    [
      "objects",
      [
        { a: 1, b: "x" },
        { b: "y", c: true },
      ],
      'STRUCT("a" BIGINT, "b" VARCHAR, "c" BOOLEAN)',
    ],
    ["one object alone", [{ a: 1 }], 'STRUCT("a" BIGINT)'],
    ["lists with nulls", [[1, null], [], null], "BIGINT[]"],
    ["objects in lists", [[{ a: [1.5] }, null], [{ a: [2] }]], 'STRUCT("a" DOUBLE[])[]'],
    ["integers beyond 64 bits", [[2n ** 64n], [1, 2n ** 60n]], "HUGEINT[]"],
    ["an integer beyond all types", [{ a: 10n ** 50n, b: 1 }], 'STRUCT("a" JSON, "b" BIGINT)'],
    ["large integers beside fractions", [{ a: 2n ** 60n, b: 1 }, { a: 0.5 }], 'STRUCT("a" JSON, "b" BIGINT)'],
    ["scalars of several kinds", [{ a: 1, b: 1 }, { a: "1" }], 'STRUCT("a" JSON, "b" BIGINT)'],
    ["a list of several kinds", [[1, "1"]], "JSON"],
    ["an object beside a list", [{ a: 1 }, [1]], "JSON"],
    ["an object beside a scalar", [{ a: 1 }, 1], "JSON"],
    ["empty objects", [{}, {}], "JSON"],
    ["empty lists", [[], []], "JSON"],
    ["a field that is always null", [{ a: null, b: 1 }], 'STRUCT("b" BIGINT)'],
    ["keys that SQL takes for one", [{ x: { a: 1, A: 2 }, b: 1 }], 'STRUCT("x" JSON, "b" BIGINT)'],
    ["an empty key", [{ "": 1 }], "JSON"],
    ["a key with quotes", [{ 'a "b", c': 1 }], 'STRUCT("a ""b"", c" BIGINT)'],
    ["bytes and dates", [{ a: new Uint8Array([1, 2]), b: new Date(0) }], 'STRUCT("a" VARCHAR, "b" VARCHAR)'],
    [
      "no number",
      [
        { a: Number.NaN, b: 1 },
        { a: 1.5, b: 2 },
      ],
      'STRUCT("a" JSON, "b" BIGINT)',
    ],
    ["keys that differ from row to row", Array.from({ length: 9 }, (_, index) => ({ [`k${index}`]: 1 })), "JSON"],
    ["too many keys", [Object.fromEntries(Array.from({ length: 65 }, (_, index) => [`k${index}`, 1]))], "JSON"],
    ["more keys than are told apart", [Object.fromEntries(Array.from({ length: 400 }, (_, index) => [`k${index}`, 1]))], "JSON"],
  ])("%s", async (_, values, type) => {
    const found = await held(values);
    expect(found.type).toBe(type);
    expect(found.json.map((json) => withoutNulls(JSON.parse(json ?? "null")))).toEqual(
      values.map((value) =>
        withoutNulls(
          JSON.parse(
            JSON.stringify(value, (_key, inner: unknown) =>
              typeof inner === "bigint"
                ? Number(inner)
                : Number.isNaN(inner)
                  ? "NaN"
                  : inner instanceof Uint8Array
                    ? Buffer.from(inner).toString("base64")
                    : inner,
            ),
          ),
        ),
      ),
    );
  });

  it("keep every digit", async () => {
    const { json } = await held([{ a: 2n ** 53n + 1n, b: 2n ** 63n, c: 10n ** 50n + 1n, d: 0.1 }]);
    expect(json).toEqual([
      '{"a":9007199254740993,"b":9223372036854775808,"c":100000000000000000000000000000000000000000000000001,"d":0.1}',
    ]);
  });

  it("replace half characters in values and keys", async () => {
    const half = "a\uD83D";
    expect((await held([{ k: half }])).json).toEqual(['{"k":"a\uFFFD"}']);
    expect(await held([{ [half]: 1 }])).toEqual({ type: "JSON", json: ['{"a\uFFFD":1}'] });
    expect((await held([{ k: "\\ud83d 😀" }])).json.map((json) => JSON.parse(json!))).toEqual([{ k: "\\ud83d 😀" }]);
  });

  it("are JSON from a depth on", async () => {
    let deep: unknown = 1;
    for (let level = 0; level < 30; level++) deep = { a: deep };
    const { type, json } = await held([deep]);
    expect(type.match(/STRUCT/g)).toHaveLength(12);
    expect(type).toContain("JSON");
    expect(JSON.parse(json[0]!)).toEqual(deep);
  });

  it("are what was given, whatever it was", async () => {
    const leaf = fc.oneof(
      fc.constant(null),
      fc.boolean(),
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.string({ maxLength: 4 }),
      fc.maxSafeInteger(),
    );
    const tree = fc.letrec((tie) => ({
      any: fc.oneof(leaf, tie("object"), tie("list")),
      object: fc.dictionary(fc.constantFrom("a", "b", "c", "A", "d e", '"', "é"), tie("any"), { maxKeys: 4 }),
      list: fc.array(tie("any"), { maxLength: 4 }),
    }));
    const alike = fc
      .tuple(
        leaf.filter((value) => value !== null).map((value) => typeof value),
        fc.integer({ min: 1, max: 5 }),
      )
      .chain(([kind, count]) =>
        fc.array(
          fc.record(
            {
              id: fc.integer(),
              n: leaf.map((value) => (typeof value === kind ? value : null)),
              items: fc.array(fc.option(fc.record({ x: fc.double({ noNaN: true, noDefaultInfinity: true }), y: fc.option(fc.string()) }))),
            },
            { requiredKeys: [] },
          ),
          { minLength: count, maxLength: 6 },
        ),
      );
    let structs = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          alike,
          fc.array(fc.oneof(tree.object, tree.list), { minLength: 1, maxLength: 5 }),
          fc.array(fc.jsonValue(), { minLength: 1, maxLength: 4 }),
        ),
        async (given) => {
          const { type, json } = await held(given.map((value) => (typeof value === "object" ? value : [value])));
          const expected = given.map(
            (value) =>
              JSON.parse(
                JSON.stringify(typeof value === "object" ? value : [value]).replaceAll(/\\u[dD][89a-fA-F]../g, "\\ufffd"),
              ) as unknown,
          );
          if (type !== "JSON") structs++;
          const got = json.map((text) => JSON.parse(text ?? "null") as unknown);
          if (type === "JSON") expect(got).toEqual(expected);
          else expect(got.map(withoutNulls)).toEqual(expected.map(withoutNulls));
        },
      ),
      { numRuns: 300, seed: 5 },
    );
    expect(structs).toBeGreaterThan(100);
  });
});

describe("a later load", () => {
  it("adds fields, leaves some out, and has few values, without turning the column around", async () => {
    await append([{ v: { a: 1.5, tags: ["x"], inner: { p: "q" } } }]);
    await append([{ v: { b: true, a: 2 } }, { v: null }]);
    await append([{ v: { tags: [], inner: {} } }]);
    await append([{ v: {} }, { v: { a: null } }]);
    expect(await typeOf("v")).toBe('STRUCT(a DOUBLE, tags VARCHAR[], "inner" STRUCT(p VARCHAR), b BOOLEAN)');
    const all = await rows<{ json: string | null }>("select to_json(v)::varchar as json from raw.t");
    expect(all.map(({ json }) => withoutNulls(JSON.parse(json ?? "null")))).toEqual([
      { a: 1.5, tags: ["x"], inner: { p: "q" } },
      { a: 2, b: true },
      null,
      { tags: [], inner: {} },
      {},
      {},
    ]);
    expect(await rows("select rule, detail from _millrace.changes where rule like 'typeChange%'").catch(() => [])).toHaveLength(1);
  });

  it("that changes the type of a field makes the column JSON, with every value as it was", async () => {
    await append([{ v: { a: "12", b: 1 } }]);
    await append([{ v: { a: 12, b: 2 } }]);
    await append([{ v: { a: 13, b: 3 } }]);
    expect(await typeOf("v")).toBe("JSON");
    expect(await rows("select v::varchar as v from raw.t")).toEqual([
      { v: '{"a":"12","b":1}' },
      { v: '{"a":12,"b":2}' },
      { v: '{"a":13,"b":3}' },
    ]);
  });

  it("leaves a column alone that is JSON", async () => {
    await append([{ v: { a: 1 } }, { v: [1] }]);
    await append([{ v: { a: 1, b: null } }]);
    expect(await typeOf("v")).toBe("JSON");
    expect(await rows("select v::varchar as v from raw.t")).toEqual([{ v: '{"a":1}' }, { v: "[1]" }, { v: '{"a":1,"b":null}' }]);
  });

  it("by replace leaves it alone too", async () => {
    const replace = (given: readonly Row[]): Promise<LoadResult> => load(warehouse, request(folder, { deliveries: [page("p", given)] }));
    await replace([{ v: { a: 1 } }, { v: "x" }]);
    await replace([{ v: { a: 1, b: null } }]);
    expect([await typeOf("v"), await rows("select v::varchar as v from raw.t")]).toEqual(["JSON", [{ v: '{"a":1,"b":null}' }]]);
  });

  it("that fails on a change of type says so", async () => {
    await append([{ v: { a: 1 } }]);
    await expect(append([{ v: { a: 1, b: 2 } }], { contract: { typeChange: "fail" } as never })).rejects.toMatchObject({ code: "MR4004" });
    await append([{ v: { a: 2 } }], { contract: { typeChange: "fail" } as never });
  });
});

describe("a choice", () => {
  const given = [{ id: 1, v: { a: { x: 1, y: null }, b: [{ p: 1 }] } }];
  it("of json keeps the text", async () => {
    await append(given, { nested: { v: "json" } });
    expect([await typeOf("v"), await rows("select v::varchar as v from raw.t")]).toEqual([
      "JSON",
      [{ v: '{"a":{"x":1,"y":null},"b":[{"p":1}]}' }],
    ]);
  });
  it("of json below keeps the text there", async () => {
    await append(given, { nested: { "v.a": "json" } });
    expect(await typeOf("v")).toBe("STRUCT(a JSON, b STRUCT(p BIGINT)[])");
    expect(await rows("select v.a::varchar as a from raw.t")).toEqual([{ a: '{"x":1,"y":null}' }]);
  });
  it("of drop and table works on structs", async () => {
    await append(given, { nested: { "v.a": "drop", "v.b": "struct" } });
    expect(await typeOf("v")).toBe("STRUCT(b STRUCT(p BIGINT)[])");
  });
  it("of struct makes one of a map, too", async () => {
    await append(
      Array.from({ length: 9 }, (_, index) => ({ v: { [`k${index}`]: 1 } })),
      { nested: { v: "struct" } },
    );
    expect(await typeOf("v")).toMatch(/^STRUCT\(k0 BIGINT, .*k8 BIGINT\)$/);
  });
  it("of a declared type, or of hiding, takes what is received", async () => {
    await append([{ a: { x: 1 }, b: { x: 1 }, c: [1, 2] }], {
      columns: { a: { type: "varchar" }, b: { type: "json" }, c: { type: "integer[]" } },
    });
    expect(await rows("select a, b::varchar as b, c::varchar as c from raw.t")).toEqual([{ a: '{"x":1}', b: '{"x":1}', c: "[1, 2]" }]);
  });
});

describe("merge, snapshot, replay and export", () => {
  it("CSV has structs and lists as JSON", async () => {
    await append([
      { id: 1, tags: ["a", "b, c"], v: { a: 'd "e"', b: 1.5 } },
      { id: 2, tags: [] },
    ]);
    const path = join(folder, "t.csv");
    const output = outputFor({ path, format: "csv", given: {} });
    await warehouse.session((session) => writeRows(session.connection, "select * from raw.t", path, output));
    const quoted = '1,"[""a"",""b, c""]","{""a"":""d \\""e\\"""",""b"":1.5}"';
    expect(readFileSync(path, "utf8")).toBe(`id,tags,v\n${quoted}\n2,[],\n`);
  });

  it("merge replaces and compares structs", async () => {
    const spec = { load: "merge", primaryKey: "id" } as const;
    await append(
      [
        { id: 1, v: { a: 1 } },
        { id: 2, v: { a: 2 } },
      ],
      spec,
    );
    await append([{ id: 2, v: { a: 3, b: ["x"] } }], spec);
    expect(await rows("select id, to_json(v)::varchar as v from raw.t order by id")).toEqual([
      { id: 1, v: '{"a":1,"b":null}' },
      { id: 2, v: '{"a":3,"b":["x"]}' },
    ]);
  });

  it("a snapshot has one version of what did not change", async () => {
    const spec = { load: "snapshot", primaryKey: "id" } as const;
    await append(
      [
        { id: 1, v: { a: 1, t: ["x"] } },
        { id: 2, v: { a: 2 } },
      ],
      spec,
    );
    await append(
      [
        { id: 1, v: { t: ["x"], a: 1 } },
        { id: 2, v: { a: 3 } },
      ],
      spec,
    );
    expect(await rows("select id, count(*)::integer as n from raw.t group by id order by id")).toEqual([
      { id: 1, n: 1 },
      { id: 2, n: 2 },
    ]);
  });

  it("a replay gives the same types and rows, also of what later loads brought", async () => {
    const root = join(folder, "raw");
    for (const v of [{ a: 1 }, { a: 2, price: 1.5 }, { a: 3, price: 2 }, { tags: [], a: 4 }, { tags: ["x"], price: 3 }, { q: { r: 1 } }])
      await append([{ v }], {}, { raw: { root } });
    const before = [await typeOf("v"), await rows("select to_json(v)::varchar as v from raw.t")];
    const { asset, codeHash, audit, repair, tempDir, spec } = request(folder, { deliveries: [], spec: { load: "append" } });
    const file = (): never => {
      throw new Error("there are no files");
    };
    await rebuild(warehouse, {
      asset,
      codeHash,
      audit,
      repair,
      tempDir,
      spec,
      token: { run: "again", node: asset, attempt: 1 },
      root,
      file,
    });
    expect([await typeOf("v"), await rows("select to_json(v)::varchar as v from raw.t")]).toEqual(before);
  });
});
