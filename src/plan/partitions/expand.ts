// A plan of assets becomes a plan of partitions: one node per partition, or per batch of adjacent ones, each with the nodes of those that it reads.
//   X1. The newest partitions stand first, needs before what needs them.
//   X2. A node that reads an asset without partitions in this plan waits for its one node; an asset without partitions waits for all partitions that
//       are built of what it reads.
//   X3. At most EDGES_MAX dependencies: each partition of one asset reading each of another multiplies.
import { MillraceError } from "../../model/errors.ts";
import type { NodeId } from "../../model/graph.ts";
import { partitionNodeId, PART_SEPARATOR, RANGE_SEPARATOR } from "../../model/partition.ts";
import type { PlanNode } from "../../model/plan.ts";
import type { Chosen, ChosenSoFar } from "./choose.ts";
import { keysRead, type KnownParts, readingOf } from "./mapping.ts";
import { intervalOf, keyOf, type Parts, partOf, type Space } from "./space.ts";

export const EDGES_MAX = 1_000_000;

export interface ExpandOptions {
  /** Adjacent partitions that span at most so long are one node; null: each is its own. */
  readonly batchMs: number | null;
  readonly priority?: number;
}

/** Adjacent partitions that one node builds. */
interface Batch {
  readonly id: NodeId;
  readonly name: string;
  readonly parts: readonly Parts[];
  readonly reason: string;
}

interface Expanded {
  readonly batches: readonly Batch[];
  /** Partition → its node. */
  readonly nodeOf: ReadonlyMap<string, NodeId>;
  readonly known: KnownParts;
}

/** @throws MR8209. */
export function expand(nodes: readonly PlanNode[], chosen: ChosenSoFar, options: ExpandOptions): readonly PlanNode[] {
  const expanded = new Map<NodeId, Expanded>();
  for (const [id, each] of chosen) if (each.parts.length > 0) expanded.set(id, expandAsset(id, each, options));
  let edges = 0;
  const count = (needs: readonly NodeId[]): readonly NodeId[] => {
    edges += needs.length;
    if (edges > EDGES_MAX)
      throw new MillraceError({
        code: "MR8209",
        message: `the partitions of this plan depend on each other in more than ${EDGES_MAX} ways`,
      });
    return needs;
  };
  return nodes.flatMap((node): readonly PlanNode[] => {
    const own = expanded.get(node.id);
    if (own === undefined) return [{ ...node, needs: count(node.needs.flatMap((need) => nodesOf(expanded, need))) }];
    const { asset } = chosen.get(node.id)!;
    const inputs = new Map(asset.inputs.map((input) => [input.asset, input]));
    return own.batches.map((batch) => ({
      ...node,
      id: batch.id,
      reason: batch.reason,
      partition: batch.name,
      needs: count(
        node.needs.flatMap((need) => {
          const above = expanded.get(need);
          const input = inputs.get(need);
          if (above === undefined || input?.space === undefined) return nodesOf(expanded, need);
          const up = input.space;
          const found = batch.parts.flatMap((parts) => keysRead(readingOf(input.mapping, asset.space, up, parts), up, above.known));
          return [...new Set(found.map((key) => above.nodeOf.get(key)!))];
        }),
      ),
      ...(options.priority === undefined ? {} : { priority: options.priority }),
    }));
  });
}

/** X2. */
function nodesOf(expanded: ReadonlyMap<NodeId, Expanded>, need: NodeId): readonly NodeId[] {
  return expanded.get(need)?.batches.map(({ id }) => id) ?? [need];
}

function expandAsset(id: NodeId, { asset, parts, reasons }: Chosen, { batchMs }: ExpandOptions): Expanded {
  const { space } = asset;
  // Where no column tells a row's partition, its build does: each partition needs one of its own.
  const isJoinable = batchMs !== null && space.domains.every(({ column }) => column !== null);
  const groups = isJoinable ? adjacentGroups(space, parts, batchMs) : parts.map((each) => [each]);
  const batches = groups.toReversed().map((group): Batch => {
    const name = nameOf(space, group);
    return { id: partitionNodeId(id, name), name, parts: group, reason: reasons.get(keyOf(space, group[0]!)) ?? "asked for" };
  });
  const nodeOf = new Map(batches.flatMap((batch) => batch.parts.map((each) => [keyOf(space, each), batch.id] as const)));
  return { batches, nodeOf, known: new Map(parts.map((each) => [keyOf(space, each), each])) };
}

/** Partitions whose intervals follow each other and whose other dimensions are the same, oldest first. */
function adjacentGroups(space: Space, parts: readonly Parts[], batchMs: number): readonly (readonly Parts[])[] {
  const time = space.domains.findIndex((domain) => domain.kind === "time");
  if (time < 0) return parts.map((each) => [each]);
  const rest = (each: Parts): string => JSON.stringify(each.filter((_, index) => index !== time));
  const groups: Parts[][] = [];
  const open = new Map<string, Parts[]>();
  for (const each of parts) {
    const group = open.get(rest(each));
    const last = group?.at(-1);
    const endMs = intervalOf(space, each)!.endMs;
    const follows = last !== undefined && intervalOf(space, last)!.endMs === each[time];
    if (group !== undefined && follows && endMs - (group[0]![time] as number) <= batchMs) {
      group.push(each);
      continue;
    }
    const fresh = [each];
    groups.push(fresh);
    open.set(rest(each), fresh);
  }
  return groups;
}

/** `2026-01-01`, or `2026-01-01..2026-01-07|north` for a batch. */
function nameOf(space: Space, group: readonly Parts[]): string {
  const [first, last] = [group[0]!, group.at(-1)!];
  return space.domains
    .map((domain, index) => {
      const [from, to] = [partOf(domain, first[index]!), partOf(domain, last[index]!)];
      return from === to ? from : `${from}${RANGE_SEPARATOR}${to}`;
    })
    .join(PART_SEPARATOR);
}
