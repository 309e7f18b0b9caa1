// What the page of quality is answered: how checks went, since when, how often they change their mind, what has none.
import type { JsonValue } from "./json.ts";

export type CheckStatus = "passed" | "warned" | "failed";

export interface QualityAnswer {
  /** Share of checks that passed when they were carried out last, 0–100; null where none was. */
  readonly score: number | null;
  /** By the last results of each day, oldest first; days in UTC. */
  readonly days: readonly {
    readonly day: string;
    readonly score: number;
    readonly passed: number;
    readonly warned: number;
    readonly failed: number;
  }[];
  /** Those that do not pass first. */
  readonly checks: readonly QualityCheckAnswer[];
  readonly coverage: { readonly assets: number; readonly tested: number; readonly columns: number; readonly testedColumns: number };
  /** Assets with columns that no check looks at; those without any check first, then what most is built of. */
  readonly gaps: readonly QualityGap[];
}

export interface QualityGap {
  readonly asset: string;
  readonly kind: string;
  readonly checks: number;
  readonly columns: number;
  /** Columns that no check looks at. */
  readonly untested: readonly string[];
  readonly dependents: number;
}

export interface QualityCheckAnswer {
  readonly asset: string;
  readonly check: string;
  readonly kind: string;
  readonly severity: "error" | "warn";
  readonly onFail: "stop" | "quarantine" | "warn";
  readonly columns: readonly string[];
  /** Where it stands in the project's files. */
  readonly file: string | null;
  readonly line: number | null;
  readonly owner: string | null;
  /** Null: never carried out. */
  readonly status: CheckStatus | null;
  readonly failing: number | null;
  readonly at: string | null;
  readonly run: string | null;
  /** Since when it has not passed. */
  readonly since: string | null;
  /** Times that it changed between passing and not in what is kept. */
  readonly flips: number;
  /** Newest last. */
  readonly history: readonly CheckResultAnswer[];
  /** Rows that broke it, of its last result. */
  readonly sample: readonly Readonly<Record<string, JsonValue>>[];
}

/** A type, not an interface, so that it is JSON. */
export type CheckResultAnswer = { readonly at: string; readonly run: string; readonly status: CheckStatus; readonly failing: number };
