// The store in PostgreSQL, for several engines. Appends of all runs share one round trip and one transaction (postgres-writer.ts); positions come in the
// order of commits (postgres-schema.ts); a database that is gone for a while is waited for (postgres-link.ts).
import { randomBytes } from "node:crypto";
import type { ClientConfig } from "pg";
import type { MillraceError } from "../model/errors.ts";
import type { StoreEvent } from "../model/store-events.ts";
import { createListeners } from "./listeners.ts";
import { watchPostgres } from "./postgres-changes.ts";
import { createLink, quoted } from "./postgres-link.ts";
import { decodeName, encodeName } from "./encoded-name.ts";
import { migratePostgres } from "./postgres-schema.ts";
import { postgresEngines, postgresTables } from "./postgres-tables.ts";
import { createWriter } from "./postgres-writer.ts";
import type { Batch, EventStore } from "./store.ts";

export interface PostgresStoreOptions {
  /** As `pg` takes it: `{ connectionString, ssl, … }`. */
  readonly connection: ClientConfig;
  /** Where the tables stand, so that several projects can share a database. Default `millrace`. */
  readonly schema?: string | undefined;
  /** How long a call waits for a database that was there. Default 10 minutes. */
  readonly patienceMs?: number | undefined;
  /** A call without an answer for so long counts as lost and is made again. Default 60 s. */
  readonly answerMs?: number | undefined;
  /** Told when the database is lost (once), and with null when it is back. */
  readonly onState?: ((lost: MillraceError | null) => void) | undefined;
  /** How often other engines' appends are looked for where they cannot be heard. Default 500 ms. */
  readonly pollMs?: number | undefined;
}

const PATIENCE_MS = 600_000;
/** At the start a database is not waited for longer than a restart of it takes: the address may be wrong. */
const OPEN_PATIENCE_MS = 3_000;

interface BatchRow {
  readonly position: number;
  readonly stream: string;
  readonly after: number;
  readonly events: string;
}

/** Errors: MR6021 a newer schema, MR6030 cannot be reached, MR6031 refused; later, of any operation, also MR6022. */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<EventStore> {
  const { schema = "millrace", patienceMs = PATIENCE_MS, answerMs, onState, pollMs } = options;
  const link = await createLink({ connection: options.connection, patienceMs, answerMs, onState });
  try {
    await link.session((client) => migratePostgres(client, schema), OPEN_PATIENCE_MS);
  } catch (error) {
    await link.close();
    throw error;
  }
  const table = `${quoted(schema)}.batches`;
  // A batch that reaches beyond a version can begin before it, so the search starts at the batch before.
  const beyond = `
    select after, events from ${table}
    where stream = $1 and after >= coalesce((select max(after) from ${table} where stream = $1 and after <= $2), 0) and after + count > $2
    order by after`;
  // Ordered by the column, not by the number that is answered: that one has no index.
  const all = `select b.position::float8 as position, stream, after, events from ${table} b where b.position > $1 order by b.position limit $2`;
  const versions = `select distinct on (stream) stream, after + count as version from ${table} order by stream, after desc`;
  const claimed = `select name, version from ${quoted(schema)}.claims where name = any ($1)`;
  const sender = randomBytes(6).toString("hex");
  const channel = `millrace ${schema}`.slice(0, 60);
  const listeners = createListeners(() => watchPostgres({ link, schema, channel, sender, tell: () => listeners.tell("others"), pollMs }));
  const writer = createWriter({ link, schema, channel, sender, onAppended: () => listeners.tell("own") });
  return {
    append: async (stream, expectedVersion, events) => (await writer.commit([{ stream, expectedVersion, events }]))[0]!,
    commit: (appends) => writer.commit(appends),
    async claims(names) {
      const rows = await link.query<{ name: string; version: number }>("read", claimed, [names.map(encodeName)]);
      const known = new Map(rows.map(({ name, version }) => [decodeName(name), version]));
      return Object.fromEntries(names.map((name) => [name, known.get(name) ?? 0]));
    },
    async read<Event extends StoreEvent>(stream: string, afterVersion = 0) {
      const rows = await link.query<BatchRow>("read", beyond, [encodeName(stream), afterVersion]);
      return rows.flatMap((row) => (eventsOf(row.events) as readonly Event[]).slice(Math.max(0, afterVersion - row.after)));
    },
    async streams() {
      const rows = await link.query<{ stream: string; version: number }>("read", versions, []);
      return rows.map(({ stream, version }) => ({ stream: decodeName(stream), version }));
    },
    async readAll(afterPosition, limit) {
      const rows = await link.query<BatchRow>("read", all, [afterPosition, limit]);
      return rows.map(({ position, stream, after, events }): Batch => ({
        position,
        stream: decodeName(stream),
        after,
        events: eventsOf(events),
      }));
    },
    async remove(streams) {
      if (streams.length > 0) await link.query("read", `delete from ${table} where stream = any ($1)`, [streams.map(encodeName)]);
    },
    changes: (listener) => listeners.add(listener),
    async now() {
      const rows = await link.query<{ now: number }>("read", "select extract(epoch from clock_timestamp())::float8 * 1000 as now", []);
      return rows[0]!.now;
    },
    tables: postgresTables(link, schema),
    engines: postgresEngines(link, schema),
    async close() {
      listeners.close();
      await link.close();
    },
  };
}

function eventsOf(text: string): readonly StoreEvent[] {
  return JSON.parse(text) as readonly StoreEvent[];
}
