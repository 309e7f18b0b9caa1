// Answers that are kept, given before anything else is made of a request: many readers of a busy engine cost it little more than their sockets.
//   Q1. Only reads of this machine that carry no secret, which nothing limits. Whoever shows one goes the whole way: it may have expired or be revoked.
//   Q2. Where a request comes from is judged as on the whole way, by the same rules; what they refuse, the whole way refuses in its words.
//   Q3. An answer is the one that the whole way would give, with the same headers.
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { type AccessRules, judgeOrigin, type Sent } from "../access.ts";
import { addressOf, ENVIRONMENT, JSON_TYPE, type Reply } from "../handlers.ts";
import { HEADERS } from "../headers.ts";
import type { KeptAnswers } from "./answers.ts";

const OF_ALL = HEADERS.flat();

export function lane(rules: AccessRules, kept: KeptAnswers, wholeWay: RequestListener): RequestListener {
  return (request, response) => {
    const reply = replyTo(request, rules, kept);
    if (reply === undefined) return wholeWay(request, response);
    send(response, reply);
  };
}

function replyTo(request: IncomingMessage, rules: AccessRules, kept: KeptAnswers): Reply | undefined {
  if (request.method !== "GET" || !rules.loopback) return undefined;
  const sent = sentBy(request);
  if (sent.get("authorization") !== null || sent.get("cookie") !== null) return undefined; // Q1
  if (!judgeOrigin(rules, sent).allowed) return undefined; // Q2
  return kept.now(addressOf(request.url ?? "", sent.get(ENVIRONMENT)), sent);
}

/** As `Headers` gives them: one that was sent twice is both, where Node leaves one out. */
function sentBy({ rawHeaders }: IncomingMessage): Sent {
  const values = new Map<string, string>();
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const [name, value] = [rawHeaders[at]!.toLowerCase(), rawHeaders[at + 1]!];
    const before = values.get(name);
    values.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return { get: (name) => values.get(name) ?? null };
}

function send(response: ServerResponse, { status, body, bytes, headers }: Reply): void {
  const content = bytes ?? body;
  const length = content === null ? [] : ["content-length", String(Buffer.byteLength(content))];
  response.writeHead(status, ["content-type", JSON_TYPE, ...Object.entries(headers ?? {}).flat(), ...OF_ALL, ...length]);
  response.end(content ?? undefined);
}
