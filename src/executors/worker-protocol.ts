// What an executor and its workers (threads, processes) say to each other. Everything is structured-clonable; errors cross with their looks, rows as
// buffers (`rows-buffer.ts`).
import type { AttemptResult, LogFields, LogLevel } from "../model/attempt.ts";
import { type ErrorCode, type ErrorRecord, messageOf, MillraceError } from "../model/errors.ts";

export type ToWorker =
  | {
      readonly type: "begin";
      readonly run: string;
      readonly node: string;
      readonly attempt: number;
      readonly token: string;
      readonly payload: unknown;
    }
  | { readonly type: "abort"; readonly reason: Thrown }
  | { readonly type: "answer"; readonly id: number; readonly value: unknown }
  | { readonly type: "refusal"; readonly id: number; readonly error: Thrown };

export type LogLine = readonly [level: LogLevel, message: string, fields?: LogFields];

export type FromWorker =
  /** The attempt begins: what it takes counts from here, not what the worker took to start. */
  | { readonly type: "started" }
  | { readonly type: "succeeded"; readonly result: AttemptResult }
  | { readonly type: "failed"; readonly error: Thrown }
  | { readonly type: "log"; readonly lines: readonly LogLine[] }
  /** Asks the engine's side for something; answered by `id`. */
  | { readonly type: "call"; readonly id: number; readonly name: string; readonly argument: unknown }
  /** Asks for the next element of a stream, which the first such message opens. */
  | { readonly type: "pull"; readonly id: number; readonly stream: number; readonly name: string; readonly argument: unknown }
  /** The worker wants no more of a stream. */
  | { readonly type: "endStream"; readonly stream: number }
  /** Something was thrown that nobody caught; the worker ends after this. */
  | { readonly type: "dying"; readonly message: string };

/** The last line of an attempt on stdout and on stderr: what came before is the attempt's. */
export const END_OF_OUTPUT = "\u0000millrace: end of attempt\u0000";

/** What was thrown: an error of ours with all that it says, anything else as it looked. */
export type Thrown =
  | { readonly kind: "known"; readonly record: ErrorRecord }
  | { readonly kind: "other"; readonly name: string; readonly message: string; readonly stack: string | undefined; readonly code?: string };

export function toThrown(thrown: unknown): Thrown {
  if (thrown instanceof MillraceError) return { kind: "known", record: thrown.toJSON() };
  if (!(thrown instanceof Error)) return { kind: "other", name: "Error", message: messageOf(thrown), stack: undefined };
  const { name, message, stack } = thrown;
  const code = "code" in thrown && typeof thrown.code === "string" ? { code: thrown.code } : {};
  return { kind: "other", name, message, stack, ...code };
}

export function fromThrown(thrown: Thrown): Error {
  if (thrown.kind === "known") return fromRecord(thrown.record);
  const { kind: _kind, ...looks } = thrown;
  const error = new Error(thrown.message);
  for (const [key, value] of Object.entries(looks))
    if (value !== undefined) Object.defineProperty(error, key, { value, writable: true, configurable: true, enumerable: key === "code" });
  return error;
}

function fromRecord(record: ErrorRecord): MillraceError {
  const { code, message, hint, location, retryable, retryAfterMs, cause } = record;
  return new MillraceError({
    code: code as ErrorCode,
    message,
    retryable,
    ...(hint === undefined ? {} : { hint }),
    ...(location === undefined ? {} : { location }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(cause === undefined ? {} : { cause: new Error(cause) }),
  });
}
