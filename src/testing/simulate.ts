// The simulator: one seed, one world. A random plan is carried out by one or two engines that crash, race, stop and see their clocks step; workers die,
// report late, twice or never; runs are canceled, time out and take over earlier work. Then faults stop, and the auditor reads the log.
import { messageOf } from "../model/errors.ts";
import type { AttemptFailed, NodeFacts, NodeMapped, NodeSucceeded, NodeWaiting, RunEvent } from "../model/events.ts";
import type { RunPlan } from "../model/plan.ts";
import { readClock, runTime, unreadClock } from "../run/clock.ts";
import { CANCEL_GRACE_MS, decide, INTERRUPTIONS_MAX, step } from "../run/decide.ts";
import { evolve } from "../run/evolve.ts";
import type { Outcome } from "../run/input.ts";
import { outstanding } from "../run/outstanding.ts";
import { newRun } from "../run/state.ts";
import { Violation } from "./audit-book.ts";
import { audit } from "./auditor.ts";
import { type Random, randomOf } from "./random.ts";
import { type Core, createSimulatedEngine, type Happening, type SimulatedEngine } from "./simulated-engine.ts";
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
      const planned = plan.nodes.find(({ id }) => id === node.replace(ITEM, ""))!;
      const mapped = planned.mapped === true && planned.id === node;
      const mayWait = plan.limits !== undefined;
      const mayVanish = planned.timeoutMs !== null || shared;
      return work({ world, engines, engine, node, attempt, mayVanish, mapped, mayWait, now: () => clock.now() });
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
  if (plan.limits !== undefined) meddle(world, engines, plan);
  for (const clock of clocks) {
    if (random.chance(0.5)) world.after(random.whole(800), () => clock.step(-random.pick([3, 400, 3_600_000, 3_600_000])));
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
function belongs(event: AttemptFailed | NodeSucceeded | NodeWaiting | NodeMapped): boolean {
  if (event.type === "node_succeeded") return event.rows?.read === event.attempt;
  if (event.type === "node_waiting") return event.wait.why === `attempt ${event.attempt}`;
  if (event.type === "node_mapped") return event.items.every((item) => item === event.attempt);
  return event.error.code !== SIMULATED || event.error.message === `attempt ${event.attempt}`;
}

/** What the log says and what the warehouse holds are the same. */
function auditWarehouse(world: World): void {
  for (const event of world.log) {
    // What waited for an approval or for its items has no work of its own.
    if (event.type === "node_succeeded" && event.rows !== undefined && !world.warehouse.commits.has(event.node))
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
  /** It is to answer a list. */
  readonly mapped: boolean;
  /** It may let its place go, or find that its condition does not hold. */
  readonly mayWait: boolean;
  readonly now: () => number;
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
    const reported =
      outcome ?? otherEnd(task) ?? (world.warehouse.commit(node, attempt) ? success(random, attempt) : failure(random, attempt, false));
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

/** Ends that are neither success nor failure. */
function otherEnd({ world, node, attempt, mapped, mayWait, now }: Work): Outcome | null {
  const { random } = world;
  const why = `attempt ${attempt}`;
  if (mayWait && world.fault(0.08)) return { kind: "skipped", why };
  if (mayWait && world.fault(0.15)) {
    const kind = random.pick(["time", "condition", "approval", "job"] as const);
    const until = kind === "time" || kind === "condition" ? now() + random.whole(300) : null;
    return { kind: "waiting", wait: { kind, until, why } };
  }
  if (!mapped) return null;
  world.warehouse.commit(node, attempt);
  return { kind: "mapped", items: Array.from({ length: random.whole(4) }, () => attempt) };
}

const MEDDLE_MS = 60;
/** The place of an item in the name of its node. */
const ITEM = /\[\d+\]$/;

/** People: they decide approvals and wake what waits for ever; while faults are on they also pause, cancel single nodes and change the concurrency. */
function meddle(world: World, engines: readonly SimulatedEngine[], { nodes, timeoutMs }: RunPlan): void {
  const { random, log } = world;
  const ids = nodes.map((node) => node.id);
  /** Nobody answers what has a time-out; that of the run does not end undos. */
  const patient = random.chance(0.3)
    ? new Set(ids.filter((_, index) => nodes[index]!.timeoutMs !== null || (timeoutMs !== null && nodes[index]!.compensates === undefined)))
    : new Set<string>();
  const say = (happening: Happening): void => random.pick(engines).happen(happening);
  const rounds = (): void => {
    if (log.at(-1)?.type === "run_finished" || world.now() > FAULTS_UNTIL_MS + END_WITHIN_MS) return;
    for (const node of waitingForever(log)) {
      if (patient.has(node.replace(ITEM, ""))) continue;
      const accept = random.chance(0.7);
      if (random.chance(0.6)) say({ type: "signal", node, signal: { by: "ana", why: "", accept, fields: null } });
    }
    if (world.fault(0.05)) say({ type: "cancel", by: "ana", why: "", node: random.pick(ids) });
    for (const node of ids)
      if (log.findLast((event) => "node" in event && event.node === node)?.type === "node_mapped" && world.fault(0.2))
        say({ type: "cancel", by: "ana", why: "", node });
    if (world.fault(0.05)) say({ type: "setConcurrency", by: "ana", concurrency: 1 + random.whole(4) });
    if (world.fault(0.05)) say({ type: "pause", by: "ana", why: "" });
    if (random.chance(0.2) || !world.faultsOn()) say({ type: "resume", by: "ana" });
    world.after(MEDDLE_MS, rounds);
  };
  if (ids.length > 0) world.after(random.whole(MEDDLE_MS), rounds);
}

function waitingForever(log: readonly RunEvent[]): readonly string[] {
  const waiting = new Set<string>();
  for (const event of log) {
    if (!("node" in event)) continue;
    if (event.type === "node_waiting" && event.wait.until === null) waiting.add(event.node);
    else waiting.delete(event.node);
  }
  return [...waiting];
}

function success(random: Random, attempt: number): Outcome {
  return { kind: "succeeded", facts: { rows: { read: attempt, loaded: 0, quarantined: 0, filtered: 0 } }, reused: random.chance(0.1) };
}

function failure(random: Random, attempt: number, retryable: boolean): Outcome {
  const retryAfterMs = random.chance(0.1) ? { retryAfterMs: 20 + random.whole(100) } : {};
  const error = { code: SIMULATED, message: `attempt ${attempt}`, retryable, ...retryAfterMs };
  return { kind: random.chance(0.2) ? "lost" : "failed", error };
}
