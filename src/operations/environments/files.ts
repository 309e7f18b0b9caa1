// Files of external models follow the ledger after an act on environments, as views do in it: paths lead to what readers see, and folders that nobody reads
// any more are removed. A process that died before this leaves it to the next act or to `retention`; paths also to the next run of the model.
import { existsSync } from "node:fs";
import { collectVersions, leadNowhere, leadsTo, leadTo } from "../../formats/write/versioned.ts";
import { type EnvironmentFolder, externalFolders, readFoldersKept, versionIn } from "../../load/external-folder.ts";
import { ledgerAsset } from "../../model/environment.ts";
import { MillraceError } from "../../model/errors.ts";
import type { ModelNode } from "../../model/graph.ts";
import { readLiveVersion } from "../../sql/ledger/publish.ts";
import type { Warehouse } from "../../sql/warehouse.ts";
import { knownPath } from "../attempts/external-path.ts";
import type { Workspace } from "../workspace.ts";

export async function showFiles(workspace: Workspace): Promise<void> {
  const warehouse = await workspace.commonWarehouse();
  for (const node of await externals(workspace)) {
    const path = knownPath(workspace, node);
    if (path === undefined) continue;
    const folders = externalFolders(workspace.dir, path, node.id);
    try {
      for (const folder of folders) await showPath(warehouse, node, folder);
      await collectVersions(
        folders.map(({ folder }) => folder),
        () => warehouse.session(readFoldersKept),
      );
    } catch (error) {
      if (!(error instanceof MillraceError)) throw error; // a full disk, somebody else's file at the path: the model's next run tells it
    }
  }
}

/** Those of the project, where the ledger knows of any: reading a large project takes longer than a promotion. */
async function externals(workspace: Workspace): Promise<readonly ModelNode[]> {
  const warehouse = await workspace.commonWarehouse();
  if ((await warehouse.session(readFoldersKept)).size === 0) return [];
  const { nodes } = await workspace.projectWithErrors();
  return nodes.filter((node): node is ModelNode => node.kind === "model" && node.spec.external !== undefined);
}

async function showPath(warehouse: Warehouse, { id }: ModelNode, { environment, folder }: EnvironmentFolder): Promise<void> {
  const key = ledgerAsset(id, environment);
  const live = versionIn((await warehouse.session((session) => readLiveVersion(session, key)))?.viewSql ?? null);
  if (live === undefined) await leadNowhere(folder);
  else if (existsSync(live) && !leadsTo(folder, live)) await leadTo(folder, live);
}
