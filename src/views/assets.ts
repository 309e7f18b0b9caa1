// Events → one row per asset or task: how it went last, how many rows it had, how long it usually takes (for the ETA and for `status`, `ls`).
import { ledgerAsset, PROD } from "../model/environment.ts";
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
/** Of the newest that are looked at first. */
const SINCE_ROWS = 100;

export type AssetRow = {
  readonly node: NodeId;
  /** Where it was carried out; absent: prod. */
  readonly environment?: string;
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
  keys: (batch) => [
    placeKey(batch.stream),
    ...runEventsOf(batch).flatMap((event) => ("node" in event && !isItem(event.node) ? [event.node] : [])),
  ],
  async fold(batch, rows) {
    const folded = new Map<NodeId, AssetRow | undefined>();
    const events = runEventsOf(batch);
    if (events.length === 0) return;
    const [first] = events;
    if (first?.type === "run_started" && first.plan.environment !== undefined) {
      const body: RunPlace = { environment: first.plan.environment };
      rows.put({ key: placeKey(batch.stream), label: PLACE, rank: first.at, body });
    }
    const place = (await rows.get(placeKey(batch.stream))) as RunPlace | undefined;
    for (const event of events) {
      if (!("node" in event) || isItem(event.node)) continue;
      const key = ledgerAsset(event.node, place?.environment ?? PROD);
      const row = folded.has(key) ? folded.get(key) : ((await rows.get(key)) as AssetRow | undefined);
      folded.set(key, foldAssetRow(row, batch.stream, event));
    }
    for (const [key, row] of folded)
      if (row !== undefined) rows.put({ key, label: row.status, rank: Date.parse(row.at), body: { ...row, ...place } });
  },
};

/** Where a run is carried out that is not in prod. */
type RunPlace = { readonly environment: string };
const PLACE = "run";

function placeKey(run: string): string {
  return `${PLACE}:${run}`;
}

/** The items of a mapped task are not kept one by one: the task is. */
function isItem(node: NodeId): boolean {
  return node.startsWith("task:") && /\[\d+\]$/.test(node); // a partition's node ends in its key
}

export interface AssetsQuery {
  /** Left out: every node that a run has settled. */
  readonly nodes?: readonly NodeId[];
  /** Default: prod. */
  readonly environment?: string;
  /** Only those that went so last; costs what there are of them. */
  readonly status?: NodeStatus;
}

/** Goes up whenever a row has changed. */
export async function assetsPosition(store: EventStore): Promise<number> {
  await catchUp(store, assetsTable);
  return store.tables.position(assetsTable.name);
}

/** Rows of nodes in an environment, last touched first. */
export async function readAssets(
  store: EventStore,
  { nodes, environment = PROD, status }: AssetsQuery = {},
): Promise<ReadonlyMap<NodeId, AssetRow>> {
  await catchUp(store, assetsTable);
  const bodies =
    nodes === undefined
      ? await store.tables.list(assetsTable.name, { limit: ASSETS_MAX, ...(status === undefined ? {} : { label: status }) })
      : [
          ...(
            await store.tables.many(
              assetsTable.name,
              nodes.map((node) => ledgerAsset(node, environment)),
            )
          ).values(),
        ];
  const rows = assetRows(bodies).filter((row) => (row.environment ?? PROD) === environment);
  return new Map(rows.map((row) => [row.node, row]));
}

/** Rows of nodes in an environment that were touched then or later, last touched first; costs what there are of them. */
export async function readAssetsSince(
  store: EventStore,
  { environment, sinceMs }: { readonly environment: string; readonly sinceMs: number },
): Promise<ReadonlyMap<NodeId, AssetRow>> {
  await catchUp(store, assetsTable);
  for (let limit = SINCE_ROWS; ; limit *= 8) {
    const bodies = await store.tables.list(assetsTable.name, { limit });
    const rows = assetRows(bodies);
    const last = rows.at(-1);
    if (bodies.length === limit && (last === undefined || Date.parse(last.at) >= sinceMs)) continue; // there may be more
    const touched = rows.filter(({ at, environment: place = PROD }) => Date.parse(at) >= sinceMs && place === environment);
    return new Map(touched.map((row) => [row.node, row]));
  }
}

/** The rows of all environments. */
export async function readAllAssets(store: EventStore): Promise<readonly AssetRow[]> {
  await catchUp(store, assetsTable);
  return assetRows(await store.tables.list(assetsTable.name, { limit: ASSETS_MAX }));
}

function assetRows(bodies: readonly unknown[]): readonly AssetRow[] {
  return (bodies as readonly (AssetRow | RunPlace | undefined)[]).filter((body): body is AssetRow => body !== undefined && "node" in body);
}

/** The median of its last successes, for the ETA; null when it never succeeded. */
export function expectedSeconds(row: AssetRow | undefined): number | null {
  if (row === undefined || row.tookMs.length === 0) return null;
  const sorted = row.tookMs.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1]! / 1_000;
}
