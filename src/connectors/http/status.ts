// What the status of an answer means: fine, try again (and when), or never.
import type { IncomingHttpHeaders } from "node:http";
import { MillraceError } from "../../model/errors.ts";
import type { Answer } from "./exchange.ts";
import { firstWords, withoutSecrets } from "./redact.ts";

/** A Retry-After up to this is waited for inside a try; a longer one is left to the run, which holds no slot while it waits. */
const RETRY_AFTER_WAIT_MAX_MS = 30_000;
const RETRY_AFTER_MAX_MS = 24 * 3_600_000;
const RETRYABLE = new Set([408, 425, 429, 500, 502, 503, 504, 507, 520, 521, 522, 523, 524, 529]);

/** The pause that the server asks for (seconds or a date), at most a day; undefined when it asks for none. */
function retryAfterMs(headers: IncomingHttpHeaders, nowMs: number): number | undefined {
  const text = headers["retry-after"]?.trim();
  if (text === undefined || text === "") return undefined;
  const waitMs = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - nowMs;
  return Number.isFinite(waitMs) ? Math.min(Math.max(waitMs, 0), RETRY_AFTER_MAX_MS) : undefined;
}

const statuses = new WeakMap<object, number>();

/** The status behind an error that `statusError` made. */
export function statusOf(thrown: unknown): number | undefined {
  return typeof thrown === "object" && thrown !== null ? statuses.get(thrown) : undefined;
}

/** The error that an answer with a status of 300 or more stands for. */
export function statusError(answer: Answer, shown: string, secrets: readonly string[], nowMs: number): MillraceError {
  const error = errorFor(answer, shown, secrets, nowMs);
  statuses.set(error, answer.status);
  return error;
}

function errorFor(answer: Answer, shown: string, secrets: readonly string[], nowMs: number): MillraceError {
  const { status } = answer;
  const words = withoutSecrets(firstWords(answer.body.toString("utf8")), secrets);
  const said = words === "" ? "" : `: ${words}`;
  if (status === 401 || status === 403) {
    return new MillraceError({
      code: "MR3514",
      message: `${shown} refuses access with ${status}${said}`,
      hint: "look at `auth` and the secret it names",
    });
  }
  const retryable = RETRYABLE.has(status);
  const waitMs = retryable ? retryAfterMs(answer.headers, nowMs) : undefined;
  if (waitMs !== undefined && waitMs > RETRY_AFTER_WAIT_MAX_MS) {
    return new MillraceError({
      code: "MR3503",
      message: `${shown} answers ${status} and asks to wait ${Math.ceil(waitMs / 1_000)} s${said}`,
      retryable: true,
      retryAfterMs: waitMs,
    });
  }
  return new MillraceError({
    code: "MR3502",
    message: `${shown} answers ${status}${said}`,
    retryable,
    ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }),
  });
}
