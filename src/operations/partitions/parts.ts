// Partitions of the plan as loads and builds take them.
import type { PartitionPart, PartitionRequest, TimeBounds, ValueBounds } from "../../load/partition-port.ts";
import { RANGE_SEPARATOR, unescapePart } from "../../model/partition.ts";
import { dayAt, type Domain, intervalOf, keyOf, type Parts, type Space, valuesOf } from "../../plan/partitions/space.ts";

/** One partition with what it is made of now. */
export function partitionPart(space: Space, parts: Parts, inputs: Readonly<Record<string, string>>): PartitionPart {
  const interval = intervalOf(space, parts);
  return {
    key: keyOf(space, parts),
    startMs: interval?.startMs ?? null,
    endMs: interval?.endMs ?? null,
    bounds: space.domains.map((domain, index) => boundsOf(domain, parts[index]!)),
    values: valuesOf(space, parts),
    inputs,
  };
}

/** Adjacent partitions under one name. */
export function partitionRequest(parts: readonly PartitionPart[]): PartitionRequest {
  const [first, last] = [parts[0]!.key, parts.at(-1)!.key];
  return { name: parts.length === 1 ? first : `${first}${RANGE_SEPARATOR}${last}`, parts };
}

function boundsOf(domain: Domain, coordinate: number | string): TimeBounds | ValueBounds {
  const { column } = domain;
  if (domain.kind === "list") return { kind: "value", column, value: unescapePart(coordinate as string) };
  const startMs = coordinate as number;
  const endMs = domain.steps.next(startMs);
  return { kind: "time", column, startMs, endMs, startDay: dayAt(domain, startMs), endDay: dayAt(domain, endMs) };
}
