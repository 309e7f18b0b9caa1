// Whose turn it is at a pool, between fairness keys: start-time fair queueing. Every key has a tag that grows with what it takes; who lags behind comes
// first. A key that was away gets no credit for it: it comes back at the pool's own time.
import { emptyTable, entriesOf, lookup, put, type Table } from "./table.ts";

export interface Turns {
  /** The tag of whoever was served last. */
  readonly time: number;
  /** By key; one that is not there stands at `time`. */
  readonly tags: Table<number>;
}

export const newTurns: Turns = { time: 0, tags: emptyTable() };

/** Tags kept before those that say nothing any more are dropped. */
const TAGS_MAX = 256;

/** How far a key is ahead of its turn; 0: nobody has a better right. */
export function lead({ time, tags }: Turns, key: string): number {
  return Math.max(0, (lookup(tags, key) ?? time) - time);
}

/** The key has taken `cost`: the weight, divided by the key's share. */
export function took(turns: Turns, key: string, cost: number): Turns {
  const time = Math.max(turns.time, lookup(turns.tags, key) ?? turns.time);
  const tags = put(turns.tags, key, time + cost);
  return { time, tags: tags.size > TAGS_MAX ? ahead(tags, time) : tags };
}

function ahead(tags: Table<number>, time: number): Table<number> {
  let kept = emptyTable<number>();
  for (const [key, tag] of entriesOf(tags)) if (tag > time) kept = put(kept, key, tag);
  return kept;
}
