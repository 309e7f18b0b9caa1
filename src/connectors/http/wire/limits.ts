// What a server says about how much more it will take: Retry-After, RateLimit (the IETF's draft in its forms) and X-RateLimit of many houses.
import type { IncomingHttpHeaders } from "node:http";

const WAIT_MAX_MS = 24 * 3_600_000;
/** A reset above this is a moment in seconds since 1970, not a number of seconds; above the second, milliseconds. */
const EPOCH_S_MIN = 1e8;
const EPOCH_MS_MIN = 1e11;

/** The pause that the server asks for by Retry-After (seconds or a date), at most a day; undefined when it asks for none. */
export function retryAfterMs(headers: IncomingHttpHeaders, nowMs: number): number | undefined {
  const text = headers["retry-after"]?.trim();
  if (text === undefined || text === "") return undefined;
  const waitMs = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - nowMs;
  return Number.isFinite(waitMs) ? Math.min(Math.max(waitMs, 0), WAIT_MAX_MS) : undefined;
}

/** How long there is nothing left of the quota; undefined when there is, or when the server does not say. */
export function exhaustedMs(headers: IncomingHttpHeaders, nowMs: number): number | undefined {
  const said = combined(headers) ?? separate(headers);
  if (said === undefined || said.remaining > 0) return undefined;
  const { reset } = said;
  const waitMs = reset >= EPOCH_MS_MIN ? reset - nowMs : reset >= EPOCH_S_MIN ? reset * 1_000 - nowMs : reset * 1_000;
  return Number.isFinite(waitMs) ? Math.min(Math.max(waitMs, 0), WAIT_MAX_MS) : undefined;
}

interface Quota {
  readonly remaining: number;
  readonly reset: number;
}

/** `RateLimit: limit=100, remaining=0, reset=50` and `RateLimit: "default";r=0;t=50`. Of several policies the one that is used up. */
function combined(headers: IncomingHttpHeaders): Quota | undefined {
  const text = textOf(headers["ratelimit"]);
  if (text === undefined) return undefined;
  const policies = text.includes(";") ? text.split(",") : [text];
  const quotas = policies.flatMap((policy) => {
    const remaining = /(?:^|[;,\s])(?:r|remaining)\s*=\s*(\d+)/.exec(policy)?.[1];
    const reset = /(?:^|[;,\s])(?:t|reset)\s*=\s*(\d+)/.exec(policy)?.[1];
    return remaining === undefined || reset === undefined ? [] : [{ remaining: Number(remaining), reset: Number(reset) }];
  });
  return quotas.toSorted((a, b) => a.remaining - b.remaining || b.reset - a.reset)[0];
}

function separate(headers: IncomingHttpHeaders): Quota | undefined {
  for (const prefix of ["ratelimit", "x-ratelimit", "x-rate-limit"]) {
    const remaining = textOf(headers[`${prefix}-remaining`]);
    const reset = textOf(headers[`${prefix}-reset`]);
    if (remaining === undefined || reset === undefined || !/^\s*\d+(\.\d+)?\s*$/.test(remaining)) continue;
    const seconds = /^\s*\d+(\.\d+)?\s*$/.test(reset) ? Number(reset) : Date.parse(reset) / 1_000;
    if (Number.isFinite(seconds)) return { remaining: Number(remaining), reset: seconds };
  }
  return undefined;
}

function textOf(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === "string" ? value : value?.join(",");
}
