// Who may speak to the server. On loopback: requests whose `Host` is a name of this machine (a page of another site that was made to resolve to
// 127.0.0.1 sends its own name), without an `Origin` or with the server's. On any other address: who has the token.
import { createHash, timingSafeEqual } from "node:crypto";
import { isIP } from "node:net";

export interface AccessRules {
  readonly loopback: boolean;
  readonly token: string;
}

export type AccessVerdict = { readonly allowed: true } | { readonly allowed: false; readonly status: 401 | 403; readonly why: string };

const LOOPBACK_NAMES: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** Addresses that only this machine can reach. */
export function isLoopback(host: string): boolean {
  if (host === "localhost" || host === "::1" || host === "[::1]") return true;
  return isIP(host) === 4 && host.startsWith("127.");
}

export function judgeAccess(rules: AccessRules, headers: Headers): AccessVerdict {
  if (!rules.loopback) {
    return hasToken(rules.token, headers)
      ? { allowed: true }
      : { allowed: false, status: 401, why: "this server wants its token: Authorization: Bearer …" };
  }
  const host = headers.get("host") ?? "";
  if (!isOwnHost(host)) return { allowed: false, status: 403, why: "the Host header names another machine" };
  const origin = headers.get("origin");
  if (origin !== null && origin !== `http://${host}`) return { allowed: false, status: 403, why: "the request comes from another site" };
  return { allowed: true };
}

export function hasToken(token: string, headers: Headers): boolean {
  const given = /^Bearer (.+)$/i.exec(headers.get("authorization") ?? "")?.[1];
  if (given === undefined || token === "") return false;
  return timingSafeEqual(digest(given), digest(token));
}

function isOwnHost(host: string): boolean {
  const name = host.replace(/:\d{1,5}$/, "").toLowerCase();
  return LOOPBACK_NAMES.has(name) || isLoopback(name);
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
