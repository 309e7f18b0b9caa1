import { describe, expect, it } from "vitest";
import { partitionSpec } from "../../model/definitions/partition.ts";
import { escapePart, partitioningOf, partitionNodeId, splitNodeId, unescapePart } from "../../model/partition.ts";
import { keysRead, readingOf } from "./mapping.ts";
import {
  assertCountable,
  countSlice,
  intervalOf,
  keyOf,
  parseKey,
  type Parts,
  partsIn,
  sliceOf,
  type Space,
  spaceOf,
  wholeSlice,
} from "./space.ts";
import { stepsOf } from "./steps.ts";
import { firstAt, instantsAt, offsetAt } from "./zone.ts";

const surroundings = { ticks: () => ({ after: () => null, at: () => null }), found: () => ["a", "b"] };
const NOTHING = { sinceMs: null, untilMs: null };
const NOW = Date.parse("2026-11-21T08:00:00Z");

function space(spec: unknown, asset = "raw.sales"): Space {
  return spaceOf(asset, partitioningOf(partitionSpec.parse(spec)), surroundings);
}
function keys(of: Space, text: string): string[] {
  return [...partsIn(of, sliceOf(of, text, NOW))].map((parts) => keyOf(of, parts));
}
function interval(of: Space, key: string): string {
  const found = intervalOf(of, parseKey(of, key)!)!;
  return `${new Date(found.startMs).toISOString()} ${(found.endMs - found.startMs) / 3_600_000}h`;
}

describe("keys and intervals", () => {
  it("writes hours, days, weeks, months and years", () => {
    expect(interval(space({ by: "hour" }), "2026-01-01T05")).toBe("2026-01-01T05:00:00.000Z 1h");
    expect(interval(space({ by: "day" }), "2026-02-28")).toBe("2026-02-28T00:00:00.000Z 24h");
    expect(interval(space({ by: "week" }), "2026-W03")).toBe("2026-01-12T00:00:00.000Z 168h");
    expect(interval(space({ by: "week" }), "2020-W53")).toBe("2020-12-28T00:00:00.000Z 168h");
    expect(interval(space({ by: "month" }), "2024-02")).toBe("2024-02-01T00:00:00.000Z 696h");
    expect(interval(space({ by: "year" }), "2024")).toBe("2024-01-01T00:00:00.000Z 8784h");
  });

  it("knows no day, week or hour that the calendar does not have", () => {
    expect(parseKey(space({ by: "day" }), "2026-02-29")).toBeUndefined();
    expect(parseKey(space({ by: "week" }), "2026-W54")).toBeUndefined();
    expect(parseKey(space({ by: "month" }), "2026-13")).toBeUndefined();
    expect(parseKey(space({ by: "hour" }), "2026-01-01T24")).toBeUndefined();
    expect(parseKey(space({ by: "hour", timezone: "America/New_York" }), "2026-03-08T02")).toBeUndefined();
    expect(parseKey(space({ by: "day", timezone: "Pacific/Apia" }), "2011-12-30")).toBeUndefined();
  });

  it("lets days last 23 and 25 hours where clocks are set", () => {
    const york = space({ by: "day", timezone: "America/New_York" });
    expect(interval(york, "2026-03-08")).toBe("2026-03-08T05:00:00.000Z 23h");
    expect(interval(york, "2026-11-01")).toBe("2026-11-01T04:00:00.000Z 25h");
    expect(interval(york, "2026-11-02")).toBe("2026-11-02T05:00:00.000Z 24h");
    // Cairo skips midnight: the day begins at one.
    expect(interval(space({ by: "day", timezone: "Africa/Cairo" }), "2026-04-24")).toBe("2026-04-23T22:00:00.000Z 23h");
    expect(interval(space({ by: "day", timezone: "Australia/Lord_Howe" }), "2026-04-05")).toBe("2026-04-04T13:00:00.000Z 24.5h");
  });

  it("tells the two hours apart that the clocks show twice", () => {
    const york = space({ by: "hour", timezone: "America/New_York" });
    expect(keys(york, "2026-11-01")).toEqual([
      "2026-11-01T00",
      "2026-11-01T01-0400",
      "2026-11-01T01-0500",
      ...Array.from({ length: 22 }, (_, hour) => `2026-11-01T${String(hour + 2).padStart(2, "0")}`),
    ]);
    expect(keys(york, "2026-03-08")).toHaveLength(23);
    expect(interval(york, "2026-11-01T01-0500")).toBe("2026-11-01T06:00:00.000Z 1h");
    expect(parseKey(york, "2026-11-01T01")).toBeUndefined();
    expect(interval(space({ by: "hour", timezone: "Asia/Kolkata" }), "2026-01-01T05")).toBe("2025-12-31T23:30:00.000Z 1h");
  });

  it.each(["UTC", "America/New_York", "Europe/Berlin", "Asia/Kathmandu", "Africa/Cairo", "Australia/Lord_Howe", "America/Havana"])(
    "has adjacent intervals with keys that lead back to them in %s",
    (timezone) => {
      for (const unit of ["hour", "day", "week", "month", "year"] as const) {
        const steps = stepsOf(unit, timezone);
        const first = steps.floor(Date.parse("2026-02-20T00:00:00Z"));
        const seen = new Set<string>();
        let at = first;
        for (let n = 0; n < 400; n++) {
          const key = steps.key(at);
          const next = steps.next(at);
          expect(steps.parse(key), key).toBe(at);
          expect(seen.has(key), key).toBe(false);
          seen.add(key);
          expect([steps.floor(at), steps.floor(next - 1), steps.previous(next)], key).toEqual([at, at, at]);
          at = next;
        }
        expect(steps.count(first, at, 1_000)).toBe(400);
      }
    },
  );

  it("finds instants of a wall clock as the platform's own calendar does", () => {
    for (const timezone of ["America/New_York", "Europe/Berlin", "Australia/Lord_Howe"]) {
      const format = new Intl.DateTimeFormat("sv-SE", { timeZone: timezone, dateStyle: "short", timeStyle: "medium" });
      for (let at = Date.parse("2026-01-01T00:00:00Z"); at < Date.parse("2027-01-01T00:00:00Z"); at += 7_200_000 * 5) {
        expect(new Date(at + offsetAt(timezone, at)).toISOString().slice(0, 19)).toBe(format.format(at).replace(" ", "T"));
      }
    }
    const york = "America/New_York";
    expect(instantsAt(york, Date.parse("2026-11-01T01:30:00Z"))).toHaveLength(2);
    expect(instantsAt(york, Date.parse("2026-03-08T02:30:00Z"))).toEqual([]);
    expect(new Date(firstAt(york, Date.parse("2026-03-08T02:30:00Z"))).toISOString()).toBe("2026-03-08T07:00:00.000Z");
  });

  it("escapes what separates parts of keys and names of nodes", () => {
    for (const value of ["a|b", "x..y", "[1]", "50%", "ü,ö", "*", ".", "north"]) expect(unescapePart(escapePart(value))).toBe(value);
    expect(escapePart("a|b..c[d],e")).toBe("a%7Cb%2E%2Ec%5Bd%5D%2Ce");
    expect(splitNodeId(partitionNodeId("raw.sales", "2026-01-01|north"))).toEqual({ asset: "raw.sales", partition: "2026-01-01|north" });
    expect(splitNodeId("raw.sales")).toEqual({ asset: "raw.sales", partition: null });
  });
});

describe("ranges", () => {
  it("take the last one in", () => {
    expect(keys(space({ by: "day" }), "2026-02-27..2026-03-01")).toEqual(["2026-02-27", "2026-02-28", "2026-03-01"]);
    expect(keys(space({ by: "day" }), "2026-02")).toHaveLength(28);
    expect(keys(space({ by: "month" }), "2026-01-15..2026-03-01")).toEqual(["2026-01", "2026-02", "2026-03"]);
  });

  it("multiply dimensions", () => {
    const both = space({ day: { by: "day", start: "2026-11-19" }, region: { values: ["north", "south"] } });
    expect(keys(both, "2026-11-19|*")).toEqual(["2026-11-19|north", "2026-11-19|south"]);
    expect(keys(both, "north")).toEqual(["2026-11-19|north", "2026-11-20|north"]);
    expect(keys(both, "*|south,north")).toHaveLength(4);
    expect(() => keys(both, "2026-11-19|west")).toThrow("raw.sales has no partition 2026-11-19|west");
  });

  it("end with the last interval that is over", () => {
    const days = space({ by: "day", start: "2026-11-19" });
    expect([...partsIn(days, wholeSlice(days, NOW, NOTHING)!)].map((parts) => keyOf(days, parts))).toEqual(["2026-11-19", "2026-11-20"]);
    expect(wholeSlice(space({ by: "day" }), NOW, NOTHING)).toBeNull();
    const bounded = space({ by: "month", start: "2025-11-02", end: "2026-02" });
    expect([...partsIn(bounded, wholeSlice(bounded, NOW, NOTHING)!)].map((parts) => keyOf(bounded, parts))).toEqual(["2025-12", "2026-01"]);
  });

  it("of ten million partitions are refused with their number, at once", () => {
    const hours = space({ by: "hour" });
    expect(countSlice(hours, sliceOf(hours, "0900-01-01T00..2050-12-31T23", NOW))).toBe(
      (Date.parse("2051-01-01T00:00:00Z") - Date.parse("0900-01-01T00:00:00Z")) / 3_600_000,
    );
    expect(() => assertCountable(hours, sliceOf(hours, "0900-01-01T00..2050-12-31T23", NOW))).toThrow("10,089,456 partitions");
  });
});

describe("mappings", () => {
  const known = (of: Space, text: string): ReadonlyMap<string, Parts> =>
    new Map([...partsIn(of, sliceOf(of, text, NOW))].map((parts) => [keyOf(of, parts), parts]));
  const read = (mapping: Parameters<typeof readingOf>[0], down: Space, up: Space, key: string, there: string): readonly string[] =>
    keysRead(readingOf(mapping, down, up, parseKey(down, key)!), up, known(up, there));

  it("read the same partition, or a window that ends with it", () => {
    const day = space({ by: "day" });
    expect(read(undefined, day, day, "2026-01-03", "2026-01-01..2026-01-05")).toEqual(["2026-01-03"]);
    expect(read({ window: 3 }, day, day, "2026-01-03", "2026-01-02..2026-01-05")).toEqual(["2026-01-02", "2026-01-03"]);
    expect(read("all", day, day, "2026-01-03", "2026-01-01..2026-01-05")).toHaveLength(5);
  });

  it("match dimensions by name and read the others whole", () => {
    const dayRegion = space({ day: { by: "day" }, region: { values: ["north", "south"] } });
    const regionOnly = space({ region: { values: ["south", "north"] } });
    const day = space({ day: { by: "day" } });
    expect(read(undefined, day, dayRegion, "2026-01-03", "2026-01-01..2026-01-05|*")).toEqual(["2026-01-03|north", "2026-01-03|south"]);
    expect(read(undefined, dayRegion, day, "2026-01-03|north", "2026-01-01..2026-01-05")).toEqual(["2026-01-03"]);
    expect(read(undefined, dayRegion, regionOnly, "2026-01-03|north", "*")).toEqual(["north"]);
    expect(read(undefined, regionOnly, day, "north", "2026-01-01..2026-01-05")).toHaveLength(5);
  });

  it("take what a function answers", () => {
    const day = space({ by: "day" });
    const before = ({ startMs }: { readonly startMs: number | null }): readonly string[] => [
      new Date(startMs! - 86_400_000).toISOString().slice(0, 10),
    ];
    expect(read(before, day, day, "2026-01-03", "2026-01-01..2026-01-05")).toEqual(["2026-01-02"]);
    expect(() => read(() => ["x"], day, day, "2026-01-03", "2026-01-01..2026-01-05")).toThrow("no partition of raw.sales");
  });

  it.each([
    ["day", "UTC", "hour", "UTC"],
    ["month", "UTC", "day", "UTC"],
    ["week", "Europe/Berlin", "day", "Europe/Berlin"],
    ["day", "America/New_York", "hour", "UTC"],
    ["day", "Europe/Berlin", "month", "UTC"],
    ["month", "UTC", "week", "Asia/Kathmandu"],
  ] as const)("of a %s in %s read the %ss in %s that overlap it, as plain comparison finds them", (downUnit, downZone, upUnit, upZone) => {
    const down = space({ by: downUnit, timezone: downZone });
    const up = space({ by: upUnit, timezone: upZone });
    const there = known(up, upUnit === "hour" ? "2026-03-01T00..2026-04-30T23" : "2026-02-01..2026-05-15");
    for (const window of [1, 3]) {
      for (const parts of partsIn(down, sliceOf(down, "2026-03-05..2026-04-10", NOW))) {
        const mine = intervalOf(down, parts)!;
        const all = [...there].map(([key, each]) => ({ key, ...intervalOf(up, each)! }));
        const first = all.findIndex((each) => each.startMs < mine.endMs && each.endMs > mine.startMs);
        const naive = all.filter(
          (each, index) => (each.startMs < mine.endMs && each.endMs > mine.startMs) || (index < first && index >= first - (window - 1)),
        );
        expect(keysRead(readingOf({ window }, down, up, parts), up, there)).toEqual(naive.map(({ key }) => key));
      }
    }
  });
});
