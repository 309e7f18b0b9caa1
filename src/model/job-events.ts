// Facts about a job, in the past tense: what its triggers noted, fired and skipped, who asked for runs, which are going, who paused what. They stand in
// the stream `job:NAME`; invariants T1… are in src/trigger/SPEC.md. Times (`at`) are milliseconds since 1970 by the clock of the engine that decided.
// What came in from outside is small here (JOB_LIMITS): a body or a file is named, never contained.
import type { JsonValue } from "./answers.ts";
import type { FinalRunStatus } from "./events.ts";

export const JOB_LIMITS = {
  /** Bytes (as JSON) of what one happening may bring along; beyond it the shell hands in a reference. */
  itemBytes: 4_000,
  whyChars: 1_000,
  keyChars: 500,
} as const;

export type JobName = string;
/** Names a trigger within its job: its `name:`, else its kind with a number where there are several (`schedule`, `schedule.2`). */
export type TriggerKey = string;
export type TriggerKind = "schedule" | "files" | "webhook" | "assets" | "job" | "sensor" | "message";
export type RunParams = Readonly<Record<string, JsonValue>>;

/** Why something that could have led to a run did not. */
export type SkipReason =
  /** Nobody was there to fire it, and `catchUp` says so. */
  | "missed"
  | "paused"
  | "disabled"
  /** `whenBusy: skip`. */
  | "busy"
  | "queueFull"
  /** `whenBusy: cancelRunning`: a newer one took its place in the queue. */
  | "superseded"
  /** The other job ended in another way than the trigger waits for. */
  | "otherStatus"
  /** Not all assets were updated within the window. */
  | "windowPassed"
  /** A sensor that was not true within its timeout. */
  | "timedOut"
  /** The trigger was taken out of the job, or the run was asked to be dropped. */
  | "withdrawn"
  | "tooLarge";

interface JobFact {
  readonly at: number;
}

/** The job's triggers as an engine read them. A trigger that is new or changed counts from here: it never fires for times before. */
export interface TriggersDefined extends JobFact {
  readonly type: "triggers_defined";
  /** Key → kind and a hash of its definition. All of them; what is not named is gone. */
  readonly triggers: Readonly<Record<TriggerKey, { readonly kind: TriggerKind; readonly hash: string }>>;
}

/** Something happened that does not fire by itself yet: it waits for the window, the silence, or the other assets. */
export interface TriggerNoted extends JobFact {
  readonly type: "trigger_noted";
  readonly trigger: TriggerKey;
  /** Identity of what happened: it is taken once (T2). */
  readonly key: string;
  readonly item: JsonValue;
  /** It takes the place of what was noted for the same slot (an asset that was updated again). */
  readonly slot?: string;
}

/** A trigger asks for a run: it starts at once or waits in the queue of the job. */
export interface TriggerFired extends JobFact {
  readonly type: "trigger_fired";
  readonly trigger: TriggerKey;
  /** The nominal time of a schedule (before jitter); else when it happened. */
  readonly scheduledFor: number;
  /** Identity of what happened, where it is one thing; null for schedules and for gathered ones. */
  readonly key: string | null;
  readonly decision: "started" | "queued";
  readonly why: string;
  readonly run: string;
  readonly params: RunParams;
  /** What happened, oldest first; [] for schedules. */
  readonly items: readonly JsonValue[];
  /** The items are the oldest that were noted. */
  readonly gathered?: true;
  /** The value of `concurrency.key`. */
  readonly singleton: string | null;
  readonly priority: number;
}

/** One or more times at which a trigger did not lead to a run. Every one of them is told (T5). */
export interface TriggerSkipped extends JobFact {
  readonly type: "trigger_skipped";
  readonly trigger: TriggerKey;
  /** The first and the last of them; equal for one. */
  readonly scheduledFor: number;
  readonly through: number;
  /** How many; `atLeast` when they were too many to be counted. */
  readonly count: number;
  readonly atLeast?: true;
  /** They are the oldest that were noted. */
  readonly gathered?: true;
  readonly key: string | null;
  readonly reason: SkipReason;
  readonly why: string;
}

/** Somebody asked for a run by hand or by API. */
export interface RequestSubmitted extends JobFact {
  readonly type: "request_submitted";
  /** The idempotency key; null when none was given. */
  readonly key: string | null;
  readonly by: string;
  readonly decision: "started" | "queued" | "skipped";
  readonly why: string;
  readonly run: string;
  readonly params: RunParams;
  readonly singleton: string | null;
  readonly priority: number;
}

/** A run that waited has its place now. */
export interface RunDequeued extends JobFact {
  readonly type: "run_dequeued";
  readonly run: string;
}

/** A run that waited will not be. */
export interface RunDropped extends JobFact {
  readonly type: "run_dropped";
  readonly run: string;
  readonly reason: SkipReason;
  readonly why: string;
}

/** `whenBusy: cancelRunning`: this run is to end, so that a newer one can begin. */
export interface RunCancelAsked extends JobFact {
  readonly type: "run_cancel_asked";
  readonly run: string;
  readonly why: string;
}

/** The run is over; its place is free. */
export interface JobRunEnded extends JobFact {
  readonly type: "run_ended";
  readonly run: string;
  readonly status: FinalRunStatus | "skipped";
}

/** The run could not even be planned (the project has errors, a parameter is missing); its place is free. */
export interface RequestFailed extends JobFact {
  readonly type: "request_failed";
  readonly run: string;
  readonly code: string;
  readonly why: string;
}

export interface TriggerPaused extends JobFact {
  readonly type: "trigger_paused";
  /** Null: all triggers of the job. */
  readonly trigger: TriggerKey | null;
  readonly until: number | null;
  readonly by: string;
  readonly why: string;
}

export interface TriggerResumed extends JobFact {
  readonly type: "trigger_resumed";
  readonly trigger: TriggerKey | null;
  readonly by: string;
  /** `asked`, or the pause ran out. */
  readonly cause: "asked" | "expired";
}

/** What a sensor sees has changed. Polls that see the same leave no event. */
export interface SensorChanged extends JobFact {
  readonly type: "sensor_changed";
  readonly trigger: TriggerKey;
  /** Identity of what it sees; null: its condition does not hold. */
  readonly seen: string | null;
}

/** A sensor could not look. Told the first time, then once an hour. */
export interface SensorFailed extends JobFact {
  readonly type: "sensor_failed";
  readonly trigger: TriggerKey;
  readonly failures: number;
  readonly code: string;
  readonly why: string;
}

export type JobEvent =
  | TriggersDefined
  | TriggerNoted
  | TriggerFired
  | TriggerSkipped
  | RequestSubmitted
  | RunDequeued
  | RunDropped
  | RunCancelAsked
  | JobRunEnded
  | RequestFailed
  | TriggerPaused
  | TriggerResumed
  | SensorChanged
  | SensorFailed;
