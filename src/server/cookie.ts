// The cookie of a session: no script reads it and no other site sends it.
import type { Sent } from "./access.ts";

const COOKIE = "millrace";

export function cookieOf(headers: Sent): string | undefined {
  const name = cookieName(headers);
  for (const pair of (headers.get("cookie") ?? "").split(";")) {
    const [key, value] = pair.trim().split("=", 2);
    if (key === name && value !== undefined && value !== "") return value;
  }
  return undefined;
}

/** Browsers send cookies to all ports of a host: pages of two projects would take each other's. */
function cookieName(headers: Sent): string {
  const port = /:(\d{1,5})$/.exec(headers.get("host") ?? "")?.[1];
  return port === undefined ? COOKIE : `${COOKIE}_${port}`;
}

export function cookieFor(headers: Sent, secret: string, lastsMs: number): Readonly<Record<string, string>> {
  const secure = (headers.get("origin") ?? "").startsWith("https:") ? "; Secure" : "";
  return {
    "set-cookie": `${cookieName(headers)}=${secret}; Max-Age=${Math.floor(lastsMs / 1_000)}; Path=/; HttpOnly; SameSite=Strict${secure}`,
  };
}
