// Where a request comes from. On loopback its `Host` must be a name of this machine (a page of another site that was made to resolve to 127.0.0.1 sends
// its own name), and it comes without an `Origin` or with the server's. What another site's page asks for in any other way is refused, too.
import { createHash, timingSafeEqual } from "node:crypto";
import { isIP } from "node:net";

/** Headers as they were sent. */
export type Sent = Pick<Headers, "get">;

export interface AccessRules {
  readonly loopback: boolean;
  readonly token: string;
}

export type AccessVerdict = { readonly allowed: true } | { readonly allowed: false; readonly status: 401 | 403; readonly why: string };

const LOOPBACK_NAMES: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"]);
const ALLOWED: AccessVerdict = { allowed: true };

/** Addresses that only this machine can reach. */
export function isLoopback(host: string): boolean {
  if (host === "localhost" || host === "::1" || host === "[::1]") return true;
  return isIP(host) === 4 && host.startsWith("127.");
}

/** Of a request that nothing but its origin and the server's own token can speak for. */
export function judgeAccess(rules: AccessRules, headers: Sent): AccessVerdict {
  if (rules.loopback) return judgeOrigin(rules, headers);
  return hasToken(rules.token, headers)
    ? ALLOWED
    : { allowed: false, status: 401, why: "this server wants its token: Authorization: Bearer …" };
}

/** On other addresses than loopback whoever asks is known by a token or a session, and names are those of a proxy in front. */
export function judgeOrigin({ loopback }: Pick<AccessRules, "loopback">, headers: Sent): AccessVerdict {
  if (loopback && !isOwnHost(headers.get("host") ?? "")) return refused("the Host header names another machine");
  if (headers.get("origin") !== null && !hasOwnOrigin({ loopback }, headers)) return refused("the request comes from another site");
  const site = headers.get("sec-fetch-site");
  const isForeign = site === "cross-site" || site === "same-site"; // same-site: a page of another port of this machine
  if (isForeign && headers.get("sec-fetch-mode") !== "navigate") return refused("the request comes from another site");
  return ALLOWED;
}

/** A browser says that a page of this server sent it. */
export function hasOwnOrigin({ loopback }: Pick<AccessRules, "loopback">, headers: Sent): boolean {
  const [origin, host] = [headers.get("origin"), headers.get("host")];
  if (origin === null || host === null) return false;
  return origin === `http://${host}` || (!loopback && origin === `https://${host}`);
}

export function hasToken(token: string, headers: Sent): boolean {
  const given = bearerOf(headers);
  return given !== undefined && isSecret(token, given);
}

export function bearerOf(headers: Sent): string | undefined {
  return /^Bearer (.+)$/i.exec(headers.get("authorization") ?? "")?.[1];
}

/** Takes the same time whatever is wrong. */
export function isSecret(secret: string, given: string): boolean {
  return secret !== "" && timingSafeEqual(digest(given), digest(secret));
}

function refused(why: string): AccessVerdict {
  return { allowed: false, status: 403, why };
}

function isOwnHost(host: string): boolean {
  const name = host.replace(/:\d{1,5}$/, "").toLowerCase();
  return LOOPBACK_NAMES.has(name) || isLoopback(name);
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
