// Writers: write, read back by our readers and by libraries of others, same values; folders whole or not at all; limits refused.
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { read as readBook, utils } from "@e965/xlsx";
import { createFileDecoder } from "avsc";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { formats } from "../index.ts";
import { openReading, type ReadingBench } from "../tabular/reading.suite.ts";
import { outputFor, type OutputRequest, type WritableFormat } from "./output.ts";
import { replaceFolder, writePartitions } from "./partitions.ts";
import { writeRows } from "./rows.ts";

let bench: ReadingBench;
beforeAll(async () => {
  bench = await openReading();
});
afterAll(() => bench.close());

const ENDINGS: Readonly<Record<WritableFormat, string>> = {
  csv: "csv",
  json: "json",
  ndjson: "ndjson",
  parquet: "parquet",
  excel: "xlsx",
  avro: "avro",
};
const outputOf = (format: WritableFormat, more: Partial<OutputRequest> = {}) =>
  outputFor({ path: `out.${ENDINGS[format]}`, format, given: {}, ...more });

async function roundTrip(query: string, format: WritableFormat, more: Partial<OutputRequest> = {}) {
  const path = join(bench.folder, `trip.${ENDINGS[format]}`);
  const written = await writeRows(bench.connection, query, path, outputOf(format, more));
  const back = await bench.read(`back.${ENDINGS[format]}`, readFileSync(path), {}, { as: formats[format] });
  return { written, path, ...back };
}

const EVERY_TYPE = `select i as id, 9007199254740993 + i as big, (i * 1.25)::decimal(10, 2) as price, i / 7 as ratio, i % 2 = 0 as ok,
  date '2024-01-01' + i::int as day, timestamp '2024-01-01 01:02:03.004' + to_seconds(i) as at, time '01:02:03' as clock,
  'x=<&"' || i || chr(1) || '_x0041_' || chr(10) || 'é😀' as "a text", case when i > 0 then '=1+1' end as formula from range(50) r(i)`;

describe("what is written is read back the same", () => {
  it.each(["parquet", "avro", "excel"] as const)("as %s", async (format) => {
    const { written, staged, rows } = await roundTrip(EVERY_TYPE, format);
    const expected = (await bench.connection.runAndReadAll(`select columns(*)::varchar from (${EVERY_TYPE})`)).getRows();
    expect([written, staged.rows]).toEqual([50, 50]);
    expect(rows).toEqual(expected);
  });

  it("as Avro with nested values, bytes, exact decimals and moments, types included", async () => {
    const query = `select [i, null] as l, [['\\xAA'::blob], []] as bb, {'a': i, 'b c': ['q']} as s, map {'k': i} as m, {'x': '\\x00\\xFF'::blob} as sb, map {'z': 'ab'::blob} as mb,
      '\\xAA\\x00'::blob as b, uuid '00000000-0000-0000-0000-000000000001' as u, (i * 0.001)::decimal(38, 10) as d, timestamptz '2024-01-01 00:00:00.000001+02' as tz,
      timestamp_ns '2024-01-01 00:00:00.123456789' as ns, 0.1::float as f, 'nan'::double as n, -1::tinyint as t, null::integer as nothing from range(3) r(i)`;
    const { rows, columns } = await roundTrip(query, "avro");
    const expected = (await bench.connection.runAndReadAll(`select columns(*)::varchar from (${query})`)).getRows();
    expect(rows).toEqual(expected);
    expect(columns).toContain("d DECIMAL(38,10)");
    expect(columns).toContain("sb STRUCT(x BLOB)");
    expect(columns).toContain("tz TIMESTAMP WITH TIME ZONE");
  });

  it.each(["csv", "json", "ndjson", "parquet", "avro", "excel"] as const)("any text and number, as %s", async (format) => {
    const text = fc.string({ maxLength: 12, unit: "grapheme" }).map((each) => `t${each.replaceAll(/[\p{C}\u2028\u2029]/gu, "")}`);
    const record = fc.record({ k: fc.integer(), t: text, d: fc.double({ noNaN: true, noDefaultInfinity: true, min: 1e-3, max: 1e12 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(record, { minLength: 2, maxLength: 10 }), async (records) => {
        const values = records.map(({ k, t, d }) => `(${k}, '${t.replaceAll("'", "''")}', '${d}'::double)`).join(", ");
        const { rows } = await roundTrip(`select * from (values ${values}) v(k, t, d)`, format);
        expect(rows.map(([k, t, d]) => [Number(k), t, Number(d)])).toEqual(records.map(({ k, t, d }) => [k, t, d]));
      }),
      { numRuns: 15, seed: 11 },
    );
  });
});

describe("other programs read what is written", () => {
  it("a workbook: types, dates, sheet, header", async () => {
    const { path } = await roundTrip(EVERY_TYPE, "excel", { given: { sheet: "Sales & more" } });
    const book = readBook(readFileSync(path), { cellDates: true, UTC: true });
    expect(book.SheetNames).toEqual(["Sales & more"]);
    const [first, second] = utils.sheet_to_json<Record<string, unknown>>(book.Sheets["Sales & more"]!, { UTC: true });
    expect(first).toMatchObject({ id: 0, big: "9007199254740993", price: 0, ok: true });
    expect(second?.["day"]).toEqual(new Date("2024-01-02T00:00:00.000Z"));
    expect(Math.abs(Number(second?.["at"]) - Date.UTC(2024, 0, 1, 1, 2, 4, 4))).toBeLessThanOrEqual(1);
    expect(second?.["formula"]).toBe("=1+1");
  });

  it.each(["none", "gzip"] as const)("Avro packed by %s", async (compression) => {
    const { path } = await roundTrip("select i as id, 'x' || i as name, [i] as l from range(3) r(i)", "avro", { compression });
    const found: unknown[] = [];
    await new Promise((resolve, reject) => {
      createFileDecoder(path)
        .on("data", (value) => found.push(JSON.parse(JSON.stringify(value))))
        .on("end", resolve)
        .on("error", reject);
    });
    expect(found).toEqual([0, 1, 2].map((id) => ({ id, name: `x${id}`, l: [id] })));
  });

  it("Avro packed by snappy, read by ours", async () => {
    expect((await roundTrip("select i from range(1000) r(i)", "avro", { compression: "snappy" })).staged.rows).toBe(1000);
  });
});

describe("a workbook refuses", () => {
  it.each([
    ["more rows than a sheet has", "select i from range(1048576) r(i)"],
    ["a text longer than a cell", "select repeat('x', 32768) as t"],
    ["more columns than a sheet has", `select ${Array.from({ length: 16_385 }, (_, k) => `1 as c${k}`).join(", ")}`],
  ])("%s", async (_, query) => {
    await expect(writeRows(bench.connection, query, join(bench.folder, "no.xlsx"), outputOf("excel"))).rejects.toMatchObject({
      code: "MR3267",
    });
  });

  it("names that no sheet can have, other endings, and compression", () => {
    expect(() => outputOf("excel", { given: { sheet: "a/b" } })).toThrow(expect.objectContaining({ code: "MR3267" }));
    expect(() => outputOf("excel", { path: "old.xls" })).toThrow(expect.objectContaining({ code: "MR3104" }));
    expect(() => outputOf("excel", { compression: "gzip" })).toThrow(expect.objectContaining({ code: "MR3105" }));
    expect(() => outputOf("avro", { compression: "zstd" })).toThrow(expect.objectContaining({ code: "MR3105" }));
    expect(() => outputOf("json", { partitionBy: ["a"] })).toThrow(expect.objectContaining({ code: "MR3268" }));
  });
});

describe("folders by the values of columns", () => {
  const output = outputOf("parquet", { path: "p", partitionBy: ["region", "day"] });
  const query = `select i, case i % 4 when 0 then '../up' when 1 then 'a b' when 2 then '' end as region, date '2024-01-01' + (i % 2)::int as day from range(100) r(i)`;
  const write = (path: string, sql = query) =>
    replaceFolder(path, output.partitionBy, (beside) => writePartitions(bench.connection, sql, beside, output));

  it("are read back whole, and no value leaves its folder", async () => {
    const path = join(bench.folder, "sales");
    const { rows, files } = await write(path);
    expect(rows).toBe(100);
    expect(files.every((file) => /^region=[^/]*\/day=[^/]*\/[^/]+\.parquet$/.test(file))).toBe(true);
    const back = await bench.connection.runAndReadAll(
      `select count(*), sum(i)::int, count(distinct region) from read_parquet('${path}/**/*.parquet', hive_partitioning = true)`,
    );
    expect(back.getRows()[0]?.map(Number).slice(0, 2)).toEqual([100, 4950]);
    expect(existsSync(join(bench.folder, "up"))).toBe(false);
  });

  it("are replaced as one: what is not in the new rows is gone, a failed query leaves the old", async () => {
    const path = join(bench.folder, "again");
    await write(path);
    await expect(write(path, `select i, 'n' as region, error('no')::varchar as day from range(3) r(i)`)).rejects.toThrow();
    expect(readdirSync(path).length).toBeGreaterThan(1);
    await write(path, `select i, 'n' as region, 1 as day from range(3) r(i)`);
    expect(readdirSync(path)).toEqual(["region=n"]);
    expect(readdirSync(bench.folder).filter((name) => name.includes("again"))).toEqual(["again"]);
  });

  it("are put back when a try ended between the two renames", async () => {
    const path = join(bench.folder, "crashed");
    await write(path);
    const { renameSync } = await import("node:fs");
    renameSync(path, join(bench.folder, ".crashed.replaced"));
    await expect(write(path, "select 1 as i")).rejects.toMatchObject({ code: "MR3268" });
    expect(statSync(path).isDirectory()).toBe(true);
  });

  it("take the place of nothing but their own kind, and need columns that are there", async () => {
    const path = join(bench.folder, "precious");
    mkdirSync(path);
    writeFileSync(join(path, "notes.txt"), "mine");
    await expect(write(path)).rejects.toMatchObject({ code: "MR3268" });
    expect(readFileSync(join(path, "notes.txt"), "utf8")).toBe("mine");
    await expect(write(join(bench.folder, "x"), "select 1 as i")).rejects.toMatchObject({ code: "MR3268" });
    await expect(write(join(bench.folder, "x"), "select 1 as region, 2 as day")).rejects.toMatchObject({ code: "MR3268" });
  });
});
