// OAuth 2: access tokens by client credentials, or by a refresh token that the server may replace at each use.
//   O1. A rotated refresh token is kept, encrypted with the one of the project, before the access token that came with it is used.
//   O2. Of all runs and processes one at a time refreshes; the others take what it kept. The old token is never used again once there is a new one.
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { HttpOauth2 } from "../../../model/definitions/http-auth.ts";
import { MillraceError } from "../../../model/errors.ts";
import { sealFor } from "../shared/sealed.ts";
import { statusOf } from "../wire/status.ts";
import { type Credential, type CredentialTools, formOf, withHeader } from "./credential.ts";

/** A token is renewed so long before its end. */
const EARLY_MS = 30_000;
const LIFETIME_DEFAULT_S = 3_600;
const LOCK_LOOK_MS = 50;
const LOCK_LOOKS_MAX = 1_200;

interface Granted {
  readonly access: string;
  readonly untilMs: number;
  readonly refresh: string | undefined;
}

export function oauthCredential(spec: HttpOauth2, tools: CredentialTools): Credential {
  let current: Granted | undefined;
  let pending: Promise<Granted> | undefined;
  let refused: string | undefined;
  const token = async (): Promise<Granted> => {
    if (pending !== undefined) return pending;
    if (current !== undefined && current.untilMs - EARLY_MS > Date.now()) return current;
    pending = spec.refreshToken === undefined ? granted(spec, undefined, tools) : refreshed(spec, refused, tools);
    try {
      return (current = await pending);
    } finally {
      pending = undefined;
    }
  };
  return {
    apply: async (request) => withHeader(request, "authorization", `Bearer ${(await token()).access}`),
    renew({ headers }) {
      if (current === undefined || headers["authorization"] !== `Bearer ${current.access}`) return;
      refused = current.access;
      current = undefined;
    },
  };
}

/** The token that another run or process has kept, or a fresh one (O1, O2). */
async function refreshed(spec: HttpOauth2, refused: string | undefined, tools: CredentialTools): Promise<Granted> {
  const shared = await tools.shared();
  const configured = spec.refreshToken!;
  const seal = sealFor(`oauth ${tools.resolve(spec.tokenUrl).origin} ${spec.clientId}`, [configured, spec.clientSecret ?? ""]);
  const holder = randomUUID();
  for (let looks = 0; !shared.lock(seal.name, holder); looks += 1) {
    if (looks >= LOCK_LOOKS_MAX)
      throw new MillraceError({
        code: "MR3518",
        message: `another process has been refreshing the token of ${spec.clientId} for a minute`,
        retryable: true,
      });
    await sleep(LOCK_LOOK_MS, undefined, { signal: tools.signal });
  }
  try {
    const kept = seal.open(shared.read(seal.name)) as Granted | undefined;
    if (kept !== undefined) {
      tools.hide(kept.access);
      if (kept.refresh !== undefined) tools.hide(kept.refresh);
      if (kept.access !== refused && kept.untilMs - EARLY_MS > Date.now()) return kept;
    }
    const using = kept?.refresh ?? configured;
    let fresh: Granted;
    try {
      fresh = await granted(spec, using, tools);
    } catch (thrown) {
      // Somebody may have logged in anew without changing the project's token.
      if (using === configured || ![400, 401].includes(statusOf(thrown) ?? 0)) throw thrown;
      fresh = await granted(spec, configured, tools);
    }
    const keeping: Granted = { ...fresh, refresh: fresh.refresh ?? using };
    shared.write(seal.name, seal.seal(keeping));
    return keeping;
  } finally {
    shared.release(seal.name, holder);
  }
}

async function granted(spec: HttpOauth2, refresh: string | undefined, tools: CredentialTools): Promise<Granted> {
  const { clientId, clientSecret, scope, params = {}, credentials = "header" } = spec;
  const inHeader = credentials === "header" && clientSecret !== undefined;
  const fields = {
    ...params,
    grant_type: refresh === undefined ? "client_credentials" : "refresh_token",
    refresh_token: refresh,
    scope,
    ...(inHeader ? {} : { client_id: clientId, client_secret: clientSecret }),
  };
  const pair = `${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret ?? "")}`;
  const encoded = Buffer.from(pair).toString("base64");
  if (inHeader) tools.hide(encoded);
  const url = tools.resolve(spec.tokenUrl);
  const answer = await tools.send({
    url,
    method: "POST",
    headers: {
      "content-type": "application/x-www-form-urlencoded",
      ...(inHeader ? { authorization: `Basic ${encoded}` } : {}),
    },
    body: formOf(fields),
  });
  const said = parsed(answer.body.toString("utf8"));
  const access = said["access_token"];
  if (typeof access !== "string" || access === "")
    throw new MillraceError({
      code: "MR3518",
      message: `${url.origin}${url.pathname} gave no access_token`,
      hint: "look at auth.oauth2: is tokenUrl the right one?",
    });
  const lifetimeS = Number(said["expires_in"] ?? LIFETIME_DEFAULT_S);
  const rotated = said["refresh_token"];
  tools.hide(access);
  if (typeof rotated === "string") tools.hide(rotated);
  return {
    access,
    untilMs: Date.now() + (Number.isFinite(lifetimeS) ? lifetimeS : LIFETIME_DEFAULT_S) * 1_000,
    refresh: typeof rotated === "string" && rotated !== "" ? rotated : undefined,
  };
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
