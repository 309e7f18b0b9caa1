// Which partitions of an asset a request builds, and why.
//   C1. Without a wish: those that are missing, failed or stale, or whose inputs are built in the same plan; only intervals that are over.
//   C2. The newest first; at most `max` of them, and the plan says how many are left.
//   C3. With a wish the named partitions, whatever their status.
import type { NodeId } from "../../model/graph.ts";
import type { PlanNode } from "../../model/plan.ts";
import type { Decision } from "../decide.ts";
import { keysRead, type KnownParts, readingOf } from "./mapping.ts";
import { assertCountable, intervalOf, keyOf, type Parts, partsIn, type Slice } from "./space.ts";
import { type PartitionedAsset, type PartitionStatus, type PartitionWorld, partsKnown, statusOf } from "./status.ts";

/** Partitions of one asset that a `run` without a wish builds. */
export const RUN_PARTITIONS_MAX = 1_000;

/** What a request wants of an asset's partitions. */
export interface Wish {
  /** Undefined: all whose intervals are over, and all that stand. */
  readonly slice: Slice | undefined;
  /** Those that stand outside of the slice, too. */
  readonly standing?: true;
  /** Undefined: all of the slice. */
  readonly statuses: readonly PartitionStatus[] | undefined;
  /** Only those whose inputs this plan builds. */
  readonly onlyAbove?: true;
  readonly max: number;
}

export const DUE: Wish = { slice: undefined, statuses: ["missing", "failed", "stale"], max: RUN_PARTITIONS_MAX };

export interface Chosen {
  readonly asset: PartitionedAsset;
  /** Oldest first. */
  readonly parts: readonly Parts[];
  readonly reasons: ReadonlyMap<string, string>;
  /** Partitions that are due and not among them (C2). */
  readonly left: number;
  readonly decision: Decision;
}

/** What was chosen of an asset that is needed; undefined where it has no partitions of its own in this plan. */
export type ChosenSoFar = ReadonlyMap<NodeId, Chosen>;

/** @throws MR8204 for a range that is too large. */
export function choose(
  world: PartitionWorld,
  asset: PartitionedAsset,
  wish: Wish,
  { before, decided }: { readonly before: ChosenSoFar; readonly decided: ReadonlyMap<NodeId, Pick<PlanNode, "action">> },
): Chosen {
  const picked: { readonly parts: Parts; readonly key: string; readonly reason: string }[] = [];
  const above = aboveOf(asset, before, decided);
  for (const [key, parts] of candidates(world, asset, wish)) {
    const reason = reasonFor(world, asset, wish, parts, above);
    if (reason !== null) picked.push({ parts, key, reason });
  }
  const kept = picked.slice(Math.max(0, picked.length - wish.max));
  const left = picked.length - kept.length;
  return {
    asset,
    parts: kept.map(({ parts }) => parts),
    reasons: new Map(kept.map(({ key, reason }) => [key, reason])),
    left,
    decision: decisionOf(asset, kept, left),
  };
}

function candidates(world: PartitionWorld, asset: PartitionedAsset, { slice, standing }: Wish): Iterable<readonly [string, Parts]> {
  if (slice === undefined || standing === true) return partsKnown(world, asset, slice);
  assertCountable(asset.space, slice);
  return [...partsIn(asset.space, slice)].map((parts) => [keyOf(asset.space, parts), parts]);
}

/** Inputs that this plan builds: some partitions of them, or all at once. */
interface Above {
  readonly asset: NodeId;
  readonly isBuilt: (parts: Parts) => boolean;
}

function aboveOf(asset: PartitionedAsset, before: ChosenSoFar, decided: ReadonlyMap<NodeId, Pick<PlanNode, "action">>): readonly Above[] {
  return asset.inputs.flatMap((input): readonly Above[] => {
    const chosen = before.get(input.asset);
    const { space } = input;
    if (chosen === undefined || space === undefined) {
      return decided.get(input.asset)?.action === "build" ? [{ asset: input.asset, isBuilt: () => true }] : [];
    }
    if (chosen.parts.length === 0) return [];
    const known: KnownParts = new Map(chosen.parts.map((parts) => [keyOf(space, parts), parts]));
    return [
      { asset: input.asset, isBuilt: (parts) => keysRead(readingOf(input.mapping, asset.space, space, parts), space, known).length > 0 },
    ];
  });
}

function reasonFor(world: PartitionWorld, asset: PartitionedAsset, wish: Wish, parts: Parts, above: readonly Above[]): string | null {
  if (wish.statuses === undefined) return "asked for";
  const status = wish.onlyAbove === true ? null : statusOf(world, asset, parts);
  if (status !== null && wish.statuses.includes(status)) return REASONS[status];
  // A first attempt that failed left nothing: what it was to build is missing.
  if (status === "failed" && wish.statuses.includes("missing") && !asset.ledger.has(keyOf(asset.space, parts))) return REASONS.failed;
  if (!wish.statuses.includes("stale")) return null;
  const built = above.find(({ isBuilt }) => isBuilt(parts));
  if (built !== undefined) return `${built.asset} is built before it`;
  if (status === null) return null;
  const interval = intervalOf(asset.space, parts);
  if (asset.lookbackMs !== null && interval !== null && interval.endMs > asset.lookbackMs && status !== "running")
    return "within its lookback";
  return null;
}

const REASONS: Readonly<Record<PartitionStatus, string>> = {
  present: "asked for",
  missing: "never built",
  stale: "its code or what it reads changed",
  failed: "its last attempt failed",
  running: "asked for",
  quarantined: "asked for",
};

function decisionOf({ ledger }: PartitionedAsset, kept: readonly { readonly reason: string }[], left: number): Decision {
  if (kept.length === 0) {
    const reason = ledger.size === 0 ? "no interval of its partitions is over yet" : `its ${ledger.size} partitions stand`;
    return { action: "reuse", reason, change: "none" };
  }
  const [first] = kept;
  const isOne = kept.every(({ reason }) => reason === first!.reason);
  const more = left === 0 ? "" : `; ${left} older ones are left for: millrace backfill`;
  return {
    action: "build",
    reason: `${kept.length} partition${kept.length === 1 ? "" : "s"}${isOne ? `: ${first!.reason}` : ""}${more}`,
    change: "none",
  };
}
