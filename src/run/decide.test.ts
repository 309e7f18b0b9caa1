// Tier 1: given a run, when something happens, then these facts. Numbers are those of SPEC.md.
import { describe, expect, it } from "vitest";
import { INTERRUPTIONS_MAX } from "./decide.ts";
import type { Outcome } from "./input.ts";
import { outstanding } from "./outstanding.ts";
import { drive, failedWith, OK, planOf, words } from "./run.fixture.ts";

describe("starting", () => {
  it("R1 starts what needs nothing, in the order of the plan", () => {
    expect(words(drive(planOf(["a", "b", "c: a b"])).log)).toEqual(["run started", "started a#1", "started b#1"]);
  });

  it("R10 leaves what has no room for later, and R19 keeps the order of the plan", () => {
    const run = drive(planOf(["a", "b", "c"], { concurrency: 2 }));
    expect(words(run.log).slice(1)).toEqual(["started a#1", "started b#1"]);
    expect(words(run.report("b", 1, OK))).toEqual(["succeeded b#1", "started c#1"]);
  });

  it("R5 starts a node when the last of its needs is settled", () => {
    const run = drive(planOf(["a", "b", "c: a b"]));
    expect(words(run.report("a", 1, OK))).toEqual(["succeeded a#1"]);
    expect(words(run.report("b", 1, OK))).toEqual(["succeeded b#1", "started c#1"]);
    expect(words(run.report("c", 1, OK))).toEqual(["succeeded c#1", "finished succeeded"]);
  });

  it("finishes a plan of nothing at once", () => {
    expect(words(drive(planOf([])).log)).toEqual(["run started", "finished succeeded"]);
  });

  it("starts nothing while no engine takes attempts", () => {
    const run = drive(planOf(["a"]), { owner: null });
    expect(words(run.log)).toEqual(["run started"]);
    expect(words(run.give({ type: "adopt" }))).toEqual(["started a#1"]);
  });

  it("R13 settles what the plan reuses without an attempt", () => {
    const plan = planOf(["a", "b: a"]);
    const reusing = { ...plan, nodes: plan.nodes.map((node) => (node.id === "a" ? { ...node, action: "reuse" as const } : node)) };
    expect(words(drive(reusing).log)).toEqual(["run started", "reused a", "started b#1"]);
  });

  it("R13 takes over what an earlier run succeeded with, with its facts, unless it stands on something new", () => {
    const rows = { read: 5, loaded: 5, quarantined: 0, filtered: 0 };
    const nodes = new Map([
      ["a", { rows }],
      ["c", {}],
      ["d", {}],
    ]);
    const run = drive(planOf(["a", "b", "c: a", "d: b"]), { takeOver: { from: "r_0", nodes } });
    expect(words(run.log)).toEqual(["run started", "reused a", "reused c", "started b#1"]);
    expect(run.log[1]).toMatchObject({ from: "r_0", rows });
  });
});

describe("failing", () => {
  it("R8 tries again after the policy's delay, and R9 doubles it", () => {
    const run = drive(planOf(["a"]));
    expect(words(run.report("a", 1, failedWith()))).toEqual(["error a#1 again at 100"]);
    expect(run.tick(99)).toEqual([]);
    expect(words(run.tick(100))).toEqual(["started a#2"]);
    expect(words(run.report("a", 2, failedWith()))).toEqual(["error a#2 again at 300"]);
    expect(words(run.tick(300))).toEqual(["started a#3"]);
    expect(words(run.report("a", 3, failedWith()))).toEqual(["error a#3", "finished failed"]);
  });

  it("R8 does not try again what cannot help", () => {
    const run = drive(planOf(["a"]));
    expect(words(run.report("a", 1, failedWith({ retryable: false })))).toEqual(["error a#1", "finished failed"]);
  });

  it("R9 waits as long as the server asks", () => {
    const run = drive(planOf(["a"]));
    expect(words(run.report("a", 1, failedWith({ retryAfterMs: 5_000 })))).toEqual(["error a#1 again at 5000"]);
  });

  it("R9 draws jitter from the seed: the same run waits the same, another waits differently", () => {
    const plan = planOf(["a"], {}, { retry: { attempts: 2, delayMs: 1_000_000, factor: 1, maxDelayMs: 1_000_000, jitter: true } });
    const waits = (seed: number): string => words(drive(plan, { seed }).report("a", 1, failedWith()))[0]!;
    expect(waits(1)).toBe(waits(1));
    expect(waits(1)).not.toBe(waits(2));
  });

  it("R17 skips all that stands on a failed node and names the cause; other branches go on", () => {
    const run = drive(planOf(["a", "b", "c: a", "d: c", "e: b"]));
    expect(words(run.report("a", 1, failedWith({ retryable: false })))).toEqual([
      "error a#1",
      "skipped c because a",
      "skipped d because a",
    ]);
    run.report("b", 1, OK);
    expect(words(run.report("e", 1, OK)).at(-1)).toBe("finished partial");
  });

  it("R16 calls a run failed when all that succeeded is what the failed nodes stand on", () => {
    const run = drive(planOf(["a", "b: a"]));
    run.report("a", 1, OK);
    expect(words(run.report("b", 1, failedWith({ retryable: false }))).at(-1)).toBe("finished failed");
  });

  it("lets a node that waits to be tried again hold no place", () => {
    const run = drive(planOf(["a", "b"], { concurrency: 1 }));
    expect(words(run.report("a", 1, failedWith()))).toEqual(["error a#1 again at 100", "started b#1"]);
    run.at = 500;
    expect(words(run.report("b", 1, OK))).toEqual(["succeeded b#1", "started a#2"]);
  });
});

describe("reports", () => {
  it("R7 ignores late, doubled and unknown ones", () => {
    const run = drive(planOf(["a", "b: a"]));
    run.report("a", 1, failedWith());
    expect(run.report("a", 1, OK)).toEqual([]);
    run.tick(100);
    expect(run.report("a", 1, OK)).toEqual([]);
    expect(run.report("zzz", 1, OK)).toEqual([]);
    expect(run.report("b", 1, OK)).toEqual([]);
    run.report("a", 2, OK);
    expect(run.report("a", 2, OK)).toEqual([]);
    run.report("b", 1, OK);
    expect(run.report("b", 1, failedWith())).toEqual([]);
  });

  it("R15 says how long a success took, and whether nothing had changed", () => {
    const run = drive(planOf(["a"]));
    run.at = 250;
    expect(run.report("a", 1, { kind: "succeeded", facts: { output: 1 }, reused: true })[0]).toMatchObject({
      tookMs: 250,
      reused: true,
      output: 1,
    });
  });

  it("counts a dead worker as a try", () => {
    const run = drive(planOf(["a"], {}, { retry: { attempts: 1, delayMs: 1, factor: 1, maxDelayMs: 1, jitter: false } }));
    expect(words(run.report("a", 1, { ...failedWith(), kind: "lost" } as never))).toEqual(["lost a#1", "finished failed"]);
  });
});

describe("interruptions", () => {
  it("R8 start again at once and do not count as tries", () => {
    const run = drive(planOf(["a"]));
    for (let attempt = 1; attempt <= 5; attempt++)
      expect(words(run.report("a", attempt, { kind: "interrupted" }))).toEqual([
        `interrupted a#${attempt} again at 0`,
        `started a#${attempt + 1}`,
      ]);
    expect(words(run.report("a", 6, failedWith()))).toEqual(["error a#6 again at 100"]);
  });

  it("an engine that takes over the runs of a dead one interrupts its attempts and starts them anew", () => {
    const run = drive(planOf(["a", "b"]));
    run.owner = "e2";
    expect(words(run.give({ type: "adopt" }))).toEqual([
      "interrupted a#1 again at 0",
      "interrupted b#1 again at 0",
      "started a#2",
      "started b#2",
    ]);
    expect(run.give({ type: "adopt" })).toEqual([]);
  });

  it("an engine that is stopping starts nothing", () => {
    const run = drive(planOf(["a", "b: a"]));
    run.owner = null;
    expect(words(run.report("a", 1, OK))).toEqual(["succeeded a#1"]);
  });

  it("R8 gives up a node that is interrupted again and again", () => {
    const run = drive(planOf(["a"]));
    for (let attempt = 1; attempt <= INTERRUPTIONS_MAX; attempt++) run.report("a", attempt, { kind: "interrupted" });
    expect(words(run.report("a", INTERRUPTIONS_MAX + 1, { kind: "interrupted" }))).toEqual([
      `interrupted a#${INTERRUPTIONS_MAX + 1}`,
      "finished failed",
    ]);
  });
});

describe("time", () => {
  it("R12 times an attempt out and tries again", () => {
    const run = drive(planOf(["a"], {}, { timeoutMs: 1_000 }));
    expect(run.tick(999)).toEqual([]);
    expect(words(run.tick(1_000))).toEqual(["timeout a#1 again at 1100"]);
  });

  it("R12 times the run out: what waits is canceled, what runs is told to end, the run fails", () => {
    const run = drive(planOf(["a", "b: a"], { timeoutMs: 1_000 }));
    expect(words(run.tick(1_000))).toEqual(["cancel by timeout", "canceled b"]);
    expect(words(run.report("a", 1, failedWith()))).toEqual(["canceled a", "finished failed"]);
  });

  it("R2 a clock that went back does not make time go back", () => {
    const run = drive(planOf(["a", "b: a"]), { now: 5_000 });
    run.at = 10;
    expect(run.report("a", 1, OK).map((event) => event.at)).toEqual([5_000, 5_000]);
  });

  it("R14 a lease that is over interrupts the attempt; a sign of life extends it", () => {
    const run = drive(planOf(["a"]), { leaseMs: 100 });
    run.at = 60;
    expect(words(run.give({ type: "heartbeat", attempts: [{ node: "a", attempt: 1 }] }))).toEqual(["lease a#1"]);
    expect(run.give({ type: "heartbeat", attempts: [{ node: "a", attempt: 2 }] })).toEqual([]);
    expect(run.tick(159)).toEqual([]);
    expect(words(run.tick(160))).toEqual(["interrupted a#1 again at 160", "started a#2"]);
  });
});

describe("cancel", () => {
  it("R11 cancels at once what does not run and waits for what does", () => {
    const run = drive(planOf(["a", "b", "c: a"]));
    run.report("b", 1, failedWith());
    expect(words(run.give({ type: "cancel", by: "ana", why: "wrong file" }))).toEqual(["cancel by ana", "canceled b", "canceled c"]);
    expect(run.give({ type: "cancel", by: "bo", why: "" })).toEqual([]);
    expect(words(run.report("a", 1, failedWith()))).toEqual(["canceled a", "finished canceled"]);
  });

  it("R11 keeps the success of an attempt that was faster", () => {
    const run = drive(planOf(["a", "b: a"]));
    run.give({ type: "cancel", by: "ana", why: "" });
    expect(words(run.report("a", 1, OK))).toEqual(["succeeded a#1", "finished canceled"]);
  });

  it("R16 a run whose last attempt succeeds all the same has succeeded", () => {
    const run = drive(planOf(["a"]));
    run.give({ type: "cancel", by: "ana", why: "" });
    expect(words(run.report("a", 1, OK))).toEqual(["succeeded a#1", "finished succeeded"]);
  });

  it("L3 ends without an attempt that does not end", () => {
    const run = drive(planOf(["a"]));
    run.give({ type: "cancel", by: "ana", why: "" });
    expect(run.tick(4_999)).toEqual([]);
    expect(words(run.tick(5_000))).toEqual(["canceled a", "finished canceled"]);
  });
});

describe("waiting", () => {
  const wait = (until: number | null): Outcome => ({ kind: "waiting", wait: { kind: "condition", until, why: "" } });

  it("R29 a wait may last as long as the node's timeout, counted from the first attempt that waited", () => {
    const run = drive(planOf(["x"], {}, { timeoutMs: 1_000 }));
    run.report("x", 1, wait(400));
    expect(words(run.tick(400))).toEqual(["started x#2"]);
    run.at = 500;
    run.report("x", 2, wait(5_000));
    expect(words(run.tick(999))).toEqual([]);
    expect(words(run.tick(1_000))).toEqual(["failed x MR6003", "finished failed"]);
  });

  it("R29 a node that finds no place within its queueTimeout fails, and what stands on it is skipped", () => {
    const run = drive(planOf(["a", "x", "y: x"], { concurrency: 1 }, { queueTimeoutMs: 300 }));
    expect(words(run.tick(299))).toEqual([]);
    expect(words(run.tick(300))).toEqual(["failed x MR6013", "skipped y because x"]);
  });

  it("30 days are as cheap as 30 ms: two events and no place", () => {
    const run = drive(planOf(["x", "y"], { concurrency: 1 }));
    const days = 30 * 86_400_000;
    expect(words(run.report("x", 1, wait(days)))).toEqual(["waits x#1 for condition", "started y#1"]);
    run.report("y", 1, OK);
    expect(outstanding(run.state())).toEqual([{ type: "wake", at: days }]);
    expect(words(run.tick(days))).toEqual(["started x#2"]);
  });

  it("R24 a paused run starts nothing and goes on when it is resumed", () => {
    const run = drive(planOf(["a", "b: a"]));
    run.give({ type: "pause", by: "ana", why: "" });
    expect(words(run.report("a", 1, OK))).toEqual(["succeeded a#1"]);
    expect(words(run.give({ type: "resume", by: "ana" }))).toEqual(["resumed by ana", "started b#1"]);
  });
});
