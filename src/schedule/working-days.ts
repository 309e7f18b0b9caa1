// The times of a schedule on a calendar: left out on days off, or moved to the next or previous working day at the same time of day.
import type { Calendar } from "./calendar.ts";
import type { CronTimes } from "./cron.ts";
import { dayOf, startOfDay, type Zone } from "./zone.ts";

/** Days that are looked through for a fire; a calendar that leaves none in eleven years leaves none. */
const DAYS_MAX = 4_020;
/** Days off in a row that a time is moved over. */
const MOVED_DAYS_MAX = 60;
/** Times of one day that are moved to another. */
const MOVED_TIMES_MAX = 1_440;
const DAY_MS = 86_400_000;

export interface Times {
  next(after: number): number | null;
  previous(before: number): number | null;
}

/** Times on days off are left out. */
export function skipDaysOff(times: Times, calendar: Calendar, zone: Zone): Times {
  return {
    next(after) {
      let found = times.next(after);
      for (let days = 0; found !== null && days < DAYS_MAX; days++) {
        const day = dayOf(zone, found);
        if (!calendar.isOff(day)) return found;
        found = times.next(startOfDay(zone, day + 1) - 1);
      }
      return null;
    },
    previous(before) {
      let found = times.previous(before);
      for (let days = 0; found !== null && days < DAYS_MAX; days++) {
        const day = dayOf(zone, found);
        if (!calendar.isOff(day)) return found;
        found = times.previous(startOfDay(zone, day));
      }
      return null;
    },
  };
}

/** Times on other than working days are moved; those that meet are one. */
export function moveDaysOff(cron: CronTimes, { calendar, zone, to }: { calendar: Calendar; zone: Zone; to: "next" | "previous" }): Times {
  const kept = new Map<number, readonly number[]>();
  const ofDay = (day: number): readonly number[] => {
    const known = kept.get(day);
    if (known !== undefined) return known;
    const times = calendar.isWorking(day) ? [...new Set([...onDay(cron, zone, day), ...movedTo(day)])].toSorted((a, b) => a - b) : [];
    if (kept.size > DAYS_MAX) kept.clear();
    kept.set(day, times);
    return times;
  };
  const movedTo = (day: number): readonly number[] => {
    const moved: number[] = [];
    const stepDays = to === "next" ? -1 : 1;
    for (let other = day + stepDays; !calendar.isWorking(other) && Math.abs(other - day) <= MOVED_DAYS_MAX; other += stepDays)
      for (const timeOfDay of wallTimes(cron, other)) moved.push(zone.instantOf(day * DAY_MS + timeOfDay));
    return moved;
  };
  return {
    next(after) {
      const first = dayOf(zone, after);
      for (let day = first; day < first + DAYS_MAX; day++) {
        const found = ofDay(day).find((at) => at > after);
        if (found !== undefined) return found;
      }
      return null;
    },
    previous(before) {
      const first = dayOf(zone, before);
      for (let day = first; day > first - DAYS_MAX; day--) {
        const found = ofDay(day).findLast((at) => at < before);
        if (found !== undefined) return found;
      }
      return null;
    },
  };
}

function onDay(cron: CronTimes, zone: Zone, day: number): readonly number[] {
  const end = startOfDay(zone, day + 1);
  const found: number[] = [];
  for (let at = cron.next(startOfDay(zone, day) - 1); at !== null && at < end && found.length < MOVED_TIMES_MAX; at = cron.next(at))
    found.push(at);
  return found;
}

/** Times of day of the expression on a date, by the wall clock. */
function wallTimes(cron: CronTimes, day: number): readonly number[] {
  const [start, end] = [day * DAY_MS, (day + 1) * DAY_MS];
  const found: number[] = [];
  for (let at = cron.nextWall(start - 1); at !== null && at < end && found.length < MOVED_TIMES_MAX; at = cron.nextWall(at))
    found.push(at - start);
  return found;
}
