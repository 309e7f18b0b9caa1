// The MySQL connector against a real MariaDB: the suite that all connectors pass, all types, cursors, ranges, what is made, faults.
import { createConnection, type Connection, type RowDataPacket } from "mysql2/promise";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startMariadb, type TestMariadb } from "../../../test/mariadb.ts";
import type { FilledTable, ReadContext, WriteContext } from "../../load/connector.ts";
import { type SuiteRow, testConnector } from "../../testing/connector.suite.ts";
import { mysql } from "./index.ts";
import type { MysqlOptions } from "./options.ts";

let server: TestMariadb;
let client: Connection;
let places = 0;
let connection: DuckDBConnection;
beforeAll(async () => {
  server = await startMariadb();
  client = await createConnection(server.url);
  connection = await (await DuckDBInstance.create(":memory:")).connect();
  await connection.run("set timezone = 'UTC'");
});
afterAll(async () => {
  connection.closeSync();
  await client.end();
  await server.stop();
});

testConnector<MysqlOptions>("mysql", {
  connector: mysql,
  source: {
    async put(rows) {
      await client.query("drop table if exists people");
      await client.query("create table people (id int primary key, name text) character set utf8mb4");
      for (let from = 0; from < rows.length; from += 500)
        await client.query("insert into people values ?", [rows.slice(from, from + 500).map(({ id, name }) => [id, name])]);
      return { url: server.url, table: "people" };
    },
    wrong: () => ({ options: { url: server.url.replace("hunter2", "other-secret"), table: "people" }, secret: "other-secret" }),
  },
  destination: {
    fresh: () => Promise.resolve({ url: server.url, table: `out_${++places}` }),
    async rows({ table }) {
      const [rows] = await client.query<(SuiteRow & RowDataPacket)[]>(`select id, name from ${table}`);
      return rows.map(({ id, name }) => ({ id, name }));
    },
  },
});

let filled = 0;
function contextOf(more: Partial<ReadContext> = {}): ReadContext {
  return {
    connection,
    projectDir: "",
    tempDir: "",
    since: undefined,
    signal: new AbortController().signal,
    connections: {},
    log: () => {},
    ...more,
  };
}
async function fill(options: Partial<MysqlOptions>, more: Partial<ReadContext> = {}): Promise<FilledTable & { readonly table: string }> {
  const table = `"filled_${++filled}"`;
  for await (const delivery of mysql.read!({ url: server.url, ...options }, contextOf(more)))
    if (delivery.kind === "table") return { ...(await delivery.fill({ connection, into: table })), table };
  throw new Error("nothing was delivered");
}
async function rowsOf(sql: string): Promise<unknown[][]> {
  return (await connection.runAndReadAll(sql)).getRowsJson();
}
function write(
  options: Partial<MysqlOptions>,
  more: Pick<WriteContext, "query" | "mode" | "token"> & { readonly key?: readonly string[] },
): ReturnType<NonNullable<typeof mysql.write>> {
  return mysql.write!({ url: server.url, ...options }, { ...contextOf(), key: [], ...more });
}

describe("mysql", () => {
  it("reads every type without loss", async () => {
    await client.query(`create or replace table kinds (a bigint unsigned, b decimal(65,30), c decimal(20,4), d float, e double, f datetime(6), g timestamp(3) null,
      h time(6), i time, j date, k date, l year, m bit(10), n json, o enum('x','y'), p set('p','q'), q varbinary(9), r longtext, s point, t tinyint(1)) character set utf8mb4`);
    await client.query("set sql_mode = '', time_zone = '+02:00'");
    await client.query(`insert into kinds values (18446744073709551615, 12345678901234567890123456789012345.123456789012345678901234567890, -1234567890123456.7891, 1.1, 1e308,
      '2024-01-02 03:04:05.678901', '2024-01-02 03:04:05.678', '12:34:56.789', '838:59:59', '2024-02-29', '0000-00-00', 1999, b'1010101010',
      '{"a": 12345678901234567890}', 'y', 'p,q', x'00ff', 'Grüße 🎉', st_geomfromtext('POINT(1 2)', 4326), 7)`);
    const { columns, table } = await fill({ table: "kinds" });
    expect(columns.map(({ type }) => type)).toEqual([
      "UBIGINT", "VARCHAR", "DECIMAL(20,4)", "FLOAT", "DOUBLE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE",
      "TIME", "VARCHAR", "DATE", "VARCHAR", "SMALLINT", "BIT", "VARCHAR", "VARCHAR", "VARCHAR", "BLOB", "VARCHAR", "BLOB", "TINYINT",
    ]); // prettier-ignore
    expect(await rowsOf(`select * replace (d::varchar as d, hex(q) as q, hex(s) as s) from ${table}`)).toEqual([[
      "18446744073709551615", "12345678901234567890123456789012345.123456789012345678901234567890", "-1234567890123456.7891", "1.1", 1e308,
      "2024-01-02 03:04:05.678901", "2024-01-02 01:04:05.678+00", "12:34:56.789", "838:59:59", "2024-02-29", "0000-00-00", 1999, "1010101010",
      '{"a": 12345678901234567890}', "y", "p,q", "00FF", "Grüße 🎉", "0101000020E6100000000000000000F03F0000000000000040", 7,
    ]]); // prettier-ignore
  });

  it("reads from a cursor on, with the rows at its boundary and those without", async () => {
    await client.query("create or replace table changes (id int primary key, `Changed At` datetime)");
    await client.query("insert into changes values (1, '2024-01-01'), (2, '2024-01-02'), (3, '2024-01-03'), (4, null)");
    const { table } = await fill({ table: "changes" }, { cursor: "changed_at", since: "2024-01-02T00:00:00" });
    expect((await rowsOf(`select id from ${table} order by id`)).flat()).toEqual([2, 3, 4]);
    const queried = await fill({ query: "select id from changes" }, { cursor: "id", since: 3 });
    expect(queried.rows).toBe(2);
  });

  it("reads by ranges of the key at the same moment, while others write", async () => {
    await client.query("create or replace table many (id int primary key, v int)");
    await client.query("insert into many select seq * 3, 1 from seq_1_to_20000");
    const writer = await createConnection(server.url);
    let writes = 0;
    const stop = { isDone: false };
    const writing = (async () => {
      while (!stop.isDone) await writer.query(`update many set v = ${++writes} where 1 = 1`);
    })();
    const { rows, table } = await fill({ table: "many", parallel: 3 });
    stop.isDone = true;
    await writing;
    await writer.end();
    expect(rows).toBe(20_000);
    expect(await rowsOf(`select count(distinct id), count(distinct v) from ${table}`)).toEqual([["20000", "1"]]);
  });

  it("makes keys and indexes as declared, and keeps columns of others in a merge", async () => {
    const options = { table: "made", primaryKey: ["id"], indexes: [{ columns: ["email"], unique: true }, "city"] };
    await write(options, {
      mode: "replace",
      token: "k1",
      query: "select 1 as id, 'a@x' as email, 'Rome' as city union all select 2, 'b@x', 'Oslo'",
    });
    const [keys] = await client.query<RowDataPacket[]>(
      "select column_name as c, non_unique as n, index_name as i from information_schema.statistics where table_name = 'made' order by 1",
    );
    expect(keys.map(({ c, n, i }) => [c, Number(n), i === "PRIMARY"])).toEqual([
      ["city", 1, false],
      ["email", 0, false],
      ["id", 0, true],
    ]);
    await client.query("alter table made add note varchar(20)");
    await client.query("update made set note = 'theirs'");
    await write(
      { table: "made" },
      {
        mode: "merge",
        token: "k2",
        key: ["id"],
        query: "select 2 as id, 'c@x' as email, 'Bern' as city, 5 as extra union all select 3, 'd@x', 'Graz', 6",
      },
    );
    const [rows] = await client.query<RowDataPacket[]>("select id, email, note, extra from made order by id");
    expect(rows.map((row) => Object.values(row))).toEqual([
      [1, "a@x", "theirs", null],
      [2, "c@x", "theirs", 5],
      [3, "d@x", null, 6],
    ]);
  });

  it("refuses a key that is there twice, and leaves the table as it was when the server refuses a row", async () => {
    await write({ table: "kept" }, { mode: "replace", token: "r1", query: "select 1 as id" });
    const twice = write({ table: "kept" }, { mode: "merge", token: "r2", key: ["id"], query: "select 1 as id union all select 1" });
    await expect(twice).rejects.toMatchObject({ code: "MR4855" });
    const refused = write({ table: "kept", primaryKey: "id" }, { mode: "replace", token: "r3", query: "select unnest([1, 1]) as id" });
    await expect(refused).rejects.toMatchObject({ code: "MR4851", retryable: false });
    const [rows] = await client.query<RowDataPacket[]>("select * from kept");
    expect(rows).toHaveLength(1);
    const [left] = await client.query<RowDataPacket[]>(
      "select 1 from information_schema.tables where table_name like '\\_millrace\\_%' and table_name <> '_millrace_exports'",
    );
    expect(left).toEqual([]);
  });

  it("says that a connection was cut in the middle, and that another try may help", async () => {
    const failing = fill({ query: "select seq, sleep(if(seq = 3, 60, 0)) as waited from seq_1_to_5" });
    const killer = (async () => {
      for (;;) {
        const [running] = await client.query<RowDataPacket[]>(
          "select id from information_schema.processlist where state like 'User sleep' and id <> connection_id()",
        );
        if (running[0] !== undefined) return client.query(`kill ${String(running[0]["id"])}`);
      }
    })();
    const outcome = await failing.catch((error: unknown) => error);
    await killer;
    expect(outcome).toMatchObject({ retryable: true });
  });
});
