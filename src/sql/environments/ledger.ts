// What the ledger says of environments, and how what stands under one key comes to stand under another: by the key alone, whatever tables there are.
import { asideAsset, environmentSchema, ledgerAsset, plainAssetSql, PROD, splitLedgerAsset } from "../../model/environment.ts";
import type { NodeId } from "../../model/graph.ts";
import type { Base } from "./stored-view.ts";
import { KEYED_TABLES, ROWS_SCHEMA } from "../ledger/ledger.ts";
import type { Session, Transaction } from "../session.ts";
import { ident, literal, qualified } from "../text.ts";

/** What an environment shows that is not as prod shows it. */
export interface EnvironmentRow {
  readonly asset: NodeId;
  /** The ledger's key: of its own, or put aside and held (`x@~ID`). */
  readonly key: string;
  readonly isHeld: boolean;
  readonly version: string;
  readonly base: Base | null;
  readonly at: string;
}

export async function readEnvironmentRows(session: Session, environment: string): Promise<readonly EnvironmentRow[]> {
  const rows = await session.rows<{ asset: string; version: string; base: string | null; at: string }>(
    'select asset, version, base, "at" from _millrace.environments where environment = $1 order by asset',
    [environment],
  );
  return rows.map(({ asset: key, version, base, at }) => {
    const { asset, environment: owner } = splitLedgerAsset(key);
    return { asset, key, isHeld: owner === null, version, base: base === null ? null : (JSON.parse(base) as Base), at };
  });
}

export interface KnownEnvironment {
  readonly environment: string;
  readonly kind: string;
  readonly branch: string | null;
  readonly at: string;
  readonly usedAt: string;
}

export async function readEnvironments(session: Session): Promise<readonly KnownEnvironment[]> {
  const rows = await session.rows<Omit<KnownEnvironment, "usedAt"> & { readonly used_at: string }>(
    'select environment, kind, branch, "at", used_at from _millrace.environment_list order by environment',
  );
  return rows.map(({ used_at: usedAt, ...row }) => ({ ...row, usedAt }));
}

/** Notes that an environment is there and was used now. */
export async function noteEnvironment(
  tx: Transaction,
  { environment, kind, branch }: Pick<KnownEnvironment, "environment" | "kind" | "branch">,
): Promise<void> {
  const known = await tx.row("select 1 from _millrace.environment_list where environment = $1", [environment]);
  await (known === undefined
    ? tx.run("insert into _millrace.environment_list values ($1, $2, $3, now(), now())", [environment, kind, branch])
    : tx.run("update _millrace.environment_list set kind = $2, branch = coalesce($3, branch), used_at = now() where environment = $1", [
        environment,
        kind,
        branch,
      ]));
}

/** Moves all that the ledger says of some keys to others, all at once: keys may change places. */
export async function moveKeys(tx: Transaction, moves: ReadonlyMap<string, string>): Promise<void> {
  if (moves.size === 0) return;
  await tx.run(
    `create or replace temp table _millrace_moves as select m[1] as old_key, m[2] as new_key
     from (select unnest(from_json($1, '[["varchar"]]')) as m)`,
    [JSON.stringify([...moves])],
  );
  const tables = KEYED_TABLES.map((name) => `select ${literal(name)} as name where exists (select 1 from _millrace.${ident(name)})`);
  const filled = await tx.rows<{ name: string }>(tables.join(" union all "));
  const update = (name: string): string =>
    `update _millrace.${ident(name)} set asset = m.new_key from _millrace_moves m where asset = m.old_key`;
  if (filled.length > 0) await tx.run(filled.map(({ name }) => update(name)).join(";\n"));
}

/** Puts what an environment has of its own out of sight, under the id of the act: it is as in prod again, until that is collected. */
export async function putAside(
  tx: Transaction,
  request: { readonly environment: string; readonly assets: readonly NodeId[]; readonly act: string },
): Promise<void> {
  const { environment, assets, act } = request;
  const rows = (await readEnvironmentRows(tx, environment)).filter(({ asset }) => assets.includes(asset));
  await moveKeys(tx, new Map(rows.filter(({ isHeld }) => !isHeld).map(({ asset, key }) => [key, asideAsset(asset, act)])));
  await forgetRows(tx, environment, rows);
}

/** An environment sees these as prod does from now on; its views for readers from outside come with `settle`. */
export async function hideRows(tx: Transaction, environment: string, rows: readonly Pick<EnvironmentRow, "asset">[]): Promise<void> {
  await tx.run(
    `delete from _millrace.environments where environment = $1 and ${plainAssetSql("asset")} in (select unnest(from_json($2, '["varchar"]')))`,
    [environment, JSON.stringify(rows.map(({ asset }) => asset))],
  );
  const views = rows.map(({ asset }) => [environmentSchema(asset.slice(0, asset.indexOf(".")), environment), asset] as const);
  const isAll = (await readEnvironmentRows(tx, environment)).length === 0;
  const statements = isAll
    ? [...new Set(views.map(([schema]) => `drop schema if exists ${ident(schema)} cascade`))]
    : views.map(([schema, asset]) => `drop view if exists ${qualified(schema, asset.slice(asset.indexOf(".") + 1))}`);
  await tx.run(statements.join(";\n"));
}

/** Readers from outside find what an environment shows in its schemas, and nothing else is left of what it had. */
export async function settle(tx: Transaction, environment: string): Promise<void> {
  const own = new Set((await readEnvironmentRows(tx, environment)).map(({ key }) => key));
  const views = await tx.rows<{ name: string }>(
    `select view_name as name from duckdb_views() where schema_name = '${ROWS_SCHEMA}' and database_name = current_database()
       and ends_with(view_name, ${literal(ledgerAsset("", environment))})`,
  );
  const left = views.filter(({ name }) => !own.has(name)).map(({ name }) => `drop view ${qualified(ROWS_SCHEMA, name)}`);
  if (left.length > 0) await tx.run(left.join(";\n"));
  await showFallThrough(tx, environment);
}

/** An environment sees these as prod does from now on. */
export async function forgetRows(
  tx: Transaction,
  environment: string,
  rows: readonly Pick<EnvironmentRow, "asset" | "key" | "isHeld">[],
): Promise<void> {
  if (rows.length === 0) return;
  const names = rows.map(({ asset }) => literal(asset)).join(", ");
  await tx.run(`delete from _millrace.environments where environment = $1 and ${plainAssetSql("asset")} in (${names})`, [environment]);
  const views = new Set(await shownNames(tx, PROD));
  const statements = rows.flatMap(({ asset, key, isHeld }) => [
    ...(isHeld ? [] : [`drop view if exists ${qualified(ROWS_SCHEMA, key)}`]),
    fallThrough(asset, environment, views),
  ]);
  await tx.run(statements.join(";\n"));
}

/** What was found unchanged was made of what prod has now. */
export async function rebase(tx: Transaction, environment: string, assets: readonly NodeId[]): Promise<void> {
  const own = (await readEnvironmentRows(tx, environment)).filter(({ asset, base }) => base !== null && assets.includes(asset));
  const rows = await tx.rows<{ asset: string; version: string }>(
    `select asset, version from _millrace.environments where environment = '${PROD}'`,
  );
  const prod = new Map(rows.map(({ asset, version }) => [asset, version]));
  for (const { key, base } of own) {
    const then = Object.keys(base!.inputs);
    if (then.every((need) => prod.get(need) === base!.inputs[need])) continue;
    const inputs = Object.fromEntries(then.flatMap((need) => (prod.has(need) ? [[need, prod.get(need)!] as const] : [])));
    await tx.run("update _millrace.environments set base = $3 where environment = $1 and asset = $2", [
      environment,
      key,
      JSON.stringify({ ...base!, inputs }),
    ]);
  }
}

/** Views of all that an environment has not of its own, for readers from outside: prod's rows in the environment's schemas. */
async function showFallThrough(tx: Transaction, environment: string): Promise<void> {
  const own = new Set((await readEnvironmentRows(tx, environment)).map(({ asset }) => asset));
  const [prod, there] = [await shownNames(tx, PROD), new Set(await shownNames(tx, environment))];
  const live = await tx.rows<{ asset: string }>(`select asset from _millrace.environments where environment = '${PROD}'`);
  const known = new Set(prod);
  const missing = live.map(({ asset }) => asset).filter((asset) => !own.has(asset) && known.has(asset) && !there.has(asset));
  if (missing.length === 0) return;
  const schemas = new Set(missing.map((asset) => environmentSchema(asset.slice(0, asset.indexOf(".")), environment)));
  await tx.run(
    [
      ...[...schemas].map((schema) => `create schema if not exists ${ident(schema)}`),
      ...missing.map((asset) => fallThrough(asset, environment, known)),
    ].join(";\n"),
  );
}

function fallThrough(asset: NodeId, environment: string, prod: ReadonlySet<NodeId>): string {
  const dot = asset.indexOf(".");
  const [schema, name] = [asset.slice(0, dot), asset.slice(dot + 1)];
  const view = qualified(environmentSchema(schema, environment), name);
  return prod.has(asset) ? `create or replace view ${view} as select * from ${qualified(schema, name)}` : `drop view if exists ${view}`;
}

/** Assets that have a view in the schemas of an environment. */
async function shownNames(session: Session, environment: string): Promise<readonly NodeId[]> {
  const rows = await session.rows<{ schema: string; name: string }>(
    `select schema_name as schema, view_name as name from duckdb_views() where database_name = current_database() and not internal`,
  );
  const suffix = environment === PROD ? "" : environmentSchema("", environment);
  return rows.flatMap(({ schema, name }) => (schema.endsWith(suffix) ? [`${schema.slice(0, schema.length - suffix.length)}.${name}`] : []));
}
