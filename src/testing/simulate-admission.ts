// The simulation of admission: the real engine over a fake clock carries out many runs with pools, rates, weights, priorities, keys and connections that
// go down; it dies and comes back. The log is judged by audit-admission.ts. A failing seed is a bug report.
import type { createEngine, Engine } from "../engine/engine.ts";
import type { Attempt, AttemptResult, Executor } from "../model/attempt.ts";
import { type ErrorCode, messageOf, type MillraceError } from "../model/errors.ts";
import type { Limit, Limits, Rate } from "../model/limits.ts";
import type { PlanNode, RunPlan } from "../model/plan.ts";
import { createMemoryStore } from "../store/memory.ts";
import type { Batch, EventStore } from "../store/store.ts";
import { auditAdmission } from "./audit-admission.ts";
import { must, Violation } from "./audit-book.ts";
import { createFakeClock, type FakeClock } from "./fake-clock.ts";
import { type Random, randomOf } from "./random.ts";

/** What is simulated; a bug is planted by giving another. */
export interface AdmissionUnderTest {
  readonly createEngine: typeof createEngine;
  /** The class that this engine knows. */
  readonly MillraceError: typeof MillraceError;
}

const AGE_MS = 60_000;
const END_WITHIN_MS = 40_000_000;
const DOWN = "MR3501" as ErrorCode;
const BATCHES_MAX = 1_000_000;

interface World {
  readonly limits: Limits;
  readonly arrivals: readonly { readonly at: number; readonly plan: RunPlan }[];
  readonly tookMs: (random: Random) => number;
  readonly failsBefore: number;
  /** When the connections are down. */
  readonly outages: readonly (readonly [from: number, to: number])[];
  readonly kills: readonly number[];
  /** Judges what the audit does not. */
  readonly judge: (batches: readonly Batch[]) => void;
}

/** Rejects with a Violation that names the seed. */
export async function simulateAdmission(seed: number, under: AdmissionUnderTest): Promise<void> {
  const random = randomOf(seed);
  try {
    const kind = random.next();
    const world = kind < 0.05 ? tenants(random) : kind < 0.1 ? starvation(random) : mixed(random);
    await carryOut(world, random, under);
  } catch (error) {
    throw new Violation(`admission seed ${seed}: ${messageOf(error)}`, { cause: error });
  }
}

async function carryOut(world: World, random: Random, under: AdmissionUnderTest): Promise<void> {
  const clock = createFakeClock();
  const store = createMemoryStore();
  const epoch = clock.now();
  const deaths = new Map<string, number>();
  const gaps: (readonly [number, number])[] = [];
  const runs: string[] = [];
  let lives = 0;
  const begin = (): { readonly engine: Engine; kill(): Promise<void>; readonly id: string } => {
    const id = `e_${++lives}`;
    let dead = false;
    const engine = under.createEngine({
      id,
      clock,
      limits: world.limits,
      random: () => random.next(),
      store: mortal(store, () => dead),
      executor: executorOf(world, { under, clock, random, isDead: () => dead }),
    });
    return {
      id,
      engine,
      async kill() {
        dead = true;
        deaths.set(id, (await store.readAll(0, BATCHES_MAX)).length);
      },
    };
  };
  let life = begin();
  const carry = (run: string): Promise<unknown> => life.engine.run(run);
  let all: Promise<unknown>[] = [];
  const steps = [...world.arrivals.map(({ at, plan }) => ({ at, plan })), ...world.kills.map((at) => ({ at, plan: null }))];
  for (const { at, plan } of steps.toSorted((a, b) => a.at - b.at)) {
    await clock.pass(Math.max(0, at - clock.elapsedMs()));
    if (plan === null) {
      const from = clock.now();
      await life.kill();
      await clock.pass(random.whole(100));
      life = begin();
      all = runs.map(carry);
      gaps.push([from, clock.now()]);
    } else {
      const run = await life.engine.start(plan);
      runs.push(run);
      all.push(carry(run));
    }
    await drained(clock);
  }
  await clock.until(Promise.all(all), END_WITHIN_MS);
  const batches = await store.readAll(0, BATCHES_MAX);
  must(batches.at(-1)!.events.at(-1)!.type === "run_finished", "L1", "the last run has not ended");
  auditAdmission({ limits: world.limits, batches, deaths, gaps, ageMs: AGE_MS });
  world.judge(batches);
  must(clock.now() >= epoch, "L1", "time went on");
}

/** Reading what was there before takes more turns of promises than a clock waits for; none of them takes time. */
async function drained(clock: FakeClock): Promise<void> {
  for (let turn = 0; turn < 5; turn++) {
    await clock.pass(0);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** A dead engine never hears of anything again. */
function mortal(store: EventStore, isDead: () => boolean): EventStore {
  const never = new Promise<never>(() => {});
  return {
    ...store,
    read: (stream, after) => (isDead() ? never : store.read(stream, after)),
    append: (stream, version, events) => (isDead() ? never : store.append(stream, version, events)),
    commit: (appends) => (isDead() ? never : store.commit(appends)),
    readAll: (after, limit) => (isDead() ? never : store.readAll(after, limit)),
  };
}

interface Surroundings {
  readonly under: AdmissionUnderTest;
  readonly clock: FakeClock;
  readonly random: Random;
  readonly isDead: () => boolean;
}

function executorOf(world: World, { under, clock, random, isDead }: Surroundings): Executor {
  const run = ({ node }: Attempt): Promise<AttemptResult> =>
    new Promise((resolve, reject) => {
      clock.after(world.tookMs(random), () => {
        if (isDead()) return;
        const at = clock.elapsedMs();
        const isDown = node.startsWith("c") && world.outages.some(([from, to]) => at >= from && at < to);
        if (isDown) reject(new under.MillraceError({ code: DOWN, message: "no answer", retryable: true }));
        else if (at < world.failsBefore && random.chance(0.15))
          reject(new under.MillraceError({ code: DOWN, message: "broken", retryable: random.chance(0.5), retryAfterMs: random.whole(50) }));
        else resolve({});
      });
    });
  return { name: "simulated", run, close: async () => {} };
}

const RETRY = { attempts: 90, delayMs: 20, factor: 1, maxDelayMs: 20, jitter: true };

function nodeOf(id: string, more: Partial<PlanNode> = {}): PlanNode {
  return { id, kind: "model", needs: [], action: "build", reason: "", change: "none", retry: RETRY, timeoutMs: null, ...more };
}

function planOf(nodes: readonly PlanNode[], more: Partial<RunPlan> = {}): RunPlan {
  return { job: null, nodes, concurrency: 50, timeoutMs: null, params: {}, ...more };
}

/** Everything at once, for some seconds. */
function mixed(random: Random): World {
  const rate = (): Rate => ({
    count: 1 + random.whole(4),
    perMs: 100 + random.whole(300),
    ...(random.chance(0.4) ? { burst: 2 + random.whole(3) } : {}),
  });
  const pools: Record<string, Limit> = {
    a: { slots: 1 + random.whole(4) },
    b: { slots: 1 + random.whole(3), ...(random.chance(0.5) ? { rate: rate() } : {}) },
    r: { rate: rate() },
    ...(random.chance(0.3) ? { "*": { slots: 1 + random.whole(5) } } : {}),
    ...(random.chance(0.3) ? { "job:j": { slots: 1 + random.whole(2) } } : {}),
  };
  const used = random.pick([["a"], ["a", "b"], ["a", "b", "r"], ["r"]]);
  const weights = (): Record<string, number> =>
    Object.fromEntries(used.filter(() => random.chance(0.5)).map((pool) => [pool, random.chance(0.7) ? 1 : 1 + random.whole(5)]));
  const connects = random.chance(0.5);
  const sizes = random.pick([2, 4, 10]);
  const arrivals = Array.from({ length: 2 + random.whole(8) }, () => {
    const nodes: PlanNode[] = [];
    for (let index = 0; index < 1 + random.whole(sizes); index++) {
      const connection = connects && random.chance(0.5) ? random.pick(["x", "y"]) : undefined;
      nodes.push(
        nodeOf(`${connection === undefined ? "n" : "c"}${index}`, {
          needs: nodes.filter(() => random.chance(0.2)).map(({ id }) => id),
          pools: weights(),
          ...(random.chance(0.2) ? { priority: random.whole(3) - 1 } : {}),
          ...(connection === undefined ? {} : { connection }),
        }),
      );
    }
    const plan = planOf(nodes, {
      job: random.pick([null, "j", "k"]),
      concurrency: 1 + random.whole(6),
      ...(random.chance(0.4) ? { priority: random.whole(3) - 1 } : {}),
      ...(random.chance(0.4) ? { key: random.pick(["t", "u"]) } : {}),
    });
    return { at: random.whole(1_500), plan };
  });
  return {
    limits: {
      pools,
      breakers: {
        x: { failures: 1 + random.whole(3), pauseMs: 100 + random.whole(200), maxPauseMs: 500 },
        ...(random.chance(0.3) ? { y: null } : {}),
      },
      shares: {},
    },
    arrivals,
    tookMs: (each) => 5 + each.whole(90),
    failsBefore: 3_000,
    outages: connects ? [[200 + random.whole(500), 1_500 + random.whole(1_000)]] : [],
    kills: random.chance(0.3) ? [200 + random.whole(1_500)] : [],
    judge: () => {},
  };
}

/** Several keys, each with more to do than there is room: they get their shares. */
function tenants(random: Random): World {
  const shares = { t0: 1 + random.whole(3), t1: 1 + random.whole(3), t2: 1 };
  const count = 60;
  const nodes = Array.from({ length: count }, (_, index) => nodeOf(`n${index}`, { pools: { a: 1 } }));
  const slots = 1 + random.whole(2);
  const arrivals = Object.keys(shares).map((key) => ({ at: 0, plan: planOf(nodes, { key }) }));
  return {
    limits: { pools: { a: { slots } }, breakers: {}, shares },
    arrivals,
    tookMs: () => 10,
    failsBefore: 0,
    outages: [],
    kills: [],
    judge(batches) {
      const keys = new Map<string, keyof typeof shares>();
      const got = new Map<string, number>();
      for (const { stream, events } of batches)
        for (const event of events) {
          if (event.type === "run_started") keys.set(stream, event.plan.key as keyof typeof shares);
          if (event.type !== "attempt_started") continue;
          if (keys.size < 3) continue;
          const key = keys.get(stream)!;
          got.set(key, (got.get(key) ?? 0) + 1);
          if ([...got.values()].some((each) => each >= count)) return;
          const fair = [...keys.values()].map((each) => (got.get(each) ?? 0) / shares[each]);
          must(Math.max(...fair) - Math.min(...fair) <= 2 + slots, "M6", `${key} has more than its share: ${fair.join(" ")}`);
        }
    },
  };
}

/** One that is less important, or heavier, or needs two pools, among a stream of others that never ends: it starts within the bound. */
function starvation(random: Random): World {
  const kind = random.pick(["priority", "weight", "both"]);
  const tookMs = 4_000;
  const [gap, last] = [3_000, 400_000];
  const victim =
    kind === "priority"
      ? nodeOf("victim", { pools: { a: 1 }, priority: -2 })
      : nodeOf("victim", { pools: kind === "weight" ? { a: 2 } : { a: 1, b: 1 } });
  const others = Array.from({ length: Math.floor(last / gap) }, (_, index) => ({
    at: index * gap,
    plan: planOf([nodeOf(`n${index}`, { pools: { [kind === "both" && index % 2 === 0 ? "b" : "a"]: 1 } })], { key: `k${index % 2}` }),
  }));
  const limits: Limits = {
    pools: { a: { slots: kind === "weight" ? 2 : 1 }, b: { slots: 1 } },
    breakers: {},
    shares: {},
  };
  const at = 10_000;
  // Two levels below the others and one to be ahead of them, then everybody ahead of it once; the patience of one that needs two pools.
  const bound = (kind === "priority" ? 3 * AGE_MS : kind === "weight" ? AGE_MS : 2 * AGE_MS) + 8 * tookMs;
  return {
    limits,
    arrivals: [...others, { at, plan: planOf([victim], { key: "v" }) }],
    tookMs: () => tookMs,
    failsBefore: 0,
    outages: [],
    kills: [],
    judge(batches) {
      let asked = 0;
      for (const { events } of batches)
        for (const event of events) {
          if (event.type === "run_started" && event.plan.key === "v") asked = event.at;
          if (event.type === "attempt_started" && event.node === "victim")
            must(event.at - asked <= bound, "M7", `the ${kind} one starts after ${event.at - asked} ms, beyond ${bound}`);
        }
    },
  };
}
