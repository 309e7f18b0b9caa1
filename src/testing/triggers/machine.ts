// The machine of a job as the simulation drives it; planted bugs put another in its place.
import type { JobEvent } from "../../model/job-events.ts";
import { step } from "../../trigger/decide.ts";
import { evolve } from "../../trigger/evolve.ts";
import type { JobAnswer, JobInput } from "../../trigger/input.ts";
import { type Outstanding, outstanding } from "../../trigger/outstanding.ts";
import type { JobPolicy } from "../../trigger/policy.ts";
import type { JobState } from "../../trigger/state.ts";

export interface JobMachine {
  decide(state: JobState, input: JobInput, policy: JobPolicy): { readonly events: readonly JobEvent[]; readonly answer: JobAnswer };
  evolve(state: JobState, event: JobEvent): JobState;
  outstanding(state: JobState, policy: JobPolicy): Outstanding;
  /** What the store is asked to expect; a planted bug may not ask. */
  expects(version: number, stored: number): number;
}

export const soundMachine: JobMachine = { decide: step, evolve, outstanding, expects: (version) => version };
