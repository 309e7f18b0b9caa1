// Requests signed with a shared secret, by the template that the service prescribes. Each try is signed anew: time and nonce are its own.
import { createHash, createHmac, randomUUID } from "node:crypto";
import type { HttpHmac } from "../../../model/definitions/http-auth.ts";
import { type Credential, type Outgoing, withHeader, withParam } from "./credential.ts";

export function hmacCredential(spec: HttpHmac): Credential {
  return { apply: (request) => sign(spec, request, { nowMs: Date.now(), nonce: randomUUID() }) };
}

/** Exported for what is signed is a known answer. */
export function sign(spec: HttpHmac, request: Outgoing, moment: { readonly nowMs: number; readonly nonce: string }): Outgoing {
  const { algorithm = "sha256", encoding = "hex", headers = {}, params = {} } = spec;
  const words: Record<string, string> = {
    method: request.method,
    nonce: moment.nonce,
    body: request.body ?? "",
    bodyHash: createHash(algorithm)
      .update(request.body ?? "")
      .digest("hex"),
    timestamp: String(Math.floor(moment.nowMs / 1_000)),
    timestampMs: String(moment.nowMs),
    date: new Date(moment.nowMs).toUTCString(),
  };
  const fill = (template: string): string => template.replaceAll(/\{(\w+)\}/g, (written, name: string) => words[name] ?? written);
  // Parameters that carry no signature are part of what is signed.
  let signed = request;
  for (const [name, template] of Object.entries(params))
    if (!template.includes("{signature}")) signed = withParam(signed, name, fill(template));
  Object.assign(words, { url: signed.url.href, host: signed.url.host, path: signed.url.pathname, query: signed.url.search.slice(1) });
  const message = fill(spec.message.replaceAll("\\n", "\n"));
  words["signature"] = createHmac(algorithm, keyOf(spec)).update(message).digest(encoding);
  for (const [name, template] of Object.entries(params))
    if (template.includes("{signature}")) signed = withParam(signed, name, fill(template));
  for (const [name, template] of Object.entries(headers)) signed = withHeader(signed, name, fill(template));
  return signed;
}

function keyOf({ secret, secretEncoding = "text" }: HttpHmac): Buffer {
  return Buffer.from(secret, secretEncoding === "text" ? "utf8" : secretEncoding);
}
