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

describe("random values of random types", () => {
  /** A value of the type as SQL, near and at its ends. */
  function valueOf(type: string, random: () => number): string {
    const decimal = /^DECIMAL\((\d+),(\d+)\)$/.exec(type);
    const bits: Readonly<Record<string, number>> = { TINYINT: 7, SMALLINT: 15, INTEGER: 31, BIGINT: 63, HUGEINT: 126 };
    if (decimal !== null) {
      const digits = Array.from({ length: Number(decimal[1]) }, () => Math.floor(random() * 10)).join("");
      return `${random() < 0.5 ? "-" : ""}${digits.slice(0, digits.length - Number(decimal[2]))}.${digits.slice(digits.length - Number(decimal[2]))}0`;
    }
    if (bits[type] !== undefined) {
      const high = (1n << BigInt(bits[type])) - 1n;
      const value = random() < 0.3 ? high : (high * BigInt(Math.floor(random() * 1e9))) / 1_000_000_000n;
      return String(random() < 0.5 ? -value : value);
    }
    if (type === "DATE") return `date '1900-01-01' + ${Math.floor(random() * 90_000)}`;
    if (type.startsWith("TIMESTAMP")) return `make_timestamp(${Math.floor(random() * 4e15)})`;
    return String((random() - 0.5) * 10 ** Math.floor(random() * 30));
  }

  it("stand in the common type unchanged", async () => {
    const types = [
      "TINYINT",
      "SMALLINT",
      "INTEGER",
      "BIGINT",
      "HUGEINT",
      "FLOAT",
      "DOUBLE",
      "DATE",
      "TIMESTAMP_S",
      "TIMESTAMP_MS",
      "TIMESTAMP",
    ];
    for (const [p, s] of [
      [4, 2],
      [9, 4],
      [15, 3],
      [18, 2],
      [30, 10],
    ] as const)
      types.push(`DECIMAL(${p},${s})`);
    let state = 7;
    const random = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
    let joined = 0;
    for (const a of types)
      for (const b of types) {
        // DuckDB has no cast from milliseconds to seconds.
        const back = (union: string): string => (union === "TIMESTAMP_MS" ? "cast(v as TIMESTAMP_MS)::timestamp" : `cast(v as ${union})`);
        const union = unifyTypes(a, b);
        if (union?.when !== "exact") continue;
        joined += 1;
        const values = Array.from({ length: 20 }, () => `(cast(${valueOf(a, random)} as ${a}))`);
        const result = await connection.runAndReadAll(
          `select count(*) from (values ${values.join(", ")}) t(v) where v is distinct from cast(${back(union.type)} as ${a})`,
        );
        expect(Number(result.getRows()[0]![0]), `${a} ∪ ${b} = ${union.type}`).toBe(0);
      }
    expect(joined).toBeGreaterThan(100);
  });
});
