// Where a server may send us: next links stay on the host of `url` unless another is named; redirects may change the host
// (without our credentials), but nobody sends us from outside into this machine or its network, or from https down to http.
import { isIP } from "node:net";
import { MillraceError } from "../../../model/errors.ts";
import { shownUrl } from "./redact.ts";

/** What of the settings decides. */
export interface HostRules {
  readonly url: URL;
  readonly allowHosts: readonly string[];
  readonly secrets: readonly string[];
}

/** Same name and port, and not from https to http. */
export function isSameHost(target: URL, home: URL): boolean {
  if (target.origin === home.origin) return true;
  return target.hostname === home.hostname && home.protocol === "http:" && target.protocol === "https:";
}

/** @throws MillraceError MR3511 when `target` may not be asked. */
export function assertMayLead(from: URL, target: URL, how: "next link" | "redirect", settings: HostRules): void {
  if (target.protocol !== "http:" && target.protocol !== "https:") throw refused(from, target, how, settings);
  if (isSameHost(target, settings.url) || settings.allowHosts.includes(target.host)) return;
  const downgrade = settings.url.protocol === "https:" && target.protocol === "http:";
  if (how === "next link" || downgrade) throw refused(from, target, how, settings);
  if (isPrivateHost(target.hostname) && !isPrivateHost(settings.url.hostname)) throw refused(from, target, how, settings);
}

function refused(from: URL, target: URL, how: string, settings: HostRules): MillraceError {
  return new MillraceError({
    code: "MR3511",
    message: `a ${how} of ${shownUrl(from, settings.secrets)} leads to ${target.protocol}//${target.host}, not to ${settings.url.protocol}//${settings.url.host}`,
    hint: `if that host belongs to the service, allow it: allowHosts: ["${target.host}"]`,
  });
}

/** Loopback, private and link-local addresses and names. */
function isPrivateHost(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, "").toLowerCase();
  if (host === "localhost" || host.endsWith(".localhost") || host.endsWith(".internal") || host.endsWith(".local")) return true;
  if (isIP(host) === 4)
    return /^(0|10|127)\.|^169\.254\.|^192\.168\.|^172\.(1[6-9]|2\d|3[01])\.|^100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\./.test(host);
  return isIP(host) === 6 && (/^::1?$|^f[cd]|^fe[89ab]/.test(host) || host.startsWith("::ffff:"));
}
