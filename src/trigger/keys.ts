// Which keys were taken lately, in bounded space: chunks of a few keys each, the oldest of which goes when there are too many (T2, T10). Adding copies
// one chunk.
import { shortHash } from "./identity.ts";
import { type KeyChunk, TRIGGER_LIMITS } from "./state.ts";

/** The scope of idempotency keys of requests; triggers have their own. */
export const REQUESTS = "";

/** The run that took the key, "" when it led to none by itself; undefined when it is not known. */
export function recall(chunks: readonly KeyChunk[], scope: string, key: string): string | undefined {
  const name = nameOf(scope, key);
  for (let index = chunks.length - 1; index >= 0; index--) {
    const { runs } = chunks[index]!;
    if (Object.hasOwn(runs, name)) return runs[name];
  }
  return undefined;
}

export function remember(chunks: readonly KeyChunk[], scope: string, key: string, run: string): readonly KeyChunk[] {
  const name = nameOf(scope, key);
  const last = chunks.at(-1);
  if (last !== undefined && last.count < TRIGGER_LIMITS.keysPerChunk)
    return [...chunks.slice(0, -1), { count: last.count + 1, runs: { ...last.runs, [name]: run } }];
  const kept = chunks.length >= TRIGGER_LIMITS.recentKeys / TRIGGER_LIMITS.keysPerChunk ? chunks.slice(1) : chunks;
  return [...kept, { count: 1, runs: { [name]: run } }];
}

function nameOf(scope: string, key: string): string {
  return shortHash(`${scope} ${key}`);
}
