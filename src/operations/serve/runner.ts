// Starts and carries out the runs that jobs ask for, and goes on with those that a dead process left. Only the engine that holds the warehouse does.
//   N1. A run that a job asked for ends as `ended`, or as `unplanned` with its error; nothing is dropped in silence.
//   N2. A run is begun once per process; a second start of the same id is the same run.
import { PROD } from "../../model/environment.ts";
import { asMillraceError, type MillraceError } from "../../model/errors.ts";
import type { RunParams } from "../../model/job-events.ts";
import type { ServeProgress } from "../../model/progress.ts";
import type { RunSummaryAnswer } from "../../model/answers.ts";
import type { Clock } from "../../engine/clock.ts";
import type { EventStore } from "../../store/store.ts";
import { listRuns } from "../../views/runs.ts";
import { DEPLOY } from "../deploy/target.ts";
import type { Carrier } from "../runs/carrier.ts";
import type { Workspace } from "../workspace.ts";
import type { Holder } from "./holder.ts";

export interface WantedRun {
  readonly run: string;
  readonly job: string | null;
  readonly trigger: string;
  readonly params: RunParams;
}

export type RunEnd =
  | { readonly kind: "ended"; readonly status: Exclude<RunSummaryAnswer["status"], "running"> }
  | { readonly kind: "unplanned"; readonly error: MillraceError };

export interface RunnerOptions {
  readonly store: EventStore;
  readonly clock: Clock;
  readonly holder: Holder;
  readonly signal: AbortSignal;
  /** The project as it is now. */
  readonly workspace: () => Workspace;
  readonly carrier: () => Promise<Carrier>;
  readonly onEnd: (wanted: WantedRun, end: RunEnd) => Promise<void>;
  readonly observe: (progress: ServeProgress) => void;
}

export interface Runner {
  /** The runs of a job that should be going, all of them: begins those that are not going here yet, as soon as this engine holds the warehouse. */
  want(job: string, wanted: readonly WantedRun[]): void;
  cancel(run: string, why: string): void;
  /** Has any run begun that did not end? Costs a look at the list of runs. */
  anyLeft(): Promise<boolean>;
  /** Goes on with runs that nobody carries out. */
  adoptLeft(): Promise<void>;
  /** Resolves when nothing is going any more. */
  idle(): Promise<void>;
}

/** Plans that are made at once: each compiles the project. */
const PLANS_AT_ONCE_MAX = 2;
const TRY_AGAIN_MS = 2_000;

export function createRunner(options: RunnerOptions): Runner {
  const { store, clock, holder, signal, workspace, carrier, onEnd, observe } = options;
  const going = new Map<string, Promise<void>>();
  /** By job: what is to begin when the warehouse is held. Another engine may end it before. */
  const pending = new Map<string, readonly WantedRun[]>();
  /** Runs that are to end, with the reason: one that has not begun yet is canceled when it has. */
  const toCancel = new Map<string, string>();
  const planning = createGate(PLANS_AT_ONCE_MAX);

  const begin = (wanted: WantedRun): void => {
    if (going.has(wanted.run) || signal.aborted) return;
    const done = carryOut(wanted)
      .catch((thrown: unknown) => {
        if (signal.aborted) return;
        // The store or the disk failed: the run is as it was, and is tried again.
        observe({ type: "problem", what: `run ${wanted.run}`, error: asMillraceError(thrown).toJSON() });
        clock.after(TRY_AGAIN_MS, () => begin(wanted));
      })
      .finally(() => going.delete(wanted.run));
    going.set(wanted.run, done);
  };

  const carryOut = async (wanted: WantedRun): Promise<void> => {
    const { engine, ...carrying } = await carrier();
    const started = (await store.read(wanted.run)).length > 0;
    const equipped = await planning(() => equip(wanted, started ? "resume" : "start"));
    if ("error" in equipped) {
      if (equipped.error.retryable) throw equipped.error;
      observe({ type: "problem", what: `run ${wanted.run} of ${wanted.job ?? "nobody"}`, error: equipped.error.toJSON() });
      // A run that has begun and has no definitions any more cannot go on.
      if (started) await engine.cancel(wanted.run, { by: "millrace serve", why: equipped.error.message });
      return onEnd(wanted, started ? { kind: "ended", status: "canceled" } : { kind: "unplanned", error: equipped.error });
    }
    if (!started) await engine.start(equipped.plan, { run: wanted.run, trigger: wanted.trigger });
    const { job, trigger, run } = wanted;
    const cancelWhy = toCancel.get(run);
    if (cancelWhy !== undefined) await engine.cancel(run, { by: "millrace serve", why: cancelWhy });
    observe({ type: "runStarted", run, job, trigger, resumed: started });
    const summary = await carrying.carry(run, {
      equipment: { ...equipped, fullRefresh: false },
      resumed: started,
      history: new Map(),
      observe: () => {},
    });
    toCancel.delete(run);
    if (summary.status === "running") return; // the engine stops; whoever comes next goes on
    const { status, seconds, nodes, error } = summary;
    observe({ type: "runFinished", run, job, status, seconds, nodes, error });
    await onEnd(wanted, { kind: "ended", status });
  };

  const equip = async ({ job, params }: WantedRun, how: "start" | "resume") => {
    const { planForRun, planOperation } = await import("../plan/plan.ts");
    const current = workspace();
    const request = { ...(job === null ? { select: "" } : { job }), params: asTexts(params) };
    try {
      const planned = await (how === "start" ? planForRun : planOperation)(current, request);
      return { workspace: current, definitions: planned.definitions, params: planned.params, plan: planned.plan };
    } catch (thrown) {
      return { error: asMillraceError(thrown) };
    }
  };

  const cancel = async (run: string, why: string): Promise<void> => {
    toCancel.set(run, why);
    const { engine } = await carrier();
    try {
      await engine.cancel(run, { by: "millrace serve", why });
    } catch (thrown) {
      if (asMillraceError(thrown).code !== "MR6101") throw thrown;
    }
  };

  const beginPending = async (): Promise<void> => {
    await holder.held();
    for (const runs of pending.values()) for (const wanted of runs) begin(wanted);
    pending.clear();
  };
  const awaitHolder = (): void => {
    beginPending().catch((thrown: unknown) => {
      if (signal.aborted) return;
      observe({ type: "problem", what: "the warehouse", error: asMillraceError(thrown).toJSON() });
      clock.after(TRY_AGAIN_MS, awaitHolder);
    });
  };

  return {
    want(job, runs) {
      if (holder.holds()) for (const wanted of runs) begin(wanted);
      else if (runs.length === 0) pending.delete(job);
      else {
        const first = pending.size === 0;
        pending.set(job, runs);
        if (first) awaitHolder();
      }
    },
    cancel(run, why) {
      cancel(run, why).catch((thrown: unknown) =>
        observe({ type: "problem", what: `canceling ${run}`, error: asMillraceError(thrown).toJSON() }),
      );
    },
    anyLeft: async () => (await listRuns(store, { status: "running", limit: 1 })).length > 0,
    async adoptLeft() {
      const { engine } = await carrier();
      const { name: here } = await workspace().environment();
      // The files of a deploy are gone: who deploys again begins anew.
      const left = (await engine.unfinished()).filter(({ environment = PROD, trigger }) => environment === here && trigger !== DEPLOY);
      for (const row of left) begin({ run: row.run, job: row.job, trigger: row.trigger, params: row.params });
    },
    async idle() {
      await Promise.allSettled(going.values());
    },
  };
}

/** Parameters of a run are texts. */
export function asTexts(params: RunParams): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(params).map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)]),
  );
}

/** Lets at most `most` works through at once. */
function createGate(most: number): <Result>(work: () => Promise<Result>) => Promise<Result> {
  const waiting: (() => void)[] = [];
  let inside = 0;
  return async (work) => {
    if (inside >= most) await new Promise<void>((resolve) => waiting.push(resolve));
    inside++;
    try {
      return await work();
    } finally {
      inside--;
      waiting.shift()?.();
    }
  };
}
