// Randomness that depends on the seed and on what it is for, not on what else happens before it.
import { type Random, randomOf } from "../random.ts";

export function seededRandom(seed: number | undefined, what: string): () => number {
  let random: Random | undefined;
  return () => (random ??= randomOf(seedFor(seed, what))).next();
}

/** FNV-1a over the text, begun with the seed. */
export function seedFor(seed: number | undefined, what: string): number {
  let hash = (0x811c9dc5 ^ (seed ?? 0)) >>> 0;
  for (let index = 0; index < what.length; index++) hash = Math.imul(hash ^ what.charCodeAt(index), 0x01000193);
  return hash >>> 0;
}
