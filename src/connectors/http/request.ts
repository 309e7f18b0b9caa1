// One request of a task: any method, its answer whatever it holds, with the time-outs, redirects, credentials and retries of the connector.
import * as z from "zod";
import { parseSizeBytes } from "../../model/duration.ts";
import { MillraceError } from "../../model/errors.ts";
import type { HttpRequest, HttpAnswer } from "../../load/task-port.ts";
import { httpBase } from "../../model/definitions/http.ts";
import { parseExact } from "./bodies/json.ts";
import { type Connections, mergeOptions, settingsOf } from "./settings.ts";
import type { HttpMethod } from "./wire/exchange.ts";
import { openSession, type SessionContext } from "./wire/session.ts";

const ANSWER_BYTES_MAX = 1_000_000;

/** @throws MR35xx; MR3502 for a status that is not expected, retryable where trying again may help. */
export async function sendRequest(request: HttpRequest, connections: Connections, context: SessionContext): Promise<HttpAnswer> {
  const { body, expect, method, output: _output, maxSize, ...rest } = request;
  const read = httpBase.safeParse(rest);
  if (!read.success) throw new MillraceError({ code: "MR3515", message: `http: ${z.prettifyError(read.error)}` });
  const settings = settingsOf(mergeOptions(read.data, connections));
  const text = body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body);
  const headers =
    typeof body === "string" && !isJson(body) ? { "content-type": "text/plain; charset=utf-8", ...settings.headers } : settings.headers;
  const own = {
    ...settings,
    headers,
    attempts: read.data.attempts ?? 1,
    pageBytesMax: maxSize === undefined ? ANSWER_BYTES_MAX : (parseSizeBytes(maxSize) ?? ANSWER_BYTES_MAX),
    ...(expect === undefined ? {} : { expects: (status: number) => isExpected(expect, status) }),
  };
  const session = openSession(own, context);
  try {
    const sending = (method as HttpMethod | undefined) ?? (text === undefined ? "GET" : "POST");
    const { answer, shown } = await session.send(own, { url: own.url, method: sending, headers: {}, body: text });
    return { status: answer.status, body: bodyOf(answer.body), shown, bytes: answer.body.length };
  } finally {
    session.close();
  }
}

function isExpected(expect: NonNullable<HttpRequest["expect"]>, status: number): boolean {
  if (typeof expect === "string") return String(status)[0] === expect[0];
  return [expect].flat().includes(status);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** JSON where it is JSON, else its text; null when there is none. */
function bodyOf(bytes: Buffer): unknown {
  const text = bytes.toString("utf8");
  if (text.trim() === "") return null;
  try {
    return parseExact(text);
  } catch {
    return text;
  }
}
