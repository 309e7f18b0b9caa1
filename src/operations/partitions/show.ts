// One partition with all that is known of it: how it stands and why, what made it, what asked for it last.
import type { PartitionShowAnswer } from "../../model/grid-answers.ts";
import { isSameCode } from "../../model/code-hash.ts";
import { MillraceError } from "../../model/errors.ts";
import { partitionNodeId } from "../../model/partition.ts";
import { intervalOf, keyOf, parseKey } from "../../plan/partitions/space.ts";
import { inputsNow, type PartitionedAsset, staleReason, statusOf } from "../../plan/partitions/status.ts";
import { type PartitionRow, readPartitions } from "../../sql/ledger/partitions.ts";
import { findAsset } from "../assets/assets.ts";
import { assetsHere } from "../environments/assets.ts";
import { planOperation } from "../plan/plan.ts";
import type { Workspace } from "../workspace.ts";

export interface PartitionShowRequest {
  readonly asset: string;
  readonly partition: string;
}

/** @throws MR6102 for an unknown asset, MR8210 where it has no partitions, MR8202 for a key that is none. */
export async function showPartition(workspace: Workspace, request: PartitionShowRequest): Promise<PartitionShowAnswer> {
  const { world, definitions } = await planOperation(workspace, {});
  const id = findAsset(definitions.graph.nodes.keys(), request.asset);
  const asset = world?.assets.get(id);
  if (world === undefined || asset === undefined) throw new MillraceError({ code: "MR8210", message: `${id} has no partitions` });
  const parts = parseKey(asset.space, request.partition);
  if (parts === undefined)
    throw new MillraceError({ code: "MR8202", message: `${id} has no partition ${JSON.stringify(request.partition)}` });
  const partition = keyOf(asset.space, parts);
  const warehouse = await workspace.warehouse();
  const row = (await warehouse.session((session) => readPartitions(session, id))).get(partition);
  const standing = asset.ledger.get(partition);
  const now = inputsNow(world, asset, parts);
  const interval = intervalOf(asset.space, parts);
  return {
    asset: id,
    partition,
    status: statusOf(world, asset, parts),
    why: standing === undefined ? null : staleReason(world, asset, parts, standing),
    interval: interval === null ? null : { start: new Date(interval.startMs).toISOString(), end: new Date(interval.endMs).toISOString() },
    ...madeBy(row, asset),
    last: await lastOf(workspace, partitionNodeId(id, partition)),
    inputs: Object.keys(now)
      .filter(() => standing?.inputs != null)
      .map((each) => ({ asset: each, changed: standing!.inputs![each] !== now[each] })),
  };
}

function madeBy(
  row: PartitionRow | undefined,
  { codeHash }: Pick<PartitionedAsset, "codeHash">,
): Pick<PartitionShowAnswer, "rows" | "quarantined" | "seconds" | "run" | "at" | "code" | "isCodeOfNow"> {
  if (row === undefined) return { rows: null, quarantined: null, seconds: null, run: null, at: null, code: null, isCodeOfNow: null };
  const { rows, quarantined, seconds, run, at } = row;
  return { rows, quarantined, seconds, run, at, code: row.codeHash, isCodeOfNow: isSameCode(row.codeHash, codeHash) };
}

/** Of a node of its own; what was built in a batch is told by what stands. */
async function lastOf(workspace: Workspace, node: string): Promise<PartitionShowAnswer["last"]> {
  const row = (await assetsHere(workspace, [node])).get(node);
  return row === undefined ? null : { run: row.run, status: row.status, at: row.at, error: row.error?.message ?? null };
}
