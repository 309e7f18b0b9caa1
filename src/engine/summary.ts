// How a run ended, or how far it came: what `run` resolves with.
import type { RunStatus } from "../model/answers.ts";
import type { ErrorRecord } from "../model/errors.ts";
import type { RowCounts } from "../model/plan.ts";
import type { RunFold } from "../views/run-fold.ts";
import type { RunRow } from "../views/runs.ts";

export interface RunSummary {
  readonly run: string;
  /** `running` when the run was stopped before its end. */
  readonly status: RunStatus;
  readonly nodes: RunRow["nodes"];
  readonly rows: RowCounts;
  readonly seconds: number;
  /** The engine was stopped; `run` goes on where it stopped. */
  readonly interrupted: boolean;
  /** MR6002 when the run took longer than its timeout. */
  readonly error: ErrorRecord | null;
}

export function summaryOf(fold: RunFold, end: "finished" | "interrupted"): RunSummary {
  const row = fold.row();
  if (row === undefined) throw new Error("assertion: a run that has started");
  const timedOut = row.cancel?.cause === "timeout" && row.status === "failed";
  return {
    run: row.run,
    status: row.status,
    nodes: row.nodes,
    rows: row.rows,
    seconds: row.seconds ?? 0,
    interrupted: end === "interrupted" && row.status === "running",
    error: timedOut ? { code: "MR6002", message: row.cancel.why, retryable: true } : null,
  };
}
