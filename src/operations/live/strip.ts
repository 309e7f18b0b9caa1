// `runs.strip`: how the runs of the last hours went, step by step, and what schedules will start in the coming ones.
import type { RunStripAnswer } from "../../model/live-answers.ts";
import type { RunStatus } from "../../model/answers.ts";
import { runsSince } from "../../views/runs.ts";
import { listTriggers } from "../triggers/list.ts";
import type { Workspace } from "../workspace.ts";

const STEPS = 48;
const RUNS_MAX = 20_000;
const DUE_MAX = 200;
const HOUR_MS = 3_600_000;

export interface StripRequest {
  readonly hours: number;
  readonly ahead: number;
  readonly now: number;
}

export async function runStrip(workspace: Workspace, { hours, ahead, now }: StripRequest): Promise<RunStripAnswer> {
  const store = await workspace.store();
  const { name: here } = await workspace.environment();
  const stepMs = Math.ceil((hours * HOUR_MS) / STEPS);
  // Steps begin at whole multiples, so that a strip that is read again moves by whole steps.
  const toMs = Math.ceil(now / stepMs) * stepMs;
  const fromMs = toMs - STEPS * stepMs;
  const steps: Partial<Record<RunStatus, number>>[] = Array.from({ length: STEPS }, () => ({}));
  const rows = await runsSince(store, { environment: here, since: fromMs, limit: RUNS_MAX });
  for (const { startedAt, status } of rows) {
    const step = steps[Math.floor((Date.parse(startedAt) - fromMs) / stepMs)];
    if (step !== undefined) step[status] = (step[status] ?? 0) + 1;
  }
  return {
    from: new Date(fromMs).toISOString(),
    to: new Date(toMs).toISOString(),
    stepSeconds: stepMs / 1_000,
    steps,
    due: await dueUntil(workspace, now, now + ahead * HOUR_MS),
    isCut: rows.length === RUNS_MAX,
  };
}

async function dueUntil(workspace: Workspace, now: number, untilMs: number): Promise<RunStripAnswer["due"]> {
  if (untilMs <= now) return [];
  const { triggers } = await listTriggers(workspace, { next: 20, now, isLately: true });
  const due = triggers.flatMap(({ job, next }) =>
    next.flatMap((at) => (Date.parse(at) > now && Date.parse(at) <= untilMs ? [{ job, at }] : [])),
  );
  return due.toSorted((a, b) => (a.at < b.at ? -1 : 1)).slice(0, DUE_MAX);
}
