// Which days are worked on: weekdays, public holidays of a country, days of a CSV file, single days and exceptions.
import type { CalendarSpec } from "../model/definitions/project.ts";
import { MillraceError } from "../model/errors.ts";
import { dateText, dayOfText, weekdayOf } from "./zone.ts";

export interface Calendar {
  readonly name: string;
  /** A day off by name: a holiday, a day of the list, or a weekday that `on` or `weekends` leaves out. */
  isOff(day: number): boolean;
  /** A day on which work is done: not off, and from Monday to Friday where the calendar says nothing of weekdays. */
  isWorking(day: number): boolean;
}

export interface CalendarRequest {
  readonly name: string;
  readonly spec: CalendarSpec;
  /** Text of the CSV file, where the calendar has one. */
  readonly fileText?: string;
}

const WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] as const;
const WORKDAYS: ReadonlySet<number> = new Set([1, 2, 3, 4, 5]);
const ALL_DAYS: ReadonlySet<number> = new Set([0, 1, 2, 3, 4, 5, 6]);

/** @throws MR1607 (no days), MR1608 (a day that is none), MR1609 (no such country, state or region). */
export async function openCalendar({ name, spec, fileText }: CalendarRequest): Promise<Calendar> {
  const listed = fileText === undefined ? [] : readDays(fileText, `${spec.file}`);
  const off = new Set([...daysOf(spec.dates ?? [], `dates of ${name}`), ...listed.filter((row) => !row.working).map((row) => row.day)]);
  const working = new Set([
    ...daysOf(spec.except ?? [], `except of ${name}`),
    ...listed.filter((row) => row.working).map((row) => row.day),
  ]);
  const holidays = spec.country === undefined ? undefined : await holidaysOf(name, spec, spec.country);
  if (off.size === 0 && holidays === undefined && spec.on === undefined && spec.weekends === undefined)
    throw new MillraceError({
      code: "MR1607",
      message: `the calendar ${name} has no days`,
      hint: "give it a country, a file, dates, or weekdays with on:",
    });
  const named = spec.on === undefined ? undefined : new Set(spec.on.map((word) => WEEKDAYS.indexOf(word)));
  const saidDays = named ?? (spec.weekends === undefined ? undefined : spec.weekends ? ALL_DAYS : WORKDAYS);
  const isHoliday = (day: number): boolean => off.has(day) || (holidays?.(day) ?? false);
  return {
    name,
    isOff: (day) => !working.has(day) && (isHoliday(day) || saidDays?.has(weekdayOf(day)) === false),
    isWorking: (day) => working.has(day) || (!isHoliday(day) && (saidDays ?? WORKDAYS).has(weekdayOf(day))),
  };
}

/** Rows of `date[,name][,working]`, with or without a header; also with `;`. */
export function readDays(text: string, file: string): readonly { readonly day: number; readonly working: boolean }[] {
  const lines = text.replace(/^\uFEFF/, "").split(/\r\n|\n|\r/);
  const cellsOf = (line: string): readonly string[] =>
    line.split(line.includes(";") ? ";" : ",").map((cell) => cell.trim().replaceAll(/^"|"$/g, ""));
  const header = cellsOf(lines[0] ?? "").map((cell) => cell.toLowerCase());
  const hasHeader = header.includes("date") || header.includes("day");
  const dateAt = hasHeader ? Math.max(header.indexOf("date"), header.indexOf("day")) : 0;
  const workingAt = header.indexOf("working");
  return lines.flatMap((line, index) => {
    if (line.trim() === "" || line.startsWith("#") || (index === 0 && hasHeader)) return [];
    const cells = cellsOf(line);
    const day = dayOfText(cells[dateAt] ?? "");
    if (day === undefined) {
      throw new MillraceError({
        code: "MR1608",
        message: `${JSON.stringify(cells[dateAt] ?? "")} is no day`,
        location: { file, line: index + 1, column: 1, text },
        hint: "write 2026-12-24",
      });
    }
    return [{ day, working: workingAt >= 0 && /^(true|yes|1)$/i.test(cells[workingAt] ?? "") }];
  });
}

function daysOf(texts: readonly string[], where: string): readonly number[] {
  return texts.map((text) => {
    const day = dayOfText(text);
    if (day === undefined)
      throw new MillraceError({ code: "MR1608", message: `${JSON.stringify(text)} in ${where} is no day`, hint: "write 2026-12-24" });
    return day;
  });
}

/** The country's days off, year by year as they are asked for. */
async function holidaysOf(name: string, spec: CalendarSpec, country: string): Promise<(day: number) => boolean> {
  const { default: Holidays } = await import("date-holidays");
  const [state, region] = [spec.state ?? spec.region, spec.state === undefined ? undefined : spec.region];
  const known = new Holidays();
  const [countryId, stateId] = [country.toUpperCase(), state?.toUpperCase()];
  const refuse = (what: string, ids: readonly string[]): never => {
    const listed = ids.length === 0 ? "it has none" : `known: ${ids.join(", ")}`;
    throw new MillraceError({ code: "MR1609", message: `the calendar ${name}: there is no ${what}`, hint: listed });
  };
  if (!Object.hasOwn(known.getCountries(), countryId)) refuse(`country ${country}`, Object.keys(known.getCountries()));
  const states = Object.keys(known.getStates(countryId) ?? {});
  const stateKey = states.find((id) => id.toUpperCase() === stateId);
  if (state !== undefined && stateKey === undefined) refuse(`state ${state} in ${countryId}`, states);
  const regions = stateKey === undefined ? [] : Object.keys(known.getRegions(countryId, stateKey) ?? {});
  const regionKey = regions.find((id) => id.toUpperCase() === region?.toUpperCase());
  if (region !== undefined && regionKey === undefined) refuse(`region ${region} in ${countryId}-${stateKey}`, regions);
  const table =
    regionKey !== undefined
      ? new Holidays(countryId, stateKey!, regionKey)
      : stateKey !== undefined
        ? new Holidays(countryId, stateKey)
        : new Holidays(countryId);
  const kinds: readonly string[] = spec.holidays ?? ["public", "bank"];
  const years = new Map<number, ReadonlySet<string>>();
  return (day) => {
    const date = dateText(day);
    const year = Number(date.slice(0, 4));
    let days = years.get(year);
    if (days === undefined) {
      const found = table.getHolidays(year).filter(({ type }) => kinds.includes(type));
      days = new Set(found.map((holiday) => holiday.date.slice(0, 10)));
      years.set(year, days);
    }
    return days.has(date);
  };
}
