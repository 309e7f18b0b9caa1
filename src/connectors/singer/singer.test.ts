// Taps as sources: what arrives, in which types, and what is refused. The tap is a real program that talks over a real pipe.
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Delivery, Json } from "../../load/connector.ts";
import { request } from "../../load/deliveries.suite.ts";
import { load, startOfLoad } from "../../load/load.ts";
import type { LoadResult } from "../../load/request.ts";
import { openWarehouse, type Warehouse } from "../../sql/warehouse.ts";
import { singer } from "./index.ts";
import type { SingerOptions } from "./options.ts";
import { readContext, tap, type TapScript } from "./tap.suite.ts";

let folder: string;
let warehouse: Warehouse;
let logged: readonly string[] = [];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "millrace-singer-"));
  warehouse = await openWarehouse({ path: join(folder, "warehouse.duckdb") });
});
afterEach(() => {
  warehouse.close();
  rmSync(folder, { recursive: true });
});

type Spec = NonNullable<Parameters<typeof request>[1]["spec"]>;

async function run(
  script: TapScript & { readonly torn?: number },
  spec: Spec = {},
  options: Partial<SingerOptions> = {},
): Promise<LoadResult> {
  const start = await startOfLoad(warehouse, { ...request(folder, { deliveries: [], spec }), fullRefresh: false });
  return warehouse.session(async ({ connection }) => {
    const context = readContext(folder, connection, start.position);
    logged = context.logged;
    const deliveries: Delivery[] = [];
    for await (const delivery of singer.read!({ command: tap(folder, script), stream: "things", catalog: "none", ...options }, context))
      deliveries.push(delivery);
    return load(warehouse, request(folder, { deliveries, spec }));
  });
}

const rows = (sql: string): Promise<Record<string, unknown>[]> => warehouse.session((session) => session.rows(sql));
const schema = (properties: Record<string, unknown>, stream = "things"): unknown => ({
  type: "SCHEMA",
  stream,
  schema: { type: "object", properties },
  key_properties: ["id"],
});
const record = (values: unknown, more: object = {}): unknown => ({ type: "RECORD", stream: "things", record: values, ...more });
const state = (value: unknown): unknown => ({ type: "STATE", value });
const integer = { type: ["null", "integer"] };

describe("a tap", () => {
  it("gives rows with the types of its schema, every digit kept", async () => {
    const lines = [
      schema({
        id: integer,
        price: { type: ["null", "number"], multipleOf: 0.01 },
        weight: { type: "number" },
        wide: integer,
        paid_at: { type: ["null", "string"], format: "date-time" },
        day: { type: "string", format: "date" },
        at: { type: "string", format: "time" },
        ok: { type: "boolean" },
        tags: { type: "array", items: { type: "string" } },
        either: { anyOf: [{ type: "string", format: "date-time" }, { type: "null" }] },
        amount: { type: "string", format: "singer.decimal" },
        mixed: { type: ["integer", "string"] },
        nothing: {},
        words: { type: "string" },
      }),
      `{"type":"RECORD","stream":"things","record":{"id":1,"price":1234567890123456789012.10,"weight":0.1,"wide":123456789012345678901234567890,"paid_at":"2026-01-02T03:04:05.123456+02:00","day":"2026-01-02T00:00:00","at":"23:59:59.5","ok":true,"tags":["a",12345678901234567890],"either":"2026-01-02 03:04:05","amount":"12345678901234567890.123456789","mixed":7,"nothing":1.5,"words":"a\\nb"}}`,
      record({ id: 2, paid_at: "2026-01-02T03:04:05", day: "2026-02-28", mixed: "x", extra: { a: 1 } }),
    ];
    expect((await run({ lines })).rows).toMatchObject({ read: 2, loaded: 2 });
    const types = await rows("select column_name as n, column_type as t from (describe raw.t)");
    expect(Object.fromEntries(types.map(({ n, t }) => [n, t]))).toEqual({
      id: "BIGINT",
      price: "DECIMAL(38,2)",
      weight: "DOUBLE",
      wide: "HUGEINT",
      paid_at: "TIMESTAMP WITH TIME ZONE",
      day: "DATE",
      at: "TIME",
      ok: "BOOLEAN",
      tags: "JSON",
      either: "TIMESTAMP WITH TIME ZONE",
      amount: "DECIMAL(38,9)",
      mixed: "VARCHAR",
      nothing: "DOUBLE",
      words: "VARCHAR",
      extra: "JSON",
    });
    const [first, second] = await rows("select columns(*)::varchar from raw.t order by id");
    expect(first).toMatchObject({
      price: "1234567890123456789012.10",
      wide: "123456789012345678901234567890",
      paid_at: "2026-01-02 01:04:05.123456+00",
      day: "2026-01-02",
      at: "23:59:59.5",
      tags: '["a",12345678901234567890]',
      either: "2026-01-02 03:04:05+00",
      amount: "12345678901234567890.123456789",
      mixed: "7",
      nothing: "1.5",
      words: "a\nb",
      extra: null,
    });
    expect(second).toMatchObject({ paid_at: "2026-01-02 03:04:05+00", day: "2026-02-28", mixed: "x", price: null, extra: '{"a":1}' });
  });

  it("keeps the text of a column whose values do not fit its schema", async () => {
    const lines = [
      schema({ id: integer, day: { type: "string", format: "date" }, n: integer, p: { type: "number", multipleOf: 0.1 } }),
      record({ id: 1, day: "2026-02-30", n: 3.7, p: 1.25 }),
      record({ id: 2, day: "2026-02-28", n: 4, p: 0.5 }),
    ];
    await run({ lines });
    expect(await rows("select day, n, p::varchar as p from raw.t order by id")).toEqual([
      { day: "2026-02-30", n: "3.7", p: "1.25" },
      { day: "2026-02-28", n: "4", p: "0.50" },
    ]);
  });

  it("takes integers that are written as 3.0 and 1e3", async () => {
    await run({
      lines: [
        schema({ id: integer }),
        '{"type":"RECORD","stream":"things","record":{"id":3.0}}',
        '{"type":"RECORD","stream":"things","record":{"id":1e3}}',
      ],
    });
    expect(await rows("select id, typeof(id) as t from raw.t order by id")).toEqual([
      { id: 3, t: "BIGINT" },
      { id: 1000, t: "BIGINT" },
    ]);
  });

  it("gives its state with the rows, and gets it back the next time", async () => {
    const spec = { load: "merge", primaryKey: "id" } as const;
    await run(
      { lines: [schema({ id: integer }), record({ id: 1 }), state({ at: 1 }), record({ id: 2 }), state({ at: 2 }), record({ id: 3 })] },
      spec,
    );
    expect(await positionNow()).toEqual({ state: { at: 2 } });
    await run({ lines: [schema({ id: integer }), record({ id: 4 }), state({ at: 4 })] }, spec);
    expect(await positionNow()).toEqual({ state: { at: 4 } });
    expect(await rows("select count(*) as n from raw.t")).toEqual([{ n: 4 }]);
  });

  it("is started with its config, the state and a catalog in which one stream is selected", async () => {
    const catalog = {
      streams: [
        { stream: "things", tap_stream_id: "db-things", schema: {}, metadata: [{ breadcrumb: [], metadata: { "row-count": 5 } }] },
        { stream: "others", tap_stream_id: "others", schema: {} },
      ],
    };
    await run(
      { lines: ["$arguments"], catalog },
      {},
      { catalog: "discover", config: { site: "x" }, metadata: { "replication-method": "FULL_TABLE" } },
    );
    const [row] = await rows("select config->>'site' as site, catalog from raw.t");
    expect(row!["site"]).toBe("x");
    expect(typeof row!["catalog"] === "string" ? JSON.parse(row!["catalog"]) : row!["catalog"]).toEqual({
      streams: [
        {
          stream: "things",
          tap_stream_id: "db-things",
          schema: { selected: true },
          selected: true,
          replication_method: "FULL_TABLE",
          metadata: [{ breadcrumb: [], metadata: { "row-count": 5, selected: true, "replication-method": "FULL_TABLE" } }],
        },
      ],
    });
    expect(readdirSync(join(folder, "temp", "singer"))).toEqual([]); // nothing with a secret stays
  });

  it("loses no row at the edges of pipes, messages and batches, however large they are", async () => {
    const big = "ü".repeat(3_000_000);
    const lines = [
      schema({ id: integer, text: { type: "string" } }),
      ...Array.from({ length: 5_000 }, (_, id) => record({ id, text: id === 77 ? big : `é${id}` })),
    ];
    const result = await run({ lines, pieces: [1, 7, 65_535, 65_536, 65_537, 3, 999_983] });
    expect(result.rows.loaded).toBe(5_000);
    expect(await rows("select count(distinct id) as n, sum(id) as s, max(length(text)) as l from raw.t")).toEqual([
      { n: 5_000, s: 12_497_500, l: 3_000_000 },
    ]);
  });

  it("takes back what ACTIVATE_VERSION takes back, and no other record", async () => {
    const lines = [
      schema({ id: integer }),
      record({ id: 1 }, { version: 1 }),
      record({ id: 2 }, { version: 2 }),
      record({ id: 3 }),
      { type: "ACTIVATE_VERSION", stream: "things", version: 2 },
      record({ id: 4 }, { version: 2 }),
    ];
    await run({ lines });
    expect(await rows("select id from raw.t order by id")).toEqual([{ id: 2 }, { id: 3 }, { id: 4 }]);
    expect(await positionNow()).toEqual({ version: 2 });
  });

  it("leaves an empty table with the columns of the schema when there is no record", async () => {
    const result = await run({ lines: [schema({ id: integer, day: { type: "string", format: "date" } }), state({ at: 0 })] });
    expect(result.rows.loaded).toBe(0);
    expect(await rows("select column_name as n from (describe raw.t)")).toEqual([{ n: "id" }, { n: "day" }]);
  });

  it("tells its streams as what could be loaded", async () => {
    const catalog = {
      streams: [
        {
          stream: "orders",
          tap_stream_id: "orders",
          key_properties: ["id"],
          replication_key: "at",
          schema: { properties: { id: { type: "integer" }, at: { type: "string", format: "date-time" } } },
        },
      ],
    };
    await warehouse.session(async ({ connection }) => {
      const context = readContext(folder, connection);
      const command = tap(folder, { lines: [], catalog });
      expect(await singer.discover!({ command }, context)).toEqual([
        {
          name: "orders",
          options: { command, stream: "orders" },
          columns: [
            { name: "id", type: "BIGINT" },
            { name: "at", type: "TIMESTAMPTZ" },
          ],
          primaryKey: ["id"],
          cursor: "at",
        },
      ]);
      expect(await singer.test!({ command }, context)).toBe("1 stream: orders");
    });
  });
});

describe("nothing is loaded and the state stays", () => {
  const good = [schema({ id: integer }), record({ id: 1 }), state({ at: 1 })];
  const spec = { load: "append" } as const;
  const cases: readonly (readonly [string, TapScript & { readonly torn?: number }, Partial<SingerOptions>, string, RegExp])[] = [
    [
      "a tap that ends with 1 after some records",
      { lines: [...good, record({ id: 2 })], exitCode: 1, log: "boom" },
      {},
      "MR4702",
      /exit code 1: boom/,
    ],
    ["a tap that is killed", { lines: [...good, record({ id: 2 })], killedAfter: 140 }, {}, "MR4702", /SIGKILL/],
    ["half a line at the end, with exit code 0", { lines: [...good, record({ id: 2 })], torn: 5 }, {}, "MR4703", /is no JSON/],
    ["words on stdout", { lines: [...good, "INFO starting"] }, {}, "MR4703", /INFO starting/],
    [
      "torn JSON on stdout, even when words are allowed",
      { lines: [...good, '{"type":"RECORD"'] },
      { otherOutput: "log" },
      "MR4703",
      /is no JSON/,
    ],
    ["a record that is none", { lines: [...good, '{"type":"RECORD","stream":"things","record":[1]}'] }, {}, "MR4703", /has no record/],
    ["a message without a type", { lines: [...good, "{}"] }, {}, "MR4703", /has no type/],
    ["files in place of records", { lines: [...good, { type: "BATCH", stream: "things", manifest: [] }] }, {}, "MR4705", /BATCH/],
    ["a program that is not there", { lines: [] }, { command: ["no-such-tap-anywhere"] }, "MR4701", /no-such-tap/],
    ["a stream that is not there", { lines: [schema({}, "others")] }, {}, "MR4704", /"things"; the tap has others/],
    ["no stream", { lines: [] }, { stream: undefined }, "MR4710", /`stream` is missing/],
  ];
  it.each(cases)("after %s", async (_what, script, options, code, message) => {
    await run({ lines: [schema({ id: integer }), record({ id: 0 }), state({ at: 0 })] }, spec);
    await expect(run(script, spec, options)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    expect(await rows("select id from raw.t")).toEqual([{ id: 0 }]);
    expect(await positionNow()).toEqual({ state: { at: 0 } });
  });

  it("when a table that is loaded in steps was sent anew as another version", async () => {
    const version = (n: number): unknown => ({ type: "ACTIVATE_VERSION", stream: "things", version: n });
    await run({ lines: [schema({ id: integer }), record({ id: 0 }, { version: 7 }), version(7)] }, spec);
    await run({ lines: [schema({ id: integer }), record({ id: 1 }, { version: 7 }), version(7)] }, spec);
    await expect(run({ lines: [schema({ id: integer }), record({ id: 2 }, { version: 8 }), version(8)] }, spec)).rejects.toMatchObject({
      code: "MR4706",
    });
    expect(await rows("select id from raw.t order by id")).toEqual([{ id: 0 }, { id: 1 }]);
  });

  it("when the tap falls silent", async () => {
    await expect(run({ lines: good, hangs: true }, spec, { silence: "500ms" })).rejects.toMatchObject({
      code: "MR4702",
      message: expect.stringContaining("said nothing"),
    });
  });
});

it("shows no secret of the config in logs and errors", async () => {
  const config = { api_key: "s3cr3t-of-the-tap", nested: { password: "another-secret" } };
  const script = { lines: ["key s3cr3t-of-the-tap"], log: "INFO login with s3cr3t-of-the-tap and another-secret", exitCode: 2 };
  const thrown = await run(script, {}, { config, otherOutput: "log" }).catch((error: unknown) => error as Error);
  expect(String(thrown) + logged.join("\n")).not.toMatch(/s3cr3t|another-secret/);
  expect(String(thrown)).toContain("login with *** and ***");
});

async function positionNow(): Promise<Json> {
  const [row] = await rows("select position from _millrace.cursors where asset = 'raw.t'");
  return row === undefined || row["position"] === null ? null : (JSON.parse(row["position"] as string) as Json);
}
