// The jobs of a simulation: the real trigger machine of each, its alarm on virtual time, and what it has outstanding handed to the runs.
import type { FinalRunStatus } from "../../model/events.ts";
import type { JobEvent, JobName } from "../../model/job-events.ts";
import { step } from "../../trigger/decide.ts";
import type { JobAnswer, JobInput } from "../../trigger/input.ts";
import { outstanding } from "../../trigger/outstanding.ts";
import type { JobPolicy } from "../../trigger/policy.ts";
import { type JobRun, type JobState, NEW_JOB } from "../../trigger/state.ts";
import type { Timeline } from "./timeline.ts";

export type JobHappening = JobInput extends infer Input ? (Input extends JobInput ? Omit<Input, "now" | "known"> : never) : never;

export interface JobsOptions {
  readonly timeline: Timeline;
  readonly policies: ReadonlyMap<JobName, JobPolicy>;
  /** Has its place. Called once per run, and again for an engine that begins. */
  readonly onWanted: (job: JobName, run: JobRun) => void;
  readonly onCancel: (run: string) => void;
  readonly onEvent: (job: JobName, event: JobEvent, before: JobState) => void;
}

export interface Jobs {
  tell(job: JobName, happening: JobHappening): JobAnswer;
  /** A run is over: the job that asked for it, and those that wait for its end. */
  ended(job: JobName, run: string, status: FinalRunStatus): void;
  updated(asset: string, run: string): void;
  isAwaited(asset: string): boolean;
  begin(): void;
  end(): void;
}

interface Desk {
  readonly policy: JobPolicy;
  state: JobState;
  wake: { readonly at: number; readonly cancel: () => void } | null;
}

export function createJobs({ timeline, policies, onWanted, onCancel, onEvent }: JobsOptions): Jobs {
  const desks = new Map<JobName, Desk>([...policies].map(([job, policy]) => [job, { policy, state: NEW_JOB, wake: null }]));
  const taken = new Map<string, string>();
  const begun = new Set<string>();
  const canceled = new Set<string>();
  const waiters = waitersOf(policies.values());
  let isUp = false;

  const look = (job: JobName, desk: Desk): void => {
    const { wakeAt, start, cancel } = outstanding(desk.state, desk.policy);
    if (desk.wake?.at !== wakeAt) {
      desk.wake?.cancel();
      desk.wake = wakeAt === null ? null : { at: wakeAt, cancel: timeline.at(wakeAt, () => ring(job, desk)) };
    }
    for (const run of start) {
      if (begun.has(run.run)) continue;
      begun.add(run.run);
      timeline.nextTurn(() => onWanted(job, run));
    }
    for (const { run } of cancel) {
      if (canceled.has(run)) continue;
      canceled.add(run);
      timeline.nextTurn(() => onCancel(run));
    }
  };
  const ring = (job: JobName, desk: Desk): void => {
    desk.wake = null;
    jobs.tell(job, { type: "tick" });
  };
  const keyOf = (job: JobName, happening: JobHappening): string | null => {
    if (happening.type === "happened") return JSON.stringify([job, happening.trigger, happening.key]);
    return happening.type === "submit" && happening.key !== null ? JSON.stringify([job, "", happening.key]) : null;
  };

  const jobs: Jobs = {
    tell(job, happening) {
      const desk = desks.get(job)!;
      const key = keyOf(job, happening);
      const known = key === null ? undefined : taken.get(key);
      const input = { ...happening, now: timeline.now(), ...(known === undefined ? {} : { known }) } as JobInput;
      const { events, state, answer } = step(desk.state, input, desk.policy);
      const before = desk.state;
      desk.state = state;
      if (key !== null && events.length > 0) taken.set(key, "run" in answer ? answer.run : "");
      for (const event of events) onEvent(job, event, before);
      if (isUp) look(job, desk);
      return answer;
    },
    ended(job, run, status) {
      if (desks.get(job)!.state.active.some((each) => each.run === run)) jobs.tell(job, { type: "ended", run, status });
      for (const { job: other, trigger } of waiters.jobs.get(job) ?? [])
        jobs.tell(other, { type: "happened", trigger, key: run, item: { job, run, status } });
    },
    updated(asset, run) {
      for (const { job, trigger } of waiters.assets.get(asset) ?? [])
        jobs.tell(job, { type: "happened", trigger, key: `${asset}@${run}`, item: { asset, run } });
    },
    isAwaited: (asset) => waiters.assets.has(asset),
    begin() {
      isUp = true;
      for (const job of desks.keys()) jobs.tell(job, { type: "define" });
    },
    end() {
      isUp = false;
      for (const desk of desks.values()) {
        desk.wake?.cancel();
        desk.wake = null;
      }
    },
  };
  return jobs;
}

interface Waiter {
  readonly job: JobName;
  readonly trigger: string;
}

function waitersOf(policies: Iterable<JobPolicy>): Readonly<Record<"assets" | "jobs", ReadonlyMap<string, readonly Waiter[]>>> {
  const [assets, jobs] = [new Map<string, Waiter[]>(), new Map<string, Waiter[]>()];
  const add = (map: Map<string, Waiter[]>, name: string, waiter: Waiter): void => void map.set(name, [...(map.get(name) ?? []), waiter]);
  for (const { job, triggers } of policies)
    for (const policy of triggers) {
      const waiter = { job, trigger: policy.trigger };
      if (policy.kind === "assets") for (const asset of policy.updated) add(assets, asset, waiter);
      if (policy.kind === "job") add(jobs, policy.finished, waiter);
    }
  return { assets, jobs };
}
