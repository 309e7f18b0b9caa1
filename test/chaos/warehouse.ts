// Looks into the warehouse and the state folder of a project while no process of it lives, beside everything of Millrace: what is in them, what is left over.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { mendTorn } from "../../src/sql/torn.ts";

export type Query = (sql: string) => Promise<readonly (readonly any[])[]>;

/** Rows as arrays; values as DuckDB writes them in JSON (64-bit integers and decimals are text). */
export async function inWarehouse<Result>(dir: string, work: (query: Query) => Promise<Result>): Promise<Result> {
  const path = join(dir, ".millrace/warehouse.duckdb");
  await mendTorn(path); // as whoever opens it next does
  const instance = await DuckDBInstance.create(path, { access_mode: "READ_ONLY" });
  try {
    const connection = await instance.connect();
    try {
      return await work(async (sql) => (await connection.runAndReadAll(sql)).getRowsJson());
    } finally {
      connection.closeSync();
    }
  } finally {
    instance.closeSync();
  }
}

/** What may stand in `.millrace`; everything else is left over. */
const KNOWN = new Set([
  "logs",
  "raw",
  "state.sqlite",
  "temp",
  "warehouse.duckdb",
  "http.sqlite",
  "calendars",
  "catalogue.json",
  "appends",
  "cache",
]);

/** What a killed process left and the next one had to clear away: names of tables, folders and files; [] when there is nothing. */
export async function leftovers(dir: string): Promise<readonly string[]> {
  const found: string[] = [];
  const folder = join(dir, ".millrace");
  found.push(...readdirSync(folder).filter((name) => !KNOWN.has(name)));
  for (const name of list(join(folder, "temp"))) found.push(`temp/${name}`);
  await inWarehouse(dir, async (query) => {
    const tables = await query(`select schema_name || '.' || table_name from duckdb_tables()
      where database_name = current_database() and schema_name not in ('_millrace', 'millrace')
      and not (schema_name = '_millrace_data' and table_name in (select physical from _millrace.versions where physical is not null
               union select undo from _millrace.steps where undo is not null))`);
    found.push(...tables.map(([name]) => `table ${name}`));
    const strangers = await query(`select 'origin of ' || physical from _millrace.origins
      where physical not in (select table_name from duckdb_tables() where schema_name = '_millrace_data')`);
    found.push(...strangers.map(([name]) => String(name)));
    const kept = new Set((await query("select asset || '/' || load from _millrace.raw_loads")).map(([name]) => String(name)));
    const there = list(join(folder, "raw")).flatMap((asset) =>
      list(join(folder, "raw", asset)).flatMap((load) =>
        load === "pending" ? list(join(folder, "raw", asset, load)).map((key) => `${asset}/pending/${key}`) : [`${asset}/${load}`],
      ),
    );
    found.push(...there.filter((name) => !kept.has(name)).map((name) => `raw/${name}`));
    found.push(...[...kept].filter((name) => !there.includes(name)).map((name) => `raw/${name} is not there`));
  });
  return found;
}

function list(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}
