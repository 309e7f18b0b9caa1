// A change that the stream tells is seen in what is kept, as the next answer would tell it.
import { expect, it } from "vitest";
import type { RunAnswer, RunsAnswer } from "../../../src/model/answers.ts";
import type { AssetGraphAnswer } from "../../../src/model/graph-answers.ts";
import { withAssets, withRuns } from "./deltas.ts";

const run = (name: string, minute: number, status: RunAnswer["status"]): RunAnswer =>
  ({ run: name, startedAt: `2026-01-01T00:0${minute}:00.000Z`, status }) as RunAnswer;
const list = (...runs: readonly RunAnswer[]): RunsAnswer => ({ runs, next: null });
const named = ({ runs }: RunsAnswer): unknown => runs.map((each) => `${each.run} ${each.status}`);

it("shows how a run of a list stands now, and a run that began first where all runs are listed", () => {
  const before = list(run("c", 3, "running"), run("b", 2, "failed"), run("a", 1, "succeeded"));
  expect(named(withRuns(before, { limit: 3 }, [run("c", 3, "succeeded")]))).toEqual(["c succeeded", "b failed", "a succeeded"]);
  expect(named(withRuns(before, { limit: 3 }, [run("d", 4, "running"), run("e", 5, "running")]))).toEqual([
    "e running",
    "d running",
    "c running",
    "b failed",
    "a succeeded",
  ]);
  const filtered = { limit: 3, status: "failed" };
  expect(withRuns(before, filtered, [run("d", 4, "failed")])).toBe(before);
  expect(named(withRuns(before, filtered, [run("b", 2, "running")]))).toEqual(["c running", "b running", "a succeeded"]);
  expect(withRuns(before, { limit: 3 }, [run("z", 0, "failed")])).toBe(before); // older than the list
  expect(withRuns(list(), { limit: 3, cursor: "x" }, [run("d", 4, "running")]).runs).toEqual([]);
});

it("shows how assets stand now, and leaves to the graph's next answer what is not told", () => {
  const nodes = [
    { asset: "a", status: "stale", rows: 4, updatedAt: "t0" },
    { asset: "b", status: "current", rows: 1, updatedAt: "t0" },
  ] as unknown as AssetGraphAnswer["nodes"];
  const told = withAssets({ nodes }, [
    { asset: "a", status: "current", rows: 9, at: "t1" },
    { asset: "b", status: null, rows: null, at: "t1" },
  ]);
  expect(told.nodes).toEqual([{ ...nodes[0], status: "current", rows: 9, updatedAt: "t1" }, nodes[1]]);
  expect(withAssets({ nodes }, [{ asset: "b", status: "running", rows: null, at: "t1" }]).nodes[1]).toEqual({
    ...nodes[1],
    status: "running",
  });
  expect(withAssets({ nodes }, [{ asset: "gone", status: "running", rows: null, at: "t1" }]).nodes).toBe(nodes);
});
