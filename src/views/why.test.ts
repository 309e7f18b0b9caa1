// How answers of `why` speak of times, and what they name of that which holds a step back.
import { expect, it } from "vitest";
import { NO_LIMITS } from "../model/limits.ts";
import { foldAdmission, newAdmission } from "../run/admission/facts.ts";
import { drive, failedWith, planOf } from "../run/run.fixture.ts";
import { foldRun } from "./run-fold.ts";
import { moment, NO_REASONS } from "./why.ts";
import { explainRun } from "./why-run.ts";

it("a moment is said with how far away it is, or that it is now", () => {
  const at = Date.UTC(2026, 0, 31, 6);
  const said = [0, 999, 3 * 60_000, -2 * 3_600_000].map((awayMs) => moment(at, at - awayMs));
  expect(said).toEqual(["(just now)", "(just now)", "(in 3m)", "(2h ago)"].map((away) => `2026-01-31T06:00:00Z ${away}`));
});

it("a step that may be tried again and is not names what holds it: its connection is left alone for longer", () => {
  const run = drive(planOf(["a"], {}, { connection: "crm" }));
  run.at = 1_000;
  run.report("a", 1, failedWith({ code: "MR3501", message: "no answer" }));
  const limits = { ...NO_LIMITS, breakers: { crm: { failures: 1, pauseMs: 30_000, maxPauseMs: 60_000 } } };
  let facts = newAdmission(limits);
  for (const event of run.log) facts = foldAdmission(facts, "r_1", event);
  const why = (now: number) => explainRun({ fold: foldRun(run.log)!, state: run.state(), facts, now }, NO_REASONS);
  const down = "it is down since 50 ms (MR3501 no answer), next try in 29 s.";
  expect(why(1_050).sentences.slice(1)).toEqual([
    "a failed and is tried again at 1970-01-01T00:00:01Z (just now): MR3501 no answer.",
    `a waits for the connection crm: ${down}`,
  ]);
  expect(why(21_000).sentences.slice(1)).toEqual([
    "a failed and may be tried again since 1970-01-01T00:00:01Z (19s ago): MR3501 no answer.",
    "a waits for the connection crm: it is down since 20 s (MR3501 no answer), next try in 10 s.",
  ]);
  expect(why(21_000).waitsFor[1]).toMatchObject({ kind: "breaker", node: "a", connection: "crm", until: "1970-01-01T00:00:31.000Z" });
  expect(why(31_000).waitsFor[1]).toEqual({ kind: "engine", node: "a" });
});
