// A schedule in words: `at 06:00 on Monday to Friday, New York time`.
import { fieldsOf } from "./cron.ts";
import type { ScheduleSpec } from "./spec.ts";

const WEEKDAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
const ORDINALS = ["first", "second", "third", "fourth", "fifth"];
/** Times of day that are listed one by one. */
const LISTED_MAX = 6;
const UNITS: Readonly<Record<string, string>> = { ms: "millisecond", s: "second", m: "minute", h: "hour", d: "day" };

export function scheduleWords(
  spec: ScheduleSpec,
  { zone, calendar }: { readonly zone: string; readonly calendar: string | undefined },
): string {
  const when =
    spec.cron === undefined ? `every ${durationWords(spec.every ?? "").replace(/^1 /, "")}` : `${cronWords(spec.cron)}, ${zoneWords(zone)}`;
  const jitter = spec.jitter === undefined ? "" : `, up to ${durationWords(spec.jitter)} later`;
  return `${when}${calendarWords(spec, calendar)}${jitter}`;
}

/** `at 06:00 on Monday to Friday` */
export function cronWords(expression: string): string {
  const [second, minute, hour, day, month, weekday] = fieldsOf(expression) as [string, string, string, string, string, string];
  const days = dayWords(day, weekday);
  const months = isAny(month) ? "" : ` in ${list(month, (value) => nameOf(value, MONTHS, 1))}`;
  return `${timeWords(second, minute, hour)}${days}${months}`;
}

/** `2 minutes` */
export function durationWords(text: string): string {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text.trim());
  if (match === null) return text;
  const [, number, unit] = match;
  return `${number} ${UNITS[unit!]}${number === "1" ? "" : "s"}`;
}

/** `New York time` of `America/New_York`. */
export function zoneWords(zone: string): string {
  if (/^(UTC|Etc\/.*|GMT)$/.test(zone)) return zone.replace(/^Etc\//, "");
  return `${zone.split("/").at(-1)!.replaceAll("_", " ")} time`;
}

function calendarWords({ nonWorkingDay }: ScheduleSpec, calendar: string | undefined): string {
  if (calendar === undefined) return "";
  if (nonWorkingDay === "nextWorkingDay") return `, moved to the next working day of ${calendar}`;
  if (nonWorkingDay === "previousWorkingDay") return `, moved to the previous working day of ${calendar}`;
  return `, not on days off of ${calendar}`;
}

function timeWords(second: string, minute: string, hour: string): string {
  const [seconds, minutes, hours] = [numbers(second), numbers(minute), numbers(hour)];
  if (seconds !== null && minutes !== null && hours !== null && seconds.length * minutes.length * hours.length <= LISTED_MAX) {
    const withSeconds = !(seconds.length === 1 && seconds[0] === 0);
    const times = hours.flatMap((h) => minutes.flatMap((m) => seconds.map((s) => [h, m, ...(withSeconds ? [s] : [])].map(two).join(":"))));
    return `at ${joined(times)}`;
  }
  const within = isAny(hour) ? "" : hourWords(hour);
  if (second !== "0") return `${partWords(second, "second")}${isAny(minute) ? "" : ` ${pastWords(minute, "minute")}`}${within}`;
  if (minute === "0" && isAny(hour)) return "every hour";
  if (minute === "0" && isStep(hour) && hour.startsWith("*")) return `every ${hour.slice(2)} hours`;
  if (minutes !== null && isAny(hour))
    return `${joined(minutes.map((m) => `${m}`))} ${minutes.length === 1 && minutes[0] === 1 ? "minute" : "minutes"} past every hour`;
  return `${partWords(minute, "minute")}${within}`;
}

function hourWords(hour: string): string {
  const range = /^(\d+)-(\d+)$/.exec(hour);
  if (range !== null) return ` from ${two(Number(range[1]))}:00 to ${two(Number(range[2]))}:59`;
  if (isStep(hour)) return ` of ${partWords(hour, "hour")}`;
  return ` of the ${numbers(hour)?.length === 1 ? "hour" : "hours"} ${list(hour, (value) => two(Number(value)))}`;
}

/** `every 5 minutes`, `every minute`, `minutes 5 and 10` */
function partWords(field: string, unit: string): string {
  if (isAny(field)) return `every ${unit}`;
  const step = /^(.+)\/(\d+)$/.exec(field);
  if (step !== null) {
    const every = step[2] === "1" ? `every ${unit}` : `every ${step[2]} ${unit}s`;
    return step[1] === "*" ? every : `${every} from ${unit} ${step[1]!.replace("-", " to ")}`;
  }
  return pastWords(field, unit);
}

function pastWords(field: string, unit: string): string {
  return `at ${unit} ${list(field, (value) => value)}`;
}

function dayWords(day: string, weekday: string): string {
  const dayText = isAny(day) ? "" : ` on ${monthDayWords(day)}`;
  const weekdayText = isAny(weekday) ? "" : ` on ${list(weekday, weekdayWords)}`;
  if (dayText !== "" && weekdayText !== "") return `${dayText} or${weekdayText}`;
  return `${dayText}${weekdayText}`;
}

function monthDayWords(day: string): string {
  if (day === "L") return "the last day of the month";
  if (day === "LW") return "the last weekday of the month";
  const nearest = /^(\d+)W$/.exec(day);
  if (nearest !== null) return `the weekday nearest to day ${nearest[1]} of the month`;
  if (isStep(day) && day.startsWith("*")) return `every ${day.slice(2)} days from day 1 of the month`;
  return `${/[,-]/.test(day) ? "days" : "day"} ${list(day, (value) => (value === "L" ? "the last" : value))} of the month`;
}

function weekdayWords(value: string): string {
  const nth = /^(\w+)#(\d|L)$/.exec(value);
  if (nth !== null) return `the ${nth[2] === "L" ? "last" : ORDINALS[Number(nth[2]) - 1]} ${nameOf(nth[1]!, WEEKDAYS, 0)} of the month`;
  const last = /^(\w+)L$/.exec(value);
  if (last !== null) return `the last ${nameOf(last[1]!, WEEKDAYS, 0)} of the month`;
  return nameOf(value, WEEKDAYS, 0);
}

/** A number or the first letters of a name, as the name. */
function nameOf(value: string, names: readonly string[], first: number): string {
  if (/^\d+$/.test(value)) return names[Number(value) - first] ?? value;
  return names.find((name) => name.toUpperCase().startsWith(value)) ?? value;
}

/** `Monday to Friday`, `1, 15 and 20` */
function list(field: string, word: (value: string) => string): string {
  return joined(
    field.split(",").map((part) => {
      const range = /^([^-/]+)-([^-/]+)(?:\/(\d+))?$/.exec(part);
      if (range === null) return word(part);
      const step = range[3] === undefined ? "" : ` (every ${range[3]})`;
      return `${word(range[1]!)} to ${word(range[2]!)}${step}`;
    }),
  );
}

function joined(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}

/** The numbers of a list; null where the field has anything else. */
function numbers(field: string): readonly number[] | null {
  const parts = field.split(",");
  return parts.every((part) => /^\d+$/.test(part)) ? parts.map(Number) : null;
}

function isAny(field: string): boolean {
  return field === "*" || field === "?";
}

function isStep(field: string): boolean {
  return /\/\d+$/.test(field);
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
