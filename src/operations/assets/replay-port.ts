// What a run is told that builds a source again from its raw zone.
import type { AttemptResult } from "../../model/attempt.ts";

/** The first attempt does it; the others (partitions of the same asset) find it done. */
export interface Replay {
  readonly asset: string;
  done?: Promise<AttemptResult>;
}
