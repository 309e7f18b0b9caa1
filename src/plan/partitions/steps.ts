// A dimension of time as a row of adjacent intervals: which one holds an instant, what it is called, which one comes next. Everything is found by
// arithmetic, nothing is listed.
//   S1. Intervals are adjacent: the end of one is the start of the next. A day lasts 23, 24 or 25 hours, as its zone's clocks say.
//   S2. `key` and `parse` are inverse. An hour that happens twice has its offset in its key (`2026-11-01T01-0400`), so no two hours share one.
//   S3. Hours are hours of 60 minutes, also where a zone's clocks are set by half an hour.
import type { TimeUnit } from "../../model/definitions/partition.ts";
import { civilOf, DAY_MS, dayOfText, daysOf, dayText, HOUR_MS, isoWeek, MINUTE_MS, mondayOf, pad, weekOf, weekOfIso } from "./civil.ts";
import { firstAt, instantsAt, offsetAt, offsetText, wallAt } from "./zone.ts";

export interface Steps {
  /** Start of the interval that holds an instant. */
  floor(instantMs: number): number;
  /** Start of the next interval, which is the end of this one. */
  next(startMs: number): number;
  /** Start of the interval before. */
  previous(startMs: number): number;
  key(startMs: number): string;
  /** Start of the interval of a key; undefined when there is none of that name. */
  parse(key: string): number | undefined;
  /** Number of intervals that start in [fromMs, toMs), at most `max` + 1 where they must be walked. Both are starts of intervals. */
  count(fromMs: number, toMs: number, max: number): number;
  /** Are starts and ends days of the zone's calendar? */
  readonly isWholeDays: boolean;
  readonly timezone: string;
}

/** Ticks of a cron expression; what reads them is handed in. */
export interface Ticks {
  /** The first tick after an instant; null when there is none. */
  after(instantMs: number): number | null;
  /** The last tick at or before an instant; null when there is none. */
  at(instantMs: number): number | null;
}

/** Calendar intervals by their number: all that differs between days, weeks, months and years. */
interface Numbering {
  ofDay(days: number): number;
  firstDay(number: number): number;
  key(number: number): string;
  parse(key: string): number | undefined;
}

const NUMBERINGS: Readonly<Record<Exclude<TimeUnit, "hour">, Numbering>> = {
  day: { ofDay: (days) => days, firstDay: (number) => number, key: dayText, parse: dayOfText },
  week: {
    ofDay: weekOf,
    firstDay: mondayOf,
    key(week) {
      const { year, number } = isoWeek(week);
      return `${pad(year, 4)}-W${pad(number)}`;
    },
    parse(key) {
      const found = /^(\d{4})-W(\d\d)$/.exec(key);
      return found === null ? undefined : weekOfIso(Number(found[1]), Number(found[2]));
    },
  },
  month: {
    ofDay(days) {
      const { year, month } = civilOf(days);
      return year * 12 + month - 1;
    },
    firstDay: (number) => daysOf({ year: Math.floor(number / 12), month: (number % 12) + 1, day: 1 }),
    key: (number) => `${pad(Math.floor(number / 12), 4)}-${pad((number % 12) + 1)}`,
    parse(key) {
      const found = /^(\d{4})-(0[1-9]|1[0-2])$/.exec(key);
      return found === null ? undefined : Number(found[1]) * 12 + Number(found[2]) - 1;
    },
  },
  year: {
    ofDay: (days) => civilOf(days).year,
    firstDay: (year) => daysOf({ year, month: 1, day: 1 }),
    key: (year) => pad(year, 4),
    parse: (key) => (/^\d{4}$/.test(key) ? Number(key) : undefined),
  },
};

/** The intervals of a unit in a time zone. */
export function stepsOf(unit: TimeUnit, timezone: string): Steps {
  return unit === "hour" ? hourSteps(timezone) : calendarSteps(NUMBERINGS[unit], timezone);
}

function calendarSteps(numbering: Numbering, timezone: string): Steps {
  const numberAt = (instantMs: number): number => numbering.ofDay(Math.floor(wallAt(timezone, instantMs) / DAY_MS));
  const startOf = (number: number): number => firstAt(timezone, numbering.firstDay(number) * DAY_MS);
  return {
    floor: (instantMs) => startOf(numberAt(instantMs)),
    next: (startMs) => startOf(numberAt(startMs) + 1),
    previous: (startMs) => startOf(numberAt(startMs) - 1),
    key: (startMs) => numbering.key(numberAt(startMs)),
    parse(key) {
      const number = numbering.parse(key);
      if (number === undefined) return undefined;
      const startMs = startOf(number);
      return numberAt(startMs) === number ? startMs : undefined; // a zone that crossed the date line has a day that never was
    },
    count: (fromMs, toMs) => Math.max(0, numberAt(toMs) - numberAt(fromMs)),
    isWholeDays: true,
    timezone,
  };
}

/** A moment that lies in no change of clocks of today's zones: it tells which minutes a zone's hours begin at. */
const PLAIN_MOMENT_MS = 1_704_067_200_000;

function hourSteps(timezone: string): Steps {
  const shift = offsetAt(timezone, PLAIN_MOMENT_MS) % HOUR_MS;
  const floor = (instantMs: number): number => Math.floor((instantMs + shift) / HOUR_MS) * HOUR_MS - shift;
  return {
    floor,
    next: (startMs) => startMs + HOUR_MS,
    previous: (startMs) => startMs - HOUR_MS,
    key: (startMs) => momentKey(timezone, startMs),
    parse(key) {
      const startMs = parseMoment(timezone, key);
      return startMs !== undefined && floor(startMs) === startMs && momentKey(timezone, startMs) === key ? startMs : undefined;
    },
    count: (fromMs, toMs) => Math.max(0, Math.round((toMs - fromMs) / HOUR_MS)),
    isWholeDays: false,
    timezone,
  };
}

/** The intervals between the ticks of a cron expression. */
export function cronSteps(ticks: Ticks, timezone: string): Steps {
  const next = (startMs: number): number => ticks.after(startMs) ?? Number.POSITIVE_INFINITY;
  return {
    floor: (instantMs) => ticks.at(instantMs) ?? Number.NEGATIVE_INFINITY,
    next,
    previous: (startMs) => ticks.at(startMs - 1) ?? Number.NEGATIVE_INFINITY,
    key: (startMs) => momentKey(timezone, startMs, "minutes"),
    parse(key) {
      const startMs = parseMoment(timezone, key);
      return startMs !== undefined && ticks.at(startMs) === startMs && momentKey(timezone, startMs, "minutes") === key
        ? startMs
        : undefined;
    },
    count(fromMs, toMs, max) {
      let count = 0;
      for (let atMs = fromMs; atMs < toMs && count <= max; atMs = next(atMs)) count++;
      return count;
    },
    isWholeDays: false,
    timezone,
  };
}

/** `2026-01-01T05`; minutes where the hour does not begin at :00, the offset where the clocks show the time twice. */
function momentKey(timezone: string, instantMs: number, detail: "hours" | "minutes" = "hours"): string {
  const wallMs = wallAt(timezone, instantMs);
  const days = Math.floor(wallMs / DAY_MS);
  const inDay = wallMs - days * DAY_MS;
  const [hours, minutes, seconds] = [
    Math.floor(inDay / HOUR_MS),
    Math.floor((inDay % HOUR_MS) / MINUTE_MS),
    Math.floor((inDay % MINUTE_MS) / 1_000),
  ];
  const clock = seconds > 0 ? `:${pad(minutes)}:${pad(seconds)}` : minutes > 0 || detail === "minutes" ? `:${pad(minutes)}` : "";
  const isTwice = instantsAt(timezone, wallMs).length > 1;
  return `${dayText(days)}T${pad(hours)}${clock}${isTwice ? offsetText(wallMs - instantMs) : ""}`;
}

/** The instant of a time of day in a zone: the first where the clocks show it twice and no offset is written; undefined in a gap. */
export function parseMoment(timezone: string, text: string): number | undefined {
  const found = /^(\d{4}-\d\d-\d\d)T([01]\d|2[0-3])(?::([0-5]\d)(?::([0-5]\d))?)?(Z|[+-]\d\d:?\d\d)?$/.exec(text);
  if (found === null) return undefined;
  const days = dayOfText(found[1]!);
  if (days === undefined) return undefined;
  const wallMs = days * DAY_MS + Number(found[2]) * HOUR_MS + Number(found[3] ?? 0) * MINUTE_MS + Number(found[4] ?? 0) * 1_000;
  const offset = found[5];
  if (offset === undefined) return instantsAt(timezone, wallMs)[0];
  if (offset === "Z") return wallMs;
  const minutes = Number(offset.slice(1, 3)) * 60 + Number(offset.slice(-2));
  return wallMs - (offset.startsWith("-") ? -minutes : minutes) * MINUTE_MS;
}

/** The instant at which what a text names begins: a year, month, week, day or time of day in a zone. */
export function beginOf(timezone: string, text: string): number | undefined {
  for (const numbering of Object.values(NUMBERINGS)) {
    const number = numbering.parse(text);
    if (number !== undefined) return firstAt(timezone, numbering.firstDay(number) * DAY_MS);
  }
  return parseMoment(timezone, text);
}
