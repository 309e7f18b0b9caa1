// A schedule as users write it → its fire times. Made once and asked often: what is parsed is kept. No clock in here; every time is an argument.
import { parseDurationMs } from "../model/duration.ts";
import { type ErrorCode, MillraceError, messageOf } from "../model/errors.ts";
import type { FireTimes } from "../model/fire-times.ts";
import type { Calendar } from "./calendar.ts";
import { type CronTimes, cronTimes } from "./cron.ts";
import { dstWarnings, type DstWarning } from "./dst.ts";
import { jitterOf } from "./jitter.ts";
import type { ScheduleSpec } from "./spec.ts";
import { moveDaysOff, skipDaysOff, type Times } from "./working-days.ts";
import { scheduleWords } from "./words.ts";
import { type Zone, zoneOf } from "./zone.ts";

export interface ScheduleContext {
  /** Seed of the jitter: the job and its trigger. */
  readonly id: string;
  /** Where the schedule says none. */
  readonly timezone: string;
  readonly calendar?: Calendar | undefined;
}

export interface Schedule extends FireTimes {
  readonly zone: Zone;
  /** `at 06:00 on Monday to Friday, New York time` */
  readonly words: string;
  warnings(from: number, to: number): readonly DstWarning[];
}

/** The shortest interval; more often than that is a stream. */
const EVERY_MIN_MS = 1_000;
/** A time from which a schedule is tried when it is made; any would do, since all of them repeat. */
const TRIED_FROM = Date.UTC(2024, 0, 1);

/** What is wrong, with the key of the definition that it is about. */
export class ScheduleError extends MillraceError {
  readonly key: keyof ScheduleSpec;
  constructor(key: keyof ScheduleSpec, code: ErrorCode, message: string, hint?: string) {
    super({ code, message, ...(hint === undefined ? {} : { hint }) });
    this.key = key;
  }
}

/** @throws ScheduleError MR1601–MR1605. */
export function compileSchedule(spec: ScheduleSpec, context: ScheduleContext): Schedule {
  const name = spec.timezone ?? context.timezone;
  const zone = zoneOf(name);
  if (zone === undefined)
    throw new ScheduleError("timezone", "MR1603", `there is no time zone ${JSON.stringify(name)}`, "for example Europe/Berlin or UTC");
  const cron = spec.cron === undefined ? undefined : readCron(spec.cron, zone);
  const times = onCalendar(cron ?? interval(spec.every ?? ""), cron, { spec, calendar: context.calendar, zone });
  const isSure = context.calendar === undefined && (cron?.isEveryMonth ?? true);
  if (!isSure && times.next(TRIED_FROM) === null) {
    const key = spec.cron === undefined ? "every" : "cron";
    const where = context.calendar === undefined ? "" : ` on working days of ${context.calendar.name}`;
    throw new ScheduleError(
      key,
      "MR1601",
      `${spec.cron ?? spec.every} never fires${where}`,
      "there is no such day, or the calendar leaves none of them",
    );
  }
  return {
    zone,
    words: scheduleWords(spec, { zone: zone.name, calendar: context.calendar?.name }),
    next: (after) => times.next(after),
    previous: (before) => times.previous(before),
    delayMs: jitterOf({ id: context.id, mostMs: parseDurationMs(spec.jitter ?? "") ?? 0, times }),
    warnings: (from, to) => (cron === undefined ? [] : dstWarnings(cron, zone, { from, to })),
  };
}

function readCron(expression: string, zone: Zone): CronTimes {
  try {
    return cronTimes(expression, zone);
  } catch (error) {
    const words = messageOf(error).replace(/^CronPattern: /, "");
    throw new ScheduleError("cron", "MR1602", `${JSON.stringify(expression)} is no cron expression: ${words}`, cronHint(expression));
  }
}

function cronHint(expression: string): string {
  const fields = expression.trim().split(/\s+/).length;
  if (fields !== 5 && fields !== 6)
    return `it has ${fields} ${fields === 1 ? "field" : "fields"}; 5 are minute hour day month weekday, a sixth in front is the second`;
  return "for example 0 6 * * 1-5: at 06:00 from Monday to Friday";
}

/** Multiples of the interval since 1970, so that every engine has the same times. */
function interval(text: string): Times {
  const everyMs = parseDurationMs(text) ?? 0;
  if (everyMs < EVERY_MIN_MS) throw new ScheduleError("every", "MR1604", `every: ${text} is too often`, "at least 1s");
  return {
    next: (after) => (Math.floor(after / everyMs) + 1) * everyMs,
    previous: (before) => (Math.ceil(before / everyMs) - 1) * everyMs,
  };
}

interface OnCalendar {
  readonly spec: ScheduleSpec;
  readonly calendar: Calendar | undefined;
  readonly zone: Zone;
}

function onCalendar(times: Times, cron: CronTimes | undefined, { spec, calendar, zone }: OnCalendar): Times {
  const rule = spec.nonWorkingDay ?? "skip";
  if (rule !== "skip" && (calendar === undefined || cron === undefined)) {
    const why = calendar === undefined ? "a calendar" : "cron: an interval has no time of day";
    throw new ScheduleError("nonWorkingDay", "MR1605", `nonWorkingDay: ${rule} needs ${why}`);
  }
  if (calendar === undefined) return times;
  switch (rule) {
    case "skip":
      return skipDaysOff(times, calendar, zone);
    case "nextWorkingDay":
      return moveDaysOff(cron!, { calendar, zone, to: "next" });
    case "previousWorkingDay":
      return moveDaysOff(cron!, { calendar, zone, to: "previous" });
    default:
      return rule satisfies never;
  }
}
