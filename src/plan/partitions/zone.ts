// Instants and wall clocks of a time zone. A wall clock is milliseconds since 1970-01-01T00:00 as the zone's clocks show it.
//   Z1. `instantsAt` gives every instant at which the clocks show a time: none in a gap, two where clocks are set back.
//   Z2. `firstAt` of a time that clocks skip is the end of the gap: a day whose midnight is skipped begins when it first exists.
import { DAY_MS, daysOf, HOUR_MS, MINUTE_MS } from "./civil.ts";

/** Offsets change at quarters of an hour; that many quarters are remembered per zone. */
const OFFSETS_KEPT = 100_000;
const QUARTER_MS = 15 * MINUTE_MS;

interface Zone {
  readonly format: Intl.DateTimeFormat;
  readonly offsets: Map<number, number>;
}

const zones = new Map<string, Zone>();

/** What is added to an instant to have the zone's wall clock, in milliseconds. @throws RangeError for a zone that is not known. */
export function offsetAt(timezone: string, instantMs: number): number {
  if (timezone === "UTC") return 0;
  const zone = zoneOf(timezone);
  const quarter = Math.floor(instantMs / QUARTER_MS);
  const known = zone.offsets.get(quarter);
  if (known !== undefined) return known;
  if (zone.offsets.size >= OFFSETS_KEPT) zone.offsets.clear();
  const atMs = quarter * QUARTER_MS;
  const offset = wallOf(zone.format, atMs) - atMs;
  zone.offsets.set(quarter, offset);
  return offset;
}

/** The wall clock at an instant. */
export function wallAt(timezone: string, instantMs: number): number {
  return instantMs + offsetAt(timezone, instantMs);
}

/** Z1, in order. */
export function instantsAt(timezone: string, wallMs: number): readonly number[] {
  if (timezone === "UTC") return [wallMs];
  // No zone is further than a day from UTC, and none changes its clocks twice in two days.
  const offsets = new Set([offsetAt(timezone, wallMs - DAY_MS), offsetAt(timezone, wallMs + DAY_MS)]);
  return [...offsets]
    .map((offset) => wallMs - offset)
    .filter((instantMs) => wallAt(timezone, instantMs) === wallMs)
    .toSorted((a, b) => a - b);
}

/** Z2: the first instant at or after a wall clock. */
export function firstAt(timezone: string, wallMs: number): number {
  const [first] = instantsAt(timezone, wallMs);
  if (first !== undefined) return first;
  // Clocks were set forward over it: the change lies between the two readings of the wall clock, at a quarter of an hour.
  const before = offsetAt(timezone, wallMs - DAY_MS);
  const latestMs = wallMs - before;
  let atMs = Math.ceil((wallMs - offsetAt(timezone, wallMs + DAY_MS)) / QUARTER_MS) * QUARTER_MS;
  while (atMs < latestMs && offsetAt(timezone, atMs) === before) atMs += QUARTER_MS;
  return atMs;
}

/** `+0530`, `-0400`: how an offset stands in the key of an hour that happens twice. */
export function offsetText(offsetMs: number): string {
  const minutes = Math.round(Math.abs(offsetMs) / MINUTE_MS);
  return `${offsetMs < 0 ? "-" : "+"}${String(Math.floor(minutes / 60)).padStart(2, "0")}${String(minutes % 60).padStart(2, "0")}`;
}

function zoneOf(timezone: string): Zone {
  const known = zones.get(timezone);
  if (known !== undefined) return known;
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: timezone,
    calendar: "gregory",
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
    era: "short",
  });
  const zone: Zone = { format, offsets: new Map() };
  zones.set(timezone, zone);
  return zone;
}

function wallOf(format: Intl.DateTimeFormat, instantMs: number): number {
  const parts: Record<string, string> = {};
  for (const { type, value } of format.formatToParts(instantMs)) parts[type] = value;
  const year = parts["era"] === "BC" ? 1 - Number(parts["year"]) : Number(parts["year"]);
  const days = daysOf({ year, month: Number(parts["month"]), day: Number(parts["day"]) });
  return days * DAY_MS + Number(parts["hour"]) * HOUR_MS + Number(parts["minute"]) * MINUTE_MS + Number(parts["second"]) * 1_000;
}
