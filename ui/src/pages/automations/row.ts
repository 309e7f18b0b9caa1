// A line of the list of automations and how it stands.
import type { JobAnswer } from "../../../../src/model/job-answers.ts";
import type { TriggerAnswer } from "../../../../src/model/trigger-answers.ts";

/** A trigger with the job that it starts; a job without triggers stands alone. */
export interface Row {
  readonly id: string;
  readonly job: JobAnswer;
  readonly trigger: TriggerAnswer | null;
}

export function rowsOf(jobs: readonly JobAnswer[], triggers: readonly TriggerAnswer[]): readonly Row[] {
  return jobs.flatMap((job): readonly Row[] => {
    const own = triggers.filter((trigger) => trigger.job === job.job);
    return own.length === 0
      ? [{ id: job.job, job, trigger: null }]
      : own.map((trigger) => ({ id: `${job.job} ${trigger.trigger}`, job, trigger }));
  });
}

export function wordOf({ job, trigger }: Row): string {
  if (trigger?.paused != null || job.paused !== null) return "paused";
  if (trigger?.enabled === false) return "disabled";
  if (job.active.length > 0) return "running";
  return job.queued.length > 0 ? "queued" : "on";
}

export function statusOf(row: Row): string {
  const word = wordOf(row);
  return word === "on" ? "ok" : word;
}
