// The partitions of a plan: which of each asset are built, decided in the order of the graph while the plan is made, and then one node for each.
import type { NodeId } from "../../model/graph.ts";
import type { PlanNode } from "../../model/plan.ts";
import type { Decision } from "../../plan/decide.ts";
import type { Graph } from "../../plan/graph.ts";
import { choose, type Chosen, DUE, type Wish } from "../../plan/partitions/choose.ts";
import { expand } from "../../plan/partitions/expand.ts";
import { type Slice, sliceOf } from "../../plan/partitions/space.ts";
import type { PartitionedAsset, PartitionWorld } from "../../plan/partitions/status.ts";
import { MillraceError } from "../../model/errors.ts";
import { CODE_CHARACTERS } from "../attempts/partition.ts";
import { buildsPartitions } from "./facts.ts";

/** What a request says of partitions. */
export interface PartitionWishes {
  /** `--partition`: a key or a range, for every selected asset that has such partitions. */
  readonly partition?: string | undefined;
  readonly fullRefresh: boolean;
  /** In place of what a run does by itself (backfills). Asked in the order of the graph, of assets of the plan alone. */
  readonly wish?: ((asset: PartitionedAsset, world: PartitionWorld) => Wish | undefined) | undefined;
  readonly batchMs?: number | undefined;
  readonly priority?: number | undefined;
  /** Every node fails when its code is another than now. */
  readonly pinned?: true | undefined;
}

export interface PartitionNote {
  readonly asset: NodeId;
  readonly message: string;
}

export interface PartitionPlanner {
  decide(id: NodeId, decided: ReadonlyMap<NodeId, Decision>): Decision | undefined;
  /** The nodes of a plan, those of partitioned assets one per partition. */
  expand(nodes: readonly PlanNode[]): readonly PlanNode[];
  /** Sentences for people: what was left out. */
  notes(): readonly PartitionNote[];
  /** What was chosen, by asset. */
  readonly chosen: ReadonlyMap<NodeId, Chosen>;
}

/** @throws MR8202 when no asset has the partition that is asked for, MR8210 when none has partitions. */
export function partitionPlanner(
  graph: Graph,
  world: PartitionWorld | undefined,
  { wish: own, selected, ...request }: PartitionWishes & { readonly selected: ReadonlySet<NodeId> },
): PartitionPlanner {
  const named = request.partition === undefined ? undefined : slicesNamed(world, selected, request.partition);
  const chosen = new Map<NodeId, Chosen>();
  const wishFor = (asset: PartitionedAsset, now: PartitionWorld): Wish | undefined => {
    if (own !== undefined) return selected.has(asset.id) ? own(asset, now) : undefined;
    if (named !== undefined) {
      const slice = named.get(asset.id);
      return slice === undefined ? undefined : { slice, statuses: undefined, max: Number.POSITIVE_INFINITY };
    }
    if (!buildsPartitions(graph.nodes.get(asset.id)!, asset)) return undefined;
    return request.fullRefresh ? { ...DUE, statuses: undefined } : DUE;
  };
  return {
    chosen,
    decide(id, decided) {
      const asset = world?.assets.get(id);
      const wish = asset === undefined || world === undefined ? undefined : wishFor(asset, world);
      if (asset === undefined || world === undefined || wish === undefined) return undefined;
      const choice = choose(world, asset, wish, { before: chosen, decided });
      chosen.set(id, choice);
      return choice.decision;
    },
    expand(nodes) {
      const inPlan = new Set(nodes.map(({ id }) => id));
      const own = new Map([...chosen].filter(([id]) => inPlan.has(id)));
      const { batchMs = null, priority } = request;
      const expanded = expand(nodes, own, { batchMs, ...(priority === undefined ? {} : { priority }) });
      if (request.pinned !== true) return expanded;
      const codes = new Map(nodes.map(({ id }) => [id, graph.nodes.get(id)?.codeHash.slice(0, CODE_CHARACTERS)]));
      return expanded.map((node) => {
        const code = codes.get(node.partition === undefined ? node.id : node.id.slice(0, node.id.indexOf("[")));
        return code === undefined || code === "" ? node : { ...node, code };
      });
    },
    notes() {
      return [...chosen.values()].flatMap(({ asset, left, parts }) => {
        const empty = parts.length === 0 ? emptyDimension(graph, asset) : undefined;
        if (empty !== undefined)
          return [
            {
              asset: asset.id,
              message: `has no partitions yet: the query of ${empty} finds nothing; run again when what it reads is there`,
            },
          ];
        if (left === 0) return [];
        const message = `the newest ${parts.length} partitions are built, ${left} more are due; all of them: millrace backfill ${asset.id} --missing`;
        return [{ asset: asset.id, message }];
      });
    },
  };
}

/** A dimension whose query finds nothing. */
function emptyDimension(graph: Graph, { id, space }: PartitionedAsset): string | undefined {
  const queries = new Set(
    (graph.nodes.get(id)?.partitioning?.dimensions ?? []).flatMap(({ kind, name }) => (kind === "query" ? [name] : [])),
  );
  return space.domains.find((domain) => domain.kind === "list" && domain.values.length === 0 && queries.has(domain.name))?.name;
}

function slicesNamed(world: PartitionWorld | undefined, selected: ReadonlySet<NodeId>, text: string): ReadonlyMap<NodeId, Slice> {
  const assets = [...(world?.assets.values() ?? [])].filter(({ id }) => selected.has(id));
  if (world === undefined || assets.length === 0) {
    throw new MillraceError({ code: "MR8210", message: "nothing that is selected has partitions" });
  }
  const slices = new Map<NodeId, Slice>();
  let first: unknown;
  for (const { id, space } of assets) {
    try {
      slices.set(id, sliceOf(space, text, world.nowMs));
    } catch (error) {
      first ??= error;
    }
  }
  if (slices.size === 0) throw first;
  return slices;
}
