// Is a string of JSON a date or a moment in ISO form? Only forms that mean one thing: 2026-01-31, 2026-01-31T08:00:00(.123456), the same with Z or ±hh:mm.
import { SEEN } from "./shape.ts";

const ZERO = 48;
const MINUS = 45;
const DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;
const FRACTION_DIGITS_MAX = 6;

/** One bit of SEEN: date, timestamp, instant or text. */
export function momentOf(bytes: Uint8Array, from: number, to: number): number {
  if (bytes[from + 4] !== MINUS || bytes[from + 7] !== MINUS) return SEEN.text;
  const year = two(bytes, from) * 100 + two(bytes, from + 2);
  const month = two(bytes, from + 5);
  const day = two(bytes, from + 8);
  if (!(year >= 1) || !(month >= 1 && month <= 12) || !(day >= 1 && day <= daysIn(year, month))) return SEEN.text;
  if (to - from === 10) return SEEN.date;
  const between = bytes[from + 10];
  if ((between !== 84 && between !== 32) || to - from < 19 || bytes[from + 13] !== 58 || bytes[from + 16] !== 58) return SEEN.text;
  if (!(two(bytes, from + 11) <= 23) || !(two(bytes, from + 14) <= 59) || !(two(bytes, from + 17) <= 59)) return SEEN.text;
  let at = from + 19;
  if (at < to && bytes[at] === 46) {
    const point = at++;
    while (at < to && isDigit(bytes[at])) at++;
    if (at === point + 1 || at > point + 1 + FRACTION_DIGITS_MAX) return SEEN.text;
  }
  if (at === to) return SEEN.timestamp;
  if (bytes[at] === 90 && at + 1 === to) return SEEN.instant;
  const isOffset = (bytes[at] === 43 || bytes[at] === MINUS) && at + 6 === to && bytes[at + 3] === 58;
  return isOffset && two(bytes, at + 1) <= 14 && two(bytes, at + 4) <= 59 ? SEEN.instant : SEEN.text;
}

/** Two digits, or NaN. */
function two(bytes: Uint8Array, from: number): number {
  return isDigit(bytes[from]) && isDigit(bytes[from + 1]) ? ((bytes[from] ?? 0) - ZERO) * 10 + (bytes[from + 1] ?? 0) - ZERO : Number.NaN;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= 57;
}

function daysIn(year: number, month: number): number {
  if (month !== 2) return DAYS[month - 1] ?? 31;
  return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
}
