// From the definitions of jobs to the policies that their machine decides with. What counts of a definition is hashed: a trigger whose hash has changed
// counts anew from that moment.
import { parseDurationMs } from "../../model/duration.ts";
import type { JsonValue } from "../../model/answers.ts";
import { PROD } from "../../model/environment.ts";
import type { JobName, RunParams } from "../../model/job-events.ts";
import { type JobTrigger, triggersOf } from "../../model/triggers.ts";
import { plainName } from "../../project/names.ts";
import type { Project, ProjectJob } from "../../project/reader.ts";
import { shortHash } from "../../trigger/identity.ts";
import type { Gather, JobPolicy, TriggerPolicy } from "../../trigger/policy.ts";
import { TRIGGER_LIMITS } from "../../trigger/state.ts";

const DEFAULTS = { max: 1, whenBusy: "queue", catchUp: "latest", status: "succeeded", mode: "all", sensorEveryMs: 60_000 } as const;

/** The policy of each job, by its name; triggers in the order of the definition. The project has no errors. */
export async function policiesOf(project: Project, environment: string = PROD): Promise<ReadonlyMap<JobName, JobPolicy>> {
  const policies = await Promise.all(project.jobs.map((job) => policyOf(project, job, environment)));
  return new Map(policies.map((policy) => [policy.job, policy]));
}

export async function policyOf(project: Project, { name, spec }: ProjectJob, environment: string): Promise<JobPolicy> {
  const { concurrency } = spec;
  const keyOf = concurrency?.key === undefined ? () => null : await singletonKey(concurrency.key, defaultsOf(spec.params));
  return {
    job: name,
    ...(environment === PROD ? {} : { environment }),
    priority: spec.priority ?? 0,
    concurrency: { max: concurrency?.max ?? DEFAULTS.max, whenBusy: concurrency?.whenBusy ?? DEFAULTS.whenBusy },
    keyOf,
    triggers: triggersOf(spec.triggers).map((trigger) => triggerPolicy(project, name, trigger, spec.priority ?? 0)),
  };
}

function triggerPolicy(project: Project, job: JobName, trigger: JobTrigger, jobPriority: number): TriggerPolicy {
  const { key, kind, spec } = trigger;
  const { params, priority, name: _name, ...counts } = spec[kind] as Readonly<Record<string, unknown>>;
  const zone = kind === "schedule" ? (project.config.timezone ?? "UTC") : "";
  const common = {
    trigger: key,
    hash: shortHash(JSON.stringify([kind, counts, zone])),
    enabled: counts["enabled"] !== false,
    params: (params ?? {}) as RunParams,
    priority: typeof priority === "number" ? priority : jobPriority,
  };
  const { schedule, assets, job: jobEnd, sensor } = spec;
  switch (kind) {
    case "schedule":
      return { ...common, kind, times: project.schedules.get(`${job}/${key}`)!, catchUp: schedule!.catchUp ?? DEFAULTS.catchUp };
    case "files":
    case "webhook":
    case "message":
      return { ...common, kind, gather: gatherOf(counts) };
    case "assets": {
      const updated = (typeof assets!.updated === "string" ? [assets!.updated] : assets!.updated).map(plainName);
      // One asset is updated at once, so that it can be gathered.
      const mode = updated.length === 1 ? "any" : (assets!.mode ?? DEFAULTS.mode);
      return { ...common, kind, updated, mode, windowMs: msOf(assets!.window), gather: gatherOf(counts) };
    }
    case "job":
      return {
        ...common,
        kind,
        finished: nameOf(project, jobEnd!.finished),
        status: jobEnd!.status ?? DEFAULTS.status,
        gather: gatherOf(counts),
      };
    case "sensor": {
      const everyMs = msOf(sensor!.every) ?? DEFAULTS.sensorEveryMs;
      return { ...common, kind, everyMs, timeoutMs: msOf(sensor!.timeout), gather: gatherOf(counts) };
    }
    default:
      return kind satisfies never;
  }
}

/** As the job itself writes it. */
function nameOf(project: Project, name: string): JobName {
  return project.jobs.find((job) => plainName(job.name) === plainName(name))?.name ?? name;
}

function gatherOf(options: Readonly<Record<string, unknown>>): Gather {
  const quietMs = typeof options["debounce"] === "string" ? msOf(options["debounce"]) : null;
  if (quietMs !== null) return { kind: "debounce", quietMs, mostMs: quietMs * TRIGGER_LIMITS.debounceFactor };
  const batch = options["batch"] as { readonly window: string; readonly max?: number } | undefined;
  if (batch === undefined) return { kind: "each" };
  return {
    kind: "batch",
    windowMs: msOf(batch.window) ?? 0,
    max: Math.min(batch.max ?? TRIGGER_LIMITS.gatheredItems, TRIGGER_LIMITS.gatheredItems),
  };
}

/** The value of `concurrency.key` for a run's parameters; those that are not given have their defaults. */
async function singletonKey(expression: string, defaults: RunParams): Promise<(params: RunParams) => string | null> {
  const { compileExpression } = await import("../../platform/expression.ts");
  const ask = await compileExpression(expression);
  return (params) => {
    const value = ask({ params: { ...defaults, ...params } });
    return value === null ? null : typeof value === "string" ? value : JSON.stringify(value);
  };
}

function defaultsOf(specs: ProjectJob["spec"]["params"]): RunParams {
  const given = Object.entries(specs ?? {}).flatMap(([name, { default: value }]): (readonly [string, JsonValue])[] =>
    value === undefined ? [] : [[name, value]],
  );
  return Object.fromEntries(given);
}

function msOf(text: string | undefined): number | null {
  return text === undefined ? null : (parseDurationMs(text) ?? null);
}
