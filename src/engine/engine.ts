// The engine: carries out runs over a store, a clock and an executor. input → decide → append → evolve → outstanding → start what is not in flight.
// There is no branch for recovery: a run that a dead process left is loaded, its attempts are declared interrupted, and it goes on.
//   E1. Nothing starts before the event that says so is stored.
//   E2. What happens in one turn of the event loop, in all runs, is one commit; finish and start of the next are in the same one.
//   E3. An observer that throws is reported to `onProblem` and does not hurt the run.
//   E4. A stop leaves the run resumable; a cancel ends it.
import { randomBytes } from "node:crypto";
import type { Executor } from "../model/attempt.ts";
import { asMillraceError, MillraceError } from "../model/errors.ts";
import type { NodeFacts, RunEvent } from "../model/events.ts";
import type { NodeId } from "../model/graph.ts";
import type { RunPlan } from "../model/plan.ts";
import { decide, step } from "../run/decide.ts";
import { evolve } from "../run/evolve.ts";
import type { RunInput } from "../run/input.ts";
import { newRun, type RunState } from "../run/state.ts";
import type { EventStore } from "../store/store.ts";
import { createRunFold, foldRun, type RunFold } from "../views/run-fold.ts";
import { listRuns, type RunRow } from "../views/runs.ts";
import { type ActiveRunWithFlights, createActiveRun } from "./active-run.ts";
import type { Clock } from "./clock.ts";
import { createCommitter } from "./committer.ts";
import { createFlights } from "./flights.ts";
import type { AttemptLogs } from "./logs.ts";
import { runId } from "./run-id.ts";
import { type RunSummary, summaryOf } from "./summary.ts";

export interface EngineOptions {
  readonly store: EventStore;
  readonly clock: Clock;
  readonly executor: Executor;
  /** Numbers in [0, 1), for names of runs and seeds of jitter. Default: from the system. */
  readonly random?: () => number;
  /** Default: attempts' logs are not kept. */
  readonly logs?: AttemptLogs;
  /** Set when other engines share the store: attempts hold leases of this length, and nobody is declared dead before. */
  readonly leaseMs?: number;
  /** Told of what went wrong beside the runs: observers that threw. Default: nobody is. */
  readonly onProblem?: (error: MillraceError) => void;
}

export interface StartOptions {
  /** Default `manual`. */
  readonly trigger?: string;
  /** Takes over what succeeded in this earlier run. */
  readonly fromRun?: string;
}

export type RunListener = (event: RunEvent, fold: RunFold) => void;

export interface RunOptions {
  /** Stops the run, which stays resumable: attempts are aborted and have 5 s to end. */
  readonly signal?: AbortSignal;
  /** Called after each event is stored; `fold` is the run up to and with the events of the same commit. */
  readonly onEvent?: RunListener;
}

export interface Engine {
  /** Stores a new run and returns its name. Nothing is carried out yet. Errors: MR6101 when `fromRun` is not there. */
  start(plan: RunPlan, options?: StartOptions): Promise<string>;
  /** Carries a run out, whether it is new or was left by a stop or a crash; a finished one is answered at once. Errors: MR6101, those of the store. */
  run(run: string, options?: RunOptions): Promise<RunSummary>;
  /** Ends a run for good, whoever carries it out. True when it was going on. Errors: MR6101. */
  cancel(run: string, request?: { readonly by?: string; readonly why?: string }): Promise<boolean>;
  /** A run as its events tell it now. Errors: MR6101. */
  inspect(run: string): Promise<RunFold>;
  /** Runs that have not ended and that this engine is not carrying out, newest first. */
  unfinished(limit?: number): Promise<readonly RunRow[]>;
  /** Stops every run as a signal would. */
  close(): Promise<void>;
}

interface Carried {
  readonly run: ActiveRunWithFlights;
  readonly done: Promise<RunSummary>;
  readonly resolve: (summary: RunSummary) => void;
  readonly reject: (error: unknown) => void;
  readonly listeners: Set<RunListener>;
  readonly stop: () => Promise<void>;
}

interface Loaded {
  readonly state: RunState;
  readonly fold: RunFold;
}

const UNFINISHED_MAX = 1_000;

export function createEngine(options: EngineOptions): Engine {
  const { store, clock, executor, logs = null, leaseMs = null } = options;
  const random = options.random ?? (() => randomBytes(4).readUInt32LE() / 4_294_967_296);
  const owner = runId(clock.now(), random).replace("r_", "e_");
  const carried = new Map<string, Carried>();
  /** Runs that were started here and not carried out yet, so that they need not be read again. */
  const fresh = new Map<string, Loaded>();
  const problem = (error: unknown): void => options.onProblem?.(asMillraceError(error));

  const committer = createCommitter({
    store,
    clock,
    onGivenUp: (run, error) => end(run.id, (each) => each.reject(error)),
  });

  const load = async (run: string): Promise<Loaded> => {
    const known = fresh.get(run);
    fresh.delete(run);
    if (known !== undefined) return known;
    const events = await store.read(run);
    if (events.length === 0)
      throw new MillraceError({ code: "MR6101", message: `there is no run ${run}`, hint: "`millrace runs` lists them" });
    const fold = createRunFold();
    let state: RunState = newRun;
    for (const event of events) {
      fold.apply(event);
      state = evolve(state, event);
    }
    return { state, fold };
  };

  const end = (id: string, tell: (each: Carried) => void): void => {
    const each = carried.get(id);
    if (each === undefined) return;
    carried.delete(id);
    each.run.dispose();
    tell(each);
  };

  const tell = (listeners: ReadonlySet<RunListener>, events: readonly RunEvent[], fold: RunFold): void => {
    for (const listener of listeners)
      for (const event of events) {
        try {
          // A listener may be an async function whatever its type says; its failure is its own, too.
          const answer: unknown = listener(event, fold);
          if (answer instanceof Promise) answer.catch(problem);
        } catch (error) {
          problem(error);
        }
      }
  };

  const carry = (id: string, loaded: Loaded): Carried => {
    const listeners = new Set<RunListener>();
    const { promise: done, resolve, reject } = withResolvers<RunSummary>();
    // Whoever asked hears of a failure through the promise of `run`; nobody else need.
    done.catch(() => {});
    const run = createActiveRun({
      id,
      owner,
      clock,
      ...loaded,
      createFlights: (contextOf, onEnd) => createFlights({ run: id, executor, clock, logs, contextOf, onEnd }),
      onHappening: (active) => committer.add(active),
      onEvents: (active, events) => {
        tell(listeners, events, loaded.fold);
        if (active.state().phase === "finished") end(id, () => resolve(summaryOf(loaded.fold, "finished")));
      },
    });
    let stopped: Promise<void> | null = null;
    const stop = (): Promise<void> => {
      stopped ??= (async () => {
        run.hold();
        await run.flights.stop();
        await committer.idle();
        end(id, () => resolve(summaryOf(loaded.fold, "interrupted")));
      })();
      return stopped;
    };
    const each = { run, done, resolve, reject, listeners, stop };
    carried.set(id, each);
    return each;
  };

  return {
    async start(plan, { trigger = "manual", fromRun } = {}) {
      const takeOver = fromRun === undefined ? null : { from: fromRun, nodes: await succeededIn(store, fromRun) };
      const id = runId(clock.now(), random);
      const seed = Math.floor(random() * 4_294_967_296);
      const { events, state } = step(newRun, {
        type: "start",
        now: clock.now(),
        owner: null,
        run: id,
        trigger,
        plan,
        seed,
        leaseMs,
        takeOver,
      });
      if (!(await store.append(id, 0, events)))
        throw new MillraceError({ code: "MR6025", message: `a run ${id} is already there`, retryable: true });
      const fold = createRunFold();
      for (const event of events) fold.apply(event);
      fresh.set(id, { state, fold });
      return id;
    },

    async run(id, { signal, onEvent } = {}) {
      const loaded = carried.has(id) ? null : await load(id);
      let each = carried.get(id);
      if (each === undefined) {
        if (loaded === null || loaded.state.phase === "finished") return summaryOf((loaded ?? (await load(id))).fold, "finished");
        if (signal?.aborted === true) return summaryOf(loaded.fold, "interrupted");
        each = carry(id, loaded);
        each.run.happen(leaseMs === null ? { type: "adopt" } : { type: "tick" });
      }
      const { listeners, done, stop } = each;
      const onAbort = (): void => void stop();
      if (onEvent !== undefined) listeners.add(onEvent);
      signal?.addEventListener("abort", onAbort, { once: true });
      if (signal?.aborted === true) onAbort();
      try {
        const summary = await done;
        await each.run.flights.logged();
        return summary;
      } finally {
        signal?.removeEventListener("abort", onAbort);
        if (onEvent !== undefined) listeners.delete(onEvent);
      }
    },

    async cancel(id, { by = "someone", why = "" } = {}) {
      const each = carried.get(id);
      if (each !== undefined) {
        each.run.happen({ type: "cancel", by, why });
        await committer.idle();
        return true;
      }
      return cancelFromOutside(store, clock, await load(id), { id, by, why, alone: leaseMs === null });
    },

    async inspect(id) {
      return (await load(id)).fold;
    },

    async unfinished(limit = UNFINISHED_MAX) {
      const rows = await listRuns(store, { status: "running", limit });
      return rows.filter((row) => !carried.has(row.run));
    },

    async close() {
      await Promise.all([...carried.values()].map((each) => each.stop()));
    },
  };
}

/** Facts of the nodes that an earlier run succeeded with or reused. */
async function succeededIn(store: EventStore, run: string): Promise<ReadonlyMap<NodeId, NodeFacts>> {
  const fold = foldRun(await store.read(run));
  if (fold === undefined)
    throw new MillraceError({ code: "MR6101", message: `there is no run ${run}`, hint: "`millrace runs` lists them" });
  const facts = new Map<NodeId, NodeFacts>();
  for (const { node, status, rows, checks, output } of fold.nodes()) {
    if (status !== "succeeded" && status !== "reused") continue;
    facts.set(node, {
      ...(rows === undefined ? {} : { rows }),
      ...(checks === undefined ? {} : { checks }),
      ...(output === undefined ? {} : { output }),
    });
  }
  return facts;
}

const CANCEL_RACES_MAX = 20;

/** Cancels a run that this engine does not carry out. `alone`: its attempts can only be those of a dead process, or of one that will find out. */
async function cancelFromOutside(
  store: EventStore,
  clock: Clock,
  loaded: Loaded,
  request: { readonly id: string; readonly by: string; readonly why: string; readonly alone: boolean },
): Promise<boolean> {
  let { state } = loaded;
  for (let races = 0; races < CANCEL_RACES_MAX; races++) {
    if (state.phase !== "going") return false;
    const common = { now: clock.now(), owner: null };
    const inputs: RunInput[] = [{ ...common, type: "cancel", by: request.by, why: request.why }];
    if (request.alone) inputs.push({ ...common, type: "adopt" });
    const events: RunEvent[] = [];
    let next: RunState = state;
    for (const input of inputs) {
      const decided = decide(next, input);
      events.push(...decided);
      next = decided.reduce(evolve, next);
    }
    if (events.length === 0 || (await store.append(request.id, state.version, events))) return true;
    state = (await store.read(request.id, state.version)).reduce<RunState>(evolve, state);
  }
  throw new MillraceError({
    code: "MR6025",
    message: `${request.id} could not be canceled: others wrote first each time`,
    retryable: true,
  });
}

function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void; reject: (error: unknown) => void } {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((res, rej) => {
    resolve = res;
    reject = rej;
  });
  return { promise, resolve, reject };
}
