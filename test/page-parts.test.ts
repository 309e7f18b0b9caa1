// Parts of the page that need no browser: times on a line with idle folded, the lines of a log that are kept.
import { describe, expect, it } from "vitest";
import { KEPT_MAX, shownOf, type Window, withAfter, withBefore } from "../ui/src/pages/run/log-parts.ts";
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

describe("the lines of a log that the page holds", () => {
  it("are those of the log from one place to another, however far it is read up and down, and never more than are kept", () => {
    let state = 11;
    const pick = (below: number): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    let total = 200_000;
    const levelOf = (line: number): "error" | "info" => (line % 97 === 0 ? "error" : "info");
    const window = (from: number, to: number): Window => ({
      lines: Array.from({ length: to - from }, (_, at) => ({
        line: from + at,
        level: levelOf(from + at),
        at: "",
        run: "r",
        node: "n",
        attempt: 1,
        message: "",
      })),
      total,
      previous: from === 0 ? null : String(from),
      next: String(to),
      hasNext: to < total,
    });
    let shown = shownOf(window(total - 400, total));
    for (let turn = 0; turn < 240; turn++) {
      total += pick(3) * 1_000;
      const isUp = Math.floor(turn / 80) % 2 === 0;
      if (isUp && shown.previous !== null) {
        const to = Number(shown.previous);
        shown = withBefore(shown, window(Math.max(0, to - 1_000), to));
      } else {
        const from = Number(shown.next);
        shown = withAfter(shown, window(from, Math.min(total, from + 1 + pick(5_000))));
      }
      const first = shown.lines[0]!.line;
      expect(shown.lines.length).toBeLessThanOrEqual(KEPT_MAX);
      if (turn % 8 === 0) expect(shown.lines.every(({ line }, at) => line === first + at)).toBe(true);
      expect([shown.previous ?? "0", shown.next]).toEqual([String(first), String(first + shown.lines.length)]);
      expect(shown.errors).toBe(shown.lines.filter(({ level }) => level === "error").length);
    }
    expect(shown.parts.length).toBeLessThan(200);
  });
});
