// The store in a SQLite file, the default. One row per append (all its events as one JSON text), so that a commit touches as few pages as it can; a
// commit of many runs is one transaction. Works on the main thread: a worker thread was measured 1.6 times slower on chains.
import type { StoreEvent } from "../model/store-events.ts";
import { decodeName, encodeName } from "./encoded-name.ts";
import { createListeners } from "./listeners.ts";
import { inOurWords, openDatabase } from "./sqlite-database.ts";
import { sqliteEngines, sqliteTables } from "./sqlite-tables.ts";
import type { Append, Batch, EventStore } from "./store.ts";

interface BatchRow {
  readonly position: number;
  readonly stream: string;
  readonly after: number;
  readonly events: string;
}

/** How often other processes' writes are looked for while somebody listens. One look costs about 2 µs. */
const LOOK_MS = 100;

/** Errors: those of openDatabase, of any operation. */
export function openSqliteStore(path: string): EventStore {
  const database = openDatabase(path);
  const begin = database.prepare("begin immediate");
  const end = database.prepare("commit");
  const last = database.prepare("select after + count as version from batches where stream = ? order by after desc limit 1");
  // S6: SQLite alone would give the position of a removed newest batch to the next one.
  const insert = database.prepare(`
    insert into batches (position, stream, after, count, events) values (
      1 + max(coalesce((select max(position) from batches), 0), (select value from meta where key = 'removed')), ?, ?, ?, ?)`);
  // A batch that reaches beyond a version can begin before it, so the search starts at the batch before.
  const beyond = database.prepare(`
    select after, events from batches
    where stream = ?1 and after >= coalesce((select max(after) from batches where stream = ?1 and after <= ?2), 0) and after + count > ?2
    order by after`);
  const all = database.prepare("select position, stream, after, events from batches where position > ? order by position limit ?");
  const versions = database.prepare("select stream, max(after + count) as version from batches group by stream order by stream");
  const keepPosition = database.prepare(`
    update meta set value = max(value, coalesce((select max(position) from batches), 0)) where key = 'removed'`);
  const removeStream = database.prepare("delete from batches where stream = ?");
  const dataVersion = database.prepare("pragma data_version");
  const claim = database.prepare("select version from claims where name = ?");
  const raiseClaim = database.prepare(
    "insert into claims (name, version) values (?, 1) on conflict (name) do update set version = version + 1",
  );
  const claimOf = (name: string): number => (claim.get(encodeName(name)) as { version: number } | undefined)?.version ?? 0;
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
  const take = ({ stream: name, expectedVersion, events, claims = {} }: Append): boolean => {
    const stream = encodeName(name);
    const version = (last.get(stream) as { version: number } | undefined)?.version ?? 0;
    if (version !== expectedVersion) return false;
    if (Object.entries(claims).some(([name, expected]) => claimOf(name) !== expected)) return false;
    for (const name of Object.keys(claims)) raiseClaim.run(encodeName(name));
    if (events.length > 0) insert.run(stream, expectedVersion, events.length, JSON.stringify(events));
    return true;
  };
  const commit = (appends: readonly Append[]): readonly boolean[] => {
    const answers = transact(() => appends.map(take));
    listeners.tell("own");
    return answers;
  };
  const versionOfData = (): number => guarded(() => dataVersion.get() as { data_version: number }).data_version;
  const listeners = createListeners(() => {
    let seen = versionOfData();
    const timer = setInterval(() => {
      const version = versionOfData();
      if (version === seen) return;
      seen = version;
      listeners.tell("others");
    }, LOOK_MS);
    timer.unref();
    return () => clearInterval(timer);
  });
  return {
    append: async (stream, expectedVersion, events) => commit([{ stream, expectedVersion, events }])[0]!,
    claims: async (names) => guarded(() => Object.fromEntries(names.map((name) => [name, claimOf(name)]))),
    commit: async (appends) => (appends.length === 0 ? [] : commit(appends)),
    async read<Event extends StoreEvent>(stream: string, afterVersion = 0) {
      const rows = guarded(() => beyond.all(encodeName(stream), afterVersion)) as unknown as readonly BatchRow[];
      return rows.flatMap((row) => (eventsOf(row.events) as readonly Event[]).slice(Math.max(0, afterVersion - row.after)));
    },
    async streams() {
      const rows = guarded(() => versions.all()) as unknown as readonly { stream: string; version: number }[];
      return rows.map(({ stream, version }) => ({ stream: decodeName(stream), version }));
    },
    async readAll(afterPosition, limit) {
      const rows = guarded(() => all.all(afterPosition, limit)) as unknown as readonly BatchRow[];
      return rows.map(({ position, stream, after, events }): Batch => ({
        position,
        stream: decodeName(stream),
        after,
        events: eventsOf(events),
      }));
    },
    async remove(streams) {
      transact(() => {
        keepPosition.run();
        for (const stream of streams) removeStream.run(encodeName(stream));
      });
    },
    changes: (listener) => listeners.add(listener),
    tables: sqliteTables(database, { guarded, transact }),
    engines: sqliteEngines(database, { guarded, transact }),
    async close() {
      listeners.close();
      if (database.isOpen) database.close();
    },
  };
}

function eventsOf(text: string): readonly StoreEvent[] {
  return JSON.parse(text) as readonly StoreEvent[];
}
