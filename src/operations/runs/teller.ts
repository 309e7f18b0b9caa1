// What an observer of a run is told, from its events: who carries the run out and who follows it in the store tell the same, in the same order.
import type { NodeEventAnswer, RunSummaryAnswer } from "../../model/answers.ts";
import type { ErrorRecord } from "../../model/errors.ts";
import type { RunEvent } from "../../model/events.ts";
import type { NodeId } from "../../model/graph.ts";
import type { RowCounts } from "../../model/plan.ts";
import type { RunProgress } from "../../model/progress.ts";
import { expectedSeconds, type AssetRow } from "../../views/assets.ts";
import { isSettled, nodeName, type NodeRow, type RunFold } from "../../views/run-fold.ts";

export interface RunTellerOptions {
  readonly run: string;
  readonly resumed: boolean;
  readonly history: ReadonlyMap<NodeId, AssetRow>;
  readonly observe: (progress: RunProgress) => void;
}

export interface RunTeller {
  /** Called after each event; `fold` is the run with it. */
  event(event: RunEvent, fold: RunFold): void;
  /** What was not told yet, and the summary. `error`: why the run as a whole did not end well. */
  summary(fold: RunFold, error: ErrorRecord | null): RunSummaryAnswer;
}

export function createRunTeller({ run, resumed, history, observe }: RunTellerOptions): RunTeller {
  const startedMs = performance.now();
  const told = new Set<NodeId>();
  let begun = false;
  const begin = (fold: RunFold): void => {
    if (begun) return;
    begun = true;
    observe({ type: "run", run, resumed, nodes: fold.row()!.nodes.total });
  };
  const tellSettled = (fold: RunFold, node: NodeId): void => {
    const row = fold.node(node);
    if (row === undefined || told.has(node) || !isSettled(row.status)) return;
    told.add(node);
    observe(nodeEvent(row));
  };
  return {
    event(event, fold) {
      begin(fold);
      tellProgress(event, history, observe);
      if ("node" in event) tellSettled(fold, event.node);
    },
    summary(fold, error) {
      begin(fold);
      const rows = fold.nodes();
      for (const { node } of rows) tellSettled(fold, node);
      const { status, nodes } = fold.row()!;
      const { succeeded, failed, skipped, reused } = nodes;
      return {
        type: "summary",
        run,
        status,
        ...(status === "running" ? { interrupted: true as const } : {}),
        nodes: { succeeded, failed, skipped, reused },
        rows: rowsThatEntered(rows),
        seconds: (performance.now() - startedMs) / 1000,
        error,
        outputs: rows.flatMap((row) => (row.plan.kind === "export" && row.status === "succeeded" ? locationsOf(row) : [])),
      };
    },
  };
}

function tellProgress(event: RunEvent, history: ReadonlyMap<NodeId, AssetRow>, observe: RunTellerOptions["observe"]): void {
  if (event.type === "attempt_started") {
    observe({ type: "started", node: event.node, attempt: event.attempt, expectedSeconds: expectedSeconds(history.get(event.node)) });
  }
  if (event.type === "attempt_failed" && event.retryAt !== null) {
    observe({
      type: "retrying",
      node: event.node,
      attempt: event.attempt,
      retryAt: new Date(event.retryAt).toISOString(),
      message: event.error.message,
    });
  }
}

function nodeEvent(row: NodeRow): NodeEventAnswer {
  return {
    type: "node",
    ...nodeName(row.node, row.plan.partition),
    status: row.status,
    reason: row.why ?? (row.because === null ? row.plan.reason : `${row.because} did not succeed`),
    attempts: row.attempts.length,
    seconds: row.seconds,
    rows: row.rows ?? null,
    checks: row.checks ?? [],
    ...(row.output === undefined ? {} : { output: row.output }),
    error: row.error,
  };
}

/** Rows that came in from outside: what sources read. Rows that models made of them are not counted again. */
function rowsThatEntered(nodes: readonly NodeRow[]): RowCounts {
  const total = { read: 0, loaded: 0, quarantined: 0, filtered: 0 };
  for (const { plan, status, rows } of nodes) {
    if ((plan.kind !== "source" && plan.kind !== "extract") || rows === undefined || status === "pending") continue;
    total.read += rows.read;
    total.loaded += rows.loaded;
    total.quarantined += rows.quarantined;
    total.filtered += rows.filtered;
  }
  return total;
}

function locationsOf(row: NodeRow): readonly string[] {
  const output = row.output as { readonly locations?: readonly string[] } | null | undefined;
  return output?.locations ?? [];
}
