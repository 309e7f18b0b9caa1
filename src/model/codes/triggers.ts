// Error codes of schedules and triggers (MR16xx): title, why it happens, what to do. `millrace explain CODE` prints them.
import type { CodeEntry } from "./entry.ts";

export const triggersCodes = {
  MR1601: {
    title: "A schedule that never fires",
    why: "There is no day that the cron expression names (30 February), or the calendar leaves none of its days.",
    fix: "Correct the expression; `millrace triggers JOB` shows when it fires next.",
  },
  MR1602: {
    title: "A cron expression that cannot be read",
    why: "It has 5 fields (minute, hour, day, month, weekday) or 6 (second in front); each takes *, numbers, names, lists, ranges and steps, days also L, W and #.",
    fix: "Correct the field that the message names.",
  },
  MR1603: {
    title: "An unknown time zone",
    why: "Time zones are named as in the IANA table: Europe/Berlin, America/New_York, UTC.",
    fix: "Correct the name. Abbreviations like EST are no places and know no summer time.",
  },
  MR1604: {
    title: "An interval that is too short",
    why: "`every:` is at least one second; 0 would never rest.",
    fix: "Write every: 1s or more. What comes more often is a stream or an event.",
  },
  MR1605: {
    title: "A rule for days off that cannot be kept",
    why: "`nonWorkingDay: nextWorkingDay` moves a time of day to another day: it needs a calendar and a cron expression.",
    fix: "Name a `calendar:`, use `cron:` in place of `every:`, or take the rule out.",
  },
  MR1606: {
    title: "A time that the clocks skip or repeat",
    why: "When the clocks go forward some times of that day do not exist, when they go back some exist twice. Millrace fires a fixed time once: at the gap's end, or the first of the two. Steps and wildcards follow real time.",
    fix: "This is a warning. Use another time of day or `timezone: UTC` where it matters.",
  },
  MR1607: {
    title: "A calendar without days",
    why: "It names no country, no file with days, no dates and no weekdays, so that it would change nothing.",
    fix: "Give it `country:`, `file:`, `dates:` or `on:`.",
  },
  MR1608: {
    title: "A day that is none",
    why: "Days of calendars are written 2026-12-24; a CSV file has one a line, or a header with `date`.",
    fix: "Correct the day that is shown.",
  },
  MR1609: {
    title: "A country without known holidays",
    why: "Countries are named by their two letters (US, DE), states and regions by the letters of that country.",
    fix: "Use one of those that are listed, or list the days in a file.",
  },
  MR1610: {
    title: "An unknown calendar",
    why: "`calendar:` of a schedule names one of the `calendars:` of millrace.yaml.",
    fix: "Correct the name, or add the calendar.",
  },
  MR1611: {
    title: "Jobs that start each other without end",
    why: "The trigger of each of these jobs fires when the one before it has run, and the circle is closed: once started they would run for ever.",
    fix: "Take one of the triggers out. An asset that a job itself updates cannot start that job.",
  },
  MR1612: {
    title: "A trigger of an unknown job",
    why: "`job: { finished: NAME }` names a job that no file defines.",
    fix: "Correct the name, or add the job.",
  },
  MR1613: {
    title: "Two triggers of one name",
    why: "The history of a trigger is kept under its name, so that a job has each name once. Webhooks are found by their path, which is one for the whole project.",
    fix: "Rename one of them.",
  },
  MR1614: {
    title: "An unknown job or trigger",
    why: "There is no job of this name in the project, or the job has no such trigger.",
    fix: "`millrace triggers` lists them all.",
  },
  MR1615: {
    title: "A time that is none",
    why: "Times are written 2026-01-31T06:00:00Z, 2026-01-31 06:00 (in the project's time zone), 2026-01-31, or as a duration from now: 2h.",
    fix: "Correct the time.",
  },
  MR1616: {
    title: "A trigger whose settings do not go together",
    why: "Debounce and batch gather single happenings; `mode: all` waits for a set of them. A window closes one or the other.",
    fix: "Use one of the settings that are named.",
  },
  MR1617: {
    title: "A simulated world does not fit the project",
    why: "A world that `simulate` was given names a job, or the path of a webhook, that the project does not have.",
    fix: "Compare the name in the message with the project; what there is stands behind it.",
  },
  MR1618: {
    title: "A trigger hands over parameters that the job does not take",
    why: "Each run that the trigger starts would be refused: a parameter is unknown, of another type, not allowed, or missing.",
    fix: "Compare `params:` of the trigger with `params:` of the job; `${event:path}` takes a value from what happened.",
  },
  MR1619: {
    title: "A trigger that could never fire",
    why: "What it looks at can never be: an address that no request has, a function that is not there.",
    fix: "Correct the name or the path; the message says what is there.",
  },
} as const satisfies Record<string, CodeEntry>;
