// One HTTP request. It is sent again after a failure or a crash, always with the same Idempotency-Key, by which the other side can tell.
import { valueIn } from "./paths.ts";
import { MillraceError } from "../model/errors.ts";
import { EVENT_LIMITS } from "../model/events.ts";
import type { JsonValue } from "../model/json.ts";
import type { HttpAction } from "../model/task.ts";
import type { HttpAnswer, HttpRequest, TaskKind } from "../load/task-port.ts";

const KEY_HEADER = "Idempotency-Key";

export const http: TaskKind<HttpAction> = {
  name: "http",
  summary: "One HTTP request; what it answers is the output.",
  async act({ request }, { attempt, fill, idempotencyKey, request: send }) {
    const filled = fill.value(request) as HttpRequest;
    const isTold = Object.keys(filled.headers ?? {}).some((name) => name.toLowerCase() === KEY_HEADER.toLowerCase());
    const headers = isTold ? filled.headers : { ...filled.headers, [KEY_HEADER]: idempotencyKey };
    const url = fill.text(request.url);
    // A header that is one placeholder may have become a number.
    const texts = Object.entries(headers ?? {}).map(([name, value]: readonly [string, unknown]) => [name, String(value)] as const);
    const answer = await send({ ...filled, url, headers: Object.fromEntries(texts) });
    attempt.log("info", `${answer.shown} answered ${answer.status} with ${answer.bytes} bytes`);
    return { output: outputOf(answer, filled.output, (message) => attempt.log("warn", message)) };
  },
};

/** The body, or what stands at a path of it; of one that is too large for an event only how large it is. */
function outputOf(answer: HttpAnswer, path: string | undefined, warn: (message: string) => void): JsonValue {
  const value = path === undefined ? answer.body : valueIn(answer.body, path);
  if (value === undefined) throw new MillraceError({ code: "MR6202", message: `the answer of ${answer.shown} has nothing at ${path}` });
  const text = JSON.stringify(value, (_key, inner: unknown) => (typeof inner === "bigint" ? inner.toString() : inner));
  if (Buffer.byteLength(text) <= EVENT_LIMITS.outputBytes) return JSON.parse(text) as JsonValue;
  warn(`the answer is larger than ${EVENT_LIMITS.outputBytes} bytes; output: names the part of it that later tasks need`);
  return { status: answer.status, bytes: answer.bytes, cut: true };
}
