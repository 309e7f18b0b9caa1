// The graph of all assets with how each stands, in one answer small enough for thousands: nodes name each other by place.
import { countQuarantine } from "../../load/quarantine.ts";
import type { GraphNodeAnswer, AssetGraphAnswer } from "../../model/graph-answers.ts";
import type { NodeId, ProjectNode } from "../../model/graph.ts";
import type { Graph } from "../../plan/graph.ts";
import { assetsHere } from "../environments/assets.ts";
import { type Assets, checkResults } from "../assets/assets.ts";
import type { Workspace } from "../workspace.ts";

export async function graphOf(workspace: Workspace, { planned, live, statuses }: Assets): Promise<AssetGraphAnswer> {
  const { graph, checks, compilation, schemas } = planned.definitions;
  const [warehouse, rows] = [await workspace.warehouse(), await assetsHere(workspace)];
  const aside = new Map<NodeId, number>();
  for (const { asset, rows: count } of await warehouse.session((session) => countQuarantine(session)))
    aside.set(asset, (aside.get(asset) ?? 0) + count);
  const nodes = placedNodes(graph).map((placed): GraphNodeAnswer => {
    const id = placed.asset;
    const [version, last] = [live.get(id), rows.get(id)];
    const results = new Map(checkResults(version).map((result) => [result.check, result.status]));
    const own = checks.get(id) ?? [];
    const count = (status: string | undefined): number => own.filter(({ name }) => results.get(name) === status).length;
    const took = last?.tookMs.at(-1);
    return {
      ...placed,
      status: statuses.get(id) ?? "missing",
      rows: version?.rows ?? null,
      updatedAt: version?.at ?? null,
      seconds: took === undefined ? null : took / 1_000,
      checks: { passed: count("passed"), warned: count("warned"), failed: count("failed"), unknown: count(undefined) },
      quarantined: aside.get(id) ?? 0,
      columns: (compilation.models.get(id)?.columns ?? version?.columns ?? schemas.get(id)?.columns ?? []).length,
    };
  });
  return { nodes };
}

/** What definitions tell of a node. */
type PlacedNode = Pick<GraphNodeAnswer, "asset" | "kind" | "materialize" | "group" | "needs" | "owner" | "tags" | "description">;

export function placedNodes(graph: Graph): readonly PlacedNode[] {
  const ids = graph.order.toSorted();
  const places = new Map(ids.map((id, place) => [id, place]));
  return ids.map((id) => {
    const node = graph.nodes.get(id)!;
    return {
      asset: id,
      kind: node.kind,
      materialize: node.kind === "model" ? node.spec.materialize : null,
      group: groupOf(id),
      needs: (graph.needs.get(id) ?? []).flatMap((need) => places.get(need) ?? []),
      owner: node.owner ?? null,
      tags: node.tags,
      description: firstLine(node),
    };
  });
}

function groupOf(id: NodeId): string {
  if (id.startsWith("task:")) return "tasks";
  return id.includes(".") ? id.slice(0, id.indexOf(".")) : "";
}

/** Enough for a list; the whole text is `assets.describe`'s. */
const DESCRIPTION_MAX = 160;

function firstLine({ description }: ProjectNode): string | null {
  const line = description?.trim().split("\n", 1)[0];
  return line === undefined || line === "" ? null : line.length > DESCRIPTION_MAX ? `${line.slice(0, DESCRIPTION_MAX - 1)}…` : line;
}
