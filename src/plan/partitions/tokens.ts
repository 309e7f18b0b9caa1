// What a partition is made of, as one short text per asset that it reads: equal while the versions of all partitions that it reads are. The planner
// compares them with those in the ledger, an attempt computes its own the same way.
//   T1. A reading of few partitions is a token of their versions; a reading of all of them, or of an asset without partitions, is its live version.
//   T2. An asset whose partitions were never built one by one counts as a whole.
import { hashText } from "../../model/text-hash.ts";
import { isEverything, type PlanMapping, type Reading, readingOf } from "./mapping.ts";
import { countSlice, keyOf, type Parts, partsIn, type Space } from "./space.ts";

/** Partitions that one reading names; more of them are told by the version of the whole. */
export const KEYS_READ_MAX = 2_000;

/** An asset that is read. */
export interface Input {
  readonly asset: string;
  /** Undefined for one without partitions. */
  readonly space: Space | undefined;
  readonly mapping: PlanMapping | undefined;
}

/** Keys of the partitions that `parts` reads of an input; null: all, or an asset without partitions. */
export function keysOf(input: Input, space: Space, parts: Parts): readonly string[] | null {
  if (input.space === undefined) return null;
  return keysOfReading(readingOf(input.mapping, space, input.space, parts), input.space);
}

function keysOfReading(reading: Reading, up: Space): readonly string[] | null {
  if (reading.kind === "listed") return reading.keys;
  if (isEverything(reading)) return null;
  const slice = reading.reaches.map((reach, index) => {
    const domain = up.domains[index]!;
    return reach.kind === "all" && domain.kind === "list" ? { kind: "list" as const, values: domain.values } : reach;
  });
  const bounded = slice.filter((bounds) => bounds.kind !== "all");
  if (bounded.length < slice.length || countSlice(up, bounded, KEYS_READ_MAX) > KEYS_READ_MAX) return null;
  return [...partsIn(up, bounded)].map((each) => keyOf(up, each));
}

/** T1, T2. `versionOf` knows the versions of partitions that stand; `whole` is the live version of the asset. */
export function tokenOf(keys: readonly string[] | null, versionOf: (key: string) => string | undefined, whole: string): string {
  if (keys === null) return whole;
  const standing = keys.flatMap((key) => {
    const version = versionOf(key);
    return version === undefined ? [] : [`${key}=${version}`];
  });
  if (standing.length === 0) return whole;
  return standing.length === 1 ? standing[0]! : `${standing.length}:${mix(standing.join("\n"))}`;
}

/** 53 bits of a text, as 14 digits: it tells whether something changed, against nobody's will. */
function mix(text: string): string {
  const { high, low } = hashText(text);
  return (4_294_967_296 * (2_097_151 & high) + low).toString(16).padStart(14, "0");
}
