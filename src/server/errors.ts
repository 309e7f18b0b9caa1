// What an error is in HTTP: one table from codes to statuses. The body is the error as the command line prints it.
import { asMillraceError, type ErrorRecord, type MillraceError } from "../model/errors.ts";

export interface ErrorAnswer {
  readonly v: 1;
  readonly error: ErrorRecord;
  readonly errors?: readonly ErrorRecord[];
}

/** What each status tells. */
export const ERROR_STATUSES = {
  400: "The request is not right; the message names each field",
  401: "The server does not know who asks",
  403: "Whoever asks may not do this",
  404: "There is nothing of that name",
  405: "The address takes another method",
  409: "The world has moved, or somebody else is at it",
  413: "The request is too long",
  422: "The project or its data does not allow it",
  429: "Too many requests; Retry-After says when to try again",
  500: "A bug, of ours or of the project's code",
  503: "It may work when it is tried again; Retry-After says when",
} as const;

/** The codes of each status; a code that is nowhere: 503 where trying again may help, else 422. */
const CODES: readonly (readonly [status: number, codes: string])[] = [
  [
    400,
    "MR1080 MR1602 MR1603 MR1615 MR2021 MR3150 MR6211 MR7001 MR8007 MR8109 MR8112 MR8131 MR8132 MR8161 MR8202 MR8203 MR8212 MR8402 MR8403 MR8504",
  ],
  [401, "MR8110"],
  [403, "MR6212 MR8111 MR8115"],
  [404, "MR1614 MR2020 MR6101 MR6102 MR6103 MR7002 MR8005 MR8114 MR8145 MR8146 MR8147 MR8170 MR8211 MR8302 MR8310 MR8311 MR8312"],
  [404, "MR8501 MR8603 MR8702 MR8713 MR8806 MR8807 MR8902"],
  [405, "MR8171"],
  [
    409,
    "MR5006 MR6210 MR8107 MR8113 MR8117 MR8118 MR8208 MR8304 MR8306 MR8309 MR8505 MR8703 MR8705 MR8706 MR8708 MR8709 MR8710 MR8802 MR8803",
  ],
  [409, "MR8401 MR8804 MR8910"],
  [413, "MR8172"],
  [429, "MR8116 MR8142"],
  [500, "MR8194 MR9001"],
  [503, "MR5001 MR5007 MR6024 MR6025 MR6030 MR8106 MR8119 MR8120"],
];

/** A code → its status. */
export const STATUS_OF_CODE: ReadonlyMap<string, number> = new Map(
  CODES.flatMap(([status, codes]) => codes.split(" ").map((code) => [code, status] as const)),
);

export function statusOf({ code, retryable }: MillraceError): number {
  return STATUS_OF_CODE.get(code) ?? (retryable ? 503 : 422);
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
