// The auditor: reads nothing but the log of one run (and when faults stopped) and says what must never and what must happen. It shares no code with
// the core: graph, policy and status are worked out here a second time. The numbers are those of src/run/SPEC.md.
import type { AttemptFailed, AttemptStarted, NodeReused, NodeSucceeded, RunEvent, RunStarted } from "../model/events.ts";
import type { PlanNode } from "../model/plan.ts";

export class Violation extends Error {}

export interface AuditOptions {
  /** How long, in ms, the world may keep an engine from acting: crashes, polls, clocks that step. */
  readonly slackMs: number;
  readonly cancelGraceMs: number;
  readonly interruptionsMax: number;
  /** False while the run still goes on. */
  readonly mustFinish: boolean;
  /** Whether what was reported belongs to the attempt that the event names (the world marks its reports). */
  readonly belongs: (event: AttemptFailed | NodeSucceeded) => boolean;
  /** Nodes that an earlier run had succeeded with, with the rows they had. */
  readonly takeOver: ReadonlyMap<string, number>;
}

interface NodeBook {
  readonly plan: PlanNode;
  attempts: number;
  interruptions: number;
  live: { attempt: number; startedAt: number; leaseUntil: number | null } | null;
  retryAt: number | null;
  final: string | null;
  because: string | null;
}

function must(holds: boolean, invariant: string, what: string): asserts holds {
  if (!holds) throw new Violation(`${invariant}: ${what}`);
}

export function audit(log: readonly RunEvent[], options: AuditOptions): void {
  const [first] = log;
  must(first?.type === "run_started", "R1", "a log begins with run_started");
  const books = new Map<string, NodeBook>(
    first.plan.nodes.map((plan) => [
      plan.id,
      { plan, attempts: 0, interruptions: 0, live: null, retryAt: null, final: null, because: null },
    ]),
  );
  const auditor = createAuditor(first, books, options);
  for (const [index, event] of log.entries()) {
    const before = log[index - 1];
    if (before !== undefined) {
      must(event.at >= before.at, "R2", `time goes back at event ${index}`);
      if (event.at > before.at) auditor.pause(before.at, event.at);
    }
    auditor.take(event, index);
  }
  if (options.mustFinish) must(log.at(-1)?.type === "run_finished", "L1", "the run finishes once faults stop");
}

function createAuditor(first: RunStarted, books: ReadonlyMap<string, NodeBook>, options: AuditOptions) {
  const { plan, leaseMs } = first;
  let live = 0;
  let cancelAt: number | null = null;
  let cancelCause = "";
  let finished = false;
  const bookOf = (id: string): NodeBook => {
    const book = books.get(id);
    must(book !== undefined, "R3", `${id} is in the plan`);
    return book;
  };
  const isGood = (id: string): boolean => ["succeeded", "reused"].includes(bookOf(id).final ?? "");
  const settle = (book: NodeBook, final: string): void => {
    must(book.final === null, "R4", `${book.plan.id} was ${book.final} and becomes ${final}`);
    book.final = final;
  };
  const endAttempt = (book: NodeBook, attempt: number): number => {
    must(book.live !== null && book.live.attempt === attempt, "R7", `${book.plan.id}#${attempt} is reported and is not the live attempt`);
    const { startedAt } = book.live;
    book.live = null;
    live--;
    return startedAt;
  };
  const startAttempt = (event: AttemptStarted): void => {
    const book = bookOf(event.node);
    for (const need of book.plan.needs) must(isGood(need), "R5", `${event.node} starts before ${need} is settled`);
    must(book.final === null && book.live === null, "R6", `${event.node} starts while it is live or settled`);
    must(event.attempt === book.attempts + 1, "R6", `${event.node} starts attempt ${event.attempt} after ${book.attempts}`);
    book.attempts++;
    must(book.attempts - book.interruptions <= book.plan.retry.attempts, "R8", `${event.node} gets more tries than its policy allows`);
    must(book.plan.action === "build", "R13", `${event.node} is to be reused and is carried out`);
    must(cancelAt === null, "R11", `${event.node} starts after the cancel`);
    must(book.retryAt === null || event.at >= book.retryAt, "R9", `${event.node} is tried again before its time`);
    for (const other of books.values()) {
      if (other === book || event.attempt > 1) break;
      const ready = other.final === null && other.attempts === 0 && other.plan.needs.every(isGood);
      must(!ready, "R19", `${event.node} starts before ${other.plan.id}, which is ready and stands earlier in the plan`);
    }
    must(event.leaseUntil === (leaseMs === null ? null : event.at + leaseMs), "R14", `${event.node} has a lease of the right length`);
    book.live = { attempt: event.attempt, startedAt: event.at, leaseUntil: event.leaseUntil };
    book.retryAt = null;
    live++;
    must(live <= plan.concurrency, "R10", `${live} attempts run at once, ${plan.concurrency} may`);
  };
  const failAttempt = (event: AttemptFailed): void => {
    const book = bookOf(event.node);
    const lease = book.live?.leaseUntil ?? null;
    const startedAt = endAttempt(book, event.attempt);
    must(options.belongs(event), "R7", `${event.node}#${event.attempt} fails by the report of another attempt`);
    must(cancelAt === null, "R11", `${event.node} fails after the cancel; it should be canceled`);
    const { retry, timeoutMs } = book.plan;
    const tries = book.attempts - book.interruptions;
    if (event.reason === "interrupted") {
      book.interruptions++;
      if (event.error.message.includes("no sign of life"))
        must(lease !== null && event.at >= lease, "R14", `${event.node} is given up while its lease holds`);
      const again = book.interruptions <= options.interruptionsMax;
      must(
        event.retryAt === (again ? event.at : null),
        "R8",
        `${event.node} goes on at once after an interruption, until there were too many`,
      );
    } else {
      const again = event.error.retryable && tries < retry.attempts;
      must(
        (event.retryAt !== null) === again,
        "R8",
        `${event.node} is tried again exactly when that may help and tries are left (${tries} failed)`,
      );
      if (event.retryAt !== null) {
        const full = Math.min(retry.maxDelayMs, retry.delayMs * Math.pow(retry.factor, tries - 1));
        const wished = event.error.retryAfterMs ?? 0;
        const most = Math.max(full, wished);
        const least = Math.max(retry.jitter ? full / 2 : full, wished);
        const waits = event.retryAt - event.at;
        must(waits >= least - 1 && waits <= most + 1, "R9", `${event.node} waits ${waits} ms, policy says ${least} to ${most}`);
      }
    }
    if (event.reason === "timeout")
      must(timeoutMs !== null && event.at >= startedAt + timeoutMs, "R12", `${event.node} times out before its time`);
    if (event.retryAt === null) settle(book, "failed");
    book.retryAt = event.retryAt;
  };
  const succeed = (event: NodeSucceeded): void => {
    const book = bookOf(event.node);
    const startedAt = endAttempt(book, event.attempt);
    must(options.belongs(event), "R7", `${event.node}#${event.attempt} succeeds by the report of another attempt`);
    must(event.tookMs === event.at - startedAt, "R15", `${event.node} took ${event.at - startedAt} ms, not ${event.tookMs}`);
    settle(book, event.reused === true ? "reused" : "succeeded");
  };
  const reuse = (event: NodeReused): void => {
    const book = bookOf(event.node);
    must(book.attempts === 0, "R13", `${event.node} is reused after it was tried`);
    if (event.from !== null) {
      must(options.takeOver.get(event.node) === event.rows?.loaded, "R13", `${event.node} is taken over with the facts it had`);
      must(event.from === first.fromRun, "R13", "facts come from the run that was named");
      for (const need of book.plan.needs)
        must(bookOf(need).final === "reused", "R13", `${event.node} is taken over and stands on ${need}, which is not`);
    } else must(book.plan.action === "reuse", "R13", `${event.node} is reused against the plan`);
    settle(book, "reused");
  };
  const checkEnd = (status: string): void => {
    const kinds = [...books.values()].map((book) => book.final);
    must(!kinds.includes(null), "R16", "the run ends before every node is settled");
    for (const book of books.values()) {
      const { id, needs, action } = book.plan;
      if (action === "reuse") must(book.final === "reused", "R13", `${id} is to be reused and was ${book.final}`);
      if (book.final === "skipped")
        must(bookOf(book.because!).final === "failed" && standsOn(id, book.because!), "R17", `${id} is skipped for its cause`);
      if (["succeeded", "failed"].includes(book.final!))
        for (const need of needs) must(isGood(need), "R5", `${id} was carried out without ${need}`);
      if (needs.some((need) => ["failed", "skipped"].includes(bookOf(need).final!)))
        must(book.final === "skipped" || book.final === "canceled", "R17", `${id} stands on what failed and was ${book.final}`);
      const takeable =
        options.takeOver.has(id) &&
        action === "build" &&
        needs.every((need) => bookOf(need).final === "reused" && bookOf(need).attempts === 0);
      if (takeable) must(book.attempts === 0 && book.final === "reused", "R13", `${id} could be taken over and was carried out`);
    }
    const failed = [...books.values()].filter((book) => book.final === "failed").map((book) => book.plan.id);
    const apart = [...books.values()].some((book) => book.final === "succeeded" && !failed.some((id) => standsOn(id, book.plan.id)));
    const right = kinds.includes("canceled")
      ? cancelCause === "timeout"
        ? "failed"
        : "canceled"
      : failed.length === 0
        ? "succeeded"
        : apart
          ? "partial"
          : "failed";
    must(status === right, "R16", `the run ends as ${status}, it was ${right}`);
  };
  const standsOn = (id: string, below: string, seen = new Set<string>()): boolean =>
    bookOf(id).plan.needs.some((need) => {
      if (need === below) return true;
      if (seen.has(need)) return false;
      seen.add(need);
      return standsOn(need, below, seen);
    });

  return {
    take(event: RunEvent, index: number): void {
      must(!finished, "R16", `${event.type} after the end`);
      switch (event.type) {
        case "run_started":
          must(index === 0, "R1", "a run starts once");
          break;
        case "attempt_started":
          startAttempt(event);
          break;
        case "lease_extended": {
          const book = bookOf(event.node);
          must(book.live?.attempt === event.attempt, "R7", `the lease of ${event.node}#${event.attempt} is extended and it is not live`);
          must(leaseMs !== null && event.leaseUntil === event.at + leaseMs, "R14", `the lease of ${event.node} is extended by its length`);
          book.live.leaseUntil = event.leaseUntil;
          break;
        }
        case "attempt_failed":
          failAttempt(event);
          break;
        case "node_succeeded":
          succeed(event);
          break;
        case "node_reused":
          reuse(event);
          break;
        case "node_skipped": {
          const book = bookOf(event.node);
          must(book.live === null, "R17", `${event.node} is skipped while it runs`);
          book.because = event.because;
          settle(book, "skipped");
          break;
        }
        case "node_canceled": {
          const book = bookOf(event.node);
          must(cancelAt !== null, "R11", `${event.node} is canceled without a cancel`);
          if (book.live !== null) endAttempt(book, book.live.attempt);
          settle(book, "canceled");
          break;
        }
        case "cancel_requested":
          must(cancelAt === null, "R11", "a cancel is noted once");
          cancelAt = event.at;
          cancelCause = event.cause;
          if (event.cause === "timeout")
            must(plan.timeoutMs !== null && event.at >= first.at + plan.timeoutMs, "R12", "the run times out in its time");
          break;
        case "run_finished":
          checkEnd(event.status);
          finished = true;
          break;
        default:
          event satisfies never;
      }
    },
    /** Nothing happened between `from` and `to`: nothing may have been due for longer than the slack. */
    pause(from: number, to: number): void {
      const late = (dueAt: number): boolean => to > Math.max(from, dueAt) + options.slackMs;
      const all = [...books.values()];
      if (cancelAt !== null) {
        must(!late(cancelAt + options.cancelGraceMs), "L3", "a canceled run ends");
        must(
          all.every((book) => book.final !== null || book.live !== null),
          "R11",
          "a cancel ends at once whatever does not run",
        );
      }
      for (const book of all) {
        if (book.live !== null && book.plan.timeoutMs !== null)
          must(!late(book.live.startedAt + book.plan.timeoutMs), "L4", `${book.plan.id} runs longer than its timeout`);
        if (book.live?.leaseUntil != null) must(!late(book.live.leaseUntil), "L5", `${book.plan.id} runs on without a sign of life`);
        if (book.final !== null || book.live !== null || cancelAt !== null || live >= plan.concurrency) continue;
        if (!book.plan.needs.every(isGood)) continue;
        must(!late(book.retryAt ?? from), "L2", `${book.plan.id} could start and there is room`);
      }
      if (plan.timeoutMs !== null && cancelAt === null) must(!late(first.at + plan.timeoutMs), "L4", "the run goes on after its timeout");
    },
  };
}
