// Jitter that is always the same for the same job and time, so that two engines and a restart agree, and never overtakes the next time.
import type { Times } from "./working-days.ts";

export interface JitterRequest {
  readonly id: string;
  readonly mostMs: number;
  readonly times: Times;
}

export function jitterOf({ id, mostMs, times }: JitterRequest): (nominal: number) => number {
  if (mostMs === 0) return () => 0;
  return (nominal) => {
    const next = times.next(nominal);
    const roomMs = next === null ? mostMs : Math.min(mostMs, next - nominal);
    return Math.floor(fraction(`${id} ${nominal}`) * roomMs);
  };
}

/** A number in [0, 1) that follows from a text (FNV-1a, mixed). */
function fraction(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 4_294_967_296;
}
