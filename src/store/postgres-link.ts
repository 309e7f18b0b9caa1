// The way to PostgreSQL. Every call is one statement that may be sent again (appends find their token, everything else is the same when done twice), so a
// call whose connection was lost is sent again on a new one until it is answered or the patience is over: engines wait for the database and go on.
//   K1. No call holds a transaction over a round trip: an engine that stops in the middle of anything keeps nobody from working.
//   K2. A call that is not answered in time counts as lost; the server may still do it.
import type { Client, ClientConfig, Pool, PoolClient } from "pg";
import { MillraceError } from "../model/errors.ts";
import { asStateError, isPassing } from "./postgres-errors.ts";

export interface LinkOptions {
  readonly connection: ClientConfig;
  /** How long a call waits for a database that was there and is not reached now. */
  readonly patienceMs: number;
  /** A call without an answer for so long counts as lost. Default 60 s. */
  readonly answerMs?: number | undefined;
  /** Told once when the database is lost, and once when it is back (null). */
  readonly onState?: ((lost: MillraceError | null) => void) | undefined;
}

/** Appends have a connection of their own: no reader keeps them waiting. */
export type Lane = "append" | "read";

export interface Link {
  query<Row>(lane: Lane, text: string, values: readonly unknown[]): Promise<readonly Row[]>;
  /** Does `work` on one connection, again after a loss, at most `patienceMs` after the first. */
  session(work: (client: PoolClient) => Promise<void>, patienceMs: number): Promise<void>;
  /** A connection outside the pool, for who listens; not connected yet. */
  client(): Promise<Client>;
  close(): Promise<void>;
}

const READERS_MAX = 4;
const CONNECT_TIMEOUT_MS = 10_000;
const ANSWER_MS = 60_000;
const DELAY_MS = 25;
const DELAY_MAX_MS = 1_000;

export async function createLink({ connection, patienceMs, answerMs = ANSWER_MS, onState }: LinkOptions): Promise<Link> {
  const { default: pg } = await import("pg");
  const common = {
    ...connection,
    keepAlive: true,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    application_name: connection.application_name ?? "millrace",
  };
  const pool = (max: number): Pool => {
    const made = new pg.Pool({ ...common, max, query_timeout: answerMs, idleTimeoutMillis: 30_000, allowExitOnIdle: true });
    made.on("error", () => {}); // an idle connection was lost; the next call makes a new one
    return made;
  };
  const pools: Readonly<Record<Lane, Pool>> = { append: pool(1), read: pool(READERS_MAX) };
  const where = placeOf(connection);
  let lost = false;
  let closed = false;
  const pauses = new Set<() => void>();

  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const end = (): void => {
        pauses.delete(end);
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(end, ms);
      pauses.add(end);
    });
  const insist = async <T>(work: () => Promise<T>, patience: number): Promise<T> => {
    const since = performance.now();
    for (let tries = 0; ; tries++) {
      try {
        const result = await work();
        if (lost) {
          lost = false;
          onState?.(null);
        }
        return result;
      } catch (error) {
        const ours = asStateError(where, error);
        if (closed || !isPassing(error) || performance.now() - since >= patience) throw ours;
        if (!lost && ours instanceof MillraceError && ours.code === "MR6030" && tries > 0) {
          lost = true;
          onState?.(ours);
        }
        await pause(tries === 0 ? 0 : Math.min(DELAY_MAX_MS, DELAY_MS * 2 ** Math.min(tries, 16)));
      }
    }
  };
  return {
    query: (lane, text, values) =>
      insist(async () => {
        const { rows } = await pools[lane].query<never>(text, values as unknown[]);
        return rows;
      }, patienceMs),
    session: (work, patience) =>
      insist(async () => {
        const client = await pools.read.connect();
        try {
          await work(client);
          client.release();
        } catch (error) {
          client.release(true);
          throw error;
        }
      }, patience),
    client: async () => new pg.Client(common),
    async close() {
      if (closed) return;
      closed = true;
      for (const end of pauses) end();
      await Promise.all(Object.values(pools).map((each) => each.end()));
    },
  };
}

/** Where the database is, without who and with what password. */
function placeOf({ connectionString, host, port, database }: ClientConfig): string {
  if (connectionString === undefined) return `postgres://${host ?? "localhost"}:${port ?? 5432}/${database ?? ""}`;
  try {
    const url = new URL(connectionString);
    return `postgres://${url.host}${url.pathname}`;
  } catch {
    return "postgres";
  }
}

/** A name inside SQL text. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
