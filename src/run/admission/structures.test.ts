// The parts that admission is made of, against naive models: the persistent table, rates, breakers, turns.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type BreakerSettings, parseRate, type Rate } from "../../model/limits.ts";
import { type Breaker, breakerAfter, closedBreaker, phaseOf, saysDown } from "./breaker.ts";
import { spend, tokensAt, tokensFrom, tokensMax, unspent } from "./rate.ts";
import { emptyTable, entriesOf, lookup, put, remove, type Table } from "./table.ts";
import { lead, newTurns, took } from "./turns.ts";

function inOrder<T>(entries: Iterable<readonly [string, T]>): readonly (readonly [string, T])[] {
  return [...entries].toSorted(([a], [b]) => (a < b ? -1 : 1));
}

describe("a table", () => {
  it("is a map that does not change what it came from", () => {
    const step = fc.tuple(fc.boolean(), fc.stringMatching(/^[a-d]{0,3}$/), fc.nat(9));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const model = new Map<string, number>();
        let table: Table<number> = emptyTable();
        const before: { table: Table<number>; entries: string }[] = [];
        for (const [adds, key, value] of steps) {
          before.push({ table, entries: JSON.stringify(inOrder(model)) });
          if (adds) model.set(key, value);
          else model.delete(key);
          table = adds ? put(table, key, value) : remove(table, key);
          expect(lookup(table, key)).toBe(model.get(key));
          expect(table.size).toBe(model.size);
        }
        for (const old of before) expect(JSON.stringify(inOrder(entriesOf(old.table)))).toBe(old.entries);
        expect(inOrder(entriesOf(table))).toEqual(inOrder(model));
      }),
    );
  });

  it("holds many names, also those whose hashes are the same, in an order that does not depend on history", () => {
    // FNV-1a gives each two of these the same hash.
    const clashing = ["costarring", "liquid", "declinate", "macallums", "altarage", "zinke"];
    const names = [...clashing, ...Array.from({ length: 5_000 }, (_, index) => `n${index}`)];
    let table: Table<number> = emptyTable();
    for (const [index, name] of names.entries()) table = put(table, name, index);
    expect(table.size).toBe(names.length);
    for (const [index, name] of names.entries()) expect(lookup(table, name)).toBe(index);
    table = remove(table, "liquid");
    expect([lookup(table, "costarring"), lookup(table, "liquid")]).toEqual([0, undefined]);
    table = put(table, "liquid", 1);
    for (const name of names.slice(100)) table = remove(table, name);
    let other: Table<number> = emptyTable();
    for (const [index, name] of names.slice(0, 100).toReversed().entries()) other = put(other, name, 99 - index);
    expect([...entriesOf(table)]).toEqual([...entriesOf(other)]);
  });
});

describe("a rate", () => {
  const rates = fc.record(
    { count: fc.integer({ min: 1, max: 8 }), perMs: fc.integer({ min: 1, max: 50 }), burst: fc.integer({ min: 1, max: 10 }) },
    { requiredKeys: ["count", "perMs"] },
  ) as fc.Arbitrary<Rate>;

  it("T1 T2 T3 lets through what it says over any window, and names the first moment for more", () => {
    const tries = fc.array(fc.record({ passMs: fc.nat(30), weight: fc.integer({ min: 1, max: 4 }) }), { maxLength: 60 });
    fc.assert(
      fc.property(rates, tries, (rate, list) => {
        let now = 1_000;
        let spent = unspent(rate);
        const starts: { at: number; weight: number }[] = [];
        for (const { passMs, weight } of list) {
          now += passMs;
          const fits = tokensAt(rate, spent, now) >= weight;
          const from = tokensFrom(rate, spent, weight, now);
          expect(from === now).toBe(fits || tokensAt(rate, spent, now) >= tokensMax(rate));
          if (from > now) {
            expect(tokensAt(rate, spent, from)).toBeGreaterThanOrEqual(Math.min(weight, tokensMax(rate)));
            expect(tokensAt(rate, spent, from - 1)).toBeLessThan(weight);
          }
          if (!fits) continue;
          spent = spend(rate, spent, { at: now, weight });
          starts.push({ at: now, weight });
        }
        for (const [index, first] of starts.entries())
          for (const last of starts.slice(index)) {
            const within = starts.filter(({ at }) => at >= first.at && at <= last.at).reduce((sum, { weight }) => sum + weight, 0);
            const lengthMs = last.at - first.at;
            if (rate.burst === undefined) {
              if (lengthMs < rate.perMs) expect(within).toBeLessThanOrEqual(rate.count);
            } else expect(within).toBeLessThanOrEqual(rate.burst + Math.floor((lengthMs * rate.count) / rate.perMs));
          }
      }),
      { numRuns: 300 },
    );
  });

  it("is used up to the full", () => {
    const rate: Rate = { count: 3, perMs: 10 };
    let spent = unspent(rate);
    let starts = 0;
    for (let now = 0; now < 1_000; now++)
      while (tokensAt(rate, spent, now) >= 1) {
        spent = spend(rate, spent, { at: now, weight: 1 });
        starts++;
      }
    expect(starts).toBe(300);
  });

  it("is read exactly", () => {
    expect(["10/s", "300/m", "1000/h", "2/d", "0.5/s", "2.50/s"].map(parseRate)).toEqual([
      { count: 10, perMs: 1_000 },
      { count: 300, perMs: 60_000 },
      { count: 1_000, perMs: 3_600_000 },
      { count: 2, perMs: 86_400_000 },
      { count: 1, perMs: 2_000 },
      { count: 1, perMs: 400 },
    ]);
    expect(["", "10", "10/y", "0/s", "-1/s", "1e9/s", "1.23456/s", "0.0/s", "10 /s"].map(parseRate)).toEqual(Array(9).fill(undefined));
  });
});

describe("a breaker", () => {
  const settings: BreakerSettings = { failures: 2, pauseMs: 100, maxPauseMs: 300 };
  const error = { code: "MR3501", message: "down" };
  const open = (until: number, pauseMs: number): Breaker => ({ kind: "open", since: 50, until, pauseMs, error });
  const ended = (startedAt: number, at: number, ok: boolean) => ({ startedAt, at, error: ok ? null : error });
  const table: readonly (readonly [what: string, before: Breaker, ending: ReturnType<typeof ended>, after: Breaker])[] = [
    ["closed, success: closed", closedBreaker, ended(0, 10, true), closedBreaker],
    ["closed, first failure: counted", closedBreaker, ended(0, 10, false), { kind: "closed", failures: 1 }],
    ["closed, success after a failure: forgotten", { kind: "closed", failures: 1 }, ended(0, 10, true), closedBreaker],
    ["closed, last failure: open", { kind: "closed", failures: 1 }, ended(0, 50, false), open(150, 100)],
    ["open, failure of an old attempt: as it was", open(150, 100), ended(40, 60, false), open(150, 100)],
    ["open, success of an old attempt: as it was", open(150, 100), ended(40, 60, true), open(150, 100)],
    ["half open, success of an old attempt: as it was", open(150, 100), ended(40, 400, true), open(150, 100)],
    ["half open, probe succeeds: closed", open(150, 100), ended(150, 160, true), closedBreaker],
    ["half open, probe fails: open with twice the pause", open(150, 100), ended(150, 160, false), open(360, 200)],
    ["half open, probe fails again: the pause has a limit", open(360, 200), ended(360, 400, false), open(700, 300)],
  ];
  for (const [what, before, ending, after] of table) it(what, () => expect(breakerAfter(settings, before, ending)).toEqual(after));

  it("is open until its time, then half open", () => {
    expect([149, 150, 151].map((now) => phaseOf(open(150, 100), now))).toEqual(["open", "halfOpen", "halfOpen"]);
    expect(phaseOf(closedBreaker, 0)).toBe("closed");
  });

  it("counts what says that the other side is down, and nothing else", () => {
    const retryable = { code: "MR3501", message: "", retryable: true };
    expect(saysDown({ reason: "error", error: retryable })).toBe(true);
    expect(saysDown({ reason: "timeout", error: retryable })).toBe(true);
    expect(saysDown({ reason: "error", error: { ...retryable, retryable: false } })).toBe(false);
    expect(saysDown({ reason: "error", error: { ...retryable, retryAfterMs: 5 } })).toBe(false);
    expect(saysDown({ reason: "lost", error: retryable })).toBe(false);
    expect(saysDown({ reason: "interrupted", error: retryable })).toBe(false);
  });
});

describe("turns", () => {
  it("share what is short by the shares of those who want it, whatever the weights", () => {
    const keys = fc.array(fc.record({ share: fc.integer({ min: 1, max: 5 }), weight: fc.integer({ min: 1, max: 4 }) }), {
      minLength: 2,
      maxLength: 5,
    });
    fc.assert(
      fc.property(keys, (wants) => {
        let turns = newTurns;
        const got = wants.map(() => 0);
        for (let round = 0; round < 500; round++) {
          const leads = wants.map((_, key) => lead(turns, `k${key}`));
          const next = leads.indexOf(Math.min(...leads));
          const { share, weight } = wants[next]!;
          turns = took(turns, `k${next}`, weight / share);
          got[next]! += weight / share;
        }
        // Start-time fair queueing: the difference stays below one turn of each of the two.
        const most = Math.max(...wants.map(({ share, weight }) => weight / share));
        expect(Math.max(...got) - Math.min(...got)).toBeLessThanOrEqual(2 * most + 1e-9);
      }),
    );
  });

  it("give no credit to who was away", () => {
    let turns = took(newTurns, "late", 1);
    for (let round = 0; round < 100; round++) turns = took(turns, "busy", 1);
    let got = 0;
    for (let round = 0; round < 20; round++) {
      const next = lead(turns, "late") <= lead(turns, "busy") ? "late" : "busy";
      if (next === "late") got++;
      turns = took(turns, next, 1);
    }
    expect(got).toBeLessThanOrEqual(11);
  });
});
