// The store in memory: for tests and for work that need not outlive the process. Bodies are kept as text, as any other store keeps them.
import type { JsonValue } from "../model/answers.ts";
import type { StoreEvent } from "../model/store-events.ts";
import { createListeners } from "./listeners.ts";
import type { Append, EngineEntry, EngineTable, EventStore, ReadTables, TableRow } from "./store.ts";

interface TextBatch {
  readonly position: number;
  readonly stream: string;
  readonly after: number;
  readonly count: number;
  readonly text: string;
}

export function createMemoryStore(): EventStore {
  /** By position - 1; null where a batch was removed. */
  const batches: (TextBatch | null)[] = [];
  const listeners = createListeners();
  const streams = new Map<string, { version: number; readonly batches: TextBatch[] }>();
  const claimed = new Map<string, number>();
  const take = ({ stream, expectedVersion, events, claims = {} }: Append): boolean => {
    const known = streams.get(stream) ?? { version: 0, batches: [] };
    if (known.version !== expectedVersion) return false;
    if (events.length === 0) return true;
    if (Object.entries(claims).some(([name, version]) => (claimed.get(name) ?? 0) !== version)) return false;
    for (const [name, version] of Object.entries(claims)) claimed.set(name, version + 1);
    const batch = { position: batches.length + 1, stream, after: known.version, count: events.length, text: JSON.stringify(events) };
    known.version += events.length;
    known.batches.push(batch);
    streams.set(stream, known);
    batches.push(batch);
    listeners.tell("others"); // engines of one process may share it
    return true;
  };
  return {
    append: async (stream, expectedVersion, events) => take({ stream, expectedVersion, events }),
    commit: async (appends) => appends.map(take),
    claims: async (names) => Object.fromEntries(names.map((name) => [name, claimed.get(name) ?? 0])),
    async read<Event extends StoreEvent>(stream: string, afterVersion = 0) {
      const read = (streams.get(stream)?.batches ?? []).filter((batch) => batch.after + batch.count > afterVersion);
      return read.flatMap((batch) => (eventsOf(batch.text) as readonly Event[]).slice(Math.max(0, afterVersion - batch.after)));
    },
    streams: async () =>
      [...streams].map(([stream, { version }]) => ({ stream, version })).toSorted((a, b) => (a.stream < b.stream ? -1 : 1)),
    async readAll(afterPosition, limit) {
      const read: TextBatch[] = [];
      for (let index = afterPosition; index < batches.length && read.length < limit; index++) {
        const batch = batches[index];
        if (batch !== undefined && batch !== null) read.push(batch);
      }
      return read.map(({ position, stream, after, text }) => ({ position, stream, after, events: eventsOf(text) }));
    },
    async remove(names) {
      for (const stream of names) {
        for (const { position } of streams.get(stream)?.batches ?? []) batches[position - 1] = null;
        streams.delete(stream);
      }
    },
    changes: (listener) => listeners.add(listener),
    tables: createMemoryTables(),
    engines: createMemoryEngines(),
    close: async () => listeners.close(),
  };
}

function createMemoryTables(): ReadTables {
  const tables = new Map<string, { position: number; readonly rows: Map<string, TableRow & { readonly text: string }> }>();
  return {
    position: async (table) => tables.get(table)?.position ?? 0,
    async save(table, { expectedPosition, position, rows }) {
      const known = tables.get(table) ?? { position: 0, rows: new Map() };
      if (known.position !== expectedPosition) return false;
      known.position = position;
      for (const row of rows) known.rows.set(row.key, { ...row, text: JSON.stringify(row.body) });
      tables.set(table, known);
      return true;
    },
    async get(table, key) {
      const row = tables.get(table)?.rows.get(key);
      return row === undefined ? undefined : (JSON.parse(row.text) as JsonValue);
    },
    async many(table, keys) {
      const rows = tables.get(table)?.rows;
      const found = new Map<string, JsonValue>();
      for (const key of keys) {
        const row = rows?.get(key);
        if (row !== undefined) found.set(key, JSON.parse(row.text) as JsonValue);
      }
      return found;
    },
    async remove(table, keys) {
      for (const key of keys) tables.get(table)?.rows.delete(key);
    },
    async labels(table, prefix) {
      const labels = [...(tables.get(table)?.rows.values() ?? [])].map(({ label }) => label);
      return [...new Set(labels)].filter((label) => label.startsWith(prefix));
    },
    async list(table, { label, labels, below, limit }) {
      const asked = label === undefined ? labels : [label];
      const rows = [...(tables.get(table)?.rows.values() ?? [])].filter((row) => asked === undefined || asked.includes(row.label));
      return rows
        .filter(({ rank, key }) => below === undefined || rank < below.rank || (rank === below.rank && key < below.key))
        .toSorted(byRankDescending)
        .slice(0, limit)
        .map((row) => JSON.parse(row.text) as JsonValue);
    },
  };
}

function createMemoryEngines(): EngineTable {
  const engines = new Map<string, EngineEntry>();
  return {
    async beat(card) {
      const known = engines.get(card.id);
      engines.set(card.id, { ...card, beat: (known?.beat ?? 0) + 1 });
      return known !== undefined;
    },
    list: async () => [...engines.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    async remove(ids) {
      for (const id of ids) engines.delete(id);
    },
  };
}

function byRankDescending(a: TableRow, b: TableRow): number {
  return b.rank - a.rank || (a.key < b.key ? 1 : -1);
}

function eventsOf(text: string): readonly StoreEvent[] {
  return JSON.parse(text) as readonly StoreEvent[];
}
