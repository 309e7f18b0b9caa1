// What the clocks on the walls of a zone show, by Intl.

/** Throws a RangeError when there is no such zone. */
export function wallClockFormat(timezone: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat("en-US", {
    timeZone: timezone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
}

/** Milliseconds by which the clocks of a format's zone are ahead of UTC at an instant. */
export function clockOffsetMs(format: Intl.DateTimeFormat, at: number): number {
  const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
  const [year, month, day] = [parts.get("year")!, parts.get("month")!, parts.get("day")!];
  const wall = Date.UTC(year, month - 1, day, parts.get("hour"), parts.get("minute"), parts.get("second"));
  return wall - Math.floor(at / 1_000) * 1_000;
}
