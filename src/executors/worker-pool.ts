// Warm workers, one attempt at a time in each. Starting one costs 50–170 ms, so they are kept and used again.
//   P1. A worker that dies ends its attempt as lost (MR6004, worth another try) and is replaced.
//   P2. An attempt that does not heed its abort within the grace is ended with its worker.
//   P3. What users' code prints becomes lines of the attempt's log: stdout belongs to the data that was asked for.
//   P4. A worker that has grown, or has carried out many attempts, makes place for a new one.
import type { Attempt, Executor } from "../model/attempt.ts";
import { onLines } from "../platform/log-lines.ts";
import { carryOut, type Worker, type WorkerAttemptOptions } from "./worker-attempt.ts";
import type { WorkerLink } from "./worker-link.ts";

const IDLE_MAX = 2;
/** How long more than those stay: the next attempt of a burst comes soon. */
const LINGER_MS = 5_000;
const ATTEMPTS_MAX = 500;

export interface WorkerPoolOptions extends WorkerAttemptOptions {
  /** Workers at most; they are started when they are needed. */
  readonly workers: number;
  /** Of them that stay when nothing is to be done for a while. Default 2. */
  readonly idleMax?: number;
  /** Attempts that a worker carries out before another takes its place. Default 500. */
  readonly attemptsMax?: number;
}

export interface WorkerPool {
  /** `own` goes before the pool's options. */
  run(attempt: Attempt, own?: WorkerAttemptOptions): ReturnType<Executor["run"]>;
  close(): Promise<void>;
}

interface Member extends Worker {
  attempts: number;
  leaving: NodeJS.Timeout | undefined;
}

export function createWorkerPool(options: WorkerPoolOptions, startLink: () => WorkerLink): WorkerPool {
  const { workers, idleMax = IDLE_MAX, attemptsMax = ATTEMPTS_MAX } = options;
  const idle: Member[] = [];
  const all = new Set<Member>();
  const queue: ((worker: Member) => void)[] = [];
  let closed = false;
  let onEmpty = (): void => {};

  const start = (): Member => {
    const link = startLink();
    const worker: Member = { link, listener: null, onDeath: null, onOutput: null, attempts: 0, leaving: undefined };
    all.add(worker);
    onLines(link.stdout, (line) => worker.onOutput?.("stdout", line));
    onLines(link.stderr, (line) => worker.onOutput?.("stderr", line));
    link.onMessage((message) => worker.listener?.(message));
    link.onDeath((death) => {
      forget(worker);
      worker.onDeath?.(death);
    });
    return worker;
  };
  const forget = (worker: Member): void => {
    if (!all.delete(worker)) return;
    clearTimeout(worker.leaving);
    const place = idle.indexOf(worker);
    if (place >= 0) idle.splice(place, 1);
    if (all.size === 0) onEmpty();
    const next = closed ? undefined : queue.shift();
    if (next !== undefined) next(start());
  };
  const retire = (worker: Member): void => {
    forget(worker);
    worker.link.kill();
  };
  const release = async (worker: Member): Promise<void> => {
    worker.listener = null;
    worker.onDeath = null;
    worker.onOutput = null;
    if (!all.has(worker)) return;
    if (worker.attempts >= attemptsMax || (await worker.link.isWorn())) return retire(worker);
    const next = queue.shift();
    if (next !== undefined) return next(worker);
    worker.link.hold("idle");
    if (idle.push(worker) <= idleMax) return;
    worker.leaving = setTimeout(() => {
      if (idle.length > idleMax) retire(worker);
    }, LINGER_MS);
    worker.leaving.unref();
  };
  /** A free worker, a new one, or the first that becomes free; rejects when `signal` is aborted before. */
  const acquire = (signal: AbortSignal): Promise<Member> => {
    const free = idle.pop();
    if (free !== undefined) {
      clearTimeout(free.leaving);
      return Promise.resolve(free);
    }
    if (all.size < workers) return Promise.resolve(start());
    return new Promise((resolve, reject) => {
      const take = (worker: Member): void => {
        signal.removeEventListener("abort", onAbort);
        resolve(worker);
      };
      const onAbort = (): void => {
        const place = queue.indexOf(take);
        if (place >= 0) queue.splice(place, 1);
        reject(signal.reason as Error);
      };
      signal.addEventListener("abort", onAbort, { once: true });
      queue.push(take);
    });
  };

  return {
    async run(attempt, own = {}) {
      if (attempt.signal.aborted) throw attempt.signal.reason;
      const worker = await acquire(attempt.signal);
      worker.link.hold("busy");
      worker.attempts++;
      return carryOut(worker, attempt, { ...options, ...own }, () => void release(worker));
    },
    async close() {
      closed = true;
      if (all.size === 0) return;
      const empty = new Promise<void>((resolve) => {
        onEmpty = resolve;
      });
      for (const { link } of all) {
        link.hold("busy"); // its end is waited for
        link.kill();
      }
      await empty;
    },
  };
}
