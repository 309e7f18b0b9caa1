// Times of events as people and JSON read them. Events come in bursts of one time, so the last answer is kept: a fan-out of 1,000 asks 3,000 times.
let lastAt = Number.NaN;
let lastText = "";

/** ISO 8601 in UTC of a time in milliseconds. */
export function iso(at: number): string {
  if (at !== lastAt) {
    lastText = new Date(at).toISOString();
    lastAt = at;
  }
  return lastText;
}
