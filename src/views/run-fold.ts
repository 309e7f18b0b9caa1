// Events of one run → what is shown of it: the run's row, its nodes with their attempts, the summary. One fold for `run show`, for progress and for
// the end of `run`. Inside it is mutable, for plans of 100,000 nodes; what it hands out is not touched again.
import type { JsonValue, NodeStatus, RunAnswer, RunShowAnswer } from "../model/answers.ts";
import type { ErrorRecord } from "../model/errors.ts";
import type { CheckFact, NodeFacts, RunEvent } from "../model/events.ts";
import type { NodeId } from "../model/graph.ts";
import { splitNodeId } from "../model/partition.ts";
import type { PlanNode } from "../model/plan.ts";
import type { Signal, Wait } from "../model/wait.ts";
import { iso } from "./iso.ts";
import { createRunRowFold, type RunRow } from "./runs.ts";

export interface AttemptRow {
  readonly attempt: number;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  /** `running`, `succeeded`, `failed`, `timed out`, `lost`, `interrupted`, `waited`, `mapped`, `skipped` or `canceled`. */
  readonly status: string;
  readonly error: ErrorRecord | null;
}

export interface NodeRow extends NodeFacts {
  readonly node: NodeId;
  readonly plan: PlanNode;
  readonly status: NodeStatus;
  readonly attempts: readonly AttemptRow[];
  /** Of the last attempt that failed; null once the node has succeeded. */
  readonly error: ErrorRecord | null;
  /** When a failed attempt is followed by another. */
  readonly retryAt: string | null;
  /** The node because of which it was skipped. */
  readonly because: NodeId | null;
  /** What its condition saw, or why someone canceled it. */
  readonly why: string | null;
  /** What it waits for. */
  readonly wait: Wait | null;
  /** How often it has waited. */
  readonly waits: number;
  /** The newest thing that it was told while it waited. */
  readonly signaled: Signal | null;
  /** How many items it was mapped to; null for a node that was not. */
  readonly items: number | null;
  /** Of an item of a mapped node: what it is carried out for. */
  readonly item?: JsonValue;
  /** The run from which it was taken over. */
  readonly from: string | null;
  /** From the first start to the end (or the newest event); 0 for nodes that were not carried out. */
  readonly seconds: number;
}

export interface RunFold {
  apply(event: RunEvent): void;
  /** Undefined before `run_started`. */
  row(): RunRow | undefined;
  node(id: NodeId): NodeRow | undefined;
  /** Time of its first attempt, ms; null when there was none. */
  firstStartedAt(id: NodeId): number | null;
  /** What it answered; of a mapped node what its items answered, in their order, null where one answered nothing. */
  output(id: NodeId): JsonValue | undefined;
  /** In the order of the plan. */
  nodes(): readonly NodeRow[];
}

interface Book {
  row: NodeRow;
  firstStartedAt: number | null;
}

const FAILED_STATUS = { error: "failed", timeout: "timed out", lost: "lost", interrupted: "interrupted" } as const;

export function createRunFold(): RunFold {
  const run = createRunRowFold();
  const books = new Map<NodeId, Book>();
  const change = (id: NodeId, at: number, changes: Partial<NodeRow>): void => {
    const book = books.get(id);
    if (book === undefined) return;
    const seconds = book.firstStartedAt === null ? 0 : (at - book.firstStartedAt) / 1_000;
    book.row = { ...book.row, ...changes, seconds };
  };
  const endAttempt = (id: NodeId, at: number, status: string, error: ErrorRecord | null): readonly AttemptRow[] => {
    const attempts = books.get(id)?.row.attempts ?? [];
    const live = attempts.at(-1);
    if (live === undefined || live.finishedAt !== null) return attempts;
    return [...attempts.slice(0, -1), { ...live, finishedAt: iso(at), status, error }];
  };
  return {
    row: () => run.row(),
    node: (id) => books.get(id)?.row,
    firstStartedAt: (id) => books.get(id)?.firstStartedAt ?? null,
    output(id) {
      const row = books.get(id)?.row;
      if (row === undefined || row.items === null) return row?.output;
      return Array.from({ length: row.items }, (_, item) => books.get(`${id}[${item}]`)?.row.output ?? null);
    },
    nodes: () => [...books.values()].map((book) => book.row),
    apply(event) {
      run.apply(event);
      const { at } = event;
      switch (event.type) {
        case "run_started":
          for (const plan of event.plan.nodes) books.set(plan.id, { row: pendingRow(plan), firstStartedAt: null });
          break;
        case "attempt_started": {
          const book = books.get(event.node);
          if (book === undefined) break;
          book.firstStartedAt ??= at;
          const attempt = { attempt: event.attempt, startedAt: iso(at), finishedAt: null, status: "running", error: null };
          change(event.node, at, { status: "running", retryAt: null, wait: null, attempts: [...book.row.attempts, attempt] });
          break;
        }
        case "attempt_failed": {
          const attempts = endAttempt(event.node, at, FAILED_STATUS[event.reason], event.error);
          const again = event.retryAt !== null;
          const ended = event.fallback === undefined ? "failed" : "succeeded";
          const retryAt = again ? iso(event.retryAt) : null;
          const checks = event.checks === undefined ? {} : { checks: event.checks };
          change(event.node, at, {
            status: again ? "retrying" : ended,
            error: event.error,
            retryAt,
            attempts,
            ...checks,
            ...event.fallback,
          });
          break;
        }
        case "node_succeeded": {
          const attempts = endAttempt(event.node, at, "succeeded", null);
          change(event.node, at, {
            status: event.reused === true ? "reused" : "succeeded",
            error: null,
            wait: null,
            attempts,
            ...factsOf(event),
          });
          break;
        }
        case "node_reused":
          change(event.node, at, { status: "reused", from: event.from, ...factsOf(event) });
          break;
        case "node_skipped":
          change(event.node, at, {
            status: "skipped",
            because: event.because,
            why: event.why ?? null,
            attempts: endAttempt(event.node, at, "skipped", null),
          });
          break;
        case "node_waiting": {
          const attempts = endAttempt(event.node, at, "waited", null);
          const { wait } = event;
          change(event.node, at, { status: "waiting", wait, waits: (books.get(event.node)?.row.waits ?? 0) + 1, attempts });
          break;
        }
        case "node_signaled":
          change(event.node, at, { signaled: event.signal });
          break;
        case "node_mapped": {
          const book = books.get(event.node);
          if (book === undefined) break;
          change(event.node, at, { attempts: endAttempt(event.node, at, "mapped", null), items: event.items.length });
          const { mapped: _, compensates: __, ...plan } = book.row.plan;
          for (const [index, item] of event.items.entries()) {
            const id = `${event.node}[${index}]`;
            books.set(id, { row: { ...pendingRow({ ...plan, id, needs: [] }), item }, firstStartedAt: null });
          }
          break;
        }
        case "node_failed":
          change(event.node, at, { status: "failed", error: event.error, wait: null });
          break;
        case "node_canceled":
          change(event.node, at, {
            status: "canceled",
            retryAt: null,
            wait: null,
            why: event.why ?? null,
            attempts: endAttempt(event.node, at, "canceled", null),
          });
          break;
        case "lease_extended":
        case "cancel_requested":
        case "run_finished":
        case "run_paused":
        case "run_resumed":
        case "concurrency_changed":
        case "compensation_started":
          break;
        default:
          event satisfies never;
      }
    },
  };
}

/** The whole of a run from its events; undefined when there are none. */
export function foldRun(events: readonly RunEvent[]): RunFold | undefined {
  if (events.length === 0) return undefined;
  const fold = createRunFold();
  for (const event of events) fold.apply(event);
  return fold;
}

/** The answer of `run show`, as far as the run's own events tell it. */
export function runShowAnswer(fold: RunFold): Pick<RunShowAnswer, "nodes"> & { readonly run: RunAnswer } {
  const run = fold.row();
  if (run === undefined) throw new Error("assertion: a run that has started");
  const nodes = fold.nodes().map((node) => ({
    ...nodeName(node.node, node.plan.partition),
    status: node.status,
    attempts: node.attempts,
    rows: node.rows ?? null,
    checks: node.checks ?? [],
    ...(node.output === undefined ? {} : { output: node.output }),
    ...(node.wait === null ? {} : { waitsFor: waitAnswer(node.wait) }),
    ...(node.because === null && node.why === null ? {} : { why: node.why ?? `${node.because} failed or was skipped` }),
    reason: node.plan.reason,
    needs: node.plan.needs,
    ...(node.item === undefined ? {} : { item: node.item }),
    ...(node.status === "retrying" && node.retryAt !== null ? { retryAt: node.retryAt } : {}),
    ...(node.from === null ? {} : { takenFrom: node.from }),
    error: node.error,
  }));
  return { run: runAnswer(run), nodes };
}

function waitAnswer({ kind, why, until, run }: Wait): NonNullable<RunShowAnswer["nodes"][number]["waitsFor"]> {
  return { kind, why, until: until === null ? null : iso(until), ...(run === undefined ? {} : { run }) };
}

/** A run's row without what only we need. */
export function runAnswer(row: RunRow): RunAnswer {
  const { run, job, status, trigger, startedAt, finishedAt, seconds, nodes, rows, error } = row;
  const { succeeded, failed, skipped, reused, total } = nodes;
  return { run, job, status, trigger, startedAt, finishedAt, seconds, nodes: { succeeded, failed, skipped, reused, total }, rows, error };
}

/** Has a node come to its end? */
export function isSettled(status: NodeStatus): boolean {
  switch (status) {
    case "pending":
    case "running":
    case "retrying":
    case "waiting":
      return false;
    case "succeeded":
    case "reused":
    case "failed":
    case "skipped":
    case "canceled":
      return true;
    default:
      return status satisfies never;
  }
}

/** `asset` or `task` of a node's name. */
export function nodeName(
  id: NodeId,
  partition?: string,
): ({ readonly asset: string } | { readonly task: string }) & { readonly partition?: string } {
  const name = partition === undefined ? id : splitNodeId(id).asset;
  const own = partition === undefined ? {} : { partition };
  return name.startsWith("task:") ? { task: name.slice("task:".length), ...own } : { asset: name, ...own };
}

function factsOf({ rows, checks, output }: NodeFacts): NodeFacts {
  const facts: { rows?: NonNullable<NodeFacts["rows"]>; checks?: readonly CheckFact[]; output?: NonNullable<NodeFacts["output"]> | null } =
    {};
  if (rows !== undefined) facts.rows = rows;
  if (checks !== undefined) facts.checks = checks;
  if (output !== undefined) facts.output = output;
  return facts;
}

const NOT_WAITING = { why: null, wait: null, waits: 0, signaled: null, items: null };

function pendingRow(plan: PlanNode): NodeRow {
  return {
    node: plan.id,
    plan,
    status: "pending",
    attempts: [],
    error: null,
    retryAt: null,
    because: null,
    from: null,
    seconds: 0,
    ...NOT_WAITING,
  };
}
