// Which partitions a request names: of the asset itself those that are asked for, of what stands on it those that become stale by that.
import { parseDurationMs } from "../../model/duration.ts";
import { MillraceError } from "../../model/errors.ts";
import type { NodeId } from "../../model/graph.ts";
import type { Wish } from "../../plan/partitions/choose.ts";
import { type Slice, sliceOf, wholeSlice } from "../../plan/partitions/space.ts";
import type { PartitionedAsset, PartitionStatus, PartitionWorld } from "../../plan/partitions/status.ts";

export interface WishRequest {
  readonly from?: string;
  /** The last one included. */
  readonly to?: string;
  /** `30d`: what ended within that time. */
  readonly last?: string;
  /** A key or a range, as `run --partition` takes it. */
  readonly partition?: string;
  readonly statuses: readonly ("missing" | "failed" | "stale")[];
}

/** Asked in the order of the graph. @throws MR7001, MR8202, MR8203, MR8204 */
export function backfillWish(asset: NodeId, request: WishRequest): (each: PartitionedAsset, world: PartitionWorld) => Wish | undefined {
  let root: Slice | null = null;
  return (each, world) => {
    if (each.id !== asset)
      return { slice: belowSlice(each, world, root), standing: true, statuses: ["stale"], onlyAbove: true, max: Number.POSITIVE_INFINITY };
    root = rootSlice(each, world, request);
    const statuses: readonly PartitionStatus[] | undefined = request.statuses.length === 0 ? undefined : request.statuses;
    const isWhole = [request.from, request.to, request.last, request.partition].every((given) => given === undefined);
    return { slice: root, statuses, max: Number.POSITIVE_INFINITY, ...(isWhole ? { standing: true } : {}) };
  };
}

function rootSlice({ id, space, inherited }: PartitionedAsset, { nowMs }: PartitionWorld, request: WishRequest): Slice {
  const { from, to, last, partition } = request;
  if (partition !== undefined) return sliceOf(space, partition, nowMs);
  if (from !== undefined || to !== undefined) {
    const start = from ?? firstKey({ space, inherited });
    if (start === null) throw noStart(id);
    return sliceOf(space, `${start}..${to ?? ""}`, nowMs);
  }
  if (last !== undefined) {
    const fromMs = nowMs - durationOf("--last", last);
    return space.domains.map((domain) => {
      if (domain.kind === "list") return { kind: "list", values: domain.values };
      const first = domain.steps.floor(fromMs);
      return { kind: "time", fromMs: Math.max(first, domain.startMs ?? first), toMs: domain.steps.floor(nowMs) };
    });
  }
  if (request.statuses.length === 0) {
    throw new MillraceError({
      code: "MR7001",
      message: "backfill needs to know which partitions",
      hint: "--from 2026-01-01 --to 2026-01-31, --last 30d, --missing, --failed or --stale",
    });
  }
  const whole = wholeSlice(space, nowMs, inherited);
  if (whole === null) throw noStart(id);
  return whole;
}

function firstKey({ space, inherited: { sinceMs } }: Pick<PartitionedAsset, "space" | "inherited">): string | null {
  const domain = space.domains.find((each) => each.kind === "time");
  if (domain?.kind !== "time") return null;
  const startMs = domain.startMs ?? (sinceMs === null ? null : domain.steps.floor(sinceMs));
  return startMs === null ? null : domain.steps.key(startMs);
}

/** Where an asset below begins that does not say: where the backfill does. */
function belowSlice({ space, inherited }: PartitionedAsset, { nowMs }: PartitionWorld, root: Slice | null): Slice | undefined {
  const first = root?.find((bounds) => bounds.kind === "time");
  const fromMs = first?.kind === "time" ? first.fromMs : null;
  const { sinceMs } = inherited;
  const since = sinceMs === null || fromMs === null ? (sinceMs ?? fromMs) : Math.min(sinceMs, fromMs);
  return wholeSlice(space, nowMs, { ...inherited, sinceMs: since }) ?? undefined;
}

function noStart(asset: NodeId): MillraceError {
  return new MillraceError({
    code: "MR8203",
    message: `${asset}: it is not known where its partitions begin`,
    hint: "give --from and --to",
  });
}

/** @throws MR7001 */
export function durationOf(option: string, text: string): number {
  const ms = parseDurationMs(text);
  if (ms === undefined || ms <= 0)
    throw new MillraceError({ code: "MR7001", message: `${option} ${text} is no duration`, hint: "write 30d, 12h" });
  return ms;
}
