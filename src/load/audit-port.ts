// The port between a build and its checks. A build (a load, a model) makes a candidate table inside the publishing transaction and hands it to
// the audit; the audit sets rows aside (`onFail: quarantine`) and answers; the build publishes only when nothing says stop.
import type { Transaction } from "../sql/session.ts";
import type { CheckResult } from "./check.ts";

/** A table that is complete but not yet published. */
export interface Candidate {
  readonly asset: string;
  /** Qualified and quoted. Checks read it as `t`. May have the hidden columns `_load`, `_file`, `_line`. */
  readonly table: string;
  /** Id of the load, or of the build for a model; what stands in `_millrace.quarantine.load`. */
  readonly load: string;
  readonly run: string;
  /** Where the table's rows came from, when it has no hidden columns: its name in `_millrace.origins`. */
  readonly physical: string;
}

export interface AuditAnswer {
  readonly results: readonly CheckResult[];
}

/** Runs the asset's checks on the candidate. Throws only when a check itself cannot run. */
export type Audit = (tx: Transaction, candidate: Candidate) => Promise<AuditAnswer>;

/** The result that keeps the version from being published, if there is one. */
export function stoppedBy(results: readonly CheckResult[]): CheckResult | undefined {
  return results.find((result) => result.status === "failed" && result.onFail === "stop");
}
