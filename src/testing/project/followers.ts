// Runs that follow the course of an earlier one: nothing of them is decided, they are asked and told at its times. Whatever is done to one makes it a run
// of its own.
import type { RunEvent } from "../../model/events.ts";
import { createRunFold } from "../../views/run-fold.ts";
import type { Answer, Asking } from "./attempts.ts";
import { type RunView, type StartRequest, viewOf } from "./book.ts";
import { type Asked, type Course, eventsUntil, isSameAnswer } from "./course.ts";
import type { Timeline } from "./timeline.ts";

export interface Follower {
  readonly id: string;
  readonly request: StartRequest;
  readonly course: Course;
  readonly startedAt: number;
  /** How many of its answers were asked; all of those before it are the course's. */
  askedCount: number;
}

/** What an attempt comes to that is under way when its run leaves the course. */
export interface InFlight {
  readonly landsAt: number;
  readonly outcome: Answer["outcome"];
}

export interface FollowersOptions {
  readonly timeline: Timeline;
  readonly answer: (asking: Asking) => Answer | Promise<Answer>;
  /** `same`: every attempt of a node answers the same, whenever it is asked. */
  readonly answers: "same" | "asked";
  /** Does a job wait for the asset? */
  readonly isAwaited: (node: string) => boolean;
  readonly onEvent: (run: string, job: string, event: RunEvent) => void;
  /** It is a run of its own from now on. */
  readonly onLeave: (follower: Follower, left: { readonly untilMs: number; readonly inFlight: ReadonlyMap<string, InFlight> }) => void;
}

export interface Followers {
  follow(run: string, request: StartRequest, course: Course): void;
  /** False when it follows nothing. */
  leave(run: string): boolean;
  leaveAll(): void;
  view(run: string): RunView | undefined;
}

type Step =
  | { readonly kind: "tell"; readonly ms: number; readonly event: RunEvent }
  | { readonly kind: "ask"; readonly ms: number; readonly asked: Asked };

export function createFollowers(options: FollowersOptions): Followers {
  const { timeline } = options;
  const stepsOf = new Map<Course, readonly Step[]>();
  const following = new Map<string, { readonly follower: Follower; next: number; cancel: () => void }>();

  /** In the order in which a run that is decided comes to them: at one time what happened first, then what starts. */
  const steps = (course: Course): readonly Step[] => {
    let known = stepsOf.get(course);
    if (known !== undefined) return known;
    const tells = course.events.flatMap((event): readonly Step[] =>
      event.type === "run_finished" || (event.type === "node_succeeded" && options.isAwaited(event.node))
        ? [{ kind: "tell", ms: event.at, event }]
        : [],
    );
    const asks = options.answers === "same" ? [] : course.asked.map((asked): Step => ({ kind: "ask", ms: asked.atMs, asked }));
    known = [...tells, ...asks].toSorted((a, b) => a.ms - b.ms);
    stepsOf.set(course, known);
    return known;
  };
  const tell = ({ id, request, startedAt, course }: Follower, event: RunEvent): void => {
    options.onEvent(id, request.job, { ...event, at: startedAt + event.at });
    if (event.type !== "run_finished") return;
    following.delete(id);
    course.uses.followed++;
  };
  const advance = (id: string): void => {
    const each = following.get(id);
    if (each === undefined) return;
    const { follower } = each;
    const { course, startedAt } = follower;
    const all = steps(course);
    for (let step = all[each.next]; step !== undefined && startedAt + step.ms <= timeline.now(); step = all[++each.next]) {
      if (step.kind === "tell") tell(follower, step.event);
      else {
        const { asking, answer } = step.asked;
        const said = options.answer({ ...asking, run: id });
        follower.askedCount++;
        if (said instanceof Promise || !isSameAnswer(said, answer)) return part(id, { asking, said });
      }
    }
    const next = all[each.next];
    if (next !== undefined) each.cancel = timeline.at(startedAt + next.ms, () => advance(id));
  };
  /** `other`: the newest answer, which is not the course's. */
  const part = (id: string, other: { readonly asking: Asking; readonly said: Answer | Promise<Answer> } | null): void => {
    const each = following.get(id);
    if (each === undefined) return;
    const { follower } = each;
    const { course, startedAt } = follower;
    const now = timeline.now();
    // What is done to it comes before what was to happen at the same time; an answer comes after it.
    const doneMs = steps(course)[each.next - 1]?.ms ?? 0;
    const untilMs = other === null ? Math.max(now - startedAt - 1, doneMs) : now - startedAt;
    each.cancel();
    following.delete(id);
    course.uses.left++;
    const inFlight = new Map<string, InFlight>();
    for (const [index, { asking, answer, atMs }] of course.asked.entries()) {
      const isAsked = options.answers === "same" ? atMs <= untilMs : index < follower.askedCount;
      if (isAsked)
        inFlight.set(`${asking.node}#${asking.attempt}`, { landsAt: startedAt + atMs + answer.afterMs, outcome: answer.outcome });
    }
    if (other !== null && !(other.said instanceof Promise)) {
      const { asking, said } = other;
      inFlight.set(`${asking.node}#${asking.attempt}`, { landsAt: now + said.afterMs, outcome: said.outcome });
    }
    options.onLeave(follower, { untilMs, inFlight });
  };

  return {
    follow(id, request, course) {
      following.set(id, { follower: { id, request, course, startedAt: timeline.now(), askedCount: 0 }, next: 0, cancel: () => {} });
      timeline.nextTurn(() => advance(id));
    },
    leave(run) {
      if (!following.has(run)) return false;
      part(run, null);
      return true;
    },
    leaveAll() {
      for (const run of following.keys()) part(run, null);
    },
    view: (run) => {
      const follower = following.get(run)?.follower;
      return follower === undefined ? undefined : viewAt(follower, timeline.now());
    },
  };
}

/** Before its end: what has happened until `now`. */
function viewAt({ id, request, course, startedAt }: Follower, now: number): RunView {
  if (now >= startedAt + course.endMs) return course.view(startedAt);
  const fold = createRunFold();
  const of = { run: id, trigger: request.trigger, seed: 0, owner: "", startedAt };
  for (const event of eventsUntil(course, now - startedAt, of)) fold.apply(event);
  return viewOf(fold);
}
