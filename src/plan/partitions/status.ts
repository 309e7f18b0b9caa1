// How a partition stands: present, missing, stale, failed, running or quarantined (present, with records that were set aside).
//   S1. What runs is running, what failed last is failed, whatever stands in the warehouse.
//   S2. Stale: its code is another now, or a partition that it reads has another version.
import { isSameCode } from "../../model/code-hash.ts";
import type { NodeId } from "../../model/graph.ts";
import { assertCountable, type Inherited, keyOf, parseKey, type Parts, partsIn, type Slice, type Space, wholeSlice } from "./space.ts";
import { type Input, keysOf, tokenOf } from "./tokens.ts";

export const PARTITION_STATUSES = ["present", "missing", "stale", "failed", "running", "quarantined"] as const;
export type PartitionStatus = (typeof PARTITION_STATUSES)[number];

/** A partition as the ledger keeps it. */
export interface StandingPartition {
  readonly version: string;
  readonly codeHash: string;
  /** Null where that is not kept (tasks): it is never stale. */
  readonly inputs: Readonly<Record<NodeId, string>> | null;
  readonly quarantined: number;
}

/** A partitioned asset with all that the planner knows of it. */
export interface PartitionedAsset {
  readonly id: NodeId;
  readonly space: Space;
  readonly codeHash: string;
  readonly inputs: readonly Input[];
  readonly ledger: ReadonlyMap<string, StandingPartition>;
  /** How its nodes ended last, by key; only those that failed or still run. */
  readonly outcomes: ReadonlyMap<string, "failed" | "running">;
  /** Where partitions begin and end when the definition does not say. */
  readonly inherited: Inherited;
  /** Intervals that end after this moment are asked for again (`lookback`). */
  readonly lookbackMs: number | null;
}

/** Versions that readers see. */
export interface PartitionWorld {
  readonly assets: ReadonlyMap<NodeId, PartitionedAsset>;
  readonly nowMs: number;
  /** Live version of an asset; `none` for one that was never built. */
  whole(asset: NodeId): string;
}

/** Per asset that is read its token now. */
export function inputsNow(world: PartitionWorld, asset: PartitionedAsset, parts: Parts): Readonly<Record<NodeId, string>> {
  return Object.fromEntries(
    asset.inputs.map((input) => {
      const ledger = world.assets.get(input.asset)?.ledger;
      return [input.asset, tokenOf(keysOf(input, asset.space, parts), (key) => ledger?.get(key)?.version, world.whole(input.asset))];
    }),
  );
}

export function statusOf(world: PartitionWorld, asset: PartitionedAsset, parts: Parts): PartitionStatus {
  const key = keyOf(asset.space, parts);
  const outcome = asset.outcomes.get(key);
  if (outcome !== undefined) return outcome;
  const standing = asset.ledger.get(key);
  if (standing === undefined) return "missing";
  if (staleReason(world, asset, parts, standing) !== null) return "stale";
  return standing.quarantined > 0 ? "quarantined" : "present";
}

/** S2, in words; null when it is as it would be built now. */
export function staleReason(world: PartitionWorld, asset: PartitionedAsset, parts: Parts, standing: StandingPartition): string | null {
  if (!isSameCode(standing.codeHash, asset.codeHash)) return "its code changed";
  if (standing.inputs === null) return null;
  const now = inputsNow(world, asset, parts);
  for (const [need, token] of Object.entries(now)) if (standing.inputs[need] !== token) return `${need} changed`;
  return null;
}

/** All partitions that are over and all that stand or failed, oldest first. @throws MR8204 for a definition that reaches too far back. */
export function partsKnown(
  world: PartitionWorld,
  asset: PartitionedAsset,
  slice: Slice | null = wholeSlice(asset.space, world.nowMs, asset.inherited),
): readonly (readonly [key: string, parts: Parts])[] {
  const { space, ledger, outcomes } = asset;
  const all = new Map<string, Parts>();
  if (slice !== null) {
    assertCountable(space, slice);
    for (const parts of partsIn(space, slice)) all.set(keyOf(space, parts), parts);
  }
  const before = all.size;
  for (const key of [...ledger.keys(), ...outcomes.keys()]) {
    const parts = all.has(key) ? undefined : parseKey(space, key);
    if (parts !== undefined) all.set(key, parts);
  }
  return all.size === before ? [...all] : [...all].toSorted(([, a], [, b]) => compareParts(a, b));
}

function compareParts(a: Parts, b: Parts): number {
  for (const [index, one] of a.entries()) {
    const other = b[index]!;
    if (one !== other) return one < other ? -1 : 1;
  }
  return 0;
}
