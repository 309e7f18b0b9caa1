// How often: buckets that fill up again over time, one for each who asks.
import type { Holder } from "../model/access.ts";
import { MillraceError } from "../model/errors.ts";

export interface Rate {
  readonly perSecond: number;
  /** At once, after a pause. */
  readonly burst: number;
}

/** Of tokens and sessions; what runs on this machine without one reads as fast as it can. */
export const READS: Rate = { perSecond: 1_000, burst: 2_000 };
export const ACTS: Rate = { perSecond: 50, burst: 200 };
/** Tokens that open nothing, by address. */
export const FAILED_SIGN_INS: Rate = { perSecond: 0.2, burst: 20 };
const BUCKETS_MAX = 10_000;

export interface Limits {
  /** Milliseconds to wait; 0: go on. */
  take(name: string, rate: Rate): number;
}

export function createLimits(nowMs: () => number): Limits {
  const buckets = new Map<string, { left: number; at: number }>();
  return {
    take(name, { perSecond, burst }) {
      const now = nowMs();
      const bucket = buckets.get(name) ?? { left: burst, at: now };
      bucket.left = Math.min(burst, bucket.left + (Math.max(0, now - bucket.at) / 1_000) * perSecond);
      bucket.at = now;
      if (!buckets.has(name)) {
        const oldest = buckets.size >= BUCKETS_MAX ? buckets.keys().next().value : undefined;
        if (oldest !== undefined) buckets.delete(oldest);
        buckets.set(name, bucket);
      }
      if (bucket.left < 1) return Math.ceil(((1 - bucket.left) / perSecond) * 1_000);
      bucket.left -= 1;
      return 0;
    },
  };
}

/** @throws MR8116 */
export function admit(limits: Limits, holder: Holder, kind: "read" | "act"): void {
  if (holder.kind === "engine" || (holder.kind === "machine" && kind === "read")) return;
  const waitMs = limits.take(`${kind}:${holder.id ?? holder.kind}`, kind === "read" ? READS : ACTS);
  if (waitMs > 0) throw tooMany(waitMs);
}

export function tooMany(waitMs: number): MillraceError {
  return new MillraceError({ code: "MR8116", message: "too many requests in so short a time", retryable: true, retryAfterMs: waitMs });
}
