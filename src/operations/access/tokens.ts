// Tokens and sessions of the page, in a table of the state.
//   T1. Of a secret its SHA-256 alone is kept: it is random and long, so nothing is won by guessing at the hash.
//   T2. What is expired or revoked opens nothing; a session that was made with a token ends with it.
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { Holder, Scope, TokenAnswer, TokenCreatedAnswer, TokensAnswer } from "../../model/access.ts";
import { parseDurationMs } from "../../model/duration.ts";
import { MillraceError } from "../../model/errors.ts";
import type { JsonValue } from "../../model/json.ts";
import type { ReadTables, TableRow } from "../../store/store.ts";
import { actor } from "../actor.ts";
import { change } from "./rows.ts";

export const TOKENS_TABLE = "access.1:tokens";
const SECRET_BYTES = 32;
const ID_BYTES = 6;
const DAY_MS = 86_400_000;
const EXPIRY_DEFAULT_MS = 90 * DAY_MS;
const EXPIRY_MAX_MS = 366 * DAY_MS;
const SESSION_MS = 7 * DAY_MS;
const TOKENS_MAX = 1_000;
const SESSIONS_MAX = 1_000;
const NAME = /^[\p{L}\p{N}][\p{L}\p{N} ._@-]{0,63}$/u;
/** So often at most it is noted that a token was used. */
const USE_NOTED_MS = 5 * 60_000;

interface Row {
  readonly id: string;
  readonly kind: "token" | "session";
  readonly hash: string;
  readonly name: string;
  readonly scope: Scope;
  readonly by: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly revokedAt: number | null;
  readonly lastUsedAt: number | null;
  /** The token that a session was made with. */
  readonly parent: string | null;
}

export interface TokenRequest {
  readonly name: string;
  readonly scope: Scope;
  /** A duration: `90d`. */
  readonly expires?: string;
}

/** @throws MR8112 a name or expiry that is none, MR8113 a name that is taken */
export async function createToken(tables: ReadTables, { name, scope, expires }: TokenRequest, now: number): Promise<TokenCreatedAnswer> {
  const lasts = expires === undefined ? EXPIRY_DEFAULT_MS : parseDurationMs(expires);
  if (lasts === undefined || lasts <= 0 || lasts > EXPIRY_MAX_MS)
    throw new MillraceError({
      code: "MR8112",
      message: `${JSON.stringify(expires)} is no time that a token may last`,
      hint: `write 12h or 90d; at most ${EXPIRY_MAX_MS / DAY_MS}d`,
    });
  if (!NAME.test(name))
    throw new MillraceError({
      code: "MR8112",
      message: `${JSON.stringify(name)} is no name of a token`,
      hint: "up to 64 letters, digits, spaces and . _ @ -",
    });
  const { id, secret, text } = made("t");
  return change(tables, TOKENS_TABLE, async () => {
    const live = (await rowsOf(tables, "token", TOKENS_MAX)).filter((row) => statusOf(row, now) === "live");
    if (live.some((row) => row.name === name))
      throw new MillraceError({
        code: "MR8113",
        message: `there is a token ${name} already`,
        hint: `millrace token revoke ${JSON.stringify(name)}, or take another name`,
      });
    if (live.length >= TOKENS_MAX) throw new MillraceError({ code: "MR8113", message: `there are ${TOKENS_MAX} tokens already` });
    const row: Row = { ...fresh({ id, secret, now }), kind: "token", name, scope, by: actor(), expiresAt: now + lasts, parent: null };
    return { rows: [stored(row)], answer: { ...shown(row, now), token: text } };
  });
}

export async function listTokens(tables: ReadTables, now: number): Promise<TokensAnswer> {
  return { tokens: (await rowsOf(tables, "token", TOKENS_MAX * 2)).map((row) => shown(row, now)) };
}

/** `named`: the id of a token or its name. @throws MR8114 */
export async function revokeToken(tables: ReadTables, named: string, now: number): Promise<TokenAnswer> {
  return change(tables, TOKENS_TABLE, async () => {
    const rows = await rowsOf(tables, "token", TOKENS_MAX * 2);
    const found = rows.find((row) => row.id === named) ?? rows.find((row) => row.name === named && statusOf(row, now) === "live");
    if (found === undefined) {
      const names = rows.filter((row) => statusOf(row, now) === "live").map((row) => row.name);
      const hint = names.length === 0 ? "there is none" : `there are ${names.join(", ")}`;
      throw new MillraceError({ code: "MR8114", message: `there is no token ${JSON.stringify(named)}`, hint });
    }
    if (found.revokedAt !== null) return { rows: [], answer: shown(found, now) };
    const row: Row = { ...found, revokedAt: now };
    return { rows: [stored(row)], answer: shown(row, now) };
  });
}

/** A session of the page for whoever showed a one-time key or a token. */
export async function beginSession(
  tables: ReadTables,
  holder: Pick<Holder, "by" | "scope" | "id" | "expiresAt">,
  now: number,
): Promise<{ readonly secret: string; readonly holder: Holder }> {
  const { id, secret, text } = made("s");
  const expiresAt = Math.min(now + SESSION_MS, holder.expiresAt ?? Infinity);
  const old = (await rowsOf(tables, "session", SESSIONS_MAX * 2)).filter(
    (row, at) => at >= SESSIONS_MAX - 1 || statusOf(row, now) !== "live",
  );
  if (old.length > 0)
    await tables.remove(
      TOKENS_TABLE,
      old.map((row) => row.id),
    );
  const { by, scope } = holder;
  const row: Row = { ...fresh({ id, secret, now }), kind: "session", name: by, scope, by, expiresAt, parent: holder.id };
  await change(tables, TOKENS_TABLE, async () => ({ rows: [stored(row)], answer: null }));
  return { secret: text, holder: holderOfRow(row) };
}

export async function endSession(tables: ReadTables, id: string): Promise<void> {
  await tables.remove(TOKENS_TABLE, [id]);
}

/** Who shows this secret; undefined for one that opens nothing. */
export async function holderOf(tables: ReadTables, text: string, now: number): Promise<Holder | undefined> {
  const match = /^mlr_([ts]_[\w-]{8})_([\w-]{43})$/.exec(text);
  if (match === null) return undefined;
  const row = await rowNamed(tables, match[1]!);
  if (row === undefined || !timingSafeEqual(Buffer.from(row.hash, "hex"), sha256(match[2]!)) || statusOf(row, now) !== "live")
    return undefined;
  if (row.parent !== null) {
    const parent = await rowNamed(tables, row.parent);
    if (parent === undefined || statusOf(parent, now) !== "live") return undefined; // T2
  }
  if (row.kind === "token" && (row.lastUsedAt ?? 0) < now - USE_NOTED_MS) await noteUse(tables, row.id, now);
  return holderOfRow(row);
}

async function noteUse(tables: ReadTables, id: string, now: number): Promise<void> {
  await change(tables, TOKENS_TABLE, async () => {
    const row = await rowNamed(tables, id);
    return { rows: row === undefined ? [] : [stored({ ...row, lastUsedAt: now })], answer: null };
  }).catch(() => undefined); // a convenience: the request goes on
}

function holderOfRow({ id, kind, name, scope, expiresAt }: Row): Holder {
  return { id, kind, by: name, via: kind === "session" ? "page" : "api", scope, expiresAt };
}

function made(kind: "t" | "s"): { readonly id: string; readonly secret: string; readonly text: string } {
  const id = `${kind}_${randomBytes(ID_BYTES).toString("base64url")}`;
  const secret = randomBytes(SECRET_BYTES).toString("base64url");
  return { id, secret, text: `mlr_${id}_${secret}` };
}

function fresh({ id, secret, now }: { readonly id: string; readonly secret: string; readonly now: number }) {
  return { id, hash: sha256(secret).toString("hex"), createdAt: now, revokedAt: null, lastUsedAt: null };
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

function statusOf({ revokedAt, expiresAt }: Row, now: number): TokenAnswer["status"] {
  return revokedAt === null ? (expiresAt > now ? "live" : "expired") : "revoked";
}

function shown(row: Row, now: number): TokenAnswer {
  const { id, name, scope, by } = row;
  const time = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());
  const [createdAt, expiresAt] = [time(row.createdAt)!, time(row.expiresAt)!];
  return {
    id,
    name,
    scope,
    status: statusOf(row, now),
    by,
    createdAt,
    expiresAt,
    revokedAt: time(row.revokedAt),
    lastUsedAt: time(row.lastUsedAt),
  };
}

function stored(row: Row): TableRow {
  return { key: row.id, label: row.kind, rank: row.createdAt, body: row as unknown as JsonValue };
}

async function rowNamed(tables: ReadTables, id: string): Promise<Row | undefined> {
  return (await tables.get(TOKENS_TABLE, id)) as unknown as Row | undefined;
}

async function rowsOf(tables: ReadTables, label: Row["kind"], limit: number): Promise<readonly Row[]> {
  return (await tables.list(TOKENS_TABLE, { label, limit })) as unknown as readonly Row[];
}
