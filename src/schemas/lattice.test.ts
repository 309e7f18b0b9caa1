// Types of several files or loads as one; expected answers by hand, and by what DuckDB can cast there and back.
import { DuckDBInstance, type DuckDBConnection } from "@duckdb/node-api";
import { beforeAll, describe, expect, it } from "vitest";
import { fitsInto, unifyTypes } from "./lattice.ts";

let connection: DuckDBConnection;
beforeAll(async () => {
  connection = await (await DuckDBInstance.create()).connect();
});

describe("the type of two", () => {
  it.each([
    ["INTEGER", "BIGINT", "BIGINT"],
    ["UINTEGER", "INTEGER", "BIGINT"],
    ["BIGINT", "DECIMAL(18,2)", "DECIMAL(21,2)"],
    ["DECIMAL(10,4)", "DECIMAL(12,2)", "DECIMAL(14,4)"],
    ["DATE", "TIMESTAMP", "TIMESTAMP"],
    ["SMALLINT", "DOUBLE", "DOUBLE"],
    ["HUGEINT", "DECIMAL(18,2)", null],
    ["DECIMAL(18,2)", "DOUBLE", null],
    ["BIGINT", "VARCHAR", null],
    ["DATE", "BIGINT", null],
    ["BOOLEAN", "BIGINT", null],
    ["INTEGER[]", "BIGINT[]", "BIGINT[]"],
    ["STRUCT(a INTEGER)", 'STRUCT(a BIGINT, "b, c" DATE)', 'STRUCT("a" BIGINT, "b, c" DATE)'],
    ["STRUCT(a INTEGER)", "STRUCT(a VARCHAR)", "JSON"],
    ["STRUCT(a INTEGER)", "STRUCT(b INTEGER)", "JSON"],
    ["STRUCT(a STRUCT(x INTEGER)[])", "STRUCT(a STRUCT(x INTEGER, y DATE)[])", 'STRUCT("a" STRUCT("x" INTEGER, "y" DATE)[])'],
    ["INTEGER[]", "STRUCT(a INTEGER)", "JSON"],
    ["JSON", "BIGINT", "JSON"],
  ])("%s and %s is %s", (a, b, expected) => {
    expect(unifyTypes(a, b)?.type ?? null).toBe(expected);
    expect(unifyTypes(b, a)?.type.replaceAll('"', "").length ?? null).toBe(expected?.replaceAll('"', "").length ?? null);
  });

  it("holds every extreme value of both exactly, as DuckDB casts", async () => {
    const extremes: Readonly<Record<string, readonly string[]>> = {
      TINYINT: ["-128", "127"],
      UTINYINT: ["0", "255"],
      INTEGER: ["-2147483648", "2147483647"],
      UINTEGER: ["4294967295"],
      BIGINT: ["-9223372036854775808", "9223372036854775807"],
      UBIGINT: ["18446744073709551615"],
      HUGEINT: ["170141183460469231731687303715884105727"],
      "DECIMAL(18,2)": ["9999999999999999.99", "-0.01"],
      "DECIMAL(9,8)": ["1.23456789"],
      DATE: ["1582-10-15", "9999-12-31"],
      TIMESTAMP: ["2020-01-01 00:00:00.000001"],
    };
    for (const a of Object.keys(extremes)) {
      for (const b of Object.keys(extremes)) {
        const union = unifyTypes(a, b);
        if (union?.when !== "exact") continue;
        for (const value of extremes[a]!) {
          const sql = `select ('${value}'::${a}::${union.type}::${a}) = '${value}'::${a}`;
          const reader = await connection.runAndReadAll(sql);
          expect([sql, reader.getRows()[0]![0]]).toEqual([sql, true]);
        }
      }
    }
  });

  it("fits where the other is the union", () => {
    expect(fitsInto("INTEGER", "BIGINT")).toBe("exact");
    expect(fitsInto("BIGINT", "INTEGER")).toBe("no");
    expect(fitsInto("BIGINT", "DOUBLE")).toBe("ifSmall");
    expect(fitsInto("VARCHAR", "BIGINT")).toBe("no");
  });
});
