// The circuit breaker of a connection, folded from how attempts ended: closed → open after failures in a row, over all nodes and runs → half open when the
// pause is over, one probe may start → closed, or open again with twice the pause. While it is open nodes wait and no attempt is burnt.
//   B1. Only failures that say that the other side is down count: retryable errors and time-outs, not refusals, limits (`retryAfterMs`), lost workers.
//   B2. An attempt that started before the breaker opened says nothing about an open one.
import type { BreakerSettings } from "../../model/limits.ts";
import type { AttemptFailed } from "../../model/events.ts";

export type Breaker =
  /** `failures` in a row so far. */
  | { readonly kind: "closed"; readonly failures: number }
  /** Nothing starts before `until`; then one probe at a time. `since`: when it opened first. */
  | { readonly kind: "open"; readonly since: number; readonly until: number; readonly pauseMs: number; readonly error: BreakerError };

export interface BreakerError {
  readonly code: string;
  readonly message: string;
}

export type BreakerPhase = "closed" | "open" | "halfOpen";

/** How an attempt ended, as far as the connection is concerned. */
export interface Ending {
  readonly startedAt: number;
  readonly at: number;
  /** Null: it did what it should. */
  readonly error: BreakerError | null;
}

export const closedBreaker: Breaker = { kind: "closed", failures: 0 };

export function phaseOf(breaker: Breaker, now: number): BreakerPhase {
  if (breaker.kind === "closed") return "closed";
  return now < breaker.until ? "open" : "halfOpen";
}

export function breakerAfter(settings: BreakerSettings, breaker: Breaker, ending: Ending): Breaker {
  const { at, error } = ending;
  switch (breaker.kind) {
    case "closed": {
      if (error === null) return closedBreaker;
      const failures = breaker.failures + 1;
      if (failures < settings.failures) return { kind: "closed", failures };
      return { kind: "open", since: at, until: at + settings.pauseMs, pauseMs: settings.pauseMs, error };
    }
    case "open": {
      if (ending.startedAt < breaker.until) return breaker;
      if (error === null) return closedBreaker;
      const pauseMs = Math.max(settings.pauseMs, Math.min(settings.maxPauseMs, breaker.pauseMs * 2));
      return { kind: "open", since: breaker.since, until: at + pauseMs, pauseMs, error };
    }
    default:
      return breaker satisfies never;
  }
}

/** Does this end of an attempt say that the connection is down? */
export function saysDown({ reason, error }: Pick<AttemptFailed, "reason" | "error">): boolean {
  switch (reason) {
    case "error":
      return error.retryable && error.retryAfterMs === undefined;
    case "timeout":
      return true;
    case "lost":
    case "interrupted":
      return false;
    default:
      return reason satisfies never;
  }
}
