// Who speaks in a request, before anything else of it is looked at.
//   G1. On loopback reads need nothing, and what is sent without a browser may operate; a page acts with a session, other machines want a token for all.
//   G2. A session acts only when the browser says that our own page sent the request, as JSON, with a header that no form and no other site can send.
//   G3. A secret that opens nothing is refused, never passed over; whoever tries many of them waits.
//   G4. What a page is made of is given to anybody who can reach the server: it holds nothing of the project.
import { getConnInfo } from "@hono/node-server/conninfo";
import type { Context, MiddlewareHandler } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { AccessPort, Holder } from "../model/access.ts";
import { API_ROOT } from "../model/api-paths.ts";
import { MillraceError } from "../model/errors.ts";
import { type AccessRules, bearerOf, hasOwnOrigin, isSecret, judgeOrigin } from "./access.ts";
import { cookieOf } from "./cookie.ts";
import { errorAnswer } from "./errors.ts";
import { setHeaders } from "./headers.ts";
import { FAILED_SIGN_INS, type Limits, tooMany } from "./limits.ts";

const HOLDER = "holder";
/** Who carries a command out for a process of this machine. */
const BY_HEADER = "millrace-by";
const BY_CHARS_MAX = 200;
const SAFE: ReadonlySet<string> = new Set(["GET", "HEAD"]);
/** Of other machines, only those who are known get in there. */
const CLOSED = /^\/(?:api|mcp|healthz)(?:\/|$)/;
const SESSION = `${API_ROOT}/session`;

/** Who speaks in this request; there once the guard has let it in. */
export function holderIn(context: Context): Holder {
  return context.get(HOLDER) as Holder;
}

export function guard({ rules, access, limits }: Judging): MiddlewareHandler {
  return async (context, next) => {
    let holder: Holder;
    try {
      holder = asAgent(context, await holderOf(context, { rules, access, limits }));
    } catch (thrown) {
      const { status, answer, retryAfterMs } = errorAnswer(thrown);
      if (retryAfterMs !== undefined) context.header("retry-after", String(Math.ceil(retryAfterMs / 1_000)));
      setHeaders((context.res = context.json(answer, status as ContentfulStatusCode)));
      return undefined;
    }
    context.set(HOLDER, holder);
    await (access === undefined ? next() : access.actingAs(holder, next));
    setHeaders(context.res);
    return undefined;
  };
}

/** What an agent does is noted as an agent's, whoever it was given a token by. */
function asAgent(context: Context, holder: Holder): Holder {
  return context.req.header("millrace-agent") === undefined ? holder : { ...holder, via: "agent" };
}

export interface Judging {
  readonly rules: AccessRules;
  readonly access: AccessPort | undefined;
  readonly limits: Limits;
}

async function holderOf(context: Context, { rules, access, limits }: Judging): Promise<Holder> {
  const { headers } = context.req.raw;
  const origin = judgeOrigin(rules, headers);
  if (!origin.allowed) throw new MillraceError({ code: "MR8115", message: origin.why });
  const name = access?.name ?? "someone";
  const bearer = bearerOf(headers);
  if (bearer !== undefined) {
    if (isSecret(rules.token, bearer)) return engineHolder(context, name);
    const holder = await access?.holder(bearer);
    if (holder?.kind === "token") return holder;
    const waitMs = limits.take(`failed:${addressOf(context)}`, FAILED_SIGN_INS);
    if (waitMs > 0) throw tooMany(waitMs);
    throw unknown("the token opens nothing: it is no token of this project, or it has expired or was revoked");
  }
  const cookie = cookieOf(headers);
  const session = cookie === undefined ? undefined : await access?.holder(cookie);
  if (session?.kind === "session") {
    if (!SAFE.has(context.req.method)) requireOwnPage(rules, headers); // G2
    return session;
  }
  const anybody: Holder = { by: name, via: "api", scope: "read", kind: "machine", id: null, expiresAt: null };
  if (rules.loopback) return isOfBrowser(headers) ? { ...anybody, via: "page" } : { ...anybody, scope: "operate" }; // G1
  const { method, path } = context.req;
  if ((SAFE.has(method) && !CLOSED.test(path)) || path === SESSION) return { ...anybody, via: "page" }; // G4; a session is shown or begun there
  throw unknown("this server wants a token (Authorization: Bearer …) or a session");
}

function engineHolder(context: Context, name: string): Holder {
  const given = context.req.header(BY_HEADER)?.slice(0, BY_CHARS_MAX);
  const via = given === undefined ? "api" : "command";
  return { by: given === undefined || given === "" ? name : decode(given), via, scope: "admin", kind: "engine", id: null, expiresAt: null };
}

/** Names are more than a header can hold. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function requireOwnPage(rules: AccessRules, headers: Headers): void {
  const isJson = /^application\/json(?:;|$)/i.test(headers.get("content-type") ?? "");
  if (hasOwnOrigin(rules, headers) && isJson && headers.get("x-millrace") === "page") return;
  throw new MillraceError({
    code: "MR8115",
    message: "an act of a session comes from the page itself",
    hint: "programs send a token: Authorization: Bearer …",
  });
}

function isOfBrowser(headers: Headers): boolean {
  return headers.has("origin") || headers.has("x-millrace") || headers.has("sec-fetch-site");
}

/** What showed who speaks. */
export function secretIn(context: Context): string | undefined {
  const { headers } = context.req.raw;
  return bearerOf(headers) ?? cookieOf(headers);
}

function addressOf(context: Context): string {
  try {
    return getConnInfo(context).remote.address ?? "";
  } catch {
    return ""; // no connection: a test without a port
  }
}

function unknown(message: string): MillraceError {
  return new MillraceError({ code: "MR8110", message, hint: "millrace token create NAME --scope read|operate|admin" });
}
