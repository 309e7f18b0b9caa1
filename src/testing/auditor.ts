// The auditor: reads nothing but the log of one run (and when faults stopped) and says what must never and what must happen. It shares no code with
// the core: graph, policy and status are worked out here a second time. The numbers are those of src/run/SPEC.md.
import type {
  AttemptFailed,
  AttemptStarted,
  CompensationStarted,
  NodeFailed,
  NodeMapped,
  NodeReused,
  NodeSkipped,
  NodeSucceeded,
  NodeWaiting,
  RunEvent,
  RunStarted,
} from "../model/events.ts";
import { type Audit, bookOf, fateOf, fits, get, must, type NodeBook, used, verdict, weightsOf } from "./audit-book.ts";
import { checkEnd } from "./audit-end.ts";

export interface AuditOptions {
  /** How long, in ms, the world may keep an engine from acting: crashes, polls, clocks that step. */
  readonly slackMs: number;
  readonly cancelGraceMs: number;
  readonly interruptionsMax: number;
  /** False while the run still goes on. */
  readonly mustFinish: boolean;
  /** Whether what was reported belongs to the attempt that the event names (the world marks its reports). */
  readonly belongs: (event: AttemptFailed | NodeSucceeded | NodeWaiting | NodeMapped) => boolean;
  /** Nodes that an earlier run had succeeded with, with the rows they had. */
  readonly takeOver: ReadonlyMap<string, number>;
}

export function audit(log: readonly RunEvent[], options: AuditOptions): void {
  const [first] = log;
  must(first?.type === "run_started", "R1", "a log begins with run_started");
  const auditor = createAuditor(first, options);
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

function createAuditor(first: RunStarted, options: AuditOptions) {
  const { plan, leaseMs } = first;
  const books = new Map(first.plan.nodes.map((node) => [node.id, bookOf(node)]));
  const state: Audit = { first, books, takeOver: options.takeOver, cancel: null, compensation: null, successes: [] };
  let { concurrency } = plan;
  let live = 0;
  let paused = false;
  let finished = false;
  let signal: { readonly node: string; readonly accept: boolean } | null = null;

  const isUndo = (book: NodeBook): boolean => book.plan.compensates !== undefined;
  /** Its needs are settled as it wants, or it is its turn to undo. */
  const mayStart = (book: NodeBook): boolean => {
    if (!isUndo(book)) return fateOf(books, book) === "starts";
    const place = state.compensation?.indexOf(book.plan.id) ?? -1;
    return place === 0 || (place > 0 && get(books, state.compensation![place - 1]!).final !== null);
  };
  const noteReady = (at: number): void => {
    for (const book of books.values())
      if (book.final === null && book.attempts === 0 && book.readySince === null && mayStart(book)) book.readySince = at;
  };
  const settle = (book: NodeBook, final: string): void => {
    must(book.final === null, "R4", `${book.plan.id} was ${book.final} and becomes ${final}`);
    book.final = final;
    book.waiting = null;
    if (final === "succeeded" && first.plan.nodes.some((node) => node.compensates === book.plan.id)) state.successes.push(book.plan.id);
  };
  const endAttempt = (book: NodeBook, attempt: number): number => {
    must(book.live !== null && book.live.attempt === attempt, "R7", `${book.plan.id}#${attempt} is reported and is not the live attempt`);
    const { startedAt } = book.live;
    book.live = null;
    live--;
    return startedAt;
  };
  const startAttempt = (event: AttemptStarted): void => {
    const book = get(books, event.node);
    const { id, action, retry } = book.plan;
    must(mayStart(book), "R5", `${id} starts before its needs are settled as it wants`);
    must(book.final === null && book.live === null && book.items === null, "R6", `${id} starts while it is live or settled`);
    must(event.attempt === book.attempts + 1, "R6", `${id} starts attempt ${event.attempt} after ${book.attempts}`);
    book.attempts++;
    must(book.attempts - book.uncounted <= retry.attempts, "R8", `${id} gets more tries than its policy allows`);
    must(action === "build", "R13", `${id} is to be reused and is carried out`);
    must(state.cancel === null || isUndo(book), "R11", `${id} starts after the cancel`);
    must(book.retryAt === null || event.at >= book.retryAt, "R9", `${id} is tried again before its time`);
    if (book.waiting !== null)
      must(book.waiting.until !== null && event.at >= book.waiting.until, "R21", `${id} goes on before its wait is over`);
    must(!paused, "R24", `${id} starts while the run is paused`);
    for (const [pool, weight] of weightsOf(book)) {
      const limit = plan.limits?.[pool];
      must(limit === undefined || used(books, pool) + weight <= limit, "R25", `${id} takes more of ${pool} than its ${limit} places`);
    }
    if (event.attempt === 1) checkOrder(book);
    must(event.leaseUntil === (leaseMs === null ? null : event.at + leaseMs), "R14", `${id} has a lease of the right length`);
    book.live = { attempt: event.attempt, startedAt: event.at, leaseUntil: event.leaseUntil };
    book.startedAt = event.at;
    book.retryAt = null;
    book.waiting = null;
    book.readySince = null;
    live++;
    must(live <= concurrency, "R10", `${live} attempts run at once, ${concurrency} may`);
  };
  /** What starts for the first time is, of all that may, the first by priority and place. */
  const checkOrder = (book: NodeBook): void => {
    let isBefore = true;
    for (const other of books.values()) {
      if (other === book) {
        isBefore = false;
        continue;
      }
      if (other.final !== null || other.attempts > 0 || !mayStart(other) || !fits(books, plan, other)) continue;
      const mine = book.plan.priority ?? 0;
      const its = other.plan.priority ?? 0;
      must(
        its < mine || (its === mine && !isBefore),
        "R19",
        `${book.plan.id} starts before ${other.plan.id}, which is ready and goes first`,
      );
    }
  };
  const failAttempt = (event: AttemptFailed): void => {
    const book = get(books, event.node);
    const lease = book.live?.leaseUntil ?? null;
    const startedAt = endAttempt(book, event.attempt);
    must(options.belongs(event), "R7", `${event.node}#${event.attempt} fails by the report of another attempt`);
    must(state.cancel === null || isUndo(book), "R11", `${event.node} fails after the cancel; it should be canceled`);
    const { retry, timeoutMs } = book.plan;
    const tries = book.attempts - book.uncounted;
    if (event.reason === "interrupted") {
      book.interruptions++;
      book.uncounted++;
      if (event.error.message.includes("no sign of life"))
        must(lease !== null && event.at >= lease, "R14", `${event.node} is given up while its lease holds`);
      const again = book.interruptions <= options.interruptionsMax;
      must(
        event.retryAt === (again ? event.at : null),
        "R8",
        `${event.node} goes on at once after an interruption, until there were too many`,
      );
    } else {
      const { retryable, retryAfterMs } = event.error;
      const kind = !retryable
        ? "terminal"
        : event.reason !== "error"
          ? event.reason
          : retryAfterMs === undefined
            ? "retryable"
            : "rateLimited";
      const again = (retry.on ?? ["retryable", "rateLimited", "timeout", "lost"]).includes(kind) && tries < retry.attempts;
      must((event.retryAt !== null) === again, "R8", `${event.node} is tried again exactly when policy says so (${kind}, ${tries} failed)`);
      if (event.retryAt !== null) {
        const full = Math.min(retry.maxDelayMs, retry.delayMs * Math.pow(retry.factor, tries - 1));
        const wished = retryAfterMs ?? 0;
        const most = Math.max(full, wished);
        const least = Math.max(retry.jitter ? full / 2 : full, wished);
        const waits = event.retryAt - event.at;
        must(waits >= least - 1 && waits <= most + 1, "R9", `${event.node} waits ${waits} ms, policy says ${least} to ${most}`);
      } else
        must(
          JSON.stringify(event.fallback) === JSON.stringify(book.plan.fallback),
          "R27",
          `${event.node} answers its fallback when its last try has failed`,
        );
    }
    if (event.reason === "timeout")
      must(timeoutMs !== null && event.at >= startedAt + timeoutMs, "R12", `${event.node} times out before its time`);
    if (event.retryAt === null) settle(book, event.fallback === undefined ? "failed" : "succeeded");
    book.retryAt = event.retryAt;
  };
  const succeed = (event: NodeSucceeded): void => {
    const book = get(books, event.node);
    must(event.tookMs === event.at - book.startedAt, "R15", `${event.node} took ${event.at - book.startedAt} ms, not ${event.tookMs}`);
    if (book.items !== null) {
      const good = book.items.every((item) => item.final !== null && verdict(books, item) !== "bad");
      must(good, "R22", `${event.node} succeeds before its items have`);
    } else if (book.waiting !== null)
      must(
        book.waiting.kind === "approval" && signal?.node === event.node && signal.accept,
        "R26",
        `${event.node} succeeds without an approval`,
      );
    else {
      endAttempt(book, event.attempt);
      must(options.belongs(event), "R7", `${event.node}#${event.attempt} succeeds by the report of another attempt`);
    }
    settle(book, event.reused === true ? "reused" : "succeeded");
  };
  const failUnattempted = (event: NodeFailed): void => {
    const book = get(books, event.node);
    const { queueTimeoutMs, timeoutMs } = book.plan;
    must(book.live === null && (state.cancel === null || isUndo(book)), "R11", `${event.node} fails while it runs, or after the cancel`);
    if (book.items !== null)
      must(
        book.items.every((item) => item.final !== null) && book.items.some((item) => verdict(books, item) === "bad"),
        "R22",
        `${event.node} fails though its items did not`,
      );
    else if (event.error.code === "MR6010")
      must(
        book.waiting?.kind === "approval" && signal?.node === event.node && !signal.accept,
        "R26",
        `${event.node} is rejected by nobody`,
      );
    else if (book.waiting !== null)
      must(timeoutMs !== null && event.at >= book.waitsSince! + timeoutMs, "R29", `${event.node} waited too long before its time`);
    else
      must(
        queueTimeoutMs !== undefined && book.readySince !== null && event.at >= book.readySince + queueTimeoutMs,
        "R29",
        `${event.node} found no place before its time`,
      );
    settle(book, "failed");
  };
  const reuse = (event: NodeReused): void => {
    const book = get(books, event.node);
    must(book.attempts === 0, "R13", `${event.node} is reused after it was tried`);
    if (event.from !== null) {
      must(options.takeOver.get(event.node) === event.rows?.loaded, "R13", `${event.node} is taken over with the facts it had`);
      must(event.from === first.fromRun, "R13", "facts come from the run that was named");
      for (const need of book.plan.needs)
        must(get(books, need).final === "reused", "R13", `${event.node} is taken over and stands on ${need}, which is not`);
    } else must(book.plan.action === "reuse", "R13", `${event.node} is reused against the plan`);
    settle(book, "reused");
  };
  const skip = (event: NodeSkipped): void => {
    const book = get(books, event.node);
    if (book.live !== null) {
      must(event.because === null && event.why === `attempt ${book.live.attempt}`, "R17", `${event.node} is skipped while it runs`);
      endAttempt(book, book.live.attempt);
    } else if (!isUndo(book)) {
      must(fateOf(books, book) === "never", "R17", `${event.node} is skipped and could still start`);
      must((event.because === null) === (book.plan.when === "failed"), "R17", `${event.node} is skipped and names no cause`);
    }
    book.because = event.because;
    settle(book, "skipped");
  };
  const wait = (event: NodeWaiting): void => {
    const book = get(books, event.node);
    const startedAt = endAttempt(book, event.attempt);
    must(options.belongs(event), "R7", `${event.node}#${event.attempt} waits by the report of another attempt`);
    must(state.cancel === null || isUndo(book), "R11", `${event.node} waits after the cancel`);
    book.waitsSince ??= startedAt;
    book.waiting = { kind: event.wait.kind, until: event.wait.until };
    book.uncounted = book.attempts;
  };
  const map = (event: NodeMapped): void => {
    const book = get(books, event.node);
    endAttempt(book, event.attempt);
    must(options.belongs(event), "R7", `${event.node}#${event.attempt} is mapped by the report of another attempt`);
    must(book.plan.mapped === true, "R22", `${event.node} is mapped against the plan`);
    const { compensates: _, mapped: __, ...node } = book.plan;
    book.items = event.items.map((_item, index) => bookOf({ ...node, id: `${event.node}[${index}]`, needs: [] }, book));
    for (const item of book.items) books.set(item.plan.id, item);
  };
  const compensate = (event: CompensationStarted): void => {
    must(plan.onFailure === "compensate" && state.compensation === null, "R23", "undos begin once, where the plan says so");
    must(state.cancel?.cause !== "request", "R23", "what a person canceled is not undone");
    const main = [...books.values()].filter((book) => !isUndo(book));
    must(
      main.every((book) => book.final !== null) && main.some((book) => verdict(books, book) === "bad"),
      "R23",
      "undos begin when all else has ended badly",
    );
    const expected = state.successes.toReversed().map((target) => first.plan.nodes.find((node) => node.compensates === target)!.id);
    must(event.nodes.join() === expected.join(), "R23", `undos run newest success first: ${expected.join()}`);
    state.compensation = event.nodes;
  };

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
          const book = get(books, event.node);
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
        case "node_failed":
          failUnattempted(event);
          break;
        case "node_reused":
          reuse(event);
          break;
        case "node_skipped":
          skip(event);
          break;
        case "node_waiting":
          wait(event);
          break;
        case "node_mapped":
          map(event);
          break;
        case "node_signaled": {
          const book = get(books, event.node);
          must(book.waiting !== null, "R26", `${event.node} is signaled and does not wait`);
          signal = { node: event.node, accept: event.signal.accept };
          if (book.waiting.kind !== "approval") book.waiting = { ...book.waiting, until: event.at };
          break;
        }
        case "node_canceled": {
          const book = get(books, event.node);
          must(state.cancel !== null || event.by !== undefined, "R11", `${event.node} is canceled without a cancel`);
          if (book.live !== null) endAttempt(book, book.live.attempt);
          settle(book, "canceled");
          break;
        }
        case "cancel_requested":
          must(state.cancel === null, "R11", "a cancel is noted once");
          state.cancel = { at: event.at, cause: event.cause };
          if (event.cause === "timeout")
            must(plan.timeoutMs !== null && event.at >= first.at + plan.timeoutMs, "R12", "the run times out in its time");
          break;
        case "run_paused":
          must(!paused, "R24", "a run is paused once");
          paused = true;
          break;
        case "run_resumed":
          must(paused, "R24", "what was not paused is not resumed");
          paused = false;
          break;
        case "concurrency_changed":
          concurrency = event.concurrency;
          break;
        case "compensation_started":
          compensate(event);
          break;
        case "run_finished":
          checkEnd(state, event.status);
          finished = true;
          break;
        default:
          event satisfies never;
      }
      noteReady(event.at);
    },
    /** Nothing happened between `from` and `to`: nothing may have been due for longer than the slack. */
    pause(from: number, to: number): void {
      const late = (dueAt: number): boolean => to > Math.max(from, dueAt) + options.slackMs;
      const { cancel } = state;
      for (const book of books.values()) {
        const { id, timeoutMs, queueTimeoutMs } = book.plan;
        if (cancel !== null && !isUndo(book)) {
          must(book.final !== null || !late(cancel.at + options.cancelGraceMs), "L3", "a canceled run ends");
          must(book.final !== null || book.live !== null, "R11", "a cancel ends at once whatever does not run");
        }
        if (book.live !== null && timeoutMs !== null)
          must(!late(book.live.startedAt + timeoutMs), "L4", `${id} runs longer than its timeout`);
        must(
          cancel !== null || book.parent?.final !== "canceled" || book.final !== null,
          "R28",
          `${id} goes on though ${book.parent?.plan.id} was canceled`,
        );
        if (book.live?.leaseUntil != null) must(!late(book.live.leaseUntil), "L5", `${id} runs on without a sign of life`);
        if (book.items !== null && book.final === null)
          must(
            book.items.some((item) => item.final === null),
            "L7",
            `${id} ends with its last item`,
          );
        if (book.waiting !== null && timeoutMs !== null)
          must(!late(book.waitsSince! + timeoutMs), "L4", `${id} waits longer than its timeout`);
        if (book.final !== null || book.live !== null || book.items !== null) continue;
        if (!isUndo(book)) must(fateOf(books, book) !== "never", "R17", `${id} can no longer start and is not skipped`);
        if (book.readySince !== null && queueTimeoutMs !== undefined)
          must(!late(book.readySince + queueTimeoutMs), "L4", `${id} waits for a place longer than its queueTimeout`);
        if ((cancel !== null && !isUndo(book)) || paused || live >= concurrency || !mayStart(book) || !fits(books, plan, book)) continue;
        const dueAt = book.waiting === null ? (book.retryAt ?? from) : book.waiting.until;
        if (dueAt !== null) must(!late(dueAt), "L2", `${id} could start and there is room`);
      }
      if (plan.timeoutMs !== null && cancel === null) must(!late(first.at + plan.timeoutMs), "L4", "the run goes on after its timeout");
    },
  };
}
