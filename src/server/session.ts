// Sessions of the page: begun with the one-time key of a link, or with a token; held in a cookie that no script reads and no other site sends.
import type { AccessPort, Holder, PageLinkAnswer, SessionAnswer } from "../model/access.ts";
import { MillraceError } from "../model/errors.ts";
import { cookieFor } from "./cookie.ts";
import type { Around, Reply } from "./handlers.ts";
import type { Keys } from "./keys.ts";

export interface SessionOptions {
  readonly access: AccessPort;
  readonly keys: Keys;
  /** Where the page is; null before the server listens. */
  readonly url: () => string | null;
}

/** Answers the routes `session.*`. */
export function sessions({ access, keys, url }: SessionOptions): Around {
  return async (asking, next) => {
    const { holder, headers, input } = asking;
    switch (asking.route.id) {
      case "session.show":
        return answered(shown(holder));
      case "session.link": {
        const { key, expiresAt } = keys.make();
        const link = `${url() ?? ""}/#key=${key}`;
        return answered({ link, expiresAt: new Date(expiresAt).toISOString() } satisfies PageLinkAnswer);
      }
      case "session.begin": {
        const of = await opener(access, keys, String(input["key"]));
        const begun = await access.beginSession(of);
        return answered(shown(begun.holder), cookieFor(headers, begun.secret, begun.holder.expiresAt! - access.now()));
      }
      case "session.end":
        if (holder.kind === "session") await access.endSession(holder.id!);
        return answered(shown({ ...holder, kind: "machine", scope: "read", expiresAt: null }), cookieFor(headers, "", 0));
      default:
        return next();
    }
  };
}

/** @throws MR8110 for what opens nothing */
async function opener(access: AccessPort, keys: Keys, key: string): Promise<Pick<Holder, "by" | "scope" | "id" | "expiresAt">> {
  if (keys.take(key)) return { by: access.name, scope: "admin", id: null, expiresAt: null };
  const holder = await access.holder(key);
  if (holder?.kind === "token") return holder;
  throw new MillraceError({
    code: "MR8110",
    message: "the key opens nothing: it was used, is too old, or is no token",
    hint: "millrace token link",
  });
}

function shown({ by, via, scope, kind, expiresAt }: Holder): SessionAnswer {
  return { by, via, scope, signedIn: kind !== "machine", expiresAt: expiresAt === null ? null : new Date(expiresAt).toISOString() };
}

function answered(answer: object, headers: Readonly<Record<string, string>> = {}): Reply {
  return { status: 200, body: JSON.stringify({ v: 1, ...answer }), headers: { "cache-control": "no-store", ...headers } };
}
