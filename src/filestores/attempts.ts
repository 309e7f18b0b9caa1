// One act on a store, tried again as long as the failure may pass: cut connections, timeouts, busy servers.
//   A1. Tries and pauses have limits; what the store says for good is thrown at once.
import { setTimeout as pause } from "node:timers/promises";
import { MillraceError, messageOf } from "../model/errors.ts";

const TRIES_MAX = 5;
const PAUSE_FIRST_MS = 200;
const PAUSE_MAX_MS = 10_000;

/**
 * `isLast` says of a failure that may pass that it is left to the run's own retries.
 * @throws what `act` throws when it is not retryable, or for the last time; MR3300 for what is no MillraceError.
 */
export async function withAttempts<Result>(
  what: string,
  signal: AbortSignal,
  act: () => Promise<Result>,
  isLast: (failure: MillraceError) => boolean = () => false,
): Promise<Result> {
  for (let tries = 1; ; tries++) {
    signal.throwIfAborted();
    try {
      return await act();
    } catch (error) {
      signal.throwIfAborted();
      const failure =
        error instanceof MillraceError
          ? error
          : new MillraceError({ code: "MR3300", message: `${what}: ${messageOf(error)}`, cause: error, retryable: true });
      if (!failure.retryable || tries >= TRIES_MAX || isLast(failure)) throw failure;
      const pauseMs = failure.retryAfterMs ?? Math.min(PAUSE_MAX_MS, PAUSE_FIRST_MS * 2 ** (tries - 1));
      await pause(Math.min(pauseMs, PAUSE_MAX_MS), undefined, { signal });
    }
  }
}
