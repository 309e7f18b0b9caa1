// Parts of the page of a run that need no browser: what a step waited and worked, and the colours that programs write into their lines.
import { describe, expect, it } from "vitest";
import { piecesOf, plainText } from "../ui/src/pages/run/ansi.ts";
import { readyTimes, type RunNode, timesOf } from "../ui/src/pages/run/node.ts";

const at = (second: number): string => new Date(second * 1_000).toISOString();

function step(asset: string, needs: readonly string[], tries: readonly (readonly [from: number, to: number | null])[]): RunNode {
  const attempts = tries.map(([from, to], index) => ({
    attempt: index + 1,
    startedAt: at(from),
    finishedAt: to === null ? null : at(to),
    status: to === null ? "running" : "succeeded",
    error: null,
  }));
  return { asset, status: "succeeded", attempts, rows: null, checks: [], reason: "", needs, error: null };
}

describe("a step of a run", () => {
  const nodes = [
    step("raw.a", [], [[2, 10]]),
    step("raw.b", [], [[0, 4]]),
    step(
      "clean.c",
      ["raw.a", "raw.b"],
      [
        [13, 15],
        [18, null],
      ],
    ),
    step("final.d", ["clean.c"], []),
  ];
  const ready = readyTimes(nodes, 0);

  it("could begin when the last of what it stands on had ended", () => {
    expect([...ready]).toEqual([
      ["raw.a", 0],
      ["raw.b", 0],
      ["clean.c", 10_000],
      ["final.d", 0],
    ]);
  });

  it("waits before its first try and between them, and works in them", () => {
    expect(timesOf(nodes[0]!, ready.get("raw.a")!, 30_000)).toEqual({ queued: 2, worked: 8 });
    expect(timesOf(nodes[2]!, ready.get("clean.c")!, 30_000), "its second try goes on").toEqual({ queued: 3 + 3, worked: 2 + 12 });
    expect(timesOf(nodes[3]!, 0, 30_000)).toBeNull();
  });
});

describe("colours of a terminal", () => {
  it("become classes, and every other escape is left out", () => {
    expect(piecesOf("plain")).toEqual([{ text: "plain", look: "" }]);
    expect(piecesOf("\u001B[1;31mred\u001B[39m bold\u001B[0m no")).toEqual([
      { text: "red", look: "a-red a-bold" },
      { text: " bold", look: "a-bold" },
      { text: " no", look: "" },
    ]);
    expect(plainText("\u001B]0;title\u0007a\u001B[2K\u001B[38;5;9mb\u0000c")).toBe("abc");
  });

  it("never make anything but text of a line", () => {
    expect(piecesOf("\u001B[31m<img src=x onerror=1>")).toEqual([{ text: "<img src=x onerror=1>", look: "a-red" }]);
  });
});
