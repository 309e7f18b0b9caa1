// The facts of admission against a naive count, over any sequence of events: crashes, duplicates, things that never happen.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RunEvent } from "../../model/events.ts";
import { type Limits, NO_LIMITS } from "../../model/limits.ts";
import type { PlanNode } from "../../model/plan.ts";
import { planOf } from "../run.fixture.ts";
import { type AdmissionFacts, foldAdmission, newAdmission, withoutOwners } from "./facts.ts";
import { admissionOf } from "./share.ts";

const LIMITS: Limits = { ...NO_LIMITS, pools: { a: { slots: 10 }, b: { slots: 7 }, "*": { slots: 9 }, "job:j": { slots: 5 } } };
const RUNS = ["r_1", "r_2", "r_3"];
const NODES = ["x", "y", "z"];
const POOLS: Readonly<Record<string, Readonly<Record<string, number>>>> = { x: { a: 1 }, y: { a: 2, b: 3 }, z: {} };

const plan = planOf(NODES, { job: "j" });
const started = (run: string): RunEvent => ({
  type: "run_started",
  at: 0,
  run,
  trigger: "manual",
  plan: { ...plan, nodes: plan.nodes.map((node): PlanNode => ({ ...node, pools: POOLS[node.id]! })) },
  seed: 1,
  fromRun: null,
  leaseMs: null,
});

const error = { code: "MR3501", message: "", retryable: true };
const anyEvent: fc.Arbitrary<RunEvent> = fc
  .record({
    what: fc.nat(11),
    node: fc.constantFrom(...NODES, "nobody"),
    attempt: fc.integer({ min: 1, max: 4 }),
    owner: fc.constantFrom("e_1", "e_2"),
  })
  .map(({ what, node, attempt, owner }): RunEvent => {
    const at = 5;
    if (what < 5) return { type: "attempt_started", at, node, attempt, owner, leaseUntil: null };
    if (what === 5) return { type: "attempt_failed", at, node, attempt, reason: "error", error, retryAt: at };
    if (what === 6) return { type: "attempt_failed", at, node, attempt, reason: "interrupted", error, retryAt: at };
    if (what === 7) return { type: "node_succeeded", at, node, attempt, tookMs: 1 };
    if (what === 8) return { type: "node_canceled", at, node };
    if (what === 9) return { type: "node_waiting", at, node, attempt, wait: { kind: "time", until: 9, why: "" } };
    if (what === 10) return { type: "lease_extended", at, node, attempt, leaseUntil: 9 };
    return { type: "run_finished", at, status: "failed" };
  });

/** What is live, by run and node, counted the simple way. */
function naive(
  steps: readonly (readonly [run: string, event: RunEvent])[],
  dead: string | null,
): ReadonlyMap<string, Readonly<Record<string, number>>> {
  const live = new Map<string, { attempt: number; owner: string; node: string }>();
  const ended = new Set<string>();
  for (const [run, event] of steps) {
    if (ended.has(run)) continue;
    if (event.type === "run_finished") {
      ended.add(run);
      for (const key of live.keys()) if (key.startsWith(`${run}/`)) live.delete(key);
    }
    if (!("node" in event) || event.type === "lease_extended" || !NODES.includes(event.node)) continue;
    const key = `${run}/${event.node}`;
    const known = live.get(key);
    if (event.type === "attempt_started") {
      if (known === undefined || known.attempt < event.attempt)
        live.set(key, { attempt: event.attempt, owner: event.owner, node: event.node });
    } else if (!("attempt" in event) || known?.attempt === event.attempt) live.delete(key);
  }
  return new Map(
    [...live].filter(([, { owner }]) => owner !== dead).map(([key, { node }]) => [key, { ...POOLS[node], "*": 1, "job:j": 1 }]),
  );
}

describe("the facts of admission", () => {
  it("A1 have places = slots − weights of live attempts after any sequence of events, each told once or twice", () => {
    const steps = fc.array(fc.tuple(fc.constantFrom(...RUNS), anyEvent, fc.boolean()), { maxLength: 80 });
    fc.assert(
      fc.property(steps, fc.constantFrom(null, "e_1"), (list, dead) => {
        let facts: AdmissionFacts = newAdmission(LIMITS);
        for (const run of RUNS) facts = foldAdmission(facts, run, started(run));
        for (const [run, event, twice] of list) {
          facts = foldAdmission(facts, run, event);
          if (twice && event.type !== "run_finished") facts = foldAdmission(facts, run, event);
        }
        if (dead !== null) facts = withoutOwners(facts, (owner) => owner === dead);
        const live = [
          ...naive(
            list.map(([run, event]) => [run, event] as const),
            dead,
          ).values(),
        ];
        const { places } = admissionOf(facts, 10);
        for (const [pool, { slots }] of Object.entries(LIMITS.pools)) {
          const held = live.reduce((sum, pools) => sum + (pools[pool] ?? 0), 0);
          expect([pool, places[pool]]).toEqual([pool, Math.max(0, slots! - held)]);
        }
      }),
      { numRuns: 500 },
    );
  });
});
