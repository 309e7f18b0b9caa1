// Records in quarantine as a person repairs them: cells with the ones that broke a rule, what could be put there, what is waiting for them.
export interface QuarantineRecordsAnswer {
  readonly asset: string;
  /** What can be decided: records of a source can be corrected, those of a model only be told right or wrong. */
  readonly acts: readonly ("fix" | "accept" | "replay" | "discard")[];
  readonly columns: readonly { readonly name: string; readonly type: string; readonly editable: boolean }[];
  readonly records: readonly QuarantineRecord[];
  readonly total: number;
  /** Ask again with it for those after these; null: these are the last. */
  readonly next: string | null;
  /** Per rule how many wait. */
  readonly rules: readonly { readonly rule: string; readonly rows: number; readonly file: string | null; readonly line: number | null }[];
  /** What is built of this asset and so lacks these rows, nearest first. */
  readonly downstream: readonly string[];
  /** The latest decisions over records of this asset, newest first. */
  readonly decisions: readonly QuarantineDecision[];
}

export interface QuarantineRecord {
  readonly id: string;
  readonly rule: string;
  readonly reason: string;
  readonly file: string | null;
  readonly line: number | null;
  readonly at: string;
  readonly run: string;
  /** The record as it came, shortened. */
  readonly raw: string | null;
  /** In the order of the columns; null: no value, or a record that could not be taken apart. */
  readonly cells: readonly (string | null)[];
  /** It has no cells, only its raw form. */
  readonly isUnread: boolean;
  /** Places of the cells that break the rule. */
  readonly failing: readonly number[];
  readonly suggestion: QuarantineSuggestion | null;
}

export interface QuarantineSuggestion {
  readonly column: string;
  /** What would stand there. */
  readonly value: string | null;
  /** The same for other records: SQL for the column, and which records it is meant for. */
  readonly set: string;
  readonly where: string;
  /** In words. */
  readonly why: string;
}

export interface QuarantineDecision {
  readonly decision: string;
  readonly act: string;
  readonly rows: number;
  readonly by: string;
  readonly why: string | null;
  readonly at: string;
  readonly run: string | null;
}
