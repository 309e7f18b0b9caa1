// What came of a simulation, as plain data: every run with its nodes, and everything that did not lead to one with its reason.
import type { JsonValue, RunStatus } from "../../model/answers.ts";
import type { RunParams, SkipReason } from "../../model/job-events.ts";

export interface SimulatedNode {
  readonly node: string;
  /** `succeeded`, `reused`, `failed`, `skipped`, `canceled`; of a run that goes on also `pending`, `running`, `waiting`, `retrying` … */
  readonly status: string;
  readonly attempts: number;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  /** The message of its last failure. */
  readonly error: string | null;
  /** Why it was skipped or canceled. */
  readonly why: string | null;
  readonly output?: JsonValue;
}

export interface SimulatedRun {
  readonly job: string;
  readonly run: string;
  /** `queued`: it never had its place. `running`: it had not ended at the end of the simulation. */
  readonly status: RunStatus | "queued";
  /** Key of the trigger; `manual`; `job:RUN` for a sub-job. */
  readonly trigger: string;
  /** The nominal time of a schedule; else when it happened. ISO 8601, as all times here. */
  readonly scheduledAt: string;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  readonly params: RunParams;
  /** What happened, for triggers that are no schedules. */
  readonly items: readonly JsonValue[];
  /** In the order of the plan; [] while it is queued. */
  readonly nodes: readonly SimulatedNode[];
}

export interface SimulatedSkip {
  readonly job: string;
  /** Null: asked for by hand. */
  readonly trigger: string | null;
  /** The first and the last of the times that it is about. */
  readonly at: string;
  readonly through: string;
  readonly count: number;
  /** `unplanned`: the run could not be planned. `noEngine`: nobody was there to take the delivery. */
  readonly reason: SkipReason | "unplanned" | "noEngine";
  readonly why: string;
}

/** Runs stand in the order of their scheduled times. */
export class Simulation {
  readonly from: string;
  readonly to: string;
  readonly runs: readonly SimulatedRun[];
  readonly skipped: readonly SimulatedSkip[];

  constructor({ from, to, runs, skipped }: Pick<Simulation, "from" | "to" | "runs" | "skipped">) {
    this.from = from;
    this.to = to;
    this.runs = runs;
    this.skipped = skipped;
  }

  /** Runs of one job. */
  runsOf(job: string): readonly SimulatedRun[] {
    return this.runs.filter((run) => run.job === job);
  }
}
