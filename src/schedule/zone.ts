// Time zones: the offset at an instant, the instants of a wall-clock time, the days on which clocks are put forward or back. Offsets come from the
// machine's own table (Intl); the transitions of a year are found once and kept, so that asking costs a search in a short list.
import { clockOffsetMs, wallClockFormat } from "../model/wall-clock.ts";

const DAY_MS = 86_400_000;
const YEAR_MS = 366 * DAY_MS;

export interface Transition {
  /** The first instant of the new offset. */
  readonly at: number;
  /** Offsets are milliseconds east of UTC. */
  readonly before: number;
  readonly after: number;
}

/** Wall-clock times are written as milliseconds since 1970 as if they were UTC. */
export interface Zone {
  readonly name: string;
  offsetAt(at: number): number;
  /** The instant of a wall-clock time: the first where there are two, the end of the gap where there is none. */
  instantOf(wall: number): number;
  /** Changes of the offset with `from < at <= to`. */
  transitions(from: number, to: number): readonly Transition[];
}

const zones = new Map<string, Zone>();

/** Undefined when there is no such zone. */
export function zoneOf(name: string): Zone | undefined {
  const known = zones.get(name);
  if (known !== undefined) return known;
  const format = formatOf(name);
  if (format === undefined) return undefined;
  const zone = createZone(name, format);
  zones.set(name, zone);
  return zone;
}

/** Days since 1970 of the wall-clock date at an instant. */
export function dayOf(zone: Zone, at: number): number {
  return Math.floor((at + zone.offsetAt(at)) / DAY_MS);
}

/** The first instant of a day. */
export function startOfDay(zone: Zone, day: number): number {
  return zone.instantOf(day * DAY_MS);
}

/** `2026-03-29` of a day. */
export function dateText(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

/** Days since 1970 of `2026-03-29`; undefined for what is no date. */
export function dayOfText(text: string): number | undefined {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text.trim());
  if (match === null) return undefined;
  const at = Date.UTC(Number(match[1]), Number(match[2]) - 1, Number(match[3]));
  return new Date(at).toISOString().slice(0, 10) === match[0] ? at / DAY_MS : undefined;
}

/** 0 is Sunday. */
export function weekdayOf(day: number): number {
  return (((day + 4) % 7) + 7) % 7;
}

function formatOf(name: string): Intl.DateTimeFormat | undefined {
  try {
    return wallClockFormat(name);
  } catch {
    return undefined; // RangeError: the name is unknown
  }
}

function createZone(name: string, format: Intl.DateTimeFormat): Zone {
  const looked = (at: number): number => clockOffsetMs(format, at);
  const years = new Map<number, readonly Transition[]>();
  const transitionsOf = (year: number): readonly Transition[] => {
    const known = years.get(year);
    if (known !== undefined) return known;
    const found: Transition[] = [];
    const end = Date.UTC(year + 1, 0, 1);
    let before = looked(Date.UTC(year, 0, 1));
    for (let at = Date.UTC(year, 0, 1); at < end; at += DAY_MS) {
      const after = looked(at + DAY_MS);
      if (after !== before) found.push({ at: bisect(at, at + DAY_MS, before, looked), before, after });
      before = after;
    }
    years.set(year, found);
    return found;
  };
  const yearOf = (at: number): number => new Date(at).getUTCFullYear();
  const firsts = new Map<number, number>();
  const firstOf = (year: number): number => {
    const known = firsts.get(year) ?? looked(Date.UTC(year, 0, 1));
    firsts.set(year, known);
    return known;
  };
  const offsetAt = (at: number): number => {
    const year = yearOf(at);
    let offset = firstOf(year);
    for (const transition of transitionsOf(year)) if (transition.at <= at) offset = transition.after;
    return offset;
  };
  const transitions = (from: number, to: number): readonly Transition[] => {
    const found: Transition[] = [];
    for (let year = yearOf(from); year <= yearOf(Math.min(to, from + 100 * YEAR_MS)); year++)
      found.push(...transitionsOf(year).filter(({ at }) => at > from && at <= to));
    return found;
  };
  return {
    name,
    offsetAt,
    transitions,
    instantOf(wall) {
      const early = wall - offsetAt(wall - DAY_MS);
      const late = wall - offsetAt(wall + DAY_MS);
      const fitting = [early, late].filter((at) => at + offsetAt(at) === wall);
      if (fitting.length > 0) return Math.min(...fitting);
      const gap = transitions(wall - 2 * DAY_MS, wall + 2 * DAY_MS).find(
        ({ at, before, after }) => wall >= at + before && wall < at + after,
      );
      return gap?.at ?? early;
    },
  };
}

/** The first second with another offset than `before`, between two instants. */
function bisect(from: number, to: number, before: number, looked: (at: number) => number): number {
  let [low, high] = [from / 1_000, to / 1_000];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (looked(middle * 1_000) === before) low = middle;
    else high = middle;
  }
  return high * 1_000;
}
