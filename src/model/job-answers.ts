// What `GET /jobs` answers: each job with what it does, who holds its places, what waits.
import type { RunStatus } from "./answers.ts";
import type { PauseAnswer } from "./trigger-answers.ts";

export interface JobsAnswer {
  readonly jobs: readonly JobAnswer[];
}

export interface JobAnswer {
  readonly job: string;
  readonly description: string | null;
  readonly owner: string | null;
  readonly tags: readonly string[];
  readonly file: string;
  /** What of the assets it builds, in the selection grammar; null: everything. */
  readonly select: string | null;
  readonly tasks: number;
  readonly triggers: number;
  readonly params: readonly string[];
  /** Parameters that a run by hand must give. */
  readonly required: readonly string[];
  readonly concurrency: { readonly max: number; readonly whenBusy: string };
  readonly paused: PauseAnswer | null;
  /** Runs that hold a place, and those that wait for one. */
  readonly active: readonly { readonly run: string; readonly trigger: string | null; readonly at: string }[];
  readonly queued: readonly { readonly run: string; readonly trigger: string | null; readonly at: string }[];
  readonly last: { readonly run: string; readonly status: RunStatus; readonly startedAt: string; readonly seconds: number | null } | null;
  /** The newest run that could not be planned. */
  readonly unplanned: { readonly at: string; readonly code: string; readonly why: string } | null;
}
