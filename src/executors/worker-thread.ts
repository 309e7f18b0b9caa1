// The worker-thread executor: carries attempts out in a pool of warm threads, one at a time in each, so that users' code cannot hold up the engine.
//   T1. A thread that dies ends its attempt as lost (MR6004, worth another try) and is replaced.
//   T2. An attempt that does not heed its abort within the grace is ended with its thread.
//   T3. What users' code prints becomes lines of the attempt's log: stdout belongs to the data that was asked for.
import type { Readable } from "node:stream";
import type { Worker } from "node:worker_threads";
import type { Attempt, AttemptResult, Executor, LogLevel } from "../model/attempt.ts";
import { asMillraceError, MillraceError, messageOf } from "../model/errors.ts";
import { startThread } from "../platform/thread.ts";
import { type FromThread, fromRecord, toRecord, type ToThread } from "./thread-protocol.ts";

const ABORT_GRACE_MS = 5_000;

export interface WorkerThreadOptions {
  /** A module of ours that calls `serveAttempts`, made with `new URL("./name.ts", import.meta.url)`. */
  readonly module: URL;
  /** Threads at most; they are started when they are needed and then kept. */
  readonly threads: number;
  /** What the thread is given beside the attempt; structured-clonable. */
  readonly payload?: (attempt: Attempt) => unknown;
  /** What the thread may ask of this one. */
  readonly calls?: Readonly<Record<string, (argument: never, attempt: Attempt) => unknown>>;
  readonly streams?: Readonly<Record<string, (argument: never, attempt: Attempt) => AsyncIterable<unknown>>>;
  /** Default 5,000. */
  readonly abortGraceMs?: number;
  readonly memoryMbMax?: number;
}

interface Thread {
  readonly worker: Worker;
  /** Takes what the thread says while it has an attempt. */
  listener: ((message: FromThread) => void) | null;
  /** Told when the thread is no more. */
  onDeath: ((error: unknown) => void) | null;
  log: ((level: LogLevel, message: string) => void) | null;
  error: unknown;
}

export function createWorkerThreadExecutor(options: WorkerThreadOptions): Executor {
  const idle: Thread[] = [];
  const all = new Set<Thread>();
  const queue: ((thread: Thread) => void)[] = [];
  let closed = false;

  const start = (): Thread => {
    const limits = options.memoryMbMax === undefined ? {} : { resourceLimits: { maxOldGenerationSizeMb: options.memoryMbMax } };
    const worker = startThread(options.module, { stdout: true, stderr: true, ...limits });
    const thread: Thread = { worker, listener: null, onDeath: null, log: null, error: undefined };
    all.add(thread);
    onLines(worker.stdout, (line) => thread.log?.("info", line));
    onLines(worker.stderr, (line) => thread.log?.("warn", line));
    worker.on("message", (message: FromThread) => thread.listener?.(message));
    worker.on("error", (error) => {
      thread.error = error;
    });
    worker.on("exit", (exitCode) => {
      all.delete(thread);
      const place = idle.indexOf(thread);
      if (place >= 0) idle.splice(place, 1);
      thread.onDeath?.(thread.error ?? new Error(`the thread ended with exit code ${exitCode}`));
      const next = closed ? undefined : queue.shift();
      if (next !== undefined) next(start());
    });
    return thread;
  };
  const release = (thread: Thread): void => {
    thread.listener = null;
    thread.onDeath = null;
    thread.log = null;
    const next = queue.shift();
    if (next !== undefined) return next(thread);
    thread.worker.unref();
    idle.push(thread);
  };
  /** A free thread, a new one, or the first that becomes free; rejects when `signal` is aborted before. */
  const acquire = (signal: AbortSignal): Promise<Thread> => {
    const free = idle.pop();
    if (free !== undefined) return Promise.resolve(free);
    if (all.size < options.threads) return Promise.resolve(start());
    return new Promise((resolve, reject) => {
      const take = (thread: Thread): void => {
        signal.removeEventListener("abort", onAbort);
        resolve(thread);
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
    name: "worker thread",
    async run(attempt) {
      if (attempt.signal.aborted) throw attempt.signal.reason;
      const thread = await acquire(attempt.signal);
      thread.worker.ref();
      return carryOut(thread, attempt, options, () => release(thread));
    },
    async close() {
      closed = true;
      await Promise.all([...all].map(({ worker }) => worker.terminate()));
    },
  };
}

function carryOut(thread: Thread, attempt: Attempt, options: WorkerThreadOptions, release: () => void): Promise<AttemptResult> {
  const { signal } = attempt;
  const streams = new Map<number, AsyncIterator<unknown>>();
  return new Promise<AttemptResult>((resolve, reject) => {
    let killer: NodeJS.Timeout | undefined;
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    const send = (message: ToThread): void => thread.worker.postMessage(message);
    const end = (settle: () => void): void => {
      clearTimeout(killer);
      signal.removeEventListener("abort", onAbort);
      for (const iterator of streams.values()) void Promise.resolve(iterator.return?.()).catch(() => {}); // its failure is no longer anyone's concern
      settle();
    };
    const onAbort = (): void => {
      send({ type: "abort", reason: toRecord(signal.reason) });
      killer = setTimeout(() => void thread.worker.terminate(), options.abortGraceMs ?? ABORT_GRACE_MS);
    };
    const answer = async (id: number, work: () => unknown): Promise<void> => {
      try {
        send({ type: "answer", id, value: await work() });
      } catch (error) {
        send({ type: "refusal", id, error: toRecord(error) });
      }
    };
    thread.log = attempt.log;
    thread.onDeath = (error) =>
      end(() => {
        if (signal.aborted) return reject(asMillraceError(signal.reason));
        reject(
          new MillraceError({
            code: "MR6004",
            message: `the worker of ${attempt.node} died: ${messageOf(error)}`,
            retryable: true,
            cause: error,
          }),
        );
      });
    thread.listener = (message) => {
      switch (message.type) {
        case "succeeded":
          return end(() => {
            release();
            resolve(message.result);
          });
        case "failed":
          return end(() => {
            release();
            reject(fromRecord(message.error));
          });
        case "log":
          return attempt.log(message.level, message.message);
        case "call":
          return void answer(message.id, () => handlerOf(options.calls, message.name)(message.argument as never, attempt));
        case "pull":
          return void answer(message.id, () => {
            const open = (): AsyncIterator<unknown> =>
              handlerOf(options.streams, message.name)(message.argument as never, attempt)[Symbol.asyncIterator]();
            const iterator = streams.get(message.stream) ?? open();
            streams.set(message.stream, iterator);
            return iterator.next();
          });
        case "endStream": {
          const iterator = streams.get(message.stream);
          streams.delete(message.stream);
          return void Promise.resolve(iterator?.return?.()).catch(() => {}); // nobody reads it any more
        }
        default:
          message satisfies never;
      }
    };
    try {
      const { run, node, attempt: number, token } = attempt;
      send({ type: "begin", run, node, attempt: number, token, payload: options.payload?.(attempt) });
    } catch (error) {
      return end(() => {
        release();
        reject(new MillraceError({ code: "MR6008", message: `${attempt.node}: ${messageOf(error)}`, cause: error }));
      });
    }
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
  });
}

function handlerOf<T>(handlers: Readonly<Record<string, T>> | undefined, name: string): T {
  const handler = handlers !== undefined && Object.hasOwn(handlers, name) ? handlers[name] : undefined;
  if (handler === undefined) throw new Error(`assertion: the thread asks for ${name}, which nobody answers`);
  return handler;
}

function onLines(stream: Readable, tell: (line: string) => void): void {
  let rest = "";
  stream.setEncoding("utf8");
  stream.on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) tell(line);
  });
}
