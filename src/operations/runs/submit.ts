// Submitting a request for a run through the job's stream, and following the run in the store: how `millrace run JOB` works while `serve` holds the
// warehouse. The request is durable before anything is told; whoever waits for it may go away.
import { randomUUID } from "node:crypto";
import { realClock } from "../../engine/clock.ts";
import type { RunSummaryAnswer } from "../../model/answers.ts";
import { type ErrorCode, MillraceError } from "../../model/errors.ts";
import type { JobEvent } from "../../model/job-events.ts";
import type { RunProgress } from "../../model/progress.ts";
import { jobStream } from "../../model/store-events.ts";
import type { EventStore } from "../../store/store.ts";
import type { JobAnswer } from "../../trigger/input.ts";
import { createRunFold } from "../../views/run-fold.ts";
import { readJob, recallKey } from "../../views/jobs.ts";
import { historyHere } from "../environments/assets.ts";
import { createJobDesk } from "../jobs/desk.ts";
import { unknownJob } from "../jobs/parameters.ts";
import { parametersOf } from "./parameters.ts";
import { createRunTeller } from "./teller.ts";
import { runningEngine } from "../serve/engine-file.ts";
import type { Workspace } from "../workspace.ts";

export interface SubmitRequest {
  readonly job: string;
  readonly params: Readonly<Record<string, string>>;
  readonly by: string;
  /** The same key leads to the same run, always. Default: a request of its own. */
  readonly key?: string;
}

/** Resolves when the request is durable. @throws MR6103 for an unknown job, MR8007 for parameters that are not right. */
export async function submitRun(workspace: Workspace, { job: name, params, by, key }: SubmitRequest): Promise<JobAnswer> {
  const project = await workspace.project();
  const job = project.jobs.find((each) => each.name === name);
  if (job === undefined) throw unknownJob(project, name);
  const checked = parametersOf(job.spec.params ?? {}, params);
  const { policiesOf } = await import("../triggers/policy.ts");
  const { name: environment } = await workspace.environment();
  const policy = (await policiesOf(project, environment)).get(name)!;
  const store = await workspace.store();
  const state = await readJob(store, name, environment);
  const desk = createJobDesk({ store, clock: realClock, policy, state, recall: (...taken) => recallKey(store, ...taken) });
  await desk.refresh();
  return desk.tell({ type: "submit", key: key ?? randomUUID(), by, params: checked });
}

/** How often the engine's life is looked at while its run is followed. */
const LOOK_EVERY_MS = 1_000;
/** An engine that restarts has this long to be there again. */
const ENGINE_GONE_MS = 3_000;

/** Submits and follows to the end. The summary's status is `running` when the follower was stopped; the run goes on. @throws MR8106, MR8107. */
export async function submitAndFollow(
  workspace: Workspace,
  request: SubmitRequest,
  observe: (progress: RunProgress) => void,
): Promise<RunSummaryAnswer> {
  const answer = await submitRun(workspace, request);
  switch (answer.kind) {
    case "started":
    case "queued":
    case "duplicate":
      if (answer.kind === "queued") observe({ type: "queued", run: answer.run, why: answer.why });
      return followRun(workspace, { job: request.job, run: answer.run }, observe);
    case "skipped":
      observe({ type: "notRun", why: answer.why });
      return nothingRan("");
    case "noted":
    case "held":
    case "nothing":
      throw new MillraceError({ code: "MR8107", message: `${request.job}: the request led to no run` });
    default:
      return answer satisfies never;
  }
}

/** Follows a run of a job from its events in the store. */
export async function followRun(
  workspace: Workspace,
  { job, run }: { readonly job: string; readonly run: string },
  observe: (progress: RunProgress) => void,
): Promise<RunSummaryAnswer> {
  const store = await workspace.store();
  const { signal } = workspace;
  const teller = createRunTeller({ run, resumed: false, history: await historyHere(workspace), observe });
  const fold = createRunFold();
  let version = 0;
  let jobVersion = 0;
  const { name: environment } = await workspace.environment();
  let goneSince: number | null = null;
  for (;;) {
    const events = await store.read(run, version);
    version += events.length;
    for (const event of events) {
      fold.apply(event);
      teller.event(event, fold);
      if (event.type === "run_finished") return teller.summary(fold, null);
    }
    if (version === 0) {
      const told = await store.read<JobEvent>(jobStream(job, environment), jobVersion);
      jobVersion += told.length;
      const why = endedWithout(told, run);
      if (why !== undefined) {
        observe({ type: "notRun", why });
        return nothingRan(run);
      }
    }
    if (signal.aborted) {
      observe({ type: "left", run });
      return version === 0 ? { ...nothingRan(run), status: "running" } : teller.summary(fold, null);
    }
    if (runningEngine(workspace.dir) !== undefined) goneSince = null;
    else {
      goneSince ??= realClock.now();
      if (realClock.now() - goneSince > ENGINE_GONE_MS)
        throw new MillraceError({
          code: "MR8106",
          message: `the engine that was to carry out ${run} is gone; the run goes on with the next one`,
          hint: `start millrace serve; millrace run show ${run} tells how it went`,
          retryable: true,
        });
    }
    await change(store, signal);
  }
}

/** Why a request led to no run. @throws what its plan failed with. */
function endedWithout(events: readonly JobEvent[], run: string): string | undefined {
  for (const event of events) {
    if (event.type === "request_failed" && event.run === run)
      throw new MillraceError({ code: event.code as ErrorCode, message: event.why });
    if (event.type === "run_dropped" && event.run === run) return event.why;
  }
  return undefined;
}

function nothingRan(run: string): RunSummaryAnswer {
  return {
    type: "summary",
    run,
    status: "skipped",
    nodes: { succeeded: 0, failed: 0, skipped: 0, reused: 0 },
    rows: { read: 0, loaded: 0, quarantined: 0, filtered: 0 },
    seconds: 0,
    error: null,
    outputs: [],
  };
}

/** Resolves when the store has changed, the follower is stopped, or it is time to look at the engine. */
function change(store: Pick<EventStore, "changes">, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stop();
      cancel();
      signal.removeEventListener("abort", done);
      resolve();
    };
    const stop = store.changes(done);
    const cancel = realClock.after(LOOK_EVERY_MS, done);
    signal.addEventListener("abort", done, { once: true });
  });
}
