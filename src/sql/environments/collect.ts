// Collection: what was put aside by promotions and drops goes when its time is over and nobody looks at it: tables and the ledger's rows in one transaction.
//   K1. What an environment holds (`x@~ID` in its rows) is kept, however old. K2. A table goes only with the last version that refers to it.
import { PROD, splitLedgerAsset } from "../../model/environment.ts";
import { DATA_SCHEMA, KEYED_TABLES, ROWS_SCHEMA } from "../ledger/ledger.ts";
import { forgetMacros, forgetTexts } from "../functions/promoted.ts";
import { readActs } from "./promote.ts";
import type { Session, Transaction } from "../session.ts";
import { ident, literal, qualified } from "../text.ts";

/** Acts whose earlier versions may go. */
export async function collectable(session: Session, before: Date): Promise<readonly string[]> {
  const acts = await readActs(session);
  const held = await session.rows<{ asset: string }>(`select distinct asset from _millrace.environments where environment <> '${PROD}'`);
  const keys = held.map(({ asset }) => asset).filter((key) => splitLedgerAsset(key).environment === null);
  return acts
    .filter(
      ({ id, at, collectedAt }) =>
        collectedAt === null && Date.parse(at) < before.getTime() && !keys.some((key) => key.endsWith(`@~${id}`)),
    )
    .map(({ id }) => id);
}

/** Removes what one act put aside, and says how many tables that were. */
export async function collectAct(tx: Transaction, act: string): Promise<number> {
  const mine = `ends_with(asset, ${literal(`@~${act}`)})`;
  const physicals = await tx.rows<{ name: string }>(
    `select t.table_name as name from duckdb_tables() t where t.schema_name = '${DATA_SCHEMA}' and t.database_name = current_database()
       and (t.table_name in (select physical from _millrace.versions where ${mine}) or t.table_name in (select undo from _millrace.steps where ${mine}))
       and t.table_name not in (select physical from _millrace.versions where physical is not null and not ${mine})
       and t.table_name not in (select undo from _millrace.steps where undo is not null and not ${mine})`,
  );
  const views = await tx.rows<{ name: string }>(
    `select view_name as name from duckdb_views() where schema_name = '${ROWS_SCHEMA}' and database_name = current_database() and ends_with(view_name, ${literal(`@~${act}`)})`,
  );
  for (const name of KEYED_TABLES) await tx.run(`delete from _millrace.${ident(name)} where ${mine}`);
  for (const { name } of physicals) {
    await tx.run(`drop table ${qualified(DATA_SCHEMA, name)}`);
    await tx.run("delete from _millrace.origins where physical = $1", [name]);
  }
  for (const { name } of views) await tx.run(`drop view ${qualified(ROWS_SCHEMA, name)}`);
  await forgetMacros(tx, act);
  await tx.run("update _millrace.promotions set collected_at = now() where promotion = $1", [act]);
  return physicals.length;
}

/** An environment is no longer there: its own goes aside, its views and schemas are dropped. */
export async function dropSchemas(tx: Transaction, environment: string): Promise<void> {
  const schemas = await tx.rows<{ name: string }>(
    `select schema_name as name from duckdb_schemas() where database_name = current_database() and ends_with(schema_name, ${literal(`__${environment}`)})`,
  );
  for (const { name } of schemas) {
    const tables = await tx.row("select 1 from duckdb_tables() where schema_name = $1 and database_name = current_database()", [name]);
    if (tables === undefined) await tx.run(`drop schema ${ident(name)} cascade`);
  }
  await tx.run("delete from _millrace.environments where environment = $1", [environment]);
  await tx.run("delete from _millrace.environment_list where environment = $1", [environment]);
  await forgetTexts(tx, environment);
  await tx.run("delete from _millrace.deployments where environment = $1", [environment]);
}
