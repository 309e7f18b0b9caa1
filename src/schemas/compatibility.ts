// The compatibility modes of a schema registry, for any kind of schema that can say whether a reader takes everything a writer may write.
//   M1. backward: the new schema reads what was written under the one before. forward: the one before reads what is written under the new. full: both.
//   M2. …Transitive: against all versions before, not the last alone. none: nothing is asked.
import type { Compatibility } from "../model/definitions/source.ts";

/** One place at which a reader would refuse what a writer may write. */
export interface Obstacle {
  /** `/items/price`; "" for the whole. */
  readonly path: string;
  readonly problem: string;
}

/** A kind of schema. `obstacles` is empty only when the reader takes everything; it may name one where there is none that data could show. */
export interface SchemaKind<Schema> {
  /** Data of `writer`, read by `reader`, which is the newer (`backward`) or the older (`forward`) of the two. */
  obstacles(reader: Schema, writer: Schema, direction: "backward" | "forward"): readonly Obstacle[];
}

export interface Incompatibility extends Obstacle {
  readonly direction: "backward" | "forward";
  /** Index in `earlier`. */
  readonly against: number;
}

/** What speaks against `next`; `earlier` stands oldest first. */
export function incompatibilities<Schema>(
  kind: SchemaKind<Schema>,
  { mode, next, earlier }: { readonly mode: Compatibility; readonly next: Schema; readonly earlier: readonly Schema[] },
): readonly Incompatibility[] {
  const found: Incompatibility[] = [];
  for (const [against, before] of earlier.entries()) {
    if (!mode.endsWith("Transitive") && against !== earlier.length - 1) continue;
    for (const direction of directionsOf(mode)) {
      const [reader, writer] = direction === "backward" ? [next, before] : [before, next];
      for (const obstacle of kind.obstacles(reader, writer, direction)) found.push({ ...obstacle, direction, against });
    }
  }
  return found;
}

function directionsOf(mode: Compatibility): readonly ("backward" | "forward")[] {
  switch (mode) {
    case "none":
      return [];
    case "backward":
    case "backwardTransitive":
      return ["backward"];
    case "forward":
    case "forwardTransitive":
      return ["forward"];
    case "full":
    case "fullTransitive":
      return ["backward", "forward"];
    default:
      return mode satisfies never;
  }
}
