// What a job's triggers and its concurrency say, ready to be decided with: made by the shell from the job's definition (operations/triggers/policy.ts).
// The functions in it are pure: the same arguments give the same answer, whenever and wherever they are asked.
import type { FireTimes } from "../model/fire-times.ts";
import type { JobName, RunParams, TriggerKey } from "../model/job-events.ts";

/** How several happenings become one run. */
export type Gather =
  | { readonly kind: "each" }
  /** One run when nothing has happened for `quietMs`, at the latest `mostMs` after the first. */
  | { readonly kind: "debounce"; readonly quietMs: number; readonly mostMs: number }
  /** One run `windowMs` after the first, or as soon as there are `max`. */
  | { readonly kind: "batch"; readonly windowMs: number; readonly max: number };

interface TriggerCommon {
  readonly trigger: TriggerKey;
  /** Of its definition: when it changes, the trigger counts anew from that moment. */
  readonly hash: string;
  readonly enabled: boolean;
  /** Parameters that the run is given. `${event:path}` in a text stands for a field of what happened. */
  readonly params: RunParams;
  /** Higher goes first in the queue. */
  readonly priority: number;
}

export interface SchedulePolicy extends TriggerCommon {
  readonly kind: "schedule";
  readonly times: FireTimes;
  readonly catchUp: "none" | "latest" | "all";
}

export interface EventPolicy extends TriggerCommon {
  readonly kind: "files" | "webhook" | "message";
  readonly gather: Gather;
}

export interface AssetsPolicy extends TriggerCommon {
  readonly kind: "assets";
  readonly updated: readonly string[];
  readonly mode: "all" | "any";
  /** `all`: the updates must lie within so much of each other; null: they need not. */
  readonly windowMs: number | null;
  readonly gather: Gather;
}

export interface JobEndPolicy extends TriggerCommon {
  readonly kind: "job";
  readonly finished: JobName;
  readonly status: "succeeded" | "failed" | "partial" | "canceled" | "any";
  readonly gather: Gather;
}

export interface SensorPolicy extends TriggerCommon {
  readonly kind: "sensor";
  readonly everyMs: number;
  /** A sensor that was not true for so long is told as timed out, and the wait begins anew; null: never. */
  readonly timeoutMs: number | null;
  readonly gather: Gather;
}

export type TriggerPolicy = SchedulePolicy | EventPolicy | AssetsPolicy | JobEndPolicy | SensorPolicy;

export interface JobPolicy {
  readonly job: JobName;
  /** Where its runs are carried out; absent: prod. */
  readonly environment?: string;
  readonly triggers: readonly TriggerPolicy[];
  /** With `keyOf` it counts runs of the same key. */
  readonly concurrency: { readonly max: number; readonly whenBusy: "queue" | "skip" | "cancelRunning" };
  /** Singleton key of a run with these parameters; null: the run has none. */
  keyOf(params: RunParams): string | null;
  readonly priority: number;
}
