// `run`: goes on with what a dead process left, then does what a plan says. One engine, one process; what is committed is never done twice.
import type { RunProgress } from "../model/progress.ts";
import type { Attempt, AttemptLog, AttemptResult } from "../model/attempt.ts";
import type { NodeEventAnswer, RunSummaryAnswer } from "../model/answers.ts";
import { MillraceError } from "../model/errors.ts";
import type { RunEvent } from "../model/events.ts";
import type { NodeId } from "../model/graph.ts";
import type { RowCounts, RunPlan } from "../model/plan.ts";
import { realClock } from "../engine/clock.ts";
import { createEngine, type Engine } from "../engine/engine.ts";
import { createFileLogs } from "../engine/logs.ts";
import { createRedactor } from "../project/secrets.ts";
import { expectedSeconds, readAssets, type AssetRow } from "../views/assets.ts";
import { nodeName, type NodeRow, type RunFold } from "../views/run-fold.ts";
import type { RunRow } from "../views/runs.ts";
import { attemptHandler } from "./attempts.ts";
import { isAskedEachRun } from "../plan/decide.ts";
import { planOperation, refuseUnresolved, type Planned, type PlanRequest } from "./plan.ts";
import { findRun } from "./runs.ts";
import type { Workspace } from "./workspace.ts";

export interface RunRequest extends PlanRequest {
  /** Take over what succeeded in this earlier run. */
  readonly fromFailure?: string;
}

/** Warnings of one attempt that are told while it runs; all of them are in its log. */
const WARNINGS_TOLD_MAX = 5;

type Observe = (progress: RunProgress) => void;

/** Carries a request out. The summary's status is `running` when the run was interrupted and can go on. */
export async function runOperation(workspace: Workspace, request: RunRequest, observe: Observe): Promise<RunSummaryAnswer> {
  await workspace.projectWithWarehouse(); // whoever holds it elsewhere is named before anything is planned
  const store = await workspace.store();
  const fromRun = request.fromFailure === undefined ? undefined : await findRun(workspace, request.fromFailure);
  const planned = await planOperation(workspace, request);
  refuseMissing(planned);
  await refuseUnresolved(workspace, planned);
  const logs = createFileLogs({ dir: workspace.stateDir("logs"), redact: (text) => createRedactor(workspace.secretValues())(text) });
  const handler = attemptHandler(workspace, {
    definitions: planned.definitions,
    params: planned.params,
    fullRefresh: request.fullRefresh === true,
  });
  const telling = (attempt: Attempt): Promise<AttemptResult> => handler({ ...attempt, log: tellWarnings(attempt, workspace, observe) });
  const engine = createEngine({ store, clock: realClock, executor: workspace.parts.createExecutor(telling), logs });
  const history = await readAssets(store);
  const carry = (run: string, resumed: boolean): Promise<RunSummaryAnswer> =>
    carryOut(workspace, engine, { run, resumed, history, observe });
  try {
    const left = fromRun === undefined ? await resumable(engine, planned, request) : undefined;
    if (left === undefined) return await carry(await engine.start(planned.plan, fromRun === undefined ? {} : { fromRun }), false);
    const summary = await carry(left, true);
    if (summary.status !== "succeeded") return summary;
    // Files may have changed since the interrupted run was planned; what is new is done now, as a run of its own. What every run asks is no news.
    const next = await planOperation(workspace, request);
    if (!next.plan.nodes.some((node) => node.action === "build" && !isAskedEachRun(node))) return summary;
    return await carry(await engine.start(next.plan), false);
  } finally {
    await engine.close();
  }
}

/** The log of an attempt whose first warnings are also told to who watches the run. */
function tellWarnings({ node, log }: Attempt, workspace: Workspace, observe: Observe): AttemptLog {
  let told = 0;
  return (level, message) => {
    log(level, message);
    if (level !== "warn" || told >= WARNINGS_TOLD_MAX) return;
    told++;
    observe({ type: "warning", node, message: createRedactor(workspace.secretValues())(message) });
  };
}

/** An interrupted run that this request may go on with; others that were left are closed. */
async function resumable(engine: Engine, planned: Planned, request: RunRequest): Promise<string | undefined> {
  let found: string | undefined;
  for (const left of await engine.unfinished()) {
    if (found === undefined && request.fullRefresh !== true && (await isSameRequest(engine, left, planned.plan))) found = left.run;
    else
      await engine.cancel(left.run, {
        by: "millrace run",
        why: "another run took its place: the project or the request is not the same any more",
      });
  }
  return found;
}

/** The same job with the same parameters over the same nodes. Code that changed meanwhile is seen by each attempt itself. */
async function isSameRequest(engine: Engine, left: RunRow, plan: RunPlan): Promise<boolean> {
  if (left.job !== plan.job || left.nodes.total !== plan.nodes.length || JSON.stringify(left.params) !== JSON.stringify(plan.params))
    return false;
  const nodes = new Set((await engine.inspect(left.run)).nodes().map(({ node }) => node));
  return plan.nodes.every(({ id }) => nodes.has(id));
}

function refuseMissing({ missing }: Planned): void {
  const [first] = missing;
  if (first === undefined) return;
  throw new MillraceError({
    code: "MR8009",
    message: `${first.node} reads ${first.needs}, which was never built and is not selected`,
    hint: `select it too: --select '+${first.node}'`,
  });
}

interface Carrying {
  readonly run: string;
  readonly resumed: boolean;
  readonly history: ReadonlyMap<NodeId, AssetRow>;
  readonly observe: Observe;
}

async function carryOut(workspace: Workspace, engine: Engine, { run, resumed, history, observe }: Carrying): Promise<RunSummaryAnswer> {
  const startedMs = performance.now();
  let fold: RunFold | undefined;
  const told = new Set<NodeId>();
  const begin = (now: RunFold): void => {
    if (fold !== undefined) return;
    fold = now;
    observe({ type: "run", run, resumed, nodes: now.row()!.nodes.total });
  };
  const tellSettled = (now: RunFold, node: NodeId): void => {
    const row = now.node(node);
    if (row === undefined || told.has(node) || !isSettled(row)) return;
    told.add(node);
    observe(nodeEvent(row));
  };
  const summary = await engine.run(run, {
    signal: workspace.signal,
    onEvent: (event, now) => {
      begin(now);
      tellProgress(event, history, observe);
      if ("node" in event) tellSettled(now, event.node);
    },
  });
  const last = fold ?? (await engine.inspect(run));
  begin(last);
  for (const row of last.nodes()) tellSettled(last, row.node);
  const { succeeded, failed, skipped, reused } = summary.nodes;
  return {
    type: "summary",
    run,
    status: summary.status,
    nodes: { succeeded, failed, skipped, reused },
    rows: rowsThatEntered(last),
    seconds: (performance.now() - startedMs) / 1000,
    error: summary.error,
    outputs: last.nodes().flatMap((row) => (row.plan.kind === "export" && row.status === "succeeded" ? locationsOf(row) : [])),
  };
}

function tellProgress(event: RunEvent, history: ReadonlyMap<NodeId, AssetRow>, observe: Observe): void {
  if (event.type === "attempt_started") {
    observe({ type: "started", node: event.node, attempt: event.attempt, expectedSeconds: expectedSeconds(history.get(event.node)) });
  }
  if (event.type === "attempt_failed" && event.retryAt !== null) {
    observe({
      type: "retrying",
      node: event.node,
      attempt: event.attempt,
      retryAt: new Date(event.retryAt).toISOString(),
      message: event.error.message,
    });
  }
}

function isSettled(row: NodeRow): boolean {
  return row.status !== "pending" && row.status !== "running" && row.status !== "retrying";
}

function nodeEvent(row: NodeRow): NodeEventAnswer {
  return {
    type: "node",
    ...nodeName(row.node),
    status: row.status,
    reason: row.because === null ? row.plan.reason : `${row.because} failed`,
    attempts: row.attempts.length,
    seconds: row.seconds,
    rows: row.rows ?? null,
    checks: row.checks ?? [],
    ...(row.output === undefined ? {} : { output: row.output }),
    error: row.error,
  };
}

/** Rows that came in from outside: what sources read. Rows that models made of them are not counted again. */
function rowsThatEntered(fold: RunFold): RowCounts {
  const total = { read: 0, loaded: 0, quarantined: 0, filtered: 0 };
  for (const { plan, status, rows } of fold.nodes()) {
    if ((plan.kind !== "source" && plan.kind !== "extract") || rows === undefined || status === "pending") continue;
    total.read += rows.read;
    total.loaded += rows.loaded;
    total.quarantined += rows.quarantined;
    total.filtered += rows.filtered;
  }
  return total;
}

function locationsOf(row: NodeRow): readonly string[] {
  const output = row.output as { readonly locations?: readonly string[] } | null | undefined;
  return output?.locations ?? [];
}
