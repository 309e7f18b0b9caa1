// Events of jobs → the state of each job, and every key that was ever taken. A start costs what has changed since the table was folded last, not the
// length of the logs; keys that the state has forgotten are found here (T2 in src/trigger/SPEC.md).
import type { JsonValue } from "../model/answers.ts";
import { PROD, splitLedgerAsset } from "../model/environment.ts";
import type { JobEvent, JobName } from "../model/job-events.ts";
import { jobEventsOf, jobKey, jobOfStream } from "../model/store-events.ts";
import type { EventStore, TableRow } from "../store/store.ts";
import { evolve } from "../trigger/evolve.ts";
import { type JobState, NEW_JOB } from "../trigger/state.ts";
import { catchUp, type ReadTable } from "./catch-up.ts";

const JOBS_MAX = 1_000_000;

/** Raise the number when the state of a job changes its shape, and it is folded anew. */
export const jobsTable: ReadTable = {
  name: "jobs.2",
  async fold(batch, rows) {
    const job = jobOfStream(batch.stream);
    if (job === undefined) return;
    const before = ((await rows.get(job)) as JobRow | undefined)?.state ?? NEW_JOB;
    const state = jobEventsOf(batch).reduce(evolve, before);
    rows.put({ key: job, label: "", rank: state.at, body: { job, state } as unknown as JsonValue });
  },
};

interface JobRow {
  /** Its key, as in its stream's name. */
  readonly job: string;
  readonly state: JobState;
}

/** States of the jobs of an environment that have a stream. */
export async function readJobs(store: EventStore, environment: string = PROD): Promise<ReadonlyMap<JobName, JobState>> {
  await catchUp(store, jobsTable);
  const bodies = (await store.tables.list(jobsTable.name, { limit: JOBS_MAX })) as unknown as readonly JobRow[];
  return new Map(
    bodies.flatMap(({ job: key, state }) => {
      const { asset: job, environment: own } = splitLedgerAsset(key);
      return own === environment ? [[job, state] as const] : [];
    }),
  );
}

export async function readJob(store: EventStore, job: JobName, environment: string = PROD): Promise<JobState> {
  await catchUp(store, jobsTable);
  return ((await store.tables.get(jobsTable.name, jobKey(job, environment))) as unknown as JobRow | undefined)?.state ?? NEW_JOB;
}

export const keysTable: ReadTable = {
  name: "trigger_keys.1",
  async fold(batch, rows) {
    const job = jobOfStream(batch.stream);
    if (job === undefined) return;
    for (const event of jobEventsOf(batch)) {
      const taken = takenBy(event);
      if (taken !== undefined) rows.put(keyRow(job, taken, event.at));
    }
  },
};

/** The run that took a key of a job (by its key), "" when it led to none by itself; undefined when nobody did. `scope` is the trigger, "" for requests. */
export async function recallKey(store: EventStore, job: string, scope: string, key: string): Promise<string | undefined> {
  await catchUp(store, keysTable);
  const body = await store.tables.get(keysTable.name, nameOf(job, scope, key));
  return body === undefined ? undefined : (body as { readonly run: string }).run;
}

interface Taken {
  readonly scope: string;
  readonly key: string;
  readonly run: string;
}

function takenBy(event: JobEvent): Taken | undefined {
  switch (event.type) {
    case "trigger_noted":
      return { scope: event.trigger, key: event.key, run: "" };
    case "trigger_fired":
      return event.key === null ? undefined : { scope: event.trigger, key: event.key, run: event.run };
    case "trigger_skipped":
      return event.key === null ? undefined : { scope: event.trigger, key: event.key, run: "" };
    case "request_submitted":
      return event.key === null ? undefined : { scope: "", key: event.key, run: event.run };
    case "triggers_defined":
    case "run_dequeued":
    case "run_dropped":
    case "run_cancel_asked":
    case "run_ended":
    case "request_failed":
    case "trigger_paused":
    case "trigger_resumed":
    case "sensor_changed":
    case "sensor_failed":
      return undefined;
    default:
      return event satisfies never;
  }
}

function keyRow(job: string, { scope, key, run }: Taken, at: number): TableRow {
  return { key: nameOf(job, scope, key), label: job, rank: at, body: { run } };
}

function nameOf(job: string, scope: string, key: string): string {
  return JSON.stringify([job, scope, key]);
}
