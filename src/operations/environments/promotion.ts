// `env promote`, `env rollback`: an environment takes prod's place, and back.
import type { PromotionAnswer } from "../../model/environment-answers.ts";
import { PROD } from "../../model/environment.ts";
import { forgetInstalled } from "../../sql/functions/install.ts";
import { promoteMacros, takeBackMacros } from "../../sql/functions/promoted.ts";
import { MillraceError } from "../../model/errors.ts";
import type { NodeId } from "../../model/graph.ts";
import { splitNodeId } from "../../model/partition.ts";
import { safeEnvironmentName } from "../../project/environment.ts";
import { readEnvironmentRows, settle } from "../../sql/environments/ledger.ts";
import { movedSince, type PromotedAsset, promote, readActs, runAgain, takeBack } from "../../sql/environments/promote.ts";
import { readLive } from "../../sql/ledger/publish.ts";
import type { Warehouse } from "../../sql/warehouse.ts";
import { readAssets } from "../../views/assets.ts";
import { foldRun } from "../../views/run-fold.ts";
import { listRuns } from "../../views/runs.ts";
import { actor } from "../actor.ts";
import { runningEngine } from "../serve/engine-file.ts";
import type { Workspace } from "../workspace.ts";
import { actId } from "./begin.ts";
import { knownEnvironment } from "./environments.ts";
import { showFiles } from "./files.ts";
import { isSampled } from "./sample.ts";
import { showOnServers } from "./servers.ts";
import { environmentWarehouse } from "./warehouse.ts";

export interface PromoteRequest {
  readonly environment: string;
  readonly to?: string;
  readonly why?: string;
  readonly dryRun: boolean;
}

const RUNNING_RUNS_MAX = 100;
const NAMES_SHOWN = 3;

/** @throws MR8702, MR8703, MR8705, MR8708, MR8711 */
export async function promoteEnvironment(
  workspace: Workspace,
  { environment: asked, to = PROD, why, dryRun }: PromoteRequest,
): Promise<PromotionAnswer> {
  const environment = safeEnvironmentName(asked);
  if (safeEnvironmentName(to) !== PROD || environment === PROD)
    throw new MillraceError({ code: "MR8707", message: `an environment is promoted to prod; ${environment} to ${to} is not possible` });
  const warehouse = await workspace.commonWarehouse();
  await knownEnvironment(warehouse, environment);
  const rows = await warehouse.session((session) => readEnvironmentRows(session, environment));
  const own = rows.filter(({ isHeld }) => !isHeld);
  await refuseSample(warehouse, environment, new Set(own.map(({ asset }) => asset)));
  await refuseUnfinished(workspace, environment, new Set(own.map(({ asset }) => asset)));
  const common = { promotion: actId(), environment, to: PROD, dryRun, by: actor(), why: why ?? null };
  if (dryRun) {
    const [prod, moved, again] = await warehouse.session(
      async (session) =>
        [await readLive(session, PROD), await movedSince(session, environment), await runAgain(session, environment)] as const,
    );
    const [first] = moved;
    if (first !== undefined)
      throw new MillraceError({
        code: "MR8703",
        message: `${environment} cannot be promoted: ${first.asset}: ${first.reason}`,
        hint: `build it on what prod is now: ${again}`,
      });
    return { ...common, assets: own.map(({ asset, version }) => ({ asset, from: prod.get(asset)?.version ?? null, to: version })) };
  }
  const assets = await warehouse.transaction(async (tx) => {
    await promoteMacros(tx, { environment, act: common.promotion });
    const promoted = await promote(tx, { ...common, id: common.promotion });
    await settle(tx, environment);
    await showOnServers(workspace, tx, assetsOf(promoted));
    return promoted;
  });
  (await environmentWarehouse(workspace, environment)).forget();
  forgetInstalled(warehouse);
  await showFiles(workspace);
  return { ...common, assets };
}

/** Prod would lose the rows that the sample left out. @throws MR8711 */
async function refuseSample(warehouse: Warehouse, environment: string, own: ReadonlySet<NodeId>): Promise<void> {
  const live = await warehouse.session((session) => readLive(session, environment));
  const sampled = [...own].filter((asset) => isSampled(live.get(asset) ?? { sourceState: null }));
  if (sampled.length === 0) return;
  throw new MillraceError({
    code: "MR8711",
    message: `${environment} was built from a sample of prod's rows (${sampled.slice(0, NAMES_SHOWN).join(", ")}): prod would have no others`,
    hint: "promote the branch itself: run on it, then millrace env promote BRANCH",
  });
}

/** Without an id: the newest promotion that can be taken back. @throws MR8706 */
export async function rollbackPromotion(
  workspace: Workspace,
  request: { readonly of?: string; readonly why?: string },
): Promise<PromotionAnswer> {
  const warehouse = await workspace.commonWarehouse();
  const acts = await warehouse.session((session) => readActs(session));
  const open = acts.filter((act) => act.act !== "drop" && act.endedAt === null && act.collectedAt === null);
  const found = request.of === undefined ? open.find(({ act }) => act === "promote") : acts.find(({ id }) => id === request.of);
  if (found === undefined)
    throw new MillraceError({
      code: "MR8706",
      message: request.of === undefined ? "there is no promotion to take back" : `there is no promotion ${request.of}`,
      hint: "`millrace env list` shows them",
    });
  const common = { promotion: actId(), environment: found.environment, to: PROD, dryRun: false, by: actor(), why: request.why ?? null };
  const assets: readonly PromotedAsset[] = await warehouse.transaction(async (tx) => {
    const macros = { of: found.id, act: common.promotion };
    await takeBackMacros(tx, macros);
    const back = await takeBack(tx, { id: common.promotion, of: found.id, by: common.by, why: common.why });
    await takeBackMacros(tx, macros);
    await showOnServers(workspace, tx, assetsOf(back));
    return back;
  });
  forgetInstalled(warehouse);
  await showFiles(workspace);
  return { ...common, assets };
}

function assetsOf(changes: readonly PromotedAsset[]): readonly NodeId[] {
  return changes.map(({ asset }) => asset);
}

/** What failed last, or is being made now, is not what anybody wants in prod. @throws MR8703, MR8708 */
async function refuseUnfinished(workspace: Workspace, environment: string, own: ReadonlySet<NodeId>): Promise<void> {
  const store = await workspace.store();
  const again = await (await workspace.commonWarehouse()).session((session) => runAgain(session, environment));
  for (const [node, { status }] of await readAssets(store, { environment })) {
    const { asset } = splitNodeId(node);
    if (status === "failed")
      throw new MillraceError({
        code: "MR8703",
        message: `${environment} cannot be promoted as it is: the last try at ${asset} failed`,
        hint: again,
      });
  }
  if (runningEngine(workspace.dir) === undefined) return;
  for (const { run } of await listRuns(store, { limit: RUNNING_RUNS_MAX, status: "running" })) {
    const fold = foldRun(await store.read(run));
    const place = fold?.row()?.environment ?? PROD;
    if (place !== environment && place !== PROD) continue;
    const busy = fold!.nodes().find(({ node, status }) => status === "running" && own.has(splitNodeId(node).asset));
    if (busy !== undefined)
      throw new MillraceError({
        code: "MR8708",
        message: `${run} works on ${busy.node} in ${place} now`,
        hint: `wait for it, or millrace cancel ${run}`,
      });
  }
}
