import { describe, expect, it } from "vitest";
import { momentOf } from "../model/moment.ts";
import { surroundings } from "./surroundings.fixture.ts";
import { wait } from "./wait.ts";

const START = 1_000_000; // the fixture's first start

describe("a wait", () => {
  it("for a time counts from its first start, however often it is asked", async () => {
    const action = { kind: "wait" as const, forMs: 500 };
    expect(await wait.act!(action, surroundings({ now: START + 499 }))).toMatchObject({ wait: { kind: "time", until: START + 500 } });
    expect(await wait.act!(action, surroundings({ now: START + 500, waits: 7 }))).toEqual({ output: { waitedMs: 500 } });
  });

  it("ends when somebody says so", async () => {
    const told = surroundings({ signaled: { accept: true } });
    expect(await wait.act!({ kind: "wait", forMs: 500 }, told)).toEqual({ output: { waitedMs: 0 } });
    const poked = surroundings({ signaled: { accept: false } });
    expect(await wait.act!({ kind: "wait", forMs: 500 }, poked)).toMatchObject({ wait: { kind: "time" } });
  });

  it.each([
    ["2026-01-31T06:00Z", 0, "UTC", "2026-01-31T06:00:00.000Z"],
    ["2026-01-31 06:00", 0, "UTC", "2026-01-31T06:00:00.000Z"],
    ["2026-01-31T06:00+02:00", 0, "UTC", "2026-01-31T04:00:00.000Z"],
    ["06:00", Date.UTC(2026, 0, 31, 5), "UTC", "2026-01-31T06:00:00.000Z"],
    ["06:00", Date.UTC(2026, 0, 31, 6), "UTC", "2026-02-01T06:00:00.000Z"],
    ["06:00", Date.UTC(2026, 6, 1, 0), "Europe/Berlin", "2026-07-01T04:00:00.000Z"],
    ["23:30", Date.UTC(2026, 0, 31, 23), "America/New_York", "2026-02-01T04:30:00.000Z"],
    // The clocks of Berlin go back at 01:00Z on 2026-10-25, and forward at 01:00Z on 2026-03-29.
    ["06:00", Date.UTC(2026, 9, 24, 23), "Europe/Berlin", "2026-10-25T05:00:00.000Z"],
    ["06:00", Date.UTC(2026, 2, 28, 23), "Europe/Berlin", "2026-03-29T04:00:00.000Z"],
  ])("until %s (after %d in %s) is until the next such moment", (text, after, zone, expected) => {
    expect(new Date(momentOf(text, after, zone)).toISOString()).toBe(expected);
  });

  it("until something that is no moment is an error", () => {
    for (const text of ["soon", "25:00", "2026-02-30T06:00Z", "2026-13-01"]) expect(() => momentOf(text, 0)).toThrow("is no moment");
  });
});
