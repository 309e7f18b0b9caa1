// Times as people give and read them: ISO 8601, a day, a wall-clock time in the project's zone, or a duration from now.
import { parseDurationMs } from "../../model/duration.ts";
import { MillraceError } from "../../model/errors.ts";
import { zoneOf } from "../../schedule/zone.ts";

/** @throws MR1615. */
export function parseTime(text: string, { now, timezone }: { readonly now: number; readonly timezone: string }): number {
  const durationMs = parseDurationMs(text);
  if (durationMs !== undefined) return now + durationMs;
  const match = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?)(Z|[+-]\d{2}:\d{2})?)?$/.exec(text.trim());
  if (match !== null) {
    const [, date, time, offset] = match;
    const at = Date.parse(`${date}T${time ?? "00:00"}${offset ?? "Z"}`);
    if (!Number.isNaN(at)) return offset === undefined ? zoneOf(timezone)!.instantOf(at) : at;
  }
  throw new MillraceError({
    code: "MR1615",
    message: `${JSON.stringify(text)} is no time`,
    hint: "write 2026-01-31T06:00:00Z, 2026-01-31 or 2h",
  });
}

const formats = new Map<string, Intl.DateTimeFormat>();
/** Each knows the names of other zones (EST, CET); what neither knows is written GMT+5:45. */
const LOCALES = ["en-US", "en-GB"];

/** `Mon 2026-11-23 06:00 EST` */
export function localTime(at: number, timezone: string): string {
  const parts = LOCALES.map(
    (locale) =>
      new Map(
        formatOf(locale, timezone)
          .formatToParts(at)
          .map(({ type, value }) => [type, value]),
      ),
  );
  const names = parts.map((part) => part.get("timeZoneName")!);
  const [part] = parts;
  const text = (type: Intl.DateTimeFormatPartTypes): string => part!.get(type)!;
  const seconds = text("second") === "00" ? "" : `:${text("second")}`;
  const day = `${text("weekday")} ${text("year")}-${text("month")}-${text("day")}`;
  return `${day} ${text("hour")}:${text("minute")}${seconds} ${names.find((name) => !/^(GMT|UTC)./.test(name)) ?? names[0]!}`;
}

function formatOf(locale: string, timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(`${locale} ${timeZone}`);
  if (known !== undefined) return known;
  const two = "2-digit" as const;
  const date = { weekday: "short", year: "numeric", month: two, day: two } as const;
  const format = new Intl.DateTimeFormat(locale, {
    timeZone,
    hourCycle: "h23",
    ...date,
    hour: two,
    minute: two,
    second: two,
    timeZoneName: "short",
  });
  formats.set(`${locale} ${timeZone}`, format);
  return format;
}
