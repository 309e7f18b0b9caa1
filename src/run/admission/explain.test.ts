// Why a node waits, as a person reads it: each kind of waiting brought about by events, its sentence written down here.
import { describe, expect, it } from "vitest";
import { type Limits, NO_LIMITS } from "../../model/limits.ts";
import type { PlanNode, RunPlan } from "../../model/plan.ts";
import type { Wait } from "../../model/wait.ts";
import { drive, failedWith, OK, planOf } from "../run.fixture.ts";
import type { GoingRun } from "../state.ts";
import { explainNode, sentenceOf } from "./explain.ts";
import { type AdmissionFacts, foldAdmission, newAdmission } from "./facts.ts";

type Driver = ReturnType<typeof drive>;

/** What the engine knows of these runs, each told in the order in which it happened. */
function factsOf(limits: Partial<Limits>, runs: Readonly<Record<string, Driver>> = {}): AdmissionFacts {
  let facts = newAdmission({ ...NO_LIMITS, ...limits });
  for (const [run, { log }] of Object.entries(runs))
    for (const event of log) facts = foldAdmission(facts, run, event.type === "run_started" ? { ...event, run } : event);
  return facts;
}

function explained(driver: Driver, node: string, now: number, facts: AdmissionFacts = factsOf({})) {
  const state = driver.state();
  expect(state.phase).toBe("going");
  return explainNode({ facts, run: state as GoingRun, node, now });
}

function waits(driver: Driver, node: string, now = 0, facts: AdmissionFacts = factsOf({})): readonly string[] {
  return explained(driver, node, now, facts).reasons.map((reason) => sentenceOf(reason, now));
}

/** A run of one node for which there is no place. */
function without(pool: string, change: Partial<PlanNode>, plan: Partial<RunPlan> = {}): Driver {
  return drive(planOf(["x"], plan, change), { run: "r_2", admission: { places: { [pool]: 0 }, closedUntil: {} } });
}

describe("a node waits", () => {
  it("for what it needs, of which three are named", () => {
    expect(waits(drive(planOf(["a", "b: a"])), "b")).toEqual(["for a to end"]);
    const many = drive(planOf(["a", "b", "c", "d", "e", "x: a b c d e"]));
    expect(waits(many, "x")).toEqual(["for a, b, c and 2 more to end"]);
    many.report("b", 1, OK);
    expect(waits(many, "x")).toEqual(["for a, c, d and 1 more to end"]);
  });

  it("for its next attempt, until its time has come", () => {
    const driver = drive(planOf(["a"]));
    driver.report("a", 1, failedWith());
    expect(waits(driver, "a", 40)).toEqual(["until attempt 2 may begin, in 60 ms"]);
    expect(waits(driver, "a", 100)).toEqual([]);
  });

  const wait = (kind: Wait["kind"], until: number | null): Wait => ({ kind, until, why: "" });
  it.each([
    [wait("time", 2 * 86_400_000 + 3 * 3_600_000 + 59_000), "until its time has come, in 2 d 3 h"],
    [wait("time", null), "to be woken"],
    [wait("approval", null), "for someone to approve or reject it"],
    [wait("job", 61_000), "for the run that it started to end, looked at again in 1 min 1 s"],
    [wait("job", null), "for the run that it started to end"],
    [wait("condition", 5_000), "for its condition to hold, looked at again in 5 s"],
    [wait("repeat", 5_000), "for its next round, looked at again in 5 s"],
  ])("for what it said itself: %o", (said, sentence) => {
    const driver = drive(planOf(["a"]));
    driver.report("a", 1, { kind: "waiting", wait: said });
    expect(explained(driver, "a", 0).state).toBe("waiting");
    expect(waits(driver, "a")).toEqual([sentence]);
    if (said.until !== null) expect(waits(driver, "a", said.until)).toEqual([]);
  });

  it("for its items", () => {
    const driver = drive(planOf(["m"], {}, { mapped: true }));
    driver.report("m", 1, { kind: "mapped", items: [1, 2, 3] });
    expect(waits(driver, "m")).toEqual(["for 3 of its items to end"]);
    driver.report("m[1]", 1, OK);
    expect(waits(driver, "m")).toEqual(["for 2 of its items to end"]);
  });

  it("for its run to be resumed", () => {
    const driver = drive(planOf(["a", "b: a"]));
    driver.give({ type: "pause", by: "ana", why: "" });
    driver.report("a", 1, OK);
    expect(waits(driver, "b")).toEqual(["for the run to be resumed: it is paused"]);
    driver.give({ type: "resume", by: "ana" });
    expect(explained(driver, "b", 0)).toEqual({ state: "running", reasons: [] });
  });

  it("for the run to fail, when it undoes", () => {
    const plan = planOf(["a", "u"], { onFailure: "compensate" });
    const nodes = plan.nodes.map((node): PlanNode => (node.id === "u" ? { ...node, compensates: "a" } : node));
    expect(waits(drive({ ...plan, nodes }), "u")).toEqual(["for the run to fail: it would undo what was done"]);
  });

  it("for a place among the attempts at once of its run, or in a pool of the run's own", () => {
    expect(waits(drive(planOf(["a", "b"], { concurrency: 1 })), "b")).toEqual([
      "for a place in its run: 1 of 1 attempts at once are in flight",
    ]);
    const own = drive(planOf(["a", "b"], { limits: { items: 1 } }, { pools: { items: 1 } }));
    expect(waits(own, "b")).toEqual(["for a place among the 1 of its run's own pool items"]);
  });

  it("for a place in a pool, with who holds it", () => {
    const pools = { api: { slots: 3 } };
    const holders = drive(planOf(["a", "b"], {}, { pools: { api: 1 } }));
    const facts = factsOf({ pools }, { r_1: holders });
    expect(waits(without("api", { pools: { api: 2 } }), "x", 0, facts)).toEqual([
      "for a place in the pool api: 2 of 3 are taken, it needs 2, by a (r_1), b (r_1)",
    ]);
    expect(waits(without("api", { pools: { api: 1 } }), "x", 0, facts)).toEqual([]);
    holders.report("a", 1, OK);
    expect(waits(without("api", { pools: { api: 2 } }), "x", 0, factsOf({ pools }, { r_1: holders }))).toEqual([]);
  });

  it("for a place of the project, of its job, of its asset", () => {
    const words = (pool: string): readonly string[] => {
      const change = pool.startsWith("asset:") ? { pools: { [pool]: 1 } } : {};
      const holder = drive(planOf(["a"], { job: "j" }, change));
      return waits(without(pool, change, { job: "j" }), "x", 0, factsOf({ pools: { [pool]: { slots: 1 } } }, { r_1: holder }));
    };
    expect(words("*")).toEqual(["for a place in the project (defaults.concurrency): 1 of 1 are taken, by a (r_1)"]);
    expect(words("job:j")).toEqual(["for a place in the job j: 1 of 1 are taken, by a (r_1)"]);
    expect(words("asset:raw.t")).toEqual(["for a place in the asset raw.t: 1 of 1 are taken, by a (r_1)"]);
  });

  it("for a rate, until it lets more through", () => {
    const pools = { api: { rate: { count: 1, perMs: 60_000 } } };
    const facts = factsOf({ pools }, { r_1: drive(planOf(["a"], {}, { pools: { api: 1 } })) });
    const driver = without("api", { pools: { api: 1 } });
    expect(waits(driver, "x", 15_000, facts)).toEqual(["for the pool api: 1 in 1 min have started, the next may in 45 s"]);
    expect(waits(driver, "x", 60_000, facts)).toEqual([]);
  });

  it("for a connection that is down, until a probe may start or while one is under way", () => {
    const breakers = { crm: { failures: 1, pauseMs: 30_000, maxPauseMs: 60_000 } };
    const broken = drive(planOf(["a", "b"], { concurrency: 1 }, { connection: "crm" }));
    broken.at = 1_000;
    broken.report("a", 1, failedWith({ code: "MR3501", message: "no answer" }));
    const driver = without("connection:crm", { connection: "crm" });
    const facts = factsOf({ breakers }, { r_1: broken });
    expect(waits(driver, "x", 6_000, facts)).toEqual(["for the connection crm: it is down since 5 s (MR3501 no answer), next try in 25 s"]);
    expect(waits(driver, "x", 31_000, facts)).toEqual([]);
    const probe = { type: "attempt_started", at: 31_000, node: "b", attempt: 2, owner: "e1", leaseUntil: null } as const;
    expect(waits(driver, "x", 32_000, foldAdmission(facts, "r_1", probe))).toEqual([
      "for the connection crm: it is down since 31 s (MR3501 no answer), it is being tried",
    ]);
  });

  it("for several things at once: all are told, those of its run first", () => {
    const facts = factsOf({ pools: { api: { slots: 1 } } }, { r_1: drive(planOf(["a"], {}, { pools: { api: 1 } })) });
    const driver = without("api", { pools: { api: 1 } });
    driver.give({ type: "pause", by: "ana", why: "" });
    expect(waits(driver, "x", 0, facts)).toEqual([
      "for the run to be resumed: it is paused",
      "for a place in the pool api: 1 of 1 are taken, by a (r_1)",
    ]);
  });
});

it("what is in flight or has ended waits for nothing", () => {
  const driver = drive(
    planOf(["a", "b", "c: b", "z"], { concurrency: 10 }, { retry: { attempts: 1, delayMs: 0, factor: 1, maxDelayMs: 0, jitter: false } }),
  );
  driver.report("a", 1, OK);
  driver.report("b", 1, failedWith({ retryable: false }));
  const kinds = ["a", "b", "c", "z"].map((node) => explained(driver, node, 0));
  expect(kinds.map(({ state }) => state)).toEqual(["succeeded", "failed", "skipped", "running"]);
  expect(kinds.flatMap(({ reasons }) => reasons)).toEqual([]);
});

it("a run that is being canceled starts nothing any more", () => {
  expect(sentenceOf({ kind: "canceled" }, 0)).toBe("for nothing any more: the run is being canceled");
});
