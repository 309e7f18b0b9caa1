// Parts of the page that need no browser: times on a line with idle folded.
import { describe, expect, it } from "vitest";
import { timeScale } from "../ui/src/pages/run/time-scale.ts";

const HOUR_MS = 3_600_000;

describe("the steps of a run in time", () => {
  it("stand in proportion where something always runs", () => {
    const { at, folds } = timeScale({ from: 1_000, to: 5_000 }, [{ from: 1_000, to: 5_000 }]);
    expect(folds).toEqual([]);
    expect([1_000, 2_000, 3_000, 5_000].map(at)).toEqual([0, 0.25, 0.5, 1]);
  });

  it("show their minutes when the run waited a night in between", () => {
    const night = { from: 60_000, to: 10 * HOUR_MS };
    const { at, folds } = timeScale({ from: 0, to: night.to + 60_000 }, [
      { from: 0, to: 60_000 },
      { from: night.to, to: night.to + 60_000 },
    ]);
    expect(folds).toMatchObject([night]);
    // Two minutes of work take all of the line but the fold, which is a twentieth of the work.
    expect(at(60_000)).toBeCloseTo(0.5 / 1.05, 6);
    expect(folds[0]!.width).toBeCloseTo(0.05 / 1.05, 6);
    expect(at(night.to + 60_000)).toBe(1);
  });

  it("never go backwards, whatever overlaps", () => {
    const spans = Array.from({ length: 200 }, (_, index) => ({
      from: (index * 7_919) % 50_000,
      to: ((index * 7_919) % 50_000) + ((index * 104_729) % 9_000),
    }));
    const { at } = timeScale({ from: 0, to: 60_000 }, spans);
    const placed = Array.from({ length: 601 }, (_, index) => at(index * 100));
    expect(placed.every((each, index) => index === 0 || each >= placed[index - 1]!)).toBe(true);
    expect([placed[0], placed.at(-1)]).toEqual([0, 1]);
  });

  it("take a run in which nothing ran yet", () => {
    expect(timeScale({ from: 0, to: 10 }, []).at(5)).toBe(0.5);
  });
});
