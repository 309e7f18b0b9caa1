// A run as who asked for it holds it: what happens in it, and how it ended. Following is looking at the run again whenever there is news, so it goes on by
// itself after a connection broke or the server was started again.
//   F1. Each status of a node is told once, in the order of the run's nodes; the summary comes last.
//   F2. A server that is gone for longer than the follower's patience ends it with MR8106 and the run's id; the run itself goes on with the next engine.
import type { JsonValue, NodeStatus, RunShowAnswer, RunStatus } from "../model/answers.ts";
import { type ErrorRecord, MillraceError, messageOf } from "../model/errors.ts";
import type { RowCounts } from "../model/plan.ts";
import { ApiError } from "./ask.ts";
import type { Place } from "./place.ts";

export interface RunNode {
  readonly type: "node";
  /** What it builds; undefined of a task. */
  readonly asset?: string;
  readonly task?: string;
  readonly partition?: string;
  readonly status: NodeStatus;
  readonly attempts: number;
  readonly rows: RowCounts | null;
  readonly output?: JsonValue;
  /** Why it is built, skipped, canceled or waits. */
  readonly why: string;
  readonly error: ErrorRecord | null;
}

/** What tasks answer, where nothing more is known of it. */
// oxlint-disable-next-line typescript/no-explicit-any -- so that `outputs.train.accuracy` can be written
export type AnyOutputs = Record<string, any>;

/** How a run ended. `Outputs`: what its tasks answered, by their names. */
export interface RunResult<Outputs = AnyOutputs> {
  readonly type: "summary";
  readonly run: string;
  readonly status: Exclude<RunStatus, "running">;
  readonly nodes: { readonly succeeded: number; readonly failed: number; readonly skipped: number; readonly reused: number };
  readonly rows: RowCounts;
  readonly seconds: number;
  readonly outputs: Outputs;
  /** Of the nodes that failed, by asset or task. */
  readonly errors: Readonly<Record<string, ErrorRecord>>;
  /** Why there was nothing to carry out, where the request led to no run. */
  readonly why?: string;
}

export type RunEvent<Outputs = AnyOutputs> =
  /** The request is kept; the run waits for its turn. */
  | { readonly type: "queued"; readonly run: string }
  | { readonly type: "run"; readonly run: string; readonly nodes: number }
  | RunNode
  | RunResult<Outputs>;

export interface Following {
  readonly signal?: AbortSignal;
  /** How long the server may be gone until it is given up; default: 10 s. */
  readonly patienceMs?: number;
}

export interface Run<Outputs = AnyOutputs> {
  readonly id: string;
  /** What happens, until the run has ended. Each call tells from the beginning. @throws MR8106 when the server is gone; the run goes on */
  events(following?: Following): AsyncIterable<RunEvent<Outputs>>;
  /** Resolves when the run has ended, however it did. @throws as `events` */
  finished(following?: Following): Promise<RunResult<Outputs>>;
  /** As it stands now. */
  show(): Promise<RunShowAnswer>;
  cancel(request?: { readonly why?: string }): Promise<void>;
}

/** A server that is started again has this long to be there. */
const GONE_MS = 10_000;
/** Looks without news: changes that the live stream does not tell of, and servers without one. */
const LOOK_MS = 1_000;
const LOOK_FIRST_MS = 100;

interface RunRequest {
  readonly id: string;
  /** Known where the request was made here: it may wait for its turn. */
  readonly job: string | null;
  /** The request led to no run. */
  readonly result?: RunResult;
}

export function createRun<Outputs = AnyOutputs>(places: () => Promise<Place>, request: RunRequest): Run<Outputs> {
  const { id, result } = request;
  const events = async function* (following: Following = {}): AsyncGenerator<RunEvent<Outputs>> {
    if (result === undefined) yield* follow<Outputs>(await places(), request, following);
    else yield result as RunResult<Outputs>;
  };
  return {
    id,
    events,
    finished: async (following) => {
      for await (const event of events(following)) if (event.type === "summary") return event;
      throw new MillraceError({ code: "MR8106", message: `${id} was followed, and did not come to an end`, retryable: true });
    },
    show: async () => (await places()).ask("runs.show", { run: id }),
    cancel: async ({ why } = {}) => {
      await (await places()).ask("runs.cancel", { run: id, ...(why === undefined ? {} : { why }) });
    },
  };
}

async function* follow<Outputs>(
  place: Place,
  { id, job }: RunRequest,
  { signal, patienceMs = GONE_MS }: Following,
): AsyncGenerator<RunEvent<Outputs>> {
  const news = place.news([`run:${id}`]);
  const told = new Map<string, string>();
  let lookMs = LOOK_FIRST_MS;
  let [isBegun, isQueued] = [false, false];
  let goneSinceMs: number | null = null;
  const engine = place.engine();
  try {
    for (;;) {
      signal?.throwIfAborted();
      const looked = await look(place, { id, job }, signal);
      if (looked.kind === "ended") return yield looked.result as RunResult<Outputs>;
      const isGone = looked.kind === "gone" || (engine !== null && place.engine() === null);
      goneSinceMs = isGone ? (goneSinceMs ?? performance.now()) : null;
      if (looked.kind === "queued" && !isQueued) {
        isQueued = true;
        yield { type: "queued", run: id };
      }
      if (looked.kind === "shown") {
        const { run, nodes } = looked.shown;
        if (!isBegun) {
          isBegun = true;
          yield { type: "run", run: id, nodes: nodes.length };
        }
        for (const node of nodes) {
          const key = `${node.asset ?? ""}\n${node.task ?? ""}\n${node.partition ?? ""}\n${JSON.stringify(node.item ?? null)}`;
          const state = `${node.status} ${node.attempts.length}`;
          if (node.status === "pending" || told.get(key) === state) continue;
          told.set(key, state);
          yield nodeEvent(node);
        }
        if (run.status !== "running") return yield resultOf<Outputs>(looked.shown);
      }
      if (goneSinceMs !== null && performance.now() - goneSinceMs > patienceMs) throw serverGone(id, looked);
      await news.next(lookMs);
      lookMs = Math.min(LOOK_MS, lookMs * 2);
    }
  } finally {
    news.close();
  }
}

type Looked =
  | { readonly kind: "shown"; readonly shown: RunShowAnswer }
  | { readonly kind: "queued" }
  | { readonly kind: "ended"; readonly result: RunResult }
  | { readonly kind: "gone"; readonly cause: unknown };

/** @throws what the server refuses and trying again does not help */
async function look(
  place: Place,
  { id, job }: { readonly id: string; readonly job: string | null },
  signal?: AbortSignal,
): Promise<Looked> {
  const asked = signal === undefined ? {} : { signal };
  try {
    return { kind: "shown", shown: await place.ask("runs.show", { run: id }, asked) };
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof ApiError)) return { kind: "gone", cause: error };
    if (error.code === "MR6101" && job !== null) return waiting(place, { id, job });
    if (error.status >= 500 || error.status === 429) return { kind: "gone", cause: error };
    throw error;
  }
}

/** A run that a job was asked for and that is not there yet: it waits for its turn, or never came to be. */
async function waiting(place: Place, { id, job }: { readonly id: string; readonly job: string }): Promise<Looked> {
  const { history } = await place.ask("triggers.history", { job, limit: 200 });
  const end = history.find(({ run, what }) => run === id && (what === "dropped" || what === "failed" || what === "skipped"));
  return end === undefined ? { kind: "queued" } : { kind: "ended", result: nothingRan(id, end.why) };
}

function serverGone(run: string, looked: Looked): MillraceError {
  const cause = looked.kind === "gone" ? looked.cause : undefined;
  return new MillraceError({
    code: "MR8106",
    message: `the server that carries out ${run} is gone${cause === undefined ? "" : `: ${messageOf(cause)}`}; the run goes on with the next one`,
    hint: `start millrace serve; millrace run show ${run} tells how it went`,
    retryable: true,
    cause,
  });
}

function nodeEvent({
  asset,
  task,
  partition,
  status,
  attempts,
  rows,
  output,
  why,
  waitsFor,
  reason,
  error,
}: RunShowAnswer["nodes"][number]): RunNode {
  return {
    type: "node",
    ...(asset === undefined ? {} : { asset }),
    ...(task === undefined ? {} : { task }),
    ...(partition === undefined ? {} : { partition }),
    status,
    attempts: attempts.length,
    rows,
    ...(output === undefined ? {} : { output }),
    why: why ?? waitsFor?.why ?? reason,
    error,
  };
}

function resultOf<Outputs>({ run, nodes }: RunShowAnswer): RunResult<Outputs> {
  const rows = { read: 0, loaded: 0, quarantined: 0, filtered: 0 };
  for (const node of nodes)
    if (node.rows !== null && node.status === "succeeded")
      for (const key of Object.keys(rows) as (keyof typeof rows)[]) rows[key] += node.rows[key];
  const name = ({ asset, task, partition }: (typeof nodes)[number]): string =>
    `${asset ?? task}${partition === undefined ? "" : ` [${partition}]`}`;
  const { succeeded, failed, skipped, reused } = run.nodes;
  return {
    type: "summary",
    run: run.run,
    status: run.status as RunResult["status"],
    nodes: { succeeded, failed, skipped, reused },
    rows,
    seconds: run.seconds ?? 0,
    outputs: Object.fromEntries(
      nodes.flatMap(({ task, output }) => (task === undefined || output === undefined ? [] : [[task, output]])),
    ) as Outputs,
    errors: Object.fromEntries(nodes.flatMap((node) => (node.error === null ? [] : [[name(node), node.error]]))),
  };
}

/** Of a request that led to no run. */
export function nothingRan(run: string, why: string): RunResult {
  return {
    type: "summary",
    run,
    status: "skipped",
    nodes: { succeeded: 0, failed: 0, skipped: 0, reused: 0 },
    rows: { read: 0, loaded: 0, quarantined: 0, filtered: 0 },
    seconds: 0,
    outputs: {},
    errors: {},
    why,
  };
}
