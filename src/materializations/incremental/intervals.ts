// Intervals of hours, days, weeks and months in UTC, kept as ranges: half-open, sorted, apart from each other. Pure.
import type { IntervalUnit } from "../../model/incremental.ts";

export interface Range {
  readonly startMs: number;
  /** The first moment that is not in it. */
  readonly endMs: number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const WEEK_MS = 7 * DAY_MS;
/** 1970-01-05, a Monday. */
const FIRST_MONDAY_MS = 4 * DAY_MS;

/** The beginning of the interval that a moment is in. */
export function floorTo(unit: IntervalUnit, ms: number): number {
  switch (unit) {
    case "hour":
      return Math.floor(ms / HOUR_MS) * HOUR_MS;
    case "day":
      return Math.floor(ms / DAY_MS) * DAY_MS;
    case "week":
      return Math.floor((ms - FIRST_MONDAY_MS) / WEEK_MS) * WEEK_MS + FIRST_MONDAY_MS;
    case "month": {
      const date = new Date(ms);
      return firstOfMonth(date.getUTCFullYear(), date.getUTCMonth());
    }
    default:
      return unit satisfies never;
  }
}

/** The beginning of the interval after the one that a moment is in. */
export function nextAfter(unit: IntervalUnit, ms: number): number {
  const start = floorTo(unit, ms);
  switch (unit) {
    case "hour":
      return start + HOUR_MS;
    case "day":
      return start + DAY_MS;
    case "week":
      return start + WEEK_MS;
    case "month": {
      const date = new Date(start);
      return firstOfMonth(date.getUTCFullYear(), date.getUTCMonth() + 1);
    }
    default:
      return unit satisfies never;
  }
}

/** `Date.UTC` takes the years 0 to 99 for those of the last century. */
function firstOfMonth(year: number, month: number): number {
  const date = new Date(0);
  date.setUTCFullYear(year, month, 1);
  return date.getTime();
}

/** The whole intervals that hold both moments and all between. */
export function rangeOver(unit: IntervalUnit, firstMs: number, lastMs: number): Range {
  return { startMs: floorTo(unit, firstMs), endMs: nextAfter(unit, lastMs) };
}

/** Sorted and joined where they touch. */
export function union(ranges: readonly Range[]): readonly Range[] {
  const joined: { startMs: number; endMs: number }[] = [];
  for (const { startMs, endMs } of ranges.toSorted((a, b) => a.startMs - b.startMs)) {
    if (startMs >= endMs) continue;
    const last = joined.at(-1);
    if (last === undefined || startMs > last.endMs) joined.push({ startMs, endMs });
    else last.endMs = Math.max(last.endMs, endMs);
  }
  return joined;
}

/** What of `ranges` is not in `without`. */
export function minus(ranges: readonly Range[], without: readonly Range[]): readonly Range[] {
  let left: readonly Range[] = union(ranges);
  for (const { startMs, endMs } of union(without)) {
    left = left.flatMap((range) => [
      ...(range.startMs < startMs ? [{ startMs: range.startMs, endMs: Math.min(range.endMs, startMs) }] : []),
      ...(range.endMs > endMs ? [{ startMs: Math.max(range.startMs, endMs), endMs: range.endMs }] : []),
    ]);
  }
  return left.filter((range) => range.startMs < range.endMs);
}

/** What is in both. */
export function meet(ranges: readonly Range[], others: readonly Range[]): readonly Range[] {
  return minus(ranges, minus(ranges, others));
}

export function count(unit: IntervalUnit, ranges: readonly Range[]): number {
  if (unit !== "month") {
    const size = unit === "hour" ? HOUR_MS : unit === "day" ? DAY_MS : WEEK_MS;
    return ranges.reduce((sum, { startMs, endMs }) => sum + Math.ceil((endMs - startMs) / size), 0);
  }
  const months = (ms: number): number => new Date(ms).getUTCFullYear() * 12 + new Date(ms).getUTCMonth();
  return ranges.reduce((sum, { startMs, endMs }) => sum + months(endMs - 1) - months(startMs) + 1, 0);
}

/** The ranges in pieces of at most so many intervals, oldest first. */
export function batches(unit: IntervalUnit, ranges: readonly Range[], intervalsMax: number): readonly Range[] {
  if (intervalsMax === Number.POSITIVE_INFINITY) return ranges;
  return ranges.flatMap(({ startMs, endMs }) => {
    const pieces: Range[] = [];
    for (let at = startMs; at < endMs;) {
      let to = at;
      for (let taken = 0; taken < intervalsMax && to < endMs; taken++) to = nextAfter(unit, to);
      pieces.push({ startMs: at, endMs: Math.min(to, endMs) });
      at = to;
    }
    return pieces;
  });
}

const SHOWN_MAX = 3;

/** For people: `2026-01-02..2026-01-05, 2026-02-01`; the last interval is named, not the first after it. */
export function rangesText(unit: IntervalUnit, ranges: readonly Range[]): string {
  const name = (ms: number): string => new Date(ms).toISOString().slice(0, unit === "hour" ? 13 : unit === "month" ? 7 : 10);
  const shown = ranges.slice(0, SHOWN_MAX).map(({ startMs, endMs }) => {
    const [first, last] = [name(startMs), name(floorTo(unit, endMs - 1))];
    return first === last ? first : `${first}..${last}`;
  });
  return ranges.length > SHOWN_MAX ? `${shown.join(", ")} and ${ranges.length - SHOWN_MAX} more` : shown.join(", ");
}

/** `12 days`. */
export function countText(unit: IntervalUnit, ranges: readonly Range[]): string {
  const n = count(unit, ranges);
  return `${n} ${unit}${n === 1 ? "" : "s"}`;
}
