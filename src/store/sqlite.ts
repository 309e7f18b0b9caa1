// The store in a SQLite file, the default. One row per append (all its events as one JSON text), so that a commit touches as few pages as it can; a
// commit of many runs is one transaction. Works on the main thread: a worker thread was measured 1.6 times slower on chains.
import type { JsonValue } from "../model/answers.ts";
import type { StoreEvent } from "../model/store-events.ts";
import { type Database, inOurWords, openDatabase } from "./sqlite-database.ts";
import type { Append, Batch, EventStore, ReadTables } from "./store.ts";

interface BatchRow {
  readonly position: number;
  readonly stream: string;
  readonly after: number;
  readonly events: string;
}

/** Errors: those of openDatabase, of any operation. */
export function openSqliteStore(path: string): EventStore {
  const database = openDatabase(path);
  const begin = database.prepare("begin immediate");
  const end = database.prepare("commit");
  const last = database.prepare("select after + count as version from batches where stream = ? order by after desc limit 1");
  const insert = database.prepare("insert into batches (stream, after, count, events) values (?, ?, ?, ?)");
  // A batch that reaches beyond a version can begin before it, so the search starts at the batch before.
  const beyond = database.prepare(`
    select after, events from batches
    where stream = ?1 and after >= coalesce((select max(after) from batches where stream = ?1 and after <= ?2), 0) and after + count > ?2
    order by after`);
  const all = database.prepare("select position, stream, after, events from batches where position > ? order by position limit ?");
  const versions = database.prepare("select stream, max(after + count) as version from batches group by stream order by stream");
  const guarded = <T>(work: () => T): T => inOurWords(path, work);
  const transact = <T>(work: () => T): T =>
    guarded(() => {
      begin.run();
      try {
        const result = work();
        end.run();
        return result;
      } catch (error) {
        if (database.isTransaction) database.exec("rollback");
        throw error;
      }
    });
  const take = ({ stream, expectedVersion, events }: Append): boolean => {
    const version = (last.get(stream) as { version: number } | undefined)?.version ?? 0;
    if (version !== expectedVersion) return false;
    if (events.length > 0) insert.run(stream, expectedVersion, events.length, JSON.stringify(events));
    return true;
  };
  return {
    append: async (stream, expectedVersion, events) => transact(() => take({ stream, expectedVersion, events })),
    commit: async (appends) => (appends.length === 0 ? [] : transact(() => appends.map(take))),
    async read<Event extends StoreEvent>(stream: string, afterVersion = 0) {
      const rows = guarded(() => beyond.all(stream, afterVersion)) as unknown as readonly BatchRow[];
      return rows.flatMap((row) => eventsOf<Event>(row.events).slice(Math.max(0, afterVersion - row.after)));
    },
    async streams() {
      const rows = guarded(() => versions.all()) as unknown as readonly { stream: string; version: number }[];
      return rows.map(({ stream, version }) => ({ stream, version }));
    },
    async readAll(afterPosition, limit) {
      const rows = guarded(() => all.all(afterPosition, limit)) as unknown as readonly BatchRow[];
      return rows.map(({ position, stream, after, events }): Batch => ({ position, stream, after, events: eventsOf(events) }));
    },
    tables: sqliteTables(database, { guarded, transact }),
    async close() {
      if (database.isOpen) database.close();
    },
  };
}

interface Guards {
  readonly guarded: <T>(work: () => T) => T;
  readonly transact: <T>(work: () => T) => T;
}

function sqliteTables(database: Database, { guarded, transact }: Guards): ReadTables {
  const position = database.prepare("select position from tables where name = ?");
  const move = database.prepare(
    "insert into tables (name, position) values (?, ?) on conflict (name) do update set position = excluded.position",
  );
  const put = database.prepare(`
    insert into rows (name, key, label, rank, body) values (?, ?, ?, ?, ?)
    on conflict (name, key) do update set label = excluded.label, rank = excluded.rank, body = excluded.body`);
  const one = database.prepare("select body from rows where name = ? and key = ?");
  const newest = database.prepare("select body from rows where name = ? order by rank desc, key desc limit ?");
  const labelled = database.prepare("select body from rows where name = ? and label = ? order by rank desc, key desc limit ?");
  const positionOf = (table: string): number => (position.get(table) as { position: number } | undefined)?.position ?? 0;
  return {
    position: async (table) => guarded(() => positionOf(table)),
    save: async (table, change) =>
      transact(() => {
        if (positionOf(table) !== change.expectedPosition) return false;
        move.run(table, change.position);
        for (const { key, label, rank, body } of change.rows) put.run(table, key, label, rank, JSON.stringify(body));
        return true;
      }),
    async get(table, key) {
      const row = guarded(() => one.get(table, key)) as { body: string } | undefined;
      return row === undefined ? undefined : (JSON.parse(row.body) as JsonValue);
    },
    async list(table, { label, limit }) {
      const rows = guarded(() => (label === undefined ? newest.all(table, limit) : labelled.all(table, label, limit)));
      return (rows as unknown as readonly { body: string }[]).map((row) => JSON.parse(row.body) as JsonValue);
    },
  };
}

function eventsOf<Event extends StoreEvent>(text: string): readonly Event[] {
  return JSON.parse(text) as readonly Event[];
}
