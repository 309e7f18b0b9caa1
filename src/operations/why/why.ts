// `why RUN|ASSET|JOB`: why it is not running, why it ran, what it waits for, what it blocks, what failed first. Answers from the state store; what a run
// would do now comes from a plan, where the warehouse can be opened.
import type { WhyAnswer } from "../../model/act-answers.ts";
import { MillraceError } from "../../model/errors.ts";
import { jobStream } from "../../model/store-events.ts";
import type { JobEvent } from "../../model/job-events.ts";
import { loadAdmission } from "../../engine/admission-load.ts";
import { limitsOf } from "../../plan/admission.ts";
import { type AdmissionFacts, newAdmission } from "../../run/admission/facts.ts";
import { evolve } from "../../run/evolve.ts";
import { newRun, type RunState } from "../../run/state.ts";
import type { EventStore } from "../../store/store.ts";
import type { Limits } from "../../model/limits.ts";
import { nearest } from "../../model/suggest.ts";
import { foldRun } from "../../views/run-fold.ts";
import { listRuns, type RunRow } from "../../views/runs.ts";
import { explainRun, type RunWhyInput } from "../../views/why-run.ts";
import { moment, NO_REASONS, type Reasons, sentence, whyAnswer } from "../../views/why.ts";
import { findAsset } from "../assets/assets.ts";
import { findRun } from "../runs/runs.ts";
import { whyAsset } from "./asset.ts";
import { whyJob } from "./job.ts";
import type { Workspace } from "../workspace.ts";

/** Live runs that are looked into for who holds what. */
const LIVE_RUNS_MAX = 200;
const NO_LIMITS: Limits = { pools: {}, breakers: {}, shares: {} };

/** @throws MR8311 when nothing has this name. */
export async function whyOf(workspace: Workspace, name: string): Promise<WhyAnswer> {
  const now = Date.now();
  if (/^[rb]_/.test(name)) {
    const run = await findRun(workspace, name);
    return whyAnswer({ kind: "run", name: run }, await whyRun(workspace, run, now));
  }
  const project = await workspace.project();
  const ids = project.nodes.map((node) => node.id);
  const job = project.jobs.find((each) => each.name === name);
  if (job !== undefined) return whyAnswer({ kind: "job", name }, await whyJob(workspace, job, now));
  try {
    const id = findAsset(ids, name);
    const kind = id.startsWith("task:") ? "task" : "asset";
    return whyAnswer({ kind, name: id }, await whyAsset(workspace, id, await liveRuns(workspace, now)));
  } catch (error) {
    if (!(error instanceof MillraceError) || error.code !== "MR6102") throw error;
    const near = nearest(name, [...ids, ...project.jobs.map((each) => each.name)]);
    throw new MillraceError({
      code: "MR8311",
      message: `there is no run, asset or job ${name}`,
      hint: near.length === 0 ? "`millrace ls` and `millrace runs` list them" : `did you mean ${near.join(" or ")}?`,
    });
  }
}

async function whyRun(workspace: Workspace, run: string, now: number): Promise<Reasons> {
  const store = await workspace.store();
  const live = await liveRuns(workspace, now);
  const input = live.find((each) => each.fold.row()!.run === run) ?? (await inputOf(store, run, newAdmission(NO_LIMITS), now));
  const row = input.fold.row()!;
  return explainRun(input, await whyStarted(store, row, now));
}

/** Live runs with what is needed to explain their nodes. */
async function liveRuns(workspace: Workspace, now: number): Promise<readonly RunWhyInput[]> {
  const store = await workspace.store();
  const rows = await listRuns(store, { status: "running", limit: LIVE_RUNS_MAX });
  if (rows.length === 0) return [];
  const [config, { nodes }] = [await workspace.config(), await workspace.projectWithErrors()];
  const { facts } = await loadAdmission({ store, limits: limitsOf(config, nodes), now });
  return Promise.all(rows.map((row) => inputOf(store, row.run, facts, now)));
}

async function inputOf(store: EventStore, run: string, facts: AdmissionFacts, now: number): Promise<RunWhyInput> {
  const events = await store.read(run);
  return { fold: foldRun(events)!, state: events.reduce<RunState>(evolve, newRun), facts, now };
}

/** What asked for the run: its trigger with what happened, the run it goes on from, the run it is a part of. */
async function whyStarted(store: EventStore, row: RunRow, now: number): Promise<Reasons> {
  const sentences: string[] = [];
  const cause: Record<string, string | null> = { kind: "trigger", trigger: row.trigger };
  const asked =
    row.job === null ? undefined : (await store.read<JobEvent>(jobStream(row.job, row.environment))).find((event) => asks(event, row.run));
  if (asked?.type === "trigger_fired") {
    sentences.push(sentence(`Its trigger ${asked.trigger} fired for ${moment(asked.scheduledFor, now)}: ${asked.why}`));
    if (asked.decision === "queued") sentences.push("It waited in the queue of its job first.");
    cause["why"] = asked.why;
  } else if (asked?.type === "request_submitted") {
    sentences.push(sentence(`${asked.by} asked for it at ${moment(asked.at, now)}${asked.why === "" ? "" : `: ${asked.why}`}`));
    cause["by"] = asked.by;
  } else sentences.push(sentence(startedBy(row)));
  if (row.parent !== null) sentences.push(sentence(`It is a part of ${row.parent.run}, whose ${row.parent.node} waits for it`));
  return { ...NO_REASONS, sentences, causes: [cause] };
}

function startedBy({ trigger, fromRun }: RunRow): string {
  if (trigger === "fork" && fromRun !== null) return `Somebody asked for ${fromRun} again, with nothing taken over from it`;
  if (fromRun !== null) return `Somebody asked for the rest of ${fromRun}; it took over what had succeeded there`;
  return trigger === "manual" ? "Somebody asked for it by hand" : `It was started by ${trigger}`;
}

function asks(event: JobEvent, run: string): boolean {
  return (event.type === "trigger_fired" || event.type === "request_submitted") && event.run === run;
}
