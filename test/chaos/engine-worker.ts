// One engine as a process, with everything that decides: the store, the jobs with their schedule, the registry of engines, the runs. All engines carry all
// runs; an effect is a row of a table in the same database, written behind a fence like the one of the warehouse.
import { createJobs } from "../../src/operations/serve/jobs.ts";
import { followRunEvents } from "../../src/operations/serve/run-events.ts";
import type { WantedRun } from "../../src/operations/serve/runner.ts";
import { type Clock, realClock } from "../../src/engine/clock.ts";
import { createEngine } from "../../src/engine/engine.ts";
import { createRegistry } from "../../src/engine/registry.ts";
import { createStoreClock } from "../../src/engine/store-clock.ts";
import { createInlineExecutor } from "../../src/executors/inline.ts";
import { MillraceError } from "../../src/model/errors.ts";
import type { JobPolicy } from "../../src/trigger/policy.ts";
import { openEffects } from "./effects.ts";
import { ITEMS, JOB, planOf, TICK_MS, WAIT_MS, WORK_MAX_MS } from "./engine-plans.ts";
import { openStore, type Place } from "./place.ts";

export interface WorkerOptions {
  readonly place: Place;
  readonly id: string;
  readonly host?: string;
  readonly skewMs: number;
  readonly beatMs?: number;
  readonly deadAfterMs?: number;
  /** Nothing is fired after it, ms since 1970. */
  readonly tickUntil: number;
}

const { place, id, host, skewMs, beatMs, deadAfterMs, tickUntil } = JSON.parse(process.argv[2]!) as WorkerOptions;
const machine: Clock = { ...realClock, now: () => Date.now() + skewMs };
const say = (error: unknown): void => console.error(id, error);
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

// It ends with whoever started it.
process.stdin.on("end", () => process.exit()).resume();

const store = await openStore(place);
const clock = await createStoreClock(store, machine);
const effects = await openEffects(place);

const policy: JobPolicy = {
  job: JOB,
  triggers: [
    {
      trigger: "schedule",
      hash: "1",
      enabled: true,
      params: {},
      priority: 0,
      kind: "schedule",
      catchUp: "all",
      times: {
        next: (after) => {
          const next = (Math.floor(after / TICK_MS) + 1) * TICK_MS;
          return next > tickUntil ? null : next;
        },
        previous: (before) => (Math.ceil(Math.min(before, tickUntil + 1) / TICK_MS) - 1) * TICK_MS,
        delayMs: () => 0,
      },
    },
  ],
  concurrency: { max: 8, whenBusy: "queue" },
  keyOf: () => null,
  priority: 0,
};

const executor = createInlineExecutor(async ({ run, node, attempt, waits, now, signal }) => {
  await effects.begin({ run, node, attempt, engine: id });
  await pause(Math.random() * WORK_MAX_MS);
  if (node === "task:bad") throw new MillraceError({ code: "MR9001", message: "it never works" });
  if (node === "task:flaky" && attempt === 1) throw new MillraceError({ code: "MR9001", message: "not at first", retryable: true });
  if (node === "task:list") return { items: Array.from({ length: ITEMS }, (_, n) => n) };
  if (node === "task:wait" && waits === 0) return { wait: { kind: "time", until: now() + WAIT_MS, why: "a moment" } };
  signal.throwIfAborted();
  await effects.commit({ run, node, attempt, engine: id });
  return {};
});

const registry = createRegistry({
  store,
  clock,
  id,
  card: () => ({ version: "1", url: null, holdsWarehouse: false }),
  onProblem: say,
  ...(host === undefined ? {} : { host }),
  ...(beatMs === undefined ? {} : { beatMs }),
  ...(deadAfterMs === undefined ? {} : { deadAfterMs }),
  onDead: async () => {
    await carryLeft();
    await engine.look();
  },
});
const engine = createEngine({ store, clock, executor, id, isDead: (each) => registry.isDead(each), onProblem: say });
const going = new Set<string>();

async function carry(run: string): Promise<void> {
  const { status } = await engine.run(run);
  await jobs
    .desks()
    .get(JOB)
    ?.tell({ type: "ended", run, status: status as "succeeded" });
}
function begin(run: string, start: () => Promise<unknown>): void {
  if (going.has(run)) return;
  going.add(run);
  start()
    .then(() => carry(run))
    .catch(say)
    .finally(() => going.delete(run));
}
async function carryLeft(): Promise<void> {
  for (const { run } of await engine.unfinished()) begin(run, async () => {});
}
const want = (_job: string, wanted: readonly WantedRun[]): void => {
  for (const { run } of wanted) {
    begin(run, async () => {
      const fired = jobs
        .desks()
        .get(JOB)!
        .state()
        .active.find((each) => each.run === run);
      if (fired !== undefined) await engine.start(planOf(fired.scheduledFor), { run, trigger: "schedule" });
    });
  }
};
const jobs = createJobs({ store, clock, runner: { want, cancel: () => {} }, onProblem: say });
await registry.start(); // nothing starts before others know who it is
await jobs.define(new Map([[JOB, policy]]));
await followRunEvents({ store, clock, environment: "prod", desks: () => jobs.desks(), onProblem: say });
await carryLeft();
process.stdout.write("ready\n");
