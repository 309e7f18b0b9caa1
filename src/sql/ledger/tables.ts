// Physical tables that served their time: stage, work and aside tables of one load.
import { DATA_SCHEMA } from "./ledger.ts";
import type { Session } from "../session.ts";
import { literal, qualified } from "../text.ts";

/** Drops the physical tables whose names begin with `prefix` and that no version refers to, with their origins. */
export async function dropTables(session: Session, prefix: string): Promise<void> {
  const tables = await session.rows<{ name: string }>(
    `select table_name as name from duckdb_tables() where schema_name = '${DATA_SCHEMA}' and database_name = current_database()
     and starts_with(table_name, ${literal(prefix)}) and table_name not in (select physical from _millrace.versions where physical is not null)`,
  );
  if (tables.length === 0) return;
  await session.run(tables.map(({ name }) => `drop table if exists ${qualified(DATA_SCHEMA, name)};`).join("\n"));
  await session.run(`delete from _millrace.origins where physical in (${tables.map(({ name }) => literal(name)).join(", ")})`);
}
