// Fire times against expectations written by hand, and against a naive scan of every minute with Temporal, which knows nothing of croner.
import fc from "fast-check";
import { Temporal } from "temporal-polyfill";
import { describe, expect, it } from "vitest";
import type { CalendarSpec } from "../model/definitions/project.ts";
import { openCalendar } from "./calendar.ts";
import { compileSchedule, type Schedule } from "./schedule.ts";
import type { ScheduleSpec } from "./spec.ts";
import { cronWords } from "./words.ts";
import { zoneOf } from "./zone.ts";

const compile = (spec: ScheduleSpec, timezone = "UTC"): Schedule => compileSchedule(spec, { id: "job/schedule", timezone });
const onCalendar = async (spec: ScheduleSpec, calendar: CalendarSpec, fileText?: string): Promise<Schedule> => {
  const opened = await openCalendar({ name: "days", spec: calendar, ...(fileText === undefined ? {} : { fileText }) });
  return compileSchedule(spec, { id: "job/schedule", timezone: "UTC", calendar: opened });
};

function fires(schedule: Schedule, from: string, count: number): readonly string[] {
  const found: string[] = [];
  for (let at: number | null = Date.parse(from); found.length < count;) {
    at = schedule.next(at);
    if (at === null) break;
    found.push(new Date(at).toISOString().replace(":00.000Z", "Z"));
  }
  return found;
}

describe("a fixed time of day", () => {
  it.each([
    // Berlin, 29 March 2026: 02:00 becomes 03:00 (01:00 UTC).
    ["30 2 * * *", "Europe/Berlin", "2026-03-28T00:00Z", ["2026-03-28T01:30Z", "2026-03-29T01:00Z", "2026-03-30T00:30Z"]],
    // Berlin, 25 October 2026: 03:00 becomes 02:00 (01:00 UTC); the first 02:30 is at 00:30 UTC.
    ["30 2 * * *", "Europe/Berlin", "2026-10-24T12:00Z", ["2026-10-25T00:30Z", "2026-10-26T01:30Z"]],
    // New York, 8 March 2026: 02:00 becomes 03:00 (07:00 UTC).
    ["15,45 2 * * *", "America/New_York", "2026-03-07T12:00Z", ["2026-03-08T07:00Z", "2026-03-09T06:15Z", "2026-03-09T06:45Z"]],
    // New York, 1 November 2026: 02:00 becomes 01:00 (06:00 UTC).
    ["30 1 * * *", "America/New_York", "2026-10-31T12:00Z", ["2026-11-01T05:30Z", "2026-11-02T06:30Z"]],
    // Lord Howe moves by half an hour: 4 October 2026, 02:00 becomes 02:30 (15:30 UTC on the 3rd).
    ["15 2 * * *", "Australia/Lord_Howe", "2026-10-02T16:00Z", ["2026-10-03T15:30Z", "2026-10-04T15:15Z"]],
    // Cairo, 24 April 2026: midnight becomes 01:00 (22:00 UTC on the 23rd): the day begins with a gap.
    ["0 0 * * *", "Africa/Cairo", "2026-04-22T12:00Z", ["2026-04-22T22:00Z", "2026-04-23T22:00Z", "2026-04-24T21:00Z"]],
    // Kathmandu is at +05:45 all year.
    ["0 6 * * 1-5", "Asia/Kathmandu", "2026-01-02T12:00Z", ["2026-01-05T00:15Z", "2026-01-06T00:15Z"]],
  ])("%s in %s", (cron, timezone, from, expected) => {
    expect(fires(compile({ cron, timezone }), from.replace("Z", ":00Z"), expected.length)).toEqual(expected);
  });

  it("fires once when the gap swallows it and its end is a fire time too", () => {
    expect(fires(compile({ cron: "0 2,3 * * *", timezone: "Europe/Berlin" }), "2026-03-28T12:00:00Z", 2)).toEqual([
      "2026-03-29T01:00Z",
      "2026-03-30T00:00Z",
    ]);
  });
});

describe("steps and wildcards", () => {
  it("follow real time through both changes of the clocks", () => {
    const halfHours = compile({ cron: "*/30 * * * *", timezone: "Europe/Berlin" });
    for (const from of ["2026-03-28T22:00:00Z", "2026-10-24T22:00:00Z"]) {
      const expected = Array.from({ length: 10 }, (_, index) => new Date(Date.parse(from) + (index + 1) * 1_800_000).toISOString());
      expect(fires(halfHours, from, 10)).toEqual(expected.map((text) => text.replace(":00.000Z", "Z")));
    }
  });

  it("do not fire in hours that a day does not have", () => {
    expect(fires(compile({ cron: "*/30 2 * * *", timezone: "Europe/Berlin" }), "2026-03-28T12:00:00Z", 1)).toEqual(["2026-03-30T00:00Z"]);
  });
});

describe("L, W, # and seconds", () => {
  it.each([
    ["0 0 L * *", ["2026-01-31", "2026-02-28", "2026-03-31"]],
    ["0 0 15W * *", ["2026-01-15", "2026-02-16", "2026-03-16"]],
    ["0 0 LW * *", ["2026-01-30", "2026-02-27", "2026-03-31"]],
    ["0 0 * * 1#2", ["2026-01-12", "2026-02-09", "2026-03-09"]],
    ["0 0 * * 5L", ["2026-01-30", "2026-02-27", "2026-03-27"]],
    ["0 0 29 2 *", ["2028-02-29", "2032-02-29", "2036-02-29"]],
  ])("%s", (cron, days) => {
    expect(fires(compile({ cron }), "2026-01-01T00:00:00Z", 3)).toEqual(days.map((day) => `${day}T00:00Z`));
  });

  it("a sixth field in front is the second", () => {
    expect(new Date(compile({ cron: "15 0 6 * * *" }).next(Date.UTC(2026, 0, 1))!).toISOString()).toBe("2026-01-01T06:00:15.000Z");
  });
});

/** Every minute of real time, and every minute of the wall clock, looked at one by one. */
function naive(
  fields: { minutes: readonly number[]; hours: readonly number[]; weekdays: readonly number[] | null; fixed: boolean },
  zone: string,
  from: Temporal.PlainDate,
  days: number,
): readonly number[] {
  const found = new Set<number>();
  const matches = (time: { minute: number; hour: number; dayOfWeek: number }): boolean =>
    fields.minutes.includes(time.minute) && fields.hours.includes(time.hour) && (fields.weekdays?.includes(time.dayOfWeek % 7) ?? true);
  if (fields.fixed) {
    for (let day = 0; day < days; day++)
      for (let minute = 0; minute < 1_440; minute++) {
        const wall = from.add({ days: day }).toPlainDateTime({ hour: Math.floor(minute / 60), minute: minute % 60 });
        if (!matches(wall)) continue;
        const early = wall.toZonedDateTime(zone, { disambiguation: "earlier" });
        const isGap = !early.toPlainDateTime().equals(wall);
        found.add(isGap ? early.getTimeZoneTransition("next")!.epochMilliseconds : early.epochMilliseconds);
      }
    return [...found].toSorted((a, b) => a - b);
  }
  const end = from.add({ days }).toZonedDateTime(zone).epochMilliseconds;
  for (let at = from.toZonedDateTime(zone).epochMilliseconds; at < end; at += 60_000)
    if (matches(Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone))) found.add(at);
  return [...found];
}

const zones = [
  "Europe/Berlin",
  "America/New_York",
  "Australia/Lord_Howe",
  "Africa/Cairo",
  "America/Santiago",
  "Asia/Kolkata",
  "Pacific/Chatham",
];

describe("any schedule", () => {
  const field = (most: number) =>
    fc.oneof(
      fc.record({
        text: fc.constant("*"),
        values: fc.constant(Array.from({ length: most + 1 }, (_, value) => value)),
        plain: fc.constant(false),
      }),
      fc.integer({ min: 2, max: Math.max(2, most >> 1) }).map((step) => ({
        text: `*/${step}`,
        values: Array.from({ length: Math.floor(most / step) + 1 }, (_, index) => index * step),
        plain: false,
      })),
      fc
        .uniqueArray(fc.integer({ min: 0, max: most }), { minLength: 1, maxLength: 3 })
        .map((values) => ({ text: values.join(","), values, plain: true })),
    );
  // Weeks around changes of the clocks in one of the zones.
  const weeks = [
    "2026-03-06",
    "2026-03-27",
    "2026-04-03",
    "2026-04-22",
    "2026-09-04",
    "2026-09-25",
    "2026-10-02",
    "2026-10-23",
    "2026-10-30",
  ];

  it("fires exactly when a scan of every minute says so", () => {
    fc.assert(
      fc.property(
        field(59),
        field(23),
        fc.option(fc.uniqueArray(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 4 })),
        fc.constantFrom(...zones),
        fc.constantFrom(...weeks),
        (minute, hour, weekdays, zone, week) => {
          const schedule = compile({ cron: `${minute.text} ${hour.text} * * ${weekdays?.join(",") ?? "*"}`, timezone: zone });
          const from = Temporal.PlainDate.from(week);
          const expected = naive(
            { minutes: minute.values, hours: hour.values, weekdays, fixed: minute.plain && hour.plain },
            zone,
            from,
            4,
          );
          const start = from.toZonedDateTime(zone).epochMilliseconds;
          const end = from.add({ days: 4 }).toZonedDateTime(zone).epochMilliseconds;
          const found: number[] = [];
          for (let at = schedule.next(start - 1); at !== null && at < end; at = schedule.next(at)) found.push(at);
          expect(found).toEqual(expected.filter((at) => at < end));
          // Backwards it is the same list.
          const back: number[] = [];
          for (let at = schedule.previous(end); at !== null && at >= start; at = schedule.previous(at)) back.push(at);
          expect(back.reverse()).toEqual(found);
        },
      ),
      { numRuns: 40, seed: 7 },
    );
  }, 60_000);
});

describe("zones", () => {
  it("know the offset that Temporal knows, at any instant", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...zones, "Africa/Casablanca", "UTC"),
        fc.integer({ min: Date.UTC(1995, 0), max: Date.UTC(2035, 0) }),
        (name, at) => {
          const expected = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(name).offsetNanoseconds / 1e6;
          expect(zoneOf(name)!.offsetAt(at)).toBe(expected);
        },
      ),
      { numRuns: 300, seed: 3 },
    );
  });
});

describe("every", () => {
  it("fires at multiples of the interval, whoever asks", () => {
    expect(fires(compile({ every: "5m" }), "2026-01-01T00:02:00Z", 2)).toEqual(["2026-01-01T00:05Z", "2026-01-01T00:10Z"]);
    expect(compile({ every: "5m" }).previous(Date.UTC(2026, 0, 1, 0, 5))).toBe(Date.UTC(2026, 0, 1));
  });
});

describe("calendars", () => {
  it("leave out public holidays", async () => {
    const schedule = await onCalendar({ cron: "0 6 * * 1-5", timezone: "America/New_York" }, { country: "US" });
    // Independence Day 2026 is a Saturday: Friday the 3rd is the day off.
    expect(fires(schedule, "2026-07-02T00:00:00Z", 2)).toEqual(["2026-07-02T10:00Z", "2026-07-06T10:00Z"]);
  });

  it("leave out holidays of a state alone where it is named", async () => {
    const bavaria = await onCalendar({ cron: "0 6 * * *" }, { country: "DE", state: "BY" });
    const berlin = await onCalendar({ cron: "0 6 * * *" }, { country: "DE", state: "BE" });
    expect(fires(bavaria, "2026-01-05T12:00:00Z", 1)).toEqual(["2026-01-07T06:00Z"]); // Epiphany
    expect(fires(berlin, "2026-01-05T12:00:00Z", 1)).toEqual(["2026-01-06T06:00Z"]);
  });

  it("take days of a file, and exceptions of it", async () => {
    const file = "date,name,working\n2026-12-24,Christmas Eve,\n2026-12-25,Christmas,\n2026-12-28,,true\n";
    const schedule = await onCalendar(
      { cron: "0 6 * * *" },
      { file: "d.csv", dates: ["2026-12-28", "2026-12-26"], except: ["2026-12-25"] },
      file,
    );
    expect(fires(schedule, "2026-12-23T12:00:00Z", 3)).toEqual(["2026-12-25T06:00Z", "2026-12-27T06:00Z", "2026-12-28T06:00Z"]);
  });

  it("move to the next working day, where two that meet are one", async () => {
    const first = await onCalendar({ cron: "0 6 1 * *", nonWorkingDay: "nextWorkingDay" }, { dates: ["2026-06-01"] });
    // 1 May is a Friday, 1 June a day off (Monday), 1 August a Saturday, 1 November a Sunday.
    expect(fires(first, "2026-04-15T00:00:00Z", 7)).toEqual([
      "2026-05-01T06:00Z",
      "2026-06-02T06:00Z",
      "2026-07-01T06:00Z",
      "2026-08-03T06:00Z",
      "2026-09-01T06:00Z",
      "2026-10-01T06:00Z",
      "2026-11-02T06:00Z",
    ]);
    const daily = await onCalendar({ cron: "0 6 * * *", nonWorkingDay: "nextWorkingDay" }, { dates: ["2026-06-01"] });
    expect(fires(daily, "2026-05-29T00:00:00Z", 3)).toEqual(["2026-05-29T06:00Z", "2026-06-02T06:00Z", "2026-06-03T06:00Z"]);
  });

  it("move to the previous working day, and the same backwards", async () => {
    const schedule = await onCalendar({ cron: "0 6 L * *", nonWorkingDay: "previousWorkingDay" }, { on: ["mon", "tue", "wed", "thu"] });
    // 31 January 2026 is a Saturday, 28 February a Saturday, 31 March a Tuesday.
    const days = ["2026-01-29T06:00Z", "2026-02-26T06:00Z", "2026-03-31T06:00Z"];
    expect(fires(schedule, "2026-01-01T00:00:00Z", 3)).toEqual(days);
    expect(new Date(schedule.previous(Date.UTC(2026, 2, 31))!).toISOString()).toBe("2026-02-26T06:00:00.000Z");
  });

  it("skip and move as a walk over every day does", async () => {
    const DAY = 86_400_000;
    const first = Date.UTC(2026, 0, 1) / DAY;
    const days = 120;
    const text = (day: number): string => new Date(day * DAY).toISOString().slice(0, 10);
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.integer({ min: 0, max: days - 1 }), { minLength: 1, maxLength: 40 }),
        fc.uniqueArray(fc.integer({ min: 1, max: 28 }), { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 0, max: 23 }),
        fc.constantFrom("skip", "nextWorkingDay", "previousWorkingDay"),
        async (off, monthDays, hour, rule) => {
          const dates = off.map((day) => text(first + day));
          const spec = { cron: `0 ${hour} ${monthDays.join(",")} * *`, nonWorkingDay: rule } as const;
          const schedule = await onCalendar(spec, { dates });
          const isFree = (day: number): boolean =>
            dates.includes(text(day)) || (rule !== "skip" && [0, 6].includes(new Date(day * DAY).getUTCDay()));
          const expected = new Set<number>();
          for (let day = first; day < first + days; day++) {
            if (!monthDays.includes(new Date(day * DAY).getUTCDate())) continue;
            let on = day;
            while (rule !== "skip" && isFree(on)) on += rule === "nextWorkingDay" ? 1 : -1;
            if (!isFree(on)) expected.add(on * DAY + hour * 3_600_000);
          }
          // What is moved over the edges of the walk is left out of both.
          const [from, to] = [(first + 45) * DAY, (first + 75) * DAY];
          const found: number[] = [];
          for (let at = schedule.next(from - 1); at !== null && at < to; at = schedule.next(at)) found.push(at);
          expect(found).toEqual([...expected].filter((at) => at >= from && at < to).toSorted((a, b) => a - b));
          const back: number[] = [];
          for (let at = schedule.previous(to); at !== null && at >= from; at = schedule.previous(at)) back.push(at);
          expect(back.toReversed()).toEqual(found);
        },
      ),
      { numRuns: 60, seed: 5 },
    );
  });

  it.each([
    [{}, "MR1607"],
    [{ file: "d.csv" }, "MR1607"],
    [{ country: "XX" }, "MR1609"],
    [{ country: "US", state: "ZZ" }, "MR1609"],
    [{ dates: ["2026-02-30"] }, "MR1608"],
  ])("refuse %o", async (spec, code) => {
    await expect(openCalendar({ name: "c", spec, fileText: "date\n" })).rejects.toMatchObject({ code });
  });
});

describe("what is wrong is said when the schedule is made", () => {
  it.each([
    [{ cron: "0 0 30 2 *" }, "MR1601"],
    [{ cron: "0 6 * *" }, "MR1602"],
    [{ cron: "0 25 * * *" }, "MR1602"],
    [{ cron: "0 6 * * *", timezone: "Mars/Base" }, "MR1603"],
    [{ every: "0s" }, "MR1604"],
    [{ every: "10ms" }, "MR1604"],
    [{ cron: "0 6 * * *", nonWorkingDay: "nextWorkingDay" as const }, "MR1605"],
  ])("%o", (spec, code) => {
    expect(() => compile(spec)).toThrowError(expect.objectContaining({ code }));
  });

  it("a calendar that leaves no day", async () => {
    await expect(onCalendar({ cron: "0 6 * * 0" }, { on: ["mon"] })).rejects.toMatchObject({ code: "MR1601" });
  });
});

describe("warnings of the clocks", () => {
  const year = { from: Date.UTC(2026, 0, 1), to: Date.UTC(2027, 0, 1) };
  const warned = (cron: string, timezone: string): readonly string[] =>
    compile({ cron, timezone })
      .warnings(year.from, year.to)
      .map(({ text }) => text);

  it("name the time, the day and what becomes of it", () => {
    expect(warned("30 2 * * *", "Europe/Berlin")).toEqual([
      "02:30 on 2026-03-29 does not exist in Europe/Berlin: it fires at 03:00, when the clocks have gone forward",
      "02:30 on 2026-10-25 happens twice in Europe/Berlin: it fires the first time only",
    ]);
    expect(warned("*/20 2 * * *", "Europe/Berlin")).toEqual([
      "02:00 on 2026-03-29 does not exist in Europe/Berlin: it does not fire then",
      "02:00 on 2026-10-25 happens twice in Europe/Berlin: it fires both times",
    ]);
  });

  it("come when the clocks change around midnight too", () => {
    // Cairo, 24 April 2026: midnight becomes 01:00; 30 October: midnight becomes 23:00 of the 29th.
    expect(warned("15 0 * * *", "Africa/Cairo")).toEqual([
      "00:15 on 2026-04-24 does not exist in Africa/Cairo: it fires at 01:00, when the clocks have gone forward",
    ]);
    expect(warned("15 23 * * *", "Africa/Cairo")).toEqual([
      "23:15 on 2026-10-29 happens twice in Africa/Cairo: it fires the first time only",
    ]);
  });

  it("are not given where nothing happens", () => {
    expect(warned("30 2 * * 1-5", "Europe/Berlin")).toEqual([]); // the clocks change on Sundays
    expect(warned("*/30 * * * *", "Europe/Berlin")).toEqual([]);
    expect(warned("30 2 * * *", "UTC")).toEqual([]);
  });
});

describe("jitter", () => {
  it("is the same for the same job and time, below its length, and spread", () => {
    const [one, other] = ["a", "b"].map((id) => compileSchedule({ cron: "0 6 * * *", jitter: "5m" }, { id, timezone: "UTC" }));
    const days = Array.from({ length: 200 }, (_, day) => Date.UTC(2026, 0, day, 6));
    const delays = days.map((day) => one!.delayMs(day));
    expect(delays).toEqual(days.map((day) => one!.delayMs(day)));
    expect(delays).not.toEqual(days.map((day) => other!.delayMs(day)));
    expect(Math.max(...delays)).toBeLessThan(300_000);
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(0);
    expect(delays.filter((ms) => ms < 150_000).length).toBeGreaterThan(60);
  });

  it("never reaches the next time", () => {
    const schedule = compileSchedule({ every: "1m", jitter: "1h" }, { id: "x", timezone: "UTC" });
    for (let at = 0; at < 100 * 60_000; at += 60_000) expect(schedule.delayMs(at)).toBeLessThan(60_000);
  });
});

describe("words", () => {
  it.each([
    ["0 6 * * 1-5", "at 06:00 on Monday to Friday"],
    ["0 6,18 * * *", "at 06:00 and 18:00"],
    ["*/5 * * * *", "every 5 minutes"],
    ["* * * * *", "every minute"],
    ["*/10 * * * * *", "every 10 seconds"],
    ["0 * * * *", "every hour"],
    ["15 * * * *", "15 minutes past every hour"],
    ["0 */2 * * *", "every 2 hours"],
    ["*/15 9-17 * * 1-5", "every 15 minutes from 09:00 to 17:59 on Monday to Friday"],
    ["30 4 1,15 * *", "at 04:30 on days 1 and 15 of the month"],
    ["0 0 L * *", "at 00:00 on the last day of the month"],
    ["0 0 LW * *", "at 00:00 on the last weekday of the month"],
    ["0 0 15W * *", "at 00:00 on the weekday nearest to day 15 of the month"],
    ["0 9 * * MON#2", "at 09:00 on the second Monday of the month"],
    ["0 9 * * FRIL", "at 09:00 on the last Friday of the month"],
    ["0 0 1 1 *", "at 00:00 on day 1 of the month in January"],
    ["0 0 1 * 1", "at 00:00 on day 1 of the month or on Monday"],
    ["@daily", "at 00:00"],
  ])("%s: %s", (cron, words) => {
    expect(cronWords(cron)).toBe(words);
    expect(compile({ cron }).words).toBe(`${words}, UTC`);
  });

  it("say the zone, the calendar and the jitter", async () => {
    expect(compile({ cron: "0 6 * * 1-5", timezone: "America/New_York" }).words).toBe("at 06:00 on Monday to Friday, New York time");
    expect(compile({ every: "5m" }).words).toBe("every 5 minutes");
    const schedule = await onCalendar({ cron: "0 6 1 * *", nonWorkingDay: "nextWorkingDay", jitter: "1m" }, { country: "DE" });
    expect(schedule.words).toBe("at 06:00 on day 1 of the month, UTC, moved to the next working day of days, up to 1 minute later");
  });
});
