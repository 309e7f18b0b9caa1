// Whose an asset is: `prod` keeps `raw.sales`, what another environment has of its own stands in the ledger as `raw.sales@NAME` and is seen in the schema
// `raw__NAME`; what went out of sight (replaced by a promotion, dropped) stands as `raw.sales@~ID` until it is collected. No name of an environment has `__` or `~`.
import type { NodeId } from "./graph.ts";

/** The environment that every other one falls through to. */
export const PROD = "prod";
/** Between the name of an asset and whose it is. */
const MARK = "@";
const ASIDE = "~";

/** The ledger's key of what an environment has of its own. */
export function ledgerAsset(asset: NodeId, environment: string): string {
  return environment === PROD ? asset : `${asset}${MARK}${environment}`;
}

/** The ledger's key of what was put aside by an act (a promotion, a drop). */
export function asideAsset(asset: NodeId, act: string): string {
  return `${asset}${MARK}${ASIDE}${act}`;
}

export interface LedgerAsset {
  readonly asset: NodeId;
  /** `prod`, an environment, or null for what was put aside. */
  readonly environment: string | null;
}

export function splitLedgerAsset(key: string): LedgerAsset {
  const at = key.lastIndexOf(MARK);
  if (at < 0) return { asset: key, environment: PROD };
  const environment = key.slice(at + 1);
  return { asset: key.slice(0, at), environment: environment.startsWith(ASIDE) ? null : environment };
}

/** The environment that writes under a key. */
export function environmentOfKey(key: string): string {
  return splitLedgerAsset(key).environment ?? PROD;
}

/** Where readers find what stands under a key: `[schema, name]`. */
export function viewOfKey(key: string): readonly [schema: string, name: string] {
  const { asset, environment } = splitLedgerAsset(key);
  const dot = asset.indexOf(".");
  const [schema, name] = [asset.slice(0, dot), asset.slice(dot + 1)];
  return environment === PROD ? [schema, name] : [environmentSchema(schema, environment ?? key.slice(asset.length + 1)), name];
}

/** The schema in which an environment shows the assets of `schema`. */
export function environmentSchema(schema: string, environment: string): string {
  return environment === PROD ? schema : `${schema}__${environment}`;
}

/** SQL: the plain name of the asset in a column that holds keys. */
export function plainAssetSql(column: string): string {
  return `split_part(${column}, '${MARK}', 1)`;
}
