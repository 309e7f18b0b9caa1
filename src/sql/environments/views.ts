// The views of versions that are there: what a promotion shows in place of what was shown, for many assets in one statement.
import { environmentSchema, PROD, splitLedgerAsset } from "../../model/environment.ts";
import { ownSql } from "./stored-view.ts";
import { ROWS_SCHEMA } from "../ledger/ledger.ts";
import { physicalTable, rowsWithOrigins } from "../ledger/publish.ts";
import type { Transaction } from "../session.ts";
import { ident, qualified } from "../text.ts";

interface ShownRow {
  readonly asset: string;
  readonly version: string;
  readonly kind: string;
  readonly physical: string | null;
  readonly view_sql: string | null;
  readonly inputs: string;
  readonly columns: string;
  readonly hidden: string;
  readonly filed: boolean;
}

interface Shown extends ShownRow {
  readonly view: string;
  readonly inputNames: readonly string[];
}

/** Makes the views of what readers of an environment are to see under these keys; a key without a version is seen no longer. */
export async function showVersions(tx: Transaction, keys: readonly string[], environment: string = PROD): Promise<void> {
  if (keys.length === 0) return;
  const rows = await tx.rows<ShownRow>(
    `select v.asset, v.version, v.kind, v.physical, v.view_sql, v.inputs, v.columns, v.hidden,
       v.physical is not null and v.physical in (select physical from _millrace.origins) as filed
     from _millrace.environments e join _millrace.versions v on v.asset = e.asset and v.version = e.version
     where e.environment = $1 and e.asset in (select unnest(from_json($2, '["varchar"]')))`,
    [environment, JSON.stringify(keys)],
  );
  const found = new Map(rows.map((row) => [row.asset, row]));
  const view = (key: string): string => {
    const { asset } = splitLedgerAsset(key);
    const dot = asset.indexOf(".");
    return qualified(environmentSchema(asset.slice(0, dot), environment), asset.slice(dot + 1));
  };
  const schemas = new Set(keys.map((key) => environmentSchema(key.slice(0, key.indexOf(".")), environment)));
  const statements = [...schemas].map((schema) => `create schema if not exists ${ident(schema)}`);
  for (const key of keys)
    if (!found.has(key) || found.get(key)!.kind === "remote")
      statements.push(`drop view if exists ${view(key)}; drop view if exists ${qualified(ROWS_SCHEMA, key)}`);
  const shown = rows
    .filter(({ kind }) => kind !== "share" && kind !== "remote")
    .map((row): Shown => ({ ...row, view: view(row.asset), inputNames: Object.keys(JSON.parse(row.inputs) as object) }));
  for (const row of inOrder(shown)) {
    const columns = JSON.parse(row.columns) as readonly { readonly name: string }[];
    statements.push(
      `create or replace view ${row.view} as ${await bodyOf(tx, row, { columns, environment })}`,
      `create or replace view ${qualified(ROWS_SCHEMA, row.asset)} as ${rowsOf(row, columns)}`,
    );
  }
  await tx.run(statements.join(";\n"));
}

interface BodyOf {
  readonly columns: readonly { readonly name: string }[];
  readonly environment: string;
}

async function bodyOf(tx: Transaction, row: Shown, { columns, environment }: BodyOf): Promise<string> {
  if (row.physical !== null) return `select ${columns.map(({ name }) => ident(name)).join(", ")} from ${physicalTable(row.physical)}`;
  const sql = (row.view_sql ?? "").replace(/[\s;]+$/, "");
  const { asset } = splitLedgerAsset(row.asset);
  return `\n${environment === PROD ? sql : await ownSql(tx, `${asset}@${environment}`, sql)}\n`;
}

function rowsOf(row: Shown, columns: BodyOf["columns"]): string {
  const missing = (["_load", "_file", "_line"] as const).filter((name) => !columns.some((column) => column.name === name));
  const empty = missing.map((name) => `, null::${name === "_line" ? "bigint" : "varchar"} as ${name}`).join("");
  if (row.physical === null) return `select *${empty} from ${row.view}`;
  if ((JSON.parse(row.hidden) as string[]).length > 0) return `select * from ${physicalTable(row.physical)}`;
  if (!row.filed) return `select *${empty} from ${physicalTable(row.physical)}`;
  return rowsWithOrigins(row.physical, columns.map(({ name }) => `t.${ident(name)}`).join(", "));
}

/** Tables first; a view after the views that it reads. */
function inOrder(rows: readonly Shown[]): readonly Shown[] {
  const left = new Map(rows.map((row) => [splitLedgerAsset(row.asset).asset, row]));
  const ordered = rows.filter(({ physical }) => physical !== null);
  for (const { asset } of ordered) left.delete(splitLedgerAsset(asset).asset);
  const take = (name: string): void => {
    const row = left.get(name);
    if (row === undefined) return;
    left.delete(name);
    for (const input of row.inputNames) take(input);
    ordered.push(row);
  };
  for (const name of left.keys()) take(name);
  return ordered;
}
