// The engine: carries out runs over a store, a clock and an executor. input → decide → append → evolve → outstanding → start what is not in flight.
// There is no branch for recovery: a run that a dead process left is loaded, its attempts are declared interrupted, and it goes on.
//   E1. Nothing starts before the event that says so is stored.
//   E2. What happens in one turn of the event loop, in all runs, is one commit; finish and start of the next are in the same one.
//   E3. An observer that throws is reported to `onProblem` and does not hurt the run.
//   E4. A stop leaves the run resumable; a cancel ends it.
import { randomBytes } from "node:crypto";
import type { Executor } from "../model/attempt.ts";
import { asMillraceError, MillraceError } from "../model/errors.ts";
import { assertKnownEvents } from "../model/event-format.ts";
import type { RunEvent } from "../model/events.ts";
import type { NodeId } from "../model/graph.ts";
import { type Limits, NO_LIMITS } from "../model/limits.ts";
import type { RunPlan } from "../model/plan.ts";
import { step } from "../run/decide.ts";
import { evolve } from "../run/evolve.ts";
import { outstanding } from "../run/outstanding.ts";
import { newRun, type RunState } from "../run/state.ts";
import type { Batch, EventStore } from "../store/store.ts";
import { catchUp } from "../views/catch-up.ts";
import { createRunFold, type RunFold } from "../views/run-fold.ts";
import { listRuns, type RunRow, runsTable } from "../views/runs.ts";
import { createAdmissionGate } from "./admission.ts";
import { type ActiveRunWithFlights, createActiveRun, type Happening } from "./active-run.ts";
import type { Clock } from "./clock.ts";
import { createCommitter } from "./committer.ts";
import { createFeed, type Feed } from "./feed.ts";
import { createFlights } from "./flights.ts";
import { actFromOutside, succeededIn } from "./outside.ts";
import type { AttemptLogs } from "./logs.ts";
import { runId } from "./run-id.ts";
import { type RunSummary, summaryOf } from "./summary.ts";

export interface EngineOptions {
  readonly store: EventStore;
  readonly clock: Clock;
  readonly executor: Executor;
  /** Default: a new name. */
  readonly id?: string;
  /** Numbers in [0, 1), for names of runs and seeds of jitter. Default: from the system. */
  readonly random?: () => number;
  /** Default: attempts' logs are not kept. */
  readonly logs?: AttemptLogs;
  /** Set when other engines share the store: attempts hold leases of this length, and nobody is declared dead before. */
  readonly leaseMs?: number;
  /** Set when other engines work on the store without leases: tells of an engine that gave no sign of life. */
  readonly isDead?: (engine: string) => boolean;
  /** What limits attempts over all runs: pools, connections, everything. Default: nothing but the circuit breakers of connections. */
  readonly limits?: Limits;
  /** May attempts start here? Default: yes. False while another process holds what they need; `look` when that changes. */
  readonly mayStart?: () => boolean;
  /** Told of what went wrong beside the runs: observers that threw. Default: nobody is. */
  readonly onProblem?: (error: MillraceError) => void;
}

export interface StartOptions {
  /** Default `manual`. */
  readonly trigger?: string;
  /** Takes over what succeeded in this earlier run. */
  readonly fromRun?: string;
  /** Only these of its nodes; default: all. */
  readonly takeOver?: (node: NodeId) => boolean;
  /** Name of the run; starting a second one of that name answers the first. Default: a new one. */
  readonly run?: string;
  /** The node of another run that waits for this one. */
  readonly parent?: { readonly run: string; readonly node: NodeId };
}

/** What may be said to a run from outside. */
export type Act = Extract<Happening, { readonly type: "signal" | "pause" | "resume" | "setConcurrency" | "cancel" | "tick" }>;

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
  /** Ends a run for good, or one node of it, whoever carries it out. True when it was going on. Errors: MR6101. */
  cancel(run: string, request?: { readonly by?: string; readonly why?: string; readonly node?: NodeId }): Promise<boolean>;
  /** Something that a person or another run says to a run, whoever carries it out. True when it changed something. Errors: MR6101. */
  act(run: string, act: Act): Promise<boolean>;
  /** Looks at all runs again: an engine has died, attempts may start here, places have become free. Resolves when what that led to is stored. */
  look(): Promise<void>;
  /** The name under which this engine's attempts run. */
  readonly id: string;
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
  readonly events: readonly RunEvent[];
}

const UNFINISHED_MAX = 1_000;
/** What this engine appended itself is known; it is read only to keep up with the store. */
const OWN_PAUSE_MS = 2_000;

export function createEngine(options: EngineOptions): Engine {
  const { store, clock, executor, logs = null, leaseMs = null } = options;
  const random = options.random ?? (() => randomBytes(4).readUInt32LE() / 4_294_967_296);
  const owner = options.id ?? runId(clock.now(), random).replace("r_", "e_");
  const carried = new Map<string, Carried>();
  /** Runs that were started here and not carried out yet, so that they need not be read again. */
  const fresh = new Map<string, Loaded>();
  const problem = (error: unknown): void => options.onProblem?.(asMillraceError(error));

  const isDead = options.isDead ?? null;
  /** The only engine of the store: every other that its log names is dead. */
  const alone = leaseMs === null && isDead === null;
  let feed: Promise<Feed> | null = null;

  /** Hears of what others write to the runs that are carried out here. */
  const listen = (): void => {
    feed ??= (async () => {
      await catchUp(store, runsTable);
      const afterPosition = await store.tables.position(runsTable.name);
      return createFeed({ store, clock, afterPosition, ownPauseMs: OWN_PAUSE_MS, onBatches: noteBatches, onProblem: problem });
    })();
    feed.catch((error: unknown) => {
      feed = null;
      problem(error);
    });
  };
  const noteBatches = (batches: readonly Batch[]): void => {
    gate.hear(batches);
    for (const { stream, after, events } of batches) {
      const each = carried.get(stream);
      if (each !== undefined && after + events.length > each.run.state().version) committer.refresh(each.run);
    }
  };
  /** What this engine has to say to a run that it begins to carry out, or that it looks at again. */
  const lookAt = ({ run }: Carried): void => {
    if (alone) return run.happen({ type: "adopt" });
    const owners = new Set(outstanding(run.state()).flatMap((effect) => (effect.type === "wake" ? [] : [effect.owner])));
    const dead = [...owners].filter((each) => each !== owner && isDead?.(each) === true);
    run.happen(dead.length > 0 ? { type: "adopt", dead } : { type: "tick" });
  };

  const gate = createAdmissionGate({
    limits: options.limits ?? NO_LIMITS,
    store,
    clock,
    isDead: (engine) => engine !== owner && (alone || isDead?.(engine) === true),
    catchUp: alone ? null : async () => (await feed)?.catchUp(),
    onProblem: problem,
  });
  const committer = createCommitter({
    store,
    clock,
    gate,
    onGivenUp: (run, error) => end(run.id, (each) => each.reject(error)),
  });

  const load = async (run: string): Promise<Loaded> => {
    const known = fresh.get(run);
    fresh.delete(run);
    if (known !== undefined) return known;
    const events = await store.read(run);
    if (events.length === 0)
      throw new MillraceError({ code: "MR6101", message: `there is no run ${run}`, hint: "`millrace runs` lists them" });
    assertKnownEvents(run, events);
    const fold = createRunFold();
    let state: RunState = newRun;
    for (const event of events) {
      fold.apply(event);
      state = evolve(state, event);
    }
    return { state, fold, events };
  };

  const end = (id: string, tell: (each: Carried) => void): void => {
    const each = carried.get(id);
    if (each === undefined) return;
    carried.delete(id);
    gate.forget(each.run);
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

  const carry = (id: string, { state, fold, events: told }: Loaded): Carried => {
    const listeners = new Set<RunListener>();
    const { promise: done, resolve, reject } = withResolvers<RunSummary>();
    // Whoever asked hears of a failure through the promise of `run`; nobody else need.
    done.catch(() => {});
    const run = createActiveRun({
      id,
      owner,
      clock,
      mayStart: options.mayStart ?? (() => true),
      state,
      fold,
      createFlights: (contextOf, onEnd) => createFlights({ run: id, executor, clock, logs, contextOf, onEnd }),
      onHappening: (active) => committer.add(active),
      onEvents: (active, events) => {
        gate.follow({ stream: id, after: active.state().version - events.length, events });
        tell(listeners, events, fold);
        if (active.state().phase === "finished") end(id, () => resolve(summaryOf(fold, "finished")));
      },
    });
    let stopped: Promise<void> | null = null;
    const stop = (): Promise<void> => {
      stopped ??= (async () => {
        run.hold();
        await run.flights.stop();
        await committer.idle();
        end(id, () => resolve(summaryOf(fold, "interrupted")));
      })();
      return stopped;
    };
    const each = { run, done, resolve, reject, listeners, stop };
    carried.set(id, each);
    gate.follow({ stream: id, after: 0, events: told });
    listen();
    return each;
  };

  const engine: Engine = {
    id: owner,

    async start(plan, { trigger = "manual", fromRun, takeOver: takes = () => true, run, parent } = {}) {
      const nodes = fromRun === undefined ? null : await succeededIn(store, fromRun, takes);
      const id = run ?? runId(clock.now(), random);
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
        takeOver: nodes === null ? null : { from: fromRun!, nodes },
        ...(parent === undefined ? {} : { parent }),
      });
      if (await store.append(id, 0, events)) {
        const fold = createRunFold();
        for (const event of events) fold.apply(event);
        fresh.set(id, { state, fold, events });
      } else if (run === undefined) throw new MillraceError({ code: "MR6025", message: `a run ${id} is already there`, retryable: true });
      return id;
    },

    async run(id, { signal, onEvent } = {}) {
      const loaded = carried.has(id) ? null : await load(id);
      let each = carried.get(id);
      if (each === undefined) {
        if (loaded === null || loaded.state.phase === "finished") return summaryOf((loaded ?? (await load(id))).fold, "finished");
        if (signal?.aborted === true) return summaryOf(loaded.fold, "interrupted");
        each = carry(id, loaded);
        lookAt(each);
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

    async cancel(id, { by = "someone", why = "", node } = {}) {
      const act: Act = { type: "cancel", by, why, ...(node === undefined ? {} : { node }) };
      if (carried.has(id)) return engine.act(id, act);
      // What a dead process left running will never answer.
      return actFromOutside(store, clock, {
        id,
        ...(await load(id)),
        acts: alone && node === undefined ? [act, { type: "adopt" }] : [act],
      });
    },

    async act(id, act) {
      const each = carried.get(id);
      if (each === undefined) return actFromOutside(store, clock, { id, ...(await load(id)), acts: [act] });
      const before = each.run.state().version;
      each.run.happen(act);
      await committer.idle();
      return each.run.state().version > before;
    },

    async look() {
      for (const each of carried.values()) lookAt(each);
      await committer.idle();
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
      (await feed?.catch(() => null))?.close();
      gate.close();
    },
  };
  return engine;
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
