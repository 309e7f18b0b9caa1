// When the next request of a budget may start: pure. Requests are spaced evenly (at most `count` in any window of `perMs`); with a burst, so many may
// start at once after a quiet time. A server that asks for silence closes the budget until a moment.
import type { Rate } from "../../../model/limits.ts";

export interface Account {
  /** When the bucket is full again, in ms since 1970. */
  readonly fullAtMs: number;
  readonly closedUntilMs: number;
}

export const untouched: Account = { fullAtMs: 0, closedUntilMs: 0 };

export interface Candidate {
  readonly key: string;
  readonly rate: Rate | undefined;
}

export interface Reservation {
  /** Which candidate it is. */
  readonly index: number;
  readonly waitMs: number;
  /** The account after it; null: the wait is too long, nothing was taken. */
  readonly after: Account | null;
}

/** Takes the candidate that may start first. */
export function reserve(
  candidates: readonly Candidate[],
  account: (key: string) => Account,
  { nowMs, waitMaxMs }: { readonly nowMs: number; readonly waitMaxMs: number },
): Reservation {
  let best: { readonly index: number; readonly startMs: number } | undefined;
  for (const [index, { key, rate }] of candidates.entries()) {
    const startMs = startOf(account(key), rate, nowMs);
    if (best === undefined || startMs < best.startMs) best = { index, startMs };
  }
  const { index, startMs } = best ?? { index: 0, startMs: nowMs };
  const waitMs = startMs - nowMs;
  if (waitMs > waitMaxMs) return { index, waitMs, after: null };
  const { key, rate } = candidates[index]!;
  const before = account(key);
  const fullAtMs = rate === undefined ? before.fullAtMs : Math.max(before.fullAtMs, startMs) + rate.perMs / rate.count;
  return { index, waitMs, after: { ...before, fullAtMs } };
}

function startOf({ fullAtMs, closedUntilMs }: Account, rate: Rate | undefined, nowMs: number): number {
  const paced = rate === undefined ? nowMs : fullAtMs - ((rate.burst ?? 1) - 1) * (rate.perMs / rate.count);
  return Math.max(nowMs, closedUntilMs, paced);
}
