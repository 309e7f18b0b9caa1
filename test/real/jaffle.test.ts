// jaffle_shop's real rows under a project in dbt's format: the moved project makes the tables that plain SQL makes of the same rows.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll, describe, expect, it } from "vitest";
import { SHOP_IN_DBT, SHOP_IN_SQL } from "../dbt-shop.ts";
import { millrace, project } from "../millrace.ts";
import { realDataFolder } from "../real-data.ts";

const TABLES = ["raw_customers", "raw_orders", "raw_payments"];

describe("jaffle_shop in dbt's format", () => {
  const seeds = TABLES.map((name) => [
    `dbt/seeds/${name}.csv`,
    readFileSync(join(realDataFolder, `databases/jaffle_shop/${name}.csv`), "utf8"),
  ]);
  const models = Object.entries(SHOP_IN_DBT).map(([name, text]) => [`dbt/${name}`, text]);
  const files = project(Object.fromEntries([...seeds, ...models]) as Record<string, string>);
  afterAll(() => files.remove());

  it("runs to the tables that plain SQL makes", async () => {
    const dir = join(files.dir, "new");
    expect((await millrace(["init", "new", "--from", "dbt", "dbt"], files.dir)).exitCode).toBe(0);
    const run = await millrace(["run", "--json"], dir);
    expect(run.exitCode, run.stdout + run.stderr).toBe(0);
    const database = await (await DuckDBInstance.create()).connect();
    for (const name of TABLES)
      await database.run(`create table ${name} as select * from read_csv('${join(files.dir, `dbt/seeds/${name}.csv`)}')`);
    for (const [asset, sql] of Object.entries(SHOP_IN_SQL)) {
      const columns = (await database.runAndReadAll(`describe ${sql}`)).getRows().map(([column]) => String(column));
      const list = columns
        .map((column) => (/amount|total/.test(column) ? `round(${column}, 2)::decimal(18,2)::varchar` : `${column}::varchar`))
        .join(", ");
      const expected = (await database.runAndReadAll(`select ${list} from (${sql}) order by all`)).getRows();
      const made = await millrace(["query", `select ${list} from ${asset} order by all`, "--json"], dir);
      expect(made.lines()[0]!["rows"], asset).toEqual(expected);
      expect(expected.length).toBeGreaterThan(90);
    }
    database.disconnectSync();
  }, 60_000);
});
