// One attempt on one worker, seen from the engine's side: begin, lines, questions, end, death.
import type { Attempt, AttemptLog, AttemptResult, LogLevel } from "../model/attempt.ts";
import { asMillraceError, MillraceError, messageOf } from "../model/errors.ts";
import { logOutput } from "../platform/log-lines.ts";
import { type ProcessLimits, tooMuch } from "../platform/process-usage.ts";
import type { WorkerDeath, WorkerLink } from "./worker-link.ts";
import { END_OF_OUTPUT, fromThrown, type FromWorker, toThrown, type ToWorker } from "./worker-protocol.ts";

export const ABORT_GRACE_MS = 5_000;
/** How long the end of an attempt waits for the end of what it printed. */
const OUTPUT_GRACE_MS = 1_000;

export interface WorkerAttemptOptions {
  /** What the worker is given beside the attempt; structured-clonable. */
  readonly payload?: (attempt: Attempt) => unknown;
  /** What the worker may ask of this side. */
  readonly calls?: Readonly<Record<string, (argument: never, attempt: Attempt) => unknown>>;
  readonly streams?: Readonly<Record<string, (argument: never, attempt: Attempt) => AsyncIterable<unknown>>>;
  /** Default 5,000. */
  readonly abortGraceMs?: number;
  readonly limits?: ProcessLimits;
}

/** A worker and who listens to it now; the pool has hung itself to the link once. */
export interface Worker {
  readonly link: WorkerLink;
  listener: ((message: FromWorker) => void) | null;
  onDeath: ((death: WorkerDeath) => void) | null;
  onOutput: ((stream: "stdout" | "stderr", line: string) => void) | null;
}

/** Settles when the attempt has ended; `release` is called when the worker is free for another. */
export function carryOut(worker: Worker, attempt: Attempt, options: WorkerAttemptOptions, release: () => void): Promise<AttemptResult> {
  const { signal } = attempt;
  const { link } = worker;
  const streams = new Map<number, AsyncIterator<unknown>>();
  const output = outputOf(attempt.log);
  return new Promise<AttemptResult>((resolve, reject) => {
    let killer: NodeJS.Timeout | undefined;
    let over: MillraceError | undefined;
    let dying: string | undefined;
    let watch: { readonly stop: () => void } | undefined;
    const close = (): void => {
      clearTimeout(killer);
      watch?.stop();
      signal.removeEventListener("abort", onAbort);
      for (const iterator of streams.values()) void Promise.resolve(iterator.return?.()).catch(() => {}); // its failure is no longer anyone's concern
    };
    const end = (settle: () => void): void => {
      close();
      void output.ended().then(release).then(settle);
    };
    const onAbort = (): void => {
      send({ type: "abort", reason: toThrown(signal.reason) });
      killer = setTimeout(() => link.kill(), options.abortGraceMs ?? ABORT_GRACE_MS);
    };
    const send = (message: ToWorker): void => link.send(message);
    const answer = async (id: number, work: () => unknown): Promise<void> => {
      try {
        send({ type: "answer", id, value: await work() });
      } catch (error) {
        send({ type: "refusal", id, error: toThrown(error) });
      }
    };
    const watchOver = (): typeof watch => {
      const { limits } = options;
      if (limits === undefined) return undefined;
      return link.watch(limits, (what) => {
        over = tooMuch(attempt.node, what, limits);
        link.kill();
      });
    };
    worker.onOutput = (stream, line) => output.line(stream, line);
    worker.onDeath = (death) => {
      close();
      if (over !== undefined) return reject(over);
      if (death.over !== undefined) return reject(tooMuch(attempt.node, death.over, options.limits ?? { memoryBytes: null, cpuMs: null }));
      if (signal.aborted) return reject(asMillraceError(signal.reason));
      const message = `the worker of ${attempt.node} died: ${dying ?? death.message}`;
      reject(new MillraceError({ code: "MR6004", message, retryable: true, cause: new Error(dying ?? death.message) }));
    };
    worker.listener = (message) => {
      attempt.beat?.();
      switch (message.type) {
        case "started":
          watch = watchOver();
          return;
        case "succeeded":
          return end(() => resolve(message.result));
        case "failed":
          return end(() => reject(fromThrown(message.error)));
        case "log":
          for (const [level, text, fields] of message.lines) attempt.log(level, text, fields);
          return;
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
        case "dying":
          dying = message.message;
          return;
        default:
          message satisfies never;
      }
    };
    try {
      const { run, node, attempt: number, token } = attempt;
      send({ type: "begin", run, node, attempt: number, token, payload: options.payload?.(attempt) });
    } catch (error) {
      close();
      release();
      return reject(new MillraceError({ code: "MR6008", message: `${attempt.node}: ${messageOf(error)}`, cause: error }));
    }
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
  });
}

/** Lines that the worker prints, and when the last of an attempt has come. */
function outputOf(log: AttemptLog): { line(stream: "stdout" | "stderr", line: string): void; ended(): Promise<void> } {
  const levels: Readonly<Record<"stdout" | "stderr", LogLevel>> = { stdout: "info", stderr: "warn" };
  const open = new Set(["stdout", "stderr"]);
  let tell = (): void => {};
  return {
    line(stream, line) {
      if (!line.endsWith(END_OF_OUTPUT)) return logOutput(log, levels[stream], line);
      logOutput(log, levels[stream], line.slice(0, -END_OF_OUTPUT.length));
      open.delete(stream);
      if (open.size === 0) tell();
    },
    ended: () =>
      open.size === 0
        ? Promise.resolve()
        : new Promise((resolve) => {
            const timer = setTimeout(resolve, OUTPUT_GRACE_MS);
            tell = () => {
              clearTimeout(timer);
              resolve();
            };
          }),
  };
}

function handlerOf<T>(handlers: Readonly<Record<string, T>> | undefined, name: string): T {
  const handler = handlers !== undefined && Object.hasOwn(handlers, name) ? handlers[name] : undefined;
  if (handler === undefined) throw new Error(`assertion: the worker asks for ${name}, which nobody answers`);
  return handler;
}
