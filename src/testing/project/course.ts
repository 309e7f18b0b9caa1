// The course of a run that went on undisturbed, so that the next run of the same plan whose attempts answer the same need not be decided again: a run is
// the same whenever it starts, its times are moved.
//   W1. Only what follows from the plan and the answers alone is a course: no waits, no retries (their jitter is the run's own), no limits shared with
//       other runs, nothing that anybody did to it.
//   W2. A run that follows a course is asked every answer at its time; the first that is another makes it a run of its own from there.
import type { RunEvent } from "../../model/events.ts";
import type { Outcome } from "../../run/input.ts";
import type { RunFold } from "../../views/run-fold.ts";
import { iso } from "./iso.ts";
import { type RunView, viewOf } from "./book.ts";
import type { Answer, Asking } from "./attempts.ts";

export interface Asked {
  readonly atMs: number;
  /** Of the run whose course it is. */
  readonly asking: Asking;
  readonly answer: Answer;
}

/** Times count from the start of the run. */
export interface Course {
  readonly events: readonly RunEvent[];
  /** In the order in which they were asked. */
  readonly asked: readonly Asked[];
  readonly endMs: number;
  /** How it is shown, with times in ms. */
  readonly view: (startedAt: number) => RunView;
  readonly uses: { followed: number; left: number };
}

export interface Recorder {
  asked(at: number, asking: Asking, answer: Answer | Promise<Answer>): void;
  events(events: readonly RunEvent[]): void;
  /** Something was done to the run: it is no course. */
  spoil(): void;
  /** Undefined when it is none. */
  course(fold: RunFold): Course | undefined;
}

/** A course that is left so much more often than followed is given up. */
const LEFT_MAX = 20;

export function isWorthIt({ uses }: Course): boolean {
  return uses.left < uses.followed + LEFT_MAX;
}

export function createRecorder(startedAt: number): Recorder {
  const all: RunEvent[] = [];
  const asked: Asked[] = [];
  let isCourse = true;
  return {
    asked(at, asking, answer) {
      if (answer instanceof Promise || !(answer.afterMs > 0)) isCourse = false;
      else asked.push({ atMs: at - startedAt, asking, answer });
    },
    events(events) {
      for (const event of events) {
        if (!mayStand(event)) isCourse = false;
        all.push({ ...event, at: event.at - startedAt });
      }
    },
    spoil() {
      isCourse = false;
    },
    course(fold) {
      const last = all.at(-1);
      if (!isCourse || last?.type !== "run_finished") return undefined;
      return { events: all, asked, endMs: last.at, view: movable(viewOf(fold), startedAt), uses: { followed: 0, left: 0 } };
    },
  };
}

/** W1. */
function mayStand(event: RunEvent): boolean {
  switch (event.type) {
    case "run_started":
    case "attempt_started":
    case "node_succeeded":
    case "node_reused":
    case "node_skipped":
    case "node_failed":
    case "compensation_started":
    case "run_finished":
      return true;
    case "attempt_failed":
      return event.retryAt === null;
    case "lease_extended":
    case "node_canceled":
    case "node_waiting":
    case "node_signaled":
    case "node_mapped":
    case "run_paused":
    case "run_resumed":
    case "concurrency_changed":
    case "cancel_requested":
      return false;
    default:
      return event satisfies never;
  }
}

function movable(view: RunView, from: number): (startedAt: number) => RunView {
  const relative = (time: string | null): number | null => (time === null ? null : Date.parse(time) - from);
  const finishedMs = relative(view.finishedAt);
  const nodes = view.nodes.map((node) => ({ node, startedMs: relative(node.startedAt), finishedMs: relative(node.finishedAt) }));
  return (startedAt) => {
    const at = (ms: number | null): string | null => (ms === null ? null : iso(startedAt + ms));
    return {
      ...view,
      startedAt: at(0),
      finishedAt: at(finishedMs),
      nodes: nodes.map((each) => ({ ...each.node, startedAt: at(each.startedMs), finishedAt: at(each.finishedMs) })),
    };
  };
}

/** Whose events they become. */
export interface CourseRun {
  readonly run: string;
  readonly trigger: string;
  readonly seed: number;
  readonly owner: string;
  readonly startedAt: number;
}

/** The events of a run that follows the course, up to `ms` from its start. */
export function eventsUntil({ events }: Course, ms: number, of: CourseRun): readonly RunEvent[] {
  const moved: RunEvent[] = [];
  for (const event of events) {
    if (event.at > ms) break;
    const at = of.startedAt + event.at;
    if (event.type === "run_started") moved.push({ ...event, at, run: of.run, trigger: of.trigger, seed: of.seed });
    else if (event.type === "attempt_started") moved.push({ ...event, at, owner: of.owner });
    else moved.push({ ...event, at });
  }
  return moved;
}

export function isSameAnswer(a: Answer, b: Answer): boolean {
  return a.afterMs === b.afterMs && isSameOutcome(a.outcome, b.outcome);
}

function isSameOutcome(a: Outcome, b: Outcome): boolean {
  return a.kind === b.kind && JSON.stringify(a) === JSON.stringify(b);
}
