// Idempotency keys: an act that is sent again with its key is answered as it was the first time, and not done again.
//   I1. A key is one caller's: the same text of another caller is another key.
//   I2. An act that failed did nothing; its key is free again. Not one whose run had begun: that is what it is answered with from then on.
//   I3. Answers with a secret are not kept.
import { createHash } from "node:crypto";
import type { AccessPort } from "../model/access.ts";
import { MillraceError } from "../model/errors.ts";
import type { ErrorAnswer } from "./errors.ts";
import { type Around, type Asking, failure, type Reply } from "./handlers.ts";

const HEADER = "idempotency-key";
const KEY_CHARS_MAX = 200;
/** Longer answers are not kept: that the act was done is. */
const BODY_CHARS_MAX = 200_000;
const SECRET = new Set(["tokens.create", "session.link", "session.begin"]);
const REPLAYED = { "idempotency-replayed": "true" };

export function idempotency(access: AccessPort): Around {
  const going = new Map<string, { readonly fingerprint: string; readonly reply: Promise<Reply> }>();
  return async (asking, next) => {
    const given = asking.headers.get(HEADER);
    if (given === null || asking.route.kind === "read") return next();
    if (given === "" || given.length > KEY_CHARS_MAX)
      throw new MillraceError({ code: "MR8109", message: `${HEADER}: 1 to ${KEY_CHARS_MAX} characters` });
    const key = hash([callerOf(asking), given]);
    const fingerprint = hash([asking.route.id, asking.environment ?? "", JSON.stringify(asking.input)]);
    const beside = going.get(key);
    if (beside !== undefined) {
      if (beside.fingerprint !== fingerprint) throw otherRequest();
      return { ...(await beside.reply), headers: REPLAYED };
    }
    const reply = once(access, { key, fingerprint, asking }, next).finally(() => going.delete(key));
    going.set(key, { fingerprint, reply });
    return reply;
  };
}

interface Keyed {
  readonly key: string;
  readonly fingerprint: string;
  readonly asking: Asking;
}

async function once(access: AccessPort, { key, fingerprint, asking }: Keyed, next: () => Promise<Reply>): Promise<Reply> {
  const verdict = await access.takeKey(key, fingerprint);
  if (verdict.state === "other") throw otherRequest();
  if (verdict.state === "unknown")
    throw new MillraceError({
      code: "MR8118",
      message: "a request with this idempotency key began, and what came of it was not kept",
      hint: "millrace audit",
    });
  if (verdict.state === "done") return { ...verdict.reply, headers: REPLAYED };
  let begun: Promise<void> | undefined;
  asking.onBegun = ({ status, body }) => {
    begun = access.keepReply(key, { status, body });
    begun.catch(() => {}); // awaited below
  };
  const reply = await next().catch(failure);
  await begun;
  const isDone = reply.status < 300;
  const keeps = !SECRET.has(asking.route.id) && (reply.body?.length ?? 0) <= BODY_CHARS_MAX;
  if (!isDone && begun === undefined && !wasDone(reply)) await access.keepReply(key, null); // I2
  else if (isDone && keeps) await access.keepReply(key, { status: reply.status, body: reply.body });
  return reply;
}

/** It is only not in the audit log. */
function wasDone({ body }: Reply): boolean {
  return body !== null && (JSON.parse(body) as ErrorAnswer).error.code === "MR8194";
}

function callerOf({ holder }: Asking): string {
  return holder.kind === "session" ? `page:${holder.by}` : (holder.id ?? holder.kind);
}

function otherRequest(): MillraceError {
  return new MillraceError({ code: "MR8117", message: "this idempotency key stands for another request", hint: "send a new key" });
}

function hash(parts: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("base64url");
}
