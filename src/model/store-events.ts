// Everything that a state store holds: streams of runs (`r_…`, `b_…`) hold facts of a run, streams of jobs (`job:NAME`, outside of prod
// `job:NAME@ENVIRONMENT`) facts of a job. The name of the stream says which.
import { ledgerAsset, PROD } from "./environment.ts";
import type { RunEvent } from "./events.ts";
import type { JobEvent } from "./job-events.ts";

export type StoreEvent = RunEvent | JobEvent;

const JOB_PREFIX = "job:";

/** A job as an environment has it: what its triggers noted, its queue and its pauses are its own. */
export function jobKey(job: string, environment: string = PROD): string {
  return ledgerAsset(job, environment);
}

export function jobStream(job: string, environment: string = PROD): string {
  return `${JOB_PREFIX}${jobKey(job, environment)}`;
}

/** The key of the job whose stream it is, or undefined for the stream of a run. */
export function jobOfStream(stream: string): string | undefined {
  return stream.startsWith(JOB_PREFIX) ? stream.slice(JOB_PREFIX.length) : undefined;
}

interface StreamPart {
  readonly stream: string;
  readonly events: readonly StoreEvent[];
}

/** The events of a part of a run's stream; [] for that of a job. */
export function runEventsOf({ stream, events }: StreamPart): readonly RunEvent[] {
  return jobOfStream(stream) === undefined ? (events as readonly RunEvent[]) : [];
}

/** The events of a part of a job's stream; [] for that of a run. */
export function jobEventsOf({ stream, events }: StreamPart): readonly JobEvent[] {
  return jobOfStream(stream) === undefined ? [] : (events as readonly JobEvent[]);
}
