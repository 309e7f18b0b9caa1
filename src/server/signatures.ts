// Is a webhook from who it should be from? HMAC-SHA256 of the body as it came, of the GitHub kind (`X-Hub-Signature-256: sha256=HEX`) or of the Stripe
// kind (`Stripe-Signature: t=SECONDS,v1=HEX`, where the time is signed too). Comparisons take the same time whatever is wrong.
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { WebhookSignature } from "../model/webhook.ts";

/** `stale`: signed by the right one, but too long ago (or too far ahead) to be anything but a replay. */
export type SignatureVerdict = "right" | "wrong" | "stale";

/** Of hosts of repositories. */
const GIT_SIGNATURE = "X-Hub-Signature-256";
const GIT_TOKEN = "X-Gitlab-Token";
/** Signatures that one header of the Stripe kind may carry while a secret is rolled over. */
const SIGNATURES_MAX = 8;

export function verifySignature(
  signature: WebhookSignature,
  request: { readonly header: (name: string) => string | undefined; readonly body: Uint8Array; readonly nowMs: number },
): SignatureVerdict {
  const given = request.header(signature.kind === "push" ? GIT_SIGNATURE : signature.header);
  if (given === undefined) return signature.kind === "push" && isToken(signature.secret, request.header(GIT_TOKEN)) ? "right" : "wrong";
  switch (signature.kind) {
    case "push":
    case "body": {
      const prefix = signature.kind === "push" ? "sha256=" : signature.prefix;
      if (!given.startsWith(prefix)) return "wrong";
      return isSame(given.slice(prefix.length), hmac(signature.secret, request.body)) ? "right" : "wrong";
    }
    case "timestamped": {
      const { timestamp, signatures } = partsOf(given);
      if (timestamp === undefined) return "wrong";
      const expected = hmac(signature.secret, Buffer.concat([Buffer.from(`${timestamp}.`), request.body]));
      // All are compared, so that the time tells nothing about which one was right.
      const right = signatures.slice(0, SIGNATURES_MAX).filter((each) => isSame(each, expected)).length > 0;
      if (!right) return "wrong";
      return Math.abs(request.nowMs - Number(timestamp) * 1_000) <= signature.toleranceMs ? "right" : "stale";
    }
    default:
      return signature satisfies never;
  }
}

function isToken(secret: string, given: string | undefined): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return given !== undefined && secret !== "" && timingSafeEqual(digest(given), digest(secret));
}

function hmac(secret: string, data: Uint8Array): string {
  return createHmac("sha256", secret).update(data).digest("hex");
}

function isSame(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given.toLowerCase()), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function partsOf(header: string): { readonly timestamp: string | undefined; readonly signatures: readonly string[] } {
  let timestamp: string | undefined;
  const signatures: string[] = [];
  for (const part of header.split(",")) {
    const [key, value = ""] = part.trim().split("=", 2);
    if (key === "t" && /^\d{1,12}$/.test(value)) timestamp = value;
    if (key === "v1") signatures.push(value);
  }
  return { timestamp, signatures };
}
