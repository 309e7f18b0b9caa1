// Types of parameters as text: what the command line, a trigger and a default give must be of the declared type.
import type { ParamSpec } from "./definitions/job.ts";

const DATE = /^(\d{4})-(\d\d)-(\d\d)/;

/** True when the text is a value of the type. A day that is not in the calendar (2026-02-30) is none. */
export function isOfType(value: string, type: ParamSpec["type"]): boolean {
  switch (type) {
    case "string":
      return true;
    case "integer":
      return /^-?\d+$/.test(value);
    case "number":
      return value.trim() !== "" && Number.isFinite(Number(value));
    case "boolean":
      return value === "true" || value === "false";
    case "date":
      return /^\d{4}-\d\d-\d\d$/.test(value) && isDay(value);
    case "timestamp":
      return /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d/.test(value) && isDay(value) && !Number.isNaN(Date.parse(value));
    default:
      return type satisfies never;
  }
}

/** The date that a text begins with is a day of the calendar. `Date.parse` alone takes 2026-02-30 for the 2nd of March. */
export function isDay(text: string): boolean {
  const [, year, month, day] = DATE.exec(text) ?? [];
  const at = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  return at.getUTCMonth() === Number(month) - 1 && at.getUTCDate() === Number(day);
}
