// The partitions of many assets as a picture needs them: rows of runs of equal status on shared axes. Keys stand once per axis, so that 500 assets with
// 10,000 partitions each stay below 200 KB.
import type { PartitionsAnswer } from "./backfill-answers.ts";

export interface PartitionGridAnswer {
  /** When it was looked. */
  readonly at: string;
  readonly axes: readonly GridAxisAnswer[];
  /** In the order of the graph; an asset with further dimensions has a row per value of them. */
  readonly rows: readonly GridRowAnswer[];
  /** Per asset, counted over all its rows. */
  readonly totals: readonly (PartitionsAnswer & { readonly asset: string })[];
}

export interface GridAxisAnswer {
  readonly kind: "time" | "list";
  /** `hour`, `day`, `week`, `month`, `year` or an expression of cron; of a list the name of its dimension. */
  readonly step: string;
  /**
   * The axis's parts of keys, oldest first, front coded: one line each, the first character (base 36) tells how many characters it shares with the one
   * before it, at most 35. `02026-11-01\n92\n93` is 2026-11-01, 2026-11-02, 2026-11-03.
   */
  readonly parts: string;
  readonly count: number;
}

export interface GridRowAnswer {
  readonly asset: string;
  /** Keys of its partitions with `*` where the part of the axis stands: `*`, `*|north`. */
  readonly key: string;
  /** Place in `axes`. */
  readonly axis: number;
  /** Place on the axis of its first cell. */
  readonly from: number;
  /** Runs of one status: a count (none: 1) and a letter. p present, m missing, s stale, f failed, r running, q quarantined, `-` is no partition: `31p2mf`. */
  readonly cells: string;
}

/** One partition with all that is known of it. */
export interface PartitionShowAnswer {
  readonly asset: string;
  readonly partition: string;
  readonly status: string;
  /** Why it is stale; null when it is not. */
  readonly why: string | null;
  /** Its interval of time, where it has one. */
  readonly interval: { readonly start: string; readonly end: string } | null;
  readonly rows: number | null;
  readonly quarantined: number | null;
  readonly seconds: number | null;
  /** The run that made what stands. */
  readonly run: string | null;
  readonly at: string | null;
  /** The code that made it. */
  readonly code: string | null;
  readonly isCodeOfNow: boolean | null;
  /** The newest run that asked for it, however it ended. */
  readonly last: { readonly run: string; readonly status: string; readonly at: string; readonly error: string | null } | null;
  /** Versions of what it read, with whether they are still the newest. */
  readonly inputs: readonly { readonly asset: string; readonly changed: boolean }[];
}
