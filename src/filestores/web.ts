// Files at addresses (http://, https://) as a store. Nothing lists them: every file is named. Paths are whole addresses.
//   W1. A download goes on with If-Range, so that two versions never mix; a server without ranges sends everything again.
//   W2. Redirects are followed without our headers to another host, and never from https to http or from outside into a private network.
import { isIP } from "node:net";
import { MillraceError, messageOf } from "../model/errors.ts";
import { shownUrl } from "./shown-url.ts";
import type { DownloadRequest, FileStore, StoredFile } from "./store.ts";

const REDIRECTS_MAX = 10;
const ANSWER_MS = 60_000;

export interface WebSettings {
  readonly headers: Readonly<Record<string, string>>;
}

/** Is this path an address? */
export function isAddress(path: string): boolean {
  return /^https?:\/\//i.test(path);
}

export function openWeb(settings: WebSettings): FileStore {
  return {
    origin: "",
    async *list(request) {
      yield* [];
      throw new MillraceError({
        code: "MR3309",
        message: `${request.prefix}…: an address names one file; a web server has no list for a pattern`,
      });
    },
    look: (path, signal) => look(new URL(path), settings, signal),
    download: (file, request) => download(file, settings, request),
    close: () => Promise.resolve(),
  };
}

/** By HEAD; servers that refuse it (signed addresses) are asked for the first byte. */
async function look(url: URL, settings: WebSettings, signal: AbortSignal): Promise<StoredFile | null> {
  let answer = await ask(url, "HEAD", {}, settings, signal);
  if ([400, 403, 405, 501].includes(answer.status)) {
    await answer.body?.cancel();
    answer = await ask(url, "GET", { range: "bytes=0-0" }, settings, signal);
  }
  await answer.body?.cancel();
  const { status, headers } = answer;
  if (status === 404 || status === 410) return null;
  if (status !== 200 && status !== 206 && status !== 416) throw refusal(url, status, headers);
  const total = /\/(\d+)$/.exec(headers.get("content-range") ?? "")?.[1] ?? (status === 206 ? null : headers.get("content-length"));
  const modified = Date.parse(headers.get("last-modified") ?? "");
  const etag = headers.get("etag");
  // What is packed for the way has another length than the file.
  const isPacked = headers.get("content-encoding") !== null && headers.get("content-encoding") !== "identity";
  return {
    path: url.href,
    sizeBytes: isPacked || total === null ? null : Number(total),
    modifiedMs: Number.isNaN(modified) ? null : modified,
    identity: etag === null ? null : `etag:${etag}`,
  };
}

async function* download(file: StoredFile, settings: WebSettings, { fromByte, signal }: DownloadRequest): AsyncGenerator<Uint8Array> {
  const url = new URL(file.path);
  const etag = file.identity?.slice("etag:".length);
  const isStrong = etag !== undefined && !etag.startsWith("W/");
  const since = file.modifiedMs === null ? undefined : new Date(file.modifiedMs).toUTCString();
  const condition = isStrong ? etag : since;
  const range = fromByte === 0 ? {} : { range: `bytes=${fromByte}-`, ...(condition === undefined ? {} : { "if-range": condition }) };
  const answer = await ask(url, "GET", range, settings, signal);
  const { status, headers } = answer;
  if (status === 404 || status === 410) {
    throw new MillraceError({ code: "MR3302", message: `${shownUrl(url)} is not there (any more)`, retryable: true });
  }
  if (status !== 200 && status !== 206) throw refusal(url, status, headers);
  const now = headers.get("etag");
  const modified = Date.parse(headers.get("last-modified") ?? "");
  const isOther =
    etag !== undefined && now !== null ? now !== etag : file.modifiedMs !== null && modified > 0 && modified !== file.modifiedMs;
  // Nothing tells whether the second half is of the same file: better not to join them.
  const isUnsure = fromByte > 0 && etag === undefined && file.modifiedMs === null && file.sizeBytes === null;
  if (isOther || isUnsure) {
    await answer.body?.cancel();
    throw new MillraceError({ code: "MR3303", message: `${shownUrl(url)} changed while it was fetched`, retryable: true });
  }
  const start = status === 206 ? Number(/^bytes (\d+)-/.exec(headers.get("content-range") ?? "")?.[1] ?? Number.NaN) : 0;
  if (Number.isNaN(start) || start > fromByte) {
    throw new MillraceError({
      code: "MR3304",
      message: `${shownUrl(url)}: the server sent another range than it was asked for`,
      retryable: true,
    });
  }
  let skip = fromByte - start;
  try {
    for await (const piece of (answer.body ?? []) as AsyncIterable<Uint8Array>) {
      const rest = piece.subarray(Math.min(skip, piece.length));
      skip -= piece.length - rest.length;
      if (rest.length > 0) yield rest;
    }
  } catch (error) {
    signal.throwIfAborted();
    throw unreachable(url, error);
  }
}

async function ask(
  start: URL,
  method: "GET" | "HEAD",
  more: Readonly<Record<string, string>>,
  settings: WebSettings,
  signal: AbortSignal,
): Promise<Response> {
  let url = start;
  for (let hop = 0; hop <= REDIRECTS_MAX; hop++) {
    const isHome = url.host === start.host;
    const target = new URL(url);
    target.username = "";
    target.password = "";
    const own = isHome ? { ...settings.headers, ...basic(start) } : {};
    const waiting = new AbortController();
    const timer = setTimeout(() => waiting.abort(new Error(`no answer within ${ANSWER_MS / 1000} s`)), ANSWER_MS);
    let answer: Response;
    try {
      answer = await fetch(target, {
        method,
        // The bytes of the file, not packed for the way: sizes and ranges mean those.
        headers: { "accept-encoding": "identity", ...own, ...more },
        redirect: "manual",
        signal: AbortSignal.any([signal, waiting.signal]),
      });
    } catch (error) {
      signal.throwIfAborted();
      throw unreachable(start, error);
    } finally {
      clearTimeout(timer);
    }
    const location = answer.headers.get("location");
    if (answer.status < 300 || answer.status >= 400 || answer.status === 304 || location === null) return answer;
    await answer.body?.cancel();
    const next = new URL(location, url);
    assertMayLead(start, url, next);
    url = next;
  }
  throw new MillraceError({ code: "MR3309", message: `${shownUrl(start)} leads on and on: more than ${REDIRECTS_MAX} redirects` });
}

/** W2 */
function assertMayLead(start: URL, from: URL, to: URL): void {
  const isDown = from.protocol === "https:" && to.protocol !== "https:";
  const isInside = isPrivate(to.hostname) && !isPrivate(start.hostname);
  if (/^https?:$/.test(to.protocol) && !isDown && !isInside) return;
  throw new MillraceError({ code: "MR3309", message: `${shownUrl(start)} leads to ${to.protocol}//${to.host}, where no download may go` });
}

function isPrivate(hostname: string): boolean {
  const host = hostname.replaceAll(/^\[|\]$/g, "").toLowerCase();
  if (/(?:^|\.)(?:localhost|internal|local)$/.test(host)) return true;
  if (isIP(host) === 4)
    return /^(?:0|10|127)\.|^169\.254\.|^192\.168\.|^172\.(?:1[6-9]|2\d|3[01])\.|^100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\./.test(host);
  return isIP(host) === 6 && /^::1?$|^f[cd]|^fe[89ab]|^::ffff:/.test(host);
}

function basic(url: URL): Readonly<Record<string, string>> {
  if (url.username === "" && url.password === "") return {};
  const pair = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  return { authorization: `Basic ${Buffer.from(pair).toString("base64")}` };
}

function refusal(url: URL, status: number, headers: Headers): MillraceError {
  const shown = shownUrl(url);
  if (status === 401 || status === 403)
    return new MillraceError({ code: "MR3301", message: `${shown}: the server refuses us (${status})` });
  const after = Number(headers.get("retry-after"));
  const wait = Number.isFinite(after) && after > 0 ? { retryAfterMs: after * 1000 } : {};
  if (status === 429)
    return new MillraceError({ code: "MR3308", message: `${shown}: the server asks us to slow down`, retryable: true, ...wait });
  if (status >= 500)
    return new MillraceError({ code: "MR3300", message: `${shown}: the server answers ${status}`, retryable: true, ...wait });
  return new MillraceError({ code: "MR3309", message: `${shown}: the server answers ${status}` });
}

function unreachable(url: URL, error: unknown): MillraceError {
  if (error instanceof MillraceError) return error;
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const code = (cause as NodeJS.ErrnoException).code;
  return new MillraceError({ code: "MR3300", message: `${shownUrl(url)}: ${code ?? messageOf(cause)}`, retryable: true });
}
