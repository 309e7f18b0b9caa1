// One circuit breaker per origin and process: a server that fails again and again is left alone for a moment.
// Only failures of the server count (no connection, too slow, 5xx); refusals, limits and bad bodies do not.
import type { CircuitBreakerPolicy } from "cockatiel";
import { MillraceError } from "../../../model/errors.ts";
import { statusOf } from "./status.ts";

const FAILURES_MAX = 10;
const OPEN_MS = 10_000;
const ORIGINS_MAX = 1_000;

const breakers = new Map<string, CircuitBreakerPolicy>();

export interface Breaker {
  /** @throws MillraceError MR3512 while the circuit is open. */
  execute<T>(request: () => Promise<T>): Promise<T>;
}

export async function breakerOf(origin: string): Promise<Breaker> {
  let policy = breakers.get(origin);
  if (policy === undefined) {
    const { circuitBreaker, ConsecutiveBreaker, handleWhen } = await import("cockatiel");
    policy = circuitBreaker(handleWhen(isFailureOfServer), { halfOpenAfter: OPEN_MS, breaker: new ConsecutiveBreaker(FAILURES_MAX) });
    const [oldest] = breakers.keys();
    if (breakers.size >= ORIGINS_MAX && oldest !== undefined) breakers.delete(oldest);
    breakers.set(origin, policy);
  }
  const used = policy;
  return {
    async execute(request) {
      try {
        return await used.execute(request);
      } catch (thrown) {
        const { isBrokenCircuitError } = await import("cockatiel");
        if (!isBrokenCircuitError(thrown)) throw thrown;
        throw new MillraceError({
          code: "MR3512",
          message: `${origin} failed ${FAILURES_MAX} times in a row and is left alone for ${OPEN_MS / 1_000} s`,
          retryable: true,
          retryAfterMs: OPEN_MS,
          cause: thrown,
        });
      }
    },
  };
}

function isFailureOfServer(thrown: Error): boolean {
  if (!(thrown instanceof MillraceError) || !thrown.retryable) return false;
  return thrown.code === "MR3501" || thrown.code === "MR3504" || (statusOf(thrown) ?? 0) >= 500;
}
