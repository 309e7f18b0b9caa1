// What may happen to a job. Every input carries `now` (milliseconds since 1970) and the job's policy as this engine read it.
import type { JsonValue } from "../model/answers.ts";
import type { JobRunEnded, RunParams, TriggerKey } from "../model/job-events.ts";

export type JobInput = { readonly now: number } & (
  | DefineInput
  | TickInput
  | HappenedInput
  | SensedInput
  | SubmitInput
  | EndedInput
  | UnplannedInput
  | PauseInput
  | ResumeInput
  | DropInput
);

/** The engine has started, or has read the project again. Only this makes a trigger known; it is given once per start or reload. */
export interface DefineInput {
  readonly type: "define";
}

/** Time has passed; whatever is due fires. */
export interface TickInput {
  readonly type: "tick";
}

/** A file has settled, a webhook was delivered, an asset was updated, a job has ended, a message came. */
export interface HappenedInput {
  readonly type: "happened";
  readonly trigger: TriggerKey;
  /** Identity of it: path, size and time of a file; a delivery's id; `asset@run`; the run of the other job; a message's offset. */
  readonly key: string;
  /** Small (JOB_LIMITS.itemBytes). Assets: `{ asset, run }`; jobs: `{ job, run, status }`. */
  readonly item: JsonValue;
  /** The run (or "") that the view `trigger_keys` says took this key long ago; undefined when it has none. See T2. */
  readonly known?: string | undefined;
}

/** A sensor has looked. */
export interface SensedInput {
  readonly type: "sensed";
  readonly trigger: TriggerKey;
  readonly result:
    /** Null: the condition does not hold. A text is the identity of what it sees: `true` for a plain condition. */
    | { readonly seen: string | null; readonly item: JsonValue }
    | {
        readonly error: { readonly code: string; readonly message: string };
        /** In a row, this one included. */ readonly failures: number;
      };
}

/** By hand or by API. Parameters are checked already. */
export interface SubmitInput {
  readonly type: "submit";
  readonly key: string | null;
  readonly by: string;
  readonly params: RunParams;
  readonly priority?: number;
  readonly known?: string | undefined;
}

/** A run of this job is over. */
export interface EndedInput {
  readonly type: "ended";
  readonly run: string;
  readonly status: JobRunEnded["status"];
}

/** A run that `outstanding` asked for could not be planned and will never be. */
export interface UnplannedInput {
  readonly type: "unplanned";
  readonly run: string;
  readonly code: string;
  readonly why: string;
}

export interface PauseInput {
  readonly type: "pause";
  /** Null: all of the job. */
  readonly trigger: TriggerKey | null;
  readonly until: number | null;
  readonly by: string;
  readonly why: string;
}

export interface ResumeInput {
  readonly type: "resume";
  readonly trigger: TriggerKey | null;
  readonly by: string;
}

/** Takes a run out of the queue. A run that is going is canceled by the engine. */
export interface DropInput {
  readonly type: "drop";
  readonly run: string;
  readonly by: string;
  readonly why: string;
}

/** What became of an input, for whoever asked (a webhook's caller, `submit`). */
export type JobAnswer =
  | { readonly kind: "started" | "queued"; readonly run: string; readonly why: string }
  /** Its key was taken before; `run` is what became of it then ("" when it was gathered or skipped). */
  | { readonly kind: "duplicate"; readonly run: string; readonly why: string }
  /** It waits for its window, for silence, or for other assets. */
  | { readonly kind: "noted"; readonly why: string }
  | { readonly kind: "skipped"; readonly why: string }
  /** Files while paused: nothing was recorded; tell it again later. */
  | { readonly kind: "held"; readonly why: string }
  /** Nothing had to be done. */
  | { readonly kind: "nothing" };
