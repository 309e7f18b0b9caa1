// What crosses to a worker that carries out a function of the user's, and what it is called there: the function by its place in the project, its
// context without what cannot cross. `read` and `query` become streams, other functions of the context calls; `http`, `log` and `signal` are made
// anew in the worker.
import { fromBuffer, toBuffer } from "./rows-buffer.ts";
import type { WorkerAttempt } from "./worker-server.ts";

/** A function of the user's: `path` leads to it from what the module exports. */
export interface UserFunction {
  /** Absolute. */
  readonly projectDir: string;
  readonly module: string;
  readonly exportName: string;
  readonly path: readonly string[];
  /** Changes when the module does, so that a warm worker loads it again. */
  readonly codeHash: string;
}

export interface UserCall extends UserFunction {
  /** Is it a generator function? */
  readonly answers: "batches" | "value";
  /** The plain part of the context. */
  readonly plain: Readonly<Record<string, unknown>>;
  /** Names of its functions that answer rows in batches, and of those that answer values. */
  readonly streams: readonly string[];
  readonly calls: readonly string[];
  /** Secrets of the environment that the code may see. */
  readonly env: Readonly<Record<string, string>>;
}

/** Made anew in the worker. */
const OWN_KEYS: ReadonlySet<string> = new Set(["http", "log", "signal"]);
const STREAM_KEYS: ReadonlySet<string> = new Set(["read", "query"]);

type AnyFunction = (...given: readonly unknown[]) => unknown;
type Context = Readonly<Record<string, unknown>>;

export interface ContextParts {
  readonly plain: Context;
  readonly streams: readonly string[];
  readonly calls: readonly string[];
}

/** The engine's side: what of a context crosses how. */
export function partsOf(context: Context): ContextParts {
  const keys = Object.keys(context).filter((key) => !OWN_KEYS.has(key));
  const isFunction = (key: string): boolean => typeof context[key] === "function";
  return {
    plain: Object.fromEntries(keys.filter((key) => !isFunction(key)).map((key) => [key, context[key]])),
    streams: keys.filter((key) => isFunction(key) && STREAM_KEYS.has(key)),
    calls: keys.filter((key) => isFunction(key) && !STREAM_KEYS.has(key)),
  };
}

/** The engine's side: rows of one of the context's functions, as buffers. */
export async function* buffersOf(context: Context, { name, given }: { readonly name: string; readonly given: readonly unknown[] }) {
  for await (const rows of (context[name] as AnyFunction)(...given) as AsyncIterable<unknown>) yield toBuffer(rows);
}

/** The worker's side: the context as the user's function takes it. */
export function contextIn(attempt: WorkerAttempt, call: UserCall, own: Context): Context {
  const streams = call.streams.map((name) => [name, (...given: readonly unknown[]) => rowsOf(attempt, { name, given })] as const);
  const calls = call.calls.map((name) => [name, (...given: readonly unknown[]) => attempt.call("context", { name, given })] as const);
  return { ...call.plain, ...Object.fromEntries([...streams, ...calls]), ...own, signal: attempt.signal };
}

async function* rowsOf(attempt: WorkerAttempt, what: { readonly name: string; readonly given: readonly unknown[] }): AsyncGenerator {
  for await (const buffer of attempt.stream("rows", what)) yield fromBuffer(buffer);
}
