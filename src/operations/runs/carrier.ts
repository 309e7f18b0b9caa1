// Carries runs out: one engine for the process, and for each run what its attempts work with. `run` carries one, `serve` as many as there are.
import type { RunSummaryAnswer } from "../../model/answers.ts";
import type { Attempt, AttemptHandler, AttemptLog } from "../../model/attempt.ts";
import { asMillraceError, MillraceError } from "../../model/errors.ts";
import type { NodeId } from "../../model/graph.ts";
import type { RunProgress } from "../../model/progress.ts";
import { realClock } from "../../engine/clock.ts";
import { createEngine, type Engine, type EngineOptions } from "../../engine/engine.ts";
import { createFileLogs } from "../../engine/logs.ts";
import { createStoreClock } from "../../engine/store-clock.ts";
import { limitsOf } from "../../plan/admission.ts";
import type { AssetRow } from "../../views/assets.ts";
import type { RunFold } from "../../views/run-fold.ts";
import { attemptHandler, type AttemptsRequest } from "../attempts/attempts.ts";
import { noteBound } from "../attempts/note-bound.ts";
import { endInEnvironment, enterRun } from "../environments/begin.ts";
import { createSubJobs } from "./sub-jobs.ts";
import { createRunTeller } from "./teller.ts";
import type { Workspace } from "../workspace.ts";

/** Warnings of one attempt that are told while it runs; all of them are in its log. */
const WARNINGS_TOLD_MAX = 5;

/** What the attempts of one run work with: the project as it was when the run was planned or taken up. */
export interface RunEquipment extends AttemptsRequest {
  readonly workspace: Workspace;
}

export interface Carrying {
  readonly equipment: RunEquipment;
  /** It was started before, by this process or another. */
  readonly resumed: boolean;
  readonly history: ReadonlyMap<NodeId, AssetRow>;
  readonly observe: (progress: RunProgress) => void;
}

export interface Carrier {
  readonly engine: Engine;
  /** It belongs to a process that keeps running, which sees to what was left itself. */
  readonly isShared?: true;
  /** Carries a run out. The summary's status is `running` when it was stopped and can go on. */
  carry(run: string, carrying: Carrying): Promise<RunSummaryAnswer>;
  /** Stops all runs; they stay resumable. */
  close(): Promise<void>;
}

const shared = new WeakMap<Workspace, () => Promise<Carrier>>();

/** From now on operations on `workspace` work with the carrier of an engine that runs already: one process has one engine. */
export function shareCarrier(workspace: Workspace, carrier: () => Promise<Carrier>): void {
  shared.set(workspace, carrier);
}

/** Operations on `there` work with the carrier that those on `workspace` do, where there is one. */
export function shareCarrierOf(there: Workspace, workspace: Workspace): void {
  const running = shared.get(workspace);
  if (running !== undefined) shared.set(there, running);
}

/** The project must have been read. */
export async function openCarrier(
  workspace: Workspace,
  options: Partial<Pick<EngineOptions, "clock" | "id" | "onProblem">> = {},
): Promise<Carrier> {
  const running = shared.get(workspace);
  if (running !== undefined) {
    const own = await running();
    return { engine: own.engine, carry: (run, carrying) => own.carry(run, carrying), isShared: true, close: async () => {} };
  }
  const carried = new Map<string, { readonly handler: AttemptHandler; readonly carrying: Carrying }>();
  const handler: AttemptHandler = async (attempt) => {
    const run = carried.get(attempt.run);
    if (run === undefined) throw new MillraceError({ code: "MR6005", message: `${attempt.run} is not carried out here`, retryable: true });
    return run.handler({ ...attempt, log: tellWarnings(attempt, run.carrying) });
  };
  const logs = createFileLogs({ dir: workspace.stateDir("logs"), redact: (text) => workspace.redact(text) });
  const executor = workspace.parts.createExecutor(handler);
  const { config, nodes } = await workspace.project();
  const limits = limitsOf(config, nodes);
  const store = await workspace.store();
  const clock = options.clock ?? (await createStoreClock(store, realClock));
  const engine = createEngine({ ...options, store, clock, executor, logs, limits });
  const carrier: Carrier = {
    engine,
    async carry(run, carrying) {
      const { equipment, resumed, history, observe } = carrying;
      await enterRun(equipment.workspace, run, equipment.definitions.graph.order);
      const jobs = subJobs.port(equipment.workspace);
      carried.set(run, { handler: attemptHandler(equipment.workspace, { ...equipment, jobs }), carrying });
      if (resumed) await subJobs.check(await engine.inspect(run));
      const teller = createRunTeller({ run, resumed, history, observe });
      let fold: RunFold | undefined;
      try {
        const { error } = await engine.run(run, {
          signal: workspace.signal,
          onEvent: (event, now) => {
            fold = now;
            subJobs.event(run, event);
            teller.event(event, now);
          },
        });
        return teller.summary(fold ?? (await engine.inspect(run)), error);
      } finally {
        carried.delete(run);
        await noteBound(equipment.workspace, equipment.definitions);
        await endInEnvironment(equipment.workspace);
      }
    },
    async close() {
      await subJobs.idle();
      await engine.close();
      await executor.close();
    },
  };
  const subJobs = createSubJobs({
    engine: () => engine,
    carry: (run, { workspace: own, planned, resumed }) =>
      carrier.carry(run, {
        equipment: { workspace: own, definitions: planned.definitions, params: planned.params, fullRefresh: false },
        resumed,
        history: new Map(),
        observe: () => {},
      }),
    onProblem: (error) => options.onProblem?.(asMillraceError(error)),
  });
  return carrier;
}

/** The log of an attempt whose first warnings are also told to who watches the run. */
function tellWarnings({ node, log }: Attempt, { equipment: { workspace }, observe }: Carrying): AttemptLog {
  let told = 0;
  return (level, message, fields) => {
    log(level, message, fields);
    if (level !== "warn" || told >= WARNINGS_TOLD_MAX) return;
    told++;
    observe({ type: "warning", node, message: workspace.redact(message) });
  };
}
