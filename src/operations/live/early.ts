// How all assets stand before a plan has told it: names and what feeds what by the definitions, status by the last runs and by the plan before. Such an answer says
// that it is partial; what neither tells is null.
import type { GraphNodeAnswer } from "../../model/graph-answers.ts";
import { assetsHere } from "../environments/assets.ts";
import { placedNodes } from "../look/graph.ts";
import { graphByNames } from "../plan/definitions.ts";
import { assetsByRuns } from "../status.ts";
import type { Workspace } from "../workspace.ts";

/** `before`: nodes as an earlier plan told them. */
export async function nodesEarly(workspace: Workspace, before: readonly GraphNodeAnswer[]): Promise<readonly GraphNodeAnswer[]> {
  const [graph, { statuses }, rows] = [await graphByNames(workspace), await assetsByRuns(workspace), await assetsHere(workspace)];
  const known = new Map(before.map((node) => [node.asset, node]));
  return placedNodes(graph).map((placed) => {
    const { asset } = placed;
    const [last, told] = [rows.get(asset), known.get(asset)];
    if (told !== undefined) return { ...told, ...placed };
    const took = last?.tookMs.at(-1);
    return {
      ...placed,
      status: statuses.get(asset) ?? "missing",
      rows: null,
      updatedAt: last?.succeededAt ?? null,
      seconds: took === undefined ? null : took / 1_000,
      checks: null,
      quarantined: null,
      columns: null,
    };
  });
}
