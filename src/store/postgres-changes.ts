// What other engines append, heard at once through LISTEN. Where the listening connection is lost, or cannot work (a pooler between us lends connections by
// the transaction), the highest position is looked at from time to time instead; that is done seldom even when listening works, so nothing is missed.
import { once } from "node:events";
import type { Client } from "pg";
import { type Link, quoted } from "./postgres-link.ts";

export interface WatchOptions {
  readonly link: Link;
  readonly schema: string;
  readonly channel: string;
  /** Notifications with this payload are our own. */
  readonly sender: string;
  readonly tell: () => void;
  /** How often is looked while nothing is heard. */
  readonly pollMs?: number | undefined;
}

const POLL_MS = 500;
/** How often is looked although listening works. */
const SAFETY_MS = 10_000;
const RECONNECT_MS = 1_000;
/** A notification of our own must be heard within this, or listening does not work here. */
const PROBE_MS = 3_000;
/** When a connection that hears nothing is tried anew. */
const DEAF_MS = 60_000;

/** Starts watching; returns how to stop. */
export function watchPostgres(options: WatchOptions): () => void {
  const { link, tell, pollMs = POLL_MS } = options;
  const positionSql = `select value from ${quoted(options.schema)}.meta where key = 'position'`;
  const timers = new Set<NodeJS.Timeout>();
  let stopped = false;
  let hears = false;
  let client: Client | null = null;
  let seen: string | null = null;

  const later = (ms: number, act: () => Promise<void>): void => {
    if (stopped) return;
    const timer = setTimeout(() => {
      timers.delete(timer);
      // What fails here is tried again; whoever works with the store hears of a lost database by their own calls.
      act().catch(() => {});
    }, ms);
    timer.unref();
    timers.add(timer);
  };
  const look = async (): Promise<void> => {
    try {
      const rows = await link.query<{ value: string }>("read", positionSql, []);
      const value = rows[0]?.value ?? null;
      if (seen !== null && value !== seen) tell();
      seen = value;
    } finally {
      lookLater();
    }
  };
  let slept = 0;
  /** Ticks at the short pace, looks at the pace that hearing allows: hearing may be lost meanwhile. */
  const lookLater = (): void =>
    later(pollMs, async () => {
      slept += pollMs;
      if (hears && slept < SAFETY_MS) return lookLater();
      slept = 0;
      await look();
    });
  const listen = async (): Promise<void> => {
    let again = RECONNECT_MS;
    try {
      const made = await link.client();
      client = made;
      const ended = new Promise<void>((resolve) => {
        made.once("error", () => resolve());
        made.once("end", resolve);
      });
      await made.connect();
      const probe = `probe ${options.sender}`;
      let probed: () => void = () => {};
      made.on("notification", ({ payload }) => {
        if (payload === probe) probed();
        else if (payload !== options.sender) tell();
      });
      await made.query(`listen ${quoted(options.channel)}`);
      const heard = new Promise<true>((resolve) => (probed = () => resolve(true)));
      // From another connection: behind a pooler it is not the one that listens.
      await link.query("read", "select pg_notify($1, $2)", [options.channel, probe]);
      hears = (await Promise.race([heard, ended, silence()])) === true;
      tell(); // what was appended before we heard
      if (hears) await ended;
      else again = DEAF_MS;
    } finally {
      hears = false;
      await client?.end().catch(() => {});
      client = null;
      later(again, listen);
    }
  };
  const silence = async (): Promise<void> => {
    const { signal } = quiet;
    await Promise.race([once(signal, "abort"), new Promise<void>((resolve) => later(PROBE_MS, async () => resolve()))]);
  };
  const quiet = new AbortController();

  void look().catch(() => {});
  void listen().catch(() => {});
  return () => {
    stopped = true;
    quiet.abort();
    for (const timer of timers) clearTimeout(timer);
    void client?.end().catch(() => {});
  };
}
