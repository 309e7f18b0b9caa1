// Serial numbers of workbooks as dates and times. Excel's 1900 system believes in a 29th of February 1900; the 1904 system begins elsewhere.
import { dayText } from "../avro/moments.ts";

/** What a number stands for by the format of its cell. */
export type NumberKind = 0 | 1 | 2 | 3;
export const NUMBER = 0;
export const MOMENT = 1;
/** Hours, minutes, seconds without a day. */
export const CLOCK = 2;
/** Hours beyond a day: `[h]:mm`. */
export const ELAPSED = 3;

const DAY_MS = 86_400_000;
/** Days from 1970-01-01 back to the beginning of each system. */
const EPOCH_1900_DAYS = -25_569;
const EPOCH_1904_DAYS = -24_107;
/** 9999-12-31 in the 1900 system. */
const SERIAL_MAX = 2_958_465;
const days = new Map<number, string>();

/** The built-in formats by number: 14–17, 22 days, 18–21, 45–47 clocks, 27–36 and 50–58 days of East Asia. */
export function builtinKind(id: number): NumberKind {
  if ((id >= 14 && id <= 17) || id === 22 || (id >= 27 && id <= 31) || id === 36 || (id >= 50 && id <= 58)) return MOMENT;
  if (id === 46) return ELAPSED;
  return (id >= 18 && id <= 21) || (id >= 32 && id <= 35) || id === 45 || id === 47 ? CLOCK : NUMBER;
}

/** What a format such as `yyyy\-mm\-dd` or `[h]:mm` makes of a number. */
export function kindOfFormat(code: string): NumberKind {
  const [first = ""] = code
    .replaceAll(/"[^"]*"|\\.|_.|\*./g, "")
    .replaceAll(/\[(?!h+\]|m+\]|s+\])[^\]]*\]/gi, "")
    .split(";");
  if (/general|@/i.test(first) || !/[ymdhs]/i.test(first)) return NUMBER;
  if (/[0#?]/.test(first.replaceAll(/[hms]+\]?\.0+|\.0+/gi, ""))) return NUMBER;
  if (/\[[hms]+\]/i.test(first)) return ELAPSED;
  const hasClock = /[hs]/i.test(first);
  return /[yd]/i.test(first) || (!hasClock && /m/i.test(first)) ? MOMENT : CLOCK;
}

/** ISO text of a serial number; null when no date has it (then the number itself stands). */
export function serialText(serial: number, kind: NumberKind, is1904: boolean): string | null {
  if (!(serial >= 0) || serial > SERIAL_MAX + 1) return null;
  if (kind === ELAPSED) return durationText(serial);
  let day = Math.floor(serial);
  let ms = Math.round((serial - day) * DAY_MS);
  if (ms === DAY_MS) {
    day++;
    ms = 0;
  }
  if (kind === CLOCK && day === 0) return clock(ms);
  if (!is1904 && day === 0) return ms === 0 ? null : clock(ms);
  if (!is1904 && day === 60) return null; // a day that never was
  const unix = day + (is1904 ? EPOCH_1904_DAYS : EPOCH_1900_DAYS) + (!is1904 && day < 60 ? 1 : 0);
  let text = days.get(unix);
  if (text === undefined) days.set(unix, (text = dayText(unix).day));
  return ms === 0 ? text : `${text} ${clock(ms)}`;
}

function durationText(serial: number): string {
  const ms = Math.round(serial * DAY_MS);
  const hours = Math.floor(ms / 3_600_000);
  return `${String(hours).padStart(2, "0")}${clock(ms % 3_600_000).slice(2)}`;
}

function clock(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const rest = ms % 1000;
  const text = `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return rest === 0 ? text : `${text}.${String(rest).padStart(3, "0").replace(/0+$/, "")}`;
}

function two(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}
