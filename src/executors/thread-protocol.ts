// What the worker-thread executor and its threads say to each other. Everything is structured-clonable; errors cross as records.
import type { AttemptResult, LogLevel } from "../model/attempt.ts";
import { asMillraceError, type ErrorCode, type ErrorRecord, MillraceError } from "../model/errors.ts";

export type ToThread =
  | {
      readonly type: "begin";
      readonly run: string;
      readonly node: string;
      readonly attempt: number;
      readonly token: string;
      readonly payload: unknown;
    }
  | { readonly type: "abort"; readonly reason: ErrorRecord }
  | { readonly type: "answer"; readonly id: number; readonly value: unknown }
  | { readonly type: "refusal"; readonly id: number; readonly error: ErrorRecord };

export type FromThread =
  | { readonly type: "succeeded"; readonly result: AttemptResult }
  | { readonly type: "failed"; readonly error: ErrorRecord }
  | { readonly type: "log"; readonly level: LogLevel; readonly message: string }
  /** Asks the main thread for something; answered by `id`. */
  | { readonly type: "call"; readonly id: number; readonly name: string; readonly argument: unknown }
  /** Asks for the next element of a stream, which the first such message opens. */
  | { readonly type: "pull"; readonly id: number; readonly stream: number; readonly name: string; readonly argument: unknown }
  /** The thread wants no more of a stream. */
  | { readonly type: "endStream"; readonly stream: number };

export function toRecord(thrown: unknown): ErrorRecord {
  return asMillraceError(thrown).toJSON();
}

export function fromRecord(record: ErrorRecord): MillraceError {
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
