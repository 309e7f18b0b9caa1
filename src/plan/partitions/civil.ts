// Calendar arithmetic on whole numbers (proleptic Gregorian), without any clock or object of dates. Days count from 1970-01-01.
//   C1. Every function is exact from year 0 to 9999, the years that a key can name.

export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;

export interface Civil {
  readonly year: number;
  /** From 1. */
  readonly month: number;
  readonly day: number;
}

const DAYS_PER_ERA = 146_097;
const DAYS_TO_EPOCH = 719_468;

/** Days from 1970-01-01 to a day of the calendar. */
export function daysOf({ year, month, day }: Civil): number {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  return era * DAYS_PER_ERA + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - DAYS_TO_EPOCH;
}

/** The day of the calendar that is so many days after 1970-01-01. */
export function civilOf(days: number): Civil {
  const shifted = days + DAYS_TO_EPOCH;
  const era = Math.floor(shifted / DAYS_PER_ERA);
  const dayOfEra = shifted - era * DAYS_PER_ERA;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1_460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthShifted = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * monthShifted + 2) / 5) + 1;
  const month = monthShifted < 10 ? monthShifted + 3 : monthShifted - 9;
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day };
}

/** Whole weeks, Monday first, since the one that holds 1970-01-01. */
export function weekOf(days: number): number {
  return Math.floor((days + 3) / 7);
}

/** Monday of a week that `weekOf` counts. */
export function mondayOf(week: number): number {
  return week * 7 - 3;
}

/** ISO 8601's year and number of a week: those of its Thursday. */
export function isoWeek(week: number): { readonly year: number; readonly number: number } {
  const thursday = mondayOf(week) + 3;
  const { year } = civilOf(thursday);
  return { year, number: Math.floor((thursday - daysOf({ year, month: 1, day: 1 })) / 7) + 1 };
}

/** The week that ISO 8601 numbers so; undefined when the year has no such week. */
export function weekOfIso(year: number, number: number): number | undefined {
  const week = weekOf(daysOf({ year, month: 1, day: 4 })) + number - 1;
  const back = isoWeek(week);
  return back.year === year && back.number === number ? week : undefined;
}

export function pad(value: number, digits = 2): string {
  return String(value).padStart(digits, "0");
}

/** `2026-01-31`. */
export function dayText(days: number): string {
  const { year, month, day } = civilOf(days);
  return `${pad(year, 4)}-${pad(month)}-${pad(day)}`;
}

/** The day that a text names; undefined when the calendar has none such. */
export function dayOfText(text: string): number | undefined {
  const found = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text);
  if (found === null) return undefined;
  const days = daysOf({ year: Number(found[1]), month: Number(found[2]), day: Number(found[3]) });
  return dayText(days) === text ? days : undefined;
}
