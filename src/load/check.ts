// What a check is after its options were read: SQL that marks the rows which break it. All checks of an asset run in at most two scans
// of it: one that counts, and one that fetches the rows of those that failed.
import type * as z from "zod";

/** How a check finds its rows. SQL refers to the audited table by the alias `t`. */
export type CheckTest =
  /** A condition on one row of `t`, true when the row breaks the rule (never NULL); may hold subqueries on other assets and window functions when `windowed`. */
  | { readonly kind: "row"; readonly bad: string; readonly windowed: boolean }
  /** An aggregate over `t` that yields the number of failures (0: passed) and one that describes what was found. */
  | { readonly kind: "aggregate"; readonly failing: string; readonly found: string }
  /** A query of the user's own that returns the rows that break the rule. */
  | { readonly kind: "query"; readonly sql: string };

export interface CompiledCheck {
  /** Unique in the asset: `notNull(sale_price)`, or the user's `name`. */
  readonly name: string;
  readonly kind: string;
  readonly severity: "error" | "warn";
  readonly onFail: "stop" | "quarantine" | "warn";
  /** Only rows for which this holds are looked at. */
  readonly where: string | null;
  /** Failing rows that are still accepted. */
  readonly tolerate: { readonly rows: number } | { readonly share: number };
  readonly test: CheckTest;
  /** The columns that are read, for messages and lineage. */
  readonly columns: readonly string[];
  /** Other assets it reads. */
  readonly needs: readonly string[];
}

export interface CheckResult {
  readonly check: string;
  readonly kind: string;
  readonly status: "passed" | "warned" | "failed";
  readonly severity: "error" | "warn";
  readonly failing: number;
  readonly onFail: "stop" | "quarantine" | "warn";
  /** At most 5 failing rows (or what an aggregate found). */
  readonly sample: readonly Readonly<Record<string, unknown>>[];
}

export interface CheckKind<Options = unknown> {
  readonly name: string;
  readonly summary: string;
  /** Accepts what stands behind the kind's key, short forms included. */
  readonly options: z.ZodType<Options>;
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
