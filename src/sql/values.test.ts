// Every DuckDB type as JSON, nested included; expected values written by hand from the contract (PROJECT §10).
import { DuckDBInstance, type DuckDBConnection } from "@duckdb/node-api";
import { beforeAll, describe, expect, it } from "vitest";
import { readRowObjects } from "./values.ts";

let connection: DuckDBConnection;
beforeAll(async () => {
  connection = await (await DuckDBInstance.create()).connect();
});
const value = async (sql: string): Promise<unknown> => (await readRowObjects(await connection.run(`select ${sql} as v`)))[0]!["v"];

describe("a DuckDB value as JSON", () => {
  it.each<[string, unknown]>([
    ["true", true],
    ["127::tinyint", 127],
    ["65535::usmallint", 65_535],
    ["9007199254740991::bigint", 9_007_199_254_740_991],
    ["9007199254740993::bigint", "9007199254740993"],
    ["(-9223372036854775808)::bigint", "-9223372036854775808"],
    ["18446744073709551615::ubigint", "18446744073709551615"],
    ["170141183460469231731687303715884105727::hugeint", "170141183460469231731687303715884105727"],
    ["12::hugeint", 12],
    ["1.1::float", 1.1],
    ["0.1::double", 0.1],
    ["'nan'::double", "NaN"],
    ["'-inf'::double", "-Infinity"],
    ["'inf'::float", "Infinity"],
    ["12.50::decimal(18,2)", "12.50"],
    ["'ä\"\\n'", 'ä"\\n'],
    ["chr(0)", "\0"],
    ["'\\x00\\xFF'::blob", "AP8="],
    ["date '2020-02-29'", "2020-02-29"],
    ["time '12:34:56.5'", "12:34:56.5"],
    ["timestamp '2020-01-02 03:04:05'", "2020-01-02T03:04:05"],
    ["timestamp '2020-01-02 03:04:05.123456'", "2020-01-02T03:04:05.123456"],
    ["'2020-01-02 03:04:05'::timestamp_s", "2020-01-02T03:04:05"],
    ["'2020-01-02 03:04:05.25'::timestamp_ms", "2020-01-02T03:04:05.25"],
    ["'2020-01-02 03:04:05.123456789'::timestamp_ns", "2020-01-02T03:04:05.123456789"],
    ["'2020-01-02 03:04:05+02'::timestamptz", "2020-01-02T01:04:05Z"],
    ["'infinity'::timestamp", "infinity"],
    ["interval 14 months + interval 3 days + interval 61 minutes", "P1Y2M3DT1H1M"],
    ["interval 0 days", "PT0S"],
    ["'1b4e28ba-2fa1-11d2-883f-0016d3cca427'::uuid", "1b4e28ba-2fa1-11d2-883f-0016d3cca427"],
    ["'0110'::bit", "0110"],
    ["'b'::enum('a', 'b')", "b"],
    ["null::integer", null],
    ["[1, null, 3]", [1, null, 3]],
    ["[9007199254740993, 1]", ["9007199254740993", 1]],
    ["array_value(1.5::decimal(3,1), 2)", ["1.5", "2.0"]],
    ["{'a': 1, 'b': {'c': date '2020-01-01', 'd': ['nan'::double]}}", { a: 1, b: { c: "2020-01-01", d: ["NaN"] } }],
    ["map {'x': 1, 'y': 2}", { x: 1, y: 2 }],
    ["map {1: 'x'}", [{ key: 1, value: "x" }]],
    ["union_value(n := 5)", 5],
    ["'{\"a\":[1]}'::json", '{"a":[1]}'],
  ])("%s", async (sql, expected) => {
    expect(await value(sql)).toEqual(expected);
  });

  it("keeps columns of one name apart and reads past one chunk", async () => {
    const rows = await readRowObjects(await connection.run("select range as a, range + 1 as a from range(5000)"));
    expect(rows).toHaveLength(5000);
    expect(Object.values(rows[4999]!)).toEqual([4999, 5000]);
  });
});
