// Answers of reads are kept while nothing changes that they are made of, and have an ETag: many clients of a busy engine cost one answer per change.
//   A1. An answer is never older than what the live stream has told, nor than an act that has ended; its header says from where on a stream tells the rest.
//   A2. One read is carried out once at a time, whoever asks; who asks meanwhile is answered with it, unless something changed since it began.
//   A3. What takes long to answer is not done over and over: a new answer waits PAUSE_PER_TIME times what the last one took, PAUSE_MS_MAX at most.
import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { gzip, type ZlibOptions } from "node:zlib";
import type { LivePort } from "../../model/live.ts";
import type { Sent } from "../access.ts";
import type { Around, Asking, Reply } from "../handlers.ts";
import { type Depends, dependsOn, WHOLE_RUN } from "./depends.ts";

const PAUSE_PER_TIME = 2;
const PAUSE_MS_MAX = 1_000;
const ANSWERS_MAX = 2_000;
const CHARS_MAX = 64_000_000;
/** Larger ones are not kept. */
const ANSWER_CHARS_MAX = 8_000_000;

const ZIP_CHARS_MIN = 4_000;
const ZIP_LEVEL = 5;
const zip = promisify<string, ZlibOptions, Uint8Array>(gzip);

const PLACE = "millrace-live";

interface Kept {
  readonly reply: Reply;
  readonly etag: string;
  /** Of the topics, before it was made. */
  readonly stamp: string;
  readonly madeMs: number;
  readonly tookMs: number;
  /** Made when it is first asked for. */
  zipping?: Promise<Uint8Array>;
  zipped?: Uint8Array;
}

/** What was answered at an address. */
interface Addressed {
  readonly key: string;
  readonly depends: Depends;
  readonly run: unknown;
}

interface Making {
  readonly stamp: string;
  readonly reply: Promise<Kept | Reply>;
}

export interface KeptAnswers {
  /** Goes around the reads of the API; around acts it tells that they have ended. */
  readonly around: Around;
  /** What `around` answers an address right now without carrying anything out; undefined: ask it. */
  now(address: string, sent: Sent): Reply | undefined;
}

export function keepAnswers(live: LivePort): KeptAnswers {
  const kept = new Map<string, Kept>();
  const making = new Map<string, Making>();
  const addresses = new Map<string, Addressed>();
  let chars = 0;
  const forget = (key: string): void => {
    chars -= kept.get(key)?.reply.body?.length ?? 0;
    kept.delete(key);
  };
  const keep = (key: string, entry: Kept): void => {
    forget(key);
    const size = entry.reply.body?.length ?? 0;
    if (size > ANSWER_CHARS_MAX) return;
    kept.set(key, entry);
    chars += size;
    for (const [oldest] of kept) {
      if (kept.size <= ANSWERS_MAX && chars <= CHARS_MAX) break;
      forget(oldest);
    }
  };
  const make = async (key: string, next: () => Promise<Reply>, stamp: string): Promise<Kept | Reply> => {
    const last = kept.get(key);
    const pauseMs = last === undefined ? 0 : Math.min(PAUSE_MS_MAX, last.tookMs * PAUSE_PER_TIME) - (performance.now() - last.madeMs);
    if (pauseMs > 1) await new Promise((resolve) => setTimeout(resolve, pauseMs)); // A3
    const [beganMs, place] = [performance.now(), live.place()];
    const reply = await next();
    if (reply.status !== 200 || reply.body === null) return reply;
    const madeMs = performance.now();
    const headers = { ...reply.headers, ...(place === null ? {} : { [PLACE]: place }) };
    const entry = { reply: { ...reply, headers }, etag: etagOf(reply.body), stamp, madeMs, tookMs: madeMs - beganMs };
    keep(key, entry);
    return entry;
  };
  /** What is kept, when it would be made the same again. */
  const held = (key: string, stamp: string, depends: Depends): Kept | undefined => {
    const known = kept.get(key);
    if (known?.stamp !== stamp || !isHeld(known, depends)) return undefined;
    kept.delete(key);
    kept.set(key, known);
    return known;
  };
  const note = (address: string, addressed: Addressed): void => {
    addresses.delete(address);
    addresses.set(address, addressed);
    if (addresses.size > ANSWERS_MAX) addresses.delete(addresses.keys().next().value!);
  };
  const answer = async (asking: Asking, next: () => Promise<Reply>): Promise<Reply> => {
    const depends = dependsOn[asking.route.id];
    const run = (asking.input as { readonly run?: unknown }).run;
    const isKnown = depends !== undefined && (!depends.on.includes("run:") || (typeof run === "string" && WHOLE_RUN.test(run)));
    if (!isKnown) {
      const reply = await next();
      return reply.status === 200 && reply.body !== null ? withEtag(reply, etagOf(reply.body), asking.headers) : reply;
    }
    await live.settled();
    const key = `${asking.route.id} ${asking.environment ?? ""} ${JSON.stringify(asking.input)}`;
    const stamp = stampOf(live, depends, run);
    note(asking.address, { key, depends, run });
    const known = held(key, stamp, depends);
    if (known !== undefined) return answered(known, asking.headers);
    let going = making.get(key);
    if (going?.stamp !== stamp) {
      const begun: Making = {
        stamp,
        reply: make(key, next, stamp).finally(() => {
          if (making.get(key) === begun) making.delete(key);
        }),
      };
      going = begun;
      making.set(key, begun);
    }
    const made = await going.reply;
    return "etag" in made ? answered(made, asking.headers) : made;
  };
  return {
    async around(asking, next) {
      if (asking.route.kind === "read") return answer(asking, next);
      try {
        return await next();
      } finally {
        await live.acted(asking.route.id);
      }
    },
    now(address, sent) {
      const addressed = addresses.get(address);
      if (addressed === undefined || live.settled() !== undefined) return undefined;
      const { key, depends, run } = addressed;
      const known = held(key, stampOf(live, depends, run), depends);
      return known === undefined ? undefined : replyNow(known, sent);
    },
  };
}

function stampOf(live: LivePort, { on }: Depends, run: unknown): string {
  return on.map((topic) => live.versionOf(topic === "run:" ? `run:${run as string}` : topic)).join(".");
}

function isHeld({ madeMs }: Kept, { holdsMs }: Depends): boolean {
  return holdsMs === null || performance.now() - madeMs < holdsMs;
}

function etagOf(body: string): string {
  return `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"`;
}

async function answered(kept: Kept, sent: Sent): Promise<Reply> {
  const reply = replyNow(kept, sent);
  if (reply !== undefined) return reply;
  kept.zipping ??= zip(kept.reply.body!, { level: ZIP_LEVEL });
  kept.zipped = await kept.zipping;
  return replyNow(kept, sent)!;
}

/** Undefined when it has to be compressed first. */
function replyNow(kept: Kept, sent: Sent): Reply | undefined {
  const reply = withEtag(kept.reply, kept.etag, sent);
  if (reply.body === null || reply.body.length < ZIP_CHARS_MIN || sent.get("accept-encoding")?.includes("gzip") !== true) return reply;
  if (kept.zipped === undefined) return undefined;
  return { ...reply, bytes: kept.zipped, headers: { ...reply.headers, "content-encoding": "gzip", vary: "accept-encoding" } };
}

function withEtag(reply: Reply, etag: string, sent: Sent): Reply {
  const headers = { ...reply.headers, etag, "cache-control": "no-cache, private" };
  const known = sent.get("if-none-match");
  const isKnown = known !== null && known.split(",").some((each) => each.trim().replace(/^W\//, "") === etag);
  return isKnown ? { status: 304, body: null, headers } : { ...reply, headers };
}
