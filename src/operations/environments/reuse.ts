// What an environment takes from prod: an asset whose code is that of prod's live version, none of whose inputs differ from prod's, and that nobody asked to be
// its own. Everything else is decided as in prod, from what the environment has.
import { isSameCode } from "../../model/code-hash.ts";
import { ledgerAsset, PROD, splitLedgerAsset } from "../../model/environment.ts";
import type { NodeId, ProjectNode } from "../../model/graph.ts";
import type { Graph } from "../../plan/graph.ts";
import type { LiveVersion } from "../../sql/ledger/publish.ts";
import type { Environment } from "../../project/environment.ts";

export interface ReuseRequest {
  readonly graph: Graph;
  readonly environment: Environment;
  /** What readers of the environment see. */
  readonly live: ReadonlyMap<NodeId, LiveVersion>;
  /** What readers of prod see. */
  readonly prod: ReadonlyMap<NodeId, LiveVersion>;
  /** Sources take a sample of prod's rows (kind e2e). */
  readonly isSampled: boolean;
  /** Assets that are to be built whatever they look like. */
  readonly forced: ReadonlySet<NodeId>;
}

interface Forcing {
  readonly graph: Graph;
  readonly selected: ReadonlySet<NodeId>;
  readonly selection: string | undefined;
  readonly request: { readonly fullRefresh?: boolean; readonly partition?: string; readonly backfill?: unknown };
  /** Assets that are restated. */
  readonly restated: ReadonlyMap<NodeId, string>;
}

/** Whoever asks for everything, for intervals or partitions, or for an export by its name wants the environment to have its own. */
export function forcedNodes({ graph, selected, selection, request, restated }: Forcing): ReadonlySet<NodeId> {
  const named = new Set(selection?.split(/[\s,]+/) ?? []);
  return new Set(
    [...selected].filter((id) => {
      const node = graph.nodes.get(id)!;
      if (node.kind === "export") return named.has(id);
      if (request.fullRefresh === true || restated.has(id)) return true;
      return node.partitioning !== undefined && (request.partition !== undefined || request.backfill !== undefined);
    }),
  );
}

/** What was restated in the environment is its own until prod has other rows of it. `kept`: asset → version of prod's that it began with. */
export function keptNodes(
  kept: ReadonlyMap<string, string>,
  { environment, live, prod }: Pick<ReuseRequest, "environment" | "live" | "prod">,
): readonly NodeId[] {
  return [...kept].flatMap(([id, version]) =>
    live.get(id)?.asset === ledgerAsset(id, environment.name) && prod.get(id)?.version === version ? [id] : [],
  );
}

export const AS_IN_PROD = "as in prod";
const EXPORTS_WAIT = "exports are written from serving environments; select it by name to write it from here";

/** Nodes that are settled without a look at them, with the reason. */
export function reusedFromProd({ graph, environment, live, prod, isSampled, forced }: ReuseRequest): ReadonlyMap<NodeId, string> {
  const reused = new Map<NodeId, string>();
  if (environment.name === PROD) return reused;
  for (const id of graph.order) {
    const node = graph.nodes.get(id)!;
    if (node.kind === "task" || forced.has(id)) continue;
    if (node.kind === "export" && environment.kind !== "serving") {
      reused.set(id, EXPORTS_WAIT);
      continue;
    }
    if (environment.kind === "serving" && isLoaded(node)) continue;
    if (environment.kind === "e2e" && (isSampled || !isLoaded(node))) continue;
    const own = live.get(id);
    const theirs = prod.get(id);
    if (theirs === undefined || own === undefined || !isSameCode(theirs.codeHash, node.codeHash)) continue;
    const reads = (graph.reads.get(id) ?? []).filter((need) => !need.startsWith("task:"));
    if (reads.every((need) => reused.get(need) === AS_IN_PROD)) reused.set(id, AS_IN_PROD);
  }
  return reused;
}

/** Assets of the environment's own, or held at an earlier version, that are as in prod again. */
export function released(reused: ReadonlyMap<NodeId, string>, live: ReadonlyMap<NodeId, LiveVersion>): readonly NodeId[] {
  return [...reused].flatMap(([id, reason]) => {
    const own = live.get(id);
    return reason === AS_IN_PROD && own !== undefined && splitLedgerAsset(own.asset).environment !== PROD ? [id] : [];
  });
}

function isLoaded({ kind }: ProjectNode): boolean {
  return kind === "source" || kind === "extract";
}
