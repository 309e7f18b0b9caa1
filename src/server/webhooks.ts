// Webhooks: a POST to the path of a trigger becomes a request for a run, once.
//   H1. The answer 202 is given when the request is durable; 200 with `"duplicate": true` when it was before.
//   H2. Nothing is taken from a body whose signature is wrong, and nothing of it is kept.
//   H3. A body beyond the limit is refused without being read to its end.
//   H4. A delivery is known by the id that its sender gave; a signed one without an id by its signature, for as long as a sender would try again.
import type { Context, Hono } from "hono";
import { createHash } from "node:crypto";
import type { JsonValue } from "../model/answers.ts";
import { asMillraceError, type MillraceError } from "../model/errors.ts";
import { WEBHOOK_BODY_BYTES_MAX, type WebhookPort, type WebhookRoute } from "../model/webhook.ts";
import { type AccessRules, judgeAccess } from "./access.ts";
import { readBody } from "./body.ts";
import { verifySignature } from "./signatures.ts";

const DELIVERY_HEADERS = ["x-github-delivery", "x-gitea-delivery", "x-gitlab-event-uuid", "webhook-id"];
const DELIVERY_ID_CHARS_MAX = 200;
const DEPTH_MAX = 500;
/** How long the same signed body without an id counts as the sender trying again. */
const SAME_BODY_MS = 5 * 60_000;
/** Headers that are kept with a body: none that carries a secret. */
const KEPT_HEADERS = ["content-type", "user-agent", "x-github-event", "x-github-delivery", "webhook-id", "webhook-timestamp"];

export function addWebhooks(app: Hono, rules: AccessRules, port: WebhookPort): void {
  app.all("*", async (context, next) => {
    const route = port.route(context.req.path);
    if (route === undefined) return next();
    if (context.req.method !== "POST") return context.json(problem("send it with POST"), 405, { allow: "POST" });
    return takeDelivery(context, rules, port, route);
  });
}

async function takeDelivery(context: Context, rules: AccessRules, port: WebhookPort, route: WebhookRoute): Promise<Response> {
  const { headers } = context.req.raw;
  // A right signature says more than a name or a token could; without one the rules of every request hold.
  const access = route.signature === null ? judgeAccess(rules, headers) : { allowed: true as const };
  if (!access.allowed) return context.json(problem(access.why), access.status);
  const bodyMax = route.bodyMaxBytes ?? WEBHOOK_BODY_BYTES_MAX;
  const body = await readBody(context.req.raw, bodyMax);
  if (body === null) return context.json(problem(`the body is larger than ${bodyMax} bytes`), 413);
  const header = (name: string): string | undefined => headers.get(name) ?? undefined;
  const receivedAtMs = port.now();
  if (route.signature !== null) {
    const verdict = verifySignature(route.signature, { header, body, nowMs: receivedAtMs });
    if (verdict === "stale") return context.json(problem("the signature is too old"), 401);
    if (verdict === "wrong") return context.json(problem("the signature is missing or wrong"), 401);
  }
  const json = jsonOf(body);
  if (json !== undefined && !isShallow(json)) return context.json(problem(`the body is nested deeper than ${DEPTH_MAX} levels`), 400);
  const id = deliveryId(route, { header, json, body, receivedAtMs });
  if (id !== null && id.length > DELIVERY_ID_CHARS_MAX) return context.json(problem("the delivery id is too long"), 400);
  try {
    const answer = await port.accept(route, { id, body, json, headers: keptHeaders(header, route), receivedAtMs });
    return context.json({ v: 1, ...answer }, answer.duplicate ? 200 : 202);
  } catch (thrown) {
    const error: MillraceError = asMillraceError(thrown);
    return context.json({ v: 1, error: { code: error.code, message: error.message } }, statusOf(error));
  }
}

function statusOf(error: MillraceError): 422 | 500 | 503 {
  if (error.code === "MR9001") return 500;
  return error.retryable ? 503 : 422;
}

interface Received {
  readonly header: (name: string) => string | undefined;
  readonly json: JsonValue | undefined;
  readonly body: Uint8Array;
  readonly receivedAtMs: number;
}

function deliveryId(route: WebhookRoute, { header, json, body, receivedAtMs }: Received): string | null {
  if (route.deliveryPath !== undefined) return textAt(json, route.deliveryPath);
  if (route.deliveryHeader !== undefined) return header(route.deliveryHeader) ?? null;
  for (const name of DELIVERY_HEADERS) {
    const given = header(name);
    if (given !== undefined && given !== "") return given;
  }
  if (route.signature === null) return null;
  if (route.signature.kind === "timestamped") {
    const event = (json as { readonly id?: unknown } | null | undefined)?.id;
    if (typeof event === "string" && event !== "") return event;
    return `signed:${sha256(header(route.signature.header) ?? "")}`; // its time is signed: the same header is the same delivery
  }
  return `body:${sha256(body)}:${Math.floor(receivedAtMs / SAME_BODY_MS)}`;
}

function textAt(json: JsonValue | undefined, path: readonly string[]): string | null {
  let value: unknown = json;
  for (const key of path)
    value = typeof value === "object" && value !== null && Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined;
  return typeof value === "string" || typeof value === "number" ? String(value) : null;
}

function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex").slice(0, 32);
}

function jsonOf(body: Uint8Array): JsonValue | undefined {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body)) as JsonValue;
  } catch {
    return undefined; // a form, text, bytes: the run may still be wanted
  }
}

/** What works on JSON later goes down level by level. */
function isShallow(json: JsonValue): boolean {
  let level: readonly unknown[] = [json];
  for (let depth = 0; depth <= DEPTH_MAX; depth++) {
    level = level.flatMap((value) => (typeof value === "object" && value !== null ? Object.values(value) : []));
    if (level.length === 0) return true;
  }
  return false;
}

function keptHeaders(header: Received["header"], { deliveryHeader }: WebhookRoute): Readonly<Record<string, string>> {
  const names = deliveryHeader === undefined ? KEPT_HEADERS : [...KEPT_HEADERS, deliveryHeader.toLowerCase()];
  return Object.fromEntries(names.flatMap((name) => (header(name) === undefined ? [] : [[name, header(name)!] as const])));
}

function problem(message: string): object {
  return { v: 1, error: { message } };
}
