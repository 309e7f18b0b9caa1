// A seeded world around the machine of a job: engines with clocks of their own that crash, race and reload; files, webhooks and sensors that tell the
// same thing twice; runs that end late or never start; people who pause and resume; definitions that change. The auditor reads what came of it.
import type { JobEvent } from "../../model/job-events.ts";
import type { JobAnswer, JobInput } from "../../trigger/input.ts";
import type { JobPolicy, TriggerPolicy } from "../../trigger/policy.ts";
import { type JobState, NEW_JOB } from "../../trigger/state.ts";
import { type Random, randomOf } from "../random.ts";
import { auditJob } from "./auditor.ts";
import { type JobMachine, soundMachine } from "./machine.ts";
import { ASSETS, randomPolicy, randomTrigger } from "./policies.ts";

const MINUTE_MS = 60_000;
const START = Date.UTC(2026, 0, 1);
const STEPS = 160;
const RACES_MAX = 20;
const DRAIN_MAX = 2_000;

export interface JobSimulation {
  readonly seed: number;
  readonly broken: readonly string[];
  readonly events: readonly JobEvent[];
}

interface SimulatedEngine {
  alive: boolean;
  skewMs: number;
  state: JobState;
  policy: JobPolicy;
}

interface Delivery {
  readonly trigger: string;
  readonly key: string;
  readonly item: { readonly [field: string]: string };
  times: number;
}

interface SimulatedRun {
  endsAt: number;
  readonly plannable: boolean;
  told: boolean;
}

type Untimed = JobInput extends infer Input ? (Input extends JobInput ? Omit<Input, "now"> : never) : never;

export function simulateJob(seed: number, machine: JobMachine = soundMachine): JobSimulation {
  const world = createWorld(randomOf(seed), machine);
  try {
    for (let step = 0; step < STEPS; step++) world.act();
    world.drain();
  } catch (error) {
    return { seed, broken: [`T0: ${error instanceof Error ? error.message : String(error)}`], events: world.log.flat() };
  }
  return { seed, broken: [...world.broken, ...auditJob(world.audited())], events: world.log.flat() };
}

function createWorld(random: Random, machine: JobMachine) {
  const log: (readonly JobEvent[])[] = [];
  const events: JobEvent[] = [];
  const broken: string[] = [];
  const definitions = new Map<string, TriggerPolicy>();
  const deliveries: Delivery[] = [];
  const accepted: string[] = [];
  const requests = new Map<string, string>();
  const runs = new Map<string, SimulatedRun>();
  let now = START + random.whole(1_000_000);
  let generation = 0;
  let faults = true;
  let policy = withParams(randomPolicy(random));
  const learn = (): void => policy.triggers.forEach((trigger) => definitions.set(trigger.hash, trigger));
  learn();
  const engines: SimulatedEngine[] = [0, 1].map(() => ({ alive: false, skewMs: 0, state: NEW_JOB, policy }));

  const refresh = (engine: SimulatedEngine): void => {
    engine.state = events.slice(engine.state.version).reduce((state, event) => machine.evolve(state, event), engine.state);
  };
  const knownKey = (input: Untimed): string | undefined => {
    if (input.type !== "happened" && input.type !== "submit") return undefined;
    for (const event of events) {
      if (input.type === "submit" && event.type === "request_submitted" && event.key !== null && event.key === input.key) return event.run;
      if (
        input.type !== "happened" ||
        !("trigger" in event) ||
        event.trigger !== input.trigger ||
        !("key" in event) ||
        event.key !== input.key
      )
        continue;
      return event.type === "trigger_fired" ? event.run : "";
    }
    return undefined;
  };

  /** Undefined: the engine died before it could answer. */
  const tell = (engine: SimulatedEngine, untimed: Untimed): JobAnswer | undefined => {
    for (let races = 0; races < RACES_MAX; races++) {
      const known = knownKey(untimed);
      const input = { ...untimed, now: now + engine.skewMs, ...(known === undefined ? {} : { known }) } as JobInput;
      const decision = machine.decide(engine.state, input, engine.policy);
      if (decision.events.length === 0) return decision.answer;
      if (faults && random.chance(0.02)) return crash(engine);
      const taken = machine.expects(engine.state.version, events.length) === events.length;
      if (taken) {
        log.push(decision.events);
        events.push(...decision.events);
      }
      if (faults && random.chance(0.02)) return crash(engine);
      refresh(engine);
      if (taken) return decision.answer;
    }
    throw new Error("races without end");
  };
  const crash = (engine: SimulatedEngine): undefined => {
    engine.alive = false;
    return undefined;
  };
  const boot = (engine: SimulatedEngine): void => {
    Object.assign(engine, { alive: true, state: NEW_JOB, policy, skewMs: random.chance(0.5) ? 0 : random.whole(600_000) - 300_000 });
    refresh(engine);
    tell(engine, { type: "define" });
    if (engine.alive) tell(engine, { type: "tick" });
  };
  const alive = (): SimulatedEngine | undefined => {
    const living = engines.filter((engine) => engine.alive);
    return living.length === 0 ? undefined : random.pick(living);
  };

  /** Starts, cancels and ends runs as `outstanding` says. */
  const work = (engine: SimulatedEngine): void => {
    const { start, cancel } = machine.outstanding(engine.state, engine.policy);
    for (const { run } of start)
      if (!runs.has(run)) runs.set(run, { endsAt: now + random.whole(90) * MINUTE_MS, plannable: !random.chance(0.1), told: false });
    for (const { run } of cancel) {
      const going = runs.get(run);
      if (going !== undefined) going.endsAt = Math.min(going.endsAt, now + 5_000);
    }
    for (const { run } of start) {
      const going = runs.get(run)!;
      if (!engine.alive || going.endsAt > now) continue;
      if (going.plannable) tell(engine, { type: "ended", run, status: random.pick(["succeeded", "failed", "canceled"]) });
      else tell(engine, { type: "unplanned", run, code: "MR1001", why: "the project has errors" });
    }
  };

  const deliver = (engine: SimulatedEngine, delivery: Delivery): void => {
    const { trigger, key, item } = delivery;
    const answer = tell(engine, { type: "happened", trigger, key, item });
    if (answer === undefined || answer.kind === "held") return;
    accepted.push(`${trigger} ${key}`);
    delivery.times--;
  };
  const happen = (): void => {
    const sources = policy.triggers.filter(({ kind }) => kind !== "schedule" && kind !== "sensor");
    if (sources.length === 0) return;
    const source = random.pick(sources);
    const asset = source.kind === "assets" ? random.pick(source.updated) : random.pick(ASSETS);
    const item = { tenant: random.pick(["x", "y"]), asset, status: random.pick(["succeeded", "failed"]), number: String(events.length) };
    deliveries.push({ trigger: source.trigger, key: `k${random.whole(1_000_000)}`, item, times: 1 + random.whole(3) });
  };
  const sense = (engine: SimulatedEngine): void => {
    const sensor = policy.triggers.find(({ kind }) => kind === "sensor");
    if (sensor === undefined) return;
    const seen = random.pick([null, null, "true", "41", "42"]);
    const failed = { error: { code: "MR9001", message: "boom" }, failures: 1 };
    tell(engine, { type: "sensed", trigger: sensor.trigger, result: random.chance(0.2) ? failed : { seen, item: { seen: seen ?? "" } } });
  };
  const submit = (engine: SimulatedEngine): void => {
    const key = random.chance(0.5) ? `s${random.whole(8)}` : null;
    const answer = tell(engine, { type: "submit", key, by: "ana", params: { tenant: random.pick(["x", "y"]) }, priority: random.whole(3) });
    if (key === null || answer === undefined || !("run" in answer)) return;
    const first = requests.get(key);
    if (first !== undefined && first !== answer.run) broken.push(`T13: the key ${key} answered with ${first} and ${answer.run}`);
    requests.set(key, answer.run);
  };
  const pause = (engine: SimulatedEngine): void => {
    const trigger = random.chance(0.3) ? null : random.pick(policy.triggers).trigger;
    if (random.chance(0.4)) tell(engine, { type: "resume", trigger, by: "ana" });
    else {
      const until = random.chance(0.6) ? now + engine.skewMs + random.whole(180) * MINUTE_MS : null;
      tell(engine, { type: "pause", trigger, until, by: "ana", why: "maintenance" });
    }
  };
  const redefine = (): void => {
    generation++;
    const at = random.whole(policy.triggers.length);
    const { trigger } = policy.triggers[at]!;
    const kept = policy.triggers.filter((_, index) => index !== at);
    const changed =
      random.chance(0.2) && kept.length > 0 ? kept : policy.triggers.toSpliced(at, 1, randomTrigger(random, trigger, generation));
    policy = withParams({ ...policy, triggers: changed });
    learn();
  };
  const drop = (engine: SimulatedEngine): void => {
    const waiting = engine.state.queue;
    if (waiting.length > 0) tell(engine, { type: "drop", run: random.pick(waiting).run, by: "ana", why: "not needed" });
  };

  /** T12, T15: what the machine says of itself. */
  const checkMachine = (engine: SimulatedEngine): void => {
    refresh(engine);
    const { state } = engine;
    const { wakeAt } = machine.outstanding(state, engine.policy);
    const events1 = JSON.stringify(machine.decide(state, { type: "tick", now }, engine.policy).events);
    if (JSON.stringify(machine.decide(state, { type: "tick", now }, engine.policy).events) !== events1)
      broken.push("T12: two answers to one input");
    const at = (time: number): number => machine.decide(state, { type: "tick", now: time }, engine.policy).events.length;
    if (wakeAt === null) {
      if (at(Math.max(now, state.at) + 365 * 86_400_000) > 0) broken.push("T15: nothing to wake for, but a year later there is");
      return;
    }
    if (at(Math.max(wakeAt, state.at)) === 0) broken.push(`T15: a tick at wakeAt ${wakeAt} has nothing to do`);
    if (wakeAt - 1 >= state.at && at(wakeAt - 1) > 0) broken.push(`T15: a tick before wakeAt ${wakeAt} has something to do`);
  };

  const act = (): void => {
    now += random.chance(0.7)
      ? random.whole(3 * MINUTE_MS)
      : random.chance(0.9)
        ? random.whole(60 * MINUTE_MS)
        : random.whole(72 * 60 * MINUTE_MS);
    for (const engine of engines) if (!engine.alive && random.chance(0.3)) boot(engine);
    const engine = alive();
    if (engine === undefined) return;
    if (random.chance(0.5)) refresh(engine);
    const { wakeAt } = machine.outstanding(engine.state, engine.policy);
    if (random.chance(0.8) || (wakeAt !== null && wakeAt <= now + engine.skewMs)) tell(engine, { type: "tick" });
    if (random.chance(0.5)) happen();
    const [delivery] = deliveries.splice(random.whole(deliveries.length), 1);
    if (delivery !== undefined) {
      if (engine.alive) deliver(engine, delivery);
      if (delivery.times > 0) deliveries.push(delivery);
    }
    if (engine.alive && random.chance(0.2)) sense(engine);
    if (engine.alive && random.chance(0.15)) submit(engine);
    if (engine.alive && random.chance(0.08)) pause(engine);
    if (engine.alive && random.chance(0.05)) drop(engine);
    if (engine.alive) work(engine);
    if (engine.alive && random.chance(0.1)) checkMachine(engine);
    if (random.chance(0.03)) redefine();
    if (engine.alive && random.chance(0.05)) boot(engine); // the project was read again
    if (random.chance(0.03)) engine.skewMs = random.pick([0, 120_000, -120_000, 7_200_000, -1_800_000]);
    if (random.chance(0.04)) crash(engine);
  };

  /** Faults stop; windows close, runs end, and nothing may be left. */
  const drain = (): void => {
    faults = false;
    now = Math.max(now, ...events.map((event) => event.at)) + 60 * MINUTE_MS;
    const engine: SimulatedEngine = { alive: true, skewMs: 0, state: NEW_JOB, policy };
    refresh(engine);
    tell(engine, { type: "define" });
    tell(engine, { type: "resume", trigger: null, by: "ana" });
    for (const { trigger } of policy.triggers) tell(engine, { type: "resume", trigger, by: "ana" });
    for (const delivery of deliveries) deliver(engine, delivery);
    for (let hours = 0; hours < 3; hours++) {
      now += 60 * MINUTE_MS;
      tell(engine, { type: "tick" });
      work(engine);
    }
    for (let rounds = 0; rounds < DRAIN_MAX && machine.outstanding(engine.state, policy).start.length > 0; rounds++) {
      work(engine);
      for (const run of runs.values()) run.endsAt = Math.min(run.endsAt, now);
    }
    const taken = new Set(
      events.flatMap((event) => ("key" in event && "trigger" in event && event.key !== null ? [`${event.trigger} ${event.key}`] : [])),
    );
    for (const key of accepted) if (!taken.has(key)) broken.push(`T4: ${key} was accepted and is not in the log`);
  };

  return {
    log,
    broken,
    act,
    drain,
    audited: () => ({ batches: log, policy, definitions, endedAt: now }),
  };
}

/** Events give their tenant to the run. */
function withParams(policy: JobPolicy): JobPolicy {
  const triggers = policy.triggers.map((trigger) =>
    trigger.kind === "schedule" ? trigger : { ...trigger, params: { tenant: "${event:tenant}" } },
  );
  return { ...policy, triggers };
}
