// The triggers of a project as the senses need them: each with its job, its key and what the user wrote.
import { parseDurationMs, parseSizeBytes } from "../../model/duration.ts";
import type { TriggerSpec } from "../../model/definitions/trigger.ts";
import type { JobName, TriggerKey } from "../../model/job-events.ts";
import { triggersOf as namedTriggers } from "../../model/triggers.ts";
import type { Project } from "../../project/reader.ts";
import type { JobPolicy } from "../../trigger/policy.ts";

export type TriggerOptions<Kind extends keyof TriggerSpec> = NonNullable<TriggerSpec[Kind]>;

export interface ServedTrigger<Kind extends keyof TriggerSpec> {
  readonly job: JobName;
  readonly trigger: TriggerKey;
  readonly file: string;
  readonly hash: string;
  readonly options: TriggerOptions<Kind>;
}

/** Of one kind, those that are enabled. */
export function triggersOf<Kind extends keyof TriggerSpec>(
  project: Project,
  policies: ReadonlyMap<JobName, JobPolicy>,
  kind: Kind,
): readonly ServedTrigger<Kind>[] {
  return project.jobs.flatMap((job) =>
    namedTriggers(job.spec.triggers).flatMap(({ key, spec }) => {
      const policy = policies.get(job.name)?.triggers.find(({ trigger }) => trigger === key);
      const options = spec[kind];
      if (policy === undefined || !policy.enabled || options === undefined) return [];
      return [{ job: job.name, trigger: key, hash: policy.hash, file: job.file, options }];
    }),
  );
}

/** A duration that the schema has checked. */
export function msOf(text: string | undefined, byDefaultMs: number): number {
  return text === undefined ? byDefaultMs : (parseDurationMs(text) ?? byDefaultMs);
}

export function bytesOf(text: string | undefined, byDefault: number): number {
  return text === undefined ? byDefault : (parseSizeBytes(text) ?? byDefault);
}
