// What the status of an answer means: fine, try again (and when), or never.
import { MillraceError } from "../../../model/errors.ts";
import type { Answer } from "./exchange.ts";
import { exhaustedMs, retryAfterMs } from "./limits.ts";
import { firstWords, withoutSecrets } from "./redact.ts";

/** A Retry-After up to this is waited for inside a try; a longer one is left to the run, which holds no slot while it waits. */
export const RETRY_AFTER_WAIT_MAX_MS = 30_000;
const RETRYABLE = new Set([408, 425, 429, 500, 502, 503, 504, 507, 520, 521, 522, 523, 524, 529]);

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

/** The server said that it was asked too often: `waitMs`, when it says for how long. */
export function rateLimited(answer: Answer, shown: string, said: string, waitMs: number | undefined): MillraceError {
  const isLong = waitMs !== undefined && waitMs > RETRY_AFTER_WAIT_MAX_MS;
  const error = new MillraceError({
    code: isLong ? "MR3503" : "MR3502",
    message: `${shown} answers ${answer.status}${isLong ? ` and asks to wait ${Math.ceil(waitMs / 1_000)} s` : ""}${said}`,
    retryable: true,
    ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }),
  });
  statuses.set(error, answer.status);
  limited.add(error);
  return error;
}

const limited = new WeakSet<object>();

/** Is this an error of `rateLimited`: another token could be welcome? */
export function isRateLimited(thrown: unknown): boolean {
  return typeof thrown === "object" && thrown !== null && limited.has(thrown);
}

function errorFor(answer: Answer, shown: string, secrets: readonly string[], nowMs: number): MillraceError {
  const { status, headers } = answer;
  const said = saidBy(answer, secrets);
  const waitMs = retryAfterMs(headers, nowMs);
  const spentMs = exhaustedMs(headers, nowMs);
  if (status === 429 || (status === 403 && spentMs !== undefined)) return rateLimited(answer, shown, said, waitMs ?? spentMs);
  if (status === 401 || status === 403) {
    return new MillraceError({
      code: "MR3514",
      message: `${shown} refuses access with ${status}${said}`,
      hint: "look at `auth` and the secret it names",
    });
  }
  const retryable = RETRYABLE.has(status);
  if (retryable && waitMs !== undefined) return rateLimited(answer, shown, said, waitMs);
  return new MillraceError({ code: "MR3502", message: `${shown} answers ${status}${said}`, retryable });
}

/** The server's own words, behind a colon. */
export function saidBy(answer: Answer, secrets: readonly string[]): string {
  // Before it is cut: a part of a secret is not known as one.
  const words = firstWords(withoutSecrets(answer.body.toString("utf8"), secrets));
  return words === "" ? "" : `: ${words}`;
}
