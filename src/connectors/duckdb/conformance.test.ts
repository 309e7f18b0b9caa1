// The DuckDB connector in the suite that all connectors pass.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll } from "vitest";
import { type SuiteRow, testConnector } from "../../testing/connector.suite.ts";
import { duckdb } from "./index.ts";
import type { DuckdbOptions } from "./options.ts";

const folder = mkdtempSync(join(tmpdir(), "millrace-duckdb-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let places = 0;

async function within<Result>(path: string, sql: string, use: (rows: unknown[]) => Result): Promise<Result> {
  const instance = await DuckDBInstance.create(path);
  const connection = await instance.connect();
  const reader = await connection.runAndReadAll(sql);
  const result = use(reader.getRowObjectsJson());
  connection.closeSync();
  instance.closeSync();
  return result;
}

testConnector<DuckdbOptions>("duckdb", {
  connector: duckdb,
  source: {
    async put(rows) {
      const path = join(folder, "in.duckdb");
      const values = rows.map(({ id, name }) => `(${id}, ${name === null ? "null" : `'${name.replaceAll("'", "''")}'`})`).join(", ");
      await within(path, `create or replace table people (id integer, name varchar)`, () => {});
      if (rows.length > 0) await within(path, `insert into people values ${values}`, () => {});
      return { path, table: "people" };
    },
    wrong: () => ({ options: { path: join(folder, "not-there.duckdb"), table: "people" }, secret: "hunter2" }),
  },
  destination: {
    fresh: () => Promise.resolve({ path: join(folder, `out-${++places}.duckdb`), table: "people" }),
    rows: ({ path }) => within(path!, "select id::int as id, name from people", (rows) => rows as SuiteRow[]),
  },
});
