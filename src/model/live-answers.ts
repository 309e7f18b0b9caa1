// What pages read again and again: a window on the logs of a run, how many runs went how in the last hours.
import type { LogLineAnswer, RunStatus } from "./answers.ts";

export interface LogWindowAnswer {
  /** `line` counts from 0 over all lines of the chosen attempts, by time. */
  readonly lines: readonly (LogLineAnswer & { readonly line: number })[];
  /** Of the chosen attempts, whether they fit the filter or not. */
  readonly total: number;
  /** Give it as `before` for what stands before these lines; null: nothing does. */
  readonly previous: string | null;
  /** Give it as `after` for what stands behind these lines, also when nothing does yet. */
  readonly next: string;
  /** Lines stand behind these. */
  readonly hasNext: boolean;
}

export interface RunStripAnswer {
  readonly from: string;
  readonly to: string;
  readonly stepSeconds: number;
  /** One per step, oldest first: runs that began in it, by how they stand; a step without runs is empty. */
  readonly steps: readonly Readonly<Partial<Record<RunStatus, number>>>[];
  /** What is due in the coming hours by schedules: job and time. */
  readonly due: readonly { readonly job: string; readonly at: string }[];
  /** More runs than can be counted began in this time: the oldest steps are not complete. */
  readonly isCut: boolean;
}
