// What acts on runs and assets answer: the JSON of `rollback`, `why`, `cancel`, `retention` (PROJECT §9).
import type { JsonValue } from "./json.ts";

export interface StaleAnswer {
  readonly asset: string;
  readonly reason: string;
}

export interface RollbackAnswer {
  readonly asset: string;
  /** The version that readers saw before. */
  readonly from: string;
  /** The version that they see now (with `--dry-run`: would see). */
  readonly to: string;
  readonly rows: number | null;
  readonly by: string;
  readonly why: string | null;
  readonly dryRun: boolean;
  /** Loads whose rows are no longer there; the cursor and the files are those of before them. */
  readonly loadsUndone: readonly string[];
  /** What was made from another version than readers see now. */
  readonly stale: readonly StaleAnswer[];
}

export interface ReleaseAnswer {
  readonly asset: string;
  readonly released: true;
  readonly version: string;
}

/** A version of an asset in `history`. */
export interface VersionAnswer {
  readonly version: string;
  readonly at: string;
  readonly run: string;
  readonly rows: number | null;
  readonly live: boolean;
  /** `rollback --to` can show it again. */
  readonly kept: boolean;
}

export interface WhyAnswer {
  readonly subject: { readonly kind: "run" | "asset" | "task" | "job"; readonly name: string };
  /** The answer, most important first. */
  readonly sentences: readonly string[];
  readonly waitsFor: readonly Readonly<Record<string, JsonValue>>[];
  readonly blocks: readonly string[];
  /** What came first: the failed node, the changed input, the trigger. */
  readonly causes: readonly Readonly<Record<string, JsonValue>>[];
}

export interface RetentionAnswer {
  readonly dryRun: boolean;
  readonly before: string | null;
  /** Runs that were folded into daily statistics and removed (with `--dry-run`: would be). */
  readonly runs: number;
  readonly kept: { readonly unfinished: number; readonly stoodOn: number; readonly lastSuccess: number };
  readonly logs: number;
  readonly commits: number;
  /** Loads of the raw zone that were removed, the bytes they had, and files that were compressed. */
  readonly raw: { readonly loads: number; readonly bytes: number; readonly compressed: number };
}

export interface CancelAnswer {
  /** `ended` is false where whoever carries the run out has not answered yet; it will. */
  readonly canceled: readonly {
    readonly run: string;
    readonly job: string | null;
    readonly node: string | null;
    readonly ended: boolean;
  }[];
  readonly by: string;
  readonly why: string | null;
}

/** The first event of `fork`: what differs from the run that is done again. */
export interface ForkAnswer {
  readonly type: "fork";
  readonly from: string;
  readonly params: Readonly<Record<string, string>>;
  readonly codeChanged: readonly { readonly asset: string; readonly change: string }[];
}

/** The first event of `replay`: what is loaded again. */
export interface ReplayAnswer {
  readonly type: "replay";
  readonly asset: string;
  /** Partitions that are built again, the last included. */
  readonly partitions?: { readonly from: string; readonly to: string };
  /** Loads that were meant; all loads of the asset are carried out again in their order. */
  readonly loads?: readonly string[];
  readonly files: readonly string[];
  readonly rows: number;
}
