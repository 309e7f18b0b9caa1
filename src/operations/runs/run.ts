// `run`: goes on with what a dead process left, then does what a plan says. One engine, one process; what is committed is never done twice.
import type { RunSummaryAnswer } from "../../model/answers.ts";
import type { RunPlan } from "../../model/plan.ts";
import type { RunProgress } from "../../model/progress.ts";
import type { Engine } from "../../engine/engine.ts";
import { raiseFirstFences } from "../../sql/ledger/fence.ts";
import type { RunRow } from "../../views/runs.ts";
import { openCarrier } from "./carrier.ts";
import { historyHere } from "../environments/assets.ts";
import { planForRun, planOperation, type Planned, type PlanRequest } from "../plan/plan.ts";
import { beginWork } from "../plan/restate.ts";
import type { Amendment } from "../quarantine/amendment.ts";
import type { Replay } from "../assets/replay-port.ts";
import { beginInEnvironment } from "../environments/begin.ts";
import { findRunHere } from "./runs.ts";
import type { Workspace } from "../workspace.ts";

export interface RunRequest extends PlanRequest {
  /** Take over what succeeded in this earlier run. */
  readonly fromFailure?: string;
  /** In place of a load: records of this source leave quarantine. */
  readonly amendment?: Amendment;
  /** In place of a load: a source is built again from its raw zone. */
  readonly replay?: Replay;
}

const FENCES_AT_ONCE_MIN = 4;

type Observe = (progress: RunProgress) => void;

/** Carries a request out. The summary's status is `running` when the run was interrupted and can go on. */
export async function runOperation(workspace: Workspace, request: RunRequest, observe: Observe): Promise<RunSummaryAnswer> {
  await workspace.projectWithWarehouse(); // whoever holds it elsewhere is named before anything is planned
  const fromRun = request.fromFailure === undefined ? undefined : await findRunHere(workspace, request.fromFailure);
  const planned = await planForRun(workspace, request);
  for (const { asset, message } of planned.notes) observe({ type: "warning", node: asset, message });
  await beginInEnvironment(workspace, planned);
  const carrier = await openCarrier(workspace);
  const { engine } = carrier;
  const history = await historyHere(workspace);
  const equipment = {
    workspace,
    definitions: planned.definitions,
    params: planned.params,
    fullRefresh: request.fullRefresh === true,
    ...amendmentOf(request),
    ...(request.replay === undefined ? {} : { replay: request.replay }),
  };
  const carry = (run: string, resumed: boolean): Promise<RunSummaryAnswer> => carrier.carry(run, { equipment, resumed, history, observe });
  try {
    const left =
      fromRun === undefined && request.amendment === undefined && request.replay === undefined && carrier.isShared !== true
        ? await resumable(engine, planned, request)
        : undefined;
    if (left === undefined) await beginWork(workspace, planned.begins);
    if (left === undefined) {
      const run = await engine.start(planned.plan, fromRun === undefined ? {} : { fromRun });
      await raiseFences(workspace, run, planned.plan);
      return await carry(run, false);
    }
    const summary = await carry(left, true);
    if (summary.status !== "succeeded") return summary;
    // Files may have changed since the interrupted run was planned; what is new is done now, as a run of its own. What every run asks is no news.
    const next = await planOperation(workspace, request);
    if (!next.plan.nodes.some((node) => node.action === "build" && node.asked !== true)) return summary;
    return await carry(await engine.start(next.plan), false);
  } finally {
    await carrier.close();
  }
}

/** Of few nodes each raises its own. */
async function raiseFences(workspace: Workspace, run: string, { nodes }: RunPlan): Promise<void> {
  const built = nodes.filter(({ action }) => action === "build").map(({ id }) => id);
  if (built.length >= FENCES_AT_ONCE_MIN) await raiseFirstFences(await workspace.warehouse(), run, built);
}

function amendmentOf({ amendment }: RunRequest): { readonly amendment?: Amendment } {
  return amendment === undefined ? {} : { amendment };
}

/** An interrupted run that this request may go on with; others that were left are closed. */
async function resumable(engine: Engine, planned: Planned, request: RunRequest): Promise<string | undefined> {
  let found: string | undefined;
  for (const left of await engine.unfinished()) {
    if (left.trigger === "backfill") continue; // it has its own lane: millrace backfill resume
    if (left.environment !== planned.plan.environment) continue;
    if (left.parent !== null) continue; // it goes on, or ends, with the run that waits for it
    if (found === undefined && request.fullRefresh !== true && (await isSameRequest(engine, left, planned.plan))) found = left.run;
    else if (!(await isWaiting(engine, left)))
      await engine.cancel(left.run, {
        by: "millrace run",
        why: "another run took its place: the project or the request is not the same any more",
      });
  }
  return found;
}

/** The same job with the same parameters over the same nodes. Code that changed meanwhile is seen by each attempt itself. */
async function isSameRequest(engine: Engine, left: RunRow, plan: RunPlan): Promise<boolean> {
  if (left.job !== plan.job || JSON.stringify(left.params) !== JSON.stringify(plan.params)) return false;
  const nodes = new Set((await engine.inspect(left.run)).nodes().flatMap(({ node }) => (node.endsWith("]") ? [] : [node])));
  return nodes.size === plan.nodes.length && plan.nodes.every(({ id }) => nodes.has(id));
}

/** A run that waits (for an approval, a time) was left on purpose. */
async function isWaiting(engine: Engine, { run }: RunRow): Promise<boolean> {
  return (await engine.inspect(run)).nodes().some(({ status }) => status === "waiting");
}
