// Time, as the engine sees it. The only real timers of the control plane are here, so that a test can put its own time in their place.

export interface Clock {
  /** Milliseconds since 1970 by the machine's clock, which may jump. */
  now(): number;
  /** Calls `act` after `ms`; returns how to take that back. May call early after very long waits: look at the time again. */
  after(ms: number, act: () => void): () => void;
  /** Calls `act` when everything that is ready in this turn of the event loop has been done. */
  nextTurn(act: () => void): void;
}

/** Longer waits overflow in Node and would end at once. */
const WAIT_MAX_MS = 2_147_483_647;

export const realClock: Clock = {
  now: () => Date.now(),
  after(ms, act) {
    const timer = setTimeout(act, Math.min(Math.max(0, ms), WAIT_MAX_MS));
    return () => clearTimeout(timer);
  },
  nextTurn(act) {
    setImmediate(act);
  },
};
