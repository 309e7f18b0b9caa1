// Requests of one read: pace, redirects, retries with backoff and jitter, and the circuit breaker of the host.
//   S1. Only GET and HEAD are repeated. A wait that the server asks for is kept; one longer than 30 s is handed to the run as `retryAfterMs`.
//   S2. Credentials and the user's headers go to the host of `url` (and to `allowHosts` by next links) and to no other.
//   S3. Waiting ends at once when the signal is aborted.
import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import { MillraceError } from "../../model/errors.ts";
import { breakerOf } from "./breaker.ts";
import { type Document, documentOf } from "./document.ts";
import { type Answer, exchange } from "./exchange.ts";
import { assertMayLead, isSameHost } from "./hosts.ts";
import type { HttpMethod, HttpSettings } from "./options.ts";
import { shownUrl } from "./redact.ts";
import { statusError } from "./status.ts";

const BACKOFF_FIRST_MS = 250;
const BACKOFF_MAX_MS = 10_000;
const REDIRECTS_MAX = 10;

export interface SessionContext {
  readonly signal: AbortSignal;
  log(level: "info" | "warn", message: string): void;
}

export interface Fetched extends Document {
  readonly status: number;
  readonly headers: Answer["headers"];
  /** The address that answered, behind redirects. */
  readonly url: URL;
}

export interface Sent {
  readonly answer: Answer;
  /** The address that answered, behind redirects. */
  readonly url: URL;
  /** The address as it may be shown. */
  readonly shown: string;
}

export interface Session {
  /** @throws MillraceError; the signal's reason when aborted. */
  fetch(url: URL): Promise<Fetched>;
  /** The answer as it is, whatever it holds. @throws as `fetch`. */
  send(url: URL): Promise<Sent>;
  close(): void;
}

export function openSession(settings: HttpSettings, context: SessionContext): Session {
  const agents = {
    "http:": new HttpAgent({ keepAlive: true, maxSockets: 4 }),
    "https:": new HttpsAgent({ keepAlive: true, maxSockets: 4 }),
  };
  const pace = paceOf(settings.pauseMs, context.signal);
  const once = async (target: URL): Promise<Sent> => {
    await pace();
    return follow(target, settings, context.signal, agents);
  };
  return {
    fetch: (url) =>
      fetchWithRetries(url, settings, context, async (target) => {
        const { answer, url: from, shown } = await once(target);
        return { ...documentOf(answer, shown, settings.secrets), status: answer.status, headers: answer.headers, url: from };
      }),
    send: (url) => fetchWithRetries(url, settings, context, once),
    close() {
      agents["http:"].destroy();
      agents["https:"].destroy();
    },
  };
}

async function fetchWithRetries<Result>(
  url: URL,
  settings: HttpSettings,
  context: SessionContext,
  once: (url: URL) => Promise<Result>,
): Promise<Result> {
  const { retry, handleWhen, ConstantBackoff } = await import("cockatiel");
  const breaker = await breakerOf(url.origin);
  const triesMax = settings.method === "GET" || settings.method === "HEAD" ? settings.attempts : 1;
  // The pause is made inside the attempt, where it can be aborted; cockatiel's own cannot.
  const again = retry(handleWhen(isWorthRepeating), { maxAttempts: triesMax - 1, backoff: new ConstantBackoff(0) });
  let failure: MillraceError | undefined;
  return again.execute(async ({ attempt }) => {
    if (failure !== undefined) {
      const waitMs = failure.retryAfterMs ?? backoffMs(attempt);
      context.log("warn", `${failure.message}; try ${attempt + 1} of ${triesMax} in ${(waitMs / 1_000).toFixed(1)} s`);
      await pause(waitMs, context.signal);
    }
    try {
      return await breaker.execute(() => once(url));
    } catch (thrown) {
      if (thrown instanceof MillraceError) failure = thrown;
      throw thrown;
    }
  });
}

/** Follows redirects; the user's headers stay with the first host (S2). */
async function follow(
  start: URL,
  settings: HttpSettings,
  signal: AbortSignal,
  agents: { readonly "http:": HttpAgent; readonly "https:": HttpsAgent },
): Promise<Sent> {
  let url = start;
  let method = settings.method;
  for (let hops = 0; hops <= REDIRECTS_MAX; hops += 1) {
    const shown = shownUrl(url, settings.secrets);
    const trusted = isSameHost(url, settings.url) || settings.allowHosts.includes(url.host);
    const answer = await exchange({
      url,
      method,
      headers: headersFor(settings, method, trusted),
      body: method === "GET" || method === "HEAD" ? undefined : settings.body,
      connectMs: settings.connectMs,
      responseMs: settings.responseMs,
      bodyMs: settings.bodyMs,
      bytesMax: settings.pageBytesMax,
      signal,
      agent: agents[url.protocol as "http:" | "https:"],
      shown,
    });
    const location = answer.headers.location;
    if ([301, 302, 303, 307, 308].includes(answer.status) && location !== undefined) {
      if (!URL.canParse(location, url.href))
        throw new MillraceError({ code: "MR3513", message: `${shown} redirects to something that is no URL` });
      const target = new URL(location, url);
      assertMayLead(url, target, "redirect", settings);
      if (method !== "HEAD" && (answer.status === 303 || (method === "POST" && answer.status !== 307 && answer.status !== 308)))
        method = "GET";
      url = target;
      continue;
    }
    const isExpected = settings.expects?.(answer.status) ?? (answer.status >= 200 && answer.status < 300);
    if (!isExpected) throw statusError(answer, shown, settings.secrets, Date.now());
    return { answer, url, shown };
  }
  throw new MillraceError({ code: "MR3513", message: `${shownUrl(start, settings.secrets)} redirects more than ${REDIRECTS_MAX} times` });
}

function headersFor(settings: HttpSettings, method: HttpMethod, trusted: boolean): Readonly<Record<string, string>> {
  const common = { accept: "application/json, */*;q=0.5", "accept-encoding": "gzip, deflate, br", "user-agent": "millrace" };
  if (!trusted) return common;
  return {
    ...common,
    ...(method !== "GET" && method !== "HEAD" && settings.body !== undefined ? { "content-type": "application/json" } : {}),
    ...settings.headers,
    ...authHeader(settings.auth),
  };
}

function authHeader(auth: HttpSettings["auth"]): Readonly<Record<string, string>> {
  if (auth === undefined) return {};
  if ("bearer" in auth) return { authorization: `Bearer ${auth.bearer}` };
  if ("header" in auth) return { [auth.header.name.toLowerCase()]: auth.header.value };
  return { authorization: `Basic ${Buffer.from(`${auth.basic.user}:${auth.basic.password}`).toString("base64")}` };
}

/** A retryable failure whose pause fits into a try; a longer one (MR3503) and an open circuit are the run's business. */
function isWorthRepeating(thrown: Error): boolean {
  return thrown instanceof MillraceError && thrown.retryable && thrown.code !== "MR3503" && thrown.code !== "MR3512";
}

/** Doubles from 250 ms to 10 s; half of it is chance, so that many clients do not come back at the same moment. */
function backoffMs(attempt: number): number {
  const fullMs = Math.min(BACKOFF_FIRST_MS * 2 ** (attempt - 1), BACKOFF_MAX_MS);
  return fullMs / 2 + (Math.random() * fullMs) / 2;
}

async function pause(waitMs: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(waitMs, undefined, { signal });
  } catch (thrown) {
    throw signal.aborted ? signal.reason : thrown;
  }
}

/** Lets requests start at least `pauseMs` after one another. */
function paceOf(pauseMs: number, signal: AbortSignal): () => Promise<void> {
  let nextMs = 0;
  return async () => {
    if (pauseMs === 0) return;
    const nowMs = performance.now();
    const startMs = Math.max(nowMs, nextMs);
    nextMs = startMs + pauseMs;
    if (startMs > nowMs) await pause(startMs - nowMs, signal);
  };
}
