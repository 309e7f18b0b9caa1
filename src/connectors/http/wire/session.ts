// Requests of one read: budget, credentials, redirects, retries with backoff and jitter, and the circuit breaker of the host.
//   S1. Only what reads is repeated: GET, HEAD and what says so. A wait that the server asks for is kept; one longer than 30 s is handed to the run
//       as `retryAfterMs`.
//   S2. Credentials and the user's headers go to the host of `url` (and to `allowHosts` by next links) and to no other.
//   S3. Waiting ends at once when the signal is aborted; `close` ends everything that is under way.
import { setMaxListeners } from "node:events";
import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { MillraceError } from "../../../model/errors.ts";
import { type Credential, formOf, type Outgoing } from "../auth/credential.ts";
import { credentialsOf } from "../auth/index.ts";
import { type Document, documentOf } from "../bodies/document.ts";
import type { HttpSettings } from "../settings.ts";
import { openShared, type SharedState } from "../shared/state.ts";
import { breakerOf } from "./breaker.ts";
import { type Answer, exchange, type HttpMethod } from "./exchange.ts";
import { openGate, pause } from "./gate.ts";
import { assertMayLead, isSameHost } from "./hosts.ts";
import { exhaustedMs } from "./limits.ts";
import { shownUrl } from "./redact.ts";
import { verdictOf } from "./rules.ts";
import { Slots } from "./slots.ts";
import { isRateLimited, statusError, statusOf } from "./status.ts";

const BACKOFF_FIRST_MS = 250;
const BACKOFF_MAX_MS = 10_000;
const REDIRECTS_MAX = 10;
const LISTENERS_MAX = 1_000;

export interface SessionContext {
  readonly signal: AbortSignal;
  /** Budgets and rotated tokens are shared by all runs of this project; without it by this process. */
  readonly projectDir?: string;
  readonly tempDir?: string;
  log(level: "info" | "warn", message: string): void;
}

/** One request; what it leaves out is the settings'. */
export interface Call {
  readonly url: URL;
  readonly method: HttpMethod;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON or a text; undefined: none. */
  readonly body: unknown;
  /** A file that the body goes to in place of memory. */
  readonly into?: string;
  readonly bytesMax?: number;
  /** May it be repeated although it does not only read? */
  readonly repeatable?: boolean;
}

export interface Sent {
  readonly answer: Answer;
  /** The address that answered, behind redirects. */
  readonly url: URL;
  /** The address as it may be shown. */
  readonly shown: string;
  /** A rule says that this answer is nothing. */
  readonly isIgnored: boolean;
}

export interface Fetched extends Document {
  readonly status: number;
  readonly headers: Answer["headers"];
  readonly url: URL;
  readonly isIgnored: boolean;
}

export interface Session {
  /** @throws MillraceError; the signal's reason when aborted. */
  fetch(settings: HttpSettings, call: Call): Promise<Fetched>;
  /** The answer as it is, whatever it holds. @throws as `fetch`. */
  send(settings: HttpSettings, call: Call): Promise<Sent>;
  shared(): Promise<SharedState>;
  readonly signal: AbortSignal;
  /** The address whose host gets the credentials. */
  readonly home: URL;
  close(): void;
}

type Agents = { readonly "http:": HttpAgent; readonly "https:": HttpsAgent };

export function openSession(home: HttpSettings, context: SessionContext): Session {
  const slots = new Slots(home.parallel);
  const sockets = { keepAlive: true, maxSockets: Math.max(4, home.parallel) };
  const agents: Agents = { "http:": new HttpAgent(sockets), "https:": new HttpsAgent(sockets) };
  const stop = new AbortController();
  const signal = AbortSignal.any([context.signal, stop.signal]);
  setMaxListeners(LISTENERS_MAX, signal); // each request under way listens
  let shared: Promise<SharedState> | undefined;
  const open = (): Promise<SharedState> => (shared ??= openShared(context.projectDir));
  const credentials = credentialsOf(home.auth, home.budget.name, {
    send: (request) => sendBare(request, home, { context, signal, agents }),
    resolve: (address) => new URL(address, home.url),
    shared: open,
    hide: (secret) => void (home.secrets.includes(secret) || home.secrets.push(secret)),
    signal,
  });
  const gate = openGate({ credentials, budget: home.budget, shared: open });

  const attempt = async (settings: HttpSettings, call: Call): Promise<Sent> => {
    const credential = await gate.enter(signal);
    try {
      const sent = await slots.within(() => follow(call, settings, { home, credential, signal, agents }));
      const spentMs = exhaustedMs(sent.answer.headers, Date.now());
      if (spentMs !== undefined) gate.close(credential, spentMs);
      return sent;
    } catch (thrown) {
      if (isRateLimited(thrown) && thrown instanceof MillraceError) {
        gate.close(credential, thrown.retryAfterMs ?? BACKOFF_FIRST_MS);
        // Another token may be free: the gate knows, and waits or tells the run when none is.
        if (credentials.length > 1)
          throw new MillraceError({ code: "MR3502", message: thrown.message, retryable: true, retryAfterMs: 0, cause: thrown });
      }
      throw thrown;
    }
  };
  const send = (settings: HttpSettings, call: Call): Promise<Sent> =>
    repeated(call, settings, { context, signal, triesMax: Math.max(settings.attempts, credentials.length) }, () => attempt(settings, call));
  return {
    signal,
    home: home.url,
    shared: open,
    send,
    fetch: (settings, call) =>
      repeated(call, settings, { context, signal, triesMax: Math.max(settings.attempts, credentials.length) }, async () => {
        const { answer, url, shown, isIgnored } = await attempt(settings, call);
        const kept = { status: answer.status, headers: answer.headers, url, isIgnored };
        if (isIgnored) return { ...kept, body: [], warning: undefined };
        return { ...kept, ...(await documentOf(answer, shown, { ...settings, ...tempOf(context) })) };
      }),
    close() {
      stop.abort(new MillraceError({ code: "MR9001", message: "the session is closed" }));
      agents["http:"].destroy();
      agents["https:"].destroy();
      void shared?.then(
        (state) => state.close(),
        () => undefined,
      );
    },
  };
}

function tempOf({ tempDir }: SessionContext): { readonly tempDir?: string } {
  return tempDir === undefined ? {} : { tempDir };
}

interface Repeating {
  readonly context: SessionContext;
  readonly signal: AbortSignal;
  readonly triesMax: number;
}

async function repeated<Result>(
  call: Pick<Call, "url" | "method" | "repeatable">,
  settings: Pick<HttpSettings, "readsOnly">,
  { context, signal, triesMax: most }: Repeating,
  once: () => Promise<Result>,
): Promise<Result> {
  const breaker = await breakerOf(call.url.origin);
  const reads = call.method === "GET" || call.method === "HEAD" || settings.readsOnly || call.repeatable === true;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await breaker.execute(once);
    } catch (thrown) {
      // What the server refused to look at (429) was not done: that may be repeated whatever it is.
      const triesMax = reads || statusOf(thrown) === 429 || statusOf((thrown as Error).cause) === 429 ? most : 1;
      if (attempt >= triesMax || !isWorthRepeating(thrown)) throw signal.aborted ? signal.reason : thrown;
      const waitMs = thrown.retryAfterMs ?? backoffMs(attempt);
      context.log("warn", `${thrown.message}; try ${attempt + 1} of ${triesMax} in ${(waitMs / 1_000).toFixed(1)} s`);
      await pause(waitMs, signal);
    }
  }
}

interface Following {
  /** Whose host may see credentials. */
  readonly home: HttpSettings;
  readonly credential: Credential;
  readonly signal: AbortSignal;
  readonly agents: Agents;
}

/** Follows redirects; the user's headers stay with the first host (S2). A 401 is asked again once with fresh credentials. */
async function follow(call: Call, settings: HttpSettings, { home, credential, signal, agents }: Following): Promise<Sent> {
  let { url, method } = call;
  let renewed = false;
  const { secrets } = home;
  for (let hops = 0; hops <= REDIRECTS_MAX; hops += 1) {
    const shown = shownUrl(url, secrets);
    const trusted = isSameHost(url, home.url) || settings.allowHosts.includes(url.host);
    const bare = outgoingOf({ ...call, url, method }, settings, trusted);
    const outgoing = trusted ? await credential.apply(bare) : bare;
    const answer = await exchange({ ...outgoing, ...limitsOf(settings, call), signal, agent: agents[url.protocol as "http:"], shown });
    const location = answer.headers.location;
    if ([301, 302, 303, 307, 308].includes(answer.status) && location !== undefined) {
      if (!URL.canParse(location, url.href))
        throw new MillraceError({ code: "MR3513", message: `${shown} redirects to something that is no URL` });
      const target = new URL(location, url);
      assertMayLead(url, target, "redirect", { ...settings, url: home.url, secrets });
      if (method !== "HEAD" && (answer.status === 303 || (method === "POST" && answer.status !== 307 && answer.status !== 308)))
        method = "GET";
      url = target;
      continue;
    }
    if (answer.status === 401 && trusted && credential.renew !== undefined && !renewed) {
      renewed = true;
      credential.renew(outgoing);
      continue;
    }
    const verdict = verdictOf(answer, settings.responses, { shown, secrets });
    const isExpected = settings.expects?.(answer.status) ?? (answer.status >= 200 && answer.status < 300);
    if (verdict === "usual" && !isExpected) throw statusError(answer, shown, secrets, Date.now());
    return { answer, url, shown, isIgnored: verdict === "ignore" };
  }
  throw new MillraceError({ code: "MR3513", message: `${shownUrl(call.url, secrets)} redirects more than ${REDIRECTS_MAX} times` });
}

/** One request of a credential: a login, a token. No budget, no credentials, no body in messages. */
async function sendBare(
  request: Outgoing,
  home: HttpSettings,
  { context, signal, agents }: { readonly context: SessionContext; readonly signal: AbortSignal; readonly agents: Agents },
): Promise<Answer> {
  const shown = shownUrl(request.url, home.secrets);
  const headers = { accept: "application/json, */*;q=0.5", "user-agent": "millrace", ...request.headers };
  const call = { url: request.url, method: request.method };
  return repeated(call, home, { context, signal, triesMax: home.attempts }, async () => {
    const limits = limitsOf(home, {});
    const answer = await exchange({ ...request, headers, ...limits, signal, agent: agents[request.url.protocol as "http:"], shown });
    if (answer.status < 200 || answer.status >= 300) throw statusError(answer, shown, home.secrets, Date.now());
    return answer;
  });
}

function limitsOf({ connectMs, responseMs, bodyMs, pageBytesMax }: HttpSettings, { into, bytesMax }: Pick<Call, "into" | "bytesMax">) {
  return { connectMs, responseMs, bodyMs, bytesMax: bytesMax ?? pageBytesMax, into };
}

function outgoingOf({ url, method, headers, body, into }: Call, settings: HttpSettings, trusted: boolean): Outgoing {
  const encodings = into === undefined ? "gzip, deflate, br" : "gzip, br";
  const common = { accept: "application/json, */*;q=0.5", "accept-encoding": encodings, "user-agent": "millrace" };
  const sends = method !== "GET" && method !== "HEAD" && body !== undefined;
  if (!trusted) return { url, method, headers: common, body: undefined };
  const isForm = settings.bodyAs === "form" && typeof body === "object" && body !== null;
  const type = sends ? { "content-type": isForm ? "application/x-www-form-urlencoded" : "application/json" } : {};
  return {
    url,
    method,
    headers: { ...common, ...type, ...settings.headers, ...headers },
    body: sends ? (typeof body === "string" ? body : isForm ? formOf(body as Record<string, unknown>) : jsonOf(body)) : undefined,
  };
}

/** JSON with integers of any size. */
function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch {
    return JSON.stringify(value, (_key, inner: unknown) => (typeof inner === "bigint" ? Number(inner) : inner));
  }
}

/** A retryable failure whose pause fits into a try; a longer one (MR3503) and an open circuit are the run's business. */
function isWorthRepeating(thrown: unknown): thrown is MillraceError {
  return thrown instanceof MillraceError && thrown.retryable && thrown.code !== "MR3503" && thrown.code !== "MR3512";
}

/** Doubles from 250 ms to 10 s; half of it is chance, so that many clients do not come back at the same moment. */
function backoffMs(attempt: number): number {
  const fullMs = Math.min(BACKOFF_FIRST_MS * 2 ** (attempt - 1), BACKOFF_MAX_MS);
  return fullMs / 2 + (Math.random() * fullMs) / 2;
}
