// How nodes went last, in the environment that a command works in.
import { PROD } from "../../model/environment.ts";
import type { NodeId } from "../../model/graph.ts";
import type { EventStore } from "../../store/store.ts";
import { type AssetRow, assetsPosition, readAssets } from "../../views/assets.ts";
import type { Workspace } from "../workspace.ts";

/** How long nodes take: as they did here, else as in prod. */
export async function historyHere(workspace: Workspace): Promise<ReadonlyMap<NodeId, AssetRow>> {
  const [store, { name: environment }] = [await workspace.store(), await workspace.environment()];
  const prod = await readAssets(store);
  return environment === PROD ? prod : new Map([...prod, ...(await readAssets(store, { environment }))]);
}

export async function assetsHere(workspace: Workspace, nodes?: readonly NodeId[]): Promise<ReadonlyMap<NodeId, AssetRow>> {
  const [store, { name: environment }] = [await workspace.store(), await workspace.environment()];
  if (nodes !== undefined) return readAssets(store, { environment, nodes });
  const position = await assetsPosition(store);
  const known = kept.get(store);
  if (known?.environment === environment && known.position === position) return known.rows;
  const rows = await readAssets(store, { environment });
  kept.set(store, { environment, position, rows });
  return rows;
}

/** All rows of an environment as they were read last: thousands of them cost more than what is made of them. */
const kept = new WeakMap<
  EventStore,
  { readonly environment: string; readonly position: number; readonly rows: ReadonlyMap<NodeId, AssetRow> }
>();
