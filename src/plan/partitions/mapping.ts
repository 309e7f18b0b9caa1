// Which partitions of a needed asset one partition reads. Dimensions match by name (one of time without a name matches the other's only one of time);
// intervals match where they overlap, so a month reads its days and a day its hours.
//   M1. The answer is a slice: bounds per dimension, never a list, whatever the number of partitions.
//   M2. A dimension of the needed asset that the reading one does not have is read whole: "all".
import { MillraceError } from "../../model/errors.ts";
import type { MappingSpec } from "../../model/definitions/partition.ts";
import {
  type Bounds,
  type Coordinate,
  countSlice,
  type Domain,
  intervalOf,
  keyOf,
  parseKey,
  type Parts,
  partsIn,
  type Space,
  type TimeDomain,
  valuesOf,
} from "./space.ts";

/** A partition as plain values: what a mapping in TypeScript decides by. */
export interface PartitionView {
  readonly key: string;
  readonly startMs: number | null;
  readonly endMs: number | null;
  /** Per dimension its value. */
  readonly values: Readonly<Record<string, string>>;
}

export type PlanMappingFunction = (partition: PartitionView) => readonly string[];
export type PlanMapping = MappingSpec | PlanMappingFunction;

/** Bounds of a dimension, or all of it, whatever it holds. */
export type Reach = Bounds | { readonly kind: "all" };

/** What is read: bounds per dimension of the needed asset, or partitions that a function named. */
export type Reading =
  | { readonly kind: "slice"; readonly reaches: readonly Reach[] }
  | { readonly kind: "listed"; readonly keys: readonly string[] };

/** For each dimension of `up` the index of the one of `down` that matches it, or -1. */
export function matchDimensions(down: Space, up: Space): readonly number[] {
  const times = (space: Space): readonly Domain[] => space.domains.filter((domain) => domain.kind === "time");
  return up.domains.map((domain) => {
    const named = down.domains.findIndex((other) => other.name === domain.name && other.kind === domain.kind);
    if (named >= 0) return named;
    const [upTimes, downTimes] = [times(up), times(down)];
    if (domain.kind !== "time" || upTimes.length !== 1 || downTimes.length !== 1) return -1;
    return domain.isNamed && downTimes[0]!.isNamed ? -1 : down.domains.indexOf(downTimes[0]!);
  });
}

/** What the partition `parts` of `down` reads of `up`. @throws MR8205 when a function of the user names what is no partition. */
export function readingOf(mapping: PlanMapping | undefined, down: Space, up: Space, parts: Parts): Reading {
  if (mapping === "all") return { kind: "slice", reaches: up.domains.map(() => ({ kind: "all" })) };
  if (typeof mapping === "function") return listed(mapping, down, up, parts);
  const matches = matchDimensions(down, up);
  const window = typeof mapping === "object" ? mapping.window : 1;
  const reaches = up.domains.map((domain, index): Reach => {
    const match = matches[index]!;
    if (match < 0) return { kind: "all" };
    if (domain.kind === "list") {
      const value = parts[match] as string;
      return { kind: "list", values: domain.values.includes(value) ? [value] : [] };
    }
    const startMs = parts[match] as number;
    return overlapping(domain, startMs, (down.domains[match] as TimeDomain).steps.next(startMs), window);
  });
  return { kind: "slice", reaches };
}

/** Intervals that overlap [startMs, endMs), and `window` − 1 before them. */
function overlapping({ steps }: TimeDomain, startMs: number, endMs: number, window: number): Bounds {
  let fromMs = steps.floor(startMs);
  const lastMs = steps.floor(endMs - 1);
  for (let n = 1; n < window && Number.isFinite(fromMs); n++) fromMs = steps.previous(fromMs);
  return { kind: "time", fromMs, toMs: steps.next(lastMs) };
}

function listed(mapping: PlanMappingFunction, down: Space, up: Space, parts: Parts): Reading {
  const keys = mapping(viewOf(down, parts));
  for (const key of keys) {
    if (typeof key === "string" && parseKey(up, key) !== undefined) continue;
    throw new MillraceError({
      code: "MR8205",
      message: `${down.asset}: the function of its needs answers ${JSON.stringify(key)} for ${keyOf(down, parts)}, which is no partition of ${up.asset}`,
    });
  }
  return { kind: "listed", keys: [...new Set(keys)] };
}

/** A partition as plain values. */
export function viewOf(space: Space, parts: Parts): PartitionView {
  const interval = intervalOf(space, parts);
  return { key: keyOf(space, parts), startMs: interval?.startMs ?? null, endMs: interval?.endMs ?? null, values: valuesOf(space, parts) };
}

/** Partitions that are there, by key. */
export type KnownParts = ReadonlyMap<string, Parts>;

/** Keys among the known ones that a reading reads. */
export function keysRead(reading: Reading, up: Space, known: KnownParts): readonly string[] {
  if (reading.kind === "listed") return reading.keys.filter((key) => known.has(key));
  const { reaches } = reading;
  const slice = reaches.filter((reach) => reach.kind !== "all");
  if (slice.length === reaches.length && countSlice(up, slice, known.size) <= known.size) {
    const keys: string[] = [];
    for (const parts of partsIn(up, slice)) {
      const key = keyOf(up, parts);
      if (known.has(key)) keys.push(key);
    }
    return keys;
  }
  if (isEverything(reading)) return [...known.keys()];
  return [...known].filter(([, parts]) => reaches.every((reach, index) => isWithin(reach, parts[index]!))).map(([key]) => key);
}

/** Does every partition read all of the other asset? */
export function isEverything(reading: Reading): boolean {
  return reading.kind === "slice" && reading.reaches.every((reach) => reach.kind === "all");
}

function isWithin(reach: Reach, coordinate: Coordinate): boolean {
  switch (reach.kind) {
    case "all":
      return true;
    case "list":
      return reach.values.includes(coordinate as string);
    case "time":
      return (coordinate as number) >= reach.fromMs && (coordinate as number) < reach.toMs;
    default:
      return reach satisfies never;
  }
}
