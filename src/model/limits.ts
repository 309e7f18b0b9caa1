// How much may happen at once and per time, whatever it is that is limited: a pool of the project, everything (`*`), a job, an asset, a connection.

/** At most `count` (weights added up) in any window of `perMs`. With `burst`: a bucket of so many tokens that is filled at that speed. */
export interface Rate {
  readonly count: number;
  readonly perMs: number;
  readonly burst?: number;
}

export interface Limit {
  /** Weights of attempts in flight, added up. */
  readonly slots?: number;
  readonly rate?: Rate;
}

/** When a connection that fails again and again is left alone. */
export interface BreakerSettings {
  /** Failures in a row, over all nodes and runs. */
  readonly failures: number;
  readonly pauseMs: number;
  /** The pause doubles with every probe that fails, up to this. */
  readonly maxPauseMs: number;
}

export const BREAKER_DEFAULT: BreakerSettings = { failures: 5, pauseMs: 30_000, maxPauseMs: 600_000 };

export interface Limits {
  /** By pool; reserved names are `*`, `job:NAME`, `asset:ID`. */
  readonly pools: Readonly<Record<string, Limit>>;
  /** By connection; null: it has none. A connection that is not named has the default one. */
  readonly breakers: Readonly<Record<string, BreakerSettings | null>>;
  /** How much of what is short each fairness key gets in relation to the others; 1 when it is not named. */
  readonly shares: Readonly<Record<string, number>>;
}

export const NO_LIMITS: Limits = { pools: {}, breakers: {}, shares: {} };

const PER_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
/** More digits than anybody needs; keeps the arithmetic exact. */
const DECIMALS_MAX = 3;

/** `10/s`, `300/m`, `0.5/s` (one every two seconds), or undefined when it is no rate. */
export function parseRate(text: string): Rate | undefined {
  const match = /^(\d{1,9})(?:\.(\d+))?\/(s|m|h|d)$/.exec(text.trim());
  if (match === null) return undefined;
  const decimals = (match[2] ?? "").replace(/0+$/, "");
  if (decimals.length > DECIMALS_MAX) return undefined;
  const count = Number(match[1]! + decimals);
  const perMs = PER_MS[match[3] as keyof typeof PER_MS] * 10 ** decimals.length;
  if (count === 0) return undefined;
  if (decimals === "") return { count, perMs };
  const common = greatestDivisor(count, perMs);
  return { count: count / common, perMs: perMs / common };
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}
