// Everything that a state store holds: streams of runs (`r_…`, `b_…`) hold facts of a run, streams of jobs (`job:NAME`) facts of a job. The name of the
// stream says which.
import type { RunEvent } from "./events.ts";
import type { JobEvent } from "./job-events.ts";

export type StoreEvent = RunEvent | JobEvent;

const JOB_PREFIX = "job:";

export function jobStream(job: string): string {
  return `${JOB_PREFIX}${job}`;
}

/** The job whose stream it is, or undefined for the stream of a run. */
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
