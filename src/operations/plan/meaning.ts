// What the fingerprints of models are good for in a plan and in a build: which inputs count by what is read of them, and what models hold.
import type { QueryFingerprint } from "../../model/fingerprint.ts";
import type { NodeId } from "../../model/graph.ts";
import type { Definitions } from "./definitions.ts";

type Known = Pick<Definitions, "graph" | "compilation" | "alwaysBuild" | "checkReads">;

/** Does what a model holds follow from its query and what that reads, and from nothing else? Then its fingerprint tells its contents. */
export function keepsNothing({ graph, compilation, alwaysBuild }: Known, id: NodeId): boolean {
  const [node, query] = [graph.nodes.get(id), compilation.models.get(id)];
  if (node?.kind !== "model" || query === undefined) return false;
  const isWhole = node.spec.materialize === "view" || node.spec.materialize === "table";
  return isWhole && node.partitioning === undefined && !alwaysBuild.has(id) && query.parameters.every((name) => name.startsWith("param."));
}

/** Null for what is not SQL, not understood, or not the whole of what the model holds. */
export function meaningOfNode(known: Known, id: NodeId): QueryFingerprint | null {
  return keepsNothing(known, id) ? (known.compilation.models.get(id)?.fingerprint ?? null) : null;
}

/** Inputs that count by what the query reads of them; those of checks count as a whole. */
export function readsByMeaning(known: Known, id: NodeId): ReadonlySet<NodeId> {
  if (!keepsNothing(known, id)) return new Set();
  const ofChecks = new Set(known.checkReads.get(id));
  return new Set((known.compilation.models.get(id)?.dependencies ?? []).filter((need) => !ofChecks.has(need)));
}
