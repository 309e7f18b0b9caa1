// A project's schedules, files, outages, failures and crashes on virtual time. Schedules, triggers, plans, runs, retries, pools and conditions are decided
// by the product's own code; only time, the work of attempts and the store are simulated.
//   Y1. The same project, span and world give the same result.
//   Y2. Nothing is opened and no user code runs but what defines the project.
import { limitsOf } from "../../plan/admission.ts";
import { asMillraceError, MillraceError } from "../../model/errors.ts";
import { policiesOf } from "../../operations/triggers/policy.ts";
import { parseTime } from "../../operations/triggers/times.ts";
import { asTexts } from "../../operations/serve/runner.ts";
import type { RunEvent } from "../../model/events.ts";
import type { Project } from "../../project/reader.ts";
import { createAttempts, type OutageMs } from "./attempts.ts";
import { createBook } from "./book.ts";
import { type Definitions, openProject } from "./definitions.ts";
import { createJobs } from "./jobs.ts";
import { listTimes } from "./listed-times.ts";
import { plansOf } from "./plans.ts";
import type { Simulation } from "./result.ts";
import { createRuns } from "./runs.ts";
import { seededRandom } from "./seed.ts";
import { createSenses } from "./senses.ts";
import { createTimeline } from "./timeline.ts";
import type { Outage, Time, World } from "./world.ts";

export interface SimulationRequest {
  /** What is due in [from, to) happens. */
  readonly from: Time;
  readonly to: Time;
  readonly world?: World;
}

const BACK_AFTER_MS = 5_000;
const APPROVED_AFTER_MS = 60_000;

/** `project`: a folder, or definitions. @throws all errors of the project in one; MR1617 for a world that does not fit it. */
export async function simulate(given: string | Definitions, request: SimulationRequest): Promise<Simulation> {
  return simulateDeciding("once", given, request);
}

/** `each`: every run is decided by itself; `once`: what comes to the same is decided once. The result is the same. */
export async function simulateDeciding(
  deciding: "each" | "once",
  given: string | Definitions,
  request: SimulationRequest,
): Promise<Simulation> {
  const project = await openProject(given);
  const timezone = project.config.timezone ?? "UTC";
  const { world = {} } = request;
  const start = msOf(request.from, { now: 0, timezone });
  const ms = (time: Time): number => msOf(time, { now: start, timezone });
  const to = ms(request.to);
  const [plans, policies] = await Promise.all([plansOf(project), policiesOf(listed(project, start))]);

  // What is due at `from` itself is part of it: triggers count from just before.
  const timeline = createTimeline(start - 1);
  const book = createBook({ now: () => timeline.now() });
  let isUp = false;
  let begun = 0;
  /** Answers of people while no engine runs. */
  let answers: (() => void)[] = [];

  const attempts = createAttempts({
    world,
    outages: (world.outages ?? []).map((outage) => outageOf(outage, ms)),
    now: () => timeline.now(),
  });
  const runs = await createRuns({
    timeline,
    seed: world.seed,
    plans,
    limits: limitsOf(project.config, project.nodes),
    answer: attempts,
    answers: world.attempt === undefined && (world.outages ?? []).length === 0 ? "same" : "asked",
    deciding,
    isAwaited: (asset) => jobs.isAwaited(asset),
    onStart: (run, started) => book.started(run, started),
    onEvent: (run, job, event) => tell(run, job, event),
  });
  const jobs = createJobs({
    timeline,
    policies,
    onWanted(job, { run, trigger, params }) {
      try {
        runs.start(run, { job, trigger: trigger ?? "manual", params: asTexts(params) });
      } catch (thrown) {
        const error = asMillraceError(thrown);
        jobs.tell(job, { type: "unplanned", run, code: error.code, why: error.message });
      }
    },
    onCancel: (run) => runs.happen(run, { type: "cancel", by: "millrace serve", why: "a newer run of the job takes its place" }),
    onEvent: (job, event, before) => book.event(job, event, before),
  });
  const senses = createSenses({ project, policies, world, timeline, jobs, book, msOf: ms, isUp: () => isUp });

  const tell = (run: string, job: string, event: RunEvent): void => {
    if (event.type === "node_succeeded" && event.reused !== true) timeline.nextTurn(() => jobs.updated(event.node, run));
    else if (event.type === "node_waiting" && event.wait.kind === "approval") askPeople(run, job, event.node, event.wait.why);
    else if (event.type === "run_finished") {
      book.finished(run, runs.view(run)!);
      timeline.nextTurn(() => jobs.ended(job, run, event.status));
    }
  };
  const askPeople = (run: string, job: string, node: string, title: string): void => {
    const asked = { job, run, node, title, at: new Date(timeline.now()), random: seededRandom(world.seed, `${run}/${node}?`) };
    const said = world.approvals === undefined ? { afterMs: APPROVED_AFTER_MS } : world.approvals(asked);
    if (said === undefined) return;
    const { afterMs, accept = true, by = "simulation", why = "", fields = {} } = said;
    const act = (): void => {
      if (isUp) runs.happen(run, { type: "signal", node, signal: { by, why, accept, fields: { ...fields } } });
      else answers.push(act);
    };
    timeline.after(afterMs, act);
  };

  const begin = (): void => {
    if (isUp || timeline.now() < downUntil) return;
    isUp = true;
    runs.begin();
    jobs.begin();
    for (const act of answers.splice(0)) act();
    const own = ++begun;
    timeline.at(start, () => {
      if (isUp && own === begun) senses.begin();
    });
  };
  const end = (how: "stopped" | "killed"): void => {
    if (!isUp) return;
    senses.end();
    jobs.end();
    runs.end(how);
    isUp = false;
  };

  let downUntil = Number.NEGATIVE_INFINITY;
  for (const span of world.down ?? []) {
    const [from, until] = [ms(span.from), ms(span.to)];
    timeline.at(from, () => {
      end("stopped");
      downUntil = Math.max(downUntil, until);
    });
    timeline.at(until, begin);
  }
  for (const at of crashTimes(world, { from: start, to, ms }))
    timeline.at(at, () => {
      end("killed");
      timeline.after(world.crashes?.backAfterMs ?? BACK_AFTER_MS, begin);
    });
  timeline.nextTurn(begin);
  await timeline.pass(to);
  return book.close({ from: start, to }, (run) => runs.view(run));
}

/** The project with schedules that work each of their times out once. */
function listed(project: Project, start: number): Project {
  return {
    ...project,
    schedules: new Map([...project.schedules].map(([name, schedule]) => [name, { ...schedule, ...listTimes(schedule, start) }])),
  };
}

function msOf(time: Time, zone: { readonly now: number; readonly timezone: string }): number {
  if (typeof time === "string") return parseTime(time, zone);
  const at = typeof time === "number" ? time : time.getTime();
  if (Number.isFinite(at)) return at;
  throw new MillraceError({ code: "MR1615", message: `${String(time)} is no time` });
}

function outageOf(outage: Outage, ms: (time: Time) => number): OutageMs {
  const span = { from: ms(outage.from), to: ms(outage.to) };
  if ("connection" in outage) return { ...span, uses: (_, plan) => plan.connection === outage.connection };
  const ids = [outage.node, `task:${outage.node}`];
  return { ...span, uses: (node) => ids.some((id) => node === id || node.startsWith(`${id}[`)) };
}

function crashTimes(
  { crashes, seed }: World,
  span: { readonly from: number; readonly to: number; readonly ms: (time: Time) => number },
): readonly number[] {
  const times = (crashes?.at ?? []).map(span.ms);
  const everyMs = crashes?.everyMs;
  if (everyMs === undefined) return times;
  const random = seededRandom(seed, "crashes");
  for (let at = span.from; ;) {
    at += Math.max(1, -Math.log(1 - random()) * everyMs);
    if (at >= span.to) return times;
    times.push(at);
  }
}
