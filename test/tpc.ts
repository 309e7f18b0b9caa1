// The questions of TPC-H and TPC-DS as DuckDB's extensions of those names hold them, with small tables for them. The extensions come from
// the Python packages that carry them, installed once into a folder of the user's cache; a machine that cannot have them fails the tests loudly.
import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import type { KnownSchema } from "../src/sql/compile/types.ts";
import { ensurePython } from "./service.ts";

const VERSION = "1.5.5";
/** Name and packages of their Python. */
export const TPC = [`tpc-${VERSION}`, [`duckdb-extension-tpch==${VERSION}`, `duckdb-extension-tpcds==${VERSION}`]] as const;

export type Benchmark = "tpch" | "tpcds";

/** As small as the generators go before tables stay empty. */
const GENERATE: Readonly<Record<Benchmark, string>> = { tpch: "call dbgen(sf=0.001)", tpcds: "call dsdgen(sf=0.01)" };

/** What no question asks for only takes time. */
const SMALLER = `
  delete from date_dim where d_year not between 1998 and 2003;
  delete from time_dim where t_time % 15 <> 0 and t_time_sk not in (select ss_sold_time_sk from store_sales where ss_item_sk % 4 = 0);
  delete from customer_demographics where cd_demo_sk % 4 <> 0;
  delete from inventory where inv_item_sk % 4 <> 0;
  delete from store_sales where ss_item_sk % 4 <> 0;
  delete from catalog_page where cp_catalog_page_sk % 40 <> 0`;

/** Loads the extension and fills the current schema; answers the texts in their order. */
export async function openBenchmark(connection: DuckDBConnection, benchmark: Benchmark): Promise<readonly string[]> {
  await connection.run(`load '${extensionPath(benchmark)}'`);
  await connection.run(GENERATE[benchmark]);
  if (benchmark === "tpcds") await connection.run(SMALLER);
  const texts = await connection.runAndReadAll(`select query from ${benchmark}_queries() order by query_nr`);
  return texts.getRows().map(([text]) => String(text));
}

/** The extension as a file that DuckDB can load. */
export function extensionPath(benchmark: Benchmark): string {
  const lib = join(dirname(ensurePython(...TPC)), "lib");
  for (const python of readdirSync(lib)) {
    const path = join(
      lib,
      python,
      "site-packages",
      `duckdb_extension_${benchmark}`,
      "extensions",
      `v${VERSION}`,
      `${benchmark}.duckdb_extension`,
    );
    if (existsSync(path)) return path;
  }
  throw new Error(`the package of the extension ${benchmark} holds no extension for DuckDB ${VERSION}`);
}

/** Columns of every table of a schema, by `main.table`. */
export async function schemasIn(connection: DuckDBConnection, schema: string): Promise<ReadonlyMap<string, KnownSchema>> {
  const rows = await connection.runAndReadAll(
    `select table_name, column_name, data_type from duckdb_columns() where schema_name = '${schema}' and database_name = current_database() order by table_name, column_index`,
  );
  const schemas = new Map<string, { columns: { name: string; type: string }[]; certain: true }>();
  for (const [table, name, type] of rows.getRows()) {
    const id = `main.${String(table)}`;
    const known = schemas.get(id) ?? { columns: [], certain: true };
    known.columns.push({ name: String(name), type: String(type) });
    schemas.set(id, known);
  }
  return schemas;
}
