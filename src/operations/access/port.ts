// What the server asks of the state about those who speak to it.
import { createHash } from "node:crypto";
import type { AccessPort, Holder } from "../../model/access.ts";
import { PROD } from "../../model/environment.ts";
import type { ReadTables } from "../../store/store.ts";
import { actingAs, ownName } from "../actor.ts";
import { noteEntry } from "./audit.ts";
import { keepReply, takeKey } from "./once.ts";
import { beginSession, endSession, holderOf } from "./tokens.ts";

/** So long at most a token is taken for good after it was revoked. */
const KNOWN_MS = 1_000;
const KNOWN_MAX = 1_000;

/** `environment`: of the engine; it stands in the audit log. */
export function accessPort(tables: ReadTables, clock: { now(): number }, environment: string = PROD): AccessPort {
  const known = new Map<string, { readonly holder: Holder; readonly until: number }>();
  const now = (): number => clock.now();
  return {
    now,
    name: ownName(),
    actingAs,
    async holder(secret) {
      const key = createHash("sha256").update(secret).digest("base64");
      const found = known.get(key);
      if (found !== undefined && found.until > now()) return found.holder;
      known.delete(key);
      const holder = await holderOf(tables, secret, now());
      if (holder === undefined) return undefined;
      if (known.size >= KNOWN_MAX) known.clear();
      known.set(key, { holder, until: Math.min(now() + KNOWN_MS, holder.expiresAt ?? Infinity) });
      return holder;
    },
    async beginSession(of) {
      const begun = await beginSession(tables, of, now());
      const { by, via, id, scope } = begun.holder;
      const common = { at: new Date(now()).toISOString(), by, via, environment, why: null, error: null };
      await noteEntry(tables, { ...common, act: "session.begin", subject: id, before: null, after: { scope, token: of.id } });
      return begun;
    },
    async endSession(id) {
      known.clear();
      await endSession(tables, id);
    },
    takeKey: (key, fingerprint) => takeKey(tables, { key, fingerprint, now: now() }),
    keepReply: (key, reply) => keepReply(tables, key, reply),
  };
}
