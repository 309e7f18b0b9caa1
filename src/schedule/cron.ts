// The times of a cron expression in a time zone (PROJECT §10 "Clock"): a fixed time that a gap swallows fires once at the gap's end, one that happens
// twice fires the first time; steps and wildcards follow real time. croner reads the expression and walks the wall clock, as if it were UTC; what the
// zone makes of it is decided here, with offsets that are kept (croner would ask Intl for each step: half of the cost of a start with 1,000 schedules).
import { Cron } from "croner";
import type { Zone } from "./zone.ts";

export interface CronTimes {
  /** Hours, minutes and seconds are plain numbers: it happens at times of day, not every so often. */
  readonly isFixed: boolean;
  /** The hours are restricted, so that a gap may leave a day without any. */
  readonly hasHours: boolean;
  /** The plain hours; null where the field says more than numbers. */
  readonly hours: readonly number[] | null;
  /** Some day of every month fits, or some weekday: it fires, whatever the month. */
  readonly isEveryMonth: boolean;
  next(after: number): number | null;
  previous(before: number): number | null;
  /** The same on the wall clock, with times as if they were UTC; null when there is none. */
  nextWall(after: number): number | null;
}

const OPTIONS = { mode: "5-or-6-parts", utcOffset: 0, paused: true } as const;
/** Changes of the offset that lie between two times of an expression; 29 February comes every eighth year at the latest. */
const TRANSITIONS_MAX = 100;

/** @throws Error of croner, in its words, for an expression that cannot be read. */
export function cronTimes(expression: string, zone: Zone): CronTimes {
  const text = expression.trim();
  const cron = withSharedYears(new Cron(text, OPTIONS));
  const fields = fieldsOf(text);
  const isFixed = fields.slice(0, 3).every((field) => !/[*?/]/.test(field));
  const wall: WallTimes = {
    next: (after) => cron.nextRun(new Date(after))?.getTime() ?? null,
    // croner looks back from whole seconds.
    previous: (before) => cron.previousRuns(1, new Date(Math.ceil(before / 1_000) * 1_000))[0]?.getTime() ?? null,
  };
  const times = isFixed ? fixedTimes(wall, zone) : realTimes(wall, zone);
  const hours = /^\d+(,\d+)*$/.test(fields[2]!) ? fields[2]!.split(",").map(Number) : null;
  const isEveryMonth = /^[*?]$/.test(fields[3]!);
  return { isFixed, hasHours: !/^[*?]$/.test(fields[2]!), hours, isEveryMonth, ...times, nextWall: wall.next };
}

interface CronYears {
  year?: readonly number[];
  readonly starYear?: boolean;
}

const EVERY_YEAR: readonly number[] = Array.from<number>({ length: 10_000 }).fill(1);

/** croner keeps 80 kB of years for each expression; ours name no year and share them, or 1,000 schedules would hold 80 MB. */
function withSharedYears(cron: Cron): Cron {
  const { _states: states } = cron as unknown as { readonly _states?: { readonly pattern?: CronYears } };
  const pattern = states?.pattern;
  if (pattern?.starYear === true && pattern.year?.length === EVERY_YEAR.length) pattern.year = EVERY_YEAR;
  return cron;
}

/** Strictly after and before. */
interface WallTimes {
  readonly next: (after: number) => number | null;
  readonly previous: (before: number) => number | null;
}

/** Each time of the wall clock is one instant, and later ones are not earlier; several in a gap are one. */
function fixedTimes(wall: WallTimes, zone: Zone): WallTimes {
  return {
    next(after) {
      for (let time = wall.next(after + zone.offsetAt(after)); time !== null; time = wall.next(time)) {
        const at = zone.instantOf(time);
        if (at > after) return at;
      }
      return null;
    },
    previous(before) {
      // In the second of two equal hours, what comes later on the wall clock may lie behind.
      const start = Math.max(
        ...[before - 1, ...zone.transitions(before - DAY_MS, before - 1).map(({ at }) => at - 1)].map((at) => at + zone.offsetAt(at)),
      );
      for (let time = wall.previous(start + 1_000); time !== null; time = wall.previous(time)) {
        const at = zone.instantOf(time);
        if (at < before) return at;
      }
      return null;
    },
  };
}

/** Every instant at which the wall clock shows a time: none of a gap, both of a time that happens twice. */
function realTimes(wall: WallTimes, zone: Zone): WallTimes {
  return {
    next(after) {
      let from = after;
      let fromWall = after + zone.offsetAt(after);
      for (let steps = 0; steps < TRANSITIONS_MAX; steps++) {
        const time = wall.next(fromWall);
        if (time === null) return null;
        const at = time - zone.offsetAt(from);
        const [change] = zone.transitions(from, at);
        if (change === undefined) return at;
        from = change.at;
        fromWall = change.at + change.after - 1;
      }
      return null;
    },
    previous(before) {
      let to = before;
      let offset = zone.offsetAt(before - 1);
      for (let steps = 0; steps < TRANSITIONS_MAX; steps++) {
        const time = wall.previous(to + offset);
        if (time === null) return null;
        const at = time - offset;
        const change = zone.transitions(at, to - 1).at(-1);
        if (change === undefined) return at;
        to = change.at;
        offset = change.before;
      }
      return null;
    },
  };
}

const DAY_MS = 86_400_000;

const NICKNAMES: Readonly<Record<string, string>> = {
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
  "@monthly": "0 0 1 * *",
  "@weekly": "0 0 * * 0",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@hourly": "0 * * * *",
};

/** Second, minute, hour, day, month, weekday. */
export function fieldsOf(expression: string): readonly string[] {
  const text = expression.trim();
  const fields = (NICKNAMES[text.toLowerCase()] ?? text).toUpperCase().split(/\s+/);
  return fields.length === 5 ? ["0", ...fields] : fields;
}
