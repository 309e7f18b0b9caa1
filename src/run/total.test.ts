// Tier 2: every state of a node × everything that may happen, as a table that the compiler keeps complete; and what holds for any history.
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RunEvent } from "../model/events.ts";
import { decide, step } from "./decide.ts";
import { evolve } from "./evolve.ts";
import type { Outcome, RunInput } from "./input.ts";
import { outstanding } from "./outstanding.ts";
import { drive, failedWith, OK, planOf, words } from "./run.fixture.ts";
import { newRun, type NodeState, type RunState } from "./state.ts";

type Happening = RunInput["type"] | `report ${Outcome["kind"]}`;
type Row = Readonly<Record<Exclude<Happening, "report">, string>>;

const nothing: Row = {
  start: "",
  tick: "",
  adopt: "",
  heartbeat: "",
  cancel: "cancel by ana, canceled x",
  signal: "",
  pause: "paused by ana",
  resume: "",
  setConcurrency: "concurrency 3",
  "report succeeded": "",
  "report failed": "",
  "report timeout": "",
  "report lost": "",
  "report interrupted": "",
  "report skipped": "",
  "report waiting": "",
  "report mapped": "",
};
const final: Row = { ...nothing, cancel: "", pause: "", setConcurrency: "" };
/** A node that starts by itself once anything makes the run look. */
const startsAs = (start: string): Row => ({
  ...(Object.fromEntries(Object.keys(nothing).map((key) => [key, start])) as Row),
  start: "",
  pause: "paused by ana",
  setConcurrency: `concurrency 3, ${start}`,
  cancel: "cancel by ana, canceled x, finished canceled",
});
/** What node x answers; x stands on w (pending) or on nothing. The time is 1,000; attempts began at 0, waits are over at 100. */
const table: Readonly<Record<NodeState["kind"], Row>> = {
  dormant: { ...nothing, adopt: "interrupted w#1 again at 1000, started w#2" },
  pending: { ...nothing, cancel: "cancel by ana, canceled w, canceled x, finished canceled", setConcurrency: "concurrency 3, " },
  ready: startsAs("started x#1"),
  running: {
    ...nothing,
    adopt: "interrupted x#1 again at 1000, started x#2",
    cancel: "cancel by ana",
    "report succeeded": "succeeded x#1, finished succeeded",
    "report failed": "error x#1 again at 1100",
    "report timeout": "timeout x#1 again at 1100",
    "report lost": "lost x#1 again at 1100",
    "report interrupted": "interrupted x#1 again at 1000, started x#2",
    "report skipped": "skipped x because no, finished succeeded",
    "report waiting": "waits x#1 for condition",
    "report mapped": "mapped x to 2, started x[0]#1, started x[1]#1",
  },
  backoff: startsAs("started x#2"),
  waiting: { ...startsAs("started x#2"), signal: "signaled x by ana, started x#2" },
  mapped: {
    ...nothing,
    tick: "started x[0]#1, started x[1]#1",
    adopt: "started x[0]#1, started x[1]#1",
    heartbeat: "started x[0]#1, started x[1]#1",
    signal: "started x[0]#1, started x[1]#1",
    resume: "started x[0]#1, started x[1]#1",
    setConcurrency: "concurrency 3, started x[0]#1, started x[1]#1",
    "report succeeded": "started x[0]#1, started x[1]#1",
    "report failed": "started x[0]#1, started x[1]#1",
    "report timeout": "started x[0]#1, started x[1]#1",
    "report lost": "started x[0]#1, started x[1]#1",
    "report interrupted": "started x[0]#1, started x[1]#1",
    "report skipped": "started x[0]#1, started x[1]#1",
    "report waiting": "started x[0]#1, started x[1]#1",
    "report mapped": "started x[0]#1, started x[1]#1",
    cancel: "cancel by ana, canceled x, canceled x[0], canceled x[1], finished canceled",
  },
  succeeded: final,
  reused: final,
  failed: final,
  skipped: final,
  canceled: final,
};

function stateWith(kind: NodeState["kind"]): RunState {
  switch (kind) {
    case "pending":
      return drive(planOf(["w", "x: w"]), { owner: null }).state();
    case "ready":
      return drive(planOf(["x"]), { owner: null }).state();
    case "running":
      return drive(planOf(["x"])).state();
    case "backoff": {
      const run = drive(planOf(["x"]));
      run.report("x", 1, failedWith());
      return run.state();
    }
    case "dormant": {
      const plan = planOf(["w", "x"]);
      return drive({ ...plan, nodes: [plan.nodes[0]!, { ...plan.nodes[1]!, compensates: "w" }] }).state();
    }
    case "waiting": {
      const run = drive(planOf(["x"]));
      run.report("x", 1, { kind: "waiting", wait: { kind: "condition", until: 100, why: "" } });
      return run.state();
    }
    case "mapped": {
      const run = drive(planOf(["x"]));
      run.owner = null;
      run.report("x", 1, { kind: "mapped", items: [1, 2] });
      return run.state();
    }
    case "succeeded":
    case "reused":
    case "failed":
    case "skipped":
    case "canceled": {
      const run = drive(planOf(["w", "x: w"]));
      if (kind === "canceled") run.give({ type: "cancel", by: "", why: "" });
      run.report("w", 1, kind === "skipped" ? failedWith({ retryable: false }) : OK);
      run.report(
        "x",
        1,
        kind === "failed" ? failedWith({ retryable: false }) : { kind: "succeeded", facts: {}, reused: kind === "reused" },
      );
      return run.state();
    }
    default:
      return kind satisfies never;
  }
}

function inputOf(happening: keyof Row): RunInput {
  const now = 1_000;
  const owner = "e2";
  switch (happening) {
    case "start":
      return { type: "start", now, owner, run: "r_2", trigger: "", plan: planOf(["x"]), seed: 1, leaseMs: null, takeOver: null };
    case "tick":
    case "adopt":
      return { type: happening, now, owner };
    case "heartbeat":
      return { type: "heartbeat", now, owner, attempts: [{ node: "x", attempt: 1 }] };
    case "cancel":
    case "pause":
      return { type: happening, now, owner, by: "ana", why: "" };
    case "resume":
      return { type: "resume", now, owner, by: "ana" };
    case "setConcurrency":
      return { type: "setConcurrency", now, owner, by: "ana", concurrency: 3 };
    case "signal":
      return { type: "signal", now, owner, node: "x", signal: { by: "ana", why: "", accept: true, fields: null } };
    case "report succeeded":
      return { type: "report", now, owner, node: "x", attempt: 1, outcome: OK };
    case "report failed":
      return { type: "report", now, owner, node: "x", attempt: 1, outcome: failedWith() };
    case "report lost":
      return { type: "report", now, owner, node: "x", attempt: 1, outcome: { ...failedWith(), kind: "lost" } as Outcome };
    case "report timeout":
      return { type: "report", now, owner, node: "x", attempt: 1, outcome: { ...failedWith(), kind: "timeout" } as Outcome };
    case "report skipped":
      return { type: "report", now, owner, node: "x", attempt: 1, outcome: { kind: "skipped", why: "no" } };
    case "report waiting":
      return {
        type: "report",
        now,
        owner,
        node: "x",
        attempt: 1,
        outcome: { kind: "waiting", wait: { kind: "condition", until: 2_000, why: "" } },
      };
    case "report mapped":
      return { type: "report", now, owner, node: "x", attempt: 1, outcome: { kind: "mapped", items: [1, 2] } };
    case "report interrupted":
      return { type: "report", now, owner, node: "x", attempt: 1, outcome: { kind: "interrupted" } };
    default:
      return happening satisfies never;
  }
}

describe("every state of a node × everything that may happen", () => {
  for (const kind of Object.keys(table) as NodeState["kind"][])
    for (const happening of Object.keys(table[kind]) as (keyof Row)[]) {
      // A pending node's need is ready and would start by itself; only what x answers counts.
      const alone = (text: string): string => (kind === "pending" ? text.replace(/started w#\d/, "") : text);
      it(`${kind} × ${happening}: ${table[kind][happening] || "nothing"}`, () => {
        expect(alone(words(decide(stateWith(kind), inputOf(happening))).join(", "))).toBe(table[kind][happening]);
      });
    }
});

/** A history: moves are pairs of small numbers that choose what happens next. */
function play(
  moves: readonly (readonly [number, number])[],
  look: (before: RunState, input: RunInput, events: readonly RunEvent[]) => void,
): RunState {
  const ids = ["a", "b", "c", "d", "e"];
  const plan = planOf(["a", "b", "c: a", "d: a b", "e: d"], { concurrency: 2, timeoutMs: 2_000 }, { timeoutMs: 150 });
  let now = 0;
  let state: RunState = newRun;
  const give = (input: RunInput): void => {
    const { events, state: next } = step(state, input);
    look(state, input, events);
    state = next;
  };
  give({ type: "start", now, owner: "e1", run: "r", trigger: "", plan, seed: 3, leaseMs: 200, takeOver: null });
  for (const [what, which] of moves) {
    now += which * 7;
    const common = { now: now - (what === 9 ? 500 : 0), owner: what === 8 ? null : which % 3 === 0 ? "e2" : "e1" };
    const node = ids[which % ids.length]!;
    const attempt = 1 + (which % 3);
    if (what < 3)
      give({ ...common, type: "report", node, attempt, outcome: what === 0 ? OK : what === 1 ? failedWith() : { kind: "interrupted" } });
    else if (what === 3) give({ ...common, type: "heartbeat", attempts: [{ node, attempt }] });
    else if (what === 4 && which > 15) give({ ...common, type: "cancel", by: "", why: "" });
    else if (what === 5) give({ ...common, type: "adopt" });
    else give({ ...common, type: "tick" });
  }
  return state;
}

const moves = fc.array(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 20 })), { maxLength: 60 });

describe("for any history", () => {
  it("R20 decide is a function and its state is the fold of its events", () => {
    fc.assert(
      fc.property(moves, (list) => {
        play(list, (before, input, events) => {
          const again = step(before, input);
          expect(again.events).toEqual(events);
          expect(JSON.stringify(events.reduce<RunState>(evolve, before))).toBe(JSON.stringify(again.state));
        });
      }),
      { numRuns: 200 },
    );
  });

  it("an old state stays what it was", () => {
    fc.assert(
      fc.property(moves, (list) => {
        const seen: { readonly state: RunState; readonly text: string }[] = [];
        play(list, (before) => seen.push({ state: before, text: JSON.stringify(before) }));
        for (const { state, text } of seen) expect(JSON.stringify(state)).toBe(text);
      }),
      { numRuns: 50 },
    );
  });

  it("R7 giving an input twice changes nothing the second time, but for time that has passed", () => {
    fc.assert(
      fc.property(moves, (list) => {
        play(list, (before, input) => {
          if (input.type !== "report" && input.type !== "cancel") return;
          const once = step(before, input);
          const [first] = once.events;
          if (first === undefined || first.type === "attempt_started") return;
          const settled = step(once.state, { type: "tick", now: input.now, owner: input.owner });
          expect(step(settled.state, input).events).toEqual([]);
        });
      }),
      { numRuns: 200 },
    );
  });

  it("L6 a wake has something to do at its time", () => {
    fc.assert(
      fc.property(moves, (list) => {
        const state = play(list, () => {});
        for (const effect of outstanding(state))
          if (effect.type === "wake") expect(decide(state, { type: "tick", now: effect.at, owner: "e1" })).not.toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it("the fold is total: events that do not fit change nothing but the version", () => {
    const state = stateWith("pending");
    for (const event of [
      { type: "attempt_started", at: 1, node: "x", attempt: 1, owner: "e", leaseUntil: null },
      { type: "node_succeeded", at: 1, node: "x", attempt: 1, tookMs: 0 },
      {
        type: "attempt_failed",
        at: 1,
        node: "nobody",
        attempt: 1,
        reason: "error",
        error: { code: "", message: "", retryable: true },
        retryAt: 5,
      },
    ] as const satisfies readonly RunEvent[]) {
      expect(JSON.stringify({ ...evolve(state, event), version: 0, at: 0 })).toBe(JSON.stringify({ ...state, version: 0, at: 0 }));
      expect(evolve(newRun, event)).toEqual({ phase: "new", version: 1, at: 1 });
    }
  });
});

describe("SPEC.md", () => {
  it("has no number that nothing checks", () => {
    const here = resolve(fileURLToPath(import.meta.url), "..");
    const testing = resolve(here, "../testing");
    const numbers = [...readFileSync(join(here, "SPEC.md"), "utf8").matchAll(/^- \*\*([RL]\d+)\*\*/gm)].map((match) => match[1]!);
    const tests = readdirSync(here)
      .filter((file) => file.endsWith(".test.ts"))
      .map((file) => readFileSync(join(here, file), "utf8"));
    const checks = [
      ...tests,
      ...["auditor.ts", "audit-book.ts", "audit-end.ts", "simulate.ts"].map((file) => readFileSync(join(testing, file), "utf8")),
    ].join("\n");
    expect(numbers.length).toBeGreaterThan(20);
    expect(numbers.filter((number) => !new RegExp(`\\b${number}\\b`).test(checks))).toEqual([]);
  });
});
