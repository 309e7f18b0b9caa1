// Chance that is the same in every run with the same seed (mulberry32).
export interface Chance {
  /** In [0, 1). */
  next(): number;
  /** In [0, below). */
  whole(below: number): number;
  pick<Item>(items: readonly Item[]): Item;
}

export function chance(seed: number): Chance {
  let state = seed | 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const whole = (below: number): number => Math.floor(next() * below);
  return { next, whole, pick: (items) => items[whole(items.length)]! };
}

/** `CHAOS_SEED`, or the same one every time; in CI it comes from the commit, so that the moments are others with every change. */
export const SEED = Number(process.env["CHAOS_SEED"] ?? 20_261_121);

const asked = process.env["MILLRACE_KILLS"] ?? "some";

/** How often to kill: `some` times, or as often as a guarantee was proven with: MILLRACE_KILLS=full, or a multiple of that: MILLRACE_KILLS=10. */
export function killsOf(some: number, full: number): number {
  if (asked === "some") return some;
  return full * (asked === "full" ? 1 : Number(asked));
}

/** Limit of a test, for a number of kills. */
export function limitMs(kills: number): number {
  return 120_000 + kills * 20_000;
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

const FEW = 20;

/** The time within which 95 % of `values` lie; of a few, which MILLRACE_KILLS=full makes more of, half of them: the worst of five says nothing of 95 %. */
export function mostly(values: readonly number[]): number {
  return percentile(values, values.length < FEW ? 0.5 : 0.95);
}
