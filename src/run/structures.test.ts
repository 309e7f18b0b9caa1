// The persistent vector and heap against their plain counterparts; run time; the cost of a step in a large plan.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readClock, runTime, unreadClock } from "./clock.ts";
import { type Heap, heapOfSorted, pop, push } from "./heap.ts";
import { drive, OK, planOf } from "./run.fixture.ts";
import { get, set, vectorOf } from "./vector.ts";

const before = (a: number, b: number): boolean => a < b;

const drain = (heap: Heap<number>): number[] => {
  const items: number[] = [];
  for (let rest = heap; rest !== null; rest = pop(rest, before)) items.push(rest.item);
  return items;
};

describe("the vector", () => {
  it("is an array that `set` does not change", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3_000 }), fc.array(fc.tuple(fc.nat(), fc.integer()), { maxLength: 50 }), (length, changes) => {
        const plain = Array.from({ length }, (_, index) => index);
        const first = vectorOf(plain);
        let vector = first;
        const copy = [...plain];
        for (const [at, item] of changes) {
          copy[at % length] = item;
          vector = set(vector, at % length, item);
        }
        expect(copy.map((_, index) => get(vector, index))).toEqual(copy);
        expect(plain.map((_, index) => get(first, index))).toEqual(plain);
      }),
      { numRuns: 50 },
    );
  });
});

describe("the heap", () => {
  it("gives its elements in order", () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), fc.array(fc.integer()), (first, more) => {
        const heap = more.reduce<Heap<number>>((rest, item) => push(rest, item, before), heapOfSorted(first.toSorted((a, b) => a - b)));
        expect(drain(heap)).toEqual([...first, ...more].toSorted((a, b) => a - b));
      }),
    );
  });

  it("holds 100,000 elements without a deep recursion", () => {
    let heap: Heap<number> = null;
    for (let item = 0; item < 100_000; item++) heap = push(heap, item % 2 === 0 ? item : -item, before);
    expect(drain(heap)).toHaveLength(100_000);
  });
});

describe("run time", () => {
  it("goes on from where it was when the machine's clock goes back", () => {
    let clock = readClock(unreadClock, 10_000, 0);
    clock = readClock(clock, 10_500, 0);
    expect(runTime(clock)).toBe(10_500);
    clock = readClock(clock, 400, 10_500);
    expect(runTime(clock)).toBe(10_500);
    clock = readClock(clock, 500, 10_500);
    expect(runTime(clock)).toBe(10_600);
  });

  it("is never before the newest event, also on another machine", () => {
    const clock = readClock(unreadClock, 1_000, 9_000);
    expect(runTime(clock)).toBe(9_000);
    expect(runTime(readClock(clock, 1_200, 9_000))).toBe(9_200);
  });
});

describe("a plan of 100,000 nodes", () => {
  it("is worked through a step at a time, each touching only what it must", () => {
    const size = 100_000;
    const plan = planOf(
      Array.from({ length: size }, (_, index) => (index < 10 ? `n${index}` : `n${index}: n${index - 10} n${index - 1 - (index % 9)}`)),
      { concurrency: 50 },
    );
    const run = drive(plan);
    const queue = run.log.filter((event) => event.type === "attempt_started").map((event) => event.node);
    for (let node = queue.shift(); node !== undefined; node = queue.shift())
      for (const event of run.report(node, 1, OK)) if (event.type === "attempt_started") queue.push(event.node);
    expect(run.log.at(-1)).toMatchObject({ type: "run_finished", status: "succeeded" });
    expect(run.log).toHaveLength(2 + size * 2);
  });
});
