// The desk of one job: takes what happens to it, one thing after the other, lets the pure machine of src/trigger decide, and appends what it decides. A
// lost race reads on and decides again, so that any number of engines and commands may write to one job.
import type { Clock } from "../../engine/clock.ts";
import { MillraceError } from "../../model/errors.ts";
import type { JobEvent } from "../../model/job-events.ts";
import { jobKey, jobStream } from "../../model/store-events.ts";
import type { Append, EventStore } from "../../store/store.ts";
import { step } from "../../trigger/decide.ts";
import { evolve } from "../../trigger/evolve.ts";
import type { JobAnswer, JobInput } from "../../trigger/input.ts";
import type { JobPolicy } from "../../trigger/policy.ts";
import { type JobState, NEW_JOB } from "../../trigger/state.ts";

/** An input without its time. */
export type JobHappening = JobInput extends infer Input ? (Input extends JobInput ? Omit<Input, "now"> : never) : never;

export interface JobDeskOptions {
  readonly store: Pick<EventStore, "append" | "read">;
  readonly clock: Pick<Clock, "now">;
  readonly policy: JobPolicy;
  /** As far as it is known; what was appended since is read. */
  readonly state?: JobState;
  /** The run that took a key long ago, as the table of all keys has it; see T2 in src/trigger/SPEC.md. */
  readonly recall: (jobKey: string, scope: string, key: string) => Promise<string | undefined>;
  /** The state or the policy has changed. */
  readonly onChange?: (desk: JobDesk) => void;
}

export interface JobDesk {
  readonly job: string;
  state(): JobState;
  policy(): JobPolicy;
  setPolicy(policy: JobPolicy): void;
  /** Resolves when what was decided is durable. @throws MR6025 when others wrote first too often; errors of the store. */
  tell(happening: JobHappening): Promise<JobAnswer>;
  /** Takes in what others wrote. */
  refresh(): Promise<void>;
  /** What `define` would append now, to be committed with that of other jobs; `settle` is told whether it was. */
  define(): { readonly append: Append; settle(taken: boolean): Promise<void> } | null;
}

const RACES_MAX = 50;
/** Scope of the keys of requests; each trigger has its own. */
const REQUESTS = "";

export function createJobDesk({ store, clock, policy: first, state: known = NEW_JOB, recall, onChange }: JobDeskOptions): JobDesk {
  const job = first.job;
  const stream = jobStream(job, first.environment);
  let policy = first;
  let state = known;
  let last: Promise<unknown> = Promise.resolve();

  /** One after the other, whatever the one before came to. */
  const inTurn = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const result = last.then(work, work);
    last = result.catch(() => {});
    return result;
  };
  const changed = (): void => onChange?.(desk);
  const readOn = async (): Promise<boolean> => {
    const events = await store.read<JobEvent>(stream, state.version);
    state = events.reduce(evolve, state);
    return events.length > 0;
  };
  const input = async (happening: JobHappening): Promise<JobInput> => {
    const { scope, key } = keyOf(happening);
    const known = key === null ? undefined : await recall(jobKey(job, first.environment), scope, key);
    return { ...happening, now: clock.now(), ...(known === undefined ? {} : { known }) };
  };
  const decide = async (happening: JobHappening): Promise<JobAnswer> => {
    for (let races = 0; races < RACES_MAX; races++) {
      const decision = step(state, await input(happening), policy);
      if (decision.events.length === 0) return decision.answer;
      if (await store.append(stream, state.version, decision.events)) {
        state = decision.state;
        return decision.answer;
      }
      await readOn();
    }
    throw new MillraceError({ code: "MR6025", message: `the job ${job} could not be told: others wrote first each time`, retryable: true });
  };

  const desk: JobDesk = {
    job,
    state: () => state,
    policy: () => policy,
    setPolicy(next) {
      policy = next;
      changed();
    },
    tell: (happening) =>
      inTurn(async () => {
        const { version } = state;
        const answer = await decide(happening);
        if (state.version !== version) changed();
        return answer;
      }),
    refresh: () =>
      inTurn(async () => {
        if (await readOn()) changed();
      }),
    define() {
      const decision = step(state, { type: "define", now: clock.now() }, policy);
      if (decision.events.length === 0) return null;
      return {
        append: { stream, expectedVersion: state.version, events: decision.events },
        settle: async (taken) => {
          if (taken) state = decision.state;
          else await desk.tell({ type: "define" });
        },
      };
    },
  };
  return desk;
}

function keyOf(happening: JobHappening): { readonly scope: string; readonly key: string | null } {
  if (happening.type === "submit") return { scope: REQUESTS, key: happening.key };
  if (happening.type === "happened") return { scope: happening.trigger, key: happening.key };
  return { scope: REQUESTS, key: null };
}
