// `triggers.look` and `triggers.reset`: what a sensor sees now and whether that would start a run, told without doing it; and forgetting what it saw last, so that the same
// starts a run again.
import { realClock } from "../../engine/clock.ts";
import { MillraceError } from "../../model/errors.ts";
import type { TriggerActAnswer, TriggerLookAnswer } from "../../model/trigger-answers.ts";
import { type JobTrigger, triggersOf } from "../../model/triggers.ts";
import { lookAt, type LookContext } from "../serve/looks.ts";
import type { Workspace } from "../workspace.ts";
import { deskOf, type SensorAct } from "./acts.ts";
import { jobNamed } from "./list.ts";
import { pauseOf } from "./pause.ts";

/** A look of a person ends sooner than one of the engine. */
const LOOK_MAX_MS = 20_000;

/** @throws MR1614, what the look fails with */
export async function lookAtTrigger(workspace: Workspace, act: SensorAct, parts: LookContext["parts"]): Promise<TriggerLookAnswer> {
  const { sensor, file } = await sensorOf(workspace, act);
  const { desk } = await deskOf(workspace, act);
  const state = desk.state();
  const known = state.triggers[sensor.key];
  const options = sensor.spec.sensor!;
  const signal = AbortSignal.any([workspace.signal, AbortSignal.timeout(LOOK_MAX_MS)]);
  const served = { job: desk.job, trigger: sensor.key, file, hash: "", options };
  const sight = await lookAt(workspace, served, { signal, parts, holdsWarehouse: () => true });
  const seen = sight?.seen ?? null;
  const now = realClock.now();
  const paused = pauseOf(known?.pause ?? null, "trigger", now) ?? pauseOf(state.pause, "job", now);
  const before = known?.seen ?? null;
  const [wouldFire, why] = outcomeOf({ seen, before, isPaused: paused !== null, isEnabled: options.enabled !== false });
  return { job: desk.job, trigger: sensor.key, seen, before, item: sight?.item ?? null, wouldFire, why };
}

interface Seen {
  readonly seen: string | null;
  readonly before: string | null;
  readonly isPaused: boolean;
  readonly isEnabled: boolean;
}

function outcomeOf({ seen, before, isPaused, isEnabled }: Seen): readonly [boolean, string] {
  if (seen === null) return [false, "its condition does not hold"];
  if (!isEnabled) return [false, "it is disabled"];
  if (isPaused) return [false, "it is paused"];
  return seen === before ? [false, "it saw the same before: only another value starts a run"] : [true, "its condition holds"];
}

/** @throws MR1614 */
export async function resetTrigger(workspace: Workspace, act: SensorAct): Promise<TriggerActAnswer> {
  const { sensor } = await sensorOf(workspace, act);
  const { desk } = await deskOf(workspace, act);
  const hadSeen = desk.state().triggers[sensor.key]?.seen != null;
  if (hadSeen) await desk.tell({ type: "sensed", trigger: sensor.key, result: { seen: null, item: null } });
  const changed = hadSeen && desk.state().triggers[sensor.key]?.seen == null;
  return { job: desk.job, trigger: sensor.key, changed, until: null };
}

async function sensorOf(workspace: Workspace, act: SensorAct): Promise<{ readonly sensor: JobTrigger; readonly file: string }> {
  const job = jobNamed(await workspace.project(), act.job);
  const trigger = triggersOf(job.spec.triggers).find(({ key }) => key === act.trigger);
  if (trigger !== undefined && trigger.kind !== "sensor")
    throw new MillraceError({
      code: "MR1614",
      message: `${job.name} has no sensor ${JSON.stringify(act.trigger)}: it is a ${trigger.kind}`,
      hint: "only sensors look, and remember what they saw",
    });
  if (trigger === undefined)
    throw new MillraceError({ code: "MR1614", message: `${job.name} has no trigger ${JSON.stringify(act.trigger)}` });
  return { sensor: trigger, file: job.file };
}
