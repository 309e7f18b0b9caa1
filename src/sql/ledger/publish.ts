// Publishing: the moment at which readers see a new version of an asset, for loads and models alike. Everything here runs in the caller's
// transaction, so the view, the version, the fence and the commit's row appear together or not at all.
//   P1. `schema.name` is a view: on a physical table without its hidden columns, or the model's own SQL.
//   P2. `_millrace_rows."schema.name"` shows the same rows with `_load`, `_file`, `_line` (NULL where they mean nothing).
//   P3. A physical table is dropped only when no kept version of any asset refers to it.
//   P4. Every publication leaves a step: which version it followed, and what takes it back where a table was changed in place (load/rollback.ts).
import type { JsonValue } from "../../model/answers.ts";
import { PROD, plainAssetSql, splitLedgerAsset, viewOfKey } from "../../model/environment.ts";
import { ownSql } from "../environments/stored-view.ts";
import type { Contents } from "../fingerprint/contents.ts";
import { passFence, recordCommit, type AttemptToken } from "./fence.ts";
import { DATA_SCHEMA, ROWS_SCHEMA } from "./ledger.ts";
import { dropOldVersions } from "./retire.ts";
import { noShadow } from "./shadow.ts";
import { recordVersion, type VersionRecord } from "./record.ts";
import type { Session, Transaction } from "../session.ts";
import { ident, literal, qualified } from "../text.ts";

/** Columns of physical tables that `schema.name` does not show. */
export const HIDDEN_COLUMNS = ["_load", "_file", "_line"] as const;

export type PublishedBody =
  /** A table in `_millrace_data`, complete and in this transaction's sight. `hidden`: which of HIDDEN_COLUMNS are real columns of it. */
  | {
      readonly kind: "table";
      readonly physical: string;
      readonly hidden: readonly string[];
      /** A query made its rows: they come from no file. */
      readonly isMade?: true;
    }
  /** A SELECT that becomes the view itself. */
  | { readonly kind: "view"; readonly sql: string }
  /** Rows that went to a place outside the warehouse (an export, a task): there is nothing to see here. */
  | { readonly kind: "share" }
  /** Rows that stand on the server of another engine (sql/ledger/remotes.ts): there is nothing to see here, but what columns they have. */
  | { readonly kind: "remote"; readonly columns: readonly { readonly name: string; readonly type: string }[] };

export interface Publication extends VersionRecord {
  readonly body: PublishedBody;
  /** What a later attempt of the same (run, node) reports instead of working. */
  readonly result: JsonValue;
}

/** The version of an asset that readers see. */
export interface LiveVersion {
  /** The ledger's key of whose it is: `raw.sales`, or `raw.sales@NAME` where an environment has its own. */
  readonly asset: string;
  readonly version: string;
  readonly kind: "table" | "view" | "share" | "remote";
  /** Name in `_millrace_data`; null for a view. */
  readonly physical: string | null;
  readonly viewSql: string | null;
  readonly codeHash: string;
  readonly inputs: Readonly<Record<string, string>>;
  readonly sourceState: string | null;
  readonly contentHash: string | null;
  readonly contents: Contents | null;
  readonly rows: number | null;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly hidden: readonly string[];
  readonly checks: JsonValue;
  readonly run: string;
  readonly at: string;
  /** Set while readers see this version because somebody went back to it. */
  readonly rolledBack: RolledBack | null;
  /** As `Publication.begun`. */
  readonly begun?: string;
}

/** A rollback that still holds, and what the version that was taken back had been made from: as long as that is the same, it is not made again. */
export interface RolledBack {
  readonly from: string;
  readonly by: string;
  readonly why: string | null;
  readonly at: string;
  readonly codeHash: string;
  readonly inputs: Readonly<Record<string, string>>;
  readonly sourceState: string | null;
}

/** Publishes one version. @throws MR5006 when the attempt is stale; DuckDB's error when the view's SQL does not bind. */
export async function publish(tx: Transaction, publication: Publication): Promise<void> {
  const { asset, body, token } = publication;
  if (body.kind === "share") return publishUnseen(tx, publication, []);
  if (body.kind === "remote") return publishRemote(tx, publication, body.columns);
  await passFence(tx, token);
  const columns = await showBody(tx, asset, body);
  const { replaced, isFirst } = await recordVersion(tx, publication, columns);
  await recordCommit(tx, token, asset, publication.version, publication.result);
  if (!isFirst) await dropOldVersions(tx, asset, replaced);
}

/** P1, P2: makes the asset's views, and says what columns they have. */
export async function showBody(tx: Transaction, asset: string, body: SeenBody): Promise<readonly { name: string; type: string }[]> {
  const rows = await rowsView(tx, asset);
  if (body.kind === "view") {
    await createView(tx, asset, `${(await ownSql(tx, asset, body.sql)).replace(/[\s;]+$/, "")}\n`);
    const columns = await describeRelation(tx, assetView(asset));
    await tx.run(`create or replace view ${rows} as ${await rowsBody(tx, asset, body, columns)}`);
    return columns;
  }
  const columns = (await describeRelation(tx, physicalTable(body.physical))).filter(({ name }) => !body.hidden.includes(name));
  const shown = `select ${columns.map(({ name }) => ident(name)).join(", ")} from ${physicalTable(body.physical)}`;
  await tx.run(`${viewStatements(asset, shown)};\ncreate or replace view ${rows} as ${await rowsBody(tx, asset, body, columns)}`);
  return columns;
}

/** A session of an environment has more than one such schema on its path. */
async function rowsView(tx: Transaction, asset: string): Promise<string> {
  if (tx.environment === PROD) return qualified(ROWS_SCHEMA, asset);
  const row = await tx.row<{ name: string }>("select current_database() as name");
  return qualified(row!.name, ROWS_SCHEMA, asset);
}

/** Makes the view of an asset, in its schema or that of the environment whose it is. */
export async function createView(tx: Transaction, asset: string, sql: string): Promise<void> {
  await tx.run(viewStatements(asset, sql));
}

/** All that is ours stands in one line, so that a failure tells the line of the user's text. */
function viewStatements(asset: string, sql: string): string {
  return `create schema if not exists ${ident(viewOfKey(asset)[0])}; create or replace view ${assetView(asset)} as\n${sql}`;
}

/** A copy of an earlier version that stood here goes out of sight. */
async function publishRemote(tx: Transaction, publication: Publication, columns: readonly unknown[]): Promise<void> {
  const before = await readLiveVersion(tx, publication.asset);
  await publishUnseen(tx, publication, columns);
  if (before?.asset === publication.asset && before.kind !== "remote") await hideBody(tx, publication.asset);
}

/** What stood in the warehouse goes out of sight: it stands on a server now. */
export async function hideBody(tx: Transaction, asset: string): Promise<void> {
  await tx.run(`drop view if exists ${assetView(asset)}; drop view if exists ${await rowsView(tx, asset)}`);
}

async function publishUnseen(tx: Transaction, publication: Publication, columns: readonly unknown[]): Promise<void> {
  await passFence(tx, publication.token);
  await recordVersion(tx, publication, columns);
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
    `select ${plainAssetSql("e.asset")} as asset, e.version from _millrace.environments e where ${seenHere(session)}
       and list_contains(from_json($2, '["varchar"]'), ${plainAssetSql("e.asset")})`,
    [session.environment, JSON.stringify(wanted)],
  );
  const versions = new Map(rows.map(({ asset, version }) => [asset, version]));
  return Object.fromEntries(wanted.map((asset) => [asset, versions.get(asset) ?? "none"]));
}

/** As readInputs, with what is known of the contents. */
export async function readInputStates(
  session: Session,
  assets: readonly string[],
): Promise<ReadonlyMap<string, Pick<LiveVersion, "version" | "contents" | "columns">>> {
  const wanted = assets.filter((asset) => !asset.startsWith("task:"));
  const rows = await session.rows<Pick<VersionRow, "asset" | "version" | "contents" | "columns">>(
    `select ${plainAssetSql("e.asset")} as asset, e.version, v.contents, v.columns from _millrace.environments e
       join _millrace.versions v on v.asset = e.asset and v.version = e.version
     where ${seenHere(session)} and list_contains(from_json($2, '["varchar"]'), ${plainAssetSql("e.asset")})`,
    [session.environment, JSON.stringify(wanted)],
  );
  const states = new Map(
    rows.map(({ asset, version, contents, columns }) => [
      asset,
      {
        version,
        contents: contents === null ? null : (JSON.parse(contents) as Contents),
        columns: JSON.parse(columns) as LiveVersion["columns"],
      },
    ]),
  );
  return new Map(wanted.map((asset) => [asset, states.get(asset) ?? { version: "none", contents: null, columns: [] }]));
}

const LIVE_VERSIONS = `select v.*, case when r.asset is null then null else json_object('from', r.from_version, 'by', r."by", 'why', r.why, 'at', r."at",
    'codeHash', b.code_hash, 'inputs', b.inputs, 'sourceState', b.source_state) end as rolled_back
  from _millrace.environments e join _millrace.versions v on v.asset = e.asset and v.version = e.version
  left join _millrace.rollbacks r on r.environment = e.environment and r.asset = e.asset and r.to_version = e.version and r.ended_at is null
  left join _millrace.versions b on b.asset = r.asset and b.version = r.from_version`;

/** The ledger's key under which a session finds an asset. */
export async function ownerOf(session: Session, asset: string): Promise<string> {
  if (session.environment === PROD || splitLedgerAsset(asset).asset !== asset) return asset;
  const own = await session.row<{ asset: string }>(
    `select asset from _millrace.environments where environment = $1 and ${plainAssetSql("asset")} = $2`,
    [session.environment, asset],
  );
  return own?.asset ?? asset;
}

/** As `seenBy`, for the environment of a session, which is $1. */
function seenHere({ environment }: Session): string {
  return environment === PROD ? "e.environment = $1" : seenBy("$1");
}

/** Condition over `e`: what readers of an environment see; its own, and where it has nothing, what is prod's. */
function seenBy(environment: string): string {
  return `(e.environment = ${environment} or e.environment = '${PROD}' and not exists (
    select 1 from _millrace.environments o where o.environment = ${environment} and ${plainAssetSql("o.asset")} = e.asset))`;
}

/** The versions that readers of an environment see, by the names of the assets. */
export async function readLive(session: Session, environment: string = session.environment): Promise<Map<string, LiveVersion>> {
  const rows = await session.rows<VersionRow>(`${LIVE_VERSIONS} where ${seenBy("$1")} and ${noShadow("e.asset")}`, [environment]);
  return new Map(rows.map((row) => [splitLedgerAsset(row.asset).asset, liveVersion(row)]));
}

/** The version of one asset that readers see: of a name, what it means in the session's environment; of a ledger's key, what stands under it. */
export async function readLiveVersion(
  session: Session,
  asset: string,
  seenIn: string = session.environment,
): Promise<LiveVersion | undefined> {
  const key = splitLedgerAsset(asset);
  const isName = key.asset === asset && seenIn !== PROD;
  const where = isName ? `${seenBy("$1")} and ${plainAssetSql("e.asset")} = $2` : "e.environment = $1 and e.asset = $2";
  const environment = isName ? seenIn : (key.environment ?? PROD);
  const row = await session.row<VersionRow>(`${LIVE_VERSIONS} where ${where}`, [environment, asset]);
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

/** `"schema"."name"` of an asset, or of what an environment has of its own. */
export function assetView(asset: string): string {
  return qualified(...viewOfKey(asset));
}

/** Names and types of a relation's columns. */
export async function describeRelation(session: Session, relation: string): Promise<{ name: string; type: string }[]> {
  const rows = await session.rows<{ column_name: string; column_type: string }>(`describe select * from ${relation}`);
  return rows.map((row) => ({ name: row.column_name, type: row.column_type }));
}

export type SeenBody = Exclude<PublishedBody, { readonly kind: "share" | "remote" }>;

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
  const filed =
    body.isMade === true ? undefined : await tx.row("select 1 from _millrace.origins where physical = $1 limit 1", [body.physical]);
  if (filed === undefined) return `select *${empty === "" ? "" : `, ${empty}`} from ${table}`;
  return rowsWithOrigins(body.physical, columns.map((column) => `t.${ident(column.name)}`).join(", "));
}

/** The rows of a table that was filled in order, with `_load`, `_file`, `_line` from its origins. */
export function rowsWithOrigins(physical: string, columns: string): string {
  return `select ${columns}, o.load as _load, o.file as _file, o.line + (t.rowid - o.first_row) as _line from ${physicalTable(physical)} t
    asof left join (select * from _millrace.origins where physical = ${literal(physical)}) o on t.rowid >= o.first_row`;
}

interface VersionRow {
  readonly asset: string;
  readonly version: string;
  readonly kind: LiveVersion["kind"];
  readonly physical: string | null;
  readonly view_sql: string | null;
  readonly code_hash: string;
  readonly inputs: string;
  readonly source_state: string | null;
  readonly content_hash: string | null;
  readonly contents: string | null;
  readonly rows: number | null;
  readonly columns: string;
  readonly hidden: string;
  readonly checks: string;
  readonly run: string;
  readonly at: string;
  readonly rolled_back: string | null;
  readonly begun: string | null;
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
    contents: row.contents === null ? null : (JSON.parse(row.contents) as Contents),
    rows: row.rows,
    columns: JSON.parse(row.columns) as { name: string; type: string }[],
    hidden: JSON.parse(row.hidden) as string[],
    checks: JSON.parse(row.checks) as JsonValue,
    run: row.run,
    at: row.at,
    rolledBack: row.rolled_back === null ? null : (JSON.parse(row.rolled_back) as RolledBack),
    ...(row.begun === null ? {} : { begun: row.begun }),
  };
}
