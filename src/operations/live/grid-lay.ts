// Where the partitions of an asset lie: along an axis that it shares with others, in a row per combination of its other dimensions.
import type { NodeId } from "../../model/graph.ts";
import { type Dimension, PART_SEPARATOR } from "../../model/partition.ts";
import {
  assertCountable,
  type Coordinate,
  type Domain,
  partOf,
  type Parts,
  partsIn,
  type Slice,
  wholeSlice,
} from "../../plan/partitions/space.ts";
import type { PartitionStatus, PartitionedAsset, PartitionWorld } from "../../plan/partitions/status.ts";
import { type Plain, readsPlainly } from "./grid-ledger.ts";

/** In the order of their numbers; 0 is no partition. */
export const LETTERS = "-pmsfrq";
export const NUMBERS: Readonly<Record<PartitionStatus, number>> = {
  present: 1,
  missing: 2,
  stale: 3,
  failed: 4,
  running: 5,
  quarantined: 6,
};
export interface Axis {
  /** Of the answer. */
  readonly number: number;
  /** What makes places of assets the same. */
  readonly identity: string;
  readonly domain: Domain;
  /** As GridAxisAnswer tells it. */
  readonly step: string;
  /** Its places in their order. */
  places: readonly Coordinate[];
  positions: ReadonlyMap<Coordinate, number>;
}

/** An asset, and where it lies. */
export interface Laid {
  readonly asset: PartitionedAsset;
  readonly axis: Axis;
  /** Of its dimensions the one along the axis. */
  readonly along: number;
  readonly slice: Slice | null;
  readonly plain: Plain | undefined;
  /** Per row its numbers along the axis. */
  readonly rows: Map<string, Uint8Array>;
  first: Parts | null;
  last: Parts | null;
}

export interface Laying {
  readonly world: PartitionWorld;
  readonly asset: PartitionedAsset;
  readonly dimensionsOf: (id: NodeId) => readonly Dimension[];
  /** Places of an axis that were listed for an asset before. */
  readonly listed: Map<string, readonly Coordinate[]>;
}

export function lay({ world, asset, dimensionsOf, listed }: Laying, axes: Map<string, Axis>): Laid {
  const { space, inherited } = asset;
  const slice = wholeSlice(space, world.nowMs, inherited);
  if (slice !== null) assertCountable(space, slice);
  const time = space.domains.findIndex((domain) => domain.kind === "time");
  const along = time < 0 ? space.domains.length - 1 : time;
  const domain = space.domains[along]!;
  const step = stepOf(dimensionsOf(asset.id)[along], domain);
  // Assets whose places mean the same share an axis.
  const identity = JSON.stringify([step, domain.kind === "time" ? domain.steps.timezone : domain.values]);
  const axis = axes.get(identity) ?? { number: axes.size, identity, domain, step, places: [], positions: new Map() };
  axes.set(identity, axis);
  const laid = { asset, axis, along, slice, plain: plainOf(asset, dimensionsOf), rows: new Map(), ...endsOf(asset, slice) };
  if (slice !== null) {
    const name = `${axis.number} ${JSON.stringify(slice[along])}`;
    if (!listed.has(name)) {
      listed.set(name, placesOf(laid));
      addPlaces(axis, listed.get(name)!);
    }
  }
  return laid;
}

/** G2 (grid.ts) */
function plainOf(asset: PartitionedAsset, dimensionsOf: Laying["dimensionsOf"]): Laid["plain"] {
  return asset.id.startsWith("task:") ? undefined : readsPlainly(asset, dimensionsOf);
}

function endsOf({ space }: PartitionedAsset, slice: Slice | null): Pick<Laid, "first" | "last"> {
  if (slice === null) return { first: null, last: null };
  const [first] = partsIn(space, slice);
  if (first === undefined) return { first: null, last: null };
  const last = space.domains.map((domain, index): Coordinate => {
    const bounds = slice[index]!;
    return bounds.kind === "list" ? bounds.values.at(-1)! : domain.kind === "time" ? domain.steps.previous(bounds.toMs) : "";
  });
  return { first, last };
}

function placesOf({ asset, along, slice }: Pick<Laid, "asset" | "along" | "slice">): readonly Coordinate[] {
  const { space } = asset;
  const own = { asset: asset.id, domains: [space.domains[along]!] };
  return [...partsIn(own, [slice![along]!])].map(([place]) => place!);
}

export function addPlaces(axis: Axis, more: readonly Coordinate[]): void {
  const added = more.filter((place) => !axis.positions.has(place));
  if (added.length === 0) return;
  const { domain } = axis;
  const order = domain.kind === "list" ? new Map(domain.values.map((value, index) => [value, index])) : undefined;
  const rank = (place: Coordinate): number => (order === undefined ? (place as number) : (order.get(place as string) ?? order.size));
  axis.places = [...axis.places, ...added].toSorted((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  axis.positions = new Map(axis.places.map((place, index) => [place, index]));
}

export function rangeOf({ axis, along, slice }: Laid): { readonly from: number; readonly to: number } {
  const bounds = slice?.[along];
  if (bounds === undefined || axis.places.length === 0) return { from: 0, to: 0 };
  if (bounds.kind === "list") return { from: 0, to: axis.places.length };
  const count = (ms: number): number => axis.positions.get(ms) ?? lowerBound(axis.places as readonly number[], ms);
  return { from: count(bounds.fromMs), to: count(bounds.toMs) };
}

function lowerBound(sorted: readonly number[], value: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function rowKey({ space }: PartitionedAsset, along: number, parts: Parts): string {
  return space.domains.map((domain, index) => (index === along ? "*" : partOf(domain, parts[index]!))).join(PART_SEPARATOR);
}

function stepOf(dimension: Dimension | undefined, domain: Domain): string {
  if (dimension?.kind === "time") return dimension.unit;
  return dimension?.kind === "cron" ? dimension.cron : domain.name;
}
