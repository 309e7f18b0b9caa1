// One after the other by a key, within the process that holds the warehouse: publishers of one asset (partitions are worked out side by side, and none is to
// find another in its way and start again), deploys of one environment, users of one file. It orders work; what makes publishing safe is the transaction.

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
