// What `millrace backfill` answers, and what is told of the partitions of an asset.
import type { ErrorRecord } from "./errors.ts";

/** The first event of a backfill, once it is durable; with `backfill: null` of a dry run. */
export interface BackfillStartedAnswer {
  readonly type: "backfill";
  readonly backfill: string | null;
  readonly asset: string;
  /** Partitions of the asset. */
  readonly partitions: number;
  /** Nodes of the run: batches count once, assets below are included. */
  readonly nodes: number;
  readonly from: string | null;
  readonly to: string | null;
  /** By what its partitions had and took before; null where none was ever built. */
  readonly estimate: { readonly rows: number | null; readonly seconds: number | null };
  readonly jobs: number;
  readonly assets: readonly { readonly asset: string; readonly partitions: number }[];
}

/** A type, not an interface, so that it is JSON. */
export type BackfillAnswer = {
  readonly backfill: string;
  readonly asset: string;
  readonly status: "running" | "paused" | "succeeded" | "failed" | "partial" | "canceled" | "skipped";
  readonly nodes: {
    readonly total: number;
    readonly succeeded: number;
    readonly reused: number;
    readonly failed: number;
    readonly skipped: number;
    readonly canceled: number;
    readonly running: number;
    readonly pending: number;
  };
  readonly jobs: number;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly paused: { readonly by: string; readonly why: string } | null;
};

export interface BackfillsAnswer {
  readonly backfills: readonly BackfillAnswer[];
  /** Cursor of the backfills behind these; null where they are the last. */
  readonly next: string | null;
}

export interface BackfillShowAnswer {
  readonly backfill: BackfillAnswer;
  readonly nodes: readonly {
    readonly asset: string;
    readonly partition: string | null;
    readonly status: string;
    readonly attempts: number;
    readonly seconds: number;
    readonly error: ErrorRecord | null;
  }[];
}

export interface BackfillActAnswer {
  readonly backfill: string;
  readonly act: "pause" | "resume" | "cancel" | "jobs";
  /** False: it was so already, or has ended. */
  readonly changed: boolean;
}

/** The partitions of an asset, counted by status. */
export interface PartitionsAnswer {
  readonly by: readonly string[];
  readonly total: number;
  readonly present: number;
  readonly missing: number;
  readonly stale: number;
  readonly failed: number;
  readonly running: number;
  readonly quarantined: number;
  readonly first: string | null;
  readonly last: string | null;
  /** With `--partitions`. */
  readonly list?: readonly PartitionAnswer[];
}

export interface PartitionAnswer {
  readonly partition: string;
  readonly status: string;
  readonly rows: number | null;
  readonly quarantined: number | null;
  readonly run: string | null;
  readonly at: string | null;
}
