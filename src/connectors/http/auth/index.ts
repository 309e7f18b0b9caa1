// The credentials of a source by its `auth:`. Usually one; with several tokens one for each.
import { createHash } from "node:crypto";
import type { HttpAuth, HttpTokens } from "../../../model/definitions/http-auth.ts";
import { parseRate } from "../../../model/limits.ts";
import { type Credential, type CredentialTools, prefixOf, withHeader, withParam } from "./credential.ts";
import { hmacCredential } from "./hmac.ts";
import { oauthCredential } from "./oauth.ts";
import { sessionCredential } from "./session-token.ts";

const nobody: Credential = { apply: (request) => request };

export function credentialsOf(auth: HttpAuth | undefined, budget: string, tools: CredentialTools): readonly Credential[] {
  if (auth === undefined) return [nobody];
  const { bearer, basic, header, apiKey, oauth2, hmac, session, tokens } = auth;
  if (bearer !== undefined) return [headerCredential("authorization", `Bearer ${bearer}`)];
  if (basic !== undefined)
    return [headerCredential("authorization", `Basic ${Buffer.from(`${basic.user}:${basic.password}`).toString("base64")}`)];
  if (header !== undefined) return [headerCredential(header.name, header.value)];
  if (apiKey !== undefined) {
    const { name, value } = apiKey;
    return [apiKey.in === "query" ? { apply: (request) => withParam(request, name, value) } : headerCredential(name, value)];
  }
  if (oauth2 !== undefined) return [oauthCredential(oauth2, tools)];
  if (hmac !== undefined) return [hmacCredential(hmac)];
  if (session !== undefined) return [sessionCredential(session, tools)];
  return tokens === undefined ? [nobody] : tokenCredentials(tokens, budget);
}

function headerCredential(name: string, value: string): Credential {
  return { apply: (request) => withHeader(request, name, value) };
}

function tokenCredentials({ values, header, prefix, rate, burst }: HttpTokens, budget: string): readonly Credential[] {
  const spoken = rate === undefined ? undefined : parseRate(rate);
  const limit = spoken === undefined ? undefined : { ...spoken, burst: burst ?? 1 };
  return values.map((token) => ({
    ...headerCredential(header ?? "authorization", `${prefixOf(header, prefix)}${token}`),
    budget: { name: `${budget} token ${createHash("sha256").update(`budget of ${token}`).digest("hex").slice(0, 16)}`, rate: limit },
  }));
}
