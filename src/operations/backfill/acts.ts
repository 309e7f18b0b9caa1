// What can be done to a backfill that was started: list, show, pause, resume, cancel, retry of what failed, another number of jobs. A backfill is a run;
// its acts are written to the run itself, so that they reach whoever carries it out.
import { randomInt } from "node:crypto";
import type { RunSummaryAnswer } from "../../model/answers.ts";
import type {
  BackfillActAnswer,
  BackfillAnswer,
  BackfillsAnswer,
  BackfillShowAnswer,
  BackfillStartedAnswer,
} from "../../model/backfill-answers.ts";
import type { Executor } from "../../model/attempt.ts";
import { MillraceError } from "../../model/errors.ts";
import type { RunEvent } from "../../model/events.ts";
import { splitNodeId } from "../../model/partition.ts";
import type { PlanNode } from "../../model/plan.ts";
import type { RunProgress } from "../../model/progress.ts";
import { realClock } from "../../engine/clock.ts";
import { createEngine, type Act } from "../../engine/engine.ts";
import { runId } from "../../engine/run-id.ts";
import { foldRun, type NodeRow, type RunFold } from "../../views/run-fold.ts";
import { listRuns, type RunRow, type RunsQuery } from "../../views/runs.ts";
import { historyHere } from "../environments/assets.ts";
import { actor } from "../actor.ts";
import { BACKFILL_PRIORITY, equipmentOf } from "./backfill.ts";
import { openCarrier } from "../runs/carrier.ts";
import { runCursorOf, runPlaceOf } from "../runs/runs.ts";
import type { Workspace } from "../workspace.ts";

/** Backfills that are looked through for one. */
const BACKFILLS_LOOKED_AT_MAX = 1_000;

/** Carries nothing out: this process only says something. */
const NOBODY: Executor = {
  name: "nobody",
  run: () => Promise.reject(new MillraceError({ code: "MR6005", message: "this process carries nothing out", retryable: true })),
  close: async () => {},
};

/** Those of this environment, newest first. */
async function backfillRuns(workspace: Workspace, query: Pick<RunsQuery, "limit" | "below">): Promise<readonly RunRow[]> {
  const { name: environment } = await workspace.environment();
  return listRuns(await workspace.store(), { ...query, environment, trigger: "backfill" });
}

export interface BackfillsRequest {
  readonly limit: number;
  /** `next` of an earlier answer. */
  readonly cursor?: string;
}

/** Newest first. @throws MR7001 */
export async function listBackfills(workspace: Workspace, { limit, cursor }: BackfillsRequest): Promise<BackfillsAnswer> {
  const store = await workspace.store();
  const below = cursor === undefined ? {} : { below: runPlaceOf(cursor) };
  const rows = await backfillRuns(workspace, { limit: limit + 1, ...below });
  const backfills: BackfillAnswer[] = [];
  for (const { run } of rows.slice(0, limit)) backfills.push(answerOf(run, await store.read(run)));
  return { backfills, next: rows.length > limit ? runCursorOf(rows[limit - 1]!) : null };
}

/** @throws MR8211. */
export async function showBackfill(workspace: Workspace, name: string): Promise<BackfillShowAnswer> {
  const { run, events, fold } = await findBackfill(workspace, name);
  return {
    backfill: answerOf(run, events),
    nodes: fold.nodes().map(({ node, plan, status, attempts, seconds, error }) => ({
      asset: plan.partition === undefined ? node : splitNodeId(node).asset,
      partition: plan.partition ?? null,
      status,
      attempts: attempts.length,
      seconds,
      error,
    })),
  };
}

export interface BackfillAct {
  readonly backfill: string;
  readonly act: "pause" | "cancel" | "jobs";
  readonly jobs?: number;
  readonly why?: string;
}

/** @throws MR8211. */
export async function actOnBackfill(workspace: Workspace, { backfill, act, jobs = 1, why = "" }: BackfillAct): Promise<BackfillActAnswer> {
  const { run } = await findBackfill(workspace, backfill);
  const by = actor();
  const said: Act =
    act === "pause"
      ? { type: "pause", by, why }
      : act === "cancel"
        ? { type: "cancel", by, why }
        : { type: "setConcurrency", by, concurrency: jobs };
  return { backfill: run, act, changed: await say(workspace, run, said) };
}

async function say(workspace: Workspace, run: string, act: Act): Promise<boolean> {
  // Told that others may live, the engine leaves what runs to its owner.
  const engine = createEngine({ store: await workspace.store(), clock: realClock, executor: NOBODY, isDead: () => false });
  try {
    return await engine.act(run, act);
  } finally {
    await engine.close();
  }
}

export interface ResumeRequest {
  readonly backfill: string;
  /** Go on with the code that is there now. */
  readonly allowCodeChange: boolean;
  /** Only take the pause away; whoever carries it out goes on. */
  readonly detach: boolean;
}

/** Takes a pause away and carries the backfill out, unless someone else does. Null when it was left to others or has ended. @throws MR8211. */
export async function resumeBackfill(
  workspace: Workspace,
  { backfill, allowCodeChange, detach }: ResumeRequest,
  { observe, tell }: { readonly observe: (progress: RunProgress) => void; readonly tell: (answer: BackfillActAnswer) => void },
): Promise<RunSummaryAnswer | null> {
  const { run, fold } = await findBackfill(workspace, backfill);
  if (fold.row()!.status !== "running") {
    tell({ backfill: run, act: "resume", changed: false });
    return null;
  }
  const changed = await say(workspace, run, { type: "resume", by: actor() });
  tell({ backfill: run, act: "resume", changed });
  return detach ? null : carryOut(workspace, run, { allowCodeChange, observe });
}

interface CarryRequest {
  readonly allowCodeChange: boolean;
  readonly observe: (progress: RunProgress) => void;
}

async function carryOut(workspace: Workspace, run: string, { allowCodeChange, observe }: CarryRequest): Promise<RunSummaryAnswer> {
  await workspace.projectWithWarehouse(); // whoever holds it carries the run out
  const { definitions, params } = await equipmentOf(workspace);
  const carrier = await openCarrier(workspace);
  try {
    const equipment = { workspace, definitions, params, fullRefresh: false, ...(allowCodeChange ? { allowCodeChange } : {}) };
    return await carrier.carry(run, { equipment, resumed: true, history: await historyHere(workspace), observe });
  } finally {
    await carrier.close();
  }
}

export interface RetryBackfillRequest {
  readonly backfill: string;
  readonly allowCodeChange: boolean;
  readonly detach: boolean;
}

/** Another backfill of what failed, was skipped or was canceled in one that has ended. Null when there is nothing. @throws MR8211, MR8309. */
export async function retryBackfill(
  workspace: Workspace,
  { backfill, allowCodeChange, detach }: RetryBackfillRequest,
  { observe, tell }: { readonly observe: (progress: RunProgress) => void; readonly tell: (answer: BackfillStartedAnswer) => void },
): Promise<RunSummaryAnswer | null> {
  const { run, events, fold } = await findBackfill(workspace, backfill);
  if (fold.row()!.status === "running") {
    throw new MillraceError({ code: "MR8309", message: `${run} has not ended`, hint: `millrace backfill resume ${run}` });
  }
  const { plan } = startOf(events);
  const again = fold.nodes().filter(({ status }) => status === "failed" || status === "skipped" || status === "canceled");
  const ids = new Set(again.map(({ node }) => node));
  const nodes: readonly PlanNode[] = plan.nodes
    .filter(({ id }) => ids.has(id))
    .map((node) => ({ ...node, needs: node.needs.filter((need) => ids.has(need)), reason: `it did not succeed in ${run}` }));
  const jobs = plan.concurrency;
  const started = retryAnswer(answerOf(run, events).asset, again, jobs);
  if (nodes.length === 0) {
    tell(started);
    return null;
  }
  await workspace.projectWithWarehouse();
  const { definitions, params } = await equipmentOf(workspace);
  const carrier = await openCarrier(workspace);
  try {
    const id = `b_${runId(Date.now(), () => randomInt(2 ** 32) / 2 ** 32).slice("r_".length)}`;
    const retried = { ...plan, nodes, concurrency: jobs, priority: BACKFILL_PRIORITY };
    await carrier.engine.start(retried, { run: id, trigger: "backfill", fromRun: run, takeOver: () => false });
    tell({ ...started, backfill: id });
    if (detach) return null;
    const equipment = { workspace, definitions, params, fullRefresh: false, ...(allowCodeChange ? { allowCodeChange } : {}) };
    return await carrier.carry(id, { equipment, resumed: false, history: await historyHere(workspace), observe });
  } finally {
    await carrier.close();
  }
}

function retryAnswer(asset: string, again: readonly NodeRow[], jobs: number): BackfillStartedAnswer {
  const own = again.filter(({ node }) => splitNodeId(node).asset === asset);
  return {
    type: "backfill",
    backfill: null,
    asset,
    partitions: own.length,
    nodes: again.length,
    from: null,
    to: null,
    estimate: { rows: null, seconds: null },
    jobs,
    assets: [{ asset, partitions: own.length }],
  };
}

interface Found {
  readonly run: string;
  readonly events: readonly RunEvent[];
  readonly fold: RunFold;
}

/** By its id or the beginning of it. @throws MR8211. */
async function findBackfill(workspace: Workspace, name: string): Promise<Found> {
  const store = await workspace.store();
  const rows = await backfillRuns(workspace, { limit: BACKFILLS_LOOKED_AT_MAX });
  const found = rows.filter(({ run }) => run === name || (name.length > 2 && run.startsWith(name)));
  const [row] = found;
  if (row === undefined || found.length > 1) {
    throw new MillraceError({
      code: "MR8211",
      message: found.length > 1 ? `${found.length} backfills begin with ${name}` : `there is no backfill ${name}`,
      hint: "`millrace backfill list` shows them",
    });
  }
  const events = await store.read(row.run);
  return { run: row.run, events, fold: foldRun(events)! };
}

function startOf(events: readonly RunEvent[]): Extract<RunEvent, { readonly type: "run_started" }> {
  const [first] = events;
  if (first?.type !== "run_started") throw new Error("assertion: a run begins with run_started");
  return first;
}

function answerOf(run: string, events: readonly RunEvent[]): BackfillAnswer {
  const fold = foldRun(events)!;
  const row = fold.row()!;
  const { plan } = startOf(events);
  const { succeeded, reused, failed, skipped, canceled, total } = row.nodes;
  const running = fold.nodes().filter(({ status }) => status === "running").length;
  const changed = events.findLast((event) => event.type === "concurrency_changed");
  const first = plan.nodes[0];
  const left = total - succeeded - reused - failed - skipped - canceled - running;
  return {
    backfill: run,
    asset: first === undefined ? "" : splitNodeId(first.id).asset,
    status: row.status === "running" && row.paused !== null ? "paused" : row.status,
    nodes: { total, succeeded, reused, failed, skipped, canceled, running, pending: left },
    jobs: changed?.type === "concurrency_changed" ? changed.concurrency : plan.concurrency,
    startedAt: row.startedAt,
    finishedAt: row.finishedAt,
    paused: row.paused,
  };
}
