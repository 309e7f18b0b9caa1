// A token that one request gives and all others carry: logging in happens once for all requests of a read, again after its lifetime or a 401.
import type { HttpSessionLogin } from "../../../model/definitions/http-auth.ts";
import { parseDurationMs } from "../../../model/duration.ts";
import { MillraceError } from "../../../model/errors.ts";
import { parseExact } from "../bodies/json.ts";
import { valueAt } from "../bodies/paths.ts";
import type { Answer } from "../wire/exchange.ts";
import { type Credential, type CredentialTools, formOf, prefixOf, withHeader } from "./credential.ts";

export function sessionCredential(spec: HttpSessionLogin, tools: CredentialTools): Credential {
  const lifetimeMs = spec.lifetime === undefined ? Infinity : (parseDurationMs(spec.lifetime) ?? Infinity);
  const header = spec.cookie === true ? "cookie" : (spec.header ?? "authorization").toLowerCase();
  const prefix = spec.cookie === true ? "" : prefixOf(spec.header, spec.prefix);
  let current: { readonly value: Promise<string>; readonly untilMs: number } | undefined;
  let given: string | undefined;
  return {
    async apply(request) {
      if (current === undefined || performance.now() >= current.untilMs) {
        const login = { value: logIn(spec, tools).then((token) => `${prefix}${token}`), untilMs: performance.now() + lifetimeMs };
        current = login;
        // A login that failed is no token for those who come later.
        login.value.catch(() => (current = current === login ? undefined : current));
      }
      given = await current.value;
      return withHeader(request, header, given);
    },
    renew({ headers }) {
      if (headers[header] === given) current = undefined;
    },
  };
}

async function logIn(spec: HttpSessionLogin, tools: CredentialTools): Promise<string> {
  const isForm = spec.bodyAs === "form";
  const fields = spec.body;
  const body = fields === undefined ? undefined : isForm ? formOf(fields as Record<string, unknown>) : JSON.stringify(fields);
  const type = body === undefined ? {} : { "content-type": isForm ? "application/x-www-form-urlencoded" : "application/json" };
  const answer = await tools.send({
    url: tools.resolve(spec.url),
    method: spec.method ?? "POST",
    headers: { ...type, ...lowered(spec.headers) },
    body,
  });
  const token = tokenOf(answer, spec);
  if (token === undefined || token === "")
    throw new MillraceError({
      code: "MR3518",
      message: `the login at ${tools.resolve(spec.url).origin} gave no token`,
      hint: "look at auth.session: where does the answer hold the token?",
    });
  tools.hide(token);
  return token;
}

function tokenOf({ headers, body }: Answer, { token, tokenHeader, cookie }: HttpSessionLogin): string | undefined {
  if (cookie === true) return headers["set-cookie"]?.map((line) => line.split(";")[0]!.trim()).join("; ");
  if (tokenHeader !== undefined) return [headers[tokenHeader.toLowerCase()]].flat()[0];
  let document: unknown;
  try {
    document = parseExact(body.toString("utf8"));
  } catch {
    return undefined;
  }
  const found = valueAt(document, token!);
  return typeof found === "string" || typeof found === "number" ? String(found) : undefined;
}

function lowered(headers: Readonly<Record<string, string>> | undefined): Record<string, string> {
  return Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]));
}
