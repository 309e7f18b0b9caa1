// `runs`, `run show`: what the state store tells of runs.
import type { RunsAnswer, RunShowAnswer, RunStatus } from "../../model/answers.ts";
import { PROD } from "../../model/environment.ts";
import { MillraceError } from "../../model/errors.ts";
import type { NodeId } from "../../model/graph.ts";
import type { JobEvent } from "../../model/job-events.ts";
import { splitNodeId } from "../../model/partition.ts";
import { jobStream } from "../../model/store-events.ts";
import type { EventStore } from "../../store/store.ts";
import { foldRun, runAnswer, runShowAnswer } from "../../views/run-fold.ts";
import { listRuns as readRuns, type RunRow } from "../../views/runs.ts";
import { assetsHere } from "../environments/assets.ts";
import { wrongCursor } from "../cursor.ts";
import type { Workspace } from "../workspace.ts";

/** Runs that are looked through for the beginning of an id. */
const RUNS_SEARCHED = 10_000;
/** Runs that one request looks into for a part for an asset. */
const RUNS_LOOKED_INTO = 1_000;

export interface RunsRequest {
  readonly limit: number;
  readonly job?: string;
  readonly status?: RunStatus;
  readonly trigger?: string;
  /** The code or the fingerprint of what failed first. */
  readonly error?: string;
  /** Runs that had a part for it, an asset or a task. */
  readonly asset?: string;
  /** Runs that had a part for one of these. */
  readonly among?: ReadonlySet<string>;
  /** Milliseconds since 1970: begun then or later. */
  readonly since?: number;
  /** Begun before it. */
  readonly until?: number;
  /** `next` of an earlier answer. */
  readonly cursor?: string;
}

/** Newest first. Of `asset` one request looks into RUNS_LOOKED_INTO runs: there may be more behind `next`, also where it found few. */
export async function listRuns(
  workspace: Workspace,
  { limit, asset, among, since, until, cursor, ...filter }: RunsRequest,
): Promise<RunsAnswer> {
  const store = await workspace.store();
  const { name: environment } = await workspace.environment();
  const wanted = [...(asset === undefined ? [] : [new Set([asset.replace(/^task:/, "")])]), ...(among === undefined ? [] : [among])];
  const most = wanted.length === 0 ? limit : RUNS_LOOKED_INTO;
  const first = until === undefined ? {} : { below: { startedAt: new Date(until).toISOString(), run: "" } };
  const below = cursor === undefined ? first : { below: runPlaceOf(cursor) };
  const listed = await readRuns(store, { ...filter, environment, limit: most + 1, ...below });
  const rows = since === undefined ? listed : listed.filter((row) => Date.parse(row.startedAt) >= since);
  const runs: RunRow[] = [];
  let last: RunRow | undefined;
  for (const row of rows.slice(0, most)) {
    if (runs.length >= limit) break;
    last = row;
    if (wanted.length === 0 || (await hasParts(store, row.run, wanted))) runs.push(row);
  }
  const isOver = last === undefined || last === rows.at(-1);
  return { runs: runs.map(runAnswer), next: isOver ? null : runCursorOf(last!) };
}

export function runCursorOf({ startedAt, run }: RunRow): string {
  return `${Date.parse(startedAt)}~${run}`;
}

/** @throws MR7001 for what is none */
export function runPlaceOf(cursor: string): { readonly startedAt: string; readonly run: string } {
  const [, ms, run] = /^(\d{1,15})~([\w-]{1,64})$/.exec(cursor) ?? [];
  if (ms === undefined || run === undefined) throw wrongCursor("a list of runs");
  return { startedAt: new Date(Number(ms)).toISOString(), run };
}

/** One of each set. */
async function hasParts(store: EventStore, run: string, wanted: readonly ReadonlySet<string>[]): Promise<boolean> {
  const [first] = await store.read(run);
  if (first?.type !== "run_started") return false;
  const parts = first.plan.nodes.map(({ id }) => splitNodeId(id).asset.replace(/^task:/, ""));
  return wanted.every((names) => parts.some((part) => names.has(part)));
}

/** @throws MR6101 */
export async function showRun(workspace: Workspace, name: string): Promise<RunShowAnswer> {
  const store = await workspace.store();
  const run = await findRun(workspace, name);
  const fold = foldRun(await store.read(run))!;
  const answer = runShowAnswer(fold);
  const row = fold.row()!;
  const { fromRun, parent, params, paused, cancel } = row;
  return {
    run: { ...answer.run, fromRun, parent, params, paused, canceled: cancel, asked: await askedBy(store, row) },
    nodes: answer.nodes,
  };
}

/** What a trigger or a person said when the run was asked for; null where nothing is known but its trigger. */
async function askedBy(store: EventStore, { run, job, environment }: RunRow): Promise<RunShowAnswer["run"]["asked"]> {
  if (job === null) return null;
  for (const event of await store.read<JobEvent>(jobStream(job, environment))) {
    if (event.type === "trigger_fired" && event.run === run)
      return { trigger: event.trigger, by: null, why: event.why, scheduledFor: new Date(event.scheduledFor).toISOString() };
    if (event.type === "request_submitted" && event.run === run) return { trigger: null, by: event.by, why: event.why, scheduledFor: null };
  }
  return null;
}

/** The id of a run, or the only one that begins so. @throws MR6101 */
export async function findRun(workspace: Workspace, name: string): Promise<string> {
  const store = await workspace.store();
  if ((await store.read(name)).length > 0) return name;
  const rows = await readRuns(store, { limit: RUNS_SEARCHED });
  const found = rows.filter((row) => row.run.startsWith(name));
  if (found.length === 1 && name.length > 2) return found[0]!.run;
  throw new MillraceError({
    code: "MR6101",
    message: `there is no run ${name}`,
    hint: found.length > 1 ? `${found.length} runs begin so; give more of the id` : "`millrace runs` lists them",
  });
}

/** A run whose results may be taken over: one of this environment. @throws MR6101 */
export async function findRunHere(workspace: Workspace, name: string): Promise<string> {
  const run = await findRun(workspace, name);
  const [first] = await (await workspace.store()).read(run);
  const place = (first?.type === "run_started" ? first.plan.environment : undefined) ?? PROD;
  const { name: here } = await workspace.environment();
  if (place === here) return run;
  throw new MillraceError({
    code: "MR6101",
    message: `${run} was carried out in the environment ${place}, not in ${here}`,
    hint: `--env ${place}`,
  });
}

/** Per node the outcome of the newest run that settled it. */
export async function lastStatuses(workspace: Workspace): Promise<ReadonlyMap<NodeId, string>> {
  const rows = await assetsHere(workspace);
  return new Map([...rows].map(([id, row]) => [id, row.status]));
}
