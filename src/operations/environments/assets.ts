// How nodes went last, in the environment that a command works in.
import type { NodeId } from "../../model/graph.ts";
import { type AssetRow, readAssets } from "../../views/assets.ts";
import type { Workspace } from "../workspace.ts";

export async function assetsHere(workspace: Workspace, nodes?: readonly NodeId[]): Promise<ReadonlyMap<NodeId, AssetRow>> {
  const [store, { name: environment }] = [await workspace.store(), await workspace.environment()];
  return readAssets(store, { environment, ...(nodes === undefined ? {} : { nodes }) });
}
