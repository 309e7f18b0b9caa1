// Moments as users write them: a point in time, or a time of day, which is the next one in its zone.
import { MillraceError } from "./errors.ts";
import { isDay } from "./parameter-types.ts";
import { clockOffsetMs, wallClockFormat } from "./wall-clock.ts";

const DAY_MS = 86_400_000;

/** @throws MR6209 */
export function momentOf(text: string, afterMs: number, timezone = "UTC"): number {
  const clock = /^([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?$/.exec(text.trim());
  if (clock !== null) return nextTimeOfDay([Number(clock[1]), Number(clock[2]), Number(clock[3] ?? 0)], afterMs, timezone);
  const at = /^\d{4}-\d\d-\d\d/.test(text.trim()) ? Date.parse(zoned(text.trim())) : Number.NaN;
  if (!Number.isNaN(at) && isDay(text.trim())) return at;
  throw new MillraceError({ code: "MR6209", message: `${JSON.stringify(text)} is no moment`, hint: "write 2026-01-31T06:00Z or 06:00" });
}

/** A moment that names no zone is UTC, as everywhere in Millrace. */
function zoned(text: string): string {
  return /T|\d \d/.test(text) && !/(Z|[+-]\d\d:?\d\d)$/i.test(text) ? `${text.replace(" ", "T")}Z` : text.replace(" ", "T");
}

/** The first such time after a moment. A time that a change of the clocks swallows is taken as if there had been none. */
function nextTimeOfDay([hour, minute, second]: readonly [number, number, number], afterMs: number, timezone: string): number {
  const format = wallClockFormat(timezone);
  for (let day = -1; day <= 2; day++) {
    const date = new Date(afterMs + day * DAY_MS + clockOffsetMs(format, afterMs));
    const local = Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate(), hour, minute, second);
    const guess = local - clockOffsetMs(format, local - clockOffsetMs(format, local));
    if (guess > afterMs) return guess;
  }
  return afterMs + DAY_MS;
}

export function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}
