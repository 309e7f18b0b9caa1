// `deploy`: brings the environment of a branch to what a commit says, over the data, outputs and secrets of this project; what is checked out stays.
//   D1. What does not compile changes nothing, and all its errors are told.
//   D2. An environment is brought to one commit at a time. One that a dead process left is begun anew: its files are gone.
//   D3. Without `run` only what the commit changes is built, from rows that are there: no source is asked that was loaded before, no export is written.
import { oneAtATime } from "../../load/asset-lock.ts";
import type { RunSummaryAnswer } from "../../model/answers.ts";
import type { DeployAnswer } from "../../model/deploy-answers.ts";
import { isSameCode } from "../../model/code-hash.ts";
import { PROD } from "../../model/environment.ts";
import type { Engine } from "../../engine/engine.ts";
import type { RunProgress } from "../../model/progress.ts";
import { noteDeployment, readDeployments } from "../../sql/environments/deployments.ts";
import { readLive } from "../../sql/ledger/publish.ts";
import { historyHere } from "../environments/assets.ts";
import { actor } from "../actor.ts";
import { beginInEnvironment, endInEnvironment } from "../environments/begin.ts";
import { readGitTree } from "../plan/git.ts";
import { planForRun, type Planned } from "../plan/plan.ts";
import { beginWork } from "../plan/restate.ts";
import { openCarrier, shareCarrierOf } from "../runs/carrier.ts";
import type { Workspace } from "../workspace.ts";
import { checkOutServed } from "./checkout.ts";
import { DEPLOY, type Target, targetOf, type TargetRequest } from "./target.ts";

export interface DeployRequest extends TargetRequest {
  /** Also what `millrace run` would do: sources are asked, exports written. */
  readonly run?: boolean;
  /** Who asked; default: who runs this process. */
  readonly by?: string;
}

type Observe = (progress: RunProgress) => void;

/** @throws MR8712, MR8713, MR8714, MR8710, MR8805, MR8807, all errors of the project in one. */
export async function deploy(workspace: Workspace, request: DeployRequest, observe: Observe): Promise<DeployAnswer> {
  const target = await targetOf(workspace, request);
  const { path } = await workspace.commonWarehouse();
  return oneAtATime(`deploy ${path} ${target.environment.name}`, () => deployTarget(workspace, target, request, observe)); // D2
}

async function deployTarget(workspace: Workspace, target: Target, request: DeployRequest, observe: Observe): Promise<DeployAnswer> {
  const { environment, branch, commit, ref, author, committedAt } = target;
  const facts = { environment: environment.name, branch, commit, ref, author, committedAt };
  const warehouse = await workspace.commonWarehouse();
  const before = (await warehouse.session(readDeployments)).get(environment.name);
  if (before?.commit === commit && before.isCurrent && request.run !== true) return { ...facts, status: "current", run: null, notes: [] };
  const tree = await readGitTree(workspace, commit, workspace.tempDir());
  try {
    const there = workspace.atCommit({ codeDir: tree.dir, environment, branch });
    shareCarrierOf(there, workspace);
    await there.projectWithWarehouse();
    const planned = await planForRun(there, request.run === true ? {} : { select: await namespaceOf(there) });
    await checkOutServed(workspace, target);
    const run = await carryOut(there, planned, observe);
    const isDone = run === null || run.status === "succeeded" || run.status === "skipped";
    if (isDone) await warehouse.transaction((tx) => noteDeployment(tx, { ...facts, by: request.by ?? actor() }));
    const notes = planned.notes.map(({ asset, message }) => (asset === "" ? message : `${asset} ${message}`));
    return { ...facts, status: isDone ? "deployed" : "failed", run, notes: [...uncommitted(request, tree.uncommitted), ...notes] };
  } finally {
    await tree.remove();
  }
}

/** D3. What readers find under names: models, and sources that are new or defined in another way. */
async function namespaceOf(there: Workspace): Promise<string> {
  const { nodes } = await there.project();
  const live = await (await there.warehouse()).session((session) => readLive(session));
  const wanted = nodes.filter(({ id, kind, codeHash }) => {
    if (kind === "model" || kind === "transform") return true;
    return (kind === "source" || kind === "extract") && !isSameCode(live.get(id)?.codeHash ?? "", codeHash);
  });
  return wanted.map(({ id }) => id).join(" ");
}

async function carryOut(there: Workspace, planned: Planned, observe: Observe): Promise<RunSummaryAnswer | null> {
  const { plan, definitions, params } = planned;
  await beginInEnvironment(there, planned);
  const carrier = await openCarrier(there);
  try {
    const { name } = await there.environment();
    await closeLeft(carrier.engine, name);
    if (!plan.nodes.some(({ action }) => action === "build")) return null;
    await beginWork(there, planned.begins);
    const run = await carrier.engine.start(plan, { trigger: DEPLOY });
    const equipment = { workspace: there, definitions, params, fullRefresh: false };
    return await carrier.carry(run, { equipment, resumed: false, history: await historyHere(there), observe });
  } finally {
    await carrier.close();
    await endInEnvironment(there);
  }
}

/** D2. */
async function closeLeft(engine: Engine, environment: string): Promise<void> {
  for (const left of await engine.unfinished())
    if (left.trigger === DEPLOY && (left.environment ?? PROD) === environment)
      await engine.cancel(left.run, { by: "millrace deploy", why: "another deploy took its place" });
}

function uncommitted({ ref }: DeployRequest, files: number): readonly string[] {
  if (ref !== undefined || files === 0) return [];
  return [`${files} ${files === 1 ? "file differs" : "files differ"} from what is committed: that is not deployed`];
}
