// What `millrace test` answers.
import type { JsonValue } from "./answers.ts";
import type { ErrorRecord } from "./errors.ts";

/** A cell as it is and as it was expected; the types only where the values look alike. */
export type CellDifference = {
  readonly column: string;
  readonly expected: JsonValue;
  readonly actual: JsonValue;
  readonly expectedType?: string;
  readonly actualType?: string;
};

export type TestRow = Readonly<Record<string, JsonValue>>;

/** Two rows that belong together and differ. */
export type ChangedRow = {
  /** Numbers from 1: of the row in the test, of the row in the result. */
  readonly expectedRow: number;
  readonly actualRow: number;
  readonly differences: readonly CellDifference[];
  /** The cells that are as expected. */
  readonly same: TestRow;
};

/** Rows as they are beside rows as they were expected: only what differs. */
export type RowsDifference = {
  /** The model, or one of its `with` queries. */
  readonly of: string;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly expectedRows: number;
  readonly actualRows: number;
  readonly changed: readonly ChangedRow[];
  /** Expected, and not there. */
  readonly missing: readonly { readonly row: number; readonly cells: TestRow }[];
  /** There, and not expected. */
  readonly unexpected: readonly { readonly row: number; readonly cells: TestRow }[];
  /** The rows are the expected ones, in another order: the first place that differs. */
  readonly order: { readonly row: number; readonly found: number } | null;
  /** How many rows differ, listed or not. */
  readonly counts: { readonly changed: number; readonly missing: number; readonly unexpected: number };
  /** Differing rows beyond those that are listed. */
  readonly more: number;
};

export type TestAnswer = {
  readonly name: string;
  readonly model: string;
  readonly file: string;
  readonly line: number;
  readonly description: string | null;
  readonly tags: readonly string[];
  /** `error`: it could not run. */
  readonly status: "passed" | "failed" | "error";
  readonly seconds: number;
  /** Why it failed, in sentences. */
  readonly reasons: readonly string[];
  readonly differences: readonly RowsDifference[];
  readonly errors: readonly ErrorRecord[];
  /** What is worth knowing when it failed: inputs that were left empty, for instance. */
  readonly notes: readonly string[];
};

export type TestsAnswer = {
  readonly tests: readonly TestAnswer[];
  readonly counts: { readonly passed: number; readonly failed: number; readonly error: number };
  readonly seconds: number;
};

/** A test that was written from real rows. */
export type RecordedTestAnswer = {
  readonly file: string;
  readonly name: string;
  readonly model: string;
  /** Rows per asset that is read. */
  readonly given: Readonly<Record<string, number>>;
  readonly expected: number;
  /** Columns whose values were masked, as `asset.column`. */
  readonly masked: readonly string[];
  readonly notes: readonly string[];
};
