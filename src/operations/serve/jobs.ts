// The jobs of the project: a desk for each, one alarm for all of them, and what each has outstanding handed to the runner.
import type { Clock } from "../../engine/clock.ts";
import type { JobName } from "../../model/job-events.ts";
import type { EventStore } from "../../store/store.ts";
import { outstanding } from "../../trigger/outstanding.ts";
import type { JobPolicy } from "../../trigger/policy.ts";
import { NEW_JOB } from "../../trigger/state.ts";
import { readJobs, recallKey } from "../../views/jobs.ts";
import { createJobDesk, type JobDesk } from "../jobs/desk.ts";
import { createAlarm } from "./alarm.ts";
import type { Runner } from "./runner.ts";

export interface Jobs {
  desks(): ReadonlyMap<JobName, JobDesk>;
  /** These jobs and no others from now on; what is new in them is appended in one commit. */
  define(policies: ReadonlyMap<JobName, JobPolicy>): Promise<void>;
  close(): void;
}

export interface JobsOptions {
  readonly store: EventStore;
  readonly clock: Clock;
  readonly runner: Pick<Runner, "want" | "cancel">;
  readonly onProblem: (error: unknown) => void;
}

/** A tick that could not be stored is tried again after this. */
const TRY_AGAIN_MS = 2_000;

export function createJobs({ store, clock, runner, onProblem }: JobsOptions): Jobs {
  const desks = new Map<JobName, JobDesk>();
  const canceled = new Set<string>();
  let closed = false;

  const alarm = createAlarm(clock, (job) => {
    const desk = desks.get(job);
    desk?.tell({ type: "tick" }).then(
      () => look(desk), // also when nothing was decided: the clock may have been set
      (error: unknown) => {
        onProblem(error);
        if (!closed) alarm.set(job, clock.now() + TRY_AGAIN_MS);
      },
    );
  });
  const look = (desk: JobDesk): void => {
    if (closed || desks.get(desk.job) !== desk) return;
    const { wakeAt, start, cancel } = outstanding(desk.state(), desk.policy());
    alarm.set(desk.job, wakeAt);
    const wanted = start.map(({ run, trigger, params }) => ({ run, job: desk.job, trigger: trigger ?? "manual", params }));
    runner.want(desk.job, wanted);
    for (const { run } of cancel) {
      if (canceled.has(run)) continue;
      canceled.add(run);
      runner.cancel(run, "a newer run of the job takes its place");
    }
  };

  return {
    desks: () => desks,
    async define(policies) {
      for (const job of desks.keys()) {
        if (policies.has(job)) continue;
        desks.delete(job);
        alarm.set(job, null);
      }
      const [first] = policies.values();
      const states = await readJobs(store, first?.environment);
      const all = [...policies].map(([job, policy]) => {
        const known = desks.get(job);
        known?.setPolicy(policy);
        const state = states.get(job) ?? NEW_JOB;
        return known ?? createJobDesk({ store, clock, policy, state, recall: (...key) => recallKey(store, ...key), onChange: look });
      });
      const definitions = all.flatMap((desk) => desk.define() ?? []);
      const taken = await store.commit(definitions.map(({ append }) => append));
      await Promise.all(definitions.map((definition, index) => definition.settle(taken[index] === true)));
      for (const desk of all) {
        desks.set(desk.job, desk);
        look(desk);
      }
    },
    close() {
      closed = true;
      alarm.close();
    },
  };
}
