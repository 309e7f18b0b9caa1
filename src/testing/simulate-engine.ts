// The second simulation: the real engine loop over a fake clock, a store that dies and fails with its engine, and attempts that misbehave. One or two
// engines carry a run out; they are killed, stopped, told to cancel, their clock steps. The auditor reads the same log by the same rules.
import { createEngine, type Engine } from "../engine/engine.ts";
import type { Attempt, AttemptResult, Executor } from "../model/attempt.ts";
import { type ErrorCode, messageOf, MillraceError } from "../model/errors.ts";
import type { RunEvent } from "../model/events.ts";
import { CANCEL_GRACE_MS, INTERRUPTIONS_MAX } from "../run/decide.ts";
import { createMemoryStore } from "../store/memory.ts";
import type { EventStore } from "../store/store.ts";
import { Violation } from "./audit-book.ts";
import { audit } from "./auditor.ts";
import { createFakeClock, type FakeClock } from "./fake-clock.ts";
import { type Random, randomOf } from "./random.ts";
import { randomPlan } from "./simulated-plan.ts";

const FAULTS_UNTIL_MS = 1_200;
const LEASE_MS = 200;
/** The store's pauses after failures (50 ms doubling, six times), deaths and stops with their grace of 5 s, steps of the clock. */
const SLACK_MS = 12_000;
const SIMULATED = "MR0000" as ErrorCode;
const END_WITHIN_MS = 600_000;

export interface SimulatedEngineRun {
  readonly seed: number;
  readonly log: readonly RunEvent[];
}

/** Rejects with a Violation that names the seed. */
export async function simulateEngine(seed: number): Promise<SimulatedEngineRun> {
  try {
    return { seed, log: await carryOut(randomOf(seed)) };
  } catch (error) {
    throw new Violation(`engine seed ${seed}: ${messageOf(error)}`, { cause: error });
  }
}

interface Life {
  readonly engine: Engine;
  /** Its run has come to an end of some kind, or the engine is dead. */
  readonly over: Promise<unknown>;
  readonly stop: AbortController;
  kill(): void;
}

async function carryOut(random: Random): Promise<readonly RunEvent[]> {
  const clock = createFakeClock();
  const store = createMemoryStore();
  const shared = random.chance(0.4);
  const fault = (probability: number): boolean => random.chance(probability) && clock.elapsedMs() < FAULTS_UNTIL_MS;
  const plan = randomPlan(random);
  let run = "";
  const witness = createWitness(store, () => run);
  const begin = (): Life => {
    let dead = false;
    const { promise: died, resolve: tellDead } = promiseAndResolve();
    const kill = (): void => {
      dead = true;
      tellDead();
    };
    const isDead = (): boolean => dead;
    const options = { clock, random: () => random.next(), ...(shared ? { leaseMs: LEASE_MS } : {}) };
    const mortal = mortalStore(store, { isDead, fault, kill });
    const engine = createEngine({ ...options, store: mortal, executor: misbehaving({ witness, clock, random, isDead, fault }) });
    const stop = new AbortController();
    const done = engine.run(run, { signal: stop.signal }).catch((error: unknown) => error);
    return { engine, over: Promise.race([done, died]), stop, kill };
  };
  run = await createEngine({
    clock,
    random: () => random.next(),
    store,
    executor: misbehaving({ witness, clock, random, isDead: () => false, fault }),
    ...(shared ? { leaseMs: LEASE_MS } : {}),
  }).start(plan);
  const lives = shared ? [begin(), begin()] : [begin()];
  if (random.chance(0.15)) clock.after(random.whole(400), () => void lives[0]!.engine.cancel(run, { by: "someone" }).catch(() => {})); // a dead engine's cancel is lost
  if (random.chance(0.3)) clock.after(random.whole(800), () => clock.step(-random.pick([5, 500, 3_600_000])));
  while (clock.elapsedMs() < FAULTS_UNTIL_MS) {
    await clock.pass(20 + random.whole(200));
    for (const [index, life] of lives.entries()) {
      const ended = random.pick(["none", "none", "kill", "stop"]);
      if (ended === "none") continue;
      if (ended === "kill") life.kill();
      else {
        life.stop.abort();
        await clock.until(life.over);
        life.kill();
      }
      await clock.pass(random.whole(50));
      lives[index] = begin();
    }
  }
  // Whoever was killed by the store at some point is followed by one who lives.
  for (const life of lives) life.kill();
  const last = begin();
  await clock.until(last.over, clock.elapsedMs() + END_WITHIN_MS);
  await clock.pass(1);
  witness.check();
  const log = await store.read(run);
  audit(log, {
    slackMs: SLACK_MS,
    cancelGraceMs: CANCEL_GRACE_MS,
    interruptionsMax: INTERRUPTIONS_MAX,
    mustFinish: true,
    takeOver: new Map(),
    belongs: (event) =>
      event.type === "node_waiting" || event.type === "node_mapped"
        ? true
        : event.type === "node_succeeded"
          ? event.rows?.read === event.attempt
          : event.error.code !== SIMULATED || event.error.message === `attempt ${event.attempt}`,
  });
  return log;
}

/** The store as a mortal engine sees it: it may die or fail before or after each write; a dead engine never hears of anything again. */
function mortalStore(
  store: EventStore,
  { isDead, fault, kill }: { readonly isDead: () => boolean; readonly fault: (probability: number) => boolean; readonly kill: () => void },
): EventStore {
  const never = new Promise<never>(() => {});
  return {
    ...store,
    read: (stream, after) => (isDead() ? never : store.read(stream, after)),
    append: (stream, version, events) => (isDead() ? never : store.append(stream, version, events)),
    async commit(appends) {
      if (!isDead() && fault(0.02)) kill();
      if (isDead()) return never;
      if (fault(0.02)) throw new MillraceError({ code: "MR6024", message: "locked", retryable: true });
      const answers = await store.commit(appends);
      if (fault(0.02)) kill();
      if (isDead()) return never;
      if (fault(0.02)) throw new MillraceError({ code: "MR6022", message: "who knows whether it was written", retryable: true });
      return answers;
    },
  };
}

/**
 * What the engines ask of their executors, whatever the log says:
 * E5. An attempt is begun once, by one engine, after its start is in the log and while it is live.
 * E6. When the run has ended every attempt has ended or was told to.
 */
function createWitness(store: EventStore, runName: () => string) {
  const begun = new Map<string, { readonly signal: AbortSignal; readonly isDead: () => boolean; ended: boolean }>();
  const wrongs: string[] = [];
  return {
    begin({ node, attempt, token, signal }: Attempt, isDead: () => boolean): { ended: boolean } {
      if (begun.has(token)) wrongs.push(`E5: ${token} is begun twice`);
      const entry = { signal, isDead, ended: false };
      begun.set(token, entry);
      void (async () => {
        const log = await store.read(runName());
        const starts = log
          .filter((event) => event.type === "attempt_started" && event.node === node)
          .map((event) => "attempt" in event && event.attempt);
        if (!starts.includes(attempt)) wrongs.push(`E5: ${token} is begun and its start is not in the log`);
      })();
      return entry;
    },
    check(): void {
      for (const [token, { signal, isDead, ended }] of begun)
        if (!ended && !signal.aborted && !isDead()) wrongs.push(`E6: ${token} was left running`);
      if (wrongs.length > 0) throw new Violation(wrongs[0]);
    },
  };
}

function promiseAndResolve(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve!: () => void;
  const promise = new Promise<void>((settle) => (resolve = settle));
  return { promise, resolve };
}

interface Misbehaviour {
  readonly witness: ReturnType<typeof createWitness>;
  readonly clock: FakeClock;
  readonly random: Random;
  readonly isDead: () => boolean;
  readonly fault: (probability: number) => boolean;
}

/** Attempts that take their time, fail, die with their worker, heed aborts late or never. A dead engine's attempts never end. */
function misbehaving({ witness, clock, random, isDead, fault }: Misbehaviour): Executor {
  const carryOutAttempt = (asked: Attempt): Promise<AttemptResult> =>
    new Promise((resolve, reject) => {
      const { attempt, signal } = asked;
      const entry = witness.begin(asked, isDead);
      const fail = (retryable: boolean): void => {
        const code = random.chance(0.2) ? "MR6004" : SIMULATED;
        entry.ended = true;
        reject(new MillraceError({ code, message: code === SIMULATED ? `attempt ${attempt}` : "died", retryable }));
      };
      const deaf = fault(0.1);
      signal.addEventListener("abort", () => {
        if (!deaf) clock.after(random.whole(30), () => !isDead() && fail(true));
      });
      clock.after(1 + random.whole(60), () => {
        if (isDead() || (deaf && signal.aborted)) return;
        if (random.chance(0.2)) fail(random.chance(0.8));
        else {
          entry.ended = true;
          resolve({ rows: { read: attempt, loaded: 0, quarantined: 0, filtered: 0 }, reused: random.chance(0.1) });
        }
      });
    });
  return { name: "misbehaving", run: carryOutAttempt, close: async () => {} };
}
