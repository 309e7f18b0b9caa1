// `apply`: carries out exactly the nodes of a plan that was looked at, or nothing.
//   A1. What the plan rests on is looked at again while the warehouse is held; what moved is named, and nothing is done.
//   A2. One apply at a time in a warehouse: another is told. The run of a plan has a name that follows from the plan, so that one that a crash
//       interrupted goes on when the plan is applied again, and one that has ended is not begun a second time.
import type { RunSummaryAnswer } from "../../model/answers.ts";
import { MillraceError } from "../../model/errors.ts";
import type { PlanFile } from "../../model/plan-file.ts";
import type { RunPlan } from "../../model/plan.ts";
import type { RunProgress } from "../../model/progress.ts";
import type { Engine } from "../../engine/engine.ts";
import { movedSince } from "../../plan/changes/rests.ts";
import { historyHere } from "../environments/assets.ts";
import { beginInEnvironment, endInEnvironment } from "../environments/begin.ts";
import { openCarrier } from "../runs/carrier.ts";
import type { Workspace } from "../workspace.ts";
import { planForRun, type Planned } from "./plan.ts";
import { readPlan, restsOf } from "./plan-file.ts";
import { beginWork } from "./restate.ts";

export interface ApplyRequest {
  /** The text of a file that `plan --out` wrote. */
  readonly plan: string;
}

type Observe = (progress: RunProgress) => void;

/** Trigger of such runs. */
const TRIGGER = "apply";
const RUN_CHARACTERS = 16;
/** Moved things that a message names; more are counted. */
const MOVED_SHOWN = 10;

/** Warehouses in which a plan is being applied. All work in a warehouse is done by the one process that holds it. */
const applying = new Set<string>();

/** @throws MR8801 no plan, MR8802 the world has moved, MR8803 another apply is under way, MR8804 it was applied already. */
export async function applyPlan(workspace: Workspace, { plan: text }: ApplyRequest, observe: Observe): Promise<RunSummaryAnswer> {
  const file = readPlan(text);
  await workspace.projectWithWarehouse();
  const { path } = await workspace.warehouse();
  if (applying.has(path)) throw new MillraceError({ code: "MR8803", message: "another plan is being applied in this warehouse" });
  applying.add(path);
  try {
    return await apply(workspace, file, observe);
  } finally {
    applying.delete(path);
  }
}

async function apply(workspace: Workspace, file: PlanFile, observe: Observe): Promise<RunSummaryAnswer> {
  await refuseElsewhere(workspace, file);
  const planned = await planForRun(workspace, withoutEmpty(file.request));
  const carrier = await openCarrier(workspace);
  const { engine } = carrier;
  try {
    const { run, isLeft } = await runOf(engine, file);
    const rests = await restsOf(workspace, planned);
    const now = { rests, nodes: planned.plan.nodes };
    const moved = movedSince(file, now);
    // A run that was interrupted has moved the versions itself.
    const hindering = isLeft ? moved.filter(({ kind }) => kind === "definition" || kind === "parameters") : moved;
    if (hindering.length > 0) throw await refusal(engine, { run: isLeft ? undefined : run, moved: hindering });
    await closeOthers(engine, run);
    await beginInEnvironment(workspace, planned);
    if (!isLeft) await beginWork(workspace, planned.begins);
    const started = isLeft
      ? run
      : await engine.start(planOf(file, planned), { trigger: TRIGGER, ...((await isKnown(engine, run)) ? {} : { run }) });
    const equipment = { workspace, definitions: planned.definitions, params: planned.params, fullRefresh: file.request.fullRefresh };
    const history = await historyHere(workspace);
    return await carrier.carry(started, { equipment, resumed: isLeft, history, observe });
  } finally {
    await carrier.close();
    await endInEnvironment(workspace);
  }
}

function withoutEmpty({ job, select, partition, restate, ...rest }: PlanFile["request"]): Parameters<typeof planForRun>[1] {
  return {
    ...rest,
    ...(job === undefined ? {} : { job }),
    ...(select === undefined ? {} : { select }),
    ...(partition === undefined ? {} : { partition }),
    ...(restate === undefined
      ? {}
      : { restate: { asset: restate.asset, from: restate.from, ...(restate.to === undefined ? {} : { to: restate.to }) } }),
  };
}

async function refuseElsewhere(workspace: Workspace, { project, environment }: PlanFile): Promise<void> {
  const [own, here] = [(await workspace.project()).name, (await workspace.environment()).name];
  if (own !== project) throw new MillraceError({ code: "MR8801", message: `the plan is of the project ${project}, this one is ${own}` });
  if (here !== environment)
    throw new MillraceError({
      code: "MR8801",
      message: `the plan is for the environment ${environment}, this is ${here}`,
      hint: `millrace apply --env ${environment}`,
    });
}

/** The run of this plan, and whether it was begun and left. */
async function runOf(engine: Engine, { hash }: PlanFile): Promise<{ readonly run: string; readonly isLeft: boolean }> {
  const run = `r_${hash.slice(0, RUN_CHARACTERS).toUpperCase()}`;
  const unfinished = await engine.unfinished();
  return { run, isLeft: unfinished.some((row) => row.run === run) };
}

async function isKnown(engine: Engine, run: string): Promise<boolean> {
  try {
    await engine.inspect(run);
    return true;
  } catch (error) {
    if (error instanceof MillraceError && error.code === "MR6101") return false;
    throw error;
  }
}

interface Refusing {
  readonly run: string | undefined;
  readonly moved: ReturnType<typeof movedSince>;
}

async function refusal(engine: Engine, { run, moved }: Refusing): Promise<MillraceError> {
  if (run !== undefined && (await isKnown(engine, run)))
    return new MillraceError({ code: "MR8804", message: `this plan was applied already, by run ${run}`, hint: `millrace run show ${run}` });
  const more = moved.length > MOVED_SHOWN ? `; and ${moved.length - MOVED_SHOWN} more` : "";
  const words = moved.slice(0, MOVED_SHOWN).map(({ text }) => text);
  return new MillraceError({
    code: "MR8802",
    message: `${words.join("; ")}${more}`,
    hint: "look at a new plan: millrace plan --out plan.json",
  });
}

/** Applies that were interrupted and rest on what this one is about to change. */
async function closeOthers(engine: Engine, run: string): Promise<void> {
  for (const left of await engine.unfinished())
    if (left.trigger === TRIGGER && left.run !== run)
      await engine.cancel(left.run, { by: "millrace apply", why: "another plan was applied in its place" });
}

/** The nodes of the file and no others. */
function planOf({ nodes }: PlanFile, { plan }: Planned): RunPlan {
  const wanted = new Set(nodes.map(({ id }) => id));
  const own = plan.nodes.filter(({ id }) => wanted.has(id));
  return { ...plan, nodes: own.map((node) => ({ ...node, needs: node.needs.filter((need) => wanted.has(need)) })) };
}
