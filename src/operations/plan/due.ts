// Incremental models whose last intervals still lie within their `lookback`: they are looked at again although nothing that is known of changed.
import { parseDurationMs } from "../../model/duration.ts";
import type { NodeId } from "../../model/graph.ts";
import { incrementalOf } from "../../model/incremental.ts";
import type { Graph } from "../../plan/graph.ts";
import { intervalEnds } from "../../sql/ledger/intervals.ts";
import type { LiveVersion } from "../../sql/ledger/publish.ts";
import type { Warehouse } from "../../sql/warehouse.ts";

interface Looking {
  readonly graph: Graph;
  readonly live: ReadonlyMap<NodeId, LiveVersion>;
  readonly nowMs: number;
}

/** With the reason, as the plan tells it. */
export async function dueLookbacks(warehouse: Warehouse, { graph, live, nowMs }: Looking): Promise<ReadonlyMap<NodeId, string>> {
  const due = new Map<NodeId, string>();
  const looking = [...graph.nodes.values()].flatMap((node) => {
    const how = node.kind === "model" && node.spec.materialize === "incremental" ? incrementalOf(node.spec) : undefined;
    const version = live.get(node.id);
    return how?.mode === "time" && how.lookback !== undefined && version !== undefined
      ? [{ id: node.id, lookback: how.lookback, version }]
      : [];
  });
  if (looking.length === 0) return due;
  const ends = await warehouse.session((session) => intervalEnds(session));
  for (const { id, lookback, version } of looking) {
    const end = ends.get(`${version.asset}\0${version.version}`);
    if (end !== undefined && end > nowMs - (parseDurationMs(lookback) ?? 0))
      due.set(id, `its last intervals lie within its lookback of ${lookback}`);
  }
  return due;
}
