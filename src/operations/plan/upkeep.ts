// What of a model is to be put right although its rows are what they should be: the order in which they lie, the files in which they stand.
import { existsSync } from "node:fs";
import { leadsTo } from "../../formats/write/versioned.ts";
import { externalFolder, versionIn } from "../../load/external-folder.ts";
import type { ModelNode, NodeId } from "../../model/graph.ts";
import { layoutColumns } from "../../model/kept.ts";
import type { Graph } from "../../plan/graph.ts";
import { layoutMark, readLayoutMarks } from "../../sql/ledger/layout-mark.ts";
import { readersHere } from "./engines.ts";
import type { LiveVersion } from "../../sql/ledger/publish.ts";
import { knownPath } from "../attempts/external-path.ts";
import type { Workspace } from "../workspace.ts";

/** With the reason, as the plan tells it. */
export async function upkeepReasons(
  workspace: Workspace,
  { graph, live }: { readonly graph: Graph; readonly live: ReadonlyMap<NodeId, LiveVersion> },
): Promise<ReadonlyMap<NodeId, string>> {
  const reasons = new Map([...externalReasons(workspace, graph, live), ...copyReasons(graph, live)]);
  const laidOut = [...graph.nodes.values()].filter(
    (node): node is ModelNode => node.kind === "model" && layoutColumns(node.spec.layout).length > 0,
  );
  if (laidOut.length === 0) return reasons;
  const warehouse = await workspace.warehouse();
  const marks = await warehouse.session((session) => readLayoutMarks(session));
  for (const node of laidOut) {
    const physical = live.get(node.id)?.physical;
    const by = layoutColumns(node.spec.layout);
    if (node.spec.materialize !== "table" || node.partitioning !== undefined || physical == null || marks.get(physical) === layoutMark(by))
      continue;
    reasons.set(node.id, `its layout changed: the same rows are ordered by ${by.join(", ")}`);
  }
  return reasons;
}

/** What stands on a server and is read in the warehouse by now. */
function copyReasons(graph: Graph, live: ReadonlyMap<NodeId, LiveVersion>): ReadonlyMap<NodeId, string> {
  const reasons = new Map<NodeId, string>();
  for (const node of graph.nodes.values()) {
    if ((node.kind !== "model" && node.kind !== "source") || node.engine === undefined || live.get(node.id)?.kind !== "remote") continue;
    const [reader] = readersHere(graph, node.id);
    if (reader !== undefined)
      reasons.set(node.id, `its rows are to be copied from ${node.engine.name}: ${reader} reads them in the warehouse`);
  }
  return reasons;
}

function externalReasons(workspace: Workspace, graph: Graph, live: ReadonlyMap<NodeId, LiveVersion>): ReadonlyMap<NodeId, string> {
  const reasons = new Map<NodeId, string>();
  for (const node of graph.nodes.values()) {
    const version = live.get(node.id);
    if (node.kind !== "model" || node.spec.external === undefined || version === undefined) continue;
    const path = knownPath(workspace, node);
    if (path === undefined) continue;
    const folder = versionIn(version.viewSql);
    if (folder === undefined || !existsSync(folder)) reasons.set(node.id, `the files of ${path} are not there any more`);
    else if (!leadsTo(externalFolder(workspace.dir, path, version.asset), folder))
      reasons.set(node.id, `${path} does not lead to the files that readers see`);
  }
  return reasons;
}
