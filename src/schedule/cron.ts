// The times of a cron expression in a time zone (PROJECT §10 "Clock"): a fixed time that a gap swallows fires once at the gap's end, one that happens
// twice fires the first time; steps and wildcards follow real time.
import { Cron } from "croner";
import type { Zone } from "./zone.ts";

export interface CronTimes {
  /** Hours, minutes and seconds are plain numbers: it happens at times of day, not every so often. */
  readonly isFixed: boolean;
  /** The hours are restricted, so that a gap may leave a day without any. */
  readonly hasHours: boolean;
  next(after: number): number | null;
  previous(before: number): number | null;
  /** The same on the wall clock, with times as if they were UTC; null when there is none. */
  nextWall(after: number): number | null;
}

const OPTIONS = { mode: "5-or-6-parts", fixedTimeRule: "no-wildcard", paused: true } as const;

/** @throws Error of croner, in its words, for an expression that cannot be read. */
export function cronTimes(expression: string, zone: Zone): CronTimes {
  const text = expression.trim();
  const cron = cronIn(text, zone.name);
  let wall: Cron | undefined;
  const fields = fieldsOf(text);
  return {
    isFixed: fields.slice(0, 3).every((field) => !/[*?/]/.test(field)),
    hasHours: !/^[*?]$/.test(fields[2]!),
    next: (after) => cron.nextRun(new Date(after))?.getTime() ?? null,
    // croner looks back from whole seconds.
    previous: (before) => cron.previousRuns(1, new Date(Math.ceil(before / 1_000) * 1_000))[0]?.getTime() ?? null,
    nextWall: (after) => (wall ??= cronIn(text, "UTC")).nextRun(new Date(after))?.getTime() ?? null,
  };
}

const EVERY_YEAR: readonly number[] = Array.from<number>({ length: 10_000 }).fill(1);

/** croner keeps 80 kB of years for each expression; ours name no year and share them, or 1,000 schedules would hold 80 MB. */
function cronIn(text: string, timezone: string): Cron {
  const cron = new Cron(text, { ...OPTIONS, timezone });
  const { pattern } =
    (cron as unknown as { readonly _states?: { readonly pattern?: { year?: readonly number[]; readonly starYear?: boolean } } })._states ??
    {};
  if (pattern?.starYear === true && pattern.year?.length === EVERY_YEAR.length) pattern.year = EVERY_YEAR;
  return cron;
}

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
