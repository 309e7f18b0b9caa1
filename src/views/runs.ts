// Events → one small row per run: what `runs` and `status` list. A row is folded from the row before and one event, so that the table costs what changed.
import type { JsonValue, RunStatus } from "../model/answers.ts";
import type { RunEvent } from "../model/events.ts";
import type { RowCounts } from "../model/plan.ts";
import type { EventStore } from "../store/store.ts";
import { catchUp, type ReadTable } from "./catch-up.ts";

/** RunAnswer and what else is worth knowing without its events. A type, not an interface, so that it is JSON. */
export type RunRow = {
  readonly run: string;
  readonly job: string | null;
  readonly status: RunStatus;
  readonly trigger: string;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  /** Until the newest event while the run goes on: null. */
  readonly seconds: number | null;
  readonly nodes: {
    readonly succeeded: number;
    readonly failed: number;
    readonly skipped: number;
    readonly reused: number;
    readonly canceled: number;
    readonly total: number;
  };
  /** Of the nodes that this run carried out; what it reused or took over is not counted again. */
  readonly rows: RowCounts;
  readonly fromRun: string | null;
  readonly params: Readonly<Record<string, string>>;
  readonly cancel: { readonly by: string; readonly why: string; readonly cause: "request" | "timeout" } | null;
};

const NOTHING: RowCounts = { read: 0, loaded: 0, quarantined: 0, filtered: 0 };

/** Undefined before `run_started`. */
export function foldRunRow(row: RunRow | undefined, event: RunEvent): RunRow | undefined {
  if (event.type === "run_started") {
    const nodes = { succeeded: 0, failed: 0, skipped: 0, reused: 0, canceled: 0, total: event.plan.nodes.length };
    const { run, trigger, fromRun, plan } = event;
    const startedAt = new Date(event.at).toISOString();
    const common = { run, job: plan.job, status: "running" as const, trigger, startedAt, finishedAt: null, seconds: null };
    return { ...common, nodes, rows: NOTHING, fromRun, params: plan.params, cancel: null };
  }
  if (row === undefined) return undefined;
  const counted = (kind: Exclude<keyof RunRow["nodes"], "total">): RunRow => ({
    ...row,
    nodes: { ...row.nodes, [kind]: row.nodes[kind] + 1 },
  });
  switch (event.type) {
    case "node_succeeded":
      if (event.reused === true) return counted("reused");
      return { ...counted("succeeded"), rows: sum(row.rows, event.rows) };
    case "node_reused":
      return counted("reused");
    case "node_skipped":
      return counted("skipped");
    case "node_canceled":
      return counted("canceled");
    case "attempt_failed":
      return event.retryAt === null ? counted("failed") : row;
    case "cancel_requested":
      return { ...row, cancel: { by: event.by, why: event.why, cause: event.cause } };
    case "run_finished": {
      const seconds = (event.at - Date.parse(row.startedAt)) / 1_000;
      return { ...row, status: event.status, finishedAt: new Date(event.at).toISOString(), seconds };
    }
    case "attempt_started":
    case "lease_extended":
      return row;
    default:
      return event satisfies never;
  }
}

/** The read table; raise the number in its name when a row changes its shape, and it is folded anew. */
export const runsTable: ReadTable = {
  name: "runs.1",
  async fold(batch, rows) {
    let row = (await rows.get(batch.stream)) as RunRow | undefined;
    for (const event of batch.events) row = foldRunRow(row, event);
    if (row !== undefined)
      rows.put({ key: row.run, label: row.status, rank: Date.parse(row.startedAt), body: row as unknown as JsonValue });
  },
};

/** Runs, newest first; `status` narrows them. Costs what has changed since anyone looked, and the rows. */
export async function listRuns(
  store: EventStore,
  query: { readonly limit: number; readonly status?: RunStatus },
): Promise<readonly RunRow[]> {
  await catchUp(store, runsTable);
  const label = query.status === undefined ? {} : { label: query.status };
  return (await store.tables.list(runsTable.name, { limit: query.limit, ...label })) as unknown as readonly RunRow[];
}

function sum(a: RowCounts, b: RowCounts | undefined): RowCounts {
  if (b === undefined) return a;
  return {
    read: a.read + b.read,
    loaded: a.loaded + b.loaded,
    quarantined: a.quarantined + b.quarantined,
    filtered: a.filtered + b.filtered,
  };
}
