// The schedules of a project, made once: their calendars opened, what is wrong told at its place in the user's file.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { JobTrigger } from "../model/triggers.ts";
import { MillraceError, messageOf } from "../model/errors.ts";
import type { Calendar } from "../schedule/calendar.ts";
import type { Schedule } from "../schedule/schedule.ts";
import type { Document, Path } from "./document.ts";
import { type Reader, tell } from "./reader.ts";
import { hintFor } from "./validate.ts";

/** Schedules by `JOB/TRIGGER`. */
export type ProjectSchedules = ReadonlyMap<string, Schedule>;

export interface ScheduleReader {
  /** Undefined with the errors told. */
  read(job: string, trigger: JobTrigger, document: Document): Promise<Schedule | undefined>;
}

const YEAR_MS = 365 * 86_400_000;

export interface ScheduleContext {
  /** Warnings look a year ahead from here. */
  readonly now: number;
  /** Of schedules that say none. */
  readonly timezone: string;
}

export function createScheduleReader(reader: Reader, { now, timezone }: ScheduleContext): ScheduleReader {
  const calendars = new Map<string, Promise<Calendar | undefined>>();
  const calendarOf = (name: string, document: Document, at: Path): Promise<Calendar | undefined> => {
    let calendar = calendars.get(name);
    if (calendar === undefined) {
      calendar = readCalendar(reader, name, { document, at });
      calendars.set(name, calendar);
    }
    return calendar;
  };
  return {
    async read(job, { key, index, spec }, document) {
      const options = spec.schedule!;
      const at: Path = ["triggers", index, "schedule"];
      const calendar = options.calendar === undefined ? undefined : await calendarOf(options.calendar, document, [...at, "calendar"]);
      if (options.calendar !== undefined && calendar === undefined) return undefined;
      const { compileSchedule, ScheduleError } = await import("../schedule/schedule.ts");
      try {
        const schedule = compileSchedule(options, { id: `${job}/${key}`, timezone, calendar });
        for (const { text } of schedule.warnings(now, now + YEAR_MS))
          reader.warnings.push(new MillraceError({ code: "MR1606", message: text, location: document.locate([...at, "cron"]) }));
        return schedule;
      } catch (error) {
        if (!(error instanceof ScheduleError)) throw error;
        tell(reader, error.code, error.message, document.locate([...at, error.key]), error.hint);
        return undefined;
      }
    },
  };
}

interface Mention {
  readonly document: Document;
  readonly at: Path;
}

async function readCalendar(reader: Reader, name: string, { document, at }: Mention): Promise<Calendar | undefined> {
  const { calendars } = reader.config;
  const spec = calendars !== undefined && Object.hasOwn(calendars, name) ? calendars[name] : undefined;
  if (spec === undefined) {
    const known = Object.keys(calendars ?? {});
    const hint = known.length === 0 ? "add it under calendars: in millrace.yaml" : hintFor(name, known, "calendars");
    tell(reader, "MR1610", `there is no calendar ${JSON.stringify(name)}`, document.locate(at), hint);
    return undefined;
  }
  const { openCalendar } = await import("../schedule/calendar.ts");
  try {
    return await openCalendar({ name, spec, ...calendarText(reader.dir, spec.file) });
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error;
    const { code, message, hint } = error;
    const location = error.location ?? reader.documents.get("project")?.locate(["calendars", name]);
    reader.errors.push(
      new MillraceError({ code, message, ...(hint === undefined ? {} : { hint }), ...(location === undefined ? {} : { location }) }),
    );
    return undefined;
  }
}

/** The days of a calendar that has a file. */
export function calendarText(dir: string, file: string | undefined): { readonly fileText?: string } {
  return file === undefined ? {} : { fileText: readDaysFile(dir, file) };
}

function readDaysFile(dir: string, file: string): string {
  try {
    return readFileSync(join(dir, file), "utf8");
  } catch (cause) {
    throw new MillraceError({ code: "MR1003", message: `the calendar's file ${file} cannot be read: ${messageOf(cause)}`, cause });
  }
}
