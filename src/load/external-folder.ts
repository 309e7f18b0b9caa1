// Where the files of an external model stand, and which of its versions a view reads.
import { versionedFolder, type VersionedFolder } from "../formats/write/versioned.ts";
import { PROD, splitLedgerAsset } from "../model/environment.ts";

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
