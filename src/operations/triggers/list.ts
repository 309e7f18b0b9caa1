// `millrace triggers`, `triggers show`: every trigger with its last and next fires, what it skipped and why.
import type { JsonValue } from "../../model/answers.ts";
import { MillraceError } from "../../model/errors.ts";
import type { JobEvent } from "../../model/job-events.ts";
import { jobStream } from "../../model/store-events.ts";
import { didYouMean } from "../../model/suggest.ts";
import type { TriggerAnswer, TriggerHistoryAnswer, TriggerHistoryRow, TriggersAnswer } from "../../model/trigger-answers.ts";
import { type JobTrigger, triggersOf } from "../../model/triggers.ts";
import { plainName } from "../../project/names.ts";
import type { Project, ProjectJob } from "../../project/reader.ts";
import { type JobState, NEW_JOB } from "../../trigger/state.ts";
import { readJob, readJobs } from "../../views/jobs.ts";
import { historyRow } from "../../views/triggers.ts";
import { cursorOf, partsOf, wrongCursor } from "../cursor.ts";
import type { Workspace } from "../workspace.ts";
import { pauseOf } from "./pause.ts";
import { localTime, parseTime } from "./times.ts";
import { triggerWords } from "./words.ts";

const YEAR_MS = 365 * 86_400_000;
/** Times that one trigger is asked for. */
const NEXT_MAX = 10_000;
/** Events of a history that are read at once. */
const EVENTS_READ = 500;

export interface TriggersRequest {
  readonly job?: string;
  /** Next times are listed from here; default: now. */
  readonly from?: string;
  readonly next: number;
  readonly now: number;
  /** The files as they were a moment ago are new enough. */
  readonly isLately?: boolean;
}

/** @throws MR1614 for an unknown job, MR1615. */
export async function listTriggers(workspace: Workspace, request: TriggersRequest): Promise<TriggersAnswer> {
  const project = await (request.isLately === true ? workspace.projectLately() : workspace.project());
  const timezone = project.config.timezone ?? "UTC";
  const jobs = request.job === undefined ? project.jobs : [jobNamed(project, request.job)];
  const from = request.from === undefined ? request.now : parseTime(request.from, { now: request.now, timezone });
  const states = await readJobs(await workspace.store(), (await workspace.environment()).name);
  const asked = { from, next: Math.min(request.next, NEXT_MAX), now: request.now, timezone };
  return {
    timezone,
    triggers: jobs.flatMap((job) =>
      triggersOf(job.spec.triggers).map((trigger) =>
        triggerAnswer(project, { job, trigger, state: states.get(job.name) ?? NEW_JOB }, asked),
      ),
    ),
  };
}

export interface TriggerHistoryRequest {
  readonly job: string;
  readonly limit: number;
  /** `next` of an earlier answer. */
  readonly cursor?: string;
}

/** What the triggers of a job did and did not do, newest first. @throws MR1614, MR7001. */
export async function triggerHistory(workspace: Workspace, request: TriggerHistoryRequest): Promise<TriggerHistoryAnswer> {
  const { name } = jobNamed(await workspace.project(), request.job);
  const store = await workspace.store();
  const { name: environment } = await workspace.environment();
  const { version } = await readJob(store, name, environment);
  // A cursor is how many events stand before the page's end: what is added comes behind it.
  let end = request.cursor === undefined ? version : Math.min(version, placeOf(request.cursor));
  let events: readonly JobEvent[] = [];
  let begin = end;
  const rows: { readonly row: TriggerHistoryRow; readonly at: number }[] = [];
  while (end > 0 && rows.length <= request.limit) {
    if (end === begin) {
      begin = Math.max(0, end - EVENTS_READ);
      events = await store.read<JobEvent>(jobStream(name, environment), begin);
    }
    end--;
    const row = historyRow(events[end - begin]!);
    if (row !== undefined) rows.push({ row, at: end });
  }
  const taken = rows.slice(0, request.limit);
  const next = rows.length > request.limit ? cursorOf([String(taken.at(-1)!.at)]) : null;
  return { job: name, history: taken.map(({ row }) => row), next };
}

/** @throws MR7001 */
function placeOf(cursor: string): number {
  const [at] = partsOf(cursor, 1, "a history of triggers");
  if (!/^\d{1,15}$/.test(at!)) throw wrongCursor("a history of triggers");
  return Number(at);
}

/** @throws MR1614. */
export function jobNamed(project: Project, name: string): ProjectJob {
  const job = project.jobs.find((each) => plainName(each.name) === plainName(name));
  if (job !== undefined) return job;
  const names = project.jobs.map((each) => each.name);
  const hint = didYouMean(name, names) ?? (names.length === 0 ? "the project has no jobs" : `there are ${names.join(", ")}`);
  throw new MillraceError({ code: "MR1614", message: `there is no job ${JSON.stringify(name)}`, hint });
}

interface OneTrigger {
  readonly job: ProjectJob;
  readonly trigger: JobTrigger;
  readonly state: JobState;
}

interface Asked {
  readonly from: number;
  readonly next: number;
  readonly now: number;
  readonly timezone: string;
}

function triggerAnswer(project: Project, { job, trigger, state }: OneTrigger, { from, next, now, timezone }: Asked): TriggerAnswer {
  const { key, kind, spec } = trigger;
  const schedule = project.schedules.get(`${job.name}/${key}`);
  const known = state.triggers[key];
  const enabled = (spec[kind] as { readonly enabled?: boolean }).enabled !== false;
  const paused = pauseOf(known?.pause ?? null, "trigger", now) ?? pauseOf(state.pause, "job", now);
  const times: number[] = [];
  const start = paused?.until == null ? from : Math.max(from, Date.parse(paused.until) - 1);
  const fires = enabled && (paused === null || paused.until !== null);
  for (let at = fires ? (schedule?.next(start) ?? null) : null; at !== null && times.length < next; at = schedule!.next(at)) times.push(at);
  const last = known?.lastFired ?? null;
  const skipped = known?.lastSkipped ?? null;
  return {
    job: job.name,
    trigger: key,
    kind,
    spec: spec[kind] as unknown as JsonValue,
    words: triggerWords(trigger, schedule),
    enabled,
    timezone: schedule?.zone.name ?? timezone,
    last: last === null ? null : new Date(last.scheduledFor).toISOString(),
    lastRun: last?.run ?? null,
    next: times.map((at) => new Date(at).toISOString()),
    nextLocal: times.map((at) => localTime(at, timezone)),
    warnings: schedule?.warnings(from, from + YEAR_MS).map(({ text }) => text) ?? [],
    paused,
    fired: known?.fired ?? 0,
    skipped: known?.skipped ?? 0,
    cursor:
      kind !== "sensor" || known === undefined
        ? null
        : { seen: known.seen, since: new Date(known.waitingSince).toISOString(), isFailing: known.failedAt !== null },
    lastSkipped: skipped === null ? null : { at: new Date(skipped.at).toISOString(), reason: skipped.reason, why: skipped.why },
  };
}
