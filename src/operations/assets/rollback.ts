// `rollback`: shows a kept version of an asset again and says what stands on the version that was left. `--release` lets it be built again.
import { randomBytes } from "node:crypto";
import type { ReleaseAnswer, RollbackAnswer, StaleAnswer, VersionAnswer } from "../../model/act-answers.ts";
import { MillraceError } from "../../model/errors.ts";
import type { NodeId } from "../../model/graph.ts";
import { checkRollback, refusePartitioned, releaseRollback, rollBack } from "../../load/rollback.ts";
import { type AssetVersions, readVersions, wayTo } from "../../load/versions.ts";
import { readLive, type LiveVersion } from "../../sql/ledger/publish.ts";
import type { Graph } from "../../plan/graph.ts";
import { actor } from "../actor.ts";
import { findAsset } from "./assets.ts";
import { showOnServers } from "../environments/servers.ts";
import { keyToChange } from "../environments/keys.ts";
import { defineProject } from "../plan/definitions.ts";
import { findRun } from "../runs/runs.ts";
import type { Workspace } from "../workspace.ts";

export interface RollbackRequest {
  readonly asset: string;
  readonly to?: string;
  /** Goes back to what readers saw before this run published. */
  readonly before?: string;
  readonly dryRun: boolean;
  readonly why?: string;
  readonly by?: string;
}

/** @throws MR6102 unknown asset, MR8301…MR8305, MR8307. */
export async function rollbackAsset(workspace: Workspace, request: RollbackRequest): Promise<RollbackAnswer> {
  const { dryRun, why = null, by = actor() } = request;
  const warehouse = await workspace.warehouse();
  const live = await warehouse.session((session) => readLive(session));
  const asset = await assetNamed(workspace, request.asset, live);
  const key = await warehouse.session((session) => keyToChange(session, asset));
  const known = await warehouse.session((session) => readVersions(session, key));
  const wanted = request.to ?? (await versionBefore(workspace, known, asset, request.before ?? ""));
  const { target } = checkRollback(known, asset, wanted);
  await warehouse.session((session) => refusePartitioned(session, key));
  const done = dryRun
    ? { from: known.live!, to: target.version, rows: target.rows, loadsUndone: [] }
    : await warehouse.transaction(async (tx) => {
        const back = await rollBack(tx, { asset: key, version: target.version, by, why, id: `back_${randomBytes(6).toString("hex")}` });
        await showOnServers(workspace, tx, [asset]);
        return back;
      });
  return { asset, ...done, by, why, dryRun, stale: await staleBelow(workspace, live, { asset, version: target.version }) };
}

/** Ends the hold of a rollback: what is new is built again, from the version that is live. @throws MR8306 when there is none. */
export async function releaseAsset(workspace: Workspace, name: string): Promise<ReleaseAnswer> {
  const warehouse = await workspace.warehouse();
  const live = await warehouse.session((session) => readLive(session));
  const asset = await assetNamed(workspace, name, live);
  if (!(await warehouse.transaction(async (tx) => releaseRollback(tx, await keyToChange(tx, asset)))))
    throw new MillraceError({ code: "MR8306", message: `${asset} is not held at an earlier version` });
  return { asset, released: true, version: live.get(asset)?.version ?? "" };
}

/** The versions of an asset, newest first, and which of them can be gone back to. */
export function versionAnswers(known: AssetVersions): readonly VersionAnswer[] {
  return known.versions.map(({ version, at, run, rows }) => ({
    version,
    at,
    run,
    rows,
    live: version === known.live,
    kept: wayTo(known, version) !== undefined,
  }));
}

/** Of the project, or what the warehouse has of an asset that no file defines any more. */
async function assetNamed(workspace: Workspace, name: string, live: ReadonlyMap<NodeId, LiveVersion>): Promise<NodeId> {
  const project = await workspace.project();
  return findAsset(new Set([...project.nodes.filter((node) => node.kind !== "task").map((node) => node.id), ...live.keys()]), name);
}

async function versionBefore(workspace: Workspace, known: AssetVersions, asset: NodeId, name: string): Promise<string> {
  if (known.live === null) return "";
  const run = await findRun(workspace, name);
  // Its first version of the asset; a run publishes one, but may have been asked again after a rollback.
  const published = known.versions.filter((each) => each.run === run).at(-1);
  if (published === undefined)
    throw new MillraceError({
      code: "MR8307",
      message: `run ${run} did not publish a version of ${asset}`,
      hint: `\`millrace history ${asset}\` names the runs that did`,
    });
  const previous = known.steps.get(published.version)?.previous ?? known.versions[known.versions.indexOf(published) + 1]?.version;
  if (previous === undefined)
    throw new MillraceError({ code: "MR8303", message: `${published.version} by run ${run} is the first version of ${asset}` });
  return previous;
}

/** What was made from another version than readers see now, and what stands on it. */
async function staleBelow(
  workspace: Workspace,
  live: ReadonlyMap<NodeId, LiveVersion>,
  { asset, version }: { readonly asset: NodeId; readonly version: string },
): Promise<readonly StaleAnswer[]> {
  const { graph } = await defineProject(workspace, { live, lineage: "tables", params: {} });
  const stale = new Map<NodeId, string>();
  for (const id of graph.order) {
    const made = live.get(id);
    if (made === undefined || id === asset) continue;
    const reads = readsOf(graph, id);
    const above = reads.find((need) => stale.has(need));
    if (reads.includes(asset) && made.inputs[asset] !== undefined && made.inputs[asset] !== version)
      stale.set(id, `it was made from version ${made.inputs[asset]} of ${asset}`);
    else if (above !== undefined) stale.set(id, `${above} is stale`);
  }
  return [...stale].map(([id, reason]) => ({ asset: id, reason }));
}

function readsOf(graph: Graph, id: NodeId): readonly NodeId[] {
  return [...new Set([...(graph.reads.get(id) ?? []), ...(graph.needs.get(id) ?? [])])];
}
