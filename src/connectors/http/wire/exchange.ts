// One request and its whole answer over node:http(s), with a limit on every phase.
//   E1. A body is complete or the exchange fails: Content-Length, chunk ends and compressed streams are all held to their word.
//   E2. Connecting, the first byte of the answer and the body each have a time limit; the unpacked body has a size limit.
//   E3. An abort of the caller's signal ends the exchange at once with the signal's reason.
import { open } from "node:fs/promises";
import * as http from "node:http";
import * as https from "node:https";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { brotliDecompressSync, constants, createBrotliDecompress, createGunzip, gunzipSync, inflate, inflateRaw } from "node:zlib";
import { MillraceError } from "../../../model/errors.ts";

export type HttpMethod = "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";

/** How much of an error's body is read for its message. */
const ERROR_BODY_BYTES_MAX = 64_000;
/** How long its words are waited for: the status says that it failed, whatever they will be. */
const ERROR_BODY_MS_MAX = 2_000;

export interface ExchangeRequest {
  readonly url: URL;
  readonly method: HttpMethod;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  readonly connectMs: number;
  readonly responseMs: number;
  readonly bodyMs: number;
  readonly bytesMax: number;
  readonly signal: AbortSignal;
  readonly agent: http.Agent;
  /** The address as it may be shown. */
  readonly shown: string;
  /** A file that a good answer's body goes to in place of memory. */
  readonly into?: string | undefined;
}

export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  /** Unpacked. Of an answer that is not 2xx at most the first bytes. */
  readonly body: Buffer;
}

/** @throws MillraceError MR3501 (no connection), MR3504 (too slow), MR3505 (cut short), MR3510 (too large); the signal's reason when aborted. */
export async function exchange(request: ExchangeRequest): Promise<Answer> {
  const stop = new AbortController();
  const onAbort = (): void => stop.abort(request.signal.reason);
  if (request.signal.aborted) onAbort();
  else request.signal.addEventListener("abort", onAbort, { once: true });
  let timer: NodeJS.Timeout | undefined;
  const within = (limitMs: number, phase: "connect" | "response" | "body"): void => {
    clearTimeout(timer);
    timer = setTimeout(() => stop.abort(tooSlow(request, phase, limitMs)), limitMs);
  };
  try {
    stop.signal.throwIfAborted();
    const response = await send(request, stop.signal, within);
    const status = response.statusCode ?? 0;
    const isGood = status >= 200 && status < 300;
    within(isGood ? request.bodyMs : Math.min(request.bodyMs, ERROR_BODY_MS_MAX), "body");
    const body = await (isGood ? wholeBody(response, request, stop.signal) : beginning(response));
    return { status, headers: response.headers, body };
  } catch (thrown) {
    if (stop.signal.aborted) throw stop.signal.reason;
    throw thrown instanceof MillraceError ? thrown : unreachable(thrown, request);
  } finally {
    clearTimeout(timer);
    request.signal.removeEventListener("abort", onAbort);
  }
}

function send(
  { url, method, headers, body, agent, connectMs, responseMs }: ExchangeRequest,
  signal: AbortSignal,
  within: (limitMs: number, phase: "connect" | "response") => void,
): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    const secure = url.protocol === "https:";
    const sent = (secure ? https : http).request(url, {
      method,
      agent,
      signal,
      headers: body === undefined ? headers : { ...headers, "content-length": String(Buffer.byteLength(body)) },
    });
    within(connectMs, "connect");
    sent.once("socket", (socket) => {
      if (!socket.connecting) within(responseMs, "response");
      else socket.once(secure ? "secureConnect" : "connect", () => within(responseMs, "response"));
    });
    sent.once("response", resolve);
    // Stays until the end: a socket that breaks after the response also raises "error" on the request.
    sent.on("error", reject);
    sent.end(body);
  });
}

/** Everything, unpacked (E1). */
async function wholeBody(response: http.IncomingMessage, request: ExchangeRequest, signal: AbortSignal): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const file = request.into === undefined ? undefined : await open(request.into, "w", 0o600);
  let sizeBytes = 0;
  // Kept aside: a pipeline may report the close of its source in place of what its last step threw.
  let overflow: MillraceError | undefined;
  const collect = async (source: AsyncIterable<Buffer>): Promise<void> => {
    for await (const chunk of source) {
      sizeBytes += chunk.length;
      if (sizeBytes > request.bytesMax) {
        overflow = tooLarge(request);
        throw overflow;
      }
      if (file === undefined) chunks.push(chunk);
      else await file.write(chunk);
    }
  };
  const encodings = (response.headers["content-encoding"] ?? "")
    .split(",")
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== "" && name !== "identity");
  const announced = Number(response.headers["content-length"]);
  if (Number.isFinite(announced) && announced > request.bytesMax) {
    response.destroy();
    throw tooLarge(request);
  }
  try {
    await pipeline([response, ...unpackers(encodings, request), collect as never], { signal });
    if (!response.complete) throw new Error("the connection broke");
    const body = Buffer.concat(chunks);
    if (file !== undefined) return body;
    return encodings.includes("deflate") ? await inflated(body, request.bytesMax) : body;
  } catch (thrown) {
    response.destroy();
    if (overflow !== undefined) throw overflow;
    if (thrown instanceof MillraceError || signal.aborted) throw thrown;
    if ((thrown as { readonly code?: string }).code === "ERR_BUFFER_TOO_LARGE") throw tooLarge(request);
    throw cutShort(request, sizeBytes, thrown);
  } finally {
    await file?.close();
  }
}

/** What unpacks the body as it streams; "deflate" is unpacked at the end, by `inflated`. */
function unpackers(encodings: readonly string[], request: ExchangeRequest): readonly NodeJS.ReadWriteStream[] {
  return encodings.toReversed().flatMap((name) => {
    switch (name) {
      case "deflate":
        if (request.into !== undefined) throw notAskedFor(name, request);
        return [];
      case "gzip":
      case "x-gzip":
        return [createGunzip()];
      case "br":
        return [createBrotliDecompress()];
      default:
        throw notAskedFor(name, request);
    }
  });
}

function notAskedFor(name: string, { shown }: ExchangeRequest): MillraceError {
  return new MillraceError({ code: "MR3506", message: `${shown} is packed as "${name}", which was not asked for and is not understood` });
}

/** Some servers send "deflate" without the zlib head that the standard asks for. */
async function inflated(packed: Buffer, bytesMax: number): Promise<Buffer> {
  const unpack = promisify<Buffer, { maxOutputLength: number }, Buffer>(((packed[0] ?? 8) & 0x0f) === 8 ? inflate : inflateRaw);
  return unpack(packed, { maxOutputLength: bytesMax });
}

/** The beginning of a body that is only read for a message, unpacked as far as it goes; never fails. */
async function beginning(response: http.IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      sizeBytes += chunk.length;
      if (sizeBytes >= ERROR_BODY_BYTES_MAX) break;
    }
    const body = Buffer.concat(chunks);
    const options = { maxOutputLength: ERROR_BODY_BYTES_MAX };
    const encoding = response.headers["content-encoding"]?.trim().toLowerCase();
    if (encoding === "gzip") return gunzipSync(body, { ...options, finishFlush: constants.Z_SYNC_FLUSH });
    if (encoding === "br") return brotliDecompressSync(body, options);
    return encoding === "deflate" ? await inflated(body, ERROR_BODY_BYTES_MAX) : body;
  } catch {
    // The status is what counts; without readable words the message does without them.
    return response.headers["content-encoding"] === undefined ? Buffer.concat(chunks) : Buffer.alloc(0);
  }
}

function tooSlow({ shown }: ExchangeRequest, phase: "connect" | "response" | "body", limitMs: number): MillraceError {
  const what = { connect: "did not connect", response: "sent no answer", body: "did not finish the body" }[phase];
  return new MillraceError({
    code: "MR3504",
    message: `${shown} ${what} within ${limitMs / 1_000} s`,
    hint: `ask for smaller pages or set timeouts: { ${phase}: … }`,
    retryable: true,
  });
}

function tooLarge({ shown, bytesMax }: ExchangeRequest): MillraceError {
  return new MillraceError({
    code: "MR3510",
    message: `a page of ${shown} is larger than ${bytesMax / 1e6} MB`,
    hint: "ask for smaller pages, or raise maxPageSize",
  });
}

function cutShort({ shown }: ExchangeRequest, sizeBytes: number, cause: unknown): MillraceError {
  return new MillraceError({
    code: "MR3505",
    message: `the answer of ${shown} broke off after ${sizeBytes} bytes`,
    retryable: true,
    cause,
  });
}

const FINAL = /^(CERT_|ERR_TLS|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|ERR_INVALID|ERR_UNESCAPED)/;
function unreachable(thrown: unknown, { shown, url }: ExchangeRequest): MillraceError {
  const code = (thrown as { readonly code?: string }).code ?? "";
  const words: Readonly<Record<string, string>> = {
    ECONNREFUSED: `nothing listens at ${url.host}`,
    ENOTFOUND: `the name ${url.hostname} does not resolve`,
    EAI_AGAIN: `the name ${url.hostname} cannot be resolved at the moment`,
    ECONNRESET: "the connection broke before the answer",
    EPIPE: "the connection broke before the answer",
    EPROTO: "the server does not speak TLS as expected",
  };
  const why = words[code] ?? (thrown instanceof Error ? thrown.message : String(thrown));
  return new MillraceError({ code: "MR3501", message: `cannot reach ${shown}: ${why}`, retryable: !FINAL.test(code), cause: thrown });
}
