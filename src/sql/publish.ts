// Publishing: the moment at which readers see a new version of an asset, for loads and models alike. Everything here runs in the caller's
// transaction, so the view, the version, the fence and the commit's row appear together or not at all.
//   P1. `schema.name` is a view: on a physical table without its hidden columns, or the model's own SQL.
//   P2. `_millrace_rows."schema.name"` shows the same rows with `_load`, `_file`, `_line` (NULL where they mean nothing).
//   P3. A physical table is dropped only when no kept version of any asset refers to it.
import type { JsonValue } from "../model/answers.ts";
import { passFence, recordCommit, type AttemptToken } from "./fence.ts";
import { DATA_SCHEMA, ROWS_SCHEMA } from "./ledger.ts";
import type { Session, Transaction } from "./session.ts";
import { ident, literal, qualified } from "./text.ts";

export const DEFAULT_ENVIRONMENT = "prod";
/** Versions of an asset whose tables are kept, the live one included. */
export const VERSIONS_KEPT = 3;
/** Columns of physical tables that `schema.name` does not show. */
export const HIDDEN_COLUMNS = ["_load", "_file", "_line"] as const;

export type PublishedBody =
  /** A table in `_millrace_data`, complete and in this transaction's sight. `hidden`: which of HIDDEN_COLUMNS are real columns of it. */
  | { readonly kind: "table"; readonly physical: string; readonly hidden: readonly string[] }
  /** A SELECT that becomes the view itself. */
  | { readonly kind: "view"; readonly sql: string }
  /** Rows that went to a place outside the warehouse (an export, a task): there is nothing to see here. */
  | { readonly kind: "share" };

export interface Publication {
  readonly asset: string;
  readonly body: PublishedBody;
  /** Changes only when the contents may have changed. */
  readonly version: string;
  readonly codeHash: string;
  /** Version of each upstream asset that was read. */
  readonly inputs: Readonly<Record<string, string>>;
  readonly sourceState?: string | null;
  readonly contentHash?: string | null;
  /** Rows of the asset; null for a view. */
  readonly rows: number | null;
  /** Results of the checks of this version, as JSON. */
  readonly checks?: JsonValue;
  readonly load?: string | null;
  readonly token: AttemptToken;
  /** What a later attempt of the same (run, node) reports instead of working. */
  readonly result: JsonValue;
  /** The table was changed in place: versions before this one can no longer be read. */
  readonly inPlace?: boolean;
}

/** The version of an asset that readers see. */
export interface LiveVersion {
  readonly asset: string;
  readonly version: string;
  readonly kind: "table" | "view" | "share";
  /** Name in `_millrace_data`; null for a view. */
  readonly physical: string | null;
  readonly viewSql: string | null;
  readonly codeHash: string;
  readonly inputs: Readonly<Record<string, string>>;
  readonly sourceState: string | null;
  readonly contentHash: string | null;
  readonly rows: number | null;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly hidden: readonly string[];
  readonly checks: JsonValue;
  readonly run: string;
  readonly at: string;
}

/** Publishes one version. @throws MR5006 when the attempt is stale; DuckDB's error when the view's SQL does not bind. */
export async function publish(tx: Transaction, publication: Publication): Promise<void> {
  const { asset, body, token } = publication;
  if (body.kind === "share") return publishShare(tx, publication);
  await passFence(tx, token);
  const view = assetView(asset);
  const schema = asset.slice(0, asset.indexOf("."));
  const known = await tx.row("select 1 from duckdb_schemas() where schema_name = $1 and database_name = current_database()", [schema]);
  if (known === undefined) await tx.run(`create schema if not exists ${ident(schema)}`);
  await tx.run(`create or replace view ${view} as ${await viewBody(tx, body)}`);
  const columns = await describeRelation(tx, view);
  await tx.run(`create or replace view ${qualified(ROWS_SCHEMA, asset)} as ${await rowsBody(tx, asset, body, columns)}`);
  const replaced = await recordVersion(tx, publication, columns);
  await recordCommit(tx, token, asset, publication.version, publication.result);
  await dropOldVersions(tx, asset, replaced);
}

async function publishShare(tx: Transaction, publication: Publication): Promise<void> {
  await passFence(tx, publication.token);
  await recordVersion(tx, publication, []);
  await recordCommit(tx, publication.token, publication.asset, publication.version, publication.result);
}

/** A commit that leaves the live version as it is (nothing new was found): the fence, the commit's row, and the state the source is known to be in. */
export async function keepVersion(
  tx: Transaction,
  token: AttemptToken,
  asset: string,
  version: string,
  result: JsonValue,
  sourceState?: string | null,
): Promise<void> {
  await passFence(tx, token);
  if (sourceState !== undefined) {
    await tx.run("update _millrace.versions set source_state = $3 where asset = $1 and version = $2", [asset, version, sourceState]);
  }
  await recordCommit(tx, token, asset, version, result);
}

/** Versions of these assets as readers see them now, what a build notes as its inputs; `none` for one that was never built. Tasks have none. */
export async function readInputs(session: Session, assets: readonly string[]): Promise<Record<string, string>> {
  const wanted = assets.filter((asset) => !asset.startsWith("task:"));
  const rows = await session.rows<{ asset: string; version: string }>(
    `select asset, version from _millrace.environments where environment = $1 and list_contains(from_json($2, '["varchar"]'), asset)`,
    [DEFAULT_ENVIRONMENT, JSON.stringify(wanted)],
  );
  const versions = new Map(rows.map(({ asset, version }) => [asset, version]));
  return Object.fromEntries(wanted.map((asset) => [asset, versions.get(asset) ?? "none"]));
}

/** The versions that readers of an environment see. */
export async function readLive(session: Session, environment: string = DEFAULT_ENVIRONMENT): Promise<Map<string, LiveVersion>> {
  const rows = await session.rows<VersionRow>(
    `select v.* from _millrace.environments e join _millrace.versions v on v.asset = e.asset and v.version = e.version where e.environment = $1`,
    [environment],
  );
  return new Map(rows.map((row) => [row.asset, liveVersion(row)]));
}

/** The version of one asset that readers of an environment see. */
export async function readLiveVersion(
  session: Session,
  asset: string,
  environment: string = DEFAULT_ENVIRONMENT,
): Promise<LiveVersion | undefined> {
  const row = await session.row<VersionRow>(
    `select v.* from _millrace.environments e join _millrace.versions v on v.asset = e.asset and v.version = e.version
     where e.environment = $1 and e.asset = $2`,
    [environment, asset],
  );
  return row === undefined ? undefined : liveVersion(row);
}

/** Name of a physical table: readable, unique by `suffix`, never longer than what is comfortable. */
export function physicalName(asset: string, suffix: string): string {
  const lengthMax = 80;
  return `${asset.replaceAll(/[^A-Za-z0-9_]+/g, "__").slice(0, lengthMax)}__${suffix.replaceAll(/[^A-Za-z0-9_]+/g, "_")}`;
}

/** `_millrace_data."name"`. */
export function physicalTable(physical: string): string {
  return qualified(DATA_SCHEMA, physical);
}

/** `"schema"."name"` of an asset. */
export function assetView(asset: string): string {
  const dot = asset.indexOf(".");
  return qualified(asset.slice(0, dot), asset.slice(dot + 1));
}

/** Names and types of a relation's columns. */
export async function describeRelation(session: Session, relation: string): Promise<{ name: string; type: string }[]> {
  const rows = await session.rows<{ column_name: string; column_type: string }>(`describe select * from ${relation}`);
  return rows.map((row) => ({ name: row.column_name, type: row.column_type }));
}

type SeenBody = Exclude<PublishedBody, { readonly kind: "share" }>;

async function viewBody(tx: Transaction, body: SeenBody): Promise<string> {
  if (body.kind === "view") return `${body.sql.replace(/[\s;]+$/, "")}\n`;
  const columns = await describeRelation(tx, physicalTable(body.physical));
  const shown = columns.filter((column) => !body.hidden.includes(column.name)).map((column) => ident(column.name));
  return `select ${shown.join(", ")} from ${physicalTable(body.physical)}`;
}

/** P2: real hidden columns where they exist, lines counted from rowid where the table was filled in order, NULL otherwise. */
async function rowsBody(tx: Transaction, asset: string, body: SeenBody, columns: readonly { readonly name: string }[]): Promise<string> {
  const missing = (name: string): boolean => !columns.some((column) => column.name === name);
  const empty = [
    ...(missing("_load") ? ["null::varchar as _load"] : []),
    ...(missing("_file") ? ["null::varchar as _file"] : []),
    ...(missing("_line") ? ["null::bigint as _line"] : []),
  ].join(", ");
  if (body.kind === "view") return `select *${empty === "" ? "" : `, ${empty}`} from ${assetView(asset)}`;
  const table = physicalTable(body.physical);
  if (body.hidden.length > 0) return `select * from ${table}`;
  const filed = await tx.row("select 1 from _millrace.origins where physical = $1 limit 1", [body.physical]);
  if (filed === undefined) return `select *${empty === "" ? "" : `, ${empty}`} from ${table}`;
  return rowsWithOrigins(body.physical, columns.map((column) => `t.${ident(column.name)}`).join(", "));
}

/** The rows of a table that was filled in order, with `_load`, `_file`, `_line` from its origins. */
export function rowsWithOrigins(physical: string, columns: string): string {
  return `select ${columns}, o.load as _load, o.file as _file, o.line + (t.rowid - o.first_row) as _line from ${physicalTable(physical)} t
    asof left join (select * from _millrace.origins where physical = ${literal(physical)}) o on t.rowid >= o.first_row`;
}

/** Returns the tables that lost their version because the same version was built again. */
async function recordVersion(tx: Transaction, publication: Publication, columns: readonly unknown[]): Promise<readonly string[]> {
  const { asset, body, version, token } = publication;
  const replaced = await tx.rows<{ physical: string }>(
    "select physical from _millrace.versions where asset = $1 and version = $2 and physical is not null",
    [asset, version],
  );
  if (publication.inPlace === true) await tx.run("update _millrace.versions set physical = null where asset = $1", [asset]);
  await tx.run("delete from _millrace.versions where asset = $1 and version = $2", [asset, version]);
  await tx.run(
    `insert into _millrace.versions values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, now())`,
    [
      asset,
      version,
      body.kind,
      body.kind === "table" ? body.physical : null,
      body.kind === "view" ? body.sql : null,
      publication.codeHash,
      JSON.stringify(publication.inputs),
      publication.sourceState ?? null,
      publication.contentHash ?? null,
      publication.rows,
      JSON.stringify(columns),
      JSON.stringify(body.kind === "table" ? body.hidden : []),
      JSON.stringify(publication.checks ?? []),
      publication.load ?? null,
      token.run,
      token.node,
      token.attempt,
    ],
  );
  await tx.run("delete from _millrace.environments where environment = $1 and asset = $2", [DEFAULT_ENVIRONMENT, asset]);
  await tx.run("insert into _millrace.environments values ($1, $2, $3, now())", [DEFAULT_ENVIRONMENT, asset, version]);
  return replaced.map(({ physical }) => physical);
}

/** P3. The rows of old versions stay as history; only their tables go. */
async function dropOldVersions(tx: Transaction, asset: string, replaced: readonly string[]): Promise<void> {
  const before = await tx.rows<{ physical: string }>(
    `select physical from _millrace.versions v where asset = $1 and physical is not null
       and not exists (select 1 from _millrace.environments e where e.asset = v.asset and e.version = v.version)
     order by "at" desc, version offset ${VERSIONS_KEPT - 1}`,
    [asset],
  );
  for (const { physical } of before) {
    await tx.run("update _millrace.versions set physical = null where asset = $1 and physical = $2", [asset, physical]);
  }
  const unused = await tx.rows<{ name: string }>(
    `select table_name as name from duckdb_tables() where schema_name = '${DATA_SCHEMA}' and database_name = current_database()
       and list_contains(from_json($1, '["varchar"]'), table_name)
       and table_name not in (select physical from _millrace.versions where physical is not null)`,
    [JSON.stringify([...replaced, ...before.map(({ physical }) => physical)])],
  );
  for (const { name } of unused) {
    await tx.run(`drop table ${physicalTable(name)}`);
    await tx.run("delete from _millrace.origins where physical = $1", [name]);
  }
}

interface VersionRow {
  readonly asset: string;
  readonly version: string;
  readonly kind: "table" | "view" | "share";
  readonly physical: string | null;
  readonly view_sql: string | null;
  readonly code_hash: string;
  readonly inputs: string;
  readonly source_state: string | null;
  readonly content_hash: string | null;
  readonly rows: number | null;
  readonly columns: string;
  readonly hidden: string;
  readonly checks: string;
  readonly run: string;
  readonly at: string;
}

function liveVersion(row: VersionRow): LiveVersion {
  return {
    asset: row.asset,
    version: row.version,
    kind: row.kind,
    physical: row.physical,
    viewSql: row.view_sql,
    codeHash: row.code_hash,
    inputs: JSON.parse(row.inputs) as Record<string, string>,
    sourceState: row.source_state,
    contentHash: row.content_hash,
    rows: row.rows,
    columns: JSON.parse(row.columns) as { name: string; type: string }[],
    hidden: JSON.parse(row.hidden) as string[],
    checks: JSON.parse(row.checks) as JsonValue,
    run: row.run,
    at: row.at,
  };
}
