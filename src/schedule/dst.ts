// What the changes of the clocks do to a schedule: a time that a day does not have, or has twice.
import type { CronTimes } from "./cron.ts";
import { dateText, type Transition, type Zone } from "./zone.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** Transitions that are told. */
const WARNINGS_MAX = 4;

export interface DstWarning {
  readonly at: number;
  readonly kind: "gap" | "twice";
  readonly text: string;
}

/** What happens between `from` and `to`, oldest first. Schedules of every hour follow real time and have nothing to be warned of. */
export function dstWarnings(
  cron: CronTimes,
  zone: Zone,
  { from, to }: { readonly from: number; readonly to: number },
): readonly DstWarning[] {
  if (!cron.isFixed && !cron.hasHours) return [];
  return zone
    .transitions(from, to)
    .flatMap((transition) => (transition.after > transition.before ? gap(cron, zone, transition) : twice(cron, zone, transition)))
    .slice(0, WARNINGS_MAX);
}

/** A quick no, for schedules that have nothing to do with these hours of the wall clock. */
function isElsewhere({ hours }: CronTimes, from: number, to: number): boolean {
  if (hours === null || to - from > DAY_MS / 2) return false;
  const [first, last] = [from, to - 1].map((wall) => Math.floor((((wall % DAY_MS) + DAY_MS) % DAY_MS) / HOUR_MS));
  return !hours.some((hour) => (first! <= last! ? hour >= first! && hour <= last! : hour >= first! || hour <= last!));
}

function gap(cron: CronTimes, zone: Zone, { at, before, after }: Transition): readonly DstWarning[] {
  if (isElsewhere(cron, at + before, at + after)) return [];
  const wall = cron.nextWall(at + before - 1);
  if (wall === null || wall >= at + after) return [];
  const missing = `${clock(wall)} on ${dateText(Math.floor(wall / DAY_MS))} does not exist in ${zone.name}`;
  const text = cron.isFixed
    ? `${missing}: it fires at ${clock(at + after)}, when the clocks have gone forward`
    : `${missing}: it does not fire then`;
  return [{ at, kind: "gap", text }];
}

function twice(cron: CronTimes, zone: Zone, { at, before, after }: Transition): readonly DstWarning[] {
  if (isElsewhere(cron, at + after, at + before)) return [];
  const wall = cron.nextWall(at + after - 1);
  if (wall === null || wall >= at + before) return [];
  const both = `${clock(wall)} on ${dateText(Math.floor(wall / DAY_MS))} happens twice in ${zone.name}`;
  return [{ at, kind: "twice", text: cron.isFixed ? `${both}: it fires the first time only` : `${both}: it fires both times` }];
}

function clock(wall: number): string {
  return new Date(wall).toISOString().slice(11, 16);
}
