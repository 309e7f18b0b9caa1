// The ledger: schema `_millrace` of the warehouse, created once and versioned. Whatever is committed with rows stands here, in the same file,
// so that one transaction covers both. No primary keys: their indexes cost more than they give; the code that writes keeps rows unique.
import { MillraceError } from "../../model/errors.ts";
import type { Session } from "../session.ts";
import { literal } from "../text.ts";

/** Layout of the ledger. A warehouse of a higher one is refused. */
export const LEDGER_VERSION = 1;
/** Schema of the physical tables; users' schemas hold views on them. */
export const DATA_SCHEMA = "_millrace_data";
/** Schema of one view per asset that also shows `_load`, `_file`, `_line`. */
export const ROWS_SCHEMA = "_millrace_rows";

const TABLES = `
create schema _millrace;
create schema ${DATA_SCHEMA};
create schema ${ROWS_SCHEMA};
create table _millrace._meta (key varchar, value varchar);
create table _millrace.loads (load varchar, asset varchar, run varchar, node varchar, attempt integer, mode varchar, status varchar,
  "at" timestamptz, seconds double, rows_read bigint, rows_loaded bigint, rows_quarantined bigint, rows_filtered bigint,
  filtered json, version varchar, warnings json);
create table _millrace.files (load varchar, asset varchar, file varchar, size bigint, hash varchar, modified timestamptz, status varchar,
  rows_read bigint, rows_loaded bigint, rows_quarantined bigint, rows_filtered bigint,
  lines bigint, lines_header bigint, lines_preamble bigint, lines_blank bigint, understood json, "at" timestamptz);
create table _millrace.cursors (asset varchar, column_name varchar, type varchar, value varchar, position json, load varchar, "at" timestamptz);
create table _millrace.schemas (asset varchar, number integer, load varchar, run varchar, "at" timestamptz, columns json, changes json);
create table _millrace.quarantine (id varchar, asset varchar, load varchar, run varchar, reason varchar, rule varchar, file varchar, line bigint,
  lines bigint, raw varchar, row json, status varchar, "at" timestamptz, decided_at timestamptz, decided_by varchar, note varchar);
create table _millrace.versions (asset varchar, version varchar, kind varchar, physical varchar, view_sql varchar, code_hash varchar, inputs json,
  source_state varchar, content_hash varchar, rows bigint, columns json, hidden json, checks json, load varchar,
  run varchar, node varchar, attempt integer, "at" timestamptz);
create table _millrace.environments (environment varchar, asset varchar, version varchar, "at" timestamptz);
create table _millrace.origins (physical varchar, load varchar, file varchar, first_row bigint, line bigint);
create table _millrace.fences (run varchar, node varchar, attempt integer, commits integer, "at" timestamptz);
create table _millrace.commits (run varchar, node varchar, attempt integer, asset varchar, version varchar, result json, "at" timestamptz);
create macro _millrace.rows(asset) as table select * from query_table('${ROWS_SCHEMA}."' || asset || '"');
`;

/** Tables that came after the first layout; what does not know them leaves them as they are. */
const LATER_TABLES = `
alter table _millrace.files add column if not exists identity varchar;
alter table _millrace.versions add column if not exists contents json;
alter table _millrace.versions add column if not exists begun varchar;
alter table _millrace.environments add column if not exists base varchar;
create table if not exists _millrace.environment_list (environment varchar, kind varchar, branch varchar, "at" timestamptz, used_at timestamptz);
create table if not exists _millrace.deployments (environment varchar, ref varchar, commit varchar, author varchar, committed_at varchar, "by" varchar,
  "at" timestamptz, codes varchar);
create table if not exists _millrace.promotions (promotion varchar, act varchar, environment varchar, assets json, "by" varchar, why varchar,
  "at" timestamptz, ended_at timestamptz, collected_at timestamptz);
create table if not exists _millrace.steps (asset varchar, version varchar, previous varchar, load varchar, run varchar, continues boolean,
  in_place boolean, undo varchar, closed_at timestamp, replaced json, cursor json, "at" timestamptz);
create table if not exists _millrace.rollbacks (environment varchar, asset varchar, from_version varchar, to_version varchar, loads json,
  "by" varchar, why varchar, "at" timestamptz, ended_at timestamptz);
create table if not exists _millrace.partitions (asset varchar, partition varchar, version varchar, load varchar, run varchar, node varchar, attempt integer,
  status varchar, "rows" bigint, quarantined bigint, filtered json, code_hash varchar, inputs json, seconds double, "at" timestamptz);
create table if not exists _millrace.moments (asset varchar, version varchar, moment timestamp, inputs json);
create table if not exists _millrace.decisions (decision varchar, asset varchar, act varchar, ids json, "rows" bigint, load varchar, run varchar,
  "by" varchar, why varchar, detail json, "at" timestamptz);
create table if not exists _millrace.accepted (asset varchar, rule varchar, row_hash varchar, decision varchar, "at" timestamptz);
create table if not exists _millrace.reasons (asset varchar, load varchar, rule varchar, "rows" bigint, "at" timestamptz);
create table if not exists _millrace.changes (load varchar, asset varchar, run varchar, "column" varchar, rule varchar, "values" bigint, sample json,
  detail varchar, "at" timestamptz);
create table if not exists _millrace.raw_loads (load varchar, asset varchar, mode varchar, partition json, full_refresh boolean, missing json, bytes bigint,
  "at" timestamptz);
create table if not exists _millrace.raw (load varchar, asset varchar, ordinal integer, kind varchar, name varchar, path varchar, first_byte bigint,
  stored_bytes bigint, encoding varchar, size bigint, hash varchar, modified_ms bigint, "rows" bigint, position json, columns json);
create table if not exists _millrace.increments (asset varchar, version varchar, mode varchar, reads json, reason varchar, "at" timestamptz);
create table if not exists _millrace.intervals (asset varchar, version varchar, start_ms bigint, end_ms bigint, code_hash varchar, run varchar, "at" timestamptz);
create table if not exists _millrace.remotes (asset varchar, version varchar, engine varchar, connection varchar, physical varchar, sql varchar, "at" timestamptz);
`;

/** Tables with a column `asset` that holds keys: all but what tells whose keys are seen, and definitions, which are nobody's. */
export const KEYED_TABLES: readonly string[] = [
  ...(TABLES + LATER_TABLES).matchAll(/create table (?:if not exists )?_millrace\.(\w+) \(([^;]+)\)/g),
]
  .filter(([, name = "", columns = ""]) => /\basset varchar/.test(columns) && name !== "environments" && name !== "definitions")
  .map(([, name = ""]) => name);

/** Creates the ledger in a new warehouse, or checks the version of the one that is there. @throws MR5002 when it is newer. */
export async function prepareLedger(session: Session, path: string, writtenBy: string): Promise<void> {
  const known = await session.row<{ n: number }>(
    "select count(*) as n from duckdb_tables() where schema_name = '_millrace' and table_name = '_meta' and database_name = current_database()",
  );
  if (known?.n === 1) {
    const meta = await session.rows<{ key: string; value: string }>("select key, value from _millrace._meta");
    const values = new Map(meta.map((entry) => [entry.key, entry.value]));
    const version = Number(values.get("ledger") ?? 0);
    if (version <= LEDGER_VERSION) {
      await session.run(LATER_TABLES);
      return;
    }
    throw new MillraceError({
      code: "MR5002",
      message: `The warehouse ${path} has ledger version ${version} (written by millrace ${values.get("millrace") ?? "?"}); this one knows up to ${LEDGER_VERSION}.`,
    });
  }
  await session.run("begin");
  try {
    await session.run(TABLES + LATER_TABLES);
    await session.run(`insert into _millrace._meta values ('ledger', '${LEDGER_VERSION}'), ('millrace', ${literal(writtenBy)})`);
    await session.run("commit");
  } catch (error) {
    await session.run("rollback").catch(() => undefined); // the first error is the one that tells
    throw error;
  }
}

/** Drops tables of attempts that never published: nothing references them. Only the opener may do this, before any work starts. */
export async function dropOrphans(session: Session): Promise<readonly string[]> {
  const orphans = await session.rows<{ name: string }>(
    `select table_name as name from duckdb_tables() where schema_name = '${DATA_SCHEMA}' and database_name = current_database()
     and table_name not in (select physical from _millrace.versions where physical is not null)
     and table_name not in (select undo from _millrace.steps where undo is not null)`,
  );
  for (const { name } of orphans) await session.run(`drop table ${DATA_SCHEMA}."${name.replaceAll('"', '""')}"`);
  // Also those whose table an attempt dropped just before it died.
  await session.run(
    "delete from _millrace.origins where physical not in (select physical from _millrace.versions where physical is not null)",
  );
  return orphans.map(({ name }) => name);
}

/** Fences of runs that ended long ago. A run is not resumed after this time. */
export async function pruneFences(session: Session, keptDays = 30): Promise<void> {
  await session.run(`delete from _millrace.fences where "at" < now() - interval ${keptDays} days`);
}
