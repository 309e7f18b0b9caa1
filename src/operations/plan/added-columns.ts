// Models with the columns that building them adds: readers of a snapshot see since when a row was valid, and what an earlier query gave.
import { HISTORY_COLUMNS } from "../../load/snapshot.ts";
import type { ModelNode, NodeId } from "../../model/graph.ts";
import type { SqlUnit } from "../../sql/compile/errors.ts";
import type { LiveVersion } from "../../sql/ledger/publish.ts";

/** As they are compiled. */
export function withAddedColumns(models: readonly ModelNode[], live: ReadonlyMap<NodeId, LiveVersion>): readonly (ModelNode & SqlUnit)[] {
  return models.map((node) => {
    if (node.spec.materialize !== "snapshot") return node;
    const before = live.get(node.id)?.columns ?? [];
    const isHistory = before.some(({ name }) => name === "valid_from");
    return { ...node, adds: [...HISTORY_COLUMNS, ...(isHistory ? before : [])] };
  });
}
