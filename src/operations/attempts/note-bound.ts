// Definitions whose columns were guessed when a run began are noted as they were carried out in the end: the next plan is compared with those.
import { messageOf } from "../../model/errors.ts";
import type { ProjectNode } from "../../model/graph.ts";
import type { Definitions } from "../plan/definitions.ts";
import { noteDefinitions } from "../plan/noted.ts";
import { snapshotOf } from "../plan/snapshot.ts";
import type { Workspace } from "../workspace.ts";
import { type BoundAgain, boundAgain } from "./made-of.ts";

/** @returns why they could not be noted; null: they are, or nothing was guessed */
export async function noteBound(workspace: Workspace, definitions: Definitions): Promise<string | null> {
  const again = boundAgain(definitions);
  if (again === undefined) return null;
  try {
    return await note(workspace, definitions, again);
  } catch (error) {
    return messageOf(error); // as of noteDefinitions: it hurts nobody
  }
}

async function note(
  workspace: Workspace,
  definitions: Definitions,
  { compilation: promised, schemas }: BoundAgain,
): Promise<string | null> {
  const compilation = await promised;
  const { graph, codeOf } = definitions;
  const bound = (node: ProjectNode): ProjectNode => {
    const query = node.kind === "model" ? compilation.models.get(node.id) : undefined;
    return node.kind !== "model" || query === undefined || query.fingerprint === null
      ? node
      : { ...node, codeHash: codeOf(node.id, query) };
  };
  const nodes = new Map([...graph.nodes].map(([id, node]) => [id, bound(node)]));
  const snapshot = snapshotOf(await workspace.project(), { ...definitions, compilation, schemas, graph: { ...graph, nodes } });
  return noteDefinitions(await workspace.commonWarehouse(), snapshot, new Set(snapshot.assets.keys()));
}
