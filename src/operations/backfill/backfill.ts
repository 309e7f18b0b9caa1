// `backfill`: a run of its own over many partitions, durable before the first of them is touched. It has its lane (a low priority and its own
// concurrency), builds with the code it was planned with, and is paused, resumed and cancelled like any run (backfill-acts.ts).
import { randomInt } from "node:crypto";
import type { RunSummaryAnswer } from "../../model/answers.ts";
import type { BackfillStartedAnswer } from "../../model/backfill-answers.ts";
import { MillraceError } from "../../model/errors.ts";
import type { NodeId } from "../../model/graph.ts";
import type { RunProgress } from "../../model/progress.ts";
import type { RunPlan } from "../../model/plan.ts";
import { runId } from "../../engine/run-id.ts";
import { keyOf } from "../../plan/partitions/space.ts";
import { estimates } from "../../sql/ledger/partitions.ts";
import { historyHere } from "../environments/assets.ts";
import { findAsset } from "../assets/assets.ts";
import { openCarrier } from "../runs/carrier.ts";
import { planForRun, type Planned, planOperation } from "../plan/plan.ts";
import { backfillWish, durationOf } from "./wish.ts";
import type { Workspace } from "../workspace.ts";

export interface BackfillRequest {
  readonly asset: string;
  readonly from?: string;
  /** The last one included. */
  readonly to?: string;
  /** `30d`: what ended within that time. */
  readonly last?: string;
  /** A key or a range, as `run --partition` takes it. */
  readonly partition?: string;
  readonly statuses: readonly ("missing" | "failed" | "stale")[];
  /** `7d`: adjacent partitions of one node. */
  readonly batch?: string;
  readonly jobs?: number;
  readonly withDownstream: boolean;
  readonly dryRun: boolean;
  readonly detach: boolean;
}

/** After everything else that waits. */
export const BACKFILL_PRIORITY = -10;
export const JOBS_DEFAULT = 4;
export const JOBS_MAX = 1_000;

type Observe = (progress: RunProgress) => void;
type Tell = (started: BackfillStartedAnswer) => void;

/** Null for a dry run, for one that is left to others, and where there is nothing to do. @throws MR6102, MR8202, MR8203, MR8204, MR8210. */
export async function backfill(
  workspace: Workspace,
  request: BackfillRequest,
  { observe, tell }: { readonly observe: Observe; readonly tell: Tell },
): Promise<RunSummaryAnswer | null> {
  const { asset, planned } = await planBackfill(workspace, request);
  const jobs = request.jobs ?? JOBS_DEFAULT;
  const answer = await startedAnswer(workspace, { asset, planned, jobs });
  if (request.dryRun || answer.partitions === 0) {
    tell(answer);
    return null;
  }
  const plan: RunPlan = { ...planned.plan, job: null, concurrency: jobs, priority: BACKFILL_PRIORITY };
  const carrier = await openCarrier(workspace);
  try {
    const run = `b_${runId(Date.now(), () => randomInt(2 ** 32) / 2 ** 32).slice("r_".length)}`;
    await carrier.engine.start(plan, { run, trigger: "backfill" });
    tell({ ...answer, backfill: run });
    if (request.detach) return null;
    const equipment = { workspace, definitions: planned.definitions, params: planned.params, fullRefresh: false };
    return await carrier.carry(run, { equipment, resumed: false, history: await historyHere(workspace), observe });
  } finally {
    await carrier.close();
  }
}

async function planBackfill(
  workspace: Workspace,
  request: BackfillRequest,
): Promise<{ readonly asset: NodeId; readonly planned: Planned }> {
  const project = await workspace.projectWithWarehouse();
  const asset = findAsset(
    project.nodes.map((node) => node.id),
    request.asset,
  );
  const node = project.nodes.find(({ id }) => id === asset);
  if (node?.partitioning === undefined) {
    throw new MillraceError({
      code: "MR8210",
      message: `${asset} has no partitions`,
      ...(node === undefined ? {} : { location: { file: node.file, line: 1, column: 1 } }),
    });
  }
  const batchMs = request.batch === undefined ? undefined : durationOf("--batch", request.batch);
  const wish = backfillWish(asset, request);
  const planned = await planForRun(workspace, {
    select: request.withDownstream ? `${asset}+` : asset,
    backfill: { wish, priority: BACKFILL_PRIORITY, pinned: true, ...(batchMs === undefined ? {} : { batchMs }) },
  });
  return { asset, planned };
}

interface Answering {
  readonly asset: NodeId;
  readonly planned: Planned;
  readonly jobs: number;
}

async function startedAnswer(workspace: Workspace, { asset, planned, jobs }: Answering): Promise<BackfillStartedAnswer> {
  const warehouse = await workspace.warehouse();
  const history = await warehouse.session(estimates);
  const counts = [...planned.chosen].flatMap(([id, { parts }]) => (parts.length === 0 ? [] : [{ asset: id, partitions: parts.length }]));
  const known = counts.flatMap(({ asset: id, partitions }) => {
    const one = history.get(id);
    return one === undefined ? [] : [{ rows: one.rows * partitions, seconds: one.seconds * partitions }];
  });
  const own = planned.chosen.get(asset);
  const [first, last] = [own?.parts[0], own?.parts.at(-1)];
  const total = (field: "rows" | "seconds"): number => known.reduce((sum, each) => sum + each[field], 0);
  return {
    type: "backfill",
    backfill: null,
    asset,
    partitions: own?.parts.length ?? 0,
    nodes: planned.plan.nodes.length,
    from: own === undefined || first === undefined ? null : keyOf(own.asset.space, first),
    to: own === undefined || last === undefined ? null : keyOf(own.asset.space, last),
    estimate: known.length === 0 ? { rows: null, seconds: null } : { rows: Math.round(total("rows")), seconds: total("seconds") / jobs },
    jobs,
    assets: counts,
  };
}

/** Definitions alone, for a run that was planned before. */
export async function equipmentOf(workspace: Workspace): Promise<Pick<Planned, "definitions" | "params">> {
  return planOperation(workspace, { select: "" });
}
