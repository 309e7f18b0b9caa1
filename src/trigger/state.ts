// What is known of a job's triggers and runs: the fold of its stream. Plain JSON of bounded size (T10), so that a read table can keep it and a start
// costs what has changed. Nothing here reads a clock.
import type { JsonValue } from "../model/answers.ts";
import type { RunParams, SkipReason, TriggerKey, TriggerKind } from "../model/job-events.ts";

export const TRIGGER_LIMITS = {
  /** Missed ticks that `catchUp: all` makes up for, the newest ones. */
  catchUpRuns: 500,
  /** Missed ticks that are counted one by one; beyond it "at least" is said. */
  missedCounted: 1_000,
  /** A tick that is at most so late was not missed. */
  onTimeMs: 60_000,
  /** Runs that wait in the queue of a job. */
  queuedRuns: 1_000,
  /** Happenings in a job's queue, going runs and open windows together. */
  heldItems: 10_000,
  /** Happenings of one gathered run. */
  gatheredItems: 1_000,
  /** Keys that the state remembers; the view `trigger_keys` remembers all. */
  recentKeys: 2_048,
  keysPerChunk: 64,
  /** Debounce: a stream that never falls silent fires after so many silences all the same. */
  debounceFactor: 10,
  /** Skips of a paused trigger and failures of a sensor are told at most so often. */
  toldEveryMs: 3_600_000,
  /** A clock that goes back by more than this was set; less is the skew between engines. */
  skewMs: 600_000,
} as const;

export interface Pause {
  readonly at: number;
  readonly until: number | null;
  readonly by: string;
  readonly why: string;
}

/** Something that waits for its window, for silence, or for other assets. */
export interface Noted {
  readonly at: number;
  readonly key: string;
  readonly item: JsonValue;
  readonly slot: string | null;
}

export interface LastFire {
  readonly scheduledFor: number;
  readonly at: number;
  /** Null when it was skipped. */
  readonly run: string | null;
  readonly why: string;
}

export interface TriggerState {
  readonly kind: TriggerKind;
  readonly hash: string;
  /** Nominal times up to here are dealt with, for ever (T1). */
  readonly handled: number;
  readonly pause: Pause | null;
  readonly noted: readonly Noted[];
  readonly lastFired: LastFire | null;
  readonly lastSkipped: { readonly scheduledFor: number; readonly at: number; readonly reason: SkipReason; readonly why: string } | null;
  readonly fired: number;
  readonly skipped: number;
  /** Sensors: what was seen last, since when it has not been true, when a failure was told last (null: it works). */
  readonly seen: string | null;
  readonly waitingSince: number;
  readonly failedAt: number | null;
}

/** A run that holds or waits for a place. */
export interface JobRun {
  readonly run: string;
  /** Null: by hand. */
  readonly trigger: TriggerKey | null;
  readonly scheduledFor: number;
  readonly at: number;
  readonly by: string | null;
  readonly params: RunParams;
  readonly items: readonly JsonValue[];
  readonly singleton: string | null;
  readonly priority: number;
  readonly cancelAsked: boolean;
}

/** Keys that were taken, oldest chunk first: key → run, "" when it led to none by itself. */
export interface KeyChunk {
  readonly count: number;
  readonly runs: Readonly<Record<string, string>>;
}

export interface JobState {
  /** Events of the stream that are folded in. */
  readonly version: number;
  /** Time of the newest event. */
  readonly at: number;
  readonly triggers: Readonly<Record<TriggerKey, TriggerState>>;
  /** Of all its triggers. */
  readonly pause: Pause | null;
  /** Have their place: to be started, or going. */
  readonly active: readonly JobRun[];
  /** Wait for a place; the next one first. */
  readonly queue: readonly JobRun[];
  readonly keys: readonly KeyChunk[];
  /** The newest run that could not be planned; null once another has ended. */
  readonly unplanned: { readonly run: string; readonly at: number; readonly code: string; readonly why: string } | null;
}

export const NEW_JOB: JobState = { version: 0, at: 0, triggers: {}, pause: null, active: [], queue: [], keys: [], unplanned: null };
