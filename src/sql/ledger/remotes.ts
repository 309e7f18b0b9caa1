// Versions that stand on the server of another engine: where, and what shows them. They are noted beside the version's row, under the same key, whether
// the warehouse has a copy of the rows or not.
import { plainAssetSql, splitLedgerAsset } from "../../model/environment.ts";
import { readVersionsKept } from "./retire.ts";
import type { Session, Transaction } from "../session.ts";
import { literal } from "../text.ts";

export interface Remote {
  /** The ledger's key. */
  readonly asset: string;
  readonly version: string;
  readonly engine: string;
  readonly connection: string;
  /** Table on the server; null for a view. */
  readonly physical: string | null;
  /** What the view on the server says; of a view the user's own text, which names assets as prod does. */
  readonly sql: string;
}

const OWNER = "owner";
const COLUMNS = "asset, version, engine, connection, physical, sql";

export async function noteRemote(tx: Transaction, { asset, version, engine, connection, physical, sql }: Remote): Promise<void> {
  await tx.run("delete from _millrace.remotes where asset = $1 and version = $2", [asset, version]);
  await tx.run("insert into _millrace.remotes values ($1, $2, $3, $4, $5, $6, now())", [asset, version, engine, connection, physical, sql]);
}

export async function readRemote(session: Session, asset: string, version: string): Promise<Remote | undefined> {
  return session.row<Remote & Record<string, unknown>>(`select ${COLUMNS} from _millrace.remotes where asset = $1 and version = $2`, [
    asset,
    version,
  ]);
}

/** Of these assets what readers see, of any environment; in the order in which they were built. */
export async function readShownRemotes(session: Session, assets: readonly string[]): Promise<readonly Remote[]> {
  if (assets.length === 0) return [];
  return session.rows<Remote & Record<string, unknown>>(
    `select ${COLUMNS} from _millrace.remotes r where ${plainAssetSql("asset")} in (${assets.map(literal).join(", ")})
       and exists (select 1 from _millrace.environments e where e.asset = r.asset and e.version = r.version) order by "at"`,
  );
}

/** Servers on which versions of these assets stand or stood. */
export async function serversOf(session: Session, assets: readonly string[]): Promise<readonly Pick<Remote, "engine" | "connection">[]> {
  if (assets.length === 0) return [];
  return session.rows<Pick<Remote, "engine" | "connection"> & Record<string, unknown>>(
    `select distinct engine, connection from _millrace.remotes where ${plainAssetSql("asset")} in (${assets.map(literal).join(", ")})`,
  );
}

/** What an environment has of its own on servers: names of assets and the ledger's keys. */
export async function ownRemotes(session: Session, environment: string): Promise<ReadonlyMap<string, string>> {
  const rows = await session.rows<{ name: string; asset: string }>(
    `select ${plainAssetSql("e.asset")} as name, e.asset from _millrace.environments e join _millrace.remotes r on r.asset = e.asset and r.version = e.version
     where e.environment = $1`,
    [environment],
  );
  return new Map(rows.map(({ name, asset }) => [name, asset]));
}

/** Versions beyond those that are kept are forgotten; the tables that stay, under whatever key of the asset. */
export async function keepRemotes(tx: Transaction, asset: string): Promise<readonly string[]> {
  const kept = await readVersionsKept(tx);
  await tx.run(
    `delete from _millrace.remotes where asset = $1 and version in (
       select r.version from _millrace.remotes r where r.asset = $1
         and not exists (select 1 from _millrace.environments e where e.asset = r.asset and e.version = r.version)
       order by r."at" desc offset ${kept - 1})`,
    [asset],
  );
  const rows = await tx.rows<{ physical: string }>(
    `select physical from _millrace.remotes where ${plainAssetSql("asset")} = $1 and physical is not null`,
    [splitLedgerAsset(asset).asset],
  );
  return rows.map(({ physical }) => physical);
}

/** Does the ledger know of any? */
export async function hasRemotes(session: Session): Promise<boolean> {
  return (await session.row("select 1 from _millrace.remotes limit 1")) !== undefined;
}

/** The ledger's keys of what stood on a server, and whose live version does not. */
export async function leftRemotes(session: Session): Promise<readonly string[]> {
  const rows = await session.rows<{ asset: string }>(
    `select distinct e.asset from _millrace.environments e where e.asset in (select asset from _millrace.remotes)
       and not exists (select 1 from _millrace.remotes r where r.asset = e.asset and r.version = e.version)`,
  );
  return rows.map(({ asset }) => asset);
}

/** Assets that an act put aside, as far as they stand on servers. */
export async function assetsAside(session: Session, act: string): Promise<readonly string[]> {
  const rows = await session.rows<{ asset: string }>(
    `select distinct ${plainAssetSql("asset")} as asset from _millrace.remotes where ends_with(asset, $1)`,
    [`@~${act}`],
  );
  return rows.map(({ asset }) => asset);
}

/** No version of it stands on a server any more. */
export async function forgetRemotes(tx: Transaction, asset: string): Promise<void> {
  await tx.run("delete from _millrace.remotes where asset = $1", [asset]);
}

/** What tells tables of this warehouse from those of another one on the same server. */
export async function ownerOfTables(tx: Transaction): Promise<string> {
  const known = await tx.row<{ value: string }>("select value from _millrace._meta where key = $1", [OWNER]);
  if (known !== undefined) return known.value;
  const made = await tx.row<{ id: string }>("select uuid()::varchar as id");
  await tx.run("insert into _millrace._meta values ($1, $2)", [OWNER, made!.id]);
  return made!.id;
}
