// The one error of the product: a code, a sentence, the place in the user's file, the cause and what to do.
// `code` finds the explanation (`millrace explain MR1001`); `retryable` says whether trying again may help.
import type { codes } from "./codes/index.ts";

export type ErrorCode = keyof typeof codes;

/** A place in a user's file. `line` and `column` count from 1; `length` is in characters. */
export interface SourceLocation {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly length?: number;
  /** The text of the file, so that a code frame can be drawn without reading it again. Never serialised. */
  readonly text?: string;
}

export interface MillraceErrorOptions {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string;
  readonly location?: SourceLocation;
  readonly retryable?: boolean;
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
  /** Several errors found in one go (all errors of a project); the message then counts them. */
  readonly errors?: readonly MillraceError[];
}

/** The error as it is stored in events and answered as JSON. */
export type ErrorRecord = {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  readonly location?: { readonly file: string; readonly line: number; readonly column: number; readonly length?: number };
  readonly retryable: boolean;
  readonly retryAfterMs?: number;
  readonly cause?: string;
};

export class MillraceError extends Error {
  override readonly name = "MillraceError";
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly location: SourceLocation | undefined;
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;
  readonly errors: readonly MillraceError[];

  constructor(options: MillraceErrorOptions) {
    super(options.message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = options.code;
    this.hint = options.hint;
    this.location = options.location;
    this.retryable = options.retryable ?? false;
    this.retryAfterMs = options.retryAfterMs;
    this.errors = options.errors ?? [];
  }

  toJSON(): ErrorRecord {
    return {
      code: this.code,
      message: this.message,
      ...(this.hint === undefined ? {} : { hint: this.hint }),
      ...(this.location === undefined ? {} : { location: withoutText(this.location) }),
      retryable: this.retryable,
      ...(this.retryAfterMs === undefined ? {} : { retryAfterMs: this.retryAfterMs }),
      ...(this.cause === undefined ? {} : { cause: messageOf(this.cause) }),
    };
  }
}

/** One error for many, so that a project's errors are told in one go. A single one is returned as it is. */
export function combineErrors(code: ErrorCode, errors: readonly MillraceError[]): MillraceError {
  const [only] = errors;
  if (only !== undefined && errors.length === 1) return only;
  return new MillraceError({ code, message: `${errors.length} errors in the project`, errors });
}

/** Anything that was thrown, as a MillraceError; what we do not know is MR9001, a bug of ours or of the user's code. */
export function asMillraceError(thrown: unknown, code: ErrorCode = "MR9001"): MillraceError {
  if (thrown instanceof MillraceError) return thrown;
  return new MillraceError({ code, message: messageOf(thrown), cause: thrown });
}

/** One sentence: of several errors the first, and how many more there are. */
export function messageOf(thrown: unknown): string {
  const [first, ...more] = thrown instanceof MillraceError ? thrown.errors : [];
  if (first !== undefined) return `${first.message} (and ${more.length} more)`;
  return thrown instanceof Error ? thrown.message : String(thrown);
}

function withoutText({ text: _text, ...place }: SourceLocation): Omit<SourceLocation, "text"> {
  return place;
}
