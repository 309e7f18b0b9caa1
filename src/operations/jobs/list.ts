// Jobs with what they do, who holds their places and how they went last.
import type { JobAnswer, JobsAnswer } from "../../model/job-answers.ts";
import { PROD } from "../../model/environment.ts";
import { triggersOf } from "../../model/triggers.ts";
import type { ProjectJob } from "../../project/reader.ts";
import { type JobRun, type JobState, NEW_JOB } from "../../trigger/state.ts";
import { readJobs } from "../../views/jobs.ts";
import { listRuns, type RunRow } from "../../views/runs.ts";
import { policiesOf } from "../triggers/policy.ts";
import { pauseOf } from "../triggers/pause.ts";
import type { Workspace } from "../workspace.ts";

/** Runs that are looked through for the last one of each job. */
const RUNS_LOOKED_AT_MAX = 1_000;

export async function listJobs(workspace: Workspace, { now }: { readonly now: number }): Promise<JobsAnswer> {
  const [project, store, { name: environment }] = [await workspace.project(), await workspace.store(), await workspace.environment()];
  const [states, policies] = [await readJobs(store, environment), await policiesOf(project, environment)];
  const last = new Map<string, RunRow>();
  for (const row of await listRuns(store, { limit: RUNS_LOOKED_AT_MAX }))
    if (row.job !== null && (row.environment ?? PROD) === environment && !last.has(row.job)) last.set(row.job, row);
  return {
    jobs: project.jobs.map((job) => {
      const { concurrency } = policies.get(job.name)!;
      return { ...jobAnswer(job, { state: states.get(job.name) ?? NEW_JOB, last: last.get(job.name), now }), concurrency };
    }),
  };
}

interface Known {
  readonly state: JobState;
  readonly last: RunRow | undefined;
  readonly now: number;
}

function jobAnswer({ name, file, spec, tasks }: ProjectJob, { state, last, now }: Known): Omit<JobAnswer, "concurrency"> {
  const { unplanned } = state;
  const params = Object.entries(spec.params ?? {});
  return {
    job: name,
    description: spec.description ?? null,
    owner: spec.owner ?? null,
    tags: spec.tags ?? [],
    file,
    select: spec.select === undefined ? null : [spec.select].flat().join(", "),
    tasks: tasks.length,
    triggers: triggersOf(spec.triggers).length,
    params: params.map(([param]) => param),
    required: params.filter(([, { required, default: value }]) => required === true && value === undefined).map(([param]) => param),
    paused: pauseOf(state.pause, "job", now),
    active: state.active.map(placeOf),
    queued: state.queue.map(placeOf),
    last: last === undefined ? null : { run: last.run, status: last.status, startedAt: last.startedAt, seconds: last.seconds },
    unplanned: unplanned === null ? null : { at: new Date(unplanned.at).toISOString(), code: unplanned.code, why: unplanned.why },
  };
}

function placeOf({ run, trigger, at }: JobRun): JobAnswer["active"][number] {
  return { run, trigger, at: new Date(at).toISOString() };
}
