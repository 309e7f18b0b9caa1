// How often and how long a node is tried: the node's own keys, then the job's, then `defaults` of millrace.yaml, then these.
import type { RetrySpec } from "../model/definitions/source.ts";
import { parseDurationMs } from "../model/duration.ts";
import type { RetryPolicy } from "../model/plan.ts";

const RETRY_DEFAULT: RetryPolicy = { attempts: 3, delayMs: 1_000, factor: 2, maxDelayMs: 60_000, jitter: true };

/** Key by key the first that is set. */
export function retryPolicy(...specs: readonly (RetrySpec | undefined)[]): RetryPolicy {
  const first = <Key extends keyof RetrySpec>(key: Key): RetrySpec[Key] => specs.find((spec) => spec?.[key] !== undefined)?.[key];
  const delayMs = durationMs(first("delay")) ?? RETRY_DEFAULT.delayMs;
  return {
    attempts: first("attempts") ?? RETRY_DEFAULT.attempts,
    delayMs,
    factor: first("factor") ?? RETRY_DEFAULT.factor,
    // A delay that is longer than the default limit is what was asked for.
    maxDelayMs: durationMs(first("maxDelay")) ?? Math.max(RETRY_DEFAULT.maxDelayMs, delayMs),
    jitter: first("jitter") ?? RETRY_DEFAULT.jitter,
    ...(first("on") === undefined ? {} : { on: first("on")! }),
  };
}

/** Milliseconds of a duration that its schema already checked; undefined stays undefined. */
export function durationMs(text: string | undefined): number | undefined {
  return text === undefined ? undefined : parseDurationMs(text);
}
