// Which topics the batches of a store touch, and what is to be told of them.
import { PROD } from "../../model/environment.ts";
import type { NodeStatus } from "../../model/answers.ts";
import type { RunEvent } from "../../model/events.ts";
import type { JsonValue } from "../../model/json.ts";
import { splitNodeId } from "../../model/partition.ts";
import { jobOfStream, runEventsOf } from "../../model/store-events.ts";
import type { Batch } from "../../store/store.ts";
import { runAnswer } from "../../views/run-fold.ts";
import type { RunRow } from "../../views/runs.ts";

/** More is not told one by one. */
const CHANGED_MAX = 500;

export interface Touched {
  readonly runs: ReadonlyMap<string, readonly RunEvent[]>;
  /** Keys of jobs. */
  readonly jobs: ReadonlySet<string>;
  /** Did an attempt at an asset or a task begin or end? */
  readonly hasNodes: boolean;
}

export function touchedBy(batches: readonly Batch[]): Touched {
  const runs = new Map<string, RunEvent[]>();
  const jobs = new Set<string>();
  let hasNodes = false;
  for (const batch of batches) {
    const job = jobOfStream(batch.stream);
    if (job !== undefined) {
      jobs.add(job);
      continue;
    }
    const events = runEventsOf(batch);
    const known = runs.get(batch.stream);
    if (known === undefined) runs.set(batch.stream, [...events]);
    else known.push(...events);
    hasNodes ||= events.some((event) => nodeStatus(event) !== undefined);
  }
  return { runs, jobs, hasNodes };
}

/** A node as one event of a run leaves it; undefined for events that change no node's status. */
export function nodeStatus(event: RunEvent): NodeStatus | undefined {
  switch (event.type) {
    case "attempt_started":
      return "running";
    case "node_succeeded":
      return event.reused === true ? "reused" : "succeeded";
    case "node_reused":
      return "reused";
    case "attempt_failed":
      if (event.retryAt !== null) return "retrying";
      return event.fallback === undefined ? "failed" : "succeeded";
    case "node_failed":
      return "failed";
    case "node_skipped":
      return "skipped";
    case "node_canceled":
      return "canceled";
    case "node_waiting":
      return "waiting";
    default:
      return undefined;
  }
}

export function runChanges(rows: Iterable<RunRow>, environment: string): JsonValue {
  const changed = [...rows].filter((row) => (row.environment ?? PROD) === environment).map(runAnswer);
  return changed.length > CHANGED_MAX ? null : changed;
}

export type NodeChange = { readonly node: string; readonly status: NodeStatus; readonly at: string; readonly attempt: number | null };

/** Of one run: its row now, and the nodes that changed, each once. */
export function runNodeChanges(row: RunRow | undefined, events: readonly RunEvent[]): JsonValue {
  if (row === undefined) return null;
  const nodes = new Map<string, NodeChange>();
  for (const event of events) {
    const status = nodeStatus(event);
    if (status === undefined || !("node" in event)) continue;
    const attempt = "attempt" in event ? event.attempt : null;
    nodes.set(event.node, { node: event.node, status, at: new Date(event.at).toISOString(), attempt });
  }
  const isTold = nodes.size <= CHANGED_MAX && !events.some((event) => event.type === "node_mapped");
  return { run: runAnswer(row), nodes: isTold ? [...nodes.values()] : null };
}

export type AssetChange = {
  readonly asset: string;
  /** `running`, `current`, `failed`; null: as `assets.graph` says next. */
  readonly status: string | null;
  readonly rows: number | null;
  readonly at: string;
  readonly run: string;
};

/** The assets (and tasks) that changed in an environment, each once, as it stands after the last event. */
export function assetChanges(touched: Touched, rows: ReadonlyMap<string, RunRow>, environment: string): JsonValue {
  const changed = new Map<string, AssetChange>();
  for (const [run, events] of touched.runs) {
    if ((rows.get(run)?.environment ?? PROD) !== environment) continue;
    for (const event of events) {
      const status = nodeStatus(event);
      if (status === undefined || !("node" in event)) continue;
      const { asset, partition } = splitNodeId(event.node);
      const loaded = event.type === "node_succeeded" && partition === null ? (event.rows?.loaded ?? null) : null;
      changed.set(asset, { asset, status: assetStatus(status, partition), rows: loaded, at: new Date(event.at).toISOString(), run });
    }
  }
  return changed.size > CHANGED_MAX ? null : [...changed.values()];
}

function assetStatus(status: NodeStatus, partition: string | null): string | null {
  if (status === "running") return "running";
  if (partition !== null) return null;
  if (status === "succeeded" || status === "reused") return "current";
  return status === "failed" ? "failed" : null;
}
