// `retry` and `fork`: a run that has ended, once more. A retry takes over what succeeded and does the rest, or one node and what stands on it. A fork
// asks for the same again with today's code, other parameters or another selection, and takes nothing over.
import type { ForkAnswer } from "../../model/act-answers.ts";
import type { RunSummaryAnswer } from "../../model/answers.ts";
import { MillraceError } from "../../model/errors.ts";
import type { NodeId } from "../../model/graph.ts";
import { splitNodeId } from "../../model/partition.ts";
import type { PlanNode } from "../../model/plan.ts";
import type { RunProgress } from "../../model/progress.ts";
import type { StartOptions } from "../../engine/engine.ts";
import type { Session } from "../../sql/session.ts";
import { foldRun, type RunFold } from "../../views/run-fold.ts";
import { historyHere } from "../environments/assets.ts";
import { findAsset } from "../assets/assets.ts";
import { retryBackfill } from "../backfill/acts.ts";
import { openCarrier } from "./carrier.ts";
import type { Planned, PlanRequest } from "../plan/plan.ts";
import { planForRun } from "../plan/plan.ts";
import { findRunHere } from "./runs.ts";
import type { Workspace } from "../workspace.ts";

type Observe = (progress: RunProgress) => void;

export interface RetryRequest {
  readonly run: string;
  /** Done again with what stands on it, whether it succeeded or not. */
  readonly node?: string;
}

export interface ForkRequest {
  readonly run: string;
  readonly params: Readonly<Record<string, string>>;
  readonly select?: string;
}

/** @throws MR6101 unknown run, MR8309 one that goes on, MR8310 unknown node. */
export async function retryRun(workspace: Workspace, request: RetryRequest, observe: Observe): Promise<RunSummaryAnswer> {
  const { run, fold } = await endedRun(workspace, request.run);
  if (fold.row()!.trigger === "backfill") return retryPartitions(workspace, run, request, observe);
  const planned = await planLike(workspace, fold, {});
  if (request.node === undefined) return startPlanned(workspace, planned, { trigger: "retry", fromRun: run }, observe);
  const node = nodeOf(fold, request.node);
  const again = withDependents(planned.plan.nodes, node);
  return startPlanned(
    workspace,
    askedAgain(planned, again, node),
    { trigger: "retry", fromRun: run, takeOver: (id) => !again.has(id) },
    observe,
  );
}

/** A backfill is tried again by what of it did not succeed. */
async function retryPartitions(workspace: Workspace, run: string, { node }: RetryRequest, observe: Observe): Promise<RunSummaryAnswer> {
  if (node !== undefined)
    throw new MillraceError({
      code: "MR8309",
      message: `${run} is a backfill: its nodes are partitions`,
      hint: `one again: millrace backfill ${splitNodeId(node).asset} --partition ${splitNodeId(node).partition ?? "KEY"}`,
    });
  const request = { backfill: run, allowCodeChange: false, detach: false };
  const summary = await retryBackfill(workspace, request, { observe, tell: () => {} });
  if (summary === null) throw new MillraceError({ code: "MR8312", message: `everything of ${run} succeeded; there is nothing to retry` });
  return summary;
}

/** `tell` is called before anything starts. @throws as retryRun. */
export async function forkRun(
  workspace: Workspace,
  request: ForkRequest,
  observe: Observe,
  tell: (fork: ForkAnswer) => void,
): Promise<RunSummaryAnswer> {
  const { run, fold } = await endedRun(workspace, request.run);
  const planned = await planLike(workspace, fold, request);
  tell({ type: "fork", from: run, params: planned.params, codeChanged: await codeChanges(workspace, fold, planned) });
  return startPlanned(workspace, planned, { trigger: "fork", fromRun: run, takeOver: () => false }, observe);
}

async function endedRun(workspace: Workspace, name: string): Promise<{ readonly run: string; readonly fold: RunFold }> {
  const run = await findRunHere(workspace, name);
  const fold = foldRun(await (await workspace.store()).read(run))!;
  if (fold.row()!.status !== "running") return { run, fold };
  throw new MillraceError({
    code: "MR8309",
    message: `run ${run} has not ended`,
    hint: "`millrace run` goes on with one that was interrupted; `millrace cancel` ends it",
  });
}

/** A plan of the same request: the same job, or the same nodes where the run had a selection of its own. */
async function planLike(workspace: Workspace, fold: RunFold, { params, select }: Partial<ForkRequest>): Promise<Planned> {
  const row = fold.row()!;
  const request: PlanRequest = { ...(row.job === null ? {} : { job: row.job }), params: { ...row.params, ...params } };
  if (select !== undefined) return planForRun(workspace, { ...request, select });
  // Partitions of today are chosen anew: what succeeded is taken over by its name.
  const ids = [...new Set(fold.nodes().flatMap((node) => (node.item === undefined ? [splitNodeId(node.plan.id).asset] : [])))];
  const whole = row.job === null ? undefined : await planForRun(workspace, request);
  if (whole !== undefined && sameNodes(whole.plan.nodes, ids)) return whole;
  const project = await workspace.project();
  const there = new Set(project.nodes.map((node) => node.id));
  const gone = ids.filter((id) => !there.has(id));
  if (gone.length === ids.length)
    throw new MillraceError({ code: "MR8310", message: `none of the nodes of ${row.run} is in the project any more: ${gone.join(", ")}` });
  return planForRun(workspace, { ...request, select: ids.filter((id) => there.has(id)).join(" ") });
}

function sameNodes(nodes: readonly PlanNode[], ids: readonly NodeId[]): boolean {
  const known = new Set(ids);
  const own = new Set(nodes.map((node) => splitNodeId(node.id).asset));
  return own.size === known.size && [...own].every((id) => known.has(id));
}

function nodeOf(fold: RunFold, name: string): NodeId {
  const ids = fold.nodes().map((node) => node.node);
  try {
    return findAsset(ids, name);
  } catch (cause) {
    throw new MillraceError({
      code: "MR8310",
      message: `run ${fold.row()!.run} has no node ${name}`,
      hint: `it has ${ids.slice(0, 20).join(", ")}`,
      cause,
    });
  }
}

/** Nodes stand in the order of the plan, so one pass finds all. */
function withDependents(nodes: readonly PlanNode[], root: NodeId): ReadonlySet<NodeId> {
  const reached = new Set<NodeId>([root]);
  for (const node of nodes) if (node.needs.some((need) => reached.has(need))) reached.add(node.id);
  return reached;
}

/** What is asked for again is carried out, also where nothing has changed. */
function askedAgain(planned: Planned, again: ReadonlySet<NodeId>, root: NodeId): Planned {
  const reason = (id: NodeId): string => (id === root ? "asked for again" : `stands on ${root}, which was asked for again`);
  const nodes = planned.plan.nodes.map((node): PlanNode =>
    again.has(node.id) ? { ...node, action: "build", reason: node.action === "build" ? node.reason : reason(node.id) } : node,
  );
  const alwaysBuild = new Map([...planned.definitions.alwaysBuild, ...[...again].map((id) => [id, reason(id)] as const)]);
  return { ...planned, plan: { ...planned.plan, nodes }, definitions: { ...planned.definitions, alwaysBuild } };
}

async function startPlanned(workspace: Workspace, planned: Planned, start: StartOptions, observe: Observe): Promise<RunSummaryAnswer> {
  const carrier = await openCarrier(workspace);
  try {
    const { definitions, params } = planned;
    const history = await historyHere(workspace);
    const run = await carrier.engine.start(planned.plan, start);
    return await carrier.carry(run, {
      equipment: { workspace, definitions, params, fullRefresh: false },
      resumed: false,
      history,
      observe,
    });
  } finally {
    await carrier.close();
  }
}

/** Assets whose definition is another than the one they were made with when the run had ended. */
async function codeChanges(workspace: Workspace, fold: RunFold, { definitions }: Planned): Promise<ForkAnswer["codeChanged"]> {
  const { finishedAt } = fold.row()!;
  const warehouse = await workspace.warehouse();
  const then = await warehouse.session((session) => codeAt(session, finishedAt ?? ""));
  return fold.nodes().flatMap(({ plan: { id } }) => {
    const [before, now] = [then.get(id), definitions.graph.nodes.get(id)];
    if (now === undefined) return [{ asset: id, change: "it is no longer in the project" }];
    if (!("codeHash" in now) || now.codeHash === before) return [];
    if (before === undefined) return [{ asset: id, change: "it had no version then, so whether its code changed is not known" }];
    return [{ asset: id, change: now.kind === "model" ? "its SQL or its settings changed" : "its definition changed" }];
  });
}

async function codeAt(session: Session, at: string): Promise<ReadonlyMap<NodeId, string>> {
  const rows = await session.rows<{ asset: NodeId; code_hash: string }>(
    `select asset, arg_max(code_hash, "at") as code_hash from _millrace.versions where "at" <= $1::timestamptz group by asset`,
    [at],
  );
  return new Map(rows.map((row) => [row.asset, row.code_hash]));
}
