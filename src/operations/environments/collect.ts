// What nobody uses any more goes: environments after `expires`, and what promotions and drops put aside after a grace time. At retention time, and when asked.
import type { CollectAnswer } from "../../model/environment-answers.ts";
import { collectVersions } from "../../formats/write/versioned.ts";
import { folderOfVersion, readFoldersKept } from "../../load/external-folder.ts";
import { collectable, collectAct } from "../../sql/environments/collect.ts";
import { readEnvironments } from "../../sql/environments/ledger.ts";
import type { Workspace } from "../workspace.ts";
import { dropEnvironment, expiryMs } from "./environments.ts";
import { showFiles } from "./files.ts";
import { hideOnServers } from "./servers.ts";

/** How long what was put aside can be gone back to. */
const GRACE_MS = 7 * 86_400_000;

export interface CollectRequest {
  readonly dryRun: boolean;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly graceMs?: number;
}

/** Each act in a transaction of its own: a kill leaves whole acts. */
export async function collectEnvironments(
  workspace: Workspace,
  { dryRun, now, graceMs = GRACE_MS }: CollectRequest,
): Promise<CollectAnswer> {
  const warehouse = await workspace.commonWarehouse();
  const expired: string[] = [];
  for (const { environment, usedAt } of await warehouse.session((session) => readEnvironments(session))) {
    const limit = await expiryMs(workspace, environment);
    if (limit === null || Date.parse(usedAt) + limit > now) continue;
    expired.push(environment);
    if (!dryRun) await dropEnvironment(workspace, environment);
  }
  const before = await warehouse.session(readFoldersKept);
  const acts = await warehouse.session((session) => collectable(session, new Date(now - graceMs)));
  let tables = 0;
  if (!dryRun)
    for (const act of acts) {
      await hideOnServers(workspace, act);
      tables += await warehouse.transaction((tx) => collectAct(tx, act));
    }
  if (!dryRun) {
    await showFiles(workspace);
    // Also those of models that no file of the project names any more.
    await collectVersions([...before].map(folderOfVersion), () => warehouse.session(readFoldersKept));
  }
  return { dryRun, expired, acts: acts.length, tables };
}
