// How nodes went last, in the environment that a command works in.
import { PROD } from "../../model/environment.ts";
import type { NodeId } from "../../model/graph.ts";
import { type AssetRow, readAssets } from "../../views/assets.ts";
import type { Workspace } from "../workspace.ts";

/** How long nodes take: as they did here, else as in prod. */
export async function historyHere(workspace: Workspace): Promise<ReadonlyMap<NodeId, AssetRow>> {
  const [store, { name: environment }] = [await workspace.store(), await workspace.environment()];
  const prod = await readAssets(store);
  return environment === PROD ? prod : new Map([...prod, ...(await readAssets(store, { environment }))]);
}

export async function assetsHere(workspace: Workspace, nodes?: readonly NodeId[]): Promise<ReadonlyMap<NodeId, AssetRow>> {
  const [store, { name: environment }] = [await workspace.store(), await workspace.environment()];
  return readAssets(store, { environment, ...(nodes === undefined ? {} : { nodes }) });
}
