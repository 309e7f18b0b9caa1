// For what cannot happen. A broken assertion is a bug of ours, never a user's mistake.

/** Throws when `condition` does not hold; `message` says what was believed. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`assertion: ${message}`);
}
