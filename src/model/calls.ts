// Calls of the app's operations that another process carries out, as JSON: functions among the arguments become places that lines come back to.
//   C1. The answer is NDJSON: `{ "to": place, "values": [...] }` for each call of such a function, then one `{ "result": … }` or `{ "error": … }`.
//       An empty line is a sign of life.
import { asMillraceError, type ErrorCode, type ErrorRecord, MillraceError } from "./errors.ts";

export type CallLine =
  | { readonly to: number; readonly values: readonly unknown[] }
  | { readonly result: unknown }
  | { readonly error: ErrorRecord; readonly errors: readonly ErrorRecord[] };

/** What carries calls out, in the process that holds the warehouse. */
export interface CallPort {
  /** Resolves with the result; `environment`: whose names are meant. @throws what the operation throws, MR8108 for a method that is none. */
  call(method: string, values: readonly unknown[], environment: string | undefined): Promise<unknown>;
}

type Listener = (...values: readonly unknown[]) => void;

const PLACE = "$place";

/** Arguments as JSON, and the functions that stood in them. */
export function packArguments(values: readonly unknown[]): {
  readonly packed: readonly unknown[];
  readonly listeners: readonly Listener[];
} {
  const listeners: Listener[] = [];
  const pack = (value: unknown): unknown => {
    if (typeof value === "function") return { [PLACE]: listeners.push(value as Listener) - 1 };
    if (Array.isArray(value)) return value.map(pack);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, pack(inner)]));
  };
  const last = values.findLastIndex((value) => value !== undefined); // one that is not given must not become null
  return { packed: values.slice(0, last + 1).map(pack), listeners };
}

/** The arguments again; each function in them hands its values to `send`. */
export function unpackArguments(packed: readonly unknown[], send: (to: number, values: readonly unknown[]) => void): readonly unknown[] {
  const unpack = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(unpack);
    if (typeof value !== "object" || value === null) return value;
    const place = (value as Readonly<Record<string, unknown>>)[PLACE];
    if (typeof place === "number") return (...values: readonly unknown[]) => send(place, values);
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, unpack(inner)]));
  };
  return packed.map(unpack);
}

export function errorLine(thrown: unknown): CallLine {
  const error = asMillraceError(thrown);
  return { error: error.toJSON(), errors: error.errors.map((each) => each.toJSON()) };
}

export function errorOf({ error, errors }: { readonly error: ErrorRecord; readonly errors: readonly ErrorRecord[] }): MillraceError {
  return new MillraceError({ ...asOptions(error), errors: errors.map((each) => new MillraceError(asOptions(each))) });
}

function asOptions({ cause, ...record }: ErrorRecord): ConstructorParameters<typeof MillraceError>[0] {
  return { ...record, code: record.code as ErrorCode, ...(cause === undefined ? {} : { cause: new Error(cause) }) };
}
