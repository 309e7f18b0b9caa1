// Keeps what a simulation answers while it passes: runs from the events of jobs and of the runs themselves, skips with their reasons.
import type { JobEvent, JobName } from "../../model/job-events.ts";
import type { JobRun, JobState } from "../../trigger/state.ts";
import type { NodeRow, RunFold } from "../../views/run-fold.ts";
import { iso } from "./iso.ts";
import { Simulation, type SimulatedNode, type SimulatedRun, type SimulatedSkip } from "./result.ts";

export interface StartRequest {
  readonly job: string;
  readonly trigger: string;
  readonly params: Readonly<Record<string, string>>;
  readonly parent?: { readonly run: string; readonly node: string };
}

export interface Book {
  event(job: JobName, event: JobEvent, before: JobState): void;
  started(run: string, request: StartRequest): void;
  finished(run: string, view: RunView): void;
  skip(skip: Omit<SimulatedSkip, "at" | "through"> & { readonly at: number; readonly through: number }): void;
  /** `view`: of runs that have begun and not ended. */
  close(span: { readonly from: number; readonly to: number }, view: (run: string) => RunView | undefined): Simulation;
}

/** What is shown of a run that has begun. */
export type RunView = Pick<SimulatedRun, "status" | "startedAt" | "finishedAt" | "nodes">;

type Asked = Pick<SimulatedRun, "job" | "run" | "trigger" | "scheduledAt" | "params" | "items">;

const SETTLED: ReadonlySet<string> = new Set(["succeeded", "reused", "failed", "skipped", "canceled"]);

export function createBook({ now }: { readonly now: () => number }): Book {
  const asked = new Map<string, Asked>();
  const ended = new Map<string, SimulatedRun>();
  const skipped: SimulatedSkip[] = [];

  const ask = (job: JobName, run: Pick<JobRun, "run" | "trigger" | "scheduledFor" | "params" | "items">): void => {
    const { trigger, scheduledFor, params, items } = run;
    asked.set(run.run, { job, run: run.run, trigger: trigger ?? "manual", scheduledAt: iso(scheduledFor), params, items });
  };
  const book: Book = {
    skip: ({ at, through, ...rest }) => void skipped.push({ ...rest, at: iso(at), through: iso(through) }),
    event(job, event, { queue, active }) {
      switch (event.type) {
        case "trigger_fired":
          ask(job, event);
          return;
        case "request_submitted":
          if (event.decision !== "skipped") ask(job, { ...event, trigger: null, scheduledFor: event.at, items: [] });
          else book.skip({ job, trigger: null, at: event.at, through: event.at, count: 1, reason: "busy", why: event.why });
          return;
        case "trigger_skipped": {
          const { trigger, scheduledFor: at, through, count, reason, why } = event;
          book.skip({ job, trigger, at, through, count, reason, why });
          return;
        }
        case "run_dropped":
        case "request_failed": {
          const run = [...queue, ...active].find((each) => each.run === event.run);
          const scheduled = asked.get(event.run);
          asked.delete(event.run);
          const at = run?.scheduledFor ?? (scheduled === undefined ? event.at : Date.parse(scheduled.scheduledAt));
          const reason = event.type === "run_dropped" ? event.reason : "unplanned";
          const trigger = scheduled?.trigger === "manual" ? null : (scheduled?.trigger ?? null);
          book.skip({ job, trigger, at, through: at, count: 1, reason, why: event.why });
          return;
        }
        case "triggers_defined":
        case "trigger_noted":
        case "run_dequeued":
        case "run_cancel_asked":
        case "run_ended":
        case "trigger_paused":
        case "trigger_resumed":
        case "sensor_changed":
        case "sensor_failed":
          return;
        default:
          event satisfies never;
      }
    },
    started(run, { job, trigger, params }) {
      const known = asked.get(run);
      const from = known ?? { job, run, trigger, scheduledAt: iso(now()), items: [] };
      asked.set(run, { ...from, params });
    },
    finished(run, view) {
      ended.set(run, { ...asked.get(run)!, ...view });
    },
    close({ from, to }, view) {
      const runs = [...asked.values()].map((run) => ended.get(run.run) ?? { ...run, ...(view(run.run) ?? QUEUED) });
      const order = (a: SimulatedRun, b: SimulatedRun): number =>
        a.scheduledAt < b.scheduledAt ? -1 : a.scheduledAt > b.scheduledAt ? 1 : 0;
      return new Simulation({ from: iso(from), to: iso(to), runs: runs.toSorted(order), skipped });
    },
  };
  return book;
}

const QUEUED: RunView = { status: "queued", startedAt: null, finishedAt: null, nodes: [] };

export function viewOf(fold: RunFold): RunView {
  const { status, startedAt, finishedAt } = fold.row()!;
  return { status, startedAt, finishedAt, nodes: fold.nodes().map(nodeOf) };
}

function nodeOf({ node, status, attempts, error, because, why, output }: NodeRow): SimulatedNode {
  return {
    node,
    status,
    attempts: attempts.length,
    startedAt: attempts[0]?.startedAt ?? null,
    finishedAt: SETTLED.has(status) ? (attempts.at(-1)?.finishedAt ?? null) : null,
    error: error?.message ?? null,
    why: why ?? (because === null ? null : `${because} failed or was skipped`),
    ...(output === undefined ? {} : { output }),
  };
}
