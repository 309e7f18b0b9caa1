// What SQLite's columns hold, read exactly, while somebody writes.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { DatabaseSync } from "@photostructure/sqlite";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { FilledTable } from "../../load/connector.ts";
import { sqlite } from "./index.ts";

const folder = mkdtempSync(join(tmpdir(), "millrace-sqlite-types-"));
const path = join(folder, "a.sqlite");
let connection: DuckDBConnection;
let writer: InstanceType<typeof DatabaseSync>;
beforeAll(async () => {
  connection = await (await DuckDBInstance.create(":memory:")).connect();
  writer = new DatabaseSync(path);
  writer.exec("pragma journal_mode = wal");
});
afterAll(() => {
  writer.close();
  connection.closeSync();
  rmSync(folder, { recursive: true, force: true });
});

async function fill(table: string, into: string): Promise<FilledTable> {
  const context = {
    connection,
    projectDir: folder,
    tempDir: folder,
    since: undefined,
    signal: new AbortController().signal,
    connections: {},
    log: () => {},
  };
  for await (const delivery of sqlite.read!({ path, table }, context))
    if (delivery.kind === "table") return await delivery.fill({ connection, into });
  throw new Error("nothing was delivered");
}

it("types a column by its values and loses none of another kind", async () => {
  writer.exec(`create table kinds (i integer, m integer, r real, d datetime, b blob, f boolean, n numeric, mixed);
    insert into kinds values (9223372036854775807, 1, 1.5, '2024-01-02 03:04:05', x'00ff', 1, 12, 'a'), (-1, 'one', 2, '2024-01-02', x'', 0, 12.5, x'0a'), (null, 2.5, null, null, null, null, null, 3)`);
  const { columns } = await fill("kinds", "kinds");
  expect(columns.map(({ type }) => type)).toEqual(["BIGINT", "VARCHAR", "DOUBLE", "TIMESTAMP", "BLOB", "BOOLEAN", "DOUBLE", "VARCHAR"]);
  expect((await connection.runAndReadAll("select i, m, r, d, f, n, mixed from kinds")).getRowsJson()).toEqual([
    ["9223372036854775807", "1", 1.5, "2024-01-02 03:04:05", true, 12, "a"],
    ["-1", "one", 2, "2024-01-02 00:00:00", false, 12.5, "X'0A'"],
    [null, "2.5", null, null, null, null, "3"],
  ]);
});

it("reads one moment of a file that another connection writes meanwhile", async () => {
  writer.exec("create table busy (id integer primary key, v integer)");
  writer.exec("with recursive s(n) as (select 1 union all select n + 1 from s where n < 10000) insert into busy select n, 0 from s");
  const reading = fill("busy", "busy");
  for (let step = 1; step <= 20; step++) {
    writer.exec(`update busy set v = ${step}; insert into busy (v) values (${step})`);
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { rows } = await reading;
  const found = await connection.runAndReadAll("select count(*), count(distinct id), count(distinct v) from busy");
  expect(found.getRows()[0]!.map(Number)).toEqual([rows, rows, 1]);
});
