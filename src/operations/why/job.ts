// Why a job does or does not run: whether it is paused, what holds its places, what its triggers did last and will do next, what they passed over and why.
import { PROD } from "../../model/environment.ts";
import type { JobEvent } from "../../model/job-events.ts";
import type { TriggerAnswer } from "../../model/trigger-answers.ts";
import { jobStream } from "../../model/store-events.ts";
import type { Project } from "../../project/reader.ts";
import { evolve } from "../../trigger/evolve.ts";
import { type JobState, NEW_JOB, type Pause, type TriggerState } from "../../trigger/state.ts";
import { listRuns } from "../../views/runs.ts";
import { joinReasons, moment, named, NO_REASONS, type Reason, type Reasons, sentence } from "../../views/why.ts";
import { listTriggers } from "../triggers/list.ts";
import type { Workspace } from "../workspace.ts";

type Job = Project["jobs"][number];

/** Skips and failures that are told one by one, newest first. */
const PASSED_OVER_TOLD = 5;
const RUNS_SEARCHED = 10_000;

export async function whyJob(workspace: Workspace, job: Job, now: number): Promise<Reasons> {
  const store = await workspace.store();
  const { name: environment } = await workspace.environment();
  const events = await store.read<JobEvent>(jobStream(job.name, environment));
  const state = events.reduce(evolve, NEW_JOB);
  const runs = await listRuns(store, { limit: RUNS_SEARCHED });
  const last = runs.find((row) => row.job === job.name && (row.environment ?? PROD) === environment);
  const ran: Reasons =
    last === undefined
      ? { ...NO_REASONS, sentences: [sentence(`${job.name} has never run`)] }
      : {
          ...NO_REASONS,
          sentences: [
            sentence(
              `Its last run, ${last.run}, ${last.status === "running" ? "goes on since" : `ended ${last.status}; it began`} ${moment(Date.parse(last.startedAt), now)}`,
            ),
            ...(last.status === "failed" || last.status === "partial" ? [sentence(`What failed in it: millrace why ${last.run}`)] : []),
          ],
        };
  const { triggers: told } = await listTriggers(workspace, { job: job.name, next: 1, now });
  return joinReasons(
    paused(state.pause, job.name, now),
    places(state, job, now),
    ran,
    triggers(state, { job, told }, now),
    passedOver(events, now),
  );
}

function paused(pause: Pause | null, name: string, now: number): Reasons {
  if (pause === null) return NO_REASONS;
  const until = pause.until === null ? "" : `, until ${moment(pause.until, now)}`;
  return {
    ...NO_REASONS,
    sentences: [sentence(`${name} is paused by ${pause.by} since ${moment(pause.at, now)}${until}: ${pause.why}`)],
    waitsFor: [
      {
        kind: "paused",
        what: name,
        by: pause.by,
        why: pause.why,
        until: pause.until === null ? null : new Date(pause.until).toISOString(),
      },
    ],
  };
}

function places(state: JobState, { name, spec }: Job, now: number): Reasons {
  const max = spec.concurrency?.max;
  const sentences: string[] = [];
  const waitsFor: Reason[] = [];
  if (state.active.length > 0)
    sentences.push(
      sentence(
        `${named(state.active.map(({ run }) => run))} ${state.active.length === 1 ? "holds its place" : "hold its places"}${max === undefined ? "" : ` of ${max}`}`,
      ),
    );
  for (const { run, at } of state.queue.slice(0, PASSED_OVER_TOLD)) {
    sentences.push(sentence(`${run} waits for a place since ${moment(at, now)}`));
    waitsFor.push({ kind: "overlap", what: name, run, heldBy: state.active.map((each) => each.run) });
  }
  if (state.queue.length > PASSED_OVER_TOLD) sentences.push(sentence(`${state.queue.length - PASSED_OVER_TOLD} more wait`));
  return { ...NO_REASONS, sentences, waitsFor, blocks: state.queue.map(({ run }) => run) };
}

function triggers(state: JobState, { job, told }: { readonly job: Job; readonly told: readonly TriggerAnswer[] }, now: number): Reasons {
  if (told.length === 0) return { ...NO_REASONS, sentences: [sentence(`${job.name} has no triggers: it runs when somebody asks`)] };
  const known = Object.keys(state.triggers).length > 0;
  const idle: Reasons = known
    ? NO_REASONS
    : {
        ...NO_REASONS,
        sentences: ["No engine has taken up its triggers yet: millrace serve does."],
        waitsFor: [{ kind: "engine", what: job.name }],
      };
  return joinReasons(
    ...told.map(({ trigger: key, words, enabled, next, nextLocal, warnings }) => {
      const own = state.triggers[key];
      const sentences = [sentence(`Its trigger ${key}: ${words}${enabled ? "" : "; it is disabled"}`)];
      const coming = next[0] === undefined ? [] : [sentence(`It fires next at ${moment(Date.parse(next[0]), now)}, ${nextLocal[0]}`)];
      const about = own === undefined ? NO_REASONS : joinReasons(paused(own.pause, `Its trigger ${key}`, now), lastOf(key, own, now));
      const waits = next[0] === undefined || !enabled ? [] : [{ kind: "schedule", what: key, until: next[0] }];
      return joinReasons({ ...NO_REASONS, sentences }, about, {
        ...NO_REASONS,
        sentences: [...(enabled ? coming : []), ...warnings.map((each) => sentence(each))],
        waitsFor: waits,
      });
    }),
    idle,
  );
}

function lastOf(key: string, { kind, lastFired, noted, failedAt, seen }: TriggerState, now: number): Reasons {
  const sentences: string[] = [];
  if (lastFired !== null) {
    const to = lastFired.run === null ? "" : ` (run ${lastFired.run})`;
    sentences.push(sentence(`Its trigger ${key} fired last for ${moment(lastFired.scheduledFor, now)}${to}: ${lastFired.why}`));
  } else sentences.push(sentence(`Its trigger ${key} has not fired yet`));
  const waitsFor: Reason[] = [];
  if (noted.length > 0) {
    sentences.push(sentence(`${noted.length} happenings wait for its window, or for the other assets`));
    waitsFor.push({ kind: "window", what: key, noted: noted.length });
  }
  if (kind === "sensor" && seen === null) waitsFor.push({ kind: "sensor", what: key });
  if (failedAt !== null) sentences.push(sentence(`Its sensor ${key} cannot look since ${moment(failedAt, now)}`));
  return { ...NO_REASONS, sentences, waitsFor };
}

/** What did not lead to a run, and why, newest first. */
function passedOver(events: readonly JobEvent[], now: number): Reasons {
  const found: { readonly text: string; readonly cause: Reason }[] = [];
  for (const event of events.toReversed()) {
    if (found.length >= PASSED_OVER_TOLD) break;
    if (event.type === "trigger_skipped") {
      const count = event.count === 1 ? "" : `${event.atLeast === true ? "at least " : ""}${event.count} times, `;
      found.push({
        text: `${event.trigger} was passed over, ${count}for ${moment(event.through, now)} (${event.reason}): ${event.why}`,
        cause: { kind: "skipped", trigger: event.trigger, reason: event.reason, why: event.why, count: event.count },
      });
    } else if (event.type === "run_dropped") {
      found.push({
        text: `${event.run} was dropped at ${moment(event.at, now)} (${event.reason}): ${event.why}`,
        cause: { kind: "dropped", run: event.run, reason: event.reason, why: event.why },
      });
    } else if (event.type === "request_failed") {
      found.push({
        text: `${event.run} could not be planned at ${moment(event.at, now)}: ${event.code} ${event.why}`,
        cause: { kind: "failed", run: event.run, code: event.code, why: event.why },
      });
    }
  }
  return { ...NO_REASONS, sentences: found.map(({ text }) => sentence(text)), causes: found.map(({ cause }) => cause) };
}
