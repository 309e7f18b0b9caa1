// The store in memory: for tests and for work that need not outlive the process. Bodies are kept as text, as any other store keeps them.
import type { JsonValue } from "../model/answers.ts";
import type { StoreEvent } from "../model/store-events.ts";
import type { Append, EventStore, ReadTables, TableRow } from "./store.ts";

interface TextBatch {
  readonly stream: string;
  readonly after: number;
  readonly count: number;
  readonly text: string;
}

export function createMemoryStore(): EventStore {
  const batches: TextBatch[] = [];
  const streams = new Map<string, { version: number; readonly batches: TextBatch[] }>();
  const take = ({ stream, expectedVersion, events }: Append): boolean => {
    const known = streams.get(stream) ?? { version: 0, batches: [] };
    if (known.version !== expectedVersion) return false;
    if (events.length === 0) return true;
    const batch = { stream, after: known.version, count: events.length, text: JSON.stringify(events) };
    known.version += events.length;
    known.batches.push(batch);
    streams.set(stream, known);
    batches.push(batch);
    return true;
  };
  return {
    append: async (stream, expectedVersion, events) => take({ stream, expectedVersion, events }),
    commit: async (appends) => appends.map(take),
    async read<Event extends StoreEvent>(stream: string, afterVersion = 0) {
      const read = (streams.get(stream)?.batches ?? []).filter((batch) => batch.after + batch.count > afterVersion);
      return read.flatMap((batch) => eventsOf<Event>(batch.text).slice(Math.max(0, afterVersion - batch.after)));
    },
    streams: async () =>
      [...streams].map(([stream, { version }]) => ({ stream, version })).toSorted((a, b) => (a.stream < b.stream ? -1 : 1)),
    async readAll(afterPosition, limit) {
      const read = batches.slice(afterPosition, afterPosition + limit);
      return read.map(({ stream, after, text }, index) => ({ position: afterPosition + index + 1, stream, after, events: eventsOf(text) }));
    },
    tables: createMemoryTables(),
    close: async () => {},
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
    async list(table, { label, limit }) {
      const rows = [...(tables.get(table)?.rows.values() ?? [])].filter((row) => label === undefined || row.label === label);
      return rows
        .toSorted(byRankDescending)
        .slice(0, limit)
        .map((row) => JSON.parse(row.text) as JsonValue);
    },
  };
}

function byRankDescending(a: TableRow, b: TableRow): number {
  return b.rank - a.rank || (a.key < b.key ? 1 : -1);
}

function eventsOf<Event extends StoreEvent>(text: string): readonly Event[] {
  return JSON.parse(text) as readonly Event[];
}
