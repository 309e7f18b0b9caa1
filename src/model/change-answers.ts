// What `plan` says of a project's definitions: what changed between two states of it, why and where, and what that touches. Values for people and programs.

import type { DiffAnswer } from "./diff-answers.ts";

/** A line of the user's files. */
export interface PlaceAnswer {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** The line itself, without secrets. */
  readonly text?: string;
  readonly length?: number;
}

export interface ColumnChangeAnswer {
  readonly column: string;
  readonly change: "added" | "removed" | "renamed" | "retyped" | "changed";
  /** Its name before. */
  readonly from?: string;
  readonly type: { readonly before: string | null; readonly after: string | null };
  /** Where it is made now; of a removed one, where it was made. */
  readonly place: PlaceAnswer | null;
  /** Who reads it in this project: `asset.column` where that is known, else the asset, the export, the check, the test. */
  readonly readBy: readonly string[];
  /** The columns elsewhere because of which it differs, where its own text is as it was. */
  readonly because: readonly string[];
}

export interface SettingChangeAnswer {
  readonly key: string;
  readonly change: "added" | "removed" | "changed";
  /** null: there is none, or it is not for everybody's eyes. */
  readonly before: string | null;
  readonly after: string | null;
  /** `rows`: what is stored may differ; `build`: it is made in another way; `metadata`: nothing is done for it. */
  readonly effect: "rows" | "build" | "metadata";
  readonly place: PlaceAnswer | null;
}

export interface ReasonAnswer {
  readonly text: string;
  readonly place: PlaceAnswer | null;
}

export interface AssetChangeAnswer {
  readonly asset: string;
  readonly kind: string;
  readonly change: "added" | "removed" | "renamed" | "breaking" | "nonBreaking" | "metadata" | "indirect";
  /** Its name before. */
  readonly from?: string;
  /** It may have other rows than before. */
  readonly rows: boolean;
  readonly columns: readonly ColumnChangeAnswer[];
  readonly settings: readonly SettingChangeAnswer[];
  readonly reasons: readonly ReasonAnswer[];
}

/** Something that reads what changed. */
export interface TouchedAnswer {
  readonly kind: "export" | "check" | "test" | "task";
  readonly name: string;
  /** The asset that it reads. */
  readonly asset: string;
  /** Columns that it reads and that changed; empty: the rows. */
  readonly columns: readonly string[];
  readonly breaks: boolean;
  readonly why: string;
  readonly file: string;
}

export type AgainstAnswer =
  | { readonly kind: "environment"; readonly name: string }
  | {
      readonly kind: "git";
      readonly ref: string;
      readonly commit: string;
      /** Files of the project that differ from what is committed here: they are part of the comparison. */
      readonly uncommitted: number;
    };

export interface ChangesAnswer {
  readonly against: AgainstAnswer;
  /** In the order in which they are built; removed ones last. */
  readonly assets: readonly AssetChangeAnswer[];
  readonly touched: readonly TouchedAnswer[];
  /** Sentences: what could not be told, and why. */
  readonly notes: readonly string[];
}

/** What building an asset took lately; null where it was never done. */
export interface CostAnswer {
  readonly asset: string;
  readonly rows: number | null;
  readonly seconds: number | null;
  /** In the warehouse, or of the source's files. */
  readonly bytes: number | null;
}

/** What `plan` says besides its nodes. */
export interface PlanDetails {
  /** What changed in the definitions, and why. */
  readonly changes?: ChangesAnswer;
  /** What is built costs, as far as it was done before. */
  readonly cost?: { readonly nodes: readonly CostAnswer[]; readonly total: Omit<CostAnswer, "asset"> };
  /** Of what is built by partitions or intervals: the first, the last, and how many. */
  readonly intervals?: readonly { readonly asset: string; readonly from: string; readonly to: string; readonly count: number }[];
  /** How the new rows of an asset would differ, where that was asked for. */
  readonly data?: readonly DiffAnswer[];
  /** Sentences: what was left out. */
  readonly notes?: readonly string[];
}
