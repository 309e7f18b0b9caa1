// What the fingerprints of models are good for in a plan and in a build: which inputs count by what is read of them, and what models hold.
import type { QueryFingerprint } from "../../model/fingerprint.ts";
import type { NodeId } from "../../model/graph.ts";
import type { Definitions } from "./definitions.ts";

export interface Meaning {
  readonly fingerprint: QueryFingerprint;
  /** Does what it holds follow from its query and what that reads, and from nothing else? */
  readonly isKept: boolean;
}

type Known = Pick<Definitions, "graph" | "compilation" | "alwaysBuild" | "checkReads">;

/** Null for what is not SQL, or not understood. */
export function meaningOfNode({ graph, compilation, alwaysBuild }: Known, id: NodeId): Meaning | null {
  const [node, query] = [graph.nodes.get(id), compilation.models.get(id)];
  if (node?.kind !== "model" || query === undefined || query.fingerprint === null) return null;
  const isWhole = (node.spec.materialize ?? "view") === "view" || node.spec.materialize === "table";
  const isKept =
    isWhole && node.partitioning === undefined && !alwaysBuild.has(id) && query.parameters.every((name) => name.startsWith("param."));
  return { fingerprint: query.fingerprint, isKept };
}

/** Inputs that count by what the query reads of them; others (those of checks, those of incremental builds) count as a whole. */
export function readsByMeaning(known: Known, id: NodeId): ReadonlySet<NodeId> {
  const [node, query] = [known.graph.nodes.get(id), known.compilation.models.get(id)];
  if (node === undefined || query === undefined || meaningOfNode(known, id)?.isKept !== true) return new Set();
  const ofChecks = new Set(known.checkReads.get(id));
  return new Set(query.dependencies.filter((need) => !ofChecks.has(need)));
}
