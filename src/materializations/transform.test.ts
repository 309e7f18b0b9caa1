// Assets made by TypeScript from others: streamed in and out, types kept, errors of the user's code at their place.
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compileChecks } from "../checks/compile.ts";
import { auditWith } from "../load/audit.ts";
import type { Row, TransformContext } from "../model/define.ts";
import type { CheckEntry } from "../model/definitions/check.ts";
import { openWarehouse, type Warehouse } from "../sql/warehouse.ts";
import type { BuildResult } from "../load/build-port.ts";
import { transformAsset, type TransformDefinition, type TransformRequest } from "./transform.ts";

const log = Object.assign((): void => undefined, { info: (): void => undefined, warn: (): void => undefined });

describe("a transform", () => {
  const folder = mkdtempSync(join(tmpdir(), "millrace-transforms-"));
  let warehouse: Warehouse;
  let runs = 0;
  beforeAll(async () => {
    warehouse = await openWarehouse({ path: join(folder, "w.duckdb") });
    await warehouse.session(async (session) => {
      await session.run(`create schema raw; create table raw.sales as
        select i as id, (i * 1.25)::decimal(9, 2) as price, '0' || i as zip, date '2026-01-01' + i::int as day,
          timestamp '2026-01-01 00:00:00.123456' + to_seconds(i) as at, 9007199254740993 + i as big, [i, i + 1] as list, null::double as gap
        from range(5000) r(i)`);
    });
  });
  afterAll(() => {
    warehouse.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const rows = (sql: string): Promise<unknown[]> => warehouse.session((session) => session.rows(sql));

  function build(
    transform: TransformDefinition["transform"],
    given: Partial<TransformRequest> & { readonly columns?: TransformDefinition["columns"]; readonly entries?: readonly CheckEntry[] } = {},
  ): Promise<BuildResult> {
    runs += 1;
    const asset = given.asset ?? `clean.made_${runs}`;
    const { checks } = compileChecks(given.entries ?? [], { asset, file: "pipelines/x.ts" });
    return transformAsset({
      warehouse,
      asset,
      needs: ["raw.sales"],
      file: "src/materializations/transform.test.ts",
      definition: () => Promise.resolve({ transform, ...(given.columns === undefined ? {} : { columns: given.columns }) }),
      token: { run: `r_${runs}`, node: asset, attempt: 1 },
      codeHash: "c",
      inputs: {},
      audit: auditWith(checks),
      checks,
      fullRefresh: false,
      signal: new AbortController().signal,
      log,
      tempDir: folder,
      ...given,
    });
  }
  const failure = (...given: Parameters<typeof build>): Promise<unknown> =>
    build(...given).then(
      () => undefined,
      (error: unknown) => error,
    );
  async function* each({ read }: TransformContext, change: (row: Row) => Row): AsyncGenerator<Row[]> {
    for await (const batch of read("raw.sales")) yield batch.map(change);
  }

  it("keeps values and types of the columns that it passes on", async () => {
    const asset = "clean.passed";
    const result = await build((context) => each(context, (row) => ({ ...row, score: (row["price"] as number) * 2 })), { asset });
    expect(result).toMatchObject({ rows: 5000, reused: false, quarantined: 0 });
    expect(
      await rows(
        `select count(*) as n from (select * exclude (list, score, gap) from ${asset} except select * exclude (list, gap) from raw.sales)`,
      ),
    ).toEqual([{ n: 0 }]);
    const types = await rows(
      `select column_name, data_type from duckdb_columns() where table_name like 'clean__passed%' and schema_name = '_millrace_data'`,
    );
    expect(Object.fromEntries(types.map((row) => Object.values(row as object) as [string, string]))).toEqual({
      id: "BIGINT",
      price: "DECIMAL(9,2)",
      zip: "VARCHAR",
      day: "DATE",
      at: "TIMESTAMP",
      big: "BIGINT",
      list: "BIGINT[]",
      gap: "DOUBLE",
      score: "DOUBLE",
    });
    expect(await rows(`select sum(score) as s from ${asset}`)).toEqual([{ s: ((4999 * 5000) / 2) * 2.5 }]);
  });

  it("reads in batches, so that memory does not grow with the rows", async () => {
    const sizes: number[] = [];
    await build(async function* ({ read }) {
      for await (const batch of read("raw.sales")) {
        sizes.push(batch.length);
        yield [{ n: batch.length }];
      }
    });
    expect(Math.max(...sizes)).toBeLessThanOrEqual(2048);
    expect(sizes.reduce((sum, size) => sum + size)).toBe(5000);
  });

  it("may stop reading early, and read two assets side by side", async () => {
    const asset = "clean.early";
    await build(
      async function* ({ read }) {
        for await (const left of read("raw.sales")) {
          for await (const right of read("raw.sales")) {
            yield [{ a: left[0]!["id"], b: right[1]!["id"] }];
            break;
          }
          break;
        }
      },
      { asset },
    );
    expect(await rows(`select * from ${asset}`)).toEqual([{ a: 0, b: 1 }]);
  });

  it("gives a column that was computed anew the type of its values", async () => {
    const asset = "clean.anew";
    await build(
      (context) => each(context, (row) => ({ price: (row["price"] as number) / 3, day: `day ${String(row["id"])}`, zip: row["id"] })),
      { asset },
    );
    expect(await rows(`select typeof(price) as p, typeof(day) as d, typeof(zip) as z from ${asset} limit 1`)).toEqual([
      { p: "DOUBLE", d: "VARCHAR", z: "BIGINT" },
    ]);
  });

  it("takes declared types, and refuses values that are none", async () => {
    const asset = "clean.declared";
    const columns = { zip: { type: "integer" }, note: { type: "text" } };
    await build((context) => each(context, ({ id, zip }) => ({ id, zip })), { asset, columns });
    expect(await rows(`select typeof(zip) as z, typeof(note) as n, max(zip) as m from ${asset} group by all`)).toEqual([
      { z: "INTEGER", n: "VARCHAR", m: 4999 },
    ]);
    const wrong = (context: TransformContext) => each(context, ({ id }) => ({ id, zip: "x" }));
    expect(await failure(wrong, { asset, fullRefresh: true, columns })).toMatchObject({
      code: "MR4602",
      message: expect.stringContaining('zip: 5000 values are no integer, such as "x"'),
    });
    expect(await failure(wrong, { asset, fullRefresh: true, columns: { note: { required: true } } })).toMatchObject({ code: "MR4602" });
    expect(await failure(wrong, { asset, fullRefresh: true, columns: { id: { type: "nonsense" } } })).toMatchObject({ code: "MR4602" });
    expect(await rows(`select count(*) as n from ${asset}`)).toEqual([{ n: 5000 }]);
  });

  it("keeps its columns when it yields no row", async () => {
    const asset = "clean.empty";
    await build(
      async function* () {
        yield [{ a: 1, b: "x" }];
      },
      { asset },
    );
    expect(await build(async function* () {}, { asset, codeHash: "d" })).toMatchObject({ rows: 0 });
    expect(await rows(`select column_name as c from (describe ${asset})`)).toEqual([{ c: "a" }, { c: "b" }]);
    expect(await build(async function* () {}, { asset: "clean.bare", columns: { a: { type: "date" } } })).toMatchObject({ rows: 0 });
    expect(await rows("select column_name as c, column_type as t from (describe clean.bare)")).toEqual([{ c: "a", t: "DATE" }]);
  });

  it("is checked and reused like any other asset", async () => {
    const asset = "clean.checked";
    const make = (context: TransformContext) => each(context, ({ id }) => ({ id }));
    const first = await build(make, { asset, entries: [{ range: { column: "id", max: 9 }, onFail: "quarantine" }] });
    expect(first).toMatchObject({ rows: 10, quarantined: 4990 });
    const again = await build(() => [[{ never: 1 }]], { asset });
    expect(again).toMatchObject({ reused: true, version: first.version });
    expect(await failure(make, { asset, codeHash: "d", entries: [{ rowCount: { max: 1 } }] })).toMatchObject({ code: "MR4501" });
    expect(await rows(`select count(*) as n from ${asset}`)).toEqual([{ n: 10 }]);
  });

  it("is told what it did wrong", async () => {
    expect(await failure(() => [{ a: 1 }] as never)).toMatchObject({ code: "MR4606", message: expect.stringContaining("an object") });
    expect(await failure(() => [[1]] as never)).toMatchObject({ code: "MR4606" });
    expect(await failure(() => [[{}]] as never)).toMatchObject({ code: "MR4606" });
    expect(
      await failure(async function* ({ read }) {
        yield* read("raw.salse");
      }),
    ).toMatchObject({ code: "MR4608", hint: 'did you mean "raw.sales"?' });
    const boo = await failure(async function* ({ read }) {
      for await (const batch of read("raw.sales"))
        yield batch.map(() => {
          throw new Error(`boo ${batch.length}`);
        });
    });
    expect(boo).toMatchObject({
      code: "MR4609",
      message: expect.stringContaining("boo 2048"),
      location: { file: "src/materializations/transform.test.ts" },
    });
    expect(readdirSync(folder).filter((name) => name.startsWith("millrace-transform-"))).toEqual([]);
  });

  it("stops when its attempt is aborted", async () => {
    const controller = new AbortController();
    const reason = new Error("cancelled");
    const error = await failure(
      async function* ({ read }) {
        for await (const batch of read("raw.sales")) {
          controller.abort(reason);
          yield [...batch];
        }
      },
      { signal: controller.signal },
    );
    expect(error).toBe(reason);
  });
});
