// How long a failed node waits before its next attempt: exponential, with jitter that is drawn from the run's seed, so that a log repeats itself.
import type { AttemptFailed } from "../model/events.ts";
import type { FailureClass, RetryPolicy } from "../model/plan.ts";

/** A server's wish to be left alone (`Retry-After`) is heeded up to a day. */
export const RETRY_AFTER_MAX_MS = 86_400_000;

const RETRIED: readonly FailureClass[] = ["retryable", "rateLimited", "timeout", "lost"];

/** Does the policy answer a failure of this class with another try? */
export function retries(policy: RetryPolicy, failure: Pick<AttemptFailed, "reason" | "error">): boolean {
  return (policy.on ?? RETRIED).includes(classOf(failure));
}

function classOf({ reason, error }: Pick<AttemptFailed, "reason" | "error">): FailureClass {
  if (!error.retryable) return "terminal";
  if (reason === "timeout" || reason === "lost") return reason;
  return error.retryAfterMs === undefined ? "retryable" : "rateLimited";
}

export interface RetryMoment {
  readonly seed: number;
  /** Index of the node in the plan. */
  readonly node: number;
  /** Tries that have failed, this one included. */
  readonly tries: number;
  readonly retryAfterMs: number | undefined;
}

/** Milliseconds to wait. Jitter takes away at most half, so that many nodes that failed together do not come back together. */
export function retryDelayMs(policy: RetryPolicy, moment: RetryMoment): number {
  const full = Math.min(policy.maxDelayMs, policy.delayMs * policy.factor ** (moment.tries - 1));
  const delay = policy.jitter ? full * (0.5 + 0.5 * draw(moment.seed, moment.node, moment.tries)) : full;
  const wished = Math.min(moment.retryAfterMs ?? 0, RETRY_AFTER_MAX_MS);
  return Math.round(Math.max(delay, wished));
}

/** A number in [0, 1) that depends on nothing but its arguments. */
function draw(...numbers: readonly number[]): number {
  let hash = 0x811c9dc5;
  for (const number of numbers) {
    hash = Math.imul(hash ^ (number >>> 0), 0x01000193);
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    hash = Math.imul(hash ^ (hash >>> 12), 0x297a2d39);
    hash ^= hash >>> 15;
  }
  return (hash >>> 0) / 4_294_967_296;
}
