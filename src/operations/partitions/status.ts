// How the partitions of an asset stand: counted by status, and one by one where that is asked for.
import type { PartitionAnswer, PartitionsAnswer } from "../../model/backfill-answers.ts";
import type { NodeId } from "../../model/graph.ts";
import type { Space } from "../../plan/partitions/space.ts";
import {
  PARTITION_STATUSES,
  type PartitionedAsset,
  type PartitionStatus,
  type PartitionWorld,
  partsKnown,
  statusOf,
} from "../../plan/partitions/status.ts";
import { readPartitions } from "../../sql/ledger/partitions.ts";
import type { Session } from "../../sql/session.ts";

/** All partitions that are over or that stand, oldest first, with their status. */
function statusesOf(world: PartitionWorld, asset: PartitionedAsset): readonly { readonly key: string; readonly status: PartitionStatus }[] {
  const sorted = partsKnown(world, asset);
  return sorted.map(([key, parts]) => ({ key, status: statusOf(world, asset, parts) }));
}

/** @throws MR8204 for a definition that reaches too far back. */
export function partitionsAnswer(world: PartitionWorld, id: NodeId): PartitionsAnswer | undefined {
  const asset = world.assets.get(id);
  if (asset === undefined) return undefined;
  const all = statusesOf(world, asset);
  const counts = new Map<PartitionStatus, number>();
  for (const { status } of all) counts.set(status, (counts.get(status) ?? 0) + 1);
  return countedAnswer(asset.space, (status) => counts.get(status) ?? 0, { first: all[0]?.key ?? null, last: all.at(-1)?.key ?? null });
}

/** How many partitions stand how. */
export function countedAnswer(
  { domains }: Space,
  count: (status: PartitionStatus) => number,
  ends: Pick<PartitionsAnswer, "first" | "last">,
): PartitionsAnswer {
  return {
    by: domains.map(({ name }) => name),
    total: PARTITION_STATUSES.reduce((sum, status) => sum + count(status), 0),
    present: count("present"),
    missing: count("missing"),
    stale: count("stale"),
    failed: count("failed"),
    running: count("running"),
    quarantined: count("quarantined"),
    ...ends,
  };
}

/** Every partition with what the ledger says of it. */
export async function partitionList(session: Session, world: PartitionWorld, id: NodeId): Promise<readonly PartitionAnswer[]> {
  const asset = world.assets.get(id);
  if (asset === undefined) return [];
  const ledger = await readPartitions(session, id);
  return statusesOf(world, asset).map(({ key, status }) => {
    const row = ledger.get(key);
    return {
      partition: key,
      status,
      rows: row?.rows ?? null,
      quarantined: row?.quarantined ?? null,
      run: row?.run ?? null,
      at: row?.at ?? null,
    };
  });
}
