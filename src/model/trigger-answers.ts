// What `millrace triggers` and its acts answer (PROJECT §9).
import type { JsonValue } from "./json.ts";
import type { JobName, SkipReason, TriggerKey, TriggerKind } from "./job-events.ts";

export interface PauseAnswer {
  /** The whole job, or this trigger alone. */
  readonly of: "job" | "trigger";
  readonly since: string;
  readonly until: string | null;
  readonly by: string;
  readonly why: string;
}

export interface TriggerAnswer {
  readonly job: JobName;
  readonly trigger: TriggerKey;
  readonly kind: TriggerKind;
  readonly spec: JsonValue;
  /** What it waits for, in words. */
  readonly words: string;
  readonly enabled: boolean;
  readonly timezone: string;
  /** When it fired last (UTC); null when it never has. */
  readonly last: string | null;
  readonly lastRun: string | null;
  /** Nominal times in UTC; jitter comes on top. [] for what is no schedule, is paused without end, or disabled. */
  readonly next: readonly string[];
  /** The same in the project's time zone: `2026-11-23 06:00 EST`. */
  readonly nextLocal: readonly string[];
  readonly warnings: readonly string[];
  readonly paused: PauseAnswer | null;
  readonly fired: number;
  readonly skipped: number;
  /** Of a sensor: what it saw last (null: its condition does not hold), since when, and whether it cannot look. Null: it is none, or has not looked yet. */
  readonly cursor: { readonly seen: string | null; readonly since: string; readonly isFailing: boolean } | null;
  readonly lastSkipped: { readonly at: string; readonly reason: SkipReason; readonly why: string } | null;
}

export interface TriggersAnswer {
  /** The project's. */
  readonly timezone: string;
  readonly triggers: readonly TriggerAnswer[];
}

/** One thing that a job's triggers did or did not do. */
export interface TriggerHistoryRow {
  readonly at: string;
  readonly trigger: TriggerKey | null;
  readonly what:
    | "fired"
    | "queued"
    | "noted"
    | "skipped"
    | "submitted"
    | "dropped"
    | "failed"
    | "paused"
    | "resumed"
    | "sensor"
    | "defined";
  readonly scheduledFor: string | null;
  /** Times that one row tells of. */
  readonly count: number;
  readonly run: string | null;
  readonly reason: SkipReason | null;
  readonly why: string;
}

export interface TriggerHistoryAnswer {
  readonly job: JobName;
  /** Newest first. */
  readonly history: readonly TriggerHistoryRow[];
  /** Cursor of the rows behind these; null where they are the last. */
  readonly next: string | null;
}

export interface TriggerActAnswer {
  readonly job: JobName;
  readonly trigger: TriggerKey | null;
  /** False: it was so already. */
  readonly changed: boolean;
  readonly until: string | null;
}

/** What a sensor sees now, and what would come of it; nothing is done. */
export interface TriggerLookAnswer {
  readonly job: JobName;
  readonly trigger: TriggerKey;
  /** Null: its condition does not hold. */
  readonly seen: string | null;
  /** What it saw last: the same does not start another run. */
  readonly before: string | null;
  /** What a run may take its parameters from. */
  readonly item: JsonValue;
  readonly wouldFire: boolean;
  readonly why: string;
}
