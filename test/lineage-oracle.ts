// An oracle of column lineage that knows nothing of plans: it changes the values of one source column, carries the query out again on data, and
// looks which output columns changed. What it saw must be in the lineage; what the lineage holds and it never saw is counted.
import type { DuckDBConnection } from "@duckdb/node-api";
import type { AssetLineage } from "../src/model/lineage.ts";
import type { KnownSchema } from "../src/sql/compile/types.ts";
import { compile } from "../src/sql/compile/compile.ts";

/** Where the tables with their true values are; `main` holds views on them, one of which is changed at a time. */
export const BASE = "base";

export interface Verdict {
  /** Changes that the lineage does not explain. */
  readonly missed: readonly string[];
  /** Pairs of a source column and an output column: said to be values of it, and among them seen to change it. */
  readonly claimed: number;
  readonly seen: number;
}

export interface OracleInput {
  readonly connection: DuckDBConnection;
  readonly sql: string;
  readonly schemas: ReadonlyMap<string, KnownSchema>;
  readonly seeds: readonly number[];
  /** Which columns are changed: those of the tables that the query names, all of them or the ones it names too. */
  readonly columns: "all" | "named";
}

/** Lineage of one query. @throws where only tables are known. */
export async function lineageOf(sql: string, schemas: ReadonlyMap<string, KnownSchema>): Promise<AssetLineage> {
  return (await compiled(sql, schemas)).lineage;
}

/** And its columns in their order. */
async function compiled(
  sql: string,
  schemas: ReadonlyMap<string, KnownSchema>,
): Promise<{ readonly lineage: AssetLineage; readonly columns: readonly string[] }> {
  const { queries, errors } = await compile({
    models: [],
    queries: [{ id: "q", file: "q.sql", sql, text: sql, sqlOffset: 0 }],
    schemas,
    lineage: "columns",
  });
  const query = queries.get("q")!;
  if (errors.length > 0) throw errors[0]!;
  if (query.lineage === null) throw new Error(`lineage of tables only: ${query.unbound ?? "the plan is not understood"}`);
  return { lineage: query.lineage, columns: (query.columns ?? []).map(({ name }) => name) };
}

/** Views in `main` on everything in BASE. */
export async function showTables(connection: DuckDBConnection, schemas: ReadonlyMap<string, KnownSchema>): Promise<void> {
  for (const id of schemas.keys()) await show(connection, id);
}

export async function judge({ connection, sql, schemas, seeds, columns: which }: OracleInput): Promise<Verdict> {
  const { lineage, columns: outputs } = await compiled(sql, schemas);
  const before = await columnsOf(connection, sql);
  const missed: string[] = [];
  let [claimed, seen] = [0, 0];
  for (const { asset, column } of candidates(sql, schemas, which)) {
    const takes = (sources: AssetLineage["influences"]): boolean =>
      sources.some((source) => source.asset === asset && (source.path === column || source.path.startsWith(`${column}.`)));
    const decidesRows = takes(lineage.influences);
    const explained = outputs.map((name) => takes(lineage.columns[name]!));
    const changed = new Set<number>();
    // Columns without it must stay the same also beside each other.
    const others = [...outputs.keys()].filter((index) => !explained[index]);
    for (const seed of seeds) {
      if (decidesRows && explained.every((is, index) => !is || changed.has(index))) break; // there is nothing left to see
      await show(connection, asset, { column, seed });
      // Changed values may break a query (two rows where one is allowed): then nothing was seen.
      const after = await columnsOf(connection, sql).catch(() => before);
      for (const index of outputs.keys()) if (text(before, [index]) !== text(after, [index])) changed.add(index);
      if (!decidesRows && text(before, others) !== text(after, others)) {
        const names = others.filter((index) => changed.has(index)).map((index) => outputs[index]);
        missed.push(`${asset}.${column} changes ${names.join(", ") || "the rows"}`);
        break;
      }
    }
    await show(connection, asset);
    claimed += explained.filter(Boolean).length;
    seen += explained.filter((is, index) => is && changed.has(index)).length;
  }
  return { missed, claimed, seen };
}

function candidates(
  sql: string,
  schemas: ReadonlyMap<string, KnownSchema>,
  which: OracleInput["columns"],
): readonly { readonly asset: string; readonly column: string }[] {
  const words = new Set(sql.toLowerCase().match(/[a-z_][a-z0-9_]*/g));
  const named = (name: string): boolean => words.has(name.toLowerCase());
  return [...schemas].flatMap(([asset, { columns }]) =>
    named(asset.slice(asset.indexOf(".") + 1))
      ? columns.filter(({ name }) => which === "all" || named(name)).map(({ name }) => ({ asset, column: name }))
      : [],
  );
}

async function show(
  connection: DuckDBConnection,
  asset: string,
  changed?: { readonly column: string; readonly seed: number },
): Promise<void> {
  const table = asset.slice(asset.indexOf(".") + 1);
  if (changed === undefined) {
    await connection.run(`create or replace view main."${table}" as from ${BASE}."${table}"`);
    return;
  }
  const { column, seed } = changed;
  const source = `${BASE}."${table}"`;
  await connection.run(`
    create or replace table main.changed__ as
      with d as (select v, row_number() over (order by v) - 1 as n from (select distinct "${column}" as v from ${source})),
        t as (select *, rowid as rid from ${source})
      select t.* exclude (rid) replace (case when hash(rid + ${seed}) % 3 = 0 then d.v else "${column}" end as "${column}")
      from t left join d on d.n = hash(rid * 7 + ${seed}) % (select count(*) from d) order by rid;
    create or replace view main."${table}" as select * from main.changed__`);
}

/** Values as texts, per row. */
async function columnsOf(connection: DuckDBConnection, sql: string): Promise<readonly (readonly string[])[]> {
  const reader = await connection.runAndReadAll(sql);
  return reader.getRows().map((row) => row.map((value) => (typeof value === "number" ? value.toPrecision(6) : String(value))));
}

/** The bag of rows, of some columns only. */
function text(rows: readonly (readonly string[])[], indexes: readonly number[]): string {
  return rows
    .map((row) => indexes.map((index) => row[index]).join("\u0001"))
    .toSorted()
    .join("\u0002");
}
