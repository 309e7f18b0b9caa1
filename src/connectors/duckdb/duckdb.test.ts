// Files of DuckDB: the warehouse itself, a file that another process writes, a query that names the file's own tables.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { FilledTable } from "../../load/connector.ts";
import { attached } from "./file.ts";
import { duckdb } from "./index.ts";
import type { DuckdbOptions } from "./options.ts";

const folder = mkdtempSync(join(tmpdir(), "millrace-duckdb-file-"));
const warehouse = join(folder, "warehouse.duckdb");
const other = join(folder, "other.duckdb");
let connection: DuckDBConnection;
beforeAll(async () => {
  const made = await DuckDBInstance.create(other);
  const writing = await made.connect();
  await writing.run(
    "create schema shop; create table shop.t as select 1 as id, 170141183460469231731687303715884105727::hugeint as h, [1, 2] as l",
  );
  writing.closeSync();
  made.closeSync();
  connection = await (await DuckDBInstance.create(warehouse)).connect();
});
afterAll(() => {
  connection.closeSync();
  rmSync(folder, { recursive: true, force: true });
});

async function fill(options: DuckdbOptions, into: string): Promise<FilledTable> {
  const context = {
    connection,
    projectDir: folder,
    tempDir: folder,
    since: undefined,
    signal: new AbortController().signal,
    connections: {},
    log: () => {},
  };
  for await (const delivery of duckdb.read!(options, context))
    if (delivery.kind === "table") return await delivery.fill({ connection, into });
  throw new Error("nothing was delivered");
}

it("copies a table with its own types, and runs a query inside the file", async () => {
  const { columns } = await fill({ path: other, table: "shop.t" }, "main.copied");
  expect(columns.map(({ type }) => type)).toEqual(["INTEGER", "HUGEINT", "INTEGER[]"]);
  expect((await fill({ path: other, query: "select id from shop.t" }, "main.queried")).rows).toBe(1);
  expect((await connection.runAndReadAll("select current_database(), (select count(*) from queried)")).getRows()).toEqual([
    ["warehouse", 1n],
  ]);
});

it("reads a file many times at once, lets an export in only when nobody reads it, and leaves nothing attached", async () => {
  const attachedNow = async (): Promise<number> =>
    (await connection.runAndReadAll("select 1 from duckdb_databases() where starts_with(database_name, '_millrace_file')")).currentRowCount;
  const open = (access: "read" | "write", work: () => Promise<unknown>): Promise<unknown> =>
    attached(connection, { path: other, access }, work);
  const counts = await Promise.all([1, 2, 3].map(() => open("read", attachedNow)));
  expect(counts).toEqual([1, 1, 1]);
  await open("read", async () => expect(open("write", attachedNow)).rejects.toMatchObject({ code: "MR4856", retryable: true }));
  const order: string[] = [];
  await Promise.all([open("write", () => pause(20).then(() => order.push("written"))), open("read", async () => order.push("read"))]);
  expect([order, await attachedNow()]).toEqual([["written", "read"], 0]);
});

it("refuses the warehouse itself", async () => {
  await expect(fill({ path: warehouse, table: "t" }, "main.own")).rejects.toMatchObject({ code: "MR4856" });
});

it("names the process that holds the file", async () => {
  const code = `import("@duckdb/node-api").then(async ({ DuckDBInstance }) => { const i = await DuckDBInstance.create(process.argv[1]); const c = await i.connect(); await c.run("create or replace table x as select 1"); console.log("held"); process.stdin.on("end", () => process.exit(0)).resume(); })`;
  const holder = spawn(process.execPath, ["-e", code, other], { stdio: ["pipe", "pipe", "inherit"] });
  try {
    await new Promise((resolve) => holder.stdout.once("data", resolve));
    const failure: unknown = await fill({ path: other, table: "shop.t" }, "main.held").catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "MR4856", retryable: true });
    expect(String(failure)).toContain(`PID ${holder.pid}`);
  } finally {
    const ended = new Promise((resolve) => holder.once("exit", resolve));
    holder.stdin.end();
    await ended;
  }
});
