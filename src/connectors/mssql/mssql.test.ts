// What of the SQL Server connector needs no server: types, DDL, values, statements. No SQL Server can be had for the tests; the way over the wire is the driver's.
import { DuckDBInstance, type DuckDBConnection } from "@duckdb/node-api";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTable, kindOf, type TargetColumn, tupleQuery } from "../../databases/dialect.ts";
import { settingsOf } from "./database.ts";
import { mssqlDialect } from "./dialect.ts";
import { selectedOf } from "./types.ts";
import { ledgerStatement, swapStatements } from "./write.ts";

let connection: DuckDBConnection;
beforeAll(async () => {
  connection = await (await DuckDBInstance.create(":memory:")).connect();
});
afterAll(() => connection.closeSync());

const column = (name: string, type: string, isKey = false): TargetColumn => ({
  name,
  kind: kindOf(type),
  isKey,
  lengthMax: 0,
  declared: undefined,
});

describe("SQL Server", () => {
  it("makes tables with types that hold every value", () => {
    const columns = [
      column("id", "UBIGINT", true),
      column("a]b", "DECIMAL(38,10)"),
      column("t", "TIMESTAMP WITH TIME ZONE"),
      column("h", "HUGEINT"),
      column("l", "INTEGER[]"),
    ];
    expect(createTable({ table: "[dbo].[x]", columns, primaryKey: ["id"] }, mssqlDialect)).toBe(
      "create table [dbo].[x] ([id] decimal(20,0) not null, [a]]b] decimal(38,10), [t] datetimeoffset(6), [h] varchar(40), [l] nvarchar(max), primary key ([id]))",
    );
  });

  it("writes values as literals", async () => {
    const columns = [
      column("a", "VARCHAR"),
      column("b", "BLOB"),
      column("c", "TIMESTAMP WITH TIME ZONE"),
      column("d", "BOOLEAN"),
      column("e", "HUGEINT"),
    ];
    const query = `select 'it''s ü', '\\x00\\xFF'::blob, '2024-05-01 12:00:00+02'::timestamptz, true, 170141183460469231731687303715884105727 union all select null, null, null, null, null`;
    const rows = await connection.runAndReadAll(tupleQuery(query, columns, mssqlDialect));
    expect(rows.getRows().flat()).toEqual([
      "(N'it''s ü',0x00FF,'2024-05-01 10:00:00 +00:00',1,N'170141183460469231731687303715884105727')",
      "(NULL,NULL,NULL,NULL,NULL)",
    ]);
  });

  it("keeps a seventh digit of a second as text, and reads six as a time", async () => {
    const { column: found, expression } = selectedOf("at", "datetimeoffset(7)", "c0");
    expect(expression).toBe("convert(varchar(34), c0, 121)");
    const read = async (text: string): Promise<unknown> =>
      (await connection.runAndReadAll(`select try(${found.cast!("c")})::varchar from (select '${text}' as c)`)).getRows()[0]![0];
    await connection.run("set timezone = 'UTC'");
    expect(await read("2024-05-01 12:00:00.1234560 +02:00")).toBe("2024-05-01 10:00:00.123456+00");
    expect(await read("2024-05-01 12:00:00.1234567 +02:00")).toBeNull();
  });

  it("selects what the driver would bend in a form that loses nothing", () => {
    expect(selectedOf("d", "decimal(38,10)", "c0")).toMatchObject({
      column: { type: "DECIMAL(38,10)" },
      expression: "convert(varchar(41), c0)",
    });
    expect(selectedOf("m", "money", "c0")).toMatchObject({ column: { type: "DECIMAL(19,4)" }, expression: "convert(varchar(30), c0, 2)" });
    expect(selectedOf("u", "uniqueidentifier", "c0")).toMatchObject({ column: { type: "UUID" } });
    expect(selectedOf("g", "geography", "c0")).toMatchObject({ column: { wire: "blob" }, expression: "c0.AsBinaryZM()" });
  });

  it("swaps and notes in statements of one transaction", () => {
    const swap = { stage: "[dbo].[_new]", table: "[dbo].[x]", old: "[dbo].[_old]", exists: true, note: "insert …", bare: "x" };
    expect(swapStatements(swap)).toEqual(["drop table [dbo].[x]", "exec sp_rename N'[dbo].[_new]', N'x'", "insert …"]);
    expect(ledgerStatement("[dbo].[_millrace_exports]")).toContain("[token] nvarchar(255) not null primary key");
    expect(mssqlDialect.update("[x]", "[s]", ["id"], ["a"])).toBe(
      "update t set t.[a] = s.[a] from [x] t join [s] s on exists (select t.[id] intersect select s.[id])",
    );
  });

  it("takes an address apart", () => {
    expect(settingsOf({ url: "mssql://sa:p%40ss@db:1444/shop" })).toEqual({
      server: "db",
      port: 1444,
      user: "sa",
      password: "p@ss",
      database: "shop",
    });
    expect(() => settingsOf({ url: "http://x" })).toThrow(/mssql:\/\/user/);
  });
});
