// Where the files of an external model stand, and which of its versions a view reads.
import { existsSync, readdirSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { versionedFolder, type VersionedFolder } from "../formats/write/versioned.ts";
import { ledgerAsset, PROD, splitLedgerAsset } from "../model/environment.ts";
import type { NodeId } from "../model/graph.ts";
import type { Session } from "../sql/session.ts";

/** An environment other than prod has files of its own beside prod's: `out/sales__NAME`. */
export function externalFolder(projectDir: string, path: string, key: string): VersionedFolder {
  const { asset, environment } = splitLedgerAsset(key);
  const own = environment === null || environment === PROD ? "" : `__${environment}`;
  return versionedFolder(projectDir, `${path.replace(/[/\\]+$/, "")}${own}`, asset);
}

/** The folder of the version that a view reads; undefined where it reads none of ours. */
export function versionIn(viewSql: string | null): string | undefined {
  return /'((?:[^']|'')*\.versions\/[A-Za-z0-9_]+-[0-9a-f]{16})\//.exec(viewSql ?? "")?.[1]?.replaceAll("''", "'");
}

/** The folder that a version stands in, whatever the project says by now. */
export function folderOfVersion(path: string): VersionedFolder {
  const [store, version] = [dirname(path), basename(path)];
  return {
    store,
    link: resolve(dirname(store), basename(store).slice(1, -".versions".length)),
    prefix: version.slice(0, version.lastIndexOf("-") + 1),
  };
}

export interface EnvironmentFolder {
  readonly environment: string;
  readonly folder: VersionedFolder;
}

/** Where versions of an external model stand: prod's, and those of all environments that ever wrote some. A promotion leaves them where they were written. */
export function externalFolders(projectDir: string, path: string, asset: NodeId): readonly EnvironmentFolder[] {
  const prod = externalFolder(projectDir, path, asset);
  const [parent, begin, end] = [dirname(prod.store), `.${basename(prod.link)}__`, ".versions"];
  const names = existsSync(parent) ? readdirSync(parent) : [];
  const environments = names
    .filter((name) => name.startsWith(begin) && name.endsWith(end))
    .map((name) => name.slice(begin.length, -end.length));
  return [
    { environment: PROD, folder: prod },
    ...environments.map((environment) => ({ environment, folder: externalFolder(projectDir, path, ledgerAsset(asset, environment)) })),
  ];
}

/** The folders that some version of any environment reads. */
export async function readFoldersKept(session: Session): Promise<ReadonlySet<string>> {
  const rows = await session.rows<{ view_sql: string }>(
    "select view_sql from _millrace.versions where view_sql is not null and contains(view_sql, '.versions/')",
  );
  return new Set(rows.flatMap((row) => versionIn(row.view_sql) ?? []).map((path) => resolve(path)));
}
