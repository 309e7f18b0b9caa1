// The world of a simulated project, as a test describes it: what attempts answer, what fails when, what comes in from outside, what people decide.
// Everything has a default, so that a test says only what it is about.
import type { JsonValue } from "../../model/json.ts";
import type { FailureClass } from "../../model/plan.ts";

/** A Date, milliseconds since 1970, an ISO time, or a day or wall-clock time in the project's time zone: `2026-03-29`, `2026-03-29 06:00`. */
export type Time = Date | number | string;

export interface AskedAttempt {
  readonly job: string | null;
  readonly run: string;
  /** `raw.sales`, `task:publish`; an item of a mapped task is `task:publish[3]`. */
  readonly node: string;
  /** Counts from 1. */
  readonly attempt: number;
  readonly at: Date;
  readonly params: Readonly<Record<string, string>>;
  readonly partition?: string;
  readonly item?: JsonValue;
  /** A number in [0, 1): the same for the same seed and attempt, whatever else happens. */
  random(): number;
}

/** What an attempt comes to. Absent fields: it succeeds after a second. */
export interface AttemptAnswer {
  /** Infinity: it hangs until a time-out ends it. */
  readonly takesMs?: number;
  /** A class of failure, a sentence (a retryable failure), or what the user's code throws. */
  readonly fails?: FailureClass | (string & {}) | Error;
  /** With `fails: "rateLimited"`: when to come again. */
  readonly retryAfterMs?: number;
  readonly output?: JsonValue;
  /** Of a task that is mapped over a query. */
  readonly items?: readonly JsonValue[];
  /** The node is skipped, and why. */
  readonly skip?: string;
  /** Nothing had changed: the asset is as it was, and nobody is told of an update. */
  readonly reused?: boolean;
  /** Of a task that waits for a query: false lets it wait on. */
  readonly holds?: boolean;
}

export interface AskedApproval {
  readonly job: string | null;
  readonly run: string;
  readonly node: string;
  readonly title: string;
  readonly at: Date;
  random(): number;
}

export interface ApprovalDecision {
  readonly afterMs: number;
  /** Default true. */
  readonly accept?: boolean;
  readonly by?: string;
  readonly why?: string;
  readonly fields?: Readonly<Record<string, JsonValue>>;
}

export interface AskedSensor {
  readonly job: string;
  readonly trigger: string;
  readonly at: Date;
  random(): number;
}

export interface Span {
  readonly from: Time;
  readonly to: Time;
}

/** While it lasts attempts that use it fail, retryably; those that are under way when it begins fail then. */
export type Outage = Span & ({ readonly node: string } | { readonly connection: string });

export interface World {
  /** Default 0. The same seed is the same year. */
  readonly seed?: number;
  readonly attempt?: (asked: AskedAttempt) => AttemptAnswer | undefined;
  readonly outages?: readonly Outage[];
  /** No engine runs: it was stopped in an orderly way at `from` and starts again at `to`. */
  readonly down?: readonly Span[];
  /** The engine is killed and starts again after `backAfterMs` (default 5,000). `everyMs` is a mean: the seed says when. */
  readonly crashes?: { readonly at?: readonly Time[]; readonly everyMs?: number; readonly backAfterMs?: number };
  /** Files that arrive, relative to the project. What arrives while no engine runs is found when one starts. */
  readonly files?: readonly { readonly path: string; readonly at: Time; readonly bytes?: number; readonly content?: string }[];
  /** Deliveries; while no engine runs they are lost, and told as such. */
  readonly webhooks?: readonly { readonly path: string; readonly at: Time; readonly body?: JsonValue; readonly id?: string }[];
  /** Assets that somebody else updates: a run by hand, another project. */
  readonly updates?: readonly { readonly asset: string; readonly at: Time }[];
  /** Runs that are asked for by hand or by API. */
  readonly requests?: readonly {
    readonly job: string;
    readonly at: Time;
    readonly params?: Readonly<Record<string, string>>;
    readonly key?: string;
  }[];
  /** What people decide, and after how long; undefined: nobody answers. Default: accepted after a minute. */
  readonly approvals?: (asked: AskedApproval) => ApprovalDecision | undefined;
  /** What a sensor sees: false or null for nothing, true or the identity of something. What it throws is a look that failed. Default: nothing. */
  readonly sensors?: (asked: AskedSensor) => boolean | string | null | { readonly seen: string; readonly item: JsonValue };
}
