// The simulator: one seed, one world. A random plan is carried out by one or two engines that crash, race, stop and see their clocks step; workers die,
// report late, twice or never; runs are canceled, time out and take over earlier work. Then faults stop, and the auditor reads the log.
import { messageOf } from "../model/errors.ts";
import type { AttemptFailed, NodeFacts, NodeSucceeded, RunEvent } from "../model/events.ts";
import { readClock, runTime, unreadClock } from "../run/clock.ts";
import { CANCEL_GRACE_MS, decide, INTERRUPTIONS_MAX, step } from "../run/decide.ts";
import { evolve } from "../run/evolve.ts";
import type { Outcome } from "../run/input.ts";
import { outstanding } from "../run/outstanding.ts";
import { newRun } from "../run/state.ts";
import { audit, Violation } from "./auditor.ts";
import { type Random, randomOf } from "./random.ts";
import { type Core, createSimulatedEngine, type SimulatedEngine } from "./simulated-engine.ts";
import { randomPlan } from "./simulated-plan.ts";
import { createMachineClock, createWorld, type World } from "./simulated-world.ts";

const FAULTS_UNTIL_MS = 1_500;
const LEASE_MS = 60;
/** Crashes (80 ms), stops (100 ms), clocks that step forwards or differ (100 ms each), polls (40 ms), and some of them in a row. */
const SLACK_MS = 900;
const EARLIER_RUN = "r_earlier";
const SIMULATED = "MR0000";
/** True time within which the run must have ended once faults stop. */
const END_WITHIN_MS = 300_000;

export const realCore: Core = { newRun, decide, step, evolve, outstanding, unreadClock, readClock, runTime };

export interface SimulateOptions {
  /** Default: the real core. */
  readonly core?: Core;
  /** A planted bug of the store: an append never finds that someone else was first. */
  readonly appendIgnoresVersion?: boolean;
}

export interface Simulated {
  readonly seed: number;
  readonly log: readonly RunEvent[];
  readonly status: string;
}

/** Throws Violation (or what the core threw) with the seed in its message. */
export function simulate(seed: number, options: SimulateOptions = {}): Simulated {
  const world = createWorld(randomOf(seed), {
    faultsUntilMs: FAULTS_UNTIL_MS,
    appendIgnoresVersion: options.appendIgnoresVersion ?? false,
  });
  try {
    return carryOut(seed, world, options.core ?? realCore);
  } catch (error) {
    throw new Violation(`seed ${seed}: ${messageOf(error)}`, { cause: error });
  }
}

function carryOut(seed: number, world: World, core: Core): Simulated {
  const { random } = world;
  const plan = randomPlan(random);
  const shared = random.chance(0.5);
  const takeOver = random.chance(0.2)
    ? takenOver(
        plan.nodes.map((node) => node.id),
        random,
      )
    : null;
  const leaseMs = shared ? LEASE_MS : null;
  const clocks = (shared ? [0, 1] : [0]).map(() => createMachineClock(world, random.whole(100)));
  const engines: SimulatedEngine[] = [];
  for (const [index, clock] of clocks.entries()) {
    const begin = (engine: SimulatedEngine, node: string, attempt: number): (() => void) => {
      const limited = plan.nodes.find(({ id }) => id === node)!.timeoutMs !== null;
      return work({ world, engines, engine, node, attempt, mayVanish: limited || shared });
    };
    engines.push(createSimulatedEngine({ name: `e${index}`, core, world, clock, shared, work: begin }));
  }

  const start = core.decide(core.newRun, {
    type: "start",
    now: clocks[0]!.now(),
    owner: null,
    run: "r_1",
    trigger: "manual",
    plan,
    seed,
    leaseMs,
    takeOver: takeOver === null ? null : { from: EARLIER_RUN, nodes: takeOver },
  });
  world.append(0, start);
  for (const engine of engines) engine.start();
  if (random.chance(0.15)) {
    const by = random.pick(engines);
    world.after(random.whole(400), () => {
      const ask = (): void => (by.alive() ? by.happen({ type: "cancel", by: "someone", why: "" }) : world.after(20, ask));
      ask();
    });
  }
  if (random.chance(0.15)) world.after(random.whole(400), () => random.pick(engines).stop(1 + random.whole(100)));
  for (const clock of clocks) {
    if (random.chance(0.3)) world.after(random.whole(800), () => clock.step(-random.pick([3, 50, 400, 3_600_000])));
    if (random.chance(0.1)) world.after(random.whole(800), () => clock.step(random.whole(100)));
  }
  world.run();

  const expected = new Map([...(takeOver ?? [])].map(([node, facts]) => [node, facts.rows!.loaded]));
  audit(world.log, {
    slackMs: SLACK_MS,
    cancelGraceMs: CANCEL_GRACE_MS,
    interruptionsMax: INTERRUPTIONS_MAX,
    mustFinish: true,
    belongs,
    takeOver: expected,
  });
  auditWarehouse(world);
  if (world.endedAt() > FAULTS_UNTIL_MS + END_WITHIN_MS) throw new Violation("L1: the run ends soon once faults stop");
  const last = world.log.at(-1);
  return { seed, log: world.log, status: last?.type === "run_finished" ? last.status : "running" };
}

/** Reports carry the number of their attempt; events that the core words itself carry none. */
function belongs(event: AttemptFailed | NodeSucceeded): boolean {
  if (event.type === "node_succeeded") return event.rows?.read === event.attempt;
  return event.error.code !== SIMULATED || event.error.message === `attempt ${event.attempt}`;
}

/** What the log says and what the warehouse holds are the same. */
function auditWarehouse(world: World): void {
  for (const event of world.log) {
    if (event.type === "node_succeeded" && !world.warehouse.commits.has(event.node))
      throw new Violation(`R18: ${event.node} succeeded and its work is not in the warehouse`);
  }
}

function takenOver(ids: readonly string[], random: Random): ReadonlyMap<string, NodeFacts> {
  const rows = (): NodeFacts => ({ rows: { read: 0, loaded: random.whole(1_000), quarantined: 0, filtered: 0 } });
  return new Map(ids.filter(() => random.chance(0.6)).map((id) => [id, rows()]));
}

interface Work {
  readonly world: World;
  readonly engines: readonly SimulatedEngine[];
  readonly engine: SimulatedEngine;
  readonly node: string;
  readonly attempt: number;
  /** Something notices when it is never heard of again: a lease, a time-out. */
  readonly mayVanish: boolean;
}

/** An attempt somewhere: takes its time, heeds an abort late or never, reports once, twice, late or not at all. */
function work(task: Work): () => void {
  const { world, engines, engine, node, attempt, mayVanish } = task;
  const { random } = world;
  const tookMs = random.chance(0.02) ? random.whole(4_000) : 1 + random.whole(60);
  const outcome = random.chance(0.2) ? failure(random, attempt, true) : random.chance(0.05) ? failure(random, attempt, false) : null;
  let aborted = false;
  world.warehouse.fence(node, attempt);
  if (mayVanish && world.fault(0.06)) return () => {};
  const beat = (left: number): void => {
    if (left <= 0) return;
    world.after(20, () => {
      if (!world.fault(0.1)) for (const each of engines) each.happen({ type: "heartbeat", attempts: [{ node, attempt }] });
      beat(left - 20);
    });
  };
  beat(tookMs);
  world.after(tookMs, () => {
    if (aborted && world.fault(0.5)) return;
    if (aborted && random.chance(0.7)) return engine.report(node, attempt, failure(random, attempt, true));
    const reported = outcome ?? (world.warehouse.commit(node, attempt) ? success(random, attempt) : failure(random, attempt, false));
    const copies = world.fault(0.1) ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      if (mayVanish && world.fault(0.05)) continue;
      const receiver = world.fault(0.2) ? random.pick(engines) : engine;
      world.after(world.fault(0.1) ? random.whole(200) : 0, () => receiver.report(node, attempt, reported));
    }
  });
  return () => {
    aborted = true;
  };
}

function success(random: Random, attempt: number): Outcome {
  return { kind: "succeeded", facts: { rows: { read: attempt, loaded: 0, quarantined: 0, filtered: 0 } }, reused: random.chance(0.1) };
}

function failure(random: Random, attempt: number, retryable: boolean): Outcome {
  const retryAfterMs = random.chance(0.1) ? { retryAfterMs: 20 + random.whole(100) } : {};
  const error = { code: SIMULATED, message: `attempt ${attempt}`, retryable, ...retryAfterMs };
  return { kind: random.chance(0.2) ? "lost" : "failed", error };
}
