// Every type of PostgreSQL on its way into DuckDB, and every type of DuckDB into PostgreSQL and back, on a real server; for both ways, by vectors and by text.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { FilledTable, ReadContext, TableDelivery, WriteMode } from "../../load/connector.ts";
import { ident } from "../../sql/text.ts";
import { postgres } from "./index.ts";
import type { PostgresOptions } from "./options.ts";

/** A server of the tests. */
interface Started {
  createDatabase(): Promise<string>;
  stop(): Promise<void>;
}

let server: Started;
let url = "";
let client: Client;
let folder = "";
let connection: DuckDBConnection;
let tables = 0;

/** Registers the tests; a file of its own for each way, because it is chosen once in a process. */
export function testTypes(startPostgres: (settings: Readonly<Record<string, string>>) => Promise<Started>): void {
  beforeAll(async () => {
    server = await startPostgres({ fsync: "off" });
    url = await server.createDatabase();
    client = new Client(url);
    await client.connect();
    folder = mkdtempSync(join(tmpdir(), "millrace-types-"));
    connection = await (await DuckDBInstance.create(join(folder, "types.duckdb"))).connect();
  });
  afterAll(async () => {
    await client.end();
    connection.closeSync();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  typesOfPostgres();
  typesOfDuckdb();
}

function context(): ReadContext {
  return {
    connection,
    projectDir: folder,
    tempDir: folder,
    since: undefined,
    signal: new AbortController().signal,
    connections: {},
    log: () => {},
  };
}

async function read(options: Partial<PostgresOptions>): Promise<{ filled: FilledTable; rows: unknown[][]; types: readonly string[] }> {
  const into = `"main"."t${++tables}"`;
  let filled: FilledTable | undefined;
  for await (const delivery of postgres.read!({ url, ...options }, context())) {
    filled = await (delivery as TableDelivery).fill({ connection, into });
  }
  const names = filled!.columns.map(({ name }) => `${ident(name)}::varchar as ${ident(name)}`);
  const result = await connection.runAndReadAll(`select ${names.join(", ")} from ${into}`);
  const types = (await connection.runAndReadAll(`describe ${into}`)).getRowsJS().map((row) => row[1] as string);
  return { filled: filled!, rows: result.getRowsJS(), types };
}

/** What is read of one column of these values. */
async function column(type: string, values: readonly (string | null)[]): Promise<{ type: string; values: unknown[] }> {
  await client.query(`drop table if exists v cascade; create table v (n integer, v ${type})`);
  for (const [n, value] of values.entries()) await client.query(`insert into v values (${n}, $1::text::${type})`, [value]);
  const { rows, types } = await read({ table: "v" });
  return { type: types[1]!, values: rows.toSorted((a, b) => Number(a[0]) - Number(b[0])).map((row) => row[1]) };
}

function typesOfPostgres(): void {
  describe("types of PostgreSQL", () => {
    const cases: readonly (readonly [
      type: string,
      duckType: string,
      values: readonly (string | null)[],
      expected?: readonly (string | null)[],
    ])[] = [
      ["boolean", "BOOLEAN", ["true", "false", null]],
      ["smallint", "SMALLINT", ["-32768", "32767", "0", null]],
      ["integer", "INTEGER", ["-2147483648", "2147483647", null]],
      ["bigint", "BIGINT", ["-9223372036854775808", "9223372036854775807", "9007199254740993", null]],
      ["oid", "UINTEGER", ["4294967295", "0"]],
      ["real", "FLOAT", ["1.5", "NaN", "Infinity", null], ["1.5", "nan", "inf", null]],
      ["double precision", "DOUBLE", ["0.1", "-1e300", "NaN", "-Infinity"], ["0.1", "-1e+300", "nan", "-inf"]],
      ["numeric(4,2)", "DECIMAL(4,2)", ["99.99", "-0.01", "0", null], ["99.99", "-0.01", "0.00", null]],
      ["numeric(9,0)", "DECIMAL(9,0)", ["999999999", "10000", "-120000000"]],
      [
        "numeric(18,4)",
        "DECIMAL(18,4)",
        ["99999999999999.9999", "-0.0001", "12345.6000", "1e13"],
        ["99999999999999.9999", "-0.0001", "12345.6000", "10000000000000.0000"],
      ],
      ["numeric(12,2)", "DECIMAL(12,2)", ["1234567890.12", "1000.05", "10000", "-0.5"], ["1234567890.12", "1000.05", "10000.00", "-0.50"]],
      [
        "numeric(38,10)",
        "DECIMAL(38,10)",
        ["9999999999999999999999999999.9999999999", "-1.0000000001", "0.5"],
        ["9999999999999999999999999999.9999999999", "-1.0000000001", "0.5000000000"],
      ],
      ["numeric(3,5)", "DECIMAL(5,5)", ["0.00999", "-0.00001"], [".00999", "-.00001"]],
      ["numeric(2,-3)", "DECIMAL(5,0)", ["99000", "-1000"]],
      ["numeric(12,2)", "VARCHAR", ["1.50", "NaN", null]],
      ["numeric", "VARCHAR", ["0.1234567890123456789012345678901234567890123", "NaN", "Infinity", "1"]],
      ["numeric(50,5)", "VARCHAR", ["123456789012345678901234567890123456789012345.12345"]],
      ["text", "VARCHAR", ["", "short", "exactly 12 b", "thirteen byte", "größe 名前 🚀 and longer", "x".repeat(100_000), null]],
      ["varchar(5)", "VARCHAR", ["ab", null]],
      ["char(5)", "VARCHAR", ["ab"], ["ab   "]],
      [
        "bytea",
        "BLOB",
        ["\\x00ff41", "\\x", "\\x000102030405060708090a0b0c0d0e0f", null],
        ["\\x00\\xFFA", "", "\\x00\\x01\\x02\\x03\\x04\\x05\\x06\\x07\\x08\\x09\\x0A\\x0B\\x0C\\x0D\\x0E\\x0F", null],
      ],
      [
        "date",
        "DATE",
        ["2000-01-01", "1969-12-31", "infinity", "-infinity", "0044-03-15 BC", "5874897-12-31", null],
        ["2000-01-01", "1969-12-31", "infinity", "-infinity", "0044-03-15 (BC)", "5874897-12-31", null],
      ],
      ["timestamp", "TIMESTAMP", ["2286-11-20 17:46:40.123457", "1969-12-31 23:59:59.999999", "infinity", "-infinity", null]],
      ["timestamp", "VARCHAR", ["294276-12-31 23:59:59.999999"]],
      ["timestamptz", "TIMESTAMP WITH TIME ZONE", ["2026-03-29 02:30:00+02", null], ["2026-03-29 00:30:00+00", null]],
      ["time", "TIME", ["23:59:59.999999", "24:00:00", "00:00:00"]],
      ["timetz", "TIME WITH TIME ZONE", ["10:11:12.5+05:30", "23:59:59-08"], ["10:11:12.5+05:30", "23:59:59-08"]],
      [
        "interval",
        "INTERVAL",
        ["1 year 2 months 3 days 04:05:06.789", "-1 day", null],
        ["1 year 2 months 3 days 04:05:06.789", "-1 day", null],
      ],
      ["uuid", "UUID", ["00000000-0000-0000-0000-000000000000", "ffffffff-1234-8765-abcd-0123456789ab", null]],
      ["json", "JSON", ['{"b":1, "a":[1.0,1e400,"\\u0000"], "b":2}', "null", null]],
      ["jsonb", "JSON", ['{"a": [1, 2.50, null], "b": "ü"}', null]],
      ["bit(3)", "VARCHAR", ["101", null]],
      ["bit varying", "VARCHAR", ["1010101011", ""]],
      ["money", "VARCHAR", ["1234567.89", "-5"], ["1234567.89", "-5.00"]],
      ["inet", "VARCHAR", ["192.168.0.1/24", "::1"]],
      ["int4range", "VARCHAR", ["[1,5)", "empty", null]],
      ["xml", "VARCHAR", ["<a>ü</a>", null]],
      ["point", "VARCHAR", ["(1,2.5)"]],
      ["tsvector", "VARCHAR", ["'a' 'b'"]],
      ["integer[]", "INTEGER[]", ["{1,NULL,3}", "{}", null], ["[1, NULL, 3]", "[]", null]],
      ["text[]", "VARCHAR[]", ['{a,"b,c",NULL,"longer than twelve bytes"}', null], ["[a, 'b,c', NULL, longer than twelve bytes]", null]],
      ["numeric(10,2)[]", "DECIMAL(10,2)[]", ["{1.50,-2}"], ["[1.50, -2.00]"]],
      ["integer[][]", "INTEGER[][]", ["{{1,2},{3,NULL}}", "{}", null, "{{5}}"], ["[[1, 2], [3, NULL]]", "[]", null, "[[5]]"]],
      ["integer[]", "INTEGER[][]", ["{{1,2},{3,4}}", "{{7},{8}}"], ["[[1, 2], [3, 4]]", "[[7], [8]]"]],
      ["integer[]", "VARCHAR", ["{{1,2},{3,4}}", "{1}"]],
      ["integer[]", "VARCHAR", ["[0:1]={1,2}"]],
      ["jsonb[]", "JSON[]", ['{"{\\"a\\": 1}"}'], ['[{"a": 1}]']],
      ["timestamp", "TIMESTAMP", ["0044-03-15 12:30:00.5 BC"], ["0044-03-15 (BC) 12:30:00.5"]],
      ["date[]", "DATE[]", ['{"0044-03-15 BC",NULL,infinity}'], ["['0044-03-15 (BC)', NULL, infinity]"]],
      ["numeric(30,10)[]", "DECIMAL(30,10)[]", ["{12345678901234567890.0123456789}"], ["[12345678901234567890.0123456789]"]],
      ["bytea[]", "BLOB[]", [String.raw`{"\\x00ff"}`], [String.raw`[\x00\xFF]`]],
      ["uuid[]", "UUID[]", ["{ffffffff-1234-8765-abcd-0123456789ab}"], ["[ffffffff-1234-8765-abcd-0123456789ab]"]],
    ];
    for (const [type, duckType, values, expected = values] of cases) {
      it(`${type} becomes ${duckType}: ${String(values[0]).slice(0, 40)}`, async () => {
        expect(await column(type, values)).toEqual({ type: duckType, values: expected });
      });
    }

    it("enums, domains, composite types and arrays of them", async () => {
      await client.query(`create type mood as enum ('ok', 'größe'); create domain positive as numeric(6,2) check (value > 0);
      create type place as (street text, number integer, tags text[]); create domain small as smallint`);
      await client.query(`create table made (m mood, p positive, c place, cs place[], ms mood[], s small);
      insert into made values ('größe', 12.5, row('a street that is long enough', 7, '{x,NULL}'), array[row('s', null, null)::place, null], '{ok,NULL}', 3), (null, null, null, null, null, null)`);
      const { rows, types } = await read({ table: "made" });
      const place = "STRUCT(street VARCHAR, number INTEGER, tags VARCHAR[])";
      expect(types).toEqual(["VARCHAR", "DECIMAL(6,2)", place, `${place}[]`, "VARCHAR[]", "SMALLINT"]);
      expect(rows).toEqual([
        [
          "größe",
          "12.50",
          "{'street': a street that is long enough, 'number': 7, 'tags': [x, NULL]}",
          "[{'street': s, 'number': NULL, 'tags': NULL}, NULL]",
          "[ok, NULL]",
          "3",
        ],
        [null, null, null, null, null, null],
      ]);
    });

    it("columns of the same name, odd names, dropped columns and no rows", async () => {
      expect((await read({ query: 'select 1 as a, 2 as a, 3 as "A b\'""c"' })).filled.columns.map(({ name }) => name)).toEqual([
        "a",
        "a_2",
        "A b'\"c",
      ]);
      await client.query('create table "Odd.Name" (x integer, gone text, "Y" text); alter table "Odd.Name" drop column gone');
      expect((await read({ table: '"Odd.Name"' })).types).toEqual(["INTEGER", "VARCHAR"]);
    });

    it("reads with several connections exactly what one reads", async () => {
      await client.query(
        "create table wide as select n, md5(n::text) as t, n * 1.5::numeric(12,2) as d from generate_series(1, 60000) n; delete from wide where n % 7 = 0",
      );
      const one = await read({ table: "wide", parallel: 1 });
      const four = await read({ table: "wide", parallel: 4 });
      expect(four.rows.length).toBe(60_000 - Math.floor(60_000 / 7));
      const sorted = (rows: unknown[][]): string[] => rows.map((row) => row.join("|")).toSorted();
      expect(sorted(four.rows)).toEqual(sorted(one.rows));
    });

    it("takes only the columns and rows that are asked for", async () => {
      const { rows, types } = await read({ table: "wide", columns: ["n"], where: "n < 4 -- three" });
      expect([types, rows]).toEqual([["INTEGER"], [["1"], ["2"], ["3"]]]);
    });
  });
}

async function write(
  query: string,
  mode: WriteMode,
  options: Partial<PostgresOptions>,
  more: { key?: string[]; token?: string } = {},
): Promise<number> {
  const { rows } = await postgres.write!(
    { url, ...options },
    {
      ...context(),
      query,
      mode,
      key: more.key ?? [],
      token: more.token ?? `t${++tables}`,
    },
  );
  return rows;
}

function typesOfDuckdb(): void {
  describe("types of DuckDB", () => {
    it("arrive as what they are", async () => {
      const query = `select * from (values
      (true, 1::tinyint, 255::utinyint, 65535::usmallint, 4294967295::uinteger, 18446744073709551615::ubigint, 170141183460469231731687303715884105727::hugeint, 340282366920938463463374607431768211455::uhugeint),
      (null, null, null, null, null, null, null, null)) v(a, b, c, d, e, f, g, h)`;
      await write(query, "replace", { table: "numbers" });
      expect(
        (await client.query({ text: "select a, b, c, d, e::text, f::text, g::text, h::text from numbers", rowMode: "array" })).rows,
      ).toEqual([
        [
          true,
          1,
          255,
          65_535,
          "4294967295",
          "18446744073709551615",
          "170141183460469231731687303715884105727",
          "340282366920938463463374607431768211455",
        ],
        Array.from({ length: 8 }, () => null),
      ]);
      await write(
        `select 1.5::float as a, 'nan'::double as b, 12.30::decimal(4,2) as c, -0.0001::decimal(9,4) as d, 12345678901234.5678::decimal(18,4) as e,
         -9999999999999999999999999999.9999999999::decimal(38,10) as f, 0::decimal(12,2) as g, 100000000::decimal(18,0) as h, 10000.5::decimal(18,3) as i`,
        "replace",
        { table: "decimals" },
      );
      expect(
        (
          await client.query({
            text: "select a, b::text, c::text, d::text, e::text, f::text, g::text, h::text, i::text from decimals",
            rowMode: "array",
          })
        ).rows,
      ).toEqual([
        [
          1.5,
          "NaN",
          "12.30",
          "-0.0001",
          "12345678901234.5678",
          "-9999999999999999999999999999.9999999999",
          "0.00",
          "100000000",
          "10000.500",
        ],
      ]);
      await write(
        `select date '1969-12-31' as a, 'infinity'::date as b, timestamp '1815-06-18 11:35:00.000001' as c, '-infinity'::timestamp as d, timestamptz '2026-03-29 02:30:00+02' as e,
         time '23:59:59.999999' as f, '10:11:12.5+05:30'::timetz as g, interval '14 months 3 days 4.5 seconds' as h, uuid 'ffffffff-1234-8765-abcd-0123456789ab' as i,
         timestamp_ns '2026-01-01 00:00:00.123456789' as j, '101'::bit as k, '\\x00\\xFF'::blob as l, 'infinity'::timestamptz as m`,
        "replace",
        { table: "times" },
      );
      await client.query("set timezone = 'UTC'");
      expect(
        (
          await client.query({
            text: "select a::text, b::text, c::text, d::text, e::text, f::text, g::text, h::text, i::text, j::text, k::text, l::text, m::text from times",
            rowMode: "array",
          })
        ).rows,
      ).toEqual([
        [
          "1969-12-31",
          "infinity",
          "1815-06-18 11:35:00.000001",
          "-infinity",
          "2026-03-29 00:30:00+00",
          "23:59:59.999999",
          "10:11:12.5+05:30",
          "1 year 2 mons 3 days 00:00:04.5",
          "ffffffff-1234-8765-abcd-0123456789ab",
          "2026-01-01 00:00:00.123456789",
          "101",
          "\\x00ff",
          "infinity",
        ],
      ]);
      await write(
        `select [1, null, 3] as a, ['x"y', 'back\\slash', null, ''] as b, [[1], [2, 3]] as c, {'k': 1, 't': 'ü'} as d, map {'a': 1} as e, '{"z":1.0}'::json as f, [date '2026-01-01'] as g, ['\\xAA'::blob] as h, []::integer[] as i, 'ok'::enum('ok') as j`,
        "replace",
        { table: "nested" },
      );
      expect(
        (
          await client.query({
            text: "select a, b, c, d, e, f::text, g::text, h::text, i, j, pg_typeof(a)::text, pg_typeof(d)::text, pg_typeof(g)::text from nested",
            rowMode: "array",
          })
        ).rows,
      ).toEqual([
        [
          [1, null, 3],
          ['x"y', "back\\slash", null, ""],
          [[1], [2, 3]],
          { k: 1, t: "ü" },
          { a: 1 },
          '{"z":1.0}',
          "{2026-01-01}",
          '{"\\\\xaa"}',
          [],
          "ok",
          "integer[]",
          "json",
          "date[]",
        ],
      ]);
    });

    it("and back again, over many chunks with nulls and texts of all lengths", async () => {
      const query = `select case when i % 7 <> 0 then i end as n, case when i % 5 <> 0 then repeat('aü🚀'[1 + i % 3], i % 40) end as t, repeat('long', i % 9) as l,
      (i * 7919 % 100000)::decimal(12,2) / 100 as d, (i * 104729)::decimal(30,6) as h, timestamp '2000-01-01' + to_seconds(i * 977) as at, i % 2 = 0 as b, i / 3 as f
      from range(20000) r(i)`;
      await connection.run(`create table original as select * replace (d::decimal(12,2) as d) from (${query})`);
      expect(await write("select * from original", "replace", { table: "back" })).toBe(20_000);
      const { types } = await read({ table: "back" });
      const described = (await connection.runAndReadAll("describe original")).getRowsJS().map((row) => row[1]);
      expect(types).toEqual(described);
      const differing = await connection.runAndReadAll(
        `(select * from original except all select * from t${tables}) union all (select * from t${tables} except all select * from original)`,
      );
      expect(differing.getRowsJS()).toEqual([]);
    });
  });
}
