// Models of an environment whose rows depend on their past, and began with rows that prod has no longer: they are built again, from what prod has by now.
import { ledgerAsset, PROD } from "../../model/environment.ts";
import type { NodeId, ProjectNode } from "../../model/graph.ts";
import { dependsOnPast, incrementalOf } from "../../model/incremental.ts";
import type { Graph } from "../../plan/graph.ts";
import { type LiveVersion, readLive } from "../../sql/ledger/publish.ts";
import type { Workspace } from "../workspace.ts";

/** With the reason, as the plan tells it. */
export async function begunElsewhere(
  workspace: Workspace,
  { graph, live }: { readonly graph: Graph; readonly live: ReadonlyMap<NodeId, LiveVersion> },
): Promise<ReadonlyMap<NodeId, string>> {
  const { name, kind } = await workspace.environment();
  const own = [...live].filter(([id, { asset }]) => name !== PROD && asset === ledgerAsset(id, name) && hasPast(graph.nodes.get(id)));
  if (kind === "e2e" || own.length === 0) return new Map();
  const prod = await (await workspace.commonWarehouse()).session((session) => readLive(session, PROD));
  const elsewhere = own.filter(([id, { begun }]) => prod.has(id) && begun !== prod.get(id)!.version);
  return new Map(elsewhere.map(([id]) => [id, "prod has other rows of it by now: it begins with those"]));
}

function hasPast(node: ProjectNode | undefined): boolean {
  if (node?.kind !== "model") return false;
  const { materialize } = node.spec;
  if (materialize === "snapshot") return true;
  const how = materialize === "incremental" ? incrementalOf(node.spec) : undefined;
  return how !== undefined && dependsOnPast(how);
}
