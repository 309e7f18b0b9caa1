// The isolation dial: a function of the user's, carried out where its asset or task says. Inline, in a thread or in a process it is the same function
// with the same context; what it prints goes to the log of its attempt, what it throws comes out here.
//   D1. Workers are kept warm, per kind and memory limit, and end with this process.
//   D2. Batches cross one ahead of who takes them, so that a fast function fills nobody's memory.
//   D3. A process sees the environment without the project's secrets, but for those that its `isolation` names.
import { availableParallelism } from "node:os";
import type { Attempt, AttemptLog, AttemptResult, Executor } from "../model/attempt.ts";
import type { Isolation } from "../model/definitions/isolation.ts";
import { MillraceError } from "../model/errors.ts";
import { stepsWithConsole, withConsole } from "../platform/console.ts";
import { createChildProcessExecutor } from "./child-process.ts";
import { createHandover } from "./handover.ts";
import { fromBuffer } from "./rows-buffer.ts";
import { buffersOf, partsOf, type UserCall, type UserFunction } from "./user-code.ts";
import type { WorkerAttemptOptions } from "./worker-attempt.ts";
import { createWorkerThreadExecutor } from "./worker-thread.ts";
import type { WorkerPool } from "./worker-pool.ts";

/** Of one kind with one memory limit; a process takes 90 MB before it does anything. */
const WORKERS_MAX = Math.max(4, 2 * availableParallelism());

export interface IsolatorOptions {
  /** The module that carries the functions out, made with `new URL("./name.ts", import.meta.url)`. */
  readonly module: URL;
  /** Names of environment variables that are secrets. Default: none. */
  readonly secretNames?: () => Iterable<string>;
}

/** Whose function it is and how it may run. */
export interface Surroundings {
  readonly node: string;
  /** Undefined: inline. */
  readonly isolation: Isolation | undefined;
  readonly signal: AbortSignal;
  readonly log: AttemptLog;
  /** The attempt that it is part of, where it is known. */
  readonly attempt?: Pick<Attempt, "run" | "attempt" | "token" | "beat">;
}

type Context = Readonly<Record<string, unknown>>;

export interface Isolator {
  /** What a generator function yields. `inline` calls it here. */
  batches<Batch>(
    code: UserFunction,
    surroundings: Surroundings,
    context: object,
    inline: () => AsyncIterable<Batch> | Iterable<Batch>,
  ): AsyncGenerator<Batch>;
  /** What a function returns; JSON where it does not run inline. */
  value(code: UserFunction, surroundings: Surroundings, context: object, inline: () => unknown): Promise<unknown>;
  close(): Promise<void>;
}

export function createIsolator({ module, secretNames = () => [] }: IsolatorOptions): Isolator {
  const executors = new Map<string, Executor & WorkerPool>();

  const executorOf = ({ kind, memoryBytes }: Isolation): Executor & WorkerPool => {
    const key = `${kind} ${memoryBytes}`;
    let executor = executors.get(key);
    if (executor === undefined) {
      const options = { module, workers: WORKERS_MAX, limits: { memoryBytes, cpuMs: null } };
      executor =
        kind === "thread"
          ? createWorkerThreadExecutor(options)
          : createChildProcessExecutor({ ...options, env: () => environmentWithout(secretNames()) });
      executors.set(key, executor);
    }
    return executor;
  };
  const run = (
    code: UserFunction,
    { node, log, attempt }: Surroundings,
    isolation: Isolation,
    context: Context,
    own: { readonly answers: UserCall["answers"]; readonly signal: AbortSignal; readonly calls: WorkerAttemptOptions["calls"] },
  ): Promise<AttemptResult> => {
    const parts = partsOf(context);
    const call: UserCall = { ...code, ...parts, answers: own.answers, env: secretsFor(isolation) };
    const callContext = (what: { readonly name: string; readonly given: readonly unknown[] }): unknown => {
      if (!parts.calls.includes(what.name)) throw new Error(`assertion: there is no function ${what.name} in the context`);
      return (context[what.name] as (...given: readonly unknown[]) => unknown)(...what.given);
    };
    const { memoryBytes, cpuMs } = isolation;
    return executorOf(isolation).run(attemptOf(node, log, own.signal, attempt), {
      payload: () => call,
      calls: { ...own.calls, context: callContext },
      streams: { rows: (what: { readonly name: string; readonly given: readonly unknown[] }) => buffersOf(context, what) },
      limits: { memoryBytes, cpuMs },
    });
  };

  return {
    async *batches<Batch>(
      code: UserFunction,
      surroundings: Surroundings,
      context: object,
      inline: () => AsyncIterable<Batch> | Iterable<Batch>,
    ): AsyncGenerator<Batch> {
      const { isolation, signal, log, node } = surroundings;
      if (isolation === undefined || isolation.kind === "inline") {
        yield* stepsWithConsole(log, inline);
        return;
      }
      const handover = createHandover<Uint8Array>();
      const stopped = new AbortController();
      const calls = { yield: (buffer: Uint8Array) => handover.put(buffer) };
      const own = { answers: "batches", signal: AbortSignal.any([signal, stopped.signal]), calls } as const;
      const done = run(code, surroundings, isolation, context as Context, own).then(
        () => handover.end(),
        (error: unknown) => handover.fail(error),
      );
      try {
        for await (const buffer of handover.taken) yield fromBuffer(buffer) as Batch;
      } finally {
        stopped.abort(new MillraceError({ code: "MR6007", message: `nobody takes what ${node} yields any more` }));
        handover.end();
        await done;
      }
    },
    async value(code, surroundings, context, inline) {
      const { isolation, signal, log } = surroundings;
      if (isolation === undefined || isolation.kind === "inline") return withConsole(log, inline);
      return (await run(code, surroundings, isolation, context as Context, { answers: "value", signal, calls: {} })).output;
    },
    async close() {
      await Promise.all([...executors.values()].map((executor) => executor.close()));
      executors.clear();
    },
  };
}

/** D3. */
function environmentWithout(secretNames: Iterable<string>): NodeJS.ProcessEnv {
  const env = { ...process.env };
  for (const name of secretNames) delete env[name];
  return env;
}

function secretsFor({ kind, env }: Isolation): Readonly<Record<string, string>> {
  if (kind !== "process") return {};
  return Object.fromEntries(
    env.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value] as const];
    }),
  );
}

function attemptOf(node: string, log: AttemptLog, signal: AbortSignal, known: Surroundings["attempt"]): Attempt {
  return {
    run: known?.run ?? "",
    attempt: known?.attempt ?? 1,
    token: known?.token ?? node,
    node,
    log,
    signal,
    waits: 0,
    firstStartedAt: 0,
    signaled: null,
    now: () => 0,
    earlier: () => undefined,
    beat: () => known?.beat(),
  };
}
