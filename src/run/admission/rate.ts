// What is left of a rate, derived from the times of the starts. All arithmetic is in whole numbers, so nothing drifts.
//   T1. Without `burst`: in any window [t, t + perMs) at most `count` starts (weights added up).
//   T2. With `burst`: in any window of W ms at most burst + W × count / perMs.
//   T3. `tokensFrom` names the first millisecond in which the tokens are there.
import type { Rate } from "../../model/limits.ts";

interface Start {
  readonly at: number;
  readonly weight: number;
}

interface Chain {
  readonly start: Start;
  readonly next: Chain | null;
}

export type Spent =
  /** Starts of the last window, oldest first: `front`, then `back` backwards. */
  | { readonly kind: "window"; readonly front: Chain | null; readonly back: Chain | null; readonly sum: number }
  /** What the bucket lacks, in tokens × perMs, at a time. */
  | { readonly kind: "bucket"; readonly debt: number; readonly at: number };

export function unspent(rate: Rate): Spent {
  return rate.burst === undefined ? { kind: "window", front: null, back: null, sum: 0 } : { kind: "bucket", debt: 0, at: 0 };
}

/** The most that one start can take. */
export function tokensMax(rate: Rate): number {
  return rate.burst ?? rate.count;
}

/** A start took place. */
export function spend(rate: Rate, spent: Spent, start: Start): Spent {
  switch (spent.kind) {
    case "window": {
      let { front, back, sum } = spent;
      back = { start, next: back };
      sum += start.weight;
      for (;;) {
        if (front === null) [front, back] = [reversed(back), null];
        if (front === null || front.start.at > start.at - rate.perMs) break;
        sum -= front.start.weight;
        front = front.next;
      }
      return { kind: "window", front, back, sum };
    }
    case "bucket": {
      const at = Math.max(spent.at, start.at);
      return { kind: "bucket", debt: debtAt(rate, spent, at) + start.weight * rate.perMs, at };
    }
    default:
      return spent satisfies never;
  }
}

/** Tokens at `now`; never below 0. */
export function tokensAt(rate: Rate, spent: Spent, now: number): number {
  switch (spent.kind) {
    case "window": {
      let { sum } = spent;
      for (const { at, weight } of oldestFirst(spent)) {
        if (at > now - rate.perMs) break;
        sum -= weight;
      }
      return Math.max(0, rate.count - sum);
    }
    case "bucket":
      return Math.max(0, Math.floor((tokensMax(rate) * rate.perMs - debtAt(rate, spent, now)) / rate.perMs));
    default:
      return spent satisfies never;
  }
}

/** When so many tokens are there, at the earliest `now`. More than there can be count as the most there can be. */
export function tokensFrom(rate: Rate, spent: Spent, weight: number, now: number): number {
  const wanted = Math.min(weight, tokensMax(rate));
  switch (spent.kind) {
    case "window": {
      let { sum } = spent;
      if (rate.count - sum >= wanted) return now;
      for (const start of oldestFirst(spent)) {
        sum -= start.weight;
        if (rate.count - sum >= wanted) return Math.max(now, start.at + rate.perMs);
      }
      return now;
    }
    case "bucket": {
      const debt = debtAt(rate, spent, now);
      const over = debt - (tokensMax(rate) - wanted) * rate.perMs;
      return over <= 0 ? now : Math.max(now, spent.at) + Math.ceil(over / rate.count);
    }
    default:
      return spent satisfies never;
  }
}

function debtAt(rate: Rate, { debt, at }: { readonly debt: number; readonly at: number }, now: number): number {
  return Math.max(0, debt - Math.max(0, now - at) * rate.count);
}

function* oldestFirst({ front, back }: Spent & { kind: "window" }): Generator<Start> {
  for (let at = front; at !== null; at = at.next) yield at.start;
  for (let at = reversed(back); at !== null; at = at.next) yield at.start;
}

function reversed(chain: Chain | null): Chain | null {
  let result: Chain | null = null;
  for (let at = chain; at !== null; at = at.next) result = { start: at.start, next: result };
  return result;
}
