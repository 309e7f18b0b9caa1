// The runs of a simulation: each is carried out by the engine's own part for one run, over the real core and the real admission; the store is a list that
// never fails, and a turn of virtual time stands for a commit.
//   V1. What an engine had in flight ends with it: told as interrupted when it is stopped, told by nobody when it is killed.
//   V2. An engine that begins goes on with every run that has not ended.
import { type ActiveRun, type ActiveRunWithFlights, createActiveRun, type Decision, type Happening } from "../../engine/active-run.ts";
import { createAdmissionGate, HOLD } from "../../engine/admission.ts";
import type { JobPort } from "../../load/task-port.ts";
import type { RunEvent } from "../../model/events.ts";
import type { Limits } from "../../model/limits.ts";
import { subRunId } from "../../operations/runs/sub-jobs.ts";
import { step } from "../../run/decide.ts";
import { evolve } from "../../run/evolve.ts";
import { newRun, type RunState } from "../../run/state.ts";
import { createMemoryStore } from "../../store/memory.ts";
import { createRunFold, type RunFold } from "../../views/run-fold.ts";
import type { Answer, Asking } from "./attempts.ts";
import { unknownSubJob } from "./attempts.ts";
import { type RunView, type StartRequest, viewOf } from "./book.ts";
import { type Course, createRecorder, eventsUntil, isWorthIt, type Recorder } from "./course.ts";
import { createFollowers, type InFlight } from "./followers.ts";
import { createSimulatedFlights } from "./flights.ts";
import type { JobPlan } from "./plans.ts";
import { seedFor } from "./seed.ts";
import type { Timeline } from "./timeline.ts";

export interface RunsOptions {
  readonly timeline: Timeline;
  readonly seed: number | undefined;
  readonly plans: ReadonlyMap<string, JobPlan>;
  readonly limits: Limits;
  readonly answer: (asking: Asking) => Answer | Promise<Answer>;
  /** `same`: every attempt of a node answers the same, whenever it is asked. */
  readonly answers: "same" | "asked";
  /** Are runs decided one by one, or may one follow the course of another that came to the same? */
  readonly deciding: "each" | "once";
  /** Does a job wait for the asset? */
  readonly isAwaited: (node: string) => boolean;
  /** A run has begun. */
  readonly onStart: (run: string, request: StartRequest) => void;
  /** Its events, after they happened. */
  readonly onEvent: (run: string, job: string, event: RunEvent) => void;
}

export interface Runs {
  /** @throws MR8007 for parameters that are not right. */
  start(run: string, request: StartRequest): void;
  /** Tells a run that has not ended. */
  happen(run: string, happening: Happening): void;
  /** Of one that has not ended, or ends now. */
  view(run: string): RunView | undefined;
  /** A new engine takes up what has not ended. */
  begin(): void;
  /** `stopped`: in an orderly way; `killed`: between two instructions. */
  end(how: "stopped" | "killed"): void;
}

interface Going {
  readonly id: string;
  readonly request: StartRequest;
  readonly planned: JobPlan;
  readonly params: Readonly<Record<string, string>>;
  readonly fold: RunFold;
  /** As it was when nobody carried it out last. */
  state: RunState;
  active: ActiveRunWithFlights | null;
  readonly recorder: Recorder | null;
  /** Attempts whose end is known already. */
  readonly inFlight: ReadonlyMap<string, InFlight>;
}

/** How often a node that waits for a sub-run looks itself: it is told of the end. */
const POLL_MS = 3_600_000;

export async function createRuns(options: RunsOptions): Promise<Runs> {
  const { timeline, plans, limits, seed } = options;
  const going = new Map<string, Going>();
  /** Sub-runs, going or ended: what waits for them asks later. */
  const subRuns = new Map<string, RunFold>();
  const waiting = new Set<ActiveRun>();
  /** By job and parameters. */
  const courses = new Map<string, Course>();
  let owner: string | null = null;
  let owners = 0;
  let scheduled = false;

  const gate = createAdmissionGate({
    limits,
    store: createMemoryStore(),
    clock: timeline,
    isDead: () => false,
    catchUp: null,
    onProblem: (error) => {
      throw error;
    },
  });
  await gate.ready();

  const schedule = (): void => {
    if (scheduled) return;
    scheduled = true;
    timeline.nextTurn(flush);
  };
  const flush = (): void => {
    scheduled = false;
    const runs = [...waiting];
    waiting.clear();
    const isLimited = (run: ActiveRun): boolean => gate.concerns(run.id);
    const held = runs.map((run) => (isLimited(run) ? run.decide(HOLD) : run.decide()));
    const limited = held.filter(({ run }) => isLimited(run));
    const admitted = limited.length === 0 ? undefined : gate.admit(limited);
    const decided = held.map((decision): Decision => {
      const admission = admitted?.get(decision.run.id);
      return admission === undefined ? decision : decision.run.begin(decision, admission);
    });
    for (const decision of decided) decision.run.accept(decision);
    if (limited.length > 0) gate.settled(decided.filter(({ run }) => isLimited(run)));
  };

  const carry = (each: Going): void => {
    const { id, request, planned, params, fold, recorder, inFlight } = each;
    const active = createActiveRun({
      id,
      owner: owner!,
      clock: timeline,
      fold,
      state: each.state,
      mayStart: () => owner !== null,
      createFlights: (contextOf, onEnd) =>
        createSimulatedFlights({
          timeline,
          contextOf,
          onEnd,
          answer: ({ node, attempt }, context) => {
            const { plan } = fold.node(node)!;
            const own =
              node.endsWith("]") && !planned.graph.nodes.has(plan.id) ? { ...plan, id: node.slice(0, node.lastIndexOf("[")) } : plan;
            const known = inFlight.get(`${node}#${attempt}`);
            if (known !== undefined) return { afterMs: Math.max(0, known.landsAt - timeline.now()), outcome: known.outcome };
            const asking = { job: request.job, planned, params, run: id, node, attempt, plan: own, context, jobs };
            const answer = options.answer(asking);
            recorder?.asked(timeline.now(), asking, answer);
            return answer;
          },
        }),
      onHappening: (run) => {
        waiting.add(run);
        schedule();
      },
      onEvents: (run, events) => {
        gate.follow({ stream: id, after: run.state().version - events.length, events });
        recorder?.events(events);
        for (const event of events) take(each, event);
        if (run.state().phase !== "finished") return;
        const course = recorder?.course(fold);
        if (course !== undefined) courses.set(courseName(request.job, params), course);
        gate.forget(run);
        active.dispose();
        going.delete(id);
      },
    });
    each.active = active;
    active.happen({ type: "adopt" });
  };

  const take = ({ id, request }: Going, event: RunEvent): void => {
    options.onEvent(id, request.job, event);
    // What waits for a sub-run is told of its end, and ends it when it waits no more.
    if (event.type === "run_finished" && request.parent !== undefined) {
      const { run, node } = request.parent;
      const said = { by: "millrace", why: `run ${id} ended as ${event.status}`, accept: false, fields: null };
      runs.happen(run, { type: "signal", node, signal: said });
    }
    if (event.type !== "node_canceled" && event.type !== "node_failed" && event.type !== "run_finished") return;
    for (const other of going.values()) {
      const { parent } = other.request;
      if (parent?.run !== id || ("node" in event && parent.node !== event.node)) continue;
      runs.happen(other.id, { type: "cancel", by: "millrace", why: `${parent.node} of ${id} does not wait for it any more` });
    }
  };

  const jobs: JobPort = {
    pollMs: POLL_MS,
    async submit({ job, params, key, parent }) {
      const run = subRunId(key);
      if (!subRuns.has(run)) runs.start(run, { job, params, trigger: `job:${parent.run}`, parent });
      const fold = subRuns.get(run)!;
      const nodes = fold.nodes();
      const outputs = nodes.flatMap(({ node, output }) =>
        node.startsWith("task:") && output !== undefined ? [[node.slice("task:".length), output] as const] : [],
      );
      const { status, finishedAt } = fold.row()!;
      const error = nodes.find((node) => node.error !== null)?.error?.message ?? null;
      return { run, status, isFinished: finishedAt !== null, outputs: Object.fromEntries(outputs), error };
    },
  };

  const followers = createFollowers({
    timeline,
    answer: options.answer,
    answers: options.answers,
    isAwaited: options.isAwaited,
    onEvent: options.onEvent,
    onLeave({ id, request, course, startedAt }, { untilMs, inFlight }) {
      const events = eventsUntil(course, untilMs, {
        run: id,
        trigger: request.trigger,
        seed: seedFor(seed, id),
        owner: owner!,
        startedAt,
      });
      const fold = createRunFold();
      for (const event of events) fold.apply(event);
      const state = events.reduce(evolve, newRun);
      const planned = plans.get(request.job)!;
      const each: Going = { id, request, planned, params: fold.row()!.params, fold, state, active: null, recorder: null, inFlight };
      going.set(id, each);
      gate.follow({ stream: id, after: 0, events });
      carry(each);
    },
  });

  const runs: Runs = {
    start(id, request) {
      const planned = plans.get(request.job);
      if (planned === undefined) throw unknownSubJob(request.job);
      const plan = planned.plan(request.params);
      const { trigger, parent } = request;
      options.onStart(id, { ...request, params: plan.params });
      const name = owner === null || parent !== undefined || options.deciding === "each" ? null : courseName(request.job, plan.params);
      const course = name === null ? undefined : courses.get(name);
      if (course !== undefined && isWorthIt(course)) return followers.follow(id, request, course);
      const { events, state } = step(newRun, {
        type: "start",
        now: timeline.now(),
        owner: null,
        run: id,
        trigger,
        plan,
        seed: seedFor(seed, id),
        leaseMs: null,
        takeOver: null,
        ...(parent === undefined ? {} : { parent }),
      });
      const fold = createRunFold();
      for (const event of events) fold.apply(event);
      gate.follow({ stream: id, after: 0, events });
      const recorder = name === null || course !== undefined || gate.concerns(id) ? null : createRecorder(timeline.now());
      recorder?.events(events);
      const each: Going = { id, request, planned, params: plan.params, fold, state, active: null, recorder, inFlight: new Map() };
      going.set(id, each);
      if (parent !== undefined) subRuns.set(id, fold);
      if (owner !== null) carry(each);
    },
    happen(run, happening) {
      if (followers.leave(run)) flush();
      const each = going.get(run);
      each?.recorder?.spoil();
      each?.active?.happen(happening);
    },
    view(run) {
      const fold = going.get(run)?.fold;
      return fold === undefined ? followers.view(run) : viewOf(fold);
    },
    begin() {
      owner = `e_${++owners}`;
      for (const each of going.values()) carry(each);
    },
    end(how) {
      followers.leaveAll();
      flush();
      owner = null;
      for (const { active } of going.values()) {
        active?.hold();
        if (how === "stopped") void active?.flights.stop();
      }
      if (how === "stopped") flush();
      for (const each of going.values()) {
        each.recorder?.spoil();
        if (each.active === null) continue;
        each.state = each.active.state();
        gate.forget(each.active);
        each.active.dispose();
        each.active = null;
      }
      waiting.clear();
    },
  };
  return runs;
}

function courseName(job: string, params: Readonly<Record<string, string>>): string {
  return JSON.stringify([job, params]);
}
