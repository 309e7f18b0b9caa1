// Events → one row per asset or task: how it went last, how many rows it had, how long it usually takes (for the ETA and for `status`, `ls`).
import type { NodeStatus } from "../model/answers.ts";
import type { ErrorRecord } from "../model/errors.ts";
import type { RunEvent } from "../model/events.ts";
import type { NodeId } from "../model/graph.ts";
import type { RowCounts } from "../model/plan.ts";
import { runEventsOf } from "../model/store-events.ts";
import type { EventStore } from "../store/store.ts";
import { catchUp, type ReadTable } from "./catch-up.ts";
import { iso } from "./iso.ts";

/** Durations that are kept; the median of so many is calm enough for an ETA. */
const DURATIONS_MAX = 21;
const ASSETS_MAX = 1_000_000;

export type AssetRow = {
  readonly node: NodeId;
  /** Outcome of the newest run that settled it. */
  readonly status: NodeStatus;
  readonly run: string;
  readonly at: string;
  readonly succeededAt: string | null;
  readonly succeededRun: string | null;
  readonly rows: RowCounts | null;
  readonly error: ErrorRecord | null;
  /** Of its last successes, oldest first; reuses do not count. */
  readonly tookMs: readonly number[];
};

export function foldAssetRow(row: AssetRow | undefined, run: string, event: RunEvent): AssetRow | undefined {
  if (!("node" in event)) return row;
  const at = iso(event.at);
  const before = row ?? { succeededAt: null, succeededRun: null, rows: null, error: null, tookMs: [] };
  const common = { ...before, node: event.node, run, at };
  switch (event.type) {
    case "node_succeeded": {
      const rows = event.rows ?? before.rows;
      const succeeded = { ...common, succeededAt: at, succeededRun: run, rows, error: null };
      if (event.reused === true) return { ...succeeded, status: "reused" };
      return { ...succeeded, status: "succeeded", tookMs: [...before.tookMs, event.tookMs].slice(-DURATIONS_MAX) };
    }
    case "node_reused":
      return { ...common, status: "reused", error: null };
    case "attempt_failed":
      if (event.retryAt !== null) return row;
      return { ...common, status: event.fallback === undefined ? "failed" : "succeeded", error: event.error };
    case "node_skipped":
      return { ...common, status: "skipped" };
    case "node_failed":
      return { ...common, status: "failed", error: event.error };
    case "node_canceled":
      return { ...common, status: "canceled" };
    case "attempt_started":
    case "lease_extended":
    case "node_waiting":
    case "node_signaled":
    case "node_mapped":
      return row;
    default:
      return event satisfies never;
  }
}

export const assetsTable: ReadTable = {
  name: "assets.1",
  keys: (batch) => runEventsOf(batch).flatMap((event) => ("node" in event && !isItem(event.node) ? [event.node] : [])),
  async fold(batch, rows) {
    const folded = new Map<NodeId, AssetRow | undefined>();
    for (const event of runEventsOf(batch)) {
      if (!("node" in event) || isItem(event.node)) continue;
      const row = folded.has(event.node) ? folded.get(event.node) : ((await rows.get(event.node)) as AssetRow | undefined);
      folded.set(event.node, foldAssetRow(row, batch.stream, event));
    }
    for (const row of folded.values())
      if (row !== undefined) rows.put({ key: row.node, label: row.status, rank: Date.parse(row.at), body: row });
  },
};

/** The items of a mapped task are not kept one by one: the task is. */
function isItem(node: NodeId): boolean {
  return node.startsWith("task:") && /\[\d+\]$/.test(node); // a partition's node ends in its key
}

/** Rows of these nodes, or of every node that a run has settled, last touched first. */
export async function readAssets(store: EventStore, nodes?: readonly NodeId[]): Promise<ReadonlyMap<NodeId, AssetRow>> {
  await catchUp(store, assetsTable);
  const bodies =
    nodes === undefined
      ? await store.tables.list(assetsTable.name, { limit: ASSETS_MAX })
      : [...(await store.tables.many(assetsTable.name, nodes)).values()];
  const rows = bodies.filter((body) => body !== undefined) as unknown as readonly AssetRow[];
  return new Map(rows.map((row) => [row.node, row]));
}

/** The median of its last successes, for the ETA; null when it never succeeded. */
export function expectedSeconds(row: AssetRow | undefined): number | null {
  if (row === undefined || row.tookMs.length === 0) return null;
  const sorted = row.tookMs.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1]! / 1_000;
}
