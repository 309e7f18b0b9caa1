// One publisher of an asset at a time, within the process that holds the warehouse: partitions of one asset are worked out side by side and published one
// after the other, so that none of them finds another in its way and starts again. It orders work; what makes it safe is the transaction.

const waiting = new Map<string, Promise<unknown>>();

/** Runs `work` when no other work with the same key runs. */
export async function oneAtATime<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
  const before = waiting.get(key) ?? Promise.resolve();
  const mine = before.then(work, work);
  const settled = mine.catch(() => undefined);
  waiting.set(key, settled);
  try {
    return await mine;
  } finally {
    if (waiting.get(key) === settled) waiting.delete(key);
  }
}
