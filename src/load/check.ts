// What a check is after its options were read: SQL that marks the rows which break it. All checks of an asset run in at most two scans
// of it: one that counts, and one that fetches the rows of those that failed (src/load/audit.ts).
import type * as z from "zod";
import type { JsonValue } from "../model/answers.ts";
import type { SourceLocation } from "../model/errors.ts";

/** How a check finds its rows. SQL refers to the audited table by the alias `t`. */
export type CheckTest =
  /** A condition on one row of `t`, true when the row breaks the rule; NULL counts as sound. May hold subqueries and window functions. */
  | { readonly kind: "row"; readonly bad: string }
  /** Rows that share the values of all expressions with another row. NULL equals NULL; rows in which all of them are NULL are not looked at. */
  | { readonly kind: "duplicates"; readonly of: readonly string[] }
  /** The number of rows must lie between the two; `failing` is how many rows are missing or too many. */
  | { readonly kind: "count"; readonly min: number | null; readonly max: number | null }
  /** An aggregate over `t` that yields the number of failures (0: passed) and one that describes what was found. */
  | { readonly kind: "aggregate"; readonly failing: string; readonly found: string }
  /** A query of the user's own that returns the rows that break the rule. `alias`: a name under which it may read the audited table. */
  | { readonly kind: "query"; readonly sql: string; readonly alias?: string };

export interface CompiledCheck {
  /** Unique in the asset: `notNull(sale_price)`, or the user's `name`. */
  readonly name: string;
  readonly kind: string;
  readonly severity: "error" | "warn";
  readonly onFail: "stop" | "quarantine" | "warn";
  /** Only rows for which this holds are looked at. */
  readonly where: string | null;
  /** Failing rows that are still accepted; a share is a part (0–1) of the rows that were looked at. */
  readonly tolerate: { readonly rows: number } | { readonly share: number };
  readonly test: CheckTest;
  /** The columns that are read, for messages and lineage. */
  readonly columns: readonly string[];
  /** Other assets it reads, as far as its options say so; those in the SQL of `rule` and `query` are found by parsing it. */
  readonly needs: readonly string[];
  /** Where the user wrote it. */
  readonly location: SourceLocation | null;
}

export type CheckResult = {
  readonly check: string;
  readonly kind: string;
  /** `warned`: rows failed that do not keep the version from being published (a warning, or set aside in quarantine). */
  readonly status: "passed" | "warned" | "failed";
  readonly severity: "error" | "warn";
  /** Rows that break the rule, those that are tolerated included. */
  readonly failing: number;
  readonly onFail: "stop" | "quarantine" | "warn";
  /** At most 5 failing rows (or what an aggregate found). */
  readonly sample: readonly Readonly<Record<string, JsonValue>>[];
};

export interface CheckKind<Options = unknown> {
  readonly name: string;
  readonly summary: string;
  /** What stands behind the kind's key, in its long form. */
  readonly options: z.ZodType<Options>;
  /** The option that a bare value (text, number or list) stands for: `{ notNull: [a] }` is `{ notNull: { columns: [a] } }`. */
  readonly short?: string;
  test(options: Options): {
    readonly test: CheckTest;
    readonly columns: readonly string[];
    readonly needs?: readonly string[];
    readonly label: string;
  };
}

export function defineCheck<Options>(kind: CheckKind<Options>): CheckKind<Options> {
  return kind;
}

/** Failing rows of `looked` that are accepted. */
export function toleratedRows(check: Pick<CompiledCheck, "tolerate">, looked: number): number {
  return "rows" in check.tolerate ? check.tolerate.rows : Math.floor(check.tolerate.share * looked);
}

/** What a count of failing rows means for the version that is about to be published. */
export function statusOf(
  check: Pick<CompiledCheck, "tolerate" | "severity" | "onFail">,
  failing: number,
  looked: number,
): CheckResult["status"] {
  if (failing <= toleratedRows(check, looked)) return "passed";
  return check.severity === "error" && check.onFail === "stop" ? "failed" : "warned";
}
