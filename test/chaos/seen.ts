// What readers see of a project, told beside everything of Millrace: rows of the views in the warehouse by a connection of its own, files, the ledger.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { inWarehouse, type Query } from "./warehouse.ts";
import { ASSETS, comparable } from "./model-world.ts";

const ENVIRONMENTS = ["prod", "dev", "side"] as const;
export type Environment = (typeof ENVIRONMENTS)[number];

export interface Seen {
  /** `ENVIRONMENT ASSET` → what its rows come to. */
  readonly rows: Readonly<Record<string, string>>;
  /** What stands on disk for others to read → what it comes to. */
  readonly files: Readonly<Record<string, string>>;
  /** Views that readers find. */
  readonly views: readonly string[];
  /** What the ledger says, without ids and times. */
  readonly ledger: readonly string[];
}

export async function look(dir: string): Promise<Seen> {
  return inWarehouse(dir, async (query) => {
    const views = (
      await query(
        "select schema_name || '.' || view_name from duckdb_views() where database_name = current_database() and not internal and not starts_with(schema_name, '_millrace') order by 1",
      )
    ).map(([name]) => String(name));
    return { rows: await rowsOf(query, new Set(views)), files: await filesOf(dir, query), views, ledger: await ledgerOf(query) };
  });
}

/** The rows of a relation in one short text that is the same in whatever order they stand. */
export async function sumOf(query: Query, sql: string): Promise<string> {
  const [[count, sum]] = (await query(`select count(*), coalesce(sum(hash(t)::hugeint), 0)::varchar from (${sql}) t`)) as [
    [unknown, unknown],
  ];
  return `${String(count)} rows, ${String(sum)}`;
}

async function sumOrError(query: Query, sql: string): Promise<string> {
  return sumOf(query, sql).catch((error: unknown) => `broken: ${String(error).split("\n")[0]!}`);
}

async function rowsOf(query: Query, views: ReadonlySet<string>): Promise<Seen["rows"]> {
  const rows: Record<string, string> = {};
  for (const environment of ENVIRONMENTS)
    for (const asset of ASSETS) {
      const own = environment === "prod" ? asset : asset.replace(".", `__${environment}.`);
      const shown = views.has(own) ? own : asset;
      rows[`${environment} ${asset}`] = views.has(shown) ? await sumOrError(query, `select ${comparable(asset)} from ${shown}`) : "none";
    }
  return rows;
}

async function filesOf(dir: string, query: Query): Promise<Seen["files"]> {
  const files: Record<string, string> = {};
  for (const name of ["files", "files__dev", "files__side"])
    files[name] = existsSync(join(dir, "out", name))
      ? await sumOf(
          query,
          `select part::bigint as part, id, v from read_parquet('${dir}/out/${name}/**/*.parquet', hive_partitioning = true, hive_types_autocast = false)`,
        )
      : "none";
  const exported = join(dir, "out/groups.csv");
  files["groups.csv"] = existsSync(exported) ? readFileSync(exported, "utf8").split("\n").toSorted().join("\n") : "none";
  return files;
}

const KEY = "regexp_replace(asset, '@~.*', '@~')";
async function ledgerOf(query: Query): Promise<readonly string[]> {
  const rows = await query(`
    select 'live', environment, ${KEY} from _millrace.environments
    union all select 'environment', environment, kind from _millrace.environment_list
    union all select act, environment, concat_ws(' ', len(from_json(assets, '["json"]')), if(ended_at is null, 'open', 'ended'), if(collected_at is null, 'kept', 'collected'))
      from _millrace.promotions where assets <> '[]'
    union all select 'intervals', ${KEY}, concat_ws(' ', min(start_ms), max(end_ms), sum(end_ms - start_ms)::varchar)
      from _millrace.intervals join _millrace.environments using (asset, version) group by all
    order by all`);
  return rows.map((row) => row.join(" "));
}

/** Views that cannot be read, where the ledger counts other rows than readers see, and where versions lost their tables or files: [] when nothing is wrong. */
export async function contradictions(dir: string, { rows }: Seen): Promise<readonly string[]> {
  const broken = Object.entries(rows).flatMap(([name, told]) => (told.startsWith("broken") ? [`${name} is ${told}`] : []));
  if (broken.length > 0) return broken;
  return inWarehouse(dir, async (query) => {
    const found: string[] = [];
    const live = await query(
      `select e.environment, e.asset, v."rows" from _millrace.environments e join _millrace.versions v using (asset, version) where v."rows" is not null and v.kind <> 'share' and not contains(e.asset, '~')`,
    );
    for (const [environment, key, count] of live) {
      const asset = String(key).split("@")[0]!;
      const view = environment === "prod" ? asset : asset.replace(".", `__${String(environment)}.`);
      const [[seen]] = (await query(`select count(*) from ${view}`)) as [[unknown]];
      if (String(seen) !== String(count))
        found.push(`${String(key)}: the ledger counts ${String(count)} rows, readers see ${String(seen)}`);
    }
    const lost = await query(
      `select asset || ' ' || version from _millrace.versions where physical is not null
         and physical not in (select table_name from duckdb_tables() where schema_name = '_millrace_data')`,
    );
    return [...found, ...lost.map(([name]) => `${String(name)} has no table`)];
  });
}

/** Folders of versions of files that no version in the ledger reads, and what writers left half done. */
export async function lostFiles(dir: string): Promise<readonly string[]> {
  const out = join(dir, "out");
  if (!existsSync(out)) return [];
  return inWarehouse(dir, async (query) => {
    const read = (await query("select view_sql from _millrace.versions where view_sql is not null")).map(([sql]) => String(sql));
    const stores = readdirSync(out).filter((name) => name.endsWith(".versions"));
    const left = stores.flatMap((store) => readdirSync(join(out, store)).map((name) => `out/${store}/${name}`));
    const known = new Set(["files", "files__dev", "files__side", "groups.csv", ...stores]);
    return [
      ...left.filter((path) => !read.some((sql) => sql.includes(`${path}/`))),
      ...readdirSync(out)
        .filter((name) => !known.has(name))
        .map((name) => `out/${name}`),
    ];
  });
}
