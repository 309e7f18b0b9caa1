// `millrace triggers pause` and `resume`: acts on the stream of a job, whether an engine is running or not.
import { realClock } from "../../engine/clock.ts";
import { MillraceError } from "../../model/errors.ts";
import type { TriggerActAnswer } from "../../model/trigger-answers.ts";
import { triggersOf } from "../../model/triggers.ts";
import { recallKey } from "../../views/jobs.ts";
import { actor } from "../actor.ts";
import { createJobDesk, type JobDesk } from "../jobs/desk.ts";
import type { Workspace } from "../workspace.ts";
import { jobNamed } from "./list.ts";
import { policyOf } from "./policy.ts";
import { parseTime } from "./times.ts";

export interface TriggerAct {
  readonly job: string;
  /** Absent: all triggers of the job. */
  readonly trigger?: string;
}

export interface SensorAct {
  readonly job: string;
  readonly trigger: string;
}

export interface PauseAct extends TriggerAct {
  /** A time or a duration from now; absent: until it is resumed. */
  readonly until?: string;
  readonly why?: string;
}

/** @throws MR1614 for an unknown job or trigger, MR1615 for a time that is none or over. */
export async function pauseTriggers(workspace: Workspace, act: PauseAct): Promise<TriggerActAnswer> {
  const now = realClock.now();
  const timezone = (await workspace.config()).timezone ?? "UTC";
  const until = act.until === undefined ? null : parseTime(act.until, { now, timezone });
  if (until !== null && until <= now)
    throw new MillraceError({ code: "MR1615", message: `${act.until} is over already`, hint: "give a time to come, or a duration: 2h" });
  const { desk, trigger } = await deskOf(workspace, act);
  const { version } = desk.state();
  await desk.tell({ type: "pause", trigger, until, by: actor(), why: act.why ?? "" });
  return { job: desk.job, trigger, changed: desk.state().version > version, until: until === null ? null : new Date(until).toISOString() };
}

/** @throws MR1614. */
export async function resumeTriggers(workspace: Workspace, act: TriggerAct): Promise<TriggerActAnswer> {
  const { desk, trigger } = await deskOf(workspace, act);
  const { version } = desk.state();
  await desk.tell({ type: "resume", trigger, by: actor() });
  return { job: desk.job, trigger, changed: desk.state().version > version, until: null };
}

export async function deskOf(workspace: Workspace, act: TriggerAct): Promise<{ readonly desk: JobDesk; readonly trigger: string | null }> {
  const project = await workspace.project();
  const job = jobNamed(project, act.job);
  const trigger = act.trigger ?? null;
  const keys = triggersOf(job.spec.triggers).map(({ key }) => key);
  if (trigger !== null && !keys.includes(trigger)) {
    const hint = keys.length === 0 ? "it has no triggers" : `it has ${keys.join(", ")}`;
    throw new MillraceError({ code: "MR1614", message: `${job.name} has no trigger ${JSON.stringify(trigger)}`, hint });
  }
  const store = await workspace.store();
  const { name: environment } = await workspace.environment();
  const recall = (name: string, scope: string, key: string): Promise<string | undefined> => recallKey(store, name, scope, key);
  const desk = createJobDesk({ store, clock: realClock, policy: await policyOf(project, job, environment), recall });
  await desk.refresh();
  // No engine has served it yet: a pause that comes first is one of a trigger that is known.
  if (trigger !== null && desk.state().triggers[trigger] === undefined) await desk.tell({ type: "define" });
  return { desk, trigger };
}
