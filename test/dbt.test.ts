// `millrace init --from dbt`: a project in dbt's format runs to the tables that plain SQL makes; what cannot be turned is told with its place.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SHOP_IN_DBT, SHOP_IN_SQL } from "./dbt-shop.ts";
import { project } from "./millrace.ts";
import { millrace } from "./warm.ts";

const NAMES = ["Ada", "Bo", "Cleo", "Dev", "Eve"];
const METHODS = ["credit_card", "coupon", "bank_transfer", "gift_card"];
const SEEDS = {
  "seeds/raw_customers.csv": `id,first_name,last_name\n${NAMES.map((name, at) => `${at + 1},${name},${name[0]}.`).join("\n")}\n`,
  "seeds/raw_orders.csv": `id,user_id,order_date,status\n${Array.from({ length: 40 }, (_, at) => `${at + 1},${(at % 4) + 1},2026-01-${String((at % 28) + 1).padStart(2, "0")},${at % 3 === 0 ? "returned" : "completed"}`).join("\n")}\n`,
  "seeds/raw_payments.csv": `id,order_id,payment_method,amount\n${Array.from({ length: 60 }, (_, at) => `${at + 1},${(at % 40) + 1},${METHODS[at % 4]},${(at * 137) % 5000}`).join("\n")}\n`,
};

describe("a project of dbt", () => {
  const files = project(Object.fromEntries(Object.entries({ ...SHOP_IN_DBT, ...SEEDS }).map(([name, text]) => [`dbt/${name}`, text])));
  let notes: { file: string; line: number; message: string }[] = [];
  beforeAll(async () => {
    const made = await millrace(["init", "new", "--from", "dbt", "dbt", "--json"], files.dir);
    expect(made.exitCode, made.stdout + made.stderr).toBe(0);
    notes = made.lines()[0]!["notes"];
  });
  afterAll(() => files.remove());
  const read = (path: string): string => readFileSync(join(files.dir, "new", path), "utf8");

  it("tells what cannot be turned, at its file and line", () => {
    const told = (file: string): unknown => notes.filter((note) => note.file === file).map(({ line, message }) => `${line}: ${message}`);
    expect(told("models/asks_database.sql")).toEqual([expect.stringMatching(/^3: run_query\(\) looks into the database/)]);
    expect(told("models/unclosed.sql")).toEqual([expect.stringMatching(/^2: /)]);
    expect(told("models/pivoted.sql")).toEqual(["1: dbt_utils.pivot() is not known here"]);
    expect(told("models/schema.yml")).toEqual([
      `${lineOf("models/schema.yml", "name: orders")}: the test dbt_expectations.expect_column_mean_to_be_between of main.orders.amount has no check that says the same`,
      `${lineOf("models/schema.yml", "weekly_report")}: exposure weekly_report was left out`,
    ]);
  });

  it("keeps descriptions, tags, owners and comments", () => {
    expect(read("models/stg_customers.sql")).toContain("description: One row per customer");
    expect(read("models/stg_customers.sql")).toContain("/* seeds for now */");
    expect(read("models/stg_customers.sql")).toMatch(/tags:\n\s+- staging/);
    expect(read("models/orders.sql")).toContain("owner: data@shop");
    expect(read("models/orders.sql")).toContain("amount: Total of all payments");
  });

  it("runs to the tables that plain SQL makes, checks and all", async () => {
    const run = await millrace(["run", "--json"], join(files.dir, "new"));
    expect(run.exitCode, run.stdout + run.stderr).toBe(0);
    const database = await (await DuckDBInstance.create()).connect();
    for (const [path, text] of Object.entries(SEEDS)) {
      const name = path.slice("seeds/".length, -".csv".length);
      await database.run(`create table ${name} as select * from read_csv('${join(files.dir, "dbt", path)}')`);
      expect(text).not.toBe("");
    }
    for (const [asset, sql] of Object.entries(SHOP_IN_SQL)) {
      const columns = (await database.runAndReadAll(`describe ${sql}`)).getRows().map(([column]) => String(column));
      const list = columns
        .map((column) => (/amount|total/.test(column) ? `round(${column}, 2)::varchar` : `${column}::varchar`))
        .join(", ");
      const expected = (await database.runAndReadAll(`select ${list} from (${sql}) order by all`)).getRows();
      const made = await millrace(["query", `select ${list} from ${asset} order by all`, "--json"], join(files.dir, "new"));
      expect(numbers(made.lines()[0]!["rows"]), asset).toEqual(numbers(expected));
      expect(expected.length).toBeGreaterThan(3);
    }
    database.disconnectSync();
  }, 60_000);

  it("runs its unit tests", async () => {
    const tested = await millrace(["test", "--json"], join(files.dir, "new"));
    expect(tested.exitCode, tested.stdout + tested.stderr).toBe(0);
  });
});

function lineOf(file: string, text: string): number {
  return SHOP_IN_DBT[file]!.split("\n").findIndex((line) => line.includes(text)) + 1;
}

/** 2 and 2.00 are the same amount. */
function numbers(rows: readonly (readonly unknown[])[]): unknown {
  return rows.map((row) => row.map((cell) => (typeof cell === "string" && /^-?\d+\.\d+$/.test(cell) ? Number(cell) : cell)));
}
