// Exports to a real PostgreSQL: what stays of a table that is replaced, tables that changed meanwhile, rows that break its rules, and what is left when it fails.
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { tmpdir } from "node:os";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startPostgres, type TestPostgres } from "../../../test/postgres.ts";
import type { WriteContext, WriteMode } from "../../load/connector.ts";
import type { MillraceError } from "../../model/errors.ts";
import { postgres } from "./index.ts";
import type { PostgresOptions } from "./options.ts";

let server: TestPostgres;
let url = "";
let client: Client;
let connection: DuckDBConnection;
let tokens = 0;
const said: string[] = [];

beforeAll(async () => {
  server = await startPostgres({ fsync: "off" });
  url = await server.createDatabase();
  client = new Client(url);
  await client.connect();
  connection = await (await DuckDBInstance.create(":memory:")).connect();
});
afterAll(async () => {
  await client.end();
  connection.closeSync();
  await server.stop();
});

function contextOf(query: string, mode: WriteMode, key: readonly string[] = []): WriteContext {
  return {
    connection,
    projectDir: tmpdir(),
    tempDir: tmpdir(),
    since: undefined,
    signal: new AbortController().signal,
    connections: {},
    log: (_level, message) => void said.push(message),
    query,
    mode,
    key,
    token: `t${++tokens}`,
  };
}

function write(
  query: string,
  mode: WriteMode,
  options: Partial<PostgresOptions>,
  key: readonly string[] = [],
): Promise<{ readonly rows: number }> {
  return postgres.write!({ url, ...options }, contextOf(query, mode, key));
}

async function failureOf(work: Promise<unknown>): Promise<{ code: string; message: string }> {
  const error = (await work.then(
    () => null,
    (thrown: unknown) => thrown,
  )) as MillraceError;
  return { code: error.code, message: error.message };
}

async function rows(query: string): Promise<unknown[]> {
  return (await client.query({ text: query, rowMode: "array" })).rows;
}

/** Tables that nobody but the test made. */
async function strays(): Promise<unknown[]> {
  return rows("select relname from pg_class where relname like '\\_millrace%' and relkind = 'r' and relname <> '_millrace_exports'");
}

describe("replace", () => {
  it("exchanges the table and keeps rights, indexes, keys and comments", async () => {
    await client.query(`create role reader; create table kept (id integer primary key, name text, old text, constraint short check (length(name) < 50));
      create index kept_name on kept (lower(name)); create index kept_old on kept (old); grant select on kept to reader; grant update (name) on kept to reader;
      comment on table kept is 'the table'; comment on column kept.name is 'the name'; insert into kept values (1, 'a', 'b')`);
    const before = (await rows("select 'kept'::regclass::oid::text"))[0];
    expect(
      await write("select 7 as id, 'seven' as name, 1.5::decimal(4,2) as price", "replace", { table: "kept", indexes: ["price"] }),
    ).toMatchObject({ rows: 1 });
    expect((await rows("select 'kept'::regclass::oid::text"))[0]).not.toEqual(before);
    expect(await rows("select * from kept")).toEqual([[7, "seven", "1.50"]]);
    expect(await rows("select indexname from pg_indexes where tablename = 'kept' order by 1")).toEqual([
      ["kept_name"],
      ["kept_pkey"],
      ["kept_price_idx"],
    ]);
    expect(await rows("select conname from pg_constraint where conrelid = 'kept'::regclass and contype in ('p', 'c') order by 1")).toEqual([
      ["kept_pkey"],
      ["short"],
    ]);
    expect(
      await rows("select has_table_privilege('reader', 'kept', 'select'), has_column_privilege('reader', 'kept', 'name', 'update')"),
    ).toEqual([[true, true]]);
    expect(await rows("select obj_description('kept'::regclass), col_description('kept'::regclass, 2)")).toEqual([
      ["the table", "the name"],
    ]);
    expect(said.join()).toContain("the index kept_old has no place on the new table");
  });

  it("replaces the rows and leaves the table where views and foreign keys hang on it", async () => {
    await client.query(`create table held (id integer primary key, name varchar(10)); create view seen as select name from held; insert into held values (1, 'old');
      create table child (held integer references held)`);
    const before = await rows("select 'held'::regclass::oid::text");
    await write("select 2::bigint as id, 'new' as name, true as fresh", "replace", { table: "held" });
    expect(await rows("select 'held'::regclass::oid::text")).toEqual(before);
    expect([await rows("select * from held"), await rows("select * from seen")]).toEqual([[[2, "new", true]], [["new"]]]);
  });

  it("makes schema, key, indexes, types and comments as declared", async () => {
    await write("select 1 as id, '{\"a\": 1}' as doc, 'x' as tag", "replace", {
      table: "fresh.things",
      primaryKey: "id",
      indexes: [["tag", "id"], { columns: "tag", unique: true }],
      types: { doc: "jsonb" },
      comment: "made by Millrace",
      comments: { doc: "a document" },
    });
    expect(await rows("select doc->>'a', pg_typeof(doc)::text from fresh.things")).toEqual([["1", "jsonb"]]);
    expect(await rows("select indexname from pg_indexes where schemaname = 'fresh' and tablename = 'things' order by 1")).toEqual([
      ["things_pkey"],
      ["things_tag_id_idx"],
      ["things_tag_key"],
    ]);
    expect(await rows("select obj_description('fresh.things'::regclass), col_description('fresh.things'::regclass, 2)")).toEqual([
      ["made by Millrace", "a document"],
    ]);
  });
});

describe("a table that is there", () => {
  it("gets new columns, and keeps those that the rows lack", async () => {
    await client.query("create table grown (id integer primary key, own text default 'mine')");
    await write("select 1 as id, 2.5::double as added", "append", { table: "grown" });
    await write("select 1 as id, 3.5::double as added union all select 2, 4", "merge", { table: "grown" }, ["id"]);
    expect(await rows("select id, own, added from grown order by id")).toEqual([
      [1, "mine", 3.5],
      [2, "mine", 4],
    ]);
  });

  it("is not given values that its types would change", async () => {
    await client.query("create table narrow (id integer, price numeric(6,1), at date, word varchar(3))");
    const { code, message } = await failureOf(
      write("select 1 as id, 1.25::decimal(6,2) as price, timestamp '2026-01-01 10:00:00' as at", "append", { table: "narrow" }),
    );
    expect([code, message]).toEqual([
      "MR4810",
      "public.narrow: price is numeric(6,2) in the export and numeric(6,1) in the table; at is timestamp without time zone in the export and date in the table",
    ]);
    expect((await failureOf(write("select 3000000000 as id", "append", { table: "narrow" }))).code).toBe("MR4810");
    expect((await failureOf(write("select 1 as id, 'four' as word", "append", { table: "narrow" }))).code).toBe("MR4810");
    expect(await rows("select count(*)::int from narrow")).toEqual([[0]]);
  });

  it("merges by null keys and without a unique index, and refuses a key that comes twice", async () => {
    await client.query("create table loose (a integer, b integer, v text); insert into loose values (1, null, 'old'), (1, 2, 'stays')");
    await write("select 1 as a, null::integer as b, 'new' as v union all select 3, 3, 'three'", "merge", { table: "loose" }, ["a", "b"]);
    expect(await rows("select * from loose order by a, b")).toEqual([
      [1, 2, "stays"],
      [1, null, "new"],
      [3, 3, "three"],
    ]);
    const twice = await failureOf(
      write("select 1 as a, null::integer as b, 'x' as v from range(2)", "merge", { table: "loose" }, ["a", "b"]),
    );
    expect(twice).toEqual({ code: "MR4814", message: "public.loose: two rows have a = 1, b = null" });
    await write("select 1 as a, null::integer as b", "delete", { table: "loose" }, ["a", "b"]);
    expect(await rows("select a, b from loose order by a")).toEqual([
      [1, 2],
      [3, 3],
    ]);
  });
});

describe("what goes wrong", () => {
  it("is named, and nothing is written or left", async () => {
    await client.query("create table ruled (id integer primary key, must text not null); insert into ruled values (1, 'x')");
    expect(await failureOf(write("select 1 as id, 'y' as must", "append", { table: "ruled" }))).toMatchObject({
      code: "MR4811",
      message: expect.stringContaining("ruled_pkey") as string,
    });
    expect((await failureOf(write("select 2 as id, null::varchar as must", "append", { table: "ruled" }))).code).toBe("MR4811");
    expect((await failureOf(write("select 2 as id, chr(0) as must", "append", { table: "ruled" }))).code).toBe("MR4808");
    expect((await failureOf(write("select 1 as id, error('no') as must", "append", { table: "ruled" }))).message).toContain("no");
    await client.query("create role weak login; grant connect on database d1 to weak");
    const weak = url.replace("millrace@", "weak@");
    expect((await failureOf(postgres.write!({ url: weak, table: "ruled" }, contextOf("select 1 as id", "append")))).code).toBe("MR4805");
    expect((await failureOf(write("select 1 as id", "append", { table: "seen" }))).code).toBe("MR4810");
    expect(await rows("select * from ruled")).toEqual([[1, "x"]]);
    expect(await strays()).toEqual([]);
  });

  it("waits for who holds the table, and says so when that takes too long", async () => {
    const holder = new Client(url);
    await holder.connect();
    await holder.query("begin; lock table ruled");
    expect((await failureOf(write("select 9 as id, 'y' as must", "append", { table: "ruled", lockTimeout: "200ms" }))).code).toBe("MR4813");
    await holder.end();
  });

  it("is said when the server's disk is full", async () => {
    // A limit on temporary files stands in for the disk: the same class of error of the server.
    await client.query("alter role millrace set temp_file_limit = '64kB'");
    await client.query("create table big (a integer unique, t text)");
    const { code } = await failureOf(
      write("select range::integer as a, repeat('x', 500) as t from range(200000)", "merge", { table: "big" }, ["a"]),
    );
    await client.query("alter role millrace reset temp_file_limit");
    expect(code).toBe("MR4812");
    expect([await rows("select count(*)::int from big"), await strays()]).toEqual([[[0]], []]);
  });

  it("two tries of one export at once write its rows once", async () => {
    const once = contextOf("select range::integer as id from range(5000)", "append");
    const both = await Promise.all([
      postgres.write!({ url, table: "twice" }, once),
      postgres.write!({ url, table: "twice" }, { ...once, connection: await otherConnection() }),
    ]);
    expect(both.map((result) => result.rows)).toEqual([5_000, 5_000]);
    expect(await rows("select count(*)::int from twice")).toEqual([[5_000]]);
  });
});

async function otherConnection(): Promise<DuckDBConnection> {
  return (await DuckDBInstance.create(":memory:")).connect();
}
