// What an error is in HTTP: one table from codes to statuses. The body is the error as the command line prints it.
import { asMillraceError, type ErrorRecord, MillraceError } from "../model/errors.ts";

export interface ErrorAnswer {
  readonly v: 1;
  readonly error: ErrorRecord;
  readonly errors?: readonly ErrorRecord[];
}

/** Nothing of that name. */
const NOT_FOUND = ["MR1614", "MR2020", "MR6101", "MR6102", "MR6103", "MR6210", "MR7002", "MR8160", "MR8211", "MR8310", "MR8501", "MR8603"];
/** The world has moved, or somebody else is at it. */
const CONFLICT = ["MR8107", "MR8309", "MR8705", "MR8708", "MR8802", "MR8803", "MR8804"];
const STATUS: Readonly<Record<string, number>> = {
  MR7001: 400,
  MR8109: 400,
  MR8161: 405,
  MR8162: 413,
  MR9001: 500,
  ...Object.fromEntries(NOT_FOUND.map((code) => [code, 404])),
  ...Object.fromEntries(CONFLICT.map((code) => [code, 409])),
};
/** What the project or its data brings about. */
const UNPROCESSABLE = 422;

export function statusOf({ code, retryable }: MillraceError): number {
  return STATUS[code] ?? (retryable ? 503 : UNPROCESSABLE);
}

export function errorAnswer(thrown: unknown): { readonly status: number; readonly answer: ErrorAnswer; readonly retryAfterMs?: number } {
  const error = asMillraceError(thrown);
  const answer = {
    v: 1 as const,
    error: error.toJSON(),
    ...(error.errors.length === 0 ? {} : { errors: error.errors.map((each) => each.toJSON()) }),
  };
  return { status: statusOf(error), answer, ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }) };
}
